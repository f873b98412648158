package text

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// gap is U+200B. It is not visible, and is put between two characters that GitLab would
// obey if they stood together.
const gap = "\u200b"

// Plain returns s as one line of at most limit characters, without control characters,
// characters that change others (bidi, zero width) and characters that are not visible. A run of white space becomes one
// space, invalid UTF-8 becomes U+FFFD. It escapes nothing: the result is for terminals
// and logs, not for Markdown. A limit of 0 or less is no limit. A text that is cut ends
// in "…". The user part of an address is left out, see [Masked].
func Plain(s string, limit int) string { return clip(Masked(clean(s)), limit) }

// user finds the user part of an address.
var user = regexp.MustCompile(`(://)[^/\s]*@`)

// Masked returns s without the user parts of addresses, which often are passwords:
// https://name:secret@host becomes https://…@host.
func Masked(s string) string { return user.ReplaceAllString(s, "$1…@") }

func clean(s string) string { return cleanBut(s, 0) }

// cleanBut is clean, but leaves one character as it is; 0 is none.
func cleanBut(s string, but rune) string {
	var out strings.Builder
	space := false
	for _, r := range s {
		switch {
		case r == ' ' || unicode.IsSpace(r) || r > 0x7f && unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp):
			space = true
			continue
		case hidden(r) && (r != but || r == 0):
			continue
		case space && out.Len() > 0:
			out.WriteByte(' ')
		}
		space = false
		out.WriteRune(r) // U+FFFD for a byte that is not UTF-8
	}
	return out.String()
}

// hidden reports whether a character is not visible or changes how others look.
func hidden(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point)
}

func clip(s string, limit int) string {
	if limit <= 0 || utf8.RuneCountInString(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n++; n == limit {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// closing finds a closing keyword and what it would close. GitLab looks for
// these in the raw text, code included.
// https://docs.gitlab.com/user/project/issues/managing_issues/#default-closing-pattern
var closing = regexp.MustCompile(
	`(?i)\b(clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):? +(?:issues? +)?(?:\S*#\d|\S*://|[A-Z][A-Z0-9_]*-\d)`)

// trackerKey finds the key of an issue tracker, ABC-123, as GitLab looks for it:
// in the raw text of titles and descriptions, code included.
// https://docs.gitlab.com/integration/jira/issues/
var trackerKey = regexp.MustCompile(`([A-Z][A-Z0-9_]+)-(\d)`)

// spared puts a gap between each closing keyword and what follows it, and into each key
// of an issue tracker.
func spared(s string) string {
	return trackerKey.ReplaceAllString(unclosed(s), "$1-"+gap+"$2")
}

func unclosed(s string) string {
	lower := strings.ToLower(s)
	if !strings.Contains(lower, "clos") && !strings.Contains(lower, "fix") && !strings.Contains(lower, "resolv") && !strings.Contains(lower, "implement") {
		return s // the common case, and cheap
	}
	found := closing.FindAllStringSubmatchIndex(s, -1)
	for _, f := range slices.Backward(found) {
		at := f[3]
		s = s[:at] + gap + s[at:]
	}
	return s
}
