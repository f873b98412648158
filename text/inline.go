package text

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Inline returns s as plain text for the middle or the start of a line of Markdown, a
// table cell and the label of a link. limit counts characters of s, see [Plain].
// Ordinary titles, names and versions are not changed. The empty string stays empty.
func Inline(s string, limit int) string { return escape([]rune(spared(Plain(s, limit))), true) }

// Prose is [Inline] for a sentence of ours that may quote strangers: text
// between two backticks becomes a code span, all other text plain text.
func Prose(s string, limit int) string { return prose(Plain(s, limit), Code) }

// Linked is [Prose] for a sentence with references to merge requests of our own: !12
// between two marks becomes a reference. The mark has to be a character that is not
// visible, and the caller has to make sure that no stranger wrote it. A mark in any other
// place, such as in code, is removed.
func Linked(s string, limit int, mark rune) string {
	m := string(mark)
	own := regexp.MustCompile(regexp.QuoteMeta(m) + `![0-9]{1,18}` + regexp.QuoteMeta(m))
	plain := func(line []rune, start bool) string {
		var out strings.Builder
		for s := string(line); ; start = false {
			found := own.FindStringIndex(s)
			if found == nil {
				return out.String() + escape([]rune(strings.ReplaceAll(s, m, "")), start)
			}
			out.WriteString(escape([]rune(s[:found[0]]), start))
			out.WriteString(strings.Trim(s[found[0]:found[1]], m))
			s = s[found[1]:]
			if word(at([]rune(s), 0)) {
				out.WriteString(gap) // else the number would go on
			}
		}
	}
	return proseOf(clip(Masked(cleanBut(onlyAround(own, s, m), mark)), limit), Code, plain)
}

// onlyAround removes all marks but those around such a reference.
func onlyAround(own *regexp.Regexp, s, mark string) string {
	var out strings.Builder
	for {
		found := own.FindStringIndex(s)
		if found == nil {
			return out.String() + strings.ReplaceAll(s, mark, "")
		}
		out.WriteString(strings.ReplaceAll(s[:found[0]], mark, "") + s[found[0]:found[1]])
		s = s[found[1]:]
	}
}

// Cell is [Prose] for a cell of a table: no pipe of s ends it.
func Cell(s string, limit int) string { return prose(Plain(s, limit), CodeCell) }

func prose(s string, code func(string) string) string { return proseOf(s, code, escape) }

func proseOf(s string, code func(string) string, plain func(line []rune, start bool) string) string {
	var out strings.Builder
	s = spared(s)
	for first := true; ; first = false {
		before, rest, ok := strings.Cut(s, "`")
		quoted, after, closed := strings.Cut(rest, "`")
		if !ok || !closed {
			return out.String() + plain([]rune(s), first)
		}
		out.WriteString(plain([]rune(before), first))
		if strings.TrimSpace(quoted) == "" {
			out.WriteString(gap) // two texts that were separate must not join
		} else {
			out.WriteString(code(quoted))
		}
		s = after
		if strings.HasPrefix(s, "`") {
			out.WriteString(gap) // a longer run of backticks would not end the span
		}
	}
}

// HTML is s for the text of an HTML element, such as a <summary>, where
// Markdown does not work but mentions and references do.
func HTML(s string, limit int) string {
	var out strings.Builder
	line := []rune(spared(Plain(s, limit)))
	for i, r := range line {
		switch r {
		case '&', '<', '>', '"', '\'', '`', '*', '_', '[', ']', '\\', '~', '$', '|':
			out.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		default:
			out.WriteRune(r)
		}
		if parted(line, i) {
			out.WriteString(gap)
		}
	}
	return out.String()
}

