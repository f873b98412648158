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
	for _, text := range []string{"", "a b", "a,b", "[", "/a", "//", "/(/"} {
		if _, err := ParsePackagePattern(text); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
