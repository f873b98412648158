package pep508

import (
	"strings"
	"testing"
)

func TestFault(t *testing.T) {
	for _, c := range []struct{ text, reason, next string }{
		{"ur llib3==2.0", `"ur llib3" is not a package name`, "remove the space"},
		{"a b c", `"a b c" is not a package name`, "remove the spaces"},
		{"a b", `"a b" is not a package name`, "remove the space"},
		{"a 1.0", `"a 1.0" has no operator`, "write == between the name and the version"},
		{"a-==1", `"a-" is not a package name`, "write letters, digits, -, _ and ., the first and the last a letter or a digit"},
		{"==1", `"==1" does not begin with a name`, "write NAME==VERSION"},
		{"==", `"==" does not begin with a name`, "write NAME==VERSION"},
		{"foo==", `"foo==" lacks the version`, "write foo==1.0"},
		{"foo [x] >=", `"foo[x]>=" lacks the version`, "write foo[x]>=1.0"},
		{"foo>=1,<", `"<" in "foo>=1,<" lacks the version`, "write one such as <2.0"},
		{"foo=>1", `"=>" is not an operator`, "write >="},
		{"foo=<1", `"=<" is not an operator`, "write <="},
		{"foo<>1", `"<>" is not an operator`, "write !="},
		{"foo=1", `"=" is not an operator`, "write =="},
		{"foo>=1,2", `"2" has no operator`, "write one such as == or < before the version"},
		{"foo>=1 <2", `">=1 <2" lacks a comma`, "write it before <2"},
		{"foo==1 bar==2", `"bar==2" is a second requirement`, "write each by itself"},
		{"foo==1 0", `"1 0" is not a version`, "remove the space"},
		{"foo==2004d", `"2004d" is not a version as PEP 440 defines it`, "write a version that is"},
		{"foo>=1.*", ">= does not go with .*", "write >=1"},
		{"foo~=1", "~= needs a version of two numbers", "write ~=1.0"},
		{"foo>=1+a", `>= does not go with the local part of "1+a"`, "write >=1"},
		{"foo[x", `the [ in "foo[x" is not closed`, "write ] behind the extras"},
		{"foo (==1", `the ( in "foo(==1" is not closed`, "write ) at its end"},
		{"foo @", `"foo @" lacks the URL`, "write foo @ URL"},
		{"foo==1; nonsense", `the marker "nonsense" is not valid`, "correct it as PEP 508 says"},
		{"foo==1)", `the ) in "foo==1)" has no (`, "remove it"},
		{"foo==1/2", `"1/2" is not a version as PEP 440 defines it`, "write a version that is"},
		{"./a", `"./a" does not begin with a name`, "write NAME==VERSION"},
	} {
		if _, err := Parse(c.text); err == nil {
			t.Errorf("%q is a requirement", c.text)
		}
		if reason, next := Fault(c.text); reason != c.reason || next != c.next {
			t.Errorf("%q: %s; %s\nwant %s; %s", c.text, reason, next, c.reason, c.next)
		}
	}
}

// FuzzFault: whatever the text, there is one line with a next step.
func FuzzFault(f *testing.F) {
	for _, s := range []string{"", ";", "a[", "a(", "a==1 ", "a@", "a,b", "a== b", "a===", "a>= <"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		reason, next := Fault(s)
		if reason == "" || next == "" || strings.ContainsAny(reason, "\n") {
			t.Errorf("%q: %q; %q", s, reason, next)
		}
	})
}
