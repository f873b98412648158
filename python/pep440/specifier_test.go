package pep440

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestContains(t *testing.T) {
	for _, c := range []struct{ set, in, out string }{
		{"", "0 1.0 1.0a1 1!0+x", ""},
		{" , ,", "0 1.0.dev1", ""},
		{"==1.0", "1 1.0.0 v1.0 1.0+any 0!1", "1.0.post1 1.0a1 1.0.dev0 1.0.1 1!1.0"},
		{"==1.0+x.1", "1+X-01", "1.0 1.0+x 1.0+x.1.0"},
		{"==1.2.*", "1.2 1.2.0 1.2a1 1.2.dev0 1.2.post1 1.2.9+x", "1.20 1 1.3a1 1!1.2"},
		{"==1.0.*", "1 1a1 1.0.5", "1.1"},
		{"==2!01.*", "2!1.5", "1.5 1!1"},
		{"==v1.*", "1.5", "2"},
		{"!=1.2", "1.3 1.2.1 1.2a1 1.2.post1", "1.2.0 1.2+x"},
		{"!=1.2+x", "1.2 1.2+y", "1.2+X"},
		{"!=1.2.*", "1.3.dev0 1 1!1.2", "1.2 1.2.3 1.2rc1"},
		{">=1.2", "1.2 1.2+x 1.2.post1 1.3a1 1!0", "1.2rc1 1.2.dev0 1.1"},
		{"<=1.2", "1.2 1.2+x 1.2a1 1.1.9", "1.2.post1 1.2.1"},
		{">1.2", "1.2.1 1.3.dev0 1.2.1.post1 1!0", "1.2 1.2+x 1.2.post1 1.2.post1.dev1 1.2.0.post9+y 1.2rc1"},
		{">1.2.post1", "1.2.post2 1.2.post2.dev0 1.3", "1.2.post1 1.2.post1+x 1.2"},
		{">1.2a1", "1.2a2 1.2 1.2a2.post1 1.2a2.dev1", "1.2a1 1.2a1.post1 1.2a1+x 1.2a1.dev1"},
		{">1.2.dev1", "1.2.dev2 1.2a1 1.2 1.2.post1", "1.2.dev1 1.2.dev1+x 1.2.dev0"},
		{"<1.2", "1.1 1.1.9.dev1 1.1.post3+x", "1.2 1.2a1 1.2.dev0 1.2.0.0rc1 1.2+x"},
		{"<1.2rc1", "1.2b9 1.2.dev0 1.2a1", "1.2rc1 1.2rc1+x 1.2"},
		{"<1.2.post1", "1.2 1.2.dev1 1.2rc1 1.2.post0 1.2+x", "1.2.post1 1.2.post1.dev0 1.2.post1+x"},
		{"<1!0", "99 0.dev0", "1!0 1!0.dev0"},
		{"~=1.4", "1.4 1.4.post1 1.99 1.5a1 1.4+x", "1.4rc1 2 2.0.dev0 1!1.4"},
		{"~=1.4.2", "1.4.2 1.4.10", "1.5 1.4.1"},
		{"~=1.4.0", "1.4 1.4.9", "1.5"},
		{"~=1.4rc2.post1", "1.4rc2.post1 1.4 1.9", "1.4rc2 2"},
		{"~=1!2.0", "1!2.5", "2.5 1!3"},
		{">=1,<2,!=1.5", "1 1.4 1.6", "1.5 2 2.dev0 0.9"},
		{"===1.0", "1.0", "1 v1.0 1.0.0 1.0+x"},
		{"===1.0RC1", "1.0rc1 1.0RC1", "1.0c1"},
		{"===foo", "", "1 0"},
		{"===", "", "1"},
	} {
		set := parseSpecifiers(t, c.set)
		for text, want := range map[string]bool{c.in: true, c.out: false} {
			for version := range strings.FieldsSeq(text) {
				if got := set.Contains(parse(t, version)); got != want {
					t.Errorf("%q contains %q: %v, want %v", c.set, version, got, want)
				}
			}
		}
	}
}

func TestContainsString(t *testing.T) {
	for _, c := range []struct {
		set, text string
		want      bool
	}{
		{"===2004D", "2004d", true},
		{"===2004d,===2004D", "2004D", true},
		{"===2004d", "2004e", false},
		{"===2004d,>=1", "2004d", false},
		{"===ÄÖ", "äö", true},
		{"===ÄÖ", "äü", false},
		{">=1", "2004d", false},
		{"!=1", "2004d", false},
		{"", "2004d", true},
		{">=1", "2004.5", true},
	} {
		if got := parseSpecifiers(t, c.set).ContainsString(c.text); got != c.want {
			t.Errorf("%q contains the text %q: %v, want %v", c.set, c.text, got, c.want)
		}
	}
}

