package constraints

import (
	"strconv"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// many repeats a form with a number in place of each percent sign.
func many(form string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(form, "%", strconv.Itoa(i)))
	}
	return b.String()
}

// Whoever may push to a project writes its constraints file. Twice as long a one
// may take twice as long to read, whatever stands in it.
func TestParseTakesTimeInProportion(t *testing.T) {
	for _, tt := range []struct {
		name string
		text func(n int) string
	}{
		{"pins", func(n int) string { return many("p%==1\n", n) }},
		{"one name", func(n int) string { return many("p==%\n", n) }},
		{"refused lines", func(n int) string { return many("p%=1\n", n) }},
		{"continued lines", func(n int) string { return "p==1" + strings.Repeat(" \\\n", n) }},
		{"backslashes", func(n int) string { return "p==1 " + strings.Repeat("\\", n) }},
		{"marks of comments", func(n int) string { return "p==1" + strings.Repeat("#", n) + " # c" }},
		{"hashes", func(n int) string { return "p==1" + many(" --hash=sha256:%", n) }},
		{"hashes over lines", func(n int) string { return "p==1" + many(" \\\n --hash=sha256:%", n) }},
		{"options", func(n int) string { return "p==1" + strings.Repeat(" --pre", n) }},
		{"quotes", func(n int) string { return "p==1 -" + strings.Repeat("'", n) }},
		{"quoted words", func(n int) string { return "-f '" + strings.Repeat("\"' '", n) }},
		{"a long name", func(n int) string { return strings.Repeat("a-", n) + "a==1" }},
		{"a long version", func(n int) string { return "p==1" + strings.Repeat(".1", n) }},
		{"a long local version", func(n int) string { return "p==1+" + strings.Repeat("a.", n) + "a" }},
		{"zeros", func(n int) string { return "p==" + strings.Repeat("0", n) }},
		{"clauses", func(n int) string { return "p" + many(",>=%", n)[1:] }},
		{"extras", func(n int) string { return "p[" + many("a%,", n) + "a]==1" }},
		{"a chain of markers", func(n int) string { return "p==1; os_name=='a'" + strings.Repeat(" or os_name=='a'", n) }},
		{"nested markers", func(n int) string { return "p==1; " + strings.Repeat("(", n) + "os_name=='a'" + strings.Repeat(")", n) }},
		{"open brackets", func(n int) string { return "p==1; " + strings.Repeat("(", n) }},
		{"brackets of extras", func(n int) string { return "p" + strings.Repeat("[", n) }},
		{"a path of brackets", func(n int) string { return strings.Repeat("[a]", n) + ".zip" }},
		{"a URL", func(n int) string {
			return "https://h/" + strings.Repeat("a", n) + "#egg=" + strings.Repeat("&egg=a", n)
		}},
		{"variables", func(n int) string { return "p==1" + strings.Repeat("${", n) }},
		{"blanks", func(n int) string { return "p" + strings.Repeat(" ", n) + "==1" + strings.Repeat("\t", n) }},
		{"coding", func(n int) string { return "# " + strings.Repeat("coding:", n) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testenv.Linear(t, 400, func(n int) func() {
				text := []byte(tt.text(n))
				return func() { _, _ = Parse("constraints.txt", text) }
			})
		})
	}
}

// So it is with the derived file.
func TestDeriveTakesTimeInProportion(t *testing.T) {
	for _, tt := range []struct {
		name string
		d    Derivation
		old  func(n int) string
		text func(n int) string
	}{
		{"a block", block, func(n int) string { return "variables:\n  PYTHON_CONSTRAINTS: |\n" + many("    p%==1\n", n) }, nil},
		{"a list", with(FormatList, "k"), func(n int) string { return "k:\n" + many("- p%==1\n", n) }, nil},
		{"a list in brackets", with(FormatList, "k"), func(n int) string { return "k: [" + many("p%==1, ", n) + "]\n" }, nil},
		{"a list of one name", with(FormatList, "k"), func(n int) string { return "k:\n" + many("- p==%\n", n) }, nil},
		{"a map", with(FormatMap, "k"), func(n int) string { return "k:\n" + many("  p%: '1'\n", n) }, nil},
		{"a map of one name", with(FormatMap, "k"), func(n int) string { return "k:\n" + strings.Repeat("  p: '1'\n", n) }, nil},
		{"aliases", with(FormatBlock, "k"), func(n int) string { return "a: &a |\n  p0==1\n" + many("b%: *a\n", n) + "k: *a\n" }, nil},
		{"anchors", with(FormatBlock, "k"), func(n int) string { return many("b%: &a% x\n", n) + many("c%: *a%\n", n) + "k: x\n" }, nil},
		{"anchored entries", with(FormatList, "k"), func(n int) string { return "k:\n" + many("- &a% p%==1\n", n) + "z:\n" + many("- *a%\n", n) }, nil},
		{"keys", with(FormatBlock, "k"), func(n int) string { return many("a%: 1\n", n) + "k: x\n" }, nil},
		{"documents", with(FormatBlock, "k"), func(n int) string { return many("---\na: %\n", n) + "---\nk: x\n" }, nil},
		{"brackets", with(FormatBlock, "k"), func(n int) string { return "k: x\nz: " + strings.Repeat("[", n) + strings.Repeat("]", n) + "\n" }, nil},
		{"no key", with(FormatBlock, "nothing"), func(n int) string { return many("a%:\n  b: p%==1\n", n) }, nil},
		{"no key, deep", with(FormatBlock, "nothing"), deep, nil},
		{"quotes", with(FormatBlock, "k"), func(n int) string { return "k: '" + strings.Repeat("''", n) + "'\n" }, nil},
		{"new entries", with(FormatList, "k"), func(int) string { return "k:\n- p0==1\n" }, nil},
		{"old entries", with(FormatList, "k"), func(n int) string { return "k:\n- p0==1\n" + many("- q%==1\n", n) }, func(int) string { return "p0==2\n" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testenv.Linear(t, 200, func(n int) func() {
				text := many("p%==2\n", n)
				if tt.text != nil {
					text = tt.text(n)
				}
				f, old := parse(t, text), []byte(tt.old(n))
				return func() { _, _ = Derive(f, old, tt.d) }
			})
		})
	}
}

// deep nests mappings in brackets.
func deep(n int) string { return strings.Repeat("{a: ", n) + "1" + strings.Repeat("}", n) + "\n" }

// A derived file that is nested too deeply is refused with its line, and what stands
// beside each other is not deep.
func TestADeepDerivedFileIsRefused(t *testing.T) {
	f := parse(t, "p==1\n")
	for _, old := range []string{
		"k: x\nz: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "\n",
		"k: x\nz: " + strings.Repeat("{a: ", 5000) + "\n",
		"k: x\nz:\n" + strings.Repeat("- ", 200) + "a\n",
	} {
		_, err := Derive(f, []byte(old), with(FormatBlock, "k"))
		if err == nil || !strings.Contains(err.Error(), "it is nested more than 100 deep: write it flatter") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.30q: %v", old, err)
		}
	}
	if _, err := Derive(f, []byte("k: x\nz: ["+strings.Repeat("[[a]], ", 500)+"b]\n"), with(FormatBlock, "k")); err != nil {
		t.Errorf("many beside each other: %v", err)
	}
}
