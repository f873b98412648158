package constraints

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// rewritten removes pins by name and adds others, written "name version" or
// "name version; marker", with three digests each.
func rewritten(t testing.TB, data []byte, remove []string, add ...string) (string, error) {
	t.Helper()
	f, err := Parse("c.txt", data)
	if err != nil {
		t.Fatal(err)
	}
	var c Change
	for _, key := range remove {
		if len(f.Slots(key)) == 0 {
			t.Fatalf("there is no %s", key)
		}
		c.Remove = append(c.Remove, f.Slots(key)...)
	}
	for _, text := range add {
		text, marker, _ := strings.Cut(text, "; ")
		name, version, _ := strings.Cut(text, " ")
		c.Add = append(c.Add, NewPin{Name: name, Version: version, MarkerText: marker, SHA256: []string{da, db}})
	}
	out, err := f.Rewrite(c)
	return string(out), err
}

func TestRewriteAdds(t *testing.T) {
	h := func(d string) string { return "--hash=sha256:" + d }
	for _, c := range []struct {
		name, in, want string
		add            []string
	}{
		{"sorted", "a==1\nc==3\n", "a==1\nb==2\nc==3\n", []string{"b 2"}},
		{"the first", "b==1\nc==3\n", "a==2\nb==1\nc==3\n", []string{"a 2"}},
		{"the last", "a==1\nb==3\n", "a==1\nb==3\nc==2\n", []string{"c 2"}},
		{"several", "b==1\nd==3\n", "a==1\nb==1\nc==2\nd==3\ne==5\nf==6\n", []string{"f 6", "c 2", "a 1", "e 5"}},
		{"not sorted", "c==3\na==1\nb==2\n", "c==3\na==1\nb==2\naa==1\nbb==2\n", []string{"bb 2", "aa 1"}},
		{"lower-cased", "a==1\nC==3\nd==1\n", "a==1\nB==2\nC==3\nd==1\n", []string{"B 2"}},
		{"ASCII", "C==3\na==1\nb_a==1\n", "B==2\nC==3\na==1\nb-a-b==2\nb_a==1\n", []string{"B 2", "b-a-b 2"}},
		{"normalised", "a-b==1\na_c==3\na-d==1\n", "a-b==1\na.bb==2\na_c==3\na-d==1\n", []string{"a.bb 2"}},
		{"whole lines", "a-b==1\na==1\na_b==1\n", "a-b==1\na-c==2\na==1\na_b==1\n", []string{"a-c 2"}},
		{"whole lines with blanks", "a == 1\na-b == 1\na-d == 1\n", "a == 1\na-b == 1\na-c == 2\na-d == 1\n", []string{"a-c 2"}},
		{"ranges take part", "a==1\nb>=2,<3\nd\nf==1\n", "a==1\nb>=2,<3\nc==2\nd\ne==2\nf==1\n", []string{"c 2", "e 2"}},
		{"ranges that do not", "b==1\nd==1\na>=1\n", "b==1\nc==2\nd==1\ne==2\na>=1\n", []string{"c 2", "e 2"}},
		{"a sorted block", "wheel==1\nsetuptools==1\n\n# ours\nb==1\nc==2\nd==4\n", "wheel==1\nsetuptools==1\n\n# ours\na==2\nb==1\nbb==3\nc==2\nd==4\nwww==1\n",
			[]string{"a 2", "www 1", "bb 3"}},
		{"many blocks", "b==1\nc==1\n\na==1\nd==1\n\n-c x\nc1==1\n\n# end\n", "b==1\nc==1\n\na==1\nd==1\n\n-c x\nc1==1\nbb==1\n\n# end\n", []string{"bb 1"}},
		{"no last line end", "a==1\nb==2", "a==1\nb==2\nc==3", []string{"c 3"}},
		{"no last line end, CRLF", "a==1\r\nc==2", "a==1\r\nb==3\r\nc==2", []string{"b 3"}},
		{"CRLF and byte order mark", "\xef\xbb\xbfb==1\r\nc==2\r\n", "\xef\xbb\xbfa==3\r\nb==1\r\nc==2\r\nd==4\r\n", []string{"a 3", "d 4"}},
		{"CR", "a==1\rc==2", "a==1\rb==3\rc==2\rd==1", []string{"b 3", "d 1"}},
		{"mixed line ends", "a==1\r\nb==2\nd==4\x0ce==5\n", "a==1\r\naa==1\r\nb==2\nc==3\nd==4\x0cdd==4\r\ne==5\n", []string{"aa 1", "c 3", "dd 4"}},
		{"latin-1", "# coding: latin-1\n# \xe9\nb==1 # \xff\n", "# coding: latin-1\n# \xe9\na==1\nb==1 # \xff\nc==1\n", []string{"a 1", "c 1"}},
		{"triple equals", "a===1\nc===2\nd==1\n", "a===1\nb===2\nc===2\nd==1\n", []string{"b 2"}},
		{"blanks and indentation", "  a == 1  # c\n  c == 2\n", "  a == 1  # c\n  b == 3\n  c == 2\n", []string{"b 3"}},
		{"parentheses are not imitated", "a (==1)\n", "a (==1)\nb==2\n", []string{"b 2"}},
		{"a marker", "a==1\n", "a==1\nb==2; python_version < '3.9'\nb==3; python_version >= '3.9'\n", []string{"b 3; python_version >= '3.9'", "b 2; python_version < '3.9'"}},
		{"a marker as spelled", "a==1 ;python_version>'3'\nc==2 ;python_version>'3'\n", "a==1 ;python_version>'3'\nb==2 ;os_name == \"nt\"\nc==2 ;python_version>'3'\n", []string{"b 2; os_name == \"nt\""}},
		{"another slot", "a==1; python_version<'3'\nb==1\n", "a==1; python_version<'3'\na==2; python_version>='3'\nb==1\n", []string{"a 2; python_version>='3'"}},
		{"nothing", "", "a==1\nb==2\n", []string{"b 2", "a 1"}},
		{"comments only", "# x", "# x\na==1", []string{"a 1"}},
		{"options only", "-c x\r\n", "-c x\r\na==1\r\n", []string{"a 1"}},
		{"below what a compiler wrote", "# by uv\na==1\n    # via\n    #   x\nc==2\n    # via a\n", "# by uv\na==1\n    # via\n    #   x\nb==1\nc==2\n    # via a\nd==1\n", []string{"b 1", "d 1"}},
		{"above a comment", "a==1\n# why c is held\nc==2\n", "a==1\nb==1\n# why c is held\nc==2\n", []string{"b 1"}},
		{"above the comment of the first", "# by hand\n\n# why c is held\nc==2\n", "# by hand\n\nb==1\n# why c is held\nc==2\n", []string{"b 1"}},
		{"below the comment of the file", "# by hand\nc==2\n", "# by hand\nb==1\nc==2\n", []string{"b 1"}},
		{"below a continuation", "a==1 \\\n  ; python_version > '3' # x\nc==1\n", "a==1 \\\n  ; python_version > '3' # x\nb==1\nc==1\n", []string{"b 1"}},
		{
			"hashes one a line", "a==1 \\\r\n    " + h(d0) + " \\\r\n    " + h(d1) + "\r\n    # via x\r\nc==1 " + h(d0) + "\r\n",
			"a==1 \\\r\n    " + h(d0) + " \\\r\n    " + h(d1) + "\r\n    # via x\r\nb==1 \\\r\n    " + h(da) + " \\\r\n    " + h(db) +
				"\r\nc==1 " + h(d0) + "\r\nd==1 " + h(da) + " " + h(db) + "\r\n", []string{"b 1", "d 1"},
		},
		{"hashes below", "b==1 --hash sha256:" + d0, "a==1 --hash sha256:" + da + " --hash sha256:" + db + "\nb==1 --hash sha256:" + d0, []string{"a 1"}},
		{"hashes on some", "a==1 " + h(d0) + "\nc==1\n", "a==1 " + h(d0) + "\nb==1\nc==1\n", []string{"b 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := rewritten(t, []byte(c.in), nil, c.add...)
			if err != nil || got != c.want {
				t.Fatalf("%v\n got %q\nwant %q", err, got, c.want)
			}
			var keys []string
			for _, text := range c.add {
				key, _, _ := strings.Cut(strings.ToLower(text), " ")
				if key = strings.ReplaceAll(key, ".", "-"); !slices.Contains(keys, key) {
					keys = append(keys, key)
				}
			}
			if c.name == "another slot" {
				return
			}
			if back, err := rewritten(t, []byte(got), keys); err != nil || back != c.in {
				t.Errorf("removed again: %v\n got %q\nwant %q", err, back, c.in)
			}
		})
	}
}

