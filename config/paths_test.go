package config

import (
	"strconv"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// Git refuses these names on every machine, so that a commit with one would fail
// in each run; and what stands below .git decides what git does.
func TestPathsIntoGitAreRefused(t *testing.T) {
	for _, name := range []string{
		".git", ".git/config", ".GIT/config", "a/.git/hooks/x", "a/.Git", ".git./config", ".git /config", ".git. ./x", "git~1/config", "a/GIT~1",
		".git::$INDEX_ALLOCATION/config", ".git:x", ".g\u200cit/config", "\ufeff.git/x", "a/.gi\u202et/x", "git~1./x",
	} {
		for _, keys := range []string{"path: \"%\"", "path: a, derived: {path: \"%\"}"} {
			text := one("files: [{" + strings.ReplaceAll(keys, "%", name) + "}]")
			if _, err := Parse("pinwheel.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "pinwheel.yaml:1") || !strings.Contains(err.Error(), "belongs to git") {
				t.Errorf("%q: %v, want an error with the line that says that it belongs to git", name, err)
			}
		}
	}
	for _, name := range []string{".gitlab/x.yml", ".github/x", "git/x", "a.git/x", ".git-x", "git~2", "a b/c d.txt", "ü.txt", strings.Repeat("a", 255)} {
		if _, err := Parse("pinwheel.yaml", []byte(one("files: [{path: \""+name+"\"}]"))); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{strings.Repeat("a", 256), strings.Repeat("a/", 600) + "a"} {
		if _, err := Parse("pinwheel.yaml", []byte(one("files: [{path: \""+name+"\"}]"))); err == nil || !strings.Contains(err.Error(), "longer than") {
			t.Errorf("a path of %d bytes: %v", len(name), err)
		}
	}
}

// A list or a map stands where GitLab takes one.
func TestListsAreNoVariables(t *testing.T) {
	for _, derived := range []string{
		"format: list", "format: map", "format: list, key: [variables, P]", "format: map, key: [job, variables, P]", "format: list, key: [variables, P, value]",
	} {
		text := "projects:\n  - path: g/p\n    files:\n      - path: a\n        derived: {path: b, " + derived + "}\n"
		if _, err := Parse("pinwheel.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "pinwheel.yaml:5") || !strings.Contains(err.Error(), "GitLab takes") {
			t.Errorf("%s: %v", derived, err)
		}
	}
	for _, derived := range []string{"format: list, key: [pins]", "format: map, key: [.pins, P]", "format: block", "key: [variables, P, value]"} {
		if _, err := Parse("pinwheel.yaml", []byte(one("files: [{path: a, derived: {path: b, "+derived+"}}]"))); err != nil {
			t.Errorf("%s: %v", derived, err)
		}
	}
}

// A project's own file is written by whoever may push to the project. Twice as
// long a one may take twice as long to read.
func TestReadingTakesTimeInProportion(t *testing.T) {
	project := one("")
	c, err := Parse("pinwheel.yaml", []byte(project))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		text func(n int) string
	}{
		{"labels", func(n int) string { return "labels:\n" + many("- l%\n", n) }},
		{"rules", func(n int) string { return "rules:\n" + many("- {packages: [p%], labels: [l]}\n", n) }},
		{"ages of rules", func(n int) string { return "rules:\n" + many("- {minimum_release_age: 9d} # %\n", n) }},
		{"windows of rules", func(n int) string { return "rules:\n" + many("- {window: \"* % * * *\"}\n", n) }},
		{"packages of a rule", func(n int) string { return "rules:\n- labels: [l]\n  packages:\n" + many("  - p%\n", n) }},
		{"files", func(n int) string { return "files:\n" + many("- {path: a%}\n", n) }},
		{"extras", func(n int) string { return "extras:\n" + many("- p%[x]\n", n) }},
		{"roots", func(n int) string { return "roots:\n" + many("- p%\n", n) }},
		{"wrong requirements", func(n int) string { return "ignore_edges:\n" + many("- {from: a%, to: b, reason: r}\n", n) }},
		{"unknown keys", func(n int) string { return many("k%: 1\n", n) }},
		{"brackets", func(n int) string { return "labels: " + strings.Repeat("[", n) + strings.Repeat("]", n) + "\n" }},
		{"mappings in brackets", func(n int) string { return "labels: " + strings.Repeat("{a: ", n) + strings.Repeat("}", n) + "\n" }},
		{"dashes on one line", func(n int) string { return "labels:\n" + strings.Repeat("- ", n) + "a\n" }},
		{"question marks", func(n int) string { return strings.Repeat("? ", n) + "a\n" }},
		{"a glob of stars", func(n int) string { return "rules: [{labels: [l], packages: [\"" + strings.Repeat("*a", n) + "\"]}]" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testenv.Linear(t, 200, func(n int) func() {
				text := []byte(tt.text(n))
				return func() { _, _, _ = c.Projects[0].Own(text) }
			})
		})
	}
}

// many repeats a form with a number in place of each percent sign.
func many(form string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(form, "%", strconv.Itoa(i)))
	}
	return b.String()
}

// A pattern costs its length times that of each name, so that it has a bound.
func TestPatternsHaveABound(t *testing.T) {
	long := strings.Repeat("*a", 128)
	for _, rule := range []string{"packages: [\"" + long + "\"]", "packages: [\"/" + strings.Repeat("a?", 128) + "/\"]", "files: [\"" + long + "\"]"} {
		if _, err := Parse("pinwheel.yaml", []byte(one("rules: [{labels: [l], "+rule+"}]"))); err == nil || !strings.Contains(err.Error(), "longer than 255") {
			t.Errorf("%.40s: %v", rule, err)
		}
	}
	if _, err := Parse("pinwheel.yaml", []byte(one("rules: [{labels: [l], packages: [\""+long[:255]+"\"]}]"))); err != nil {
		t.Error(err)
	}
}

// Nesting costs more than its length, so that it has a bound, which is one sentence
// with the line: in a configuration, in a project's own file, and in a list of any
// form.
func TestNestingHasABound(t *testing.T) {
	c, err := Parse("pinwheel.yaml", []byte(one("")))
	if err != nil {
		t.Fatal(err)
	}
	for _, deep := range []string{
		"labels: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "\n",
		"labels: " + strings.Repeat("{a: ", 200) + "b" + strings.Repeat("}", 200) + "\n",
		"labels:\n" + strings.Repeat("- ", 200) + "a\n",
		"labels: " + strings.Repeat("[", 5000) + "\n",
		"labels: " + strings.Repeat("[{a: ", 3000) + "\n",
	} {
		_, err := Parse("pinwheel.yaml", []byte(deep))
		_, _, own := c.Projects[0].Own([]byte(deep))
		for _, err := range []error{err, own} {
			if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "it is nested more than 100 deep: write it flatter") {
				t.Errorf("%.40s...: %v", deep, err)
			}
		}
	}
	flat := "labels: [" + strings.Repeat("[a], ", 500) + "]\n"
	if _, err := Parse("pinwheel.yaml", []byte(flat)); err == nil || strings.Contains(err.Error(), "nested") {
		t.Errorf("many beside each other: %v", err)
	}
}