func TestParseSpecifiersRefuses(t *testing.T) {
	for _, in := range []string{
		"1.0", "=1.0", "=>1.0", "<>1.0", "~1.0", "!1.0", "==", ">=", "~=", "== ,", "||1", "^1.0",
		">=1.*", "<1.*", "~=1.0.*", "==1.0a1.*", "==1.0.post1.*", "!=1.0.dev1.*", "==1.0+x.*", "==1.*.*", "==1.0*", "==.*", "==1.0 .*",
		">=1.0+x", "<1.0+x", ">1.0+x", "<=1.0+x", "~=1.0+x", "~=1", "~=1a1", "~=1!2", "== 1 .0", ">=1 <2", ">= = 1",
		"===a b", "===a\u00a0b", "===a;b", "===a)", "==1.0;", "==2004d", "1.0,>=1",
	} {
		if set, err := ParseSpecifiers(in); !errors.Is(err, ErrSpecifier) || !set.IsEmpty() {
			t.Errorf("ParseSpecifiers(%q) = %q, %v, want ErrSpecifier", in, set, err)
		}
	}
}

func TestSpecifiersString(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		" >= 1.0 , <2 ":                 "<2,>=1.0",
		"<2,>=1,<2":                     "<2,>=1",
		"== 1.* ,\t===\u00a0Foo(bar":    "==1.*,===Foo(bar",
		"~=v1.0.POST ,, != 1.0.0+Local": "!=1.0.0+Local,~=v1.0.POST",
	} {
		if got := parseSpecifiers(t, in).String(); got != want {
			t.Errorf("%q prints as %q, want %q", in, got, want)
		}
	}
}

func TestClauses(t *testing.T) {
	set := parseSpecifiers(t, ">=1.0rc1, !=2.0a1, ==1.*, ===wat")
	clauses := set.Clauses()
	if len(clauses) != 4 || set.IsEmpty() {
		t.Fatalf("got %v", clauses)
	}
	clauses[0] = Specifier{}
	if set.String() != "!=2.0a1,==1.*,===wat,>=1.0rc1" {
		t.Errorf("changing what Clauses returned changed the set to %q", set)
	}
	clauses = set.Clauses()
	if c := clauses[0]; c.Op != OpGreaterEqual || c.Version != "1.0rc1" || !c.IsPrerelease() || !c.Contains(parse(t, "1")) {
		t.Errorf("first clause is %+v", c)
	}
	if clauses[1].IsPrerelease() {
		t.Errorf("%q asks for pre-releases", clauses[1])
	}
	if v, wildcard := clauses[2].Bound(); v.String() != "1" || !wildcard {
		t.Errorf("bound of %q is %q, %v", clauses[2], v, wildcard)
	}
	if v, _ := clauses[3].Bound(); !v.IsZero() {
		t.Errorf("bound of %q is %q", clauses[3], v)
	}
	if (Specifier{Op: OpNotEqual, Version: "1"}).Contains(parse(t, "2")) {
		t.Error("a clause that was not parsed matches")
	}
}

func TestParseSpecifier(t *testing.T) {
	c, err := ParseSpecifier(" ===a,b ")
	if err != nil || c.Version != "a,b" || !c.ContainsString("A,B") || c.ContainsString("a") {
		t.Errorf("got %q, %v", c, err)
	}
	for _, in := range []string{"", ",", ">=1,<2", ">=1,"} {
		if c, err := ParseSpecifier(in); !errors.Is(err, ErrSpecifier) {
			t.Errorf("ParseSpecifier(%q) = %q, %v, want ErrSpecifier", in, c, err)
		}
	}
}

func TestExact(t *testing.T) {
	for in, want := range map[string]string{
		"==1.0": "1.0", "===1.0": "1.0", "== v1": "1",
		"": "", "==1.*": "", "===wat": "", ">=1": "", "==1,==1": "", "~=1.0": "", "!=1": "",
	} {
		v, ok := parseSpecifiers(t, in).Exact()
		if v.String() != want || ok != (want != "") {
			t.Errorf("%q pins %q, %v, want %q", in, v, ok, want)
		}
	}
}

func TestFilter(t *testing.T) {
	for _, c := range []struct {
		set  string
		mode Prereleases
		of   string
		want string
	}{
		{">=1", DefaultPrereleases, "0.9 1.1a1 1.0 1.1.dev2", "1.0"},
		{">=1", "", "0.9 1.1a1 1.0", "1.0"},
		{">=1", DefaultPrereleases, "0.9 1.1a1 1.1.dev2", "1.1a1 1.1.dev2"},
		{">=1a1", DefaultPrereleases, "1.1a1 1.0", "1.1a1 1.0"},
		{"!=1a1", DefaultPrereleases, "1.1a1 1.0", "1.0"},
		{"===1.1A1", DefaultPrereleases, "1.0 1.1a1", "1.1a1"},
		{">=1", AllowPrereleases, "1.1a1 0.9 1.0", "1.1a1 1.0"},
		{">=1a1", RefusePrereleases, "1.1a1 1.0", "1.0"},
		{">=1", RefusePrereleases, "1.1a1", ""},
		{"", DefaultPrereleases, "1 2a1 1.post1", "1 1.post1"},
		{"", DefaultPrereleases, "", ""},
	} {
		var vs []Version
		for s := range strings.FieldsSeq(c.of) {
			vs = append(vs, parse(t, s))
		}
		var got []string
		for _, v := range parseSpecifiers(t, c.set).Filter(vs, c.mode) {
			got = append(got, v.Raw())
		}
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%q of %q, %q: got %q, want %q", c.set, c.of, c.mode, got, c.want)
		}
	}
}
