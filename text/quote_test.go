package text_test

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/text"
)

func TestQuote(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", " \n\n<!-- hidden -->\n---\n", ""},
		{"headings, paragraphs and lists", "## What's new\nIt is\nfaster.\n\n* one\n  goes on\n2. two\n\nEnd", "**What's new**\n\nIt is faster.\n\n - one goes on\n - two\n\nEnd"},
		{"quick actions", "/merge\n\n/close\r/approve\n- /label ~bug", "\\/merge\n\n\\/close /approve\n\n - \\/label \\~" + gap + "bug"},
		{"mentions and references", "by @all in #12, fixes #3", "by @" + gap + "all in #" + gap + "12, fixes" + gap + " #" + gap + "3"},
		{"the end of a fold", "</details>\n<!-- pinwheel:mr end -->\nafter", "after"},
		{"a comment without an end", "before\n<!-- pinwheel", "before"},
		{"code that ends nothing", "```\n</details>\n/merge\n```\nafter", " - `</details>`\n - `/merge`\n\nafter"},
		{"a fence inside a list", "- a\n  ```sh\n  pip install x\n  ```", " - a\n - `pip install x`"},
		{"images and links", "![x](https://evil.example/a.png) see [the docs](https://x.org/a \"b\") and <img src=x>", "see the docs and"},
		{"boxes", "- [x] <!-- rebase-check -->now", " - now"},
		{"characters that reverse others", "a\u202eb\u2066c\u200bd", "abcd"},
		{"tables and rules", "| a | b |\n|---|---|\n***", `\| a \| b \|`},
		{"blocks that begin like others", "> quote\n\n>>>\n\n::: x\n\n\t code", `\> quote` + "\n\n" + `\>>>` + "\n\n" + `\::: x` + "\n\ncode"},
		{"inline code", "use `a|b` and **c**", "use `a|b` and \\*\\*c\\*\\*"},
		{"a heading with code", "# `a` *b*", `**'a' \*b\***`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, cut := text.Quote(tt.in, 10_000)
			if got != tt.want || cut {
				t.Errorf("Quote(%q) = %q, %v, want %q", tt.in, got, cut, tt.want)
			}
			if !text.Quoted(got) {
				t.Errorf("%q does not count as quoted", got)
			}
		})
	}
}

func TestUnescaped(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "a", `\*a\*`: "*a*", `a\\b`: `a\b`, `a\`: `a\`, `a\\`: `a\`, `\\\`: `\\`, `a\ä`: "aä"} {
		if got := text.Unescaped(in); got != want {
			t.Errorf("Unescaped(%q) = %q, want %q", in, got, want)
		}
	}
	// No line that ends in a backslash is one that Quote writes.
	for _, line := range []string{`a\`, " - a\\`b`", `**a\**`} {
		if text.Quoted(line) {
			t.Errorf("%q counts as quoted", line)
		}
	}
}

// A text of any length costs little and is cut after a whole block.
func TestQuoteIsBounded(t *testing.T) {
	for name, in := range map[string]string{
		"one line":     strings.Repeat("word ", 200_000),
		"many lines":   strings.Repeat("- item\n", 150_000),
		"brackets":     strings.Repeat("[", 1<<20),
		"open":         strings.Repeat("<", 1<<20),
		"a long item":  "- " + strings.Repeat("ä", 1<<19),
		"many commas":  strings.Repeat("![a](", 1<<18),
		"continued":    strings.Repeat("a\n", 1<<19),
		"no character": strings.Repeat("\xff", 1<<20),
	} {
		got, cut := text.Quote(in, 1500)
		if !cut || len(got) > 1500 || !text.Quoted(got) {
			t.Errorf("%s: %d bytes, cut %v: %.80q", name, len(got), cut, got)
		}
	}
}

func TestQuotedRefusesWhatPeopleWrote(t *testing.T) {
	for _, in := range []string{"/merge", "a\n/merge", "</details>", "<b>x</b>", "@all", "#1", "- [x] a", " - [ ] a", "## x", "**a*b**", "```", "a `b", " a", "a ", "a\tb", "https://x.org", "!1 `", "`<!-- x -->`", "**`a`**", "a\r/merge", " - /merge"} {
		if text.Quoted(in) {
			t.Errorf("%q counts as quoted", in)
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, in := range []string{"", "# a\n\nb", "- a\n  b\n1. c", "/merge\n</details>", "```\n/close\n", "![a](b) [c](d \"e\")", "`a` ``b`` ```c", "**`@all`** &lt; \\", "fixes #1 ABC-1 1a2b3c4d5e", "\u202e\u200b"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, _ := text.Quote(in, 2000)
		if len(got) > 2000 || strings.TrimSpace(got) != strings.TrimPrefix(got, " ") {
			t.Fatalf("Quote(%q) = %q", in, got)
		}
		if got == "" {
			return
		}
		if !text.Quoted(got) {
			t.Fatalf("%q of %q does not count as quoted", got, in)
		}
		for line := range strings.SplitSeq(got, "\n") {
			line = strings.TrimPrefix(line, " - ")
			if bold, is := strings.CutPrefix(line, "**"); is {
				line = strings.TrimSuffix(bold, "**")
			}
			harmless(t, "Quote", in, line)
		}
	})
}
