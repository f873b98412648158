package constraints

import (
	"bytes"
	"strings"
	"testing"
)

var seeds = []string{
	"", "a==1.0\nb==2\n", "\xef\xbb\xbfa==1.0 # c\r\nB_b===2;python_version<'3'", " a == 1.0 \\\n\t--pre\n\n\n",
	"# coding: latin-1\n# \xe9\na==1\n", "a==1.0 \\\n    --hash=sha256:00 \\\n    --hash sha512:11 # c\nb==2\n",
	"a==\\\n1.0,\x0cb==2\u0085c (==3)\u2028-c x\n", "# \t$x \x01 \u00e9 \U0001f600\n\na==1\n\n", "a>=1\nb==1.*\nc===x\nd @ https://x/y.whl\n",
	"\n\ta==1\n", "a==1\n   ", "a==1\n\t# x\n--- \n... \n", "a==1.0 --hash=\"sha256:00\" --hash='sha256:\\\n11'\n", "a==1 # ${b}\n", "a==1\\\n\\\\\n b\\",
}

// FuzzApply holds Parse to "never panics" and Apply to "what an edit does not
// name stays byte for byte".
func FuzzApply(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, pin int) {
		file, err := Parse("c.txt", data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "c.txt:") || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q", err.Error())
			}
			return
		}
		if len(file.Pins) == 0 {
			return
		}
		pin = max(pin%len(file.Pins), 0)
		checkApply(t, file, pin)
		edits := make([]Edit, len(file.Pins))
		for i := range file.Pins {
			edits[i] = Edit{Pin: i, Version: "9", SHA256: []string{da, db, dc}}
		}
		out, err := file.Apply(edits)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("c.txt", out)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range again.Pins {
			if p.Name != file.Pins[i].Name || p.Version.Raw() != "9" {
				t.Fatalf("pin %d is %s %s", i, p.Name, p.Version.Raw())
			}
		}
	})
}

// FuzzDerive holds Derive to its law: both YAML readers read the pins in what
// it writes, and it is idempotent.
func FuzzDerive(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("c.txt", data)
		if err != nil {
			return
		}
		for _, format := range []Format{FormatBlock, FormatList, FormatMap} {
			d := with(format, "variables", "P")
			if _, err := contentOf(file, d); err != nil {
				continue
			}
			out, err := Derive(file, nil, d)
			if err != nil {
				t.Fatal(err)
			}
			checkDerived(t, file, out, d)
			before, after := "# c\nvariables: # d\n    P:", "    # f\n    Q: |\n      y\n"
			out, err = Derive(file, []byte(before+" x # e\n"+after), d)
			if err != nil {
				t.Fatal(err)
			}
			checkDerived(t, file, out, d)
			if !bytes.HasPrefix(out, []byte(before)) || !bytes.HasSuffix(out, []byte(after)) {
				t.Fatalf("bytes around the key changed: %q", out)
			}
		}
	})
}

// FuzzDeriveInto holds Derive into any YAML file to: nothing or the pins, and
// the bytes up to the key's colon as they were.
func FuzzDeriveInto(f *testing.F) {
	for _, s := range []string{
		"k: |\n  a\n", "k: 'x' # c\nz: 1\n", "z: {y: 1}\nk:\n- a\n-\n  - b: |+\n      c\n\n", "k: &x !!str >2-\n    a\nz: *x\n",
		"{\"k\": [1, {a: 'b'}], z: \"}\"}", "---\nz: 1\n---\nk: plain\n  more\n...\n", "\xef\xbb\xbfk:\r\n  value: x\r\n  expand: false\r\n",
		"? k\n: v\n", "k:\n# c\nz:", "k: >+\n\n  a\n \n\n# c\n", "k : !x [a, b] # c\n", "k:\t\"a\\\n  b\"\n",
	} {
		f.Add([]byte(s), "a==1\n# $\n")
		f.Add([]byte(s), "a==1\n\n")
	}
	f.Fuzz(func(t *testing.T, old []byte, text string) {
		file, err := Parse("c.txt", []byte(text))
		if err != nil {
			return
		}
		for _, format := range []Format{FormatBlock, FormatList, FormatMap} {
			d := with(format, "k")
			out, err := Derive(file, append([]byte{}, old...), d)
			if err != nil {
				continue
			}
			if ok, err := InSync(file, out, d); err != nil || !ok {
				t.Fatalf("out of step: %v\n%q\n%q", err, old, out)
			}
			y, err := readYAML(d.Path, old)
			if err != nil {
				t.Fatal(err)
			}
			at, err := y.find(d.Key)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(out, old[:y.colon(at.key)+1]) {
				t.Fatalf("bytes before the value changed\n%q\n%q", old, out)
			}
		}
	})
}
