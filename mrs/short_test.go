package mrs_test

import (
	"regexp"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

var hidden = regexp.MustCompile(`(?s)<!--.*?-->|<details><summary>|</summary>.*?</details>|\]\([^()\s]*\)`)

// A merge request of one package shows 130 words at most, marks counted as words,
// however much was looked at: what there is beyond that is folded, not left out.
func TestADescriptionOfOnePackageIsShort(t *testing.T) {
	full := view
	full.Pythons, full.Platforms = []string{"3.9", "3.10", "3.11", "3.12"}, []string{"linux/x86_64", "linux/aarch64", "linux/ppc64le", "linux/s390x"}
	full.Roots, full.RuledAges = []string{"cki-lib", "cki-tools", "kpet", "kernel-qe-tools"}, true
	bare := view
	bare.MinimumAge = 0
	u := update("1.35.0")
	u.Moves[0].Links = []plan.Link{
		{Name: "changelog", URL: "https://github.com/boto/boto3/blob/develop/CHANGELOG.rst"}, {Name: "release notes", URL: "https://github.com/boto/boto3/releases/tag/1.35.0"},
		{Name: "repository", URL: "https://github.com/boto/boto3"}, {Name: "home page", URL: "https://boto3.example"},
		{Name: "compare, if the tags are v1.34.0 and v1.35.0", URL: "https://github.com/boto/boto3/compare/v1.34.0...v1.35.0"}, {Name: "tags", URL: "https://github.com/boto/boto3/tags"},
	}
	long := strings.TrimSpace(strings.Repeat("botocore 1.35.0 requires urllib3!=2.2.0,<3,>=1.25.4 ", 5))
	for range 5 {
		u.NotTaken = append(u.NotTaken, plan.Considered{Version: "1.36.0", Released: u.Moves[0].Released, Reason: long})
		u.Along = append(u.Along, plan.LineChange{File: "constraints.txt", Key: "urllib3", Name: "urllib3", Version: "2.0", By: plan.Claim{Text: long}})
	}
	u.Yanked, u.Unverified = []string{"boto3 1.34.0 is yanked: " + long}, []string{"boto3"}
	u.Note.Why, u.Note.By = "forced", "carol"
	u.Ready, u.Note.Target = plan.Readiness{Base: "01234567", Tests: plan.Passed, Gates: plan.GatesPassed, Wants: "security_policy_violations"}, "main"
	u.Lines = []plan.LineChange{{File: "constraints.txt", Key: "urllib3", Name: "urllib3", Version: "2.0", By: plan.Claim{Text: long}}}
	u.Moves[0].Marker = `python_version < "3.10"`
	for name, v := range map[string]mrs.BodyView{"full": full, "bare": bare} {
		body := mrs.Body(u, v)
		if n := len(strings.Fields(hidden.ReplaceAllString(body, ""))); n > 130 {
			t.Errorf("%s: %d words are to be read in\n%s", name, n, hidden.ReplaceAllString(body, ""))
		}
		for _, want := range []string{"`carol`", "boto3 1.36.0, released 2025-12-28", "urllib3 2.0", "boto3 1.34.0 is yanked", "rebase-check", "compare, if the tags are v1.34.0 and v1.35.0",
			"at least 3 days, or as long", "on Python 3.9, 3.10, 3.11, 3.12, x86_64, aarch64, ppc64le, s390x", "cki-lib, cki-tools, kpet, kernel-qe-tools"} {
			if name == "full" && !strings.Contains(body, want) {
				t.Errorf("nothing says %q in\n%s", want, body)
			}
		}
	}
}
