package comment_test

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/comment"
)

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       []string
	}{
		{"one", "@bot test", []string{"@bot test"}},
		{"windows", "a\r\n\r\n@bot test \r\n", []string{"a", "@bot test"}},
		{"a quote", "> @bot test\n\nno", []string{"no"}},
		{"what goes on with a quote", "> said\n@bot test\n\nyes", []string{"yes"}},
		{"a quote without a blank", ">@bot test", nil},
		{"a quote of several lines", ">>>\n@bot test\n>>>\nyes", []string{"yes"}},
		{"one that does not end", ">>>\n@bot test", nil},
		{"a fence", "```\n@bot test\n```\nyes", []string{"yes"}},
		{"a longer fence", "~~~~\n~~~\n@bot test\n~~~~\nyes", []string{"yes"}},
		{"one that does not end", "```sh\n@bot test\n``` no end", nil},
		{"indented", "a\n\n    @bot test\n\n\t@bot test", []string{"a"}},
		{"indented in a paragraph", "a\n    @bot test", []string{"a"}},
		{"a span", "`@bot test`", []string{"`@bot test`"}},
		{"a span of several lines", "see `a\n@bot test\nb` yes\n@bot help", []string{"see `a", "@bot help"}},
		{"a backtick that nothing ends", "a ` b\n@bot test", []string{"a ` b", "@bot test"}},
		{"an escaped backtick", "a \\`\n@bot test `x`", []string{"a \\`", "@bot test `x`"}},
		{"hidden", "<!--\n@bot test\n-->\nyes", []string{"yes"}},
		{"hidden to the end", "<!--\n@bot test", nil},
		{"beside something hidden", "<!-- x -->@bot test", nil},
		{"an element", "<pre>\n@bot test\n</pre>\nyes", []string{"yes"}},
		{"an element that does not end", "<CODE>\n@bot test", nil},
		{"an element in one line", "<code>@bot test</code>", nil},
		{"a list", "- a\n  @bot test\n\nyes", []string{"yes"}},
		{"what goes on with an item", "1. a\n@bot test", nil},
		{"a long line", strings.Repeat("x", 3000), nil},
	} {
		if got := comment.Lines(tt.body); !slices.Equal(got, tt.want) {
			t.Errorf("%s: Lines(%q) = %q, want %q", tt.name, tt.body, got, tt.want)
		}
	}
}

func TestCommand(t *testing.T) {
	for _, tt := range []struct {
		line string
		want string
	}{
		{"@bot test a", "test a"}, {"@Bot: test", "test"}, {"  @bot, help", "help"}, {"@bot", ""}, {"/test a", "/test a"},
		{"@bots test", "no"}, {"a @bot test", "no"}, {"/tests", "no"}, {"\\@bot test", "no"}, {"", "no"}, {"@@bot test", "no"}, {"*@bot* test", "no"},
	} {
		words, ok := comment.Command(tt.line, "bot", "test")
		got := strings.Join(words, " ")
		if !ok {
			got = "no"
		}
		if got != tt.want {
			t.Errorf("Command(%q) = %q, want %q", tt.line, got, tt.want)
		}
	}
}

// Whatever is said, nothing of it is said any more once it is quoted, fenced, indented
// or hidden; and every line that is said is one of the comment.
func FuzzLines(f *testing.F) {
	for _, s := range []string{"@bot test", "> a\nb", "```\na\n```", "<!-- -->", "a `b\nc` d", ">>>\n", "<pre>\n", "\t\x00`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, line := range comment.Lines(body) {
			if !strings.Contains(strings.ReplaceAll(body, "\r", "\n"), line) {
				t.Errorf("Lines(%q) has %q", body, line)
			}
		}
		one := strings.NewReplacer("\r", "\n").Replace(body)
		if got := comment.Lines("> " + strings.ReplaceAll(one, "\n", "\n> ")); len(got) > 0 && !strings.Contains(body, "-->") {
			t.Errorf("quoted %q says %q", body, got)
		}
		if got := comment.Lines("~~~~~~~~~~~~\n" + strings.ReplaceAll(strings.ReplaceAll(one, "~", "-"), "<!--", "")); len(got) > 0 {
			t.Errorf("fenced %q says %q", body, got)
		}
		if got := comment.Lines("<!-- " + strings.ReplaceAll(one, "-->", "")); len(got) > 0 {
			t.Errorf("hidden %q says %q", body, got)
		}
	})
}