func TestRewriteRemoves(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"in the middle", "a==1\nx==2\nb==3\n", "a==1\nb==3\n"},
		{"the last without line end", "a==1\nx==2", "a==1"},
		{"the only one", "x==2", ""},
		{"the only one below a comment", "# c\n\nx==2\n", "# c\n\n"},
		{"byte order mark", "\xef\xbb\xbfx==2\r\n", "\xef\xbb\xbf"},
		{"its comment", "a==1\n# about x\nx==2 # why\n# about b\nb==3\n", "a==1\n# about x\n# about b\nb==3\n"},
		{"continuation and hashes", "a==1\nx==\\\n 2 \\\n  --hash=sha256:00 \\\n  --hash=sha256:11 # c\nb==3\n", "a==1\nb==3\n"},
		{"a comment line that ends it", "x==2 \\\n# c\nb==3\n", "b==3\n"},
		{"via below", "x==2\n    # via\n    #   -r in.txt\n    #   y\nb==3\n    # via a\n", "b==3\n    # via a\n"},
		{"via at the end", "a==1\nx==2\n  # via a", "a==1"},
		{"another comment below", "x==2\n    # not by a compiler\nb==3\n", "    # not by a compiler\nb==3\n"},
		{"no indented comment below", "x==2\n# via road\nb==3\n", "# via road\nb==3\n"},
		{"every slot", "a==1\nx==1; python_version<'3'\nX==2; python_version>='3'\n", "a==1\n"},
		{"form feed", "a==1\x0cx==2\x0cb==3", "a==1\x0cb==3"},
		{"config settings", "x==1 -C a=b\na==1\n", "a==1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := rewritten(t, []byte(c.in), []string{"x"})
			if err != nil || got != c.want {
				t.Errorf("%v\n got %q\nwant %q", err, got, c.want)
			}
		})
	}
}

