package mrs

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

func TestOwnersOf(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		file    string
		want    bool
	}{
		{"constraints.txt", "constraints.txt", true},
		{"constraints.txt", "a/b/constraints.txt", true},
		{"/constraints.txt", "a/constraints.txt", false},
		{"*", "a/b", true},
		{"/*", "a/b", false},
		{"/a/", "a/b/c", true},
		{"a/", "b/a/c", true},
		{"/a/", "a", true},
		{"/a/**", "a/b/c", true},
		{"/**/c", "c", true},
		{"/**/c", "a/b/c", true},
		{"/**/**/c", "a/c", true},
		{"/a/**/c", "a/c", true},
		{"/a/**/c", "a/b/d", false},
		{"/a/*/c", "a/b/c", true},
		{"/a/*/c", "a/b/b/c", false},
		{"/a/**/b/**/c", "a/x/b/y/z/c", true},
		{"/a/**/b/**/c", "a/x/y/z/c", false},
		{"*.txt", "a/c.txt", true},
		{"**", "a/b", true},
		{"/[", "[", false},
	} {
		got := len(ownersOf(tt.pattern+" @ann\n", tt.file)) > 0
		if got != tt.want {
			t.Errorf("the pattern %s owns %s: %v, want %v", tt.pattern, tt.file, got, tt.want)
		}
	}
	file := "* @ann\n[Docs] @bob\n*.md @cid @ann\n[docs]\n*.md\n^[Pins][2] @dan\nconstraints.txt\n"
	if got, want := ownersOf(file, "constraints.txt"), []string{"ann", "dan"}; !slices.Equal(got, want) {
		t.Errorf("the owners are %q, want %q", got, want)
	}
}

// A pattern after ! takes a file out of its section for good, and out of no other.
// https://docs.gitlab.com/user/project/codeowners/reference/#exclusion-patterns
func TestExcludedFilesHaveNoOwners(t *testing.T) {
	for text, want := range map[string]string{
		"* @ann\n!constraints.txt\n":                                   "",
		"* @ann\n!other.txt\n":                                         "ann",
		"* @ann\n!constraints.txt\nconstraints.txt @bob\n":             "",
		"!constraints.txt\n* @ann\n":                                   "",
		"* @ann\n!constraints.txt\n[Pins] @dan\nconstraints.txt\n":     "dan",
		"* @ann\n[Pins] @dan\n*.txt\n!/constraints.txt\n":              "ann",
		"* @ann\n[Pins] @dan\n!*.txt\n[docs] @eve\n*\n[pins]\n*.txt\n": "ann eve",
		"* @ann\n\\!constraints.txt @bob\n":                            "ann",
	} {
		if got := strings.Join(ownersOf(text, "constraints.txt"), " "); got != want {
			t.Errorf("%q: the owners are %q, want %q", text, got, want)
		}
	}
}

// Whoever may push to a project writes its CODEOWNERS file. Twice as long a
// file may take twice as long to read, whatever stands in it.
func TestOwnersOfTakeTimeInProportion(t *testing.T) {
	deep := strings.Repeat("a/", 15) + "b"
	for _, tt := range []struct {
		name  string
		small int
		text  func(n int) string
	}{
		{"stars in one pattern", 4, func(n int) string { return "/" + strings.Repeat("**/a/", n) + "c @ann" }},
		{"many stars in one pattern", 2000, func(n int) string { return "/" + strings.Repeat("**/a/", n) + "c @ann" }},
		{"stars without a name between", 2000, func(n int) string { return "/" + strings.Repeat("**/", n) + "c @ann" }},
		{"stars in one name", 2000, func(n int) string { return strings.Repeat("*a", n) + "c @ann" }},
		{"patterns", 500, func(n int) string { return strings.Repeat("/**/a/**/a/**/c @ann\n", n) }},
		{"sections", 1000, func(n int) string { return many("[%]\nb @ann\n", n) }},
		{"owners of one pattern", 1000, func(n int) string { return "b" + many(" @a%", n) }},
		{"owners of sections", 1000, func(n int) string { return many("[%] @a%\nb\n", n) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testenv.Linear(t, tt.small, func(n int) func() {
				text := tt.text(n)
				return func() { ownersOf(text, deep) }
			})
		})
	}
}

// many repeats a form with a number in place of each percent sign.
func many(form string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(form, "%", strings.Repeat("x", i%7)+string(rune('a'+i%26))+strconv.Itoa(i)))
	}
	return b.String()
}
