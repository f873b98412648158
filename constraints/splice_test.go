package constraints

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

const pins = "a==1.1\nb==2.2\n"

func TestDeriveKeepsTheRest(t *testing.T) {
	for _, c := range []struct {
		name, old string
		d         Derivation
		text      string
		want      string
	}{
		{
			"literal", "# top\nv: \n  x: 1 # c\n  k: |  # why\n      a==1\n      b==2\n\n\n  # next\n  y: 'z'\n",
			with(FormatBlock, "v", "k"), pins,
			"# top\nv: \n  x: 1 # c\n  k: |  # why\n      a==1.1\n      b==2.2\n\n\n  # next\n  y: 'z'\n",
		},
		{
			"strip becomes clip", "k: |-\n  a==1\nz: 1\n", with(FormatBlock, "k"), pins,
			"k: |\n  a==1.1\n  b==2.2\nz: 1\n",
		},
		{
			"folded with an indicator", "v:\n    k: >2+\n      a==1\n\n    z: 1", with(FormatBlock, "v", "k"), pins,
			"v:\n    k: |\n      a==1.1\n      b==2.2\n\n    z: 1",
		},
		{
			"plain over lines", "k: a==1\n  b==2 # c\n# d\nz: 1\n", with(FormatBlock, "k"), pins,
			"k: | # c\n  a==1.1\n  b==2.2\n# d\nz: 1\n",
		},
		{
			"quoted, indent of the parent", "v:\n    k: \"a==1\\n\\\n b\" # c\n    z: {}\n", with(FormatBlock, "v", "k"), pins,
			"v:\n    k: | # c\n        a==1.1\n        b==2.2\n    z: {}\n",
		},
		{
			"nothing at the end of the file", "v:\n  k:", with(FormatBlock, "v", "k"), pins,
			"v:\n  k: |\n    a==1.1\n    b==2.2\n",
		},
		{
			"nothing, then a comment", "v:\n  k:  # c\n  # d\nz: 1\n", with(FormatBlock, "v", "k"), pins,
			"v:\n  k: |  # c\n    a==1.1\n    b==2.2\n  # d\nz: 1\n",
		},
		{
			"a comment a literal would take in", "k: \"\"\n    # d\nz: 1\n", with(FormatBlock, "k"), pins,
			"k: \"a==1.1\\n\\\n  b==2.2\\n\"\n    # d\nz: 1\n",
		},
		{
			"blank lines that |+ would take in", "k: ''\n\nz: 1\n", with(FormatBlock, "k"), "a==1\n\n",
			"k: \"a==1\\n\\\n  \\n\"\n\nz: 1\n",
		},
		{
			"blank lines that |+ held", "k: |+\n  a==1\n\n\nz: 1\n", with(FormatBlock, "k"), "a==2\n\n",
			"k: |+\n  a==2\n\nz: 1\n",
		},
		{
			"CRLF", "v:\r\n  k: |\r\n    a==1\r\n  z: 1\r\n", with(FormatBlock, "v", "k"), pins,
			"v:\r\n  k: |\r\n    a==1.1\r\n    b==2.2\r\n  z: 1\r\n",
		},
		{
			"byte order mark and quoted keys", "\xef\xbb\xbf\"v\" :\n  'k':\t\"\"\n", with(FormatBlock, "v", "k"), pins,
			"\xef\xbb\xbf\"v\" :\n  'k': |\n    a==1.1\n    b==2.2\n",
		},
		{
			"anchor and tag", "k: &x !!str |\n  a==1\nz: *x\n", with(FormatBlock, "k"), pins,
			"k: &x |\n  a==1.1\n  b==2.2\nz: *x\n",
		},
		{
			"an alias", "z: &x a==1\nk: *x # c\n", with(FormatBlock, "k"), pins,
			"z: &x |\n  a==1.1\n  b==2.2\nk: *x # c\n",
		},
		{
			"flow", "v: {x: [1, 'k: 2'], k: \"a==1\\n\", z: 3} # c\n", with(FormatBlock, "v", "k"), pins,
			"v: {x: [1, 'k: 2'], k: \"a==1.1\\nb==2.2\\n\", z: 3} # c\n",
		},
		{
			"JSON", "{\"v\":{\"k\":[\"a==1\"],\"z\":1}}", with(FormatList, "v", "k"), pins,
			"{\"v\":{\"k\":[\"a==1.1\", \"b==2.2\"],\"z\":1}}",
		},
		{
			"flow, nothing", "v: {k: , z: plain text}\n", with(FormatMap, "v", "k"), pins,
			"v: {k: {a: \"1.1\", b: \"2.2\"} , z: plain text}\n",
		},
		{
			"flow, plain", "v: {k: a==1 , z: 1}\n", with(FormatBlock, "v", "k"), "a==$\n# c"[5:],
			"v: {k: \"# c\" , z: 1}\n",
		},
		{
			"second document", "spec: {k: 1}\n---\nv:\n  k: ''\n...\n", with(FormatBlock, "v", "k"), pins,
			"spec: {k: 1}\n---\nv:\n  k: |\n    a==1.1\n    b==2.2\n...\n",
		},
		{
			"list with dashes below the key", "v:\n  k: # c\n  - a==1 # d\n  - b==2\n  # e\n  z: 1\n", with(FormatList, "v", "k"), pins,
			"v:\n  k: # c\n  - a==1.1 # d\n  - b==2.2\n  # e\n  z: 1\n",
		},
		{
			"list becomes block", "k:\n- a==1\n-\n  - |\n    x\n    # y\nz: 1\n", with(FormatBlock, "k"), pins,
			"k: |\n  a==1.1\n  b==2.2\nz: 1\n",
		},
		{
			"map", "k:\n      a: '1'\n      b:\nz: 1\n", with(FormatMap, "k"), pins,
			"k:\n      a: '1.1'\n      b: '2.2'\nz: 1\n",
		},
		{
			"a variable with a description", "v:\n  k:\n    value: |\n      a==1\n    description: d\n  z: 1\n", with(FormatBlock, "v", "k"), pins,
			"v:\n  k:\n    value: |\n      a==1.1\n      b==2.2\n    description: d\n  z: 1\n",
		},
		{
			"a dollar comes", "variables:\n  k: | # c\n   a==1\n  z: 1\n", with(FormatBlock, "variables", "k"), "a==1 # $\n",
			"variables:\n  k: # c\n   value: |\n     a==1 # $\n   expand: false\n  z: 1\n",
		},
		{
			"a dollar stays", "v:\n  k: {value: a==1, expand: false, description: $}\n", with(FormatBlock, "v", "k"), "a==1 # $",
			"v:\n  k: {value: \"a==1 # $\", expand: false, description: $}\n",
		},
		{
			"no last line end", "v:\n  k: [a==1]", with(FormatList, "v", "k"), pins,
			"v:\n  k: [a==1.1, b==2.2]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parse(t, c.text)
			if ok, err := InSync(f, []byte(c.old), c.d); ok || err != nil {
				t.Errorf("in step before: %v", err)
			}
			got, err := Derive(f, []byte(c.old), c.d)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
			if c.name == "second document" {
				return // the second reader of the test reads one document
			}
			checkDerived(t, f, got, c.d)
		})
	}
}

