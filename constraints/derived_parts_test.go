package constraints

import (
	"strings"
	"testing"
)

// What GitLab CI takes for a variable decides how a text with $ is written.
func TestDeriveWritesExpandForVariablesAlone(t *testing.T) {
	const dollar = "a==1.1 # $5\n"
	for _, c := range []struct {
		name, old string
		key       []string
		want      string
	}{
		{"a variable", "variables:\n  P: |\n    a==1\n", []string{"variables", "P"},
			"variables:\n  P:\n    value: |\n      a==1.1 # $5\n    expand: false\n"},
		{"a job's variable", "j:\n  variables:\n    P: |\n      a==1\n", []string{"j", "variables", "P"},
			"j:\n  variables:\n    P:\n      value: |\n        a==1.1 # $5\n      expand: false\n"},
		{"a hidden key", ".pins: |\n  a==1\n", []string{".pins"}, ".pins: |\n  a==1.1 # $5\n"},
		{"below a hidden key", ".pins:\n  P: |\n    a==1\n", []string{".pins", "P"}, ".pins:\n  P: |\n    a==1.1 # $5\n"},
		{"the value of a variable", "variables:\n  P:\n    description: d\n    expand: false\n    value: |\n      a==1\n", []string{"variables", "P", "value"},
			"variables:\n  P:\n    description: d\n    expand: false\n    value: |\n      a==1.1 # $5\n"},
		{"the value of a variable that is expanded", "variables:\n  P:\n    value: |\n      a==1\n    description: d\n", []string{"variables", "P", "value"},
			"variables:\n  P:\n    value: |\n      a==1.1 # $5\n    expand: false\n    description: d\n"},
		{"a variable that says so", "variables:\n  P:\n    expand: true # c\n    value: a==1\n  Q: 1\n", []string{"variables", "P"},
			"variables:\n  P:\n    expand: false # c\n    value: |\n      a==1.1 # $5\n  Q: 1\n"},
		{"a variable in brackets", "variables: {P: {value: a==1, description: d}}\n", []string{"variables", "P"},
			"variables: {P: {value: \"a==1.1 # $5\\n\", expand: false, description: d}}\n"},
		{"the pins of two users", ".p: &p\n  value: |\n    a==1\n  expand: false\nvariables:\n  P: *p\n", []string{"variables", "P"},
			".p: &p\n  value: |\n    a==1.1 # $5\n  expand: false\nvariables:\n  P: *p\n"},
	} {
		t.Run(c.name, func(t *testing.T) { derives(t, c.old, dollar, with(FormatBlock, c.key...), c.want) })
	}
	fresh, err := Derive(parse(t, dollar), nil, with(FormatBlock, "variables", "P", "value"))
	if want := header + "variables:\n  P:\n    value: |\n      a==1.1 # $5\n    expand: false\n"; err != nil || string(fresh) != want {
		t.Errorf("from scratch: %v\n got %q\nwant %q", err, fresh, want)
	}
}

// derives checks what becomes of an old file, and that the outcome stays.
func derives(t *testing.T, old, text string, d Derivation, want string) {
	t.Helper()
	f := parse(t, text)
	got, err := Derive(f, []byte(old), d)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	if ok, err := InSync(f, got, d); !ok || err != nil {
		t.Errorf("in step afterwards: %v, %v", ok, err)
	}
	if again, err := Derive(f, got, d); err != nil || string(again) != string(got) {
		t.Errorf("derived again: %v, %q", err, again)
	}
}

// refuses checks that an old file is left alone, with words that say why.
func refuses(t *testing.T, old, text string, d Derivation, want ...string) {
	t.Helper()
	got, err := Derive(parse(t, text), []byte(old), d)
	if err == nil {
		t.Errorf("%q became %q, want an error with %q", old, got, want)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error is %q, want %q in it", err, w)
		}
	}
}

