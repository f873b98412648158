package metadata

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

const head = "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n"

// TestHeader reads what Python's email package was asked about as well: which
// fields a header has and what they say.
func TestHeader(t *testing.T) {
	for text, want := range map[string]string{
		head: "",
		head + "Requires-Dist: foo\nREQUIRES-DIST:bar \n":                      "foo|bar",
		head + "Requires-Dist: foo\n\nRequires-Dist: bar\n":                    "foo",
		head + "Requires-Dist: foo\r\nRequires-Dist: bar\r\n\r\nA: b":          "foo|bar",
		head + "Requires-Dist: foo\rRequires-Dist: bar":                        "foo|bar",
		head + "Requires-Dist: foo\n \nRequires-Dist: bar\n":                   "foo|bar",
		head + "Requires-Dist:\n foo\n":                                        "foo",
		head + "Requires-Dist: foo (>=\n\t1)\n":                                "foo (>=\n\t1)",
		head + "words\nRequires-Dist: foo\n":                                   "",
		head + "License: one\ntwo\nRequires-Dist: foo\n":                       "",
		head + "License: one\n two\n\tthree\nRequires-Dist: foo\n":             "foo",
		head + "\f\nRequires-Dist: foo\n":                                      "",
		head + "Requires-Dist : foo\nRequires-Dist: bar\n":                     "",
		head + "L\u00edcense: x\nRequires-Dist: foo\n":                         "",
		head + ": x\n y\nRequires-Dist: foo\n":                                 "foo",
		head + "From x: y\n z\nRequires-Dist: foo\n":                           "foo",
		"From x\n" + head + "Requires-Dist: foo":                               "foo",
		" x\n" + head + "Requires-Dist: foo":                                   "foo",
		head + "Requires-Dist: foo ; extra == \"\u00e9\"\n":                    "foo ; extra == \"\u00e9\"",
		head + "Requires-Dist: foo\nRequires-Dist: foo\n":                      "foo|foo",
		head + "Requires-Dist: acme[all]; extra == 'dev'\nSummary: \u2028":     "acme[all]; extra == 'dev'",
		head + "Summary:" + strings.Repeat("\n ", 1000) + "\nRequires-Dist: a": "a",
	} {
		m, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := strings.Join(m.RequiresDist, "|"); got != want {
			t.Errorf("%q requires %q, want %q", text, got, want)
		}
		for i, r := range m.Requires {
			if !strings.HasPrefix(m.RequiresDist[i], r.Name) {
				t.Errorf("requirement %d is %s, written %s", i, r, m.RequiresDist[i])
			}
		}
	}
}