func TestDeriveLeavesAnotherStyleAlone(t *testing.T) {
	for _, old := range []string{
		"k: \"a==1.1\\nb==2.2\\n\"\n",
		"k: >\n  a==1.1\n\n  b==2.2\n",
		"k:\n  value: |\n    a==1.1\n    b==2.2\n  expand: true\n",
		"z: &x |\n  a==1.1\n  b==2.2\nk: *x\n",
	} {
		got, err := Derive(parse(t, pins), []byte(old), with(FormatBlock, "k"))
		if err != nil || string(got) != old {
			t.Errorf("%q became %q (%v)", old, got, err)
		}
	}
}

func TestDeriveRefusesFiles(t *testing.T) {
	for _, c := range []struct {
		old, text string
		want      string
	}{
		{"v:\n  k: 1\n  k: 2\n", pins, "pipeline/constraints.yml:3: the key k stands in line 2 already; keep one"},
		{"v: {k: 1}\n---\nv: {k: 2}\n", pins, "v.k stands in two documents, in lines 1 and 3; keep one"},
		{"w: &x {k: 1}\nv: *x\n", pins, "pipeline/constraints.yml:2: *x stands where k is looked for"},
		{"v: [\n", pins, "pipeline/constraints.yml:2: it is not YAML"},
		{"v:\n  k: 1\n\tz: 1\n", pins, "it is not YAML"},
		{"v:\n  k: \xff\n", pins, "pipeline/constraints.yml:2: it is not UTF-8"},
		{"v:\n  k: [&x a]\n  z: *x\n", pins, "pipeline/constraints.yml:2: &x stands within the value of v.k"},
		{"v:\n  ? k\n  : 1\n", pins, "cannot be replaced"},
	} {
		got, err := Derive(parse(t, c.text), []byte(c.old), with(FormatBlock, "v", "k"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %q, %v, want %q", c.old, got, err, c.want)
		}
	}
}

func TestMissingKey(t *testing.T) {
	for _, c := range []struct{ name, old, want string }{
		{"a text elsewhere", "image: x\nvariables:\n  A: a==1\n  python_constraints: |\n    # c\n    a==1\n    b==2\n",
			"pipeline/constraints.yml has no key variables.PYTHON_CONSTRAINTS; variables.python_constraints (line 4) holds the pins, " +
				"so write derived: {path: pipeline/constraints.yml, format: block, key: [variables, python_constraints]}"},
		{"a list", ".c:\n  - a==1\n  - b==2\n", "key: [.c]}"},
		{"a map", ".c:\n  \"a, b\": {A: \"1\", b: '2'}\n", "format: map, key: [.c, \"a, b\"]}"},
		{"a variable", "variables:\n  P: {value: \"a==1\", expand: false}\n", "format: block, key: [variables, P]}"},
		{"nothing", "variables:\n  P: c==1\n", "has no key variables.PYTHON_CONSTRAINTS: add PYTHON_CONSTRAINTS: \"\" below variables, or name another key"},
		{"an empty file", "", "add PYTHON_CONSTRAINTS: \"\" below variables"},
		{"comments only", "---\n# x\n", "add PYTHON_CONSTRAINTS: \"\" below variables"},
		{"a text in the way", "variables: a==1\n", "key: [variables]}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parse(t, pins)
			_, err := Derive(f, []byte(c.old), block)
			var missing *MissingKeyError
			if !errors.As(err, &missing) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if _, err := InSync(f, []byte(c.old), block); !errors.As(err, &missing) {
				t.Errorf("InSync: %v", err)
			}
			if _, err := ReadDerived([]byte(c.old), block); !errors.As(err, &missing) || missing.Found != nil {
				t.Errorf("ReadDerived: %v", err)
			}
			if missing.Found == nil {
				return
			}
			d := Derivation{Path: block.Path, Format: missing.Format, Key: missing.Found}
			if err := parseAndDerive(f, c.old, d); err != nil {
				t.Errorf("what the error suggests does not fit: %v", err)
			}
		})
	}
}

func parseAndDerive(f *File, old string, d Derivation) error {
	out, err := Derive(f, []byte(old), d)
	if err == nil && bytes.Equal(out, []byte(old)) {
		return errors.New("nothing changed")
	}
	return err
}

func TestReadDerivedShapes(t *testing.T) {
	for _, c := range []struct {
		data string
		d    Derivation
	}{
		{"k: [a==1]\n", with(FormatBlock, "k")},
		{"k: a==1\n", with(FormatList, "k")},
		{"k: [1]\n", with(FormatList, "k")},
		{"k: [\"a\\nb\"]\n", with(FormatList, "k")},
		{"k: {a: 1.10}\n", with(FormatMap, "k")},
	} {
		if got, err := ReadDerived([]byte(c.data), c.d); err == nil {
			t.Errorf("%q reads as %q", c.data, got.Text)
		}
		if ok, err := InSync(parse(t, pins), []byte(c.data), c.d); ok || err != nil {
			t.Errorf("%q: in step %v, %v", c.data, ok, err)
		}
	}
	if ok, err := InSync(parse(t, pins), nil, block); ok || err != nil {
		t.Errorf("an absent file is in step: %v, %v", ok, err)
	}
}
