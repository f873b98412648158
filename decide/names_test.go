package decide

import (
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// What GitLab would link is written so that it does not.
func TestTitlesLinkNothing(t *testing.T) {
	for _, tt := range []struct{ name, to, want string }{
		{"boto3", "1.34.41", "Update dependency boto3 to v1.34.41"},
		{"PyYAML", "6.0.1", "Update dependency PyYAML to v6.0.1"},
		{"GL-1", "2.0", "Update dependency gl-1 to v2.0"},
		{"x.ABC-7", "2.0", "Update dependency x-abc-7 to v2.0"},
		{"www.x", "2.0", "Update dependency www-x to v2.0"},
		{"epoch", "1!2.0", "Update dependency epoch to v1!\u200b2.0"},
	} {
		got := title(tt.name, plan.Minor, []plan.Move{{Key: tt.name, To: tt.to}})
		if got != tt.want {
			t.Errorf("title of %s %s is %q, want %q", tt.name, tt.to, got, tt.want)
		}
		if !new(draft).titleIsOurs(got, tt.name, "another") {
			t.Errorf("%q is not known again as ours", got)
		}
	}
}
