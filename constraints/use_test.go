package constraints

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// What pip 26.2 takes in a requirements file, line by line: pins with their extras, and
// what is listed beside them.
func TestReadRequirements(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a[x]==1.0", "pin a [x] 1.0"},
		{"A_b [ Slow_One,fast , FAST ] == 1.0 ; python_version < '3'  # c", "pin a-b [fast slow-one] 1.0"},
		{"a[x] ===1.0 --hash=sha256:00", "pin a [x] 1.0"},
		{"a[x]\\\n==1.0 \\\n  --hash=sha256:00 \\\n  --hash=sha256:11", "pin a [x] 1.0"},
		{"a[]==1.0", "pin a [] 1.0"},
		{"a[x]>=1,<2", "range a [x] a range is not a pin"},
		{"a[x]", "bare a [x] no version is pinned"},
		{"a[x]==1.*", "wildcard a [x] a wildcard is a range, not a pin"},
		{"-e .", "editable  [] an editable project has no version to move"},
		{"-e .[dev,test]", "editable  [] an editable project has no version to move"},
		{"--editable=./sub", "editable  [] an editable project has no version to move"},
		{"-e git+https://h/g/p.git@main#egg=P_q[x]&subdirectory=s", "editable p-q [] an editable project has no version to move"},
		{"-e svn+https://h/p#egg=..", "editable  [] an editable project has no version to move"},
		{"git+https://h/g/p.git@v1", "url  [] a URL is not a pin"},
		{"git+ssh://git@h/g/p.git#egg=p[x]", "url p [] a URL is not a pin"},
		{"https://h/p-1.0.tar.gz ; python_version < '3'", "url  [] a URL is not a pin"},
		{"p[x] @ git+https://h/g/p.git", "url p [x] a URL is not a pin"},
		{"file:///srv/p", "url  [] a URL is not a pin"},
		{"./p", "path  [] a path is not a pin"},
		{"../p[x] ; python_version < '3'", "path  [] a path is not a pin"},
		{".", "path  [] a path is not a pin"},
		{"lib/p", "path  [] a path is not a pin"},
		{"/srv/p-1.0.zip", "path  [] a path is not a pin"},
		{"p-1.0.tar.gz", "path  [] a path is not a pin"},
		{"-r base.txt", "nested  [] -r is not followed"},
		{"-c constraints.txt", "nested  [] -c is not followed"},
		{"a==${V}", "environment  [] ${V} is taken from the environment of pip"},
	} {
		f, err := Read("requirements.txt", []byte("# c\n"+c.text+"\n"), UseRequirements)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if f.Use != UseRequirements || len(f.Pins)+len(f.Unmanaged) != 1 {
			t.Errorf("%q: %+v", c.text, f)
			continue
		}
		got := ""
		for _, p := range f.Pins {
			got = fmt.Sprintf("pin %s %v %s", p.Key, p.Extras, p.Version.Raw())
		}
		for _, u := range f.Unmanaged {
			got = fmt.Sprintf("%s %s %v %s", u.Kind, u.Key, u.Extras, u.Reason)
		}
		if got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

// A file is one of requirements where a line says so, and a mistake stays one.
func TestReadKnowsAFileByItsLines(t *testing.T) {
	for _, c := range []struct {
		name, text string
		use, want  Use
		says       string
	}{
		{"r.txt", "a==1\nb>2\n-r x.txt\n", "", UseConstraints, ""},
		{"r.txt", "a==1\n-e .\n", "", UseRequirements, ""},
		{"r.txt", "a[x]==1\n", "", UseRequirements, ""},
		{"r.txt", "a[x]==1\n", UseConstraints, "", `r.txt:1: a constraint cannot have extras; write "a==1"`},
		{"a/Constraints-dev.txt", "b==1\na[x]==1\nc=1\n", "", "", `a/Constraints-dev.txt:2: a constraint cannot have extras; write "a==1", or say kind: requirements of this file in the configuration if pip reads it with -r`},
		{"constraints/r.txt", "a[x]==1\n", "", UseRequirements, ""},
		{"constraints.txt", "a[x]==1\n", UseRequirements, UseRequirements, ""},
		{"r.txt", "a[x]==1\nb=2\n", "", "", `r.txt:2: "=" is not an operator; write ==`},
		{"r.txt", "b=2\n", "", "", `r.txt:1: "=" is not an operator; write ==`},
		{"r.txt", "./a==1\n", "", "", `r.txt:1: `},
		{"r.txt", "--bogus\na[x]==1\n", "", "", "pip knows no option --bogus in a requirements file"},
		{"r.txt", "", "", UseConstraints, ""},
	} {
		f, err := Read(c.name, []byte(c.text), c.use)
		switch {
		case c.says != "":
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s %q: %v, want %s", c.name, c.text, err, c.says)
			}
		case err != nil:
			t.Errorf("%s %q: %v", c.name, c.text, err)
		case f.Use != c.want:
			t.Errorf("%s %q is one of %s, want %s", c.name, c.text, f.Use, c.want)
		}
	}
	_, err := Read("constraints.txt", []byte("a[x]==1\nc=1\n-e .\n"), "")
	bad, _ := errors.AsType[*SyntaxError](err)
	if bad == nil || len(bad.All()) != 3 || strings.Contains(bad.More[0].Next, "kind:") || !strings.Contains(bad.More[1].Next, "kind:") {
		t.Errorf("%+v", bad)
	}
}

