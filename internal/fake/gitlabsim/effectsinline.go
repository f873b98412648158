package gitlabsim

import (
	"html"
	"regexp"
	"strings"
)

var (
	anyTag      = lazy(`^</?[A-Za-z][A-Za-z0-9-]*(?:[\s/][^<>]*)?>?`)
	declaration = lazy(`^<(?:[!?][^>]*>?)`)
	angleLink   = lazy(`^<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^<>\s]*|[^<>\s@]+@[^<>\s@]+)>`)
	linkTail    = lazy(`^\]\(\s*<?([^\s()<>]*)`)
	entityForm  = lazy(`^&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});`)
	inlineDiff  = lazy(`^(?:\{[+-].*?[+-]\}|\[[+-].*?[+-]\])`)
)

const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

// inline reads the inside of one paragraph, item, heading or cell: code spans,
// escapes, tags, links and marks go to the effects, the words that are left to
// the filters that look for references.
func (r *reading) inline(s string) {
	var words strings.Builder
	for i := 0; i < len(s); {
		rest := s[i:]
		n := 1
		switch {
		case rest[0] == '\\' && len(rest) > 1 && strings.IndexByte(punctuation, rest[1]) >= 0:
			words.WriteByte(rest[1])
			n = 2
		case rest[0] == '`':
			n = r.code(s, i, &words)
		case strings.HasPrefix(rest, "<!--"):
			n = r.hidden(rest)
		case rest[0] == '<':
			n = r.angle(rest, &words)
		case rest[0] == '&':
			n = len(entityForm().FindString(rest))
			words.WriteString(html.UnescapeString(rest[:max(n, 1)]))
			n = max(n, 1)
		case rest[0] == '!' && strings.HasPrefix(rest, "![") && strings.Contains(rest, "]"):
			r.note(Image, rest[:strings.Index(rest, "]")+1])
			words.WriteByte('!')
		case inlineDiff().MatchString(rest):
			r.note(InlineDif, inlineDiff().FindString(rest))
			words.WriteByte(rest[0])
		case linkTail().MatchString(rest):
			m := linkTail().FindStringSubmatch(rest)
			r.note(Link, m[1])
			n = len(m[0])
			if end := strings.IndexByte(rest[n:], ')'); end >= 0 {
				n += end + 1
			}
			words.WriteByte('\x01')
		case rest[0] == '*' || strings.HasPrefix(rest, "~~") || rest[0] == '_' && edge(s, i):
			r.note(Emphasis, rest[:1])
			words.WriteByte(rest[0])
		case rest[0] == '$' && dollar(rest):
			r.note(Math, rest[:max(2, strings.IndexByte(rest[1:], '$')+2)])
			words.WriteByte('$')
		default:
			words.WriteByte(rest[0])
		}
		i += n
	}
	r.words(words.String())
}

// edge reports whether an underscore stands at the edge of a word.
func edge(s string, i int) bool {
	wordy := func(b byte) bool {
		return b == '_' || b >= 0x80 || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
	}
	return !(i > 0 && wordy(s[i-1]) && i+1 < len(s) && wordy(s[i+1]))
}

// dollar reports whether a formula begins: $a$ without blanks inside its ends.
func dollar(rest string) bool {
	end := strings.IndexByte(rest[1:], '$')
	return end == 0 && strings.Contains(rest[2:], "$$") || end > 0 && rest[1] != ' ' && rest[end] != ' '
}

// code reads a code span at i, or a run of backticks that begins none.
func (r *reading) code(s string, i int, words *strings.Builder) int {
	n := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
	for j := i + n; j < len(s); {
		if s[j] != '`' {
			j++
			continue
		}
		m := len(s[j:]) - len(strings.TrimLeft(s[j:], "`"))
		if m == n {
			if i > 0 && s[i-1] == '$' && j+m < len(s) && s[j+m] == '$' {
				r.note(Math, s[i:j+m]) // $`a`$
			}
			words.WriteByte('\x01')
			return j + m - i
		}
		j += m
	}
	words.WriteString(s[i : i+n])
	return n
}

func (r *reading) hidden(rest string) int {
	end := strings.Index(rest, "-->")
	if end < 0 {
		r.note(Hidden, rest)
		return len(rest)
	}
	if inside := rest[4:max(end, 4)]; strings.Contains(inside, "--") || strings.HasPrefix(inside, ">") || strings.HasPrefix(inside, "->") {
		r.words(inside) // no comment by the rules before CommonMark 0.31
	}
	r.note(Hidden, strings.TrimSpace(rest[4:max(end, 4)]))
	return max(end, 2) + 3
}

func (r *reading) angle(rest string, words *strings.Builder) int {
	for _, form := range []struct {
		kind EffectKind
		re   func() *regexp.Regexp
	}{{Autolink, angleLink}, {Element, anyTag}, {Element, declaration}} {
		if m := form.re().FindString(rest); m != "" {
			r.note(form.kind, m)
			words.WriteByte('\x01')
			return len(m)
		}
	}
	words.WriteByte('<')
	return 1
}

// wordForms are found in what Markdown left of a text.
var wordForms = []struct {
	kind EffectKind
	re   func() *regexp.Regexp
}{
	{Mention, lazy(`@[\pL\pN_]+`)},
	{Reference, lazy(`[#!&$]\p{N}+`)},
	{Reference, lazy(`~(?:[\pL\pN_]+|"[^"]+")`)},
	{Reference, lazy(`%(?:[\pL\pN_]+|"[^"]+"|\{[^}]*\})`)},
	{Reference, lazy(`\^alert#\d+`)},
	{Reference, lazy(`\bGL-\p{N}+`)},
	{Reference, lazy(`\[(?:issue|work_item|epic|vulnerability|feature_flag|contact|wiki_page|cadence|iteration):[^\]\s]+`)},
	{Autolink, lazy(`[A-Za-z][A-Za-z0-9+.-]*://|(?i)\bwww\.`)},
	{Emoji, lazy(`:[A-Za-z0-9_+-]*[A-Za-z_+-][A-Za-z0-9_+-]*:`)},
	{Emoji, lazy(`(?:^|[^0-9]):[0-9]+:`)},
}

var hexRun = lazy(`[0-9A-Fa-f]{7,}`)

// words looks for what GitLab finds after Markdown.
func (r *reading) words(text string) {
	for _, form := range wordForms {
		for _, m := range form.re().FindAllString(text, -1) {
			r.note(form.kind, m)
		}
	}
	for _, m := range hexRun().FindAllString(text, -1) {
		if len(m) > 40 {
			continue
		}
		if r.known != nil && r.known(strings.ToLower(m)) || r.known == nil && strings.ContainsAny(m, "abcdefABCDEF") && strings.ContainsAny(m, "0123456789") {
			r.note(CommitRef, m)
		}
	}
}
