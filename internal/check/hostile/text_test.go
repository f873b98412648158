package hostile_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/internal/check/hostile"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/text"
)

func TestCorpusIsLarge(t *testing.T) {
	n := len(hostile.Texts())
	if n < 150 {
		t.Errorf("%d texts, want at least 150", n)
	}
	t.Logf("%d texts", n)
}

// doors are the ways by which a stranger's text comes into a body.
var doors = map[string]func(string) string{
	"Inline":    func(s string) string { return text.Inline(s, 255) },
	"Prose":     func(s string) string { return text.Prose(s, 1000) },
	"Code":      text.Code,
	"Line":      text.Line,
	"bare link": func(s string) string { return text.Link(s, "") },
	"label":     func(s string) string { return text.Link(s, "https://x.example/") },
	"address":   func(s string) string { return text.Link("x", s) },
	"path":      func(s string) string { return text.Link("x", "https://x.example/"+s) },
	"Cell":      func(s string) string { return "| " + text.Cell(s, 255) + " |" },
	"CodeCell":  func(s string) string { return "| " + text.CodeCell(s) + " |" },
	"HTML": func(s string) string {
		return "<details><summary>" + text.HTML(s, 255) + "</summary>\n\nx\n\n</details>"
	},
}

// harmless puts s through a door, alone, in a line and at both ends of one,
// and looks for effects.
func harmless(t interface{ Errorf(string, ...any) }, door, s string) {
	made := doors[door](s)
	if !utf8.ValidString(made) || strings.ContainsAny(strings.ReplaceAll(made, "\n\nx\n\n", ""), "\n\r") {
		t.Errorf("%s(%q) = %q is not one line of UTF-8", door, s, made)
	}
	around := [][2]string{{"", ""}, {" - ", ""}, {"a ", " b"}, {" - [ ] <!-- m -->", " (`x`)"}, {"**", "**"}, {"x: ", "."}, {"`x` ", " `y`"}}
	if strings.HasPrefix(made, "| ") || strings.HasPrefix(made, "<details>") {
		around = around[:1]
	}
	for _, a := range around {
		if a[0] == "**" && made == "" {
			continue // a name is never empty
		}
		ours := gitlabsim.EffectsOf(a[0] + doors[door]("x") + a[1])
		for _, e := range gitlabsim.EffectsOf(a[0] + made + a[1]) {
			if i := position(ours, e); i >= 0 {
				ours = append(ours[:i:i], ours[i+1:]...)
				continue
			}
			if e.Kind == gitlabsim.Link && (door == "address" || door == "path") && strings.HasPrefix(e.What, "http") {
				continue // its purpose
			}
			t.Errorf("%s(%q) = %q in %q does: %s %q", door, s, made, a, e.Kind, e.What)
		}
	}
}

// position finds an effect; what a task says does not matter.
func position(all []gitlabsim.Effect, e gitlabsim.Effect) int {
	for i, o := range all {
		if o.Kind == e.Kind && (o.What == e.What || e.Kind == gitlabsim.Task) {
			return i
		}
	}
	return -1
}

func TestEveryTextThroughEveryDoor(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine, and takes half a minute")
	for door := range doors {
		for _, s := range hostile.Texts() {
			harmless(t, door, s)
			harmless(t, door, "fixes "+s)
			harmless(t, door, s+s)
		}
	}
}

// pieces makes texts of what the corpus and its parts hold.
func pieces() *rapid.Generator[string] {
	short := rapid.SampledFrom(append(strings.Split("`~!@#$%^&*()-_=+[]{}|\\:;\"'<>,.?/ \n\t", ""),
		"a", "1", "all", "x", "GL-", "fixes", "closes issue", "://", "www.", "<!--", "-->", "``", "```", "\u200b", "\u202e", "\xff", "&#", "&amp;", "- [x] ", "deadbee1"))
	long := rapid.SampledFrom(hostile.Texts())
	return rapid.Map(rapid.SliceOfN(rapid.OneOf(short, short, short, short, long), 1, 8), func(parts []string) string { return strings.Join(parts, "") })
}

func TestMixedTextsThroughEveryDoor(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine, and FuzzDoors samples the doors")
	rapid.Check(t, func(t *rapid.T) {
		s := pieces().Draw(t, "text")
		for door := range doors {
			harmless(t, door, s)
		}
	})
}

func FuzzDoors(f *testing.F) {
	part := testenv.Sample(f, 1)
	for i, s := range hostile.Texts() {
		if len(s) < 100 && part.Has(i) {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		for door := range doors {
			harmless(t, door, s)
		}
	})
}
