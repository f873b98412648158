package pep508

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in     string
		print  string
		extras []string
		url    string
	}{
		{in: "a", print: "a"},
		{in: "  Zope.Interface\t", print: "Zope.Interface"},
		{in: "a>=1", print: "a>=1"},
		{in: "a (>=1 , <2)", print: "a<2,>=1"},
		{in: "a(\t==1.*)", print: "a==1.*"},
		{in: "a()", print: "a"},
		{in: "a >=1, ", print: "a>=1"},
		{in: "a>=\n1", print: "a>=1"},
		{in: "a_", print: "a_"},
		{in: "a[]", print: "a"},
		{in: "a [ X_y , b.c,x-Y ]==1", print: "a[b-c,x-y]==1", extras: []string{"b-c", "x-y"}},
		{in: "a===1.0_x(y;os_name=='nt'", print: `a===1.0_x(y; os_name == "nt"`},
		{in: "a===1,>=0 ; os_name=='nt'", print: `a===1,>=0; os_name == "nt"`},
		{in: "a@x", print: "a @ x", url: "x"},
		{in: "a[b] @ https://h/p;q?r#s ; extra=='B_c'", print: `a[b] @ https://h/p;q?r#s ; extra == "b-c"`, extras: []string{"b"}, url: "https://h/p;q?r#s"},
		{in: "a;os_name=='nt' ", print: `a; os_name == "nt"`},
	} {
		r, err := Parse(c.in)
		if err != nil {
			t.Error(err)
			continue
		}
		if r.String() != c.print || !reflect.DeepEqual(r.Extras, c.extras) || r.URL != c.url {
			t.Errorf("Parse(%q) = %+v, prints as %q", c.in, r, r)
		}
		if r.Key() != NormalizeName(r.Name) {
			t.Errorf("%q has the key %q", c.in, r.Key())
		}
	}
}

func TestSyntaxErrorsTellTheColumn(t *testing.T) {
	for _, c := range []struct {
		in      string
		column  int
		problem string
	}{
		{"", 1, "project name"},
		{"  ", 3, "project name"},
		{"-a", 1, "project name"},
		{"_a", 1, "project name"},
		{"ä", 1, "project name"},
		{"aä", 2, "expected ;"},
		{"a-", 2, "expected ;"},
		{"a.", 2, "expected ;"},
		{"a b", 3, "expected ;"},
		{"a 1.0", 3, "expected ;"},
		{"a=1.0", 2, "operator"},
		{"a~1", 2, "operator"},
		{"a>=", 2, "specifier"},
		{"a>=1,<2.*", 6, "specifier"},
		{"a (>=1, ==1.x)", 9, "specifier"},
		{"a===x,y", 2, "specifier"},
		{"a>=1,,<2", 6, "expected ;"},
		{"a>=1 <2", 6, "expected ;"},
		{"a,", 2, "expected ;"},
		{"a(>=1", 6, "column 2"},
		{"a(>=1;", 6, "expected )"},
		{"a (1.0)", 4, "expected )"},
		{"a[", 3, "extra"},
		{"a[b", 4, "column 2"},
		{"a[b c]", 5, "expected , or ]"},
		{"a[b,]", 5, "extra"},
		{"a[,b]", 3, "extra"},
		{"a @", 4, "URL"},
		{"a @ x y", 7, "expected ;"},
		{"a @ x; os_name=='nt'", 8, "expected ;"},
		{"a;", 3, "variable"},
		{"a; os_name", 11, "operator"},
		{"ab; os_name == 'ä' x", 20, "expected and"},
		{"a==1 # why", 6, "expected ;"},
		{"a==1 --hash=sha256:0", 6, "expected ;"},
		{"a==1\n", 5, "expected ;"},
		{"a\\", 2, "expected ;"},
		{"https://h/a.whl", 6, "expected ;"},
	} {
		r, err := Parse(c.in)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !errors.Is(err, ErrSyntax) {
			t.Errorf("Parse(%q) = %q, %v, want a SyntaxError", c.in, r, err)
			continue
		}
		if syntax.Column != c.column || !strings.Contains(syntax.Problem, c.problem) || syntax.Text != c.in {
			t.Errorf("Parse(%q): %v, want column %d and %q", c.in, err, c.column, c.problem)
		}
		if !reflect.DeepEqual(r, Requirement{}) {
			t.Errorf("Parse(%q) failed but gave %+v", c.in, r)
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"":             "",
		"a":            "a",
		"Ab-1":         "ab-1",
		"A__b.-_C":     "a-b-c",
		"zope.i18n_x":  "zope-i18n-x",
		"_a.":          "-a-",
		"a--b":         "a-b",
		"ÄÖ":           "äö",
		"already-fine": "already-fine",
	} {
		if got := NormalizeName(in); got != want {
			t.Errorf("NormalizeName(%q) = %q, want %q", in, got, want)
		}
		if !SameName(in, strings.ReplaceAll(in, "-", "_.")) {
			t.Errorf("SameName: %q is not itself with other separators", in)
		}
	}
	for in, want := range map[string]bool{
		"a": true, "A.b_c-9": true, "0": true, "a..b": true,
		"": false, "-": false, "_a": false, "a_": false, "a.": false, "a b": false, "ä": false, "a/b": false,
	} {
		if ValidName(in) != want {
			t.Errorf("ValidName(%q) = %v", in, !want)
		}
	}
	for _, pair := range [][2]string{{"a", "b"}, {"a", "ab"}, {"a-b", "ab"}, {"a", "a-"}, {"", "a"}} {
		if SameName(pair[0], pair[1]) || SameName(pair[1], pair[0]) {
			t.Errorf("SameName: %q and %q are two names", pair[0], pair[1])
		}
	}
}

func FuzzParseRequirement(f *testing.F) {
	for _, s := range []string{
		"a", "A.b[x,Y_z] (>=1,<2) ; os_name=='nt' and (extra == 'q' or python_version<'3')", "a @ x ; extra=='b'", "a===1,>=2", `a; "\x22'" != os_name`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Column < 1 || syntax.Column > len([]rune(s))+1 {
				t.Errorf("Parse(%q): %v has no column within the text", s, err)
			}
			return
		}
		again, err := Parse(r.String())
		if err != nil {
			t.Fatalf("%q prints as %q: %v", s, r, err)
		}
		if again.String() != r.String() || again.Key() != r.Key() || again.URL != r.URL || !reflect.DeepEqual(again.Extras, r.Extras) {
			t.Errorf("%q prints as %q, which parses to %q", s, r, again)
		}
	})
}

func FuzzNormalizeName(f *testing.F) {
	f.Add("A__b", "a.B")
	f.Fuzz(func(t *testing.T, a, b string) {
		n := NormalizeName(a)
		if NormalizeName(n) != n {
			t.Errorf("%q normalises to %q and that to %q", a, n, NormalizeName(n))
		}
		if ValidName(a) && ValidName(b) && SameName(a, b) != (n == NormalizeName(b)) {
			t.Errorf("SameName(%q, %q) differs from equal normal forms", a, b)
		}
	})
}