// Who writes an alias, an anchor or a !reference means one text for several
// places. It is changed where it stands, or the line is named.
func TestDeriveKeepsAliases(t *testing.T) {
	variable := with(FormatBlock, "variables", "P")
	for _, c := range []struct {
		name, old string
		d         Derivation
		want      string
	}{
		{"an alias of the pins", ".p: &p |\n  a==1\nvariables:\n  P: *p\nj:\n  variables: {P: *p}\n", variable,
			".p: &p |\n  a==1.1\n  b==2.2\nvariables:\n  P: *p\nj:\n  variables: {P: *p}\n"},
		{"an alias in a variable's mapping", ".p: &p |\n  a==1\nvariables:\n  P: {value: *p, description: d}\n", variable,
			".p: &p |\n  a==1.1\n  b==2.2\nvariables:\n  P: {value: *p, description: d}\n"},
		{"an anchor in a list", ".p:\n  - x\n  - &p |\n    a==1\n  - y\nvariables:\n  P: *p\n", variable,
			".p:\n  - x\n  - &p |\n    a==1.1\n    b==2.2\n  - y\nvariables:\n  P: *p\n"},
		{"an anchor in brackets", ".p: [x, &p a==1, y]\nvariables:\n  P: *p\n", variable,
			".p: [x, &p \"a==1.1\\nb==2.2\\n\", y]\nvariables:\n  P: *p\n"},
		{"the anchor itself", "variables:\n  P: &p |\n    a==1\nj:\n  variables:\n    P: *p\n", variable,
			"variables:\n  P: &p |\n    a==1.1\n    b==2.2\nj:\n  variables:\n    P: *p\n"},
		{"an alias of a list", ".p: &p\n  - a==1 # c\nk: *p\n", with(FormatList, "k"),
			".p: &p\n  - a==1.1 # c\n  - b==2.2\nk: *p\n"},
	} {
		t.Run(c.name, func(t *testing.T) { derives(t, c.old, pins, c.d, c.want) })
	}
	for _, c := range []struct {
		old, text string
		d         Derivation
		want      []string
	}{
		{"z: &x other\nvariables:\n  P: *x\n", pins, variable, []string{"yml:3", "*x", "line 1"}},
		{"variables:\n  P: &x other\nj: *x\n", pins, variable, []string{"yml:2", "&x", "line 3"}},
		{"variables:\n  P: !reference [.pins, text]\n", pins, variable, []string{"yml:2", "!reference"}},
		{"variables:\n  P:\n    value: !reference [.pins, text]\n", pins, variable, []string{"yml:3", "!reference"}},
		{"variables:\n  P: !vault x\n", pins, variable, []string{"yml:2", "!vault"}},
		{".d: &d\n  expand: true\nvariables:\n  P:\n    <<: *d\n    description: x\n", pins, variable, []string{"yml:5", "*d"}},
		{".p: &p |\n  a==1\nvariables:\n  P: *p\n", "a==1.1 # $\n", variable, []string{"yml:4", "*p", "expand: false"}},
		{"variables:\n  P: &p |\n    a==1\nj: *p\n", "a==1.1 # $\n", variable, []string{"yml:2", "&p", "expand: false"}},
		{"k:\n  - !reference [.pins]\n  - a==1\n", pins, with(FormatList, "k"), []string{"yml:2", "!reference"}},
		{".x: &x a==1\nk:\n  - *x\n", pins, with(FormatList, "k"), []string{"yml:3", "*x"}},
		{".x: &x {a: '1'}\nk:\n  <<: *x\n  b: '2'\n", pins, with(FormatMap, "k"), []string{"yml:3", "*x"}},
		{"k:\n  a: &v '1'\n  b: '2.2'\nz: *v\n", pins, with(FormatMap, "k"), []string{"yml:2", "&v"}},
	} {
		refuses(t, c.old, c.text, c.d, c.want...)
	}
}

// Of a list or a map only the entries that moved change, so that two merge
// requests change different lines.
func TestDeriveChangesEntriesThatMoved(t *testing.T) {
	list, pairs := with(FormatList, "k"), with(FormatMap, "k")
	for _, c := range []struct {
		name, old, text string
		d               Derivation
		want            string
	}{
		{"a map with comments", "k:\n  # main ones\n  a: '1.0'  # keep\n\n  b: \"2.2\"\nz: 1\n", pins, pairs,
			"k:\n  # main ones\n  a: '1.1'  # keep\n\n  b: \"2.2\"\nz: 1\n"},
		{"a map in another order", "k:\n  b: '2.2'\n  a: '1'\n", pins, pairs, "k:\n  b: '2.2'\n  a: '1.1'\n"},
		{"a plain version that would be a number", "k:\n  a: 1.0.0\n  b: '2.2'\n", pins, pairs, "k:\n  a: '1.1'\n  b: '2.2'\n"},
		{"a number is no version", "k:\n  a: 1.1\n  b: '2.2' # c\n", pins, pairs, "k:\n  a: '1.1'\n  b: '2.2' # c\n"},
		{"a plain version stays plain", "k:\n  a: 1.0.0\n", "a==1.1.0\n", pairs, "k:\n  a: 1.1.0\n"},
		{"a name is new", "k:\n  b: '2.2' # c\nz: 1\n", pins, pairs, "k:\n  a: '1.1'\n  b: '2.2' # c\nz: 1\n"},
		{"a name is new at the end", "k:\n  a: '1.1'\n  # e\n", pins, pairs, "k:\n  a: '1.1'\n  b: '2.2'\n  # e\n"},
		{"a name is new and no line end", "k:\n  a: '1.1'", pins, pairs, "k:\n  a: '1.1'\n  b: '2.2'"},
		{"a name goes", "k:\n  a: '1.1'\n  # of b\n  b: '2'\n  c: '3'\n", "a==1.1\nc==3\n", pairs, "k:\n  a: '1.1'\n  # of b\n  c: '3'\n"},
		{"the last name goes", "k:\n  a: '1.1'\n  b: '2'\nz: 1\n", "a==1.1\n", pairs, "k:\n  a: '1.1'\nz: 1\n"},
		{"CRLF", "k:\r\n  a: '1' # c\r\n  b: '2.2'\r\n", pins, pairs, "k:\r\n  a: '1.1' # c\r\n  b: '2.2'\r\n"},
		{"a map in brackets", "k: {a: '1', b: '2.2', c: '3'} # d\n", pins, pairs, "k: {a: '1.1', b: '2.2'} # d\n"},
		{"a map over lines in brackets", "k: {\n  b: '2.2', # c\n}\n", pins, pairs, "k: {\n  a: '1.1', b: '2.2', # c\n}\n"},
		{"a list with comments", "k:\n  - a==1 # c\n  # d\n  - 'b==2.2'\n  - c==3\n", pins, list, "k:\n  - a==1.1 # c\n  # d\n  - 'b==2.2'\n"},
		{"a list with quotes", "k:\n- 'a==1'\n- \"b==2.2\"\n", pins, list, "k:\n- 'a==1.1'\n- \"b==2.2\"\n"},
		{"a list in another order", "k:\n- b==2\n- a==1.1\n", pins, list, "k:\n- b==2.2\n- a==1.1\n"},
		{"a line is new in the middle", "k:\n  - a==1.1 # c\n  - c==3\n", "a==1.1\nb==2\nc==3\n", list, "k:\n  - a==1.1 # c\n  - b==2\n  - c==3\n"},
		{"one name with two markers", "k:\n  - \"a==1; python_version<'3'\"\n  - \"a==2; python_version>='3'\" # c\n",
			"a==1; python_version<'3'\na==3; python_version>='3'\n", list,
			"k:\n  - \"a==1; python_version<'3'\"\n  - \"a==3; python_version>='3'\" # c\n"},
		{"a list in brackets", "k: ['a==1', b==2.2]\n", pins, list, "k: ['a==1.1', b==2.2]\n"},
		{"JSON", "{\"k\":[\n  \"a==1\",\n  \"b==2.2\"\n]}\n", pins, list, "{\"k\":[\n  \"a==1.1\",\n  \"b==2.2\"\n]}\n"},
	} {
		t.Run(c.name, func(t *testing.T) { derives(t, c.old, c.text, c.d, c.want) })
	}
}

