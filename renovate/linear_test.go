package renovate

import (
	"strconv"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// numbered repeats a form with a number in place of each percent sign.
func numbered(form string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(form, "%", strconv.Itoa(i)))
	}
	return b.String()
}

// A configuration of a project or a preset is a stranger's text. Twice as long a one may take twice
// as long to read, whatever stands in it.
func TestReadTakesTimeInProportion(t *testing.T) {
	for _, tt := range []struct {
		name string
		n    int
		text func(n int) string
	}{
		{"different keys", 500, func(n int) string { return "{" + numbered(`"key%":1,`, n) + "}" }},
		{"one key", 500, func(n int) string { return "{" + strings.Repeat(`"key":1,`, n) + "}" }},
		{"keys of which each is there twice", 300, func(n int) string { return "{" + numbered(`"key%":1,`, n) + numbered(`"key%":2,`, n) + "}" }},
		{"keys of an object in a list", 500, func(n int) string { return `{"customManagers":[{` + numbered(`"key%":1,`, n) + "}]}" }},
		{"keys of a rule", 300, func(n int) string { return `{"packageRules":[{` + numbered(`"key%":1,`, n) + "}]}" }},
		{"keys of a rule with a preset", 300, func(n int) string {
			return `{"packageRules":[{"extends":[` + strings.Repeat(`"schedule:weekly",`, n) + `],` + numbered(`"key%":1,`, n) + "}]}"
		}},
		{"conditions of a rule", 300, func(n int) string { return `{"packageRules":[{` + numbered(`"matchKey%":["a"],`, n) + "}]}" }},
		{"rules", 10, func(n int) string {
			return `{"packageRules":[` + numbered(`{"matchPackageNames":["p%"],"enabled":false},`, n) + `]}`
		}},
		{"names of a rule", 100, func(n int) string {
			return `{"packageRules":[{"matchPackageNames":[` + numbered(`"p%",`, n) + `],"enabled":false}]}`
		}},
		{"ignored names", 100, func(n int) string { return `{"ignoreDeps":[` + numbered(`"p%",`, n) + `]}` }},
		{"labels", 100, func(n int) string { return `{"labels":[` + numbered(`"l%",`, n) + `]}` }},
		{"kinds of updates", 500, func(n int) string {
			return `{"packageRules":[{"matchUpdateTypes":[` + strings.Repeat(`"major","patch",`, n) + `]}]}`
		}},
		{"a schedule", 100, func(n int) string { return `{"schedule":[` + strings.Repeat(`"before 5am on monday",`, n) + `]}` }},
		{"a schedule of days", 300, func(n int) string { return `{"schedule":"on monday` + strings.Repeat(" and tuesday", n) + `"}` }},
		{"presets", 500, func(n int) string { return `{"extends":[` + numbered(`"local>a/b%",`, n) + `]}` }},
		{"presets in rules", 50, func(n int) string {
			return `{"packageRules":[` + numbered(`{"extends":["local>a/b%"],"enabled":false},`, n) + `]}`
		}},
		{"ignored presets", 500, func(n int) string {
			return `{"ignorePresets":[` + numbered(`"a%",`, n) + `],"extends":[` + numbered(`"b%",`, n) + `]}`
		}},
		{"patterns of files", 100, func(n int) string { return `{"includePaths":[` + numbered(`"a%/**",`, n) + `]}` }},
		{"braces in a pattern", 100, func(n int) string { return `{"includePaths":["` + strings.Repeat("{a,b}", n) + `"]}` }},
		{"a long text", 2000, func(n int) string { return `{"timezone":"` + strings.Repeat(`\u0061`, n) + `"}` }},
		{"a text over lines", 2000, func(n int) string { return `{"timezone":"` + strings.Repeat("a\\\n", n) + `"}` }},
		{"a long key", 2000, func(n int) string { return `{` + strings.Repeat("a", n) + `:1}` }},
		{"a long number", 4000, func(n int) string { return `{a:` + strings.Repeat("1", n) + `}` }},
		{"comments", 2000, func(n int) string { return strings.Repeat("/* a */ // b\n", n) + "{}" }},
		{"a comment that does not end", 2000, func(n int) string { return strings.Repeat("/* ", n) }},
		{"a list of nothing", 2000, func(n int) string { return "{a:[" + strings.Repeat("[],", n) + "]}" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testenv.Linear(t, tt.n, func(n int) func() {
				data := []byte(tt.text(n))
				return func() { _, _ = Read("renovate.json", data, Options{}) }
			})
		})
	}
}
