package text_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"gitlab.com/cki-project/pinwheel/text"
)

const gap = "\u200b"

func TestInline(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"a title stays", "Update dependency typing_extensions to v4.15.0", "Update dependency typing_extensions to v4.15.0"},
		{"a requirement stays", "google-auth 2.62.2 requires cachetools<7.0,>=5", "google-auth 2.62.2 requires cachetools<7.0,>=5"},
		{"dotted names stay", "ruamel.yaml.clib 0.2.14", "ruamel.yaml.clib 0.2.14"},
		{"empty", "", ""},
		{"only white space", " \t\r\n\u2028", ""},
		{"mention", "ping @all now", "ping @" + gap + "all now"},
		{"address", "mail a@b.org", "mail a@" + gap + "b.org"},
		{"epoch is no merge request", "v1!2.0", "v1!" + gap + "2.0"},
		{"issue", "see #12", "see #" + gap + "12"},
		{"closing", "Fixes: #12", "Fixes" + gap + ": #" + gap + "12"},
		{"closing a tracker's key", "fixed ABC-12", "fixed" + gap + " ABC-" + gap + "12"},
		{"a tracker's key", "see ABC-123 and X_Y2-7, xABC-1", "see ABC-" + gap + "123 and X_Y2-" + gap + "7, xABC-" + gap + "1"},
		{"no tracker's key", "py3-none-any A-1 abc-12 1-2 UTF-x", "py3-none-any A-1 abc-12 1-2 UTF-x"},
		{"closing nothing", "fixed in 2.1", "fixed in 2.1"},
		{"internal key", "GL-12", "GL-" + gap + "12"},
		{"label", "~bug ~=1.2", `\~` + gap + `bug \~=1.2`},
		{"quick action", "/close", `\/close`},
		{"quick action on the next line", "a\n/close", "a /close"},
		{"checkbox", "- [x] <!-- approve-branch=a -->b", `\- \[x\] &lt;!-- approve-branch=a -->b`},
		{"numbered list", "1. x", `1\. x`},
		{"version first", "1.2 x", "1.2 x"},
		{"heading", "# x", `\# x`},
		{"html", "<img src=x>", "&lt;img src=x>"},
		{"no tag and no address", "a<2 <=3 < 4 <`@-->", "a<2 <=3 < 4 &lt;&grave;@" + gap + "-->"},
		{"entity", "&commat;all", "&amp;commat;all"},
		{"epic", "&12", "&amp;" + gap + "12"},
		{"link", "![a](javascript:b)", `!\[a\](javascript:b)`},
		{"address of a page", "https://gitlab.example/a/-/issues/1", "https:" + gap + "//gitlab.example/a/-/issues/1"},
		{"bare host", "www.example.org", "www" + gap + ".example.org"},
		{"emphasis", "*a* _b_ c_d", `\*a\* \_b\_ c_d`},
		{"code", "a `b`", "a &grave;b&grave;"},
		{"pipe", "a|b", `a\|b`},
		{"bidi", "a\u202eb\u2066c\u200bd\ufeff", "abcd"},
		{"control", "a\x00b\x1bc\x7f", "abc"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"emphasis beside emphasis", "__x__ a__b", `\_\_x\_\_ a\_\_b`},
		{"emoji", ":tada: :+1:", `\:` + gap + "tada: :" + gap + "+1:"},
		{"time", "at 10:30:00", "at 10:30:00"},
		{"commit", "1a2b3c4d5", "1a2b3c" + gap + "4d5"},
		{"calendar version", "2.32.4.20250913", "2.32.4.20250913"},
		{"math", "$`x`$", `\$&grave;x&grave;\$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := text.Inline(tt.in, 0); got != tt.want {
				t.Errorf("Inline(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCode(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"requests==2.31", "`requests==2.31`"},
		{"", "` `"},
		{"a`b", "``a`b``"},
		{"`a``b", "`` `a`" + gap + "`b ``"},
		{"``", "`` `" + gap + "` ``"},
		{"```", "`` `" + gap + "`" + gap + "` ``"},
		{"a\n\n- [x] b", "`a - [x] b`"},
		{"<!-- x -->", "`<!" + gap + "-- x -->`"},
		{"Fixes #1", "`Fixes" + gap + " #1`"},
		{"broken, see ABC-123", "`broken, see ABC-" + gap + "123`"},
		{"boto3-1.x", "`boto3-1.x`"},
		{strings.Repeat("x", 300), "`" + strings.Repeat("x", 199) + "…`"},
	} {
		if got := text.Code(tt.in); got != tt.want {
			t.Errorf("Code(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestProse(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"closed by `alice` on 2026-09-30", "closed by `alice` on 2026-09-30"},
		{"`a` and `b`", "`a` and `b`"},
		{"one ` only", "one &grave; only"},
		{"`@all` @all", "`@all` @" + gap + "all"},
		{"``", gap},
		{"`a``b`", "`a`" + gap + "`b`"},
	} {
		if got := text.Prose(tt.in, 0); got != tt.want {
			t.Errorf("Prose(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestLinked(t *testing.T) {
	for in, want := range map[string]string{
		"Tested in \x01!2\x01: `six`": "Tested in !2: `six`",
		"\x01!2\x01 and !3":           "!2 and !" + gap + "3",
		"\x01!2\x010":                 "!2" + gap + "0",
		"\x01!2":                      "!" + gap + "2",
		"\x01!\x01 \x01!x\x01":        "! !x",
		"`\x01!2\x01` @\x01!2\x01":    "`!2` @" + gap + "!2",
		"a \x01!2\x01, \x01!34\x01.":  "a !2, !34.",
		"\x02!2\x02":                  "!" + gap + "2",
	} {
		if got := text.Linked(in, 0, '\x01'); got != want {
			t.Errorf("Linked(%q) = %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"see !2", "`!2` closes #3", "- [x] a", "1. x @all", "\x01 /close", "a\u200b!2"} {
		if got, want := text.Linked(in, 0, '\x01'), text.Prose(in, 0); got != want {
			t.Errorf("Linked(%q) = %q without a reference, want %q", in, got, want)
		}
	}
}

func TestCells(t *testing.T) {
	for in, want := range map[string]string{"a|b": `a\|b`, `a\|b`: `a\\\|b`, "`a|b`": "`a\\|b`"} {
		if got := text.Cell(in, 0); got != want {
			t.Errorf("Cell(%q) = %q, want %q", in, got, want)
		}
	}
	if got, want := text.CodeCell(`a|b`), "`a\\|b`"; got != want {
		t.Errorf("CodeCell = %q, want %q", got, want)
	}
}

func TestLink(t *testing.T) {
	for _, tt := range []struct{ label, url, want string }{
		{"index", "https://pypi.org/project/boto3/1.44.1/", "[index](https://pypi.org/project/boto3/1.44.1/)"},
		{"a](b) [c", "https://x.org", `[a\](b) \[c](https://x.org)`},
		{"a", "https://x.org/(b)?c=<d>|e", "[a](https://x.org/%28b%29?c=%3Cd%3E%7Ce)"},
		{"", "https://x.org/", "[x.org](https://x.org/)"},
		{"a", "javascript:alert(1)", "a"},
		{"a", "//x.org", "a"},
		{"a", "https://pypi.org@evil.org/", "a"},
		{"a", "https:///x", "a"},
		{"a", "", "a"},
	} {
		if got := text.Link(tt.label, tt.url); got != tt.want {
			t.Errorf("Link(%q, %q) = %q, want %q", tt.label, tt.url, got, tt.want)
		}
	}
}

// GitLab makes a reference, and a note at what it names, of a link to itself.
func TestOutside(t *testing.T) {
	const home = "https://gitlab.example/group/project"
	for _, tt := range []struct{ url, want string }{
		{"https://pypi.org/project/a/", "[a](https://pypi.org/project/a/)"},
		{"https://gitlab.example.evil.org/x", "[a](https://gitlab.example.evil.org/x)"},
		{"https://gitlab.example/victim/p/-/issues/1", "`https://gitlab.example/victim/p/-/issues/1`"},
		{"https://GitLab.Example./victim/p/-/issues/1", "`https://GitLab.Example./victim/p/-/issues/1`"},
		{"http://gitlab.example:8080/x", "`http://gitlab.example:8080/x`"},
		{"https://gitlab%2Eexample/x/-/issues/1", "a"},
		{"https://gitlab\u3002example/x/-/issues/1", "`https://gitlab\u3002example/x/-/issues/1`"},
		{"https://ｇitlab.example/x/-/issues/1", "`https://ｇitlab.example/x/-/issues/1`"},
		{"https://gitlab.example/group/project/-/issues/1", "`https://gitlab.example/group/project/-/issues/1`"},
		{"javascript:alert(1)", "a"},
		{"https://x.org/browse/ABC-123", "[a](https://x.org/browse/ABC%2D123)"},
	} {
		if got := text.Outside("a", tt.url, home); got != tt.want {
			t.Errorf("Outside(%q) = %q, want %q", tt.url, got, tt.want)
		}
	}
	for url, want := range map[string]string{
		home + "/-/issues/1":                         "[a](" + home + "/-/issues/1)",
		home + "/../../victim/p/-/issues/1":          "`" + home + "/../../victim/p/-/issues/1`",
		home + "/%2e%2e/p/-/issues/1":                "`" + home + "/%2e%2e/p/-/issues/1`",
		home + "-2/-/issues/1":                       "`" + home + "-2/-/issues/1`",
		"https://gitlab.example/victim/p/-/issues/1": "`https://gitlab.example/victim/p/-/issues/1`",
		"https://tracker.example/browse/1":           "[a](https://tracker.example/browse/1)",
	} {
		if got := text.Within("a", url, home); got != want {
			t.Errorf("Within(%q) = %q, want %q", url, got, want)
		}
	}
	if got, want := text.Outside("a", "https://x.org", ""), "[a](https://x.org)"; got != want {
		t.Errorf("without a home: %q, want %q", got, want)
	}
}

func TestLineHidesPasswords(t *testing.T) {
	if got, want := text.Line("--extra-index-url https://me:secret@x.org/simple"), "`--extra-index-url https://…@x.org/simple`"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPlainCuts(t *testing.T) {
	for _, tt := range []struct {
		in   string
		max  int
		want string
	}{{"héllo", 5, "héllo"}, {"héllo!", 5, "héll…"}, {"ab cdef", 4, "ab…"}, {"abc", 1, "…"}, {"abc", 0, "abc"}} {
		if got := text.Plain(tt.in, tt.max); got != tt.want {
			t.Errorf("Plain(%q, %d) = %q, want %q", tt.in, tt.max, got, tt.want)
		}
	}
}

var (
	mention   = regexp.MustCompile(`(?:^|[^\\])@[\pL\pN_]`)
	reference = regexp.MustCompile(`[#!&$]\d|[~%^][\pL\pN_"{]|://|(?i:www)\.`)
	closes    = regexp.MustCompile(`(?i)\b(?:close[sd]?|closing|fix(?:e[sd]|ing)?|resolve[sd]?|resolving|implement(?:s|ed|ing)?):? +(?:issues? +)?(?:\S*#\d|\S*://)`)
	block     = regexp.MustCompile(`^(?:/|[-+*#>=]|~~~|\d+[.)](?: |$)|:::)`)
	element   = regexp.MustCompile(`<[A-Za-z/!?]`)
	bracket   = regexp.MustCompile(`(?:^|[^\\])(?:\\\\)*[\[\]*|]`)
)

// spans removes code spans as CommonMark reads them.
func spans(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '\\' && i+1 < len(s) {
			out.WriteString(s[i : i+2])
			i += 2
			continue
		}
		if s[i] != '`' {
			out.WriteByte(s[i])
			i++
			continue
		}
		n := 0
		for i+n < len(s) && s[i+n] == '`' {
			n++
		}
		end := -1
		for j := i + n; j < len(s); {
			m := 0
			for j+m < len(s) && s[j+m] == '`' {
				m++
			}
			if m == n {
				end = j + m
				break
			}
			j += max(m, 1)
		}
		if end < 0 {
			out.WriteString(s[i : i+n])
			i += n
			continue
		}
		out.WriteString("\x01")
		i = end
	}
	return out.String()
}

func harmless(t *testing.T, what, in, out string) {
	t.Helper()
	bare := spans(out)
	for name, bad := range map[string]bool{
		"more than one line": strings.ContainsAny(out, "\n\r\u2028\u2029\x00"), "a comment": strings.Contains(out, "<!--"),
		"a closing keyword": closes.MatchString(out), "a mention": mention.MatchString(bare), "a reference": reference.MatchString(bare),
		"a block": block.MatchString(out), "an element": element.MatchString(bare), "a live bracket, star or pipe": bracket.MatchString(bare),
		"a live backtick": strings.Contains(bare, "`"),
		"bidi":            strings.ContainsAny(out, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"),
		"invalid UTF-8":   !utf8.ValidString(out),
	} {
		if bad {
			t.Errorf("%s(%q) = %q holds %s", what, in, out, name)
		}
	}
}

func FuzzHarmless(f *testing.F) {
	for _, s := range []string{"/close", "a\n/merge", "@all", "`@all", "``` @a `", "<!-- x -->", "- [x] a", "Fixes #1", "a|b", "x\\", "[a](b)", "$`a`$",
		"\u202e", "\\`@a\\`", "www.x", "http://x", "&#64;a", "<a", "1. a", "`a``@b`", "fixes issue https://x/1", "\\@a", "a\\`b`@c`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		harmless(t, "Inline", s, text.Inline(s, 80))
		harmless(t, "Prose", s, text.Prose(s, 0))
		harmless(t, "Cell", s, text.Cell(s, 0))
		harmless(t, "Code", s, text.Code(s))
		harmless(t, "Line", s, text.Line(s))
		if got := spans(text.Code(s)); got != "\x01" {
			t.Errorf("Code(%q) = %q is not one span", s, text.Code(s))
		}
		if h := text.HTML(s, 0); strings.ContainsAny(h, "<>\n`") || mention.MatchString(h) {
			t.Errorf("HTML(%q) = %q", s, h)
		}
		l := text.Link(s, "https://x.org/"+s)
		if strings.ContainsAny(l, "\n\r") || element.MatchString(l) || mention.MatchString(spans(l)) && !strings.Contains(l, "](") {
			t.Errorf("Link(%q) = %q", s, l)
		}
		if got := text.Plain(s, 10); utf8.RuneCountInString(got) > 10 {
			t.Errorf("Plain(%q, 10) = %q", s, got)
		}
	})
}

// A long text of one character takes time in proportion.
func TestLongTexts(*testing.T) {
	for _, part := range []string{"[", "`", "` ", "@", "fix ", "fixes #", "<!--", "w", "\\", "_", "{", "1", "|"} {
		s := strings.Repeat(part, 20_000)
		for _, f := range []func(string, int) string{text.Inline, text.Prose, text.Cell, text.HTML} {
			f(s, 0)
		}
		text.Code(s)
		text.Line(s)
	}
}
