package decide

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// TestTheAuditOfAMergeNamesWhatPermitsIt: the policy with its place, the pipeline, and
// every gate that it had to pass.
func TestTheAuditOfAMergeNamesWhatPermitsIt(t *testing.T) {
	s := mergeable(t, plan.Passed)
	s.Policy.Sources = map[string]plan.Source{"merge": {File: "pinwheel.yaml", Line: 7, Layer: plan.LayerProject}}
	p := Decide(s)
	if len(p.Actions) != 1 || p.Actions[0].Kind() != plan.KindMerge {
		t.Fatalf("%v", p.Actions)
	}
	f := p.Actions[0].Fact()
	for _, part := range []string{"merge (pinwheel.yaml:7)", "pipeline 7 passed", "no gates"} {
		if !strings.Contains(f.Why, part) {
			t.Errorf("%q lacks %q", f.Why, part)
		}
	}
}

// TestWhatAPersonOpenedIsLeftToPeople: a commit can be forged in our name, and whoever
// opens a merge request from it goes round approval and window. Who opened it is said by
// GitLab.
func TestWhatAPersonOpenedIsLeftToPeople(t *testing.T) {
	dave, retired := plan.User{ID: 77, Username: "dave", Name: "pinwheel"}, plan.User{ID: 78, Username: "old-bot", Name: "Old"}
	for name, tt := range map[string]struct {
		author plan.User
		merged bool
	}{"a person": {dave, false}, "a user that we had before": {retired, true}} {
		s := mergeable(t, plan.Passed)
		s.Former = []string{"old-bot", "Old"}
		s.MergeRequests[0].Author = tt.author
		p := Decide(s)
		if merged := len(p.Actions) == 1 && p.Actions[0].Kind() == plan.KindMerge; merged != tt.merged {
			t.Errorf("%s: %v", name, p.Actions)
		}
		if said := strings.Contains(p.Updates[0].Reason, "`dave` opened it"); said == tt.merged {
			t.Errorf("%s: %s", name, p.Updates[0].Reason)
		}
	}
}
