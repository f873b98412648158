package constraints

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParsePins(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"a==1.0", "1 a a == 1.0 ''"},
		{"A_b.C == 1.0.0 ; python_version < '3' # c", "1 A_b.C a-b-c == 1.0.0 'python_version < '3''"},
		{"a (===1.0)", "1 a a === 1.0 ''"},
		{"a==1.0;", "1 a a == 1.0 ''"},
		{"a==1.0,", "1 a a == 1.0 ''"},
		{"a==1.0 \\\n  ; \\\n# c\nb==2", "1 a a == 1.0 ''|4 b b == 2 ''"},
		{"a==1.0 # c \\\nb==2", "1 a a == 1.0 ''"},
		{"a==1.0 --hash=sha256:00", "1 a a == 1.0 '' hashes"},
		{"a==1.0 --pre -r x.txt", "1 a a == 1.0 ''"},
		{"a==1.0\u2028a==2", "1 a a == 1.0 ''|2 a a == 2 ''"},
		{"a==1.0\x1d\x1fb==2\x1f# c", "1 a a == 1.0 ''|2 b b == 2 ''"},
		{"a==1!2.0rc1.post2.dev3+x.4", "1 a a == 1!2.0rc1.post2.dev3+x.4 ''"},
	} {
		f, err := Parse("c.txt", []byte(c.text))
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		var got []string
		for _, p := range f.Pins {
			s := fmt.Sprintf("%d %s %s %s %s '%s'", p.Line, p.Name, p.Key, p.Op, p.Version.Raw(), p.MarkerText)
			if p.HasHashes {
				s += " hashes"
			}
			got = append(got, s)
		}
		if strings.Join(got, "|") != c.want || len(f.Unmanaged) > 0 {
			t.Errorf("%q:\n got %s %v\nwant %s", c.text, strings.Join(got, "|"), f.Unmanaged, c.want)
		}
	}
}

