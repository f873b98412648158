package mrs

import (
	"slices"
	"testing"
)

func TestPackagesThatAnotherBotLists(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		description string
		want        []string
	}{
		{"This MR contains the following updates:\n\n| Package | Change |\n|---|---|\n| [boto3](https://example.org) ([changelog](https://example.org/c)) | `==1` → `==2` |\n| six | `==1` → `==2` |\n| `idna` ([source](https://example.org)) | x |\n\n<!--renovate-debug:abc-->", []string{"Package", "boto3", "six", "idna"}},
		{"This PR contains the following updates:\n| [requests[socks]](https://example.org) | x |\n<!--renovate-debug:abc-->", []string{"requests"}},
		{"| [boto3](https://example.org) | of a person |", nil},
		{"", nil},
	} {
		if got := ParseBody(c.description).Listed; !slices.Equal(got, c.want) {
			t.Errorf("%q lists %v, want %v", c.description, got, c.want)
		}
	}
}
