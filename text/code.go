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

// Code returns s as a code span, cut after 200 characters. Nothing in s can end the span.
// GitLab finds no mention and no reference in it. If nothing of s is visible, the span
// holds a single space.
func Code(s string) string { return span(Plain(s, maxCode)) }

// CodeCell is [Code] for a cell of a table. It writes a backslash before a pipe, which
// GitLab does not show there.
func CodeCell(s string) string { return pipes(Code(s)) }

// Line returns the line of a file as a code span, cut after 120 characters.
func Line(s string) string { return span(Plain(s, maxLine)) }

func span(s string) string {
	// GitLab also searches code for closing keywords and comments.
	s = strings.ReplaceAll(spared(s), "<!--", "<!"+gap+"--")
	if s == "" {
		return "` `"
	}
	fence := "`"
	if strings.Contains(s, "`") {
		// Runs of backticks are broken up, so that two backticks are always enough to begin
		// and end the span. Three could be a fence at the start of a line.
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

// Outside is [Link] for an address that a stranger gave. home is the address of our
// project. If GitLab finds a link to itself, it writes a note at what the link leads to;
// so an address on the host of home is shown as code. With an empty home it is [Link].
func Outside(label, address, home string) string {
	if !outside(address, home) {
		return Code(address)
	}
	return Link(label, address)
}

// Within is [Outside] for an address that was given by people who may write in the
// project at home: an address below home is a link, too.
func Within(label, address, home string) string {
	lower := strings.ToLower(address)
	if strings.HasPrefix(address, home+"/") && !strings.Contains(lower, "..") && !strings.Contains(lower, "%2e") {
		return Link(label, address)
	}
	return Outside(label, address, home)
}

// outside reports whether an address certainly leads to another host than home. A host
// with letters that no host name has could be mapped to home's, so it is not certain.
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