func TestRewriteAtOnce(t *testing.T) {
	f := parse(t, "a == 1 # x\nb == 2\nc == 3\nd == 4")
	out, err := f.Rewrite(Change{
		Edits: []Edit{{Pin: 2, Version: "3.1"}, {Pin: 0, Version: "1.1"}}, Remove: []int{3, 1},
		Add: []NewPin{{Name: "e", Version: "5"}, {Name: "B", Version: "2"}},
	})
	if want := "a == 1.1 # x\nB == 2\nc == 3.1\ne == 5"; err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
	// All that the style is known from may go at once.
	out, err = parse(t, "a === 1").Rewrite(Change{Remove: []int{0}, Add: []NewPin{{Name: "b", Version: "5"}}})
	if err != nil || string(out) != "b === 5" {
		t.Errorf("%q, %v", out, err)
	}
	for _, c := range []Change{{}, {Edits: []Edit{}}} {
		if out, err := f.Rewrite(c); err != nil || !bytes.Equal(out, f.Data) {
			t.Errorf("%q, %v", out, err)
		}
	}
}

func TestRewriteRefuses(t *testing.T) {
	f := parse(t, "a==1\nb==2 --pre\nc==3 # note \\\nd==4\ne==5; os_name == 'nt'\nf>=1\n")
	hashed := parse(t, "a==1 --hash=sha256:00\n")
	open := parse(t, "a==1 \\")
	add := func(n NewPin) Change { return Change{Add: []NewPin{n}} }
	for _, c := range []struct {
		want string
		f    *File
		c    Change
	}{
		{"remove from constraints.txt: there is no pin 4", f, Change{Remove: []int{4}}},
		{"there is no pin -1", f, Change{Remove: []int{-1}}},
		{"remove constraints.txt:1 (a 1): it is removed twice", f, Change{Remove: []int{0, 0}}},
		{"remove constraints.txt:1 (a 1): it is edited as well", f, Change{Remove: []int{0}, Edits: []Edit{{Pin: 0, Version: "2"}}}},
		{"remove constraints.txt:2 (b 2): its line holds --pre, which is not about this pin alone", f, Change{Remove: []int{1}}},
		{"remove constraints.txt:3 (c 3): its comment ends in a backslash, which hides the next line", f, Change{Remove: []int{2}}},
		{"there is no pin 9", f, Change{Edits: []Edit{{Pin: 9, Version: "2"}}, Remove: []int{0}}},
		{"add A 1 to constraints.txt: line 1 pins it already", f, add(NewPin{Name: "A", Version: "1"})},
		{"line 5 pins it already", f, add(NewPin{Name: "e", Version: "1", MarkerText: "os_name == 'nt'"})},
		{"it is added twice", f, Change{Add: []NewPin{{Name: "x.y", Version: "1"}, {Name: "X_y", Version: "1"}}}},
		{`"-x" is not a name`, f, add(NewPin{Name: "-x", Version: "1"})},
		{`"" is not a name`, f, add(NewPin{Version: "1"})},
		{`"1.0.0RC1" is not in normal form`, f, add(NewPin{Name: "x", Version: "1.0.0RC1"})},
		{"2004d", f, add(NewPin{Name: "x", Version: "2004d"})},
		{"marker", f, add(NewPin{Name: "x", Version: "1", MarkerText: "python < 3"})},
		{"cannot be written", f, add(NewPin{Name: "x", Version: "1", MarkerText: "os_name == ' #'"})},
		{"cannot be written", f, add(NewPin{Name: "x", Version: "1", MarkerText: "os_name == 'é'"})},
		{"cannot be written", f, add(NewPin{Name: "x", Version: "1", MarkerText: "os_name == ' -c'"})},
		{"add x 1 to constraints.txt: no sha256 is known", hashed, add(NewPin{Name: "x", Version: "1"})},
		{`"00" is not a sha256`, hashed, add(NewPin{Name: "x", Version: "1", SHA256: []string{"00"}})},
		{"rewrite constraints.txt: the outcome is not readable", open, add(NewPin{Name: "x", Version: "1"})},
		// The comment would become, or cease to be, one of the first two lines.
		{"rewrite constraints.txt:", parse(t, "a==1\n#\n# coding: latin-1\n# \xc3\xa9\n"), Change{Remove: []int{0}}},
		{"rewrite constraints.txt:", parse(t, "b==1\n# coding: latin-1\n# \xe9\n"), add(NewPin{Name: "a", Version: "1"})},
	} {
		if out, err := c.f.Rewrite(c.c); out != nil || err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %q, %v, want %q", c.c, out, err, c.want)
		}
	}
	if _, err := hashed.Rewrite(add(NewPin{Name: "x", Version: "1"})); !errors.Is(err, ErrNoDigests) {
		t.Errorf("%v is not ErrNoDigests", err)
	}
}
