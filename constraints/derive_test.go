package constraints

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

var block = Derivation{Path: "pipeline/constraints.yml", Format: FormatBlock, Key: []string{"variables", "PYTHON_CONSTRAINTS"}}

func with(format Format, key ...string) Derivation {
	return Derivation{Path: "pipeline/constraints.yml", Format: format, Key: key}
}

func parse(t testing.TB, text string) *File {
	t.Helper()
	f, err := Parse("constraints.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const header = "---\n# Generated from constraints.txt by pinwheel. Do not edit.\n"

func TestDeriveFromScratch(t *testing.T) {
	for _, c := range []struct {
		name, text string
		d          Derivation
		want       string
	}{
		{"block", "anyio==4.2.0\n\n# c\nb==1 # d\n", block, header +
			"variables:\n  PYTHON_CONSTRAINTS: |\n    anyio==4.2.0\n\n    # c\n    b==1 # d\n"},
		{"no last newline", "a==1", block, header + "variables:\n  PYTHON_CONSTRAINTS: |-\n    a==1\n"},
		{"blank lines last", "a==1\n\n\n", block, header + "variables:\n  PYTHON_CONSTRAINTS: |+\n    a==1\n\n\n"},
		{"byte order mark", "\xef\xbb\xbfa==1\n", block, header + "variables:\n  PYTHON_CONSTRAINTS: |\n    a==1\n"},
		{"empty", "", block, header + "variables:\n  PYTHON_CONSTRAINTS: \"\"\n"},
		{"CRLF", "a==1\r\nb==2\r\n", with(FormatBlock, "k"), header + "k: \"a==1\\r\\n\\\n  b==2\\r\\n\"\n"},
		{"blank first", " a==1\n  b==2\n", with(FormatBlock, "k"), header + "k: \" a==1\\n\\\n  \\  b==2\\n\"\n"},
		{"control", "# \x01\u0085\n", with(FormatBlock, "k"), header + "k: \"# \\x01\\x85\\n\"\n"},
		{"dollar", "a==1 # $5\n", block, header +
			"variables:\n  PYTHON_CONSTRAINTS:\n    value: |\n      a==1 # $5\n    expand: false\n"},
		{"list", "a==1 # c\nb>=2,<3 ; python_version<'3'\n-c x.txt\n", with(FormatList, ".pins", "on"), header +
			".pins:\n  \"on\":\n    - a==1\n    - \"b>=2,<3 ; python_version<'3'\"\n    - \"-c x.txt\"\n"},
		{"empty list", "# c\n", with(FormatList, "k"), header + "k: []\n"},
		{"map", "A.b==1.10\ny==1!2\n", with(FormatMap, "k"), header + "k:\n  A.b: \"1.10\"\n  \"y\": \"1!2\"\n"},
		{"empty map", "", with(FormatMap, "k"), header + "k: {}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parse(t, c.text)
			got, err := Derive(f, nil, c.d)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
			checkDerived(t, f, got, c.d)
		})
	}
}

// checkDerived checks the law of a derived file: both readers of YAML read the
// pins in it, and deriving again changes nothing.
func checkDerived(t *testing.T, f *File, data []byte, d Derivation) {
	t.Helper()
	want, err := contentOf(f, d)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadDerived(data, d)
	if err != nil || !got.holds(want) {
		t.Errorf("reads %q (%v), want %q\n%s", got.Text, err, want.text, data)
	}
	if text, err := readSecond(data, d); err != nil || text != want.text {
		t.Errorf("the second reader reads %q (%v), want %q\n%s", text, err, want.text, data)
	}
	if again, err := Derive(f, data, d); err != nil || !bytes.Equal(again, data) {
		t.Errorf("derived again: %v\n%s\nwas\n%s", err, again, data)
	}
	if ok, err := InSync(f, data, d); err != nil || !ok {
		t.Errorf("out of step: %v", err)
	}
}

// readSecond reads a derived file of one document with another YAML library.
func readSecond(data []byte, d Derivation) (string, error) {
	var doc any
	data = bytes.TrimPrefix(data, utf8BOM) // which that library takes for text
	if err := yaml.UnmarshalWithOptions(data, &doc, yaml.UseOrderedMap()); err != nil {
		return "", err
	}
	for _, name := range d.Key {
		doc = lookup(doc, name)
	}
	if inner := lookup(doc, "value"); inner != nil && d.Format == FormatBlock {
		doc = inner
	}
	switch v := doc.(type) {
	case string:
		return v, nil
	case []any:
		text := ""
		for _, line := range v {
			s, ok := line.(string)
			if !ok {
				return "", errors.New("an entry is not a string")
			}
			text += s + "\n"
		}
		return text, nil
	case yaml.MapSlice:
		text := ""
		for _, e := range v {
			k, ok1 := e.Key.(string)
			s, ok2 := e.Value.(string)
			if !ok1 || !ok2 {
				return "", errors.New("an entry is not a string")
			}
			text += k + "==" + s + "\n"
		}
		return text, nil
	}
	return "", errors.New("nothing there")
}

func lookup(doc any, name string) any {
	m, _ := doc.(yaml.MapSlice)
	for _, e := range m {
		if e.Key == name {
			return e.Value
		}
	}
	return nil
}

func TestDeriveRefuses(t *testing.T) {
	large := strings.Repeat("# 0123456789\n", MaxDerived/13+1)
	for _, c := range []struct {
		text string
		d    Derivation
		want string
	}{
		{"a==1\nb==2 # \x00\n", block, "derive pipeline/constraints.yml from constraints.txt:2: a NUL"},
		{large, block, "constraints.txt:7877: the file is larger than 100 KiB"},
		{"# coding: latin-1\n# \xe9\n", block, "constraints.txt:2: the file is not UTF-8"},
		{"a==1", with("text", "k"), `"text" is no format; write block, list or map`},
		{"a==1", with(FormatList), "the key is empty"},
		{"a==1;python_version<'3'\n", with(FormatMap, "k"), "constraints.txt:1: a has a marker, which format map cannot carry"},
		{"a==1\nA==2\n", with(FormatMap, "k"), "constraints.txt:2: A stands in line 1 already"},
		{"a===1\n", with(FormatMap, "k"), "constraints.txt:1: a is pinned with ==="},
		{"a==1 --hash=sha256:00\n", with(FormatMap, "k"), "constraints.txt:1: a has hashes"},
		{"a==1\nb>2\n", with(FormatMap, "k"), "constraints.txt:2: a range is not a pin"},
	} {
		if _, err := Derive(parse(t, c.text), nil, c.d); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestDeriveRealFiles(t *testing.T) {
	for name, data := range realFiles(t) {
		f, err := Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range []Format{FormatBlock, FormatList, FormatMap} {
			d := with(format, "variables", "P")
			if _, err := contentOf(f, d); err != nil {
				t.Logf("%v", err)
				continue
			}
			out, err := Derive(f, nil, d)
			if err != nil {
				t.Fatal(err)
			}
			checkDerived(t, f, out, d)
		}
	}
}
