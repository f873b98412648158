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