func TestFields(t *testing.T) {
	m, err := Parse([]byte(`metadata-version: 9.9
Name: Acme.Tool
Version: 1.0
Name: other
Version: 2.0
Requires-Python: >=3.8,
  <4
Requires-Python: >=3.9
Provides-Extra: Test_All
Provides-Extra: a b
Provides-Extra: test-all
Provides-Extra: dev
Dynamic: Requires-Dist
Dynamic: Summary
Something-New: x

Requires-Dist: not-this
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Metadata{
		MetadataVersion: "9.9", Name: "Acme.Tool", Version: "1.0", RequiresPython: ">=3.8,\n  <4",
		Extras: []string{"dev", "test-all"}, Dynamic: []string{"requires-dist", "summary"},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("have %+v\nwant %+v", m, want)
	}
	if got := m.Python().String(); got != "<4,>=3.8" {
		t.Errorf("Python %q", got)
	}
	m.RequiresPython = "3.8+, probably"
	if !m.Python().IsEmpty() {
		t.Error("a broken Requires-Python asks for something")
	}
}

func TestRefusals(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for text, want := range map[string]string{
		"":                                "has metadata without a name or a version",
		"Name: acme\n\nVersion: 1\n":      "has metadata without a name or a version",
		"\ufeff" + head:                   "has metadata without a name or a version",
		"Name:\nName: acme\nVersion: 1\n": "has metadata without a name or a version",
		head + "\n\nd\xe9scription":       "has metadata that is not UTF-8",
		head + "Requires-Dist: foo bar\n": `has the requirement "foo bar", which does not parse (PEP 508)`,
		head + "Requires-Dist:\n":         `has the requirement "", which does not parse (PEP 508)`,
		head + "Requires-Dist: foo;\n\tpython_version<'3'\n":                 `has the requirement "foo;??python_version<'3'", which does not parse (PEP 508)`,
		head + "Requires-Dist: \u00e9\u001b[2J\" " + strings.Repeat("x", 99): `has the requirement "??[2J? ` + strings.Repeat("x", 73) + `", which does not parse (PEP 508)`,
		head + "Requires-Dist: a" + strings.Repeat(" ", maxLine) + ";\n":     `has a requirement of more than 64 KiB, "a` + strings.Repeat(" ", 79) + `"`,
		head + many(maxRequires+1, "Requires-Dist: p%d\n"):                   "has more than 5000 requirements",
		head + many(maxNames+1, "Provides-Extra: e%d\n"):                     "names more than 20000 extras and dynamic fields",
		head + many(200_000, "Classifier: %d\n"):                             "has more than 2 MiB of metadata before the description",
		head + "Summary: " + strings.Repeat("x", maxHeader):                  "has more than 2 MiB of metadata before the description",
		head + "Summary:" + strings.Repeat("\n x", maxHeader/3):              "has more than 2 MiB of metadata before the description",
		head + "\n" + strings.Repeat("x", MaxFile):                           "has more than 4 MiB of metadata",
	} {
		m, err := Parse([]byte(text))
		if format := m.MetadataVersion; !reflect.DeepEqual(m, Metadata{MetadataVersion: format}) || format != "2.1" && strings.HasPrefix(text, head) && len(text) <= MaxFile {
			t.Errorf("%.200q: have %+v beside the error", text, m)
		}
		var e *Error
		if !errors.As(err, &e) || e.Problem != want || err.Error() != "parse metadata: the file "+want {
			t.Errorf("%.200q:\nhave %v\nwant %s", text, err, want)
		}
	}
	for _, text := range []string{
		head + many(maxRequires, "Requires-Dist: p%d\n") + many(1000, "Provides-Extra: e%d\n"),
		head + "\n" + strings.Repeat("x", MaxFile-len(head)-1),
	} {
		if _, err := Parse([]byte(text)); err != nil {
			t.Errorf("%.80q: %v", text, err)
		}
	}
}

func TestNotStatic(t *testing.T) {
	for text, want := range map[string]string{
		"Metadata-Version: 2.2\n":                    "",
		"Metadata-Version: 2.10\nDynamic: License\n": "",
		"Metadata-Version: 2.1\n":                    "its metadata is older than version 2.2 and may change in the build (PEP 643)",
		"":                                           "its metadata is older than version 2.2 and may change in the build (PEP 643)",
		"Metadata-Version: two\n":                    "its metadata is older than version 2.2 and may change in the build (PEP 643)",
		"Metadata-Version: 2.4\nDynamic: Requires-Dist\n":    "its requires-dist is only known after a build (PEP 643)",
		"Metadata-Version: 2.4\nDynamic: PROVIDES-EXTRA\n":   "its provides-extra is only known after a build (PEP 643)",
		"Metadata-Version: 2.4\nDynamic: requires-python \n": "its requires-python is only known after a build (PEP 643)",
	} {
		m, err := Parse([]byte(text + "Name: acme\nVersion: 1.0\n"))
		if err != nil || m.NotStatic() != want {
			t.Errorf("%q: have %q, %v\nwant %q", text, m.NotStatic(), err, want)
		}
	}
}

// recorded returns the real files by path.
func recorded(tb testing.TB) map[string][]byte {
	tb.Helper()
	files := map[string][]byte{}
	for _, folder := range []string{"metadata", "metadata-2026"} {
		paths, err := filepath.Glob(filepath.Join(testenv.Shared(tb), "data/pypi", folder, "*.metadata"))
		if err != nil {
			tb.Fatal(err)
		}
		for _, path := range paths {
			if files[path], err = os.ReadFile(path); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return files
}

// TestRecorded reads every real file and counts fields in another way.
func TestRecorded(t *testing.T) {
	files := recorded(t)
	if len(files) != 60 {
		t.Errorf("%d recorded files, want 60", len(files))
	}
	requirements := 0
	for path, data := range files {
		m, err := Parse(data)
		if strings.HasPrefix(filepath.Base(path), "ipython-4.1.0rc1-") { // it was published so
			if fmt.Sprint(err) != `parse metadata: the file has the requirement "setuptools (>=18.5decorator)", which does not parse (PEP 508)` {
				t.Error(err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		text, _, _ := strings.Cut(string(data), "\n\n")
		text = "\n" + text + "\n"
		if n := strings.Count(text, "\nRequires-Dist: "); n != len(m.Requires) {
			t.Errorf("%s: %d requirements, want %d", filepath.Base(path), len(m.Requires), n)
		}
		for _, name := range m.Extras {
			if !strings.Contains(text, "\nProvides-Extra: "+name+"\n") && !strings.Contains(text, "\nProvides-Extra: "+strings.ReplaceAll(name, "-", "_")+"\n") {
				t.Errorf("%s: the extra %s is not in the file", filepath.Base(path), name)
			}
		}
		if _, python, found := strings.Cut(text, "\nRequires-Python: "); found && m.RequiresPython != strings.SplitN(python, "\n", 2)[0] {
			t.Errorf("%s: Requires-Python %q", filepath.Base(path), m.RequiresPython)
		}
		requirements += len(m.Requires)
		var d Decoder
		if back, err := d.Decode(m.Encode()); err != nil || !reflect.DeepEqual(back, m) {
			t.Errorf("%s is not the same after the store: %v", filepath.Base(path), err)
		}
	}
	if requirements < 300 {
		t.Errorf("only %d requirements in all", requirements)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "Requires-Python: >=3\nRequires-Dist: foo[a]>=1; extra == 'x'\nProvides-Extra: x\nDynamic: y\n\nbody"))
	f.Add([]byte("From x\n: \n y\r\nName: a\rVersion: 1\n \n\t\nRequires-Dist:\n b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			if text := err.Error(); len(text) > 300 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("an error that does not print: %q", text)
			}
			return
		}
		if len(m.Requires) != len(m.RequiresDist) {
			t.Fatalf("%d requirements of %d lines", len(m.Requires), len(m.RequiresDist))
		}
		var d Decoder
		for range 2 { // parsed, and then from the cache
			back, err := d.Decode(m.Encode())
			if err != nil || !reflect.DeepEqual(back, m) {
				t.Fatalf("%v\nhave %+v\nwant %+v", err, back, m)
			}
		}
	})
}