// Every real file reads as the same pins when lines of a requirements file stand before,
// between and behind them, and an edit of all of them leaves these as they are.
func TestRealFilesWithLinesOfRequirements(t *testing.T) {
	const other = "-e git+https://h/p.git#egg=p[x]\n"
	for name, data := range realFiles(t) {
		f, err := Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		text := other + string(data)
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		text += "zz[a,b]==1.0 # c\n" + other
		g, err := Read("requirements.txt", []byte(text), "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if g.Use != UseRequirements || len(g.Pins) != len(f.Pins)+1 || len(g.Unmanaged) != len(f.Unmanaged)+2 {
			t.Errorf("%s: %s, %d pins of %d and %d other lines of %d", name, g.Use, len(g.Pins), len(f.Pins), len(g.Unmanaged), len(f.Unmanaged))
		}
		edits := make([]Edit, len(g.Pins))
		for i := range g.Pins {
			edits[i] = Edit{Pin: i, Version: "9.9", SHA256: []string{da}}
		}
		out, err := g.Apply(edits)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.HasPrefix(out, []byte(other)) || !bytes.HasSuffix(out, []byte("\nzz[a,b]==9.9 # c\n"+other)) {
			t.Errorf("%s: %q ... %q", name, out[:60], out[len(out)-60:])
		}
		again, err := g.Reread(out)
		if err != nil || again.Use != UseRequirements || len(again.Pins) != len(g.Pins) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Pins come and go in a requirements file as in one of constraints.
func TestRewriteRequirements(t *testing.T) {
	f, err := Read("requirements.txt", []byte("-e .\na[x]==1\nc[y] == 1\nd==1\n./e\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.Rewrite(Change{Edits: []Edit{{Pin: 1, Version: "2"}}, Remove: []int{0}, Add: []NewPin{{Name: "b", Version: "3"}}})
	if want := "-e .\nb==3\nc[y] == 2\nd==1\n./e\n"; err != nil || string(out) != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, out, want)
	}
	if _, err := Derive(f, nil, with(FormatMap, "k")); err == nil || !strings.Contains(err.Error(), "requirements.txt:1") {
		t.Errorf("a map of it: %v", err)
	}
	g, err := Read("requirements.txt", []byte("a[x]==1\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Derive(g, nil, with(FormatMap, "k")); err == nil || !strings.Contains(err.Error(), "a has extras") {
		t.Errorf("a map of it: %v", err)
	}
}

// FuzzRequirements holds Read to: what pip takes as constraints reads the same as
// requirements, and an edit changes versions and hashes alone.
func FuzzRequirements(f *testing.F) {
	for _, s := range append(seeds, "-e .\na[x]==1\n", "a[x , Y]\\\n==1 # c\n./p[x]\ngit+https://h/p#egg=q[z]\n", "a[]==1\n-r b.txt\n/x.zip[y]\n", "\xef\xbb\xbf. ; python_version<'3'\n a [b] (==1)\n") {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		strict, strictErr := Parse("r.txt", data)
		file, err := Read("r.txt", data, "")
		loose, looseErr := Read("r.txt", data, UseRequirements)
		if (err == nil) != (looseErr == nil) || strictErr == nil && err != nil {
			t.Fatalf("%v, %v, %v", strictErr, err, looseErr)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "r.txt:") || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q", err.Error())
			}
			return
		}
		if strictErr == nil && (file.Use != UseConstraints || len(strict.Pins) != len(loose.Pins) || len(strict.Unmanaged) != len(loose.Unmanaged)) {
			t.Fatalf("%s: %d pins and %d other lines as constraints, %d and %d as requirements", file.Use, len(strict.Pins), len(strict.Unmanaged), len(loose.Pins), len(loose.Unmanaged))
		}
		var edits []Edit
		var splices []splice
		for i, p := range loose.Pins {
			edits = append(edits, Edit{Pin: i, Version: "9", SHA256: []string{da, db}})
			splices = append(splices, splice{p.version, "9"})
			if p.HasHashes {
				splices = append(splices, splice{p.hashes.span, p.hashes.render([]string{da, db})})
			}
		}
		out, err := loose.Apply(edits)
		if err != nil {
			t.Fatal(err)
		}
		if want := spliced(data, splices); !bytes.Equal(out, want) {
			t.Fatalf("got %q, want %q", out, want)
		}
		for i, p := range loose.Pins {
			if p.HasHashes || strings.ContainsAny(string(data[p.version.start:p.version.end]), "\r\n") {
				continue
			}
			if got := string(data[p.version.start:p.version.end]); got != p.Version.Raw() {
				t.Fatalf("pin %d is %s and its bytes are %q", i, p.Version.Raw(), got)
			}
		}
	})
}