// escape writes every character so that it shows as itself. start says that
// line may be the start of a Markdown line.
func escape(line []rune, start bool) string {
	var out strings.Builder
	for i, r := range line {
		next := at(line, i+1)
		switch {
		case strings.ContainsRune("\\*[]|~$", r),
			r == '_' && !(inner(at(line, i-1)) && inner(next)),
			start && i == 0 && strings.ContainsRune("/#-+=>:", r),
			(r == '.' || r == ')') && start && (next == 0 || next == ' ') && number(line[:i]):
			out.WriteByte('\\')
			out.WriteRune(r)
		case r == '`':
			out.WriteString("&grave;") // a backslash would do, but not for whoever pairs backticks naively
		case r == '<' && next != ' ' && next != '=' && !digit(next):
			out.WriteString("&lt;")
		case r == '&' && (next == 0 || next == '#' || word(next)):
			out.WriteString("&amp;")
		default:
			out.WriteRune(r)
		}
		if parted(line, i) {
			out.WriteString(gap)
		}
	}
	return out.String()
}

// bracketed finds the references written in brackets, [vulnerability:1].
var bracketed = regexp.MustCompile(`^[a-z_]+:`)

// parted reports whether a gap is needed between the character at i and the next one.
// Together they would begin a mention, a reference, an address or a mark. GitLab looks for
// these after Markdown, so a backslash does not prevent it.
// https://docs.gitlab.com/user/markdown/#gitlab-specific-references
func parted(line []rune, i int) bool {
	next := at(line, i+1)
	switch line[i] {
	case '@':
		return next != ' ' // also the address of <1@->, which no other reader need take for one
	case '#', '!', '&', '$':
		return unicode.IsNumber(next)
	case '~', '%', '^':
		return word(next) || next == '"' || next == '{'
	case '{':
		return next == '+' || next == '-'
	case '[':
		return next == '+' || next == '-' || bracketed.MatchString(string(line[i+1:min(i+40, len(line))]))
	case ':':
		return next == '/' && at(line, i+2) == '/' || emoji(line, i)
	case 'w', 'W':
		return next == '.' && i >= 2 && strings.EqualFold(string(line[i-2:i+1]), "www")
	case '-':
		return unicode.IsNumber(next) && i >= 2 && line[i-2] == 'G' && line[i-1] == 'L' && !word(at(line, i-3))
	}
	return hexadecimal(line[i]) && sixth(line, i)
}

// emoji reports whether the colon at i begins the name of an emoji, such as :tada:. It
// does not in 10:30:00.
func emoji(line []rune, i int) bool {
	digits := true
	for j := i + 1; j < len(line) && j < i+80; j++ {
		switch r := line[j]; {
		case r == ':':
			return j > i+1 && !(digits && digit(at(line, i-1)))
		case letter(r) || r == '_' || r == '+' || r == '-':
			digits = false
		case !digit(r):
			return false
		}
	}
	return false
}

// sixth reports whether a gap is needed at i because a run of seven or more hexadecimal
// characters may be the beginning of a commit's id. A run of digits alone is taken for a
// version.
func sixth(line []rune, i int) bool {
	from, to := i, i+1
	for from > 0 && i-from < longestID && hexadecimal(line[from-1]) {
		from--
	}
	for to < len(line) && to-from <= longestID && hexadecimal(line[to]) {
		to++
	}
	if to-from < shortestID || (i-from)%(shortestID-1) != shortestID-2 || i == to-1 {
		return false
	}
	some := func(is func(rune) bool) bool { return slices.ContainsFunc(line[from:to], is) }
	return some(digit) && some(letter)
}

// shortestID is the shortest beginning of a commit's id that GitLab makes a reference of.
// A run that is longer than longestID, which is twice the length of an id, is no id.
const (
	shortestID = 7
	longestID  = 80
)

func hexadecimal(r rune) bool { return digit(r) || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F' }

func digit(r rune) bool { return '0' <= r && r <= '9' }

func at(line []rune, i int) rune {
	if i < 0 || i >= len(line) {
		return 0
	}
	return line[i]
}

func letter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// inner reports whether an underscore beside r is no emphasis.
func inner(r rune) bool { return r != '_' && word(r) }

func word(r rune) bool { return r == '_' || unicode.In(r, unicode.L, unicode.M, unicode.N) }

func number(line []rune) bool {
	for _, r := range line {
		if r < '0' || r > '9' {
			return false
		}
	}
	return len(line) > 0
}