// Two versions of a twin that change different pins differ in different lines,
// so that git merges them.
func TestDerivedListsMergeCleanly(t *testing.T) {
	const old = "a==1\nb==1\nc==1\nd==1\n"
	for _, format := range []Format{FormatList, FormatMap} {
		d := with(format, "k")
		twin, err := Derive(parse(t, old), nil, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "d"} {
			out, err := Derive(parse(t, strings.Replace(old, name+"==1", name+"==2", 1)), twin, d)
			if err != nil {
				t.Fatal(err)
			}
			was, is := strings.Split(string(twin), "\n"), strings.Split(string(out), "\n")
			changed := 0
			for i := range was {
				if was[i] != is[i] {
					changed++
				}
			}
			if len(was) != len(is) || changed != 1 {
				t.Errorf("%s: %d lines changed for %s, want 1:\n%s", format, changed, name, out)
			}
		}
	}
}

// What GitLab refuses to read is not written.
func TestDeriveWritesNoVariableThatGitLabRefuses(t *testing.T) {
	for _, format := range []Format{FormatList, FormatMap} {
		for _, key := range [][]string{{"variables", "P"}, {"j", "variables", "P"}, {"variables", "P", "value"}} {
			d := with(format, key...)
			refuses(t, "j: 1\n", pins, d, "a variable", "format", "block")
			if _, err := Derive(parse(t, pins), nil, d); err == nil {
				t.Errorf("%s at %q was written", format, key)
			}
		}
	}
}

// Only a variable has to fit into the environment of a process.
func TestDeriveCapsVariablesAlone(t *testing.T) {
	large := strings.Repeat("a-long-name-of-a-package-to-fill-the-file==1.2.3.4.5.6.7.8.9\n", 2000)
	f := parse(t, large)
	for _, d := range []Derivation{with(FormatList, "pins"), with(FormatBlock, "pins"), with(FormatBlock, ".p", "text")} {
		if _, err := Derive(f, nil, d); err != nil {
			t.Errorf("%s at %q: %v", d.Format, d.Key, err)
		}
	}
	if _, err := Derive(f, nil, with(FormatBlock, "variables", "P")); err == nil || !strings.Contains(err.Error(), "100 KiB") {
		t.Errorf("a variable of %d bytes: %v", len(large), err)
	}
}

// The blank lines behind a value are the file's layout, even where |+ made them
// part of the old value.
func TestDeriveKeepsBlankLinesBehindAValue(t *testing.T) {
	for _, c := range []struct{ old, text, want string }{
		{"k: |+\n  a==1\n\n\nz: 1\n", pins, "k: |\n  a==1.1\n  b==2.2\n\n\nz: 1\n"},
		{"k: >2+\n  a==1\n\n# c\nz: 1\n", pins, "k: |\n  a==1.1\n  b==2.2\n\n# c\nz: 1\n"},
		{"k: |+\n  a==1\n\nz: 1\n", "a==2\n\n", "k: |+\n  a==2\n\nz: 1\n"},
	} {
		derives(t, c.old, c.text, with(FormatBlock, "k"), c.want)
	}
}
