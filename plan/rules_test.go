package plan

import (
	"strings"
	"testing"
)

func TestPackagePatterns(t *testing.T) {
	for _, tt := range []struct {
		pattern, key string
		want         bool
	}{
		{"boto3", "boto3", true}, {"boto3", "botocore", false}, {"Zope.Interface", "zope-interface", true},
		{"types-*", "types-six", true}, {"types_*", "types-six", true}, {"*", "a", true},
		{"/^types-/", "types-six", true}, {"/six$/", "types-six", true}, {"/^six/", "types-six", false},
	} {
		p, err := ParsePackagePattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.match(tt.key); got != tt.want {
			t.Errorf("%s on %s: %t", tt.pattern, tt.key, got)
		}
	}
	for _, text := range []string{"", "a b", "a,b", "[", "/a", "//", "/(/", "!", "!!a", "!/a", "a!"} {
		if _, err := ParsePackagePattern(text); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestARuleLeavesPackagesOut(t *testing.T) {
	for _, tt := range []struct {
		patterns, in, out string
	}{
		{"types-* !types-six", "types-attrs", "types-six attrs"},
		{"!types-six types-*", "types-attrs", "types-six attrs"},
		{"!django !/^flask/", "attrs", "django flask-login"},
		{"six !/^s/", "", "six attrs"},
		{"!Foo_Bar", "attrs", "foo-bar"},
	} {
		var rule Rule
		for text := range strings.FieldsSeq(tt.patterns) {
			p, err := ParsePackagePattern(text)
			if err != nil {
				t.Fatal(err)
			}
			rule.Packages = append(rule.Packages, p)
		}
		for key := range strings.FieldsSeq(tt.in) {
			if !rule.Names(key) {
				t.Errorf("%s leaves out %s", tt.patterns, key)
			}
		}
		for key := range strings.FieldsSeq(tt.out) {
			if rule.Names(key) {
				t.Errorf("%s names %s", tt.patterns, key)
			}
		}
	}
}
