package text

import (
	"net/url"
	"strings"
)

// The longest code span, line of a file and address, in characters.
const (
	maxCode = 200
	maxLine = 120
	maxURL  = 2000
)

// Code returns s as a code span that nothing in s can end, cut after 200
// characters. GitLab finds no mention and no reference in one. Without
// anything to show it is the span of a single space.
func Code(s string) string { return span(Plain(s, maxCode)) }

// CodeCell is [Code] for a cell of a table. A backslash before a pipe is not
// shown there.
func CodeCell(s string) string { return pipes(Code(s)) }

// Line returns the line of a file as a code span, cut after 120 characters.
func Line(s string) string { return span(Plain(s, maxLine)) }

func span(s string) string {
	// Closing keywords and comments are also looked for inside of code.
	s = strings.ReplaceAll(spared(s), "<!--", "<!"+gap+"--")
	if s == "" {
		return "` `"
	}
	fence := "`"
	if strings.Contains(s, "`") {
		// Runs are broken up, so that two backticks always do: three could
		// pass for a fence at the start of a line.
		s = strings.ReplaceAll(strings.ReplaceAll(s, "``", "`"+gap+"`"), "``", "`"+gap+"`")
		fence = "``"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// pipes escapes what would end a table's cell: a pipe with an even number of
// backslashes before it.
func pipes(s string) string {
	var out strings.Builder
	slashes := 0
	for _, r := range s {
		if r == '|' && slashes%2 == 0 {
			out.WriteByte('\\')
		}
		if slashes++; r != '\\' {
			slashes = 0
		}
		out.WriteRune(r)
	}
	return out.String()
}

// Link returns a Markdown link. Only an absolute http or https address without
// a user part becomes one; with any other the label alone is returned. An empty
// label is replaced by the address's host.
func Link(label, address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(address) > maxURL {
		return Inline(label, maxCode)
	}
	shown := Inline(label, maxCode)
	if shown == "" {
		shown = Inline(u.Host, maxCode)
	}
	return "[" + shown + "](" + destination(u.String()) + ")"
}

// Outside is [Link] for an address that a stranger gave. GitLab makes a
// reference of a link to itself, with a note at what it names, so that an address
// on the host of home, our project's address, is shown as code. With an empty
// home it is [Link].
func Outside(label, address, home string) string {
	if !outside(address, home) {
		return Code(address)
	}
	return Link(label, address)
}

// Within is [Outside] for an address of people who may write in the project at
// home: what stands below that is a link, too.
func Within(label, address, home string) string {
	lower := strings.ToLower(address)
	if strings.HasPrefix(address, home+"/") && !strings.Contains(lower, "..") && !strings.Contains(lower, "%2e") {
		return Link(label, address)
	}
	return Outside(label, address, home)
}

// outside reports whether an address is known to lead to another host than home.
// A host in other letters than those of a name could be mapped to home's, so it
// is not known.
func outside(address, home string) bool {
	h, err := url.Parse(home)
	if err != nil || h.Host == "" {
		return true
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" {
		return true // it becomes no link
	}
	name := strings.TrimRight(strings.ToLower(u.Hostname()), ".")
	strange := func(r rune) bool { return !letter(r) && !digit(r) && !strings.ContainsRune("-.:_", r) }
	return !strings.ContainsFunc(name, strange) && name != strings.TrimRight(strings.ToLower(h.Hostname()), ".")
}

// destination percent-encodes every byte that Markdown or a table could take
// for something else.
func destination(address string) string {
	var out strings.Builder
	for _, b := range []byte(address) {
		if b <= ' ' || b >= 0x7f || strings.IndexByte("@!()<>[]\\\"'`|{}^*", b) >= 0 {
			const hex = "0123456789ABCDEF"
			out.Write([]byte{'%', hex[b>>4], hex[b&15]})
			continue
		}
		out.WriteByte(b)
	}
	return trackerKey.ReplaceAllString(out.String(), "$1%2D$2")
}
