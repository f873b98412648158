package constraints

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

var (
	d0 = strings.Repeat("0", 64)
	d1 = strings.Repeat("1", 64)
	da = strings.Repeat("a", 64)
	db = strings.Repeat("b", 64)
	dc = strings.Repeat("c", 64)
)

func TestApplyKeepsLayout(t *testing.T) {
	h := func(d string) string { return "--hash=sha256:" + d }
	for _, c := range []struct{ name, in, want string }{
		{"plain", "a==1.0\nb==2\n", "a==9.9\nb==2\n"},
		{"no last newline", "a==1.0", "a==9.9"},
		{"byte order mark and CRLF", "\xef\xbb\xbfa==1.0\r\nb==2\r\n", "\xef\xbb\xbfa==9.9\r\nb==2\r\n"},
		{"mixed line ends", "x\ra == 1.0 \t# c\x0cb==2\r\n", "x\ra == 9.9 \t# c\x0cb==2\r\n"},
		{"parentheses", "a (==1.0) ; python_version<'3' # c", "a (==9.9) ; python_version<'3' # c"},
		{"arbitrary equality", "A_b.c ===1.0;python_version>'3'\n", "A_b.c ===9.9;python_version>'3'\n"},
		{"empty clause and marker", "a==1.0, ;\n", "a==9.9, ;\n"},
		{"continuation", "a==\\\n  1.0 \\\n ; python_version<'3'\n", "a==\\\n  9.9 \\\n ; python_version<'3'\n"},
		{"latin-1 with a line end in a comment", "# coding: latin-1\n# \xe9\x85x y\na==1.0 # \xff\n", ""},
		{"latin-1 with comment", "# coding: latin-1\n# \xe9\na==1.0 # \xff\n", "# coding: latin-1\n# \xe9\na==9.9 # \xff\n"},
		{"cp1252", "# coding=cp1252\n# \x80\x85\na==1.0 # \x80\n", "# coding=cp1252\n# \x80\x85\na==9.9 # \x80\n"},
		{"option after", "a==1.0 --pre\n", "a==9.9 --pre\n"},
		{
			"hashes one a line",
			"a==1.0 \\\n    " + h(d0) + " \\\n    " + h(d1) + "  # c\nb==2\n",
			"a==9.9 \\\n    " + h(da) + " \\\n    " + h(db) + " \\\n    " + h(dc) + "  # c\nb==2\n",
		},
		{
			"one hash on its own line",
			"a==1.0 \\\r\n\t " + h(d0) + "\r\n    # via b\r\n",
			"a==9.9 \\\r\n\t " + h(da) + " \\\r\n\t " + h(db) + " \\\r\n\t " + h(dc) + "\r\n    # via b\r\n",
		},
		{
			"hashes on one line",
			"a==1.0 " + h(d0) + "  " + h(d1),
			"a==9.9 " + h(da) + "  " + h(db) + "  " + h(dc),
		},
		{
			"a value apart, then a quoted one",
			"a==1.0 --hash sha512:00 --hash=\"sha256:" + d1 + "\" -C k=v\n",
			"a==9.9 --hash sha256:" + da + " --hash=\"sha256:" + db + "\" --hash=\"sha256:" + dc + "\" -C k=v\n",
		},
		{
			"a digest broken over lines",
			"a==1.0 " + h("00\\\n11") + "\n",
			"a==9.9 " + h(da) + " " + h(db) + " " + h(dc) + "\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse("c.txt", []byte(c.in))
			if c.want == "" {
				if err == nil {
					t.Fatal("accepted")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Apply([]Edit{{Pin: 0, Version: "9.9", SHA256: []string{da, db, dc}}})
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	f, err := Parse("c.txt", []byte("a==1.0\nb==2 --hash=sha256:00\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want  string
		edits []Edit
	}{
		{"there is no pin 2", []Edit{{Pin: 2, Version: "1"}}},
		{"there is no pin -1", []Edit{{Pin: -1, Version: "1"}}},
		{"edit c.txt:1 (a 1.0): it is edited twice", []Edit{{Pin: 0, Version: "1"}, {Pin: 0, Version: "2"}}},
		{`"1.0.0RC1" is not in normal form, which is 1.0.0rc1`, []Edit{{Pin: 0, Version: "1.0.0RC1"}}},
		{"2004d", []Edit{{Pin: 0, Version: "2004d"}}},
		{"edit c.txt:2 (b 2) to 3: no sha256 is known for its files", []Edit{{Pin: 1, Version: "3"}}},
		{`"00" is not a sha256`, []Edit{{Pin: 1, Version: "3", SHA256: []string{"00"}}}},
	} {
		if _, err := f.Apply(c.edits); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.edits, err, c.want)
		}
	}
	if _, err := f.Apply([]Edit{{Pin: 1, Version: "3"}}); !errors.Is(err, ErrNoDigests) {
		t.Errorf("%v is not ErrNoDigests", err)
	}
	if got, err := f.Apply(nil); err != nil || !bytes.Equal(got, f.Data) {
		t.Errorf("no edits: %q, %v", got, err)
	}
}

// checkApply edits one pin and checks that its version, and its hash list, are
// all that changed.
func checkApply(t *testing.T, f *File, pin int) {
	t.Helper()
	p := f.Pins[pin]
	out, err := f.Apply([]Edit{{Pin: pin, Version: "7!7.7", SHA256: []string{da, db}}})
	if err != nil {
		t.Fatalf("%s:%d: %v", f.Path, p.Line, err)
	}
	if !bytes.HasPrefix(out, f.Data[:p.version.start]) {
		t.Fatalf("%s:%d: bytes before the version changed", f.Path, p.Line)
	}
	tail := f.Data[p.version.end:]
	want := [][]byte{[]byte("7!7.7"), tail}
	if p.HasHashes {
		want = [][]byte{
			[]byte("7!7.7"), f.Data[p.version.end:p.hashes.start], nil, f.Data[p.hashes.end:],
		}
	}
	rest := out[p.version.start:]
	for i, w := range want {
		if w == nil { // the hash list: skip to what follows it
			rest = rest[len(rest)-len(want[i+1]):]
		}
		var ok bool
		if rest, ok = bytes.CutPrefix(rest, w); !ok {
			t.Fatalf("%s:%d: part %d of what follows changed: %q", f.Path, p.Line, i, out)
		}
	}
	if len(rest) > 0 {
		t.Fatalf("%s:%d: %q is left over", f.Path, p.Line, rest)
	}
}

func TestApplyOnRealFiles(t *testing.T) {
	files, part := realFiles(t), testenv.Sample(t, 1)
	for i, name := range slices.Sorted(maps.Keys(files)) {
		if !part.Has(i) {
			continue
		}
		f, err := Parse(name, files[name])
		if err != nil {
			t.Fatal(err)
		}
		// The largest files would take seconds, since every outcome is parsed.
		for i := 0; i < len(f.Pins); i += 1 + len(f.Pins)/100 {
			checkApply(t, f, i)
		}
	}
}