func TestParseUnmanaged(t *testing.T) {
	for _, c := range []struct {
		text   string
		kind   Kind
		name   string
		reason string
	}{
		{"a>=1", KindRange, "a", "a range is not a pin"},
		{"a!=1", KindRange, "a", "a range is not a pin"},
		{"a~=1.4", KindRange, "a", "a range is not a pin"},
		{"a==1,==1", KindRange, "a", "a range is not a pin"},
		{"a==1.*", KindWildcard, "a", "a wildcard is a range, not a pin"},
		{"a===2004d", KindArbitrary, "a", `"2004d" is not a version as PEP 440 defines it`},
		{"a", KindBare, "a", "no version is pinned"},
		{"a @ https://x/a-1.zip ; python_version>'3'", KindURL, "a", "a URL is not a pin"},
		{"a @ https://x/a-1.zip", KindURL, "a", "a URL is not a pin"},
		{"https://x/a_b-1.0-py3-none-any.whl#sha256=00", KindURL, "a_b", "a URL is not a pin"},
		{"git+https://x/a.git@v1#egg=a", KindURL, "a", "a URL is not a pin"},
		{"./a-1.0-py3-none-any.whl", KindPath, "", "a path is not a pin"},
		{"-c x.txt", KindNested, "", "-c is not followed"},
		{"--constraint=x.txt # c", KindNested, "", "-c is not followed"},
		{"-rx.txt", KindNested, "", "-r is not followed"},
		{"--requirem https://x/y.txt", KindNested, "", "-r is not followed"},
		{"-i https://x/simple", KindOption, "", "--index-url is an option of pip, not a pin; only the indexes of the configuration are asked"},
		{"--pre", KindOption, "", "--pre is an option of pip, not a pin"},
		{"--pre a==1", KindOption, "", "--pre is an option of pip, not a pin"},
		{"-", KindOption, "", "pip ignores this line"},
		{"a==${V}", KindEnvironment, "", "${V} is taken from the environment of pip"},
		{"a==1.\\\n0", KindLayout, "a", "its version is broken over two lines"},
		{"a==1 --hash=sha256:00 --pre --hash=sha256:11", KindLayout, "a", "other words stand between its hashes"},
	} {
		f, err := Parse("c.txt", []byte("z==1\n"+c.text))
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if len(f.Unmanaged) != 1 || len(f.Pins) != 1 {
			t.Errorf("%q: %v, %v", c.text, f.Pins, f.Unmanaged)
			continue
		}
		u := f.Unmanaged[0]
		if u.Line != 2 || u.Kind != c.kind || u.Name != c.name || u.Reason != c.reason {
			t.Errorf("%q: %d %s %q %q", c.text, u.Line, u.Kind, u.Name, u.Reason)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a[x]==1", `a constraint cannot have extras; write "a==1"`},
		{"-e ./a", "an editable requirement is not allowed as a constraint; remove it or pin a released version"},
		{"a=1.0", `"=" is not an operator; write ==`},
		{"a 1.0", `"a 1.0" has no operator; write == between the name and the version`},
		{"a==2004d", `"2004d" is not a version as PEP 440 defines it; write a version that is`},
		{"a==${v}", `"${v}" is not a version as PEP 440 defines it; write a version that is`},
		{"a<2# c", `a comment in "a<2# c" needs a blank before its #; put a blank before the #`},
		{"a==1.0 b==2", `"b==2" is a second requirement; write each by itself`},
		{"ur llib3==2.0", `"ur llib3" is not a package name; remove the space`},
		{"foo==", `c.txt:2: "foo==" lacks the version; write foo==1.0`},
		{"foo=>1", `c.txt:2: "=>" is not an operator; write >=`},
		{"a==1.0; nonsense", `the marker "nonsense" is not valid; correct it as PEP 508 says`},
		{"==1.0", `"==1.0" does not begin with a name; write NAME==VERSION`},
		{"./a", `"./a" does not begin with a name`},
		{"a/b", `"a/b" looks like a path, which has no name; write NAME==VERSION or NAME @ URL`},
		{"./a-1.0.tar.gz", `a constraint needs a name, which "./a-1.0.tar.gz" does not give`},
		{"a==1.0.zip", `a constraint needs a name, which "a==1.0.zip" does not give`},
		{"https://x/a.zip", `a constraint needs a name, which "https://x/a.zip" does not give`},
		{"--bogus", "pip knows no option --bogus in a constraints file; remove or correct the option"},
		{"a==1 --global-option=x", "pip knows no option --global-option in a constraints file"},
		{"-x", "pip knows no option -x"},
		{"--config=k=v", "--config could be --config-setting or --config-settings"},
		{"--pre=1", "--pre takes no value"},
		{"-c", "-c needs a value"},
		{"a==1 --hash=md5:00", `--hash needs sha256:, sha384: or sha512: and a digest, not "md5:00"`},
		{"a==1 --hash sha256", `not "sha256"`},
		{"a==1 -C k", `--config-settings needs KEY=VALUE, not "k"`},
		{"--index-url 'x", "a quote is not closed; close it or remove it"},
		{"a==1\t--hash=sha256:00", `a tab stands before "--hash=sha256:00"; write a blank in its place`},
		{"a==1.0\u00a0b", "is not a"},
		{"# \xff", "it is not UTF-8; save the file as UTF-8"},
	} {
		_, err := Parse("c.txt", []byte("z==1\n"+c.text))
		var bad *SyntaxError
		if !errors.As(err, &bad) || bad.Line != 2 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestParseRefusesEncodings(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"\xff\xfea\x00", "c.txt:1: the file is UTF-16, which is not edited in place; save the file as UTF-8"},
		{"\xff\xfe\x00\x00a\x00\x00\x00", "c.txt:1: the file is UTF-32"},
		{"\xef\xbb\xbfa==1\n\xff", "c.txt:2: it is not UTF-8, though the file begins with the mark of UTF-8"},
		{"#\n# coding: koi8-r\n", "c.txt:2: the encoding koi8-r is not edited in place; save the file as UTF-8 and remove the coding comment"},
		{"# coding=ascii\na==1 # \u00e9\n", "c.txt:2: it is not ASCII, though a comment says coding: ascii"},
		{"# coding: cp1252\n# \x81\n", "c.txt:2: it holds a byte that cp1252 does not define"},
	} {
		if _, err := Parse("c.txt", []byte(c.text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
	// A comment in the third line decides nothing.
	if _, err := Parse("c.txt", []byte("\n\n# coding: koi8-r\na==1\n")); err != nil {
		t.Error(err)
	}
}

func TestParseReportsEveryLine(t *testing.T) {
	_, err := Parse("c.txt", []byte("a=1\nb==1\n-e .\nc 1\n"))
	var bad *SyntaxError
	if !errors.As(err, &bad) {
		t.Fatal(err)
	}
	var lines []int
	for _, e := range bad.All() {
		lines = append(lines, e.Line)
	}
	if fmt.Sprint(lines) != "[1 3 4]" {
		t.Errorf("lines %v", lines)
	}
}

func TestKeysAndSlots(t *testing.T) {
	f := parse(t, "b==1;python_version<'3'\nA.a==1\nB==2;python_version>='3'\nb>1\n")
	if got := fmt.Sprint(f.Keys(), f.Slots("b"), f.Slots("a-a"), f.Slots("c")); got != "[b a-a] [0 2] [1] []" {
		t.Error(got)
	}
}
