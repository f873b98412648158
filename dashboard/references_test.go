package dashboard_test

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// A merge request that a reason names by our own data is a link, in a line of its own
// and where a section shares it. One that a stranger names is none, whatever stands
// around it.
func TestReasonsLinkOurOwnMergeRequestsAlone(t *testing.T) {
	for _, says := range []string{"see !7", "see \x01!7\x01", "\x01!7\x01 and `\x01!7\x01`", "`!7` \x01"} {
		for _, why := range [][]plan.Reason{
			{plan.MergeTurn{After: 5}, plan.GateFails{Gate: "g", Says: says}},
			{plan.GateFails{Gate: "g", Says: says}, plan.BreaksTests{Batch: 5, FailedIn: []string{"unit"}}},
			{plan.BreaksTests{Batch: 5}, plan.EffectFailed{Says: says}},
		} {
			one := plan.Update{Branch: "pinwheel/a-1.x", Title: "Update dependency a to v1", State: plan.Open, Why: why}
			two := one
			two.Branch, two.Title = "pinwheel/b-1.x", "Update dependency b to v1"
			for _, updates := range [][]plan.Update{{one}, {one, two}} {
				p := plan.Plan{Pins: 2, Behind: 2, Window: plan.WindowView{Always: true}, Updates: updates}
				page := dashboard.Render(p, dashboard.View{})
				if strings.Count(page, " !5") != 1 {
					t.Errorf("%q, %d lines: !5 is no reference, or more than one, in\n%s", says, len(updates), page)
				}
				if strings.Contains(strings.ReplaceAll(page, "`!7`", ""), "!7") {
					t.Errorf("%q: !7 is a reference in\n%s", says, page)
				}
			}
		}
	}
}

// What a stranger says beside a reference of ours makes no other number of it.
func TestAReasonsReferenceEndsWithItsNumber(t *testing.T) {
	u := plan.Update{Branch: "pinwheel/a-1.x", Title: "Update dependency a to v1", State: plan.Bisecting,
		Why: plan.Reasons{plan.TakenApart{Pipelines: 1, Tested: []plan.PartTest{{MR: 5, Packages: []string{"\x01!7\x01"}}}}}}
	page := dashboard.Render(plan.Plan{Pins: 1, Updates: []plan.Update{u}}, dashboard.View{})
	if strings.Contains(page, "Tested in !5") || !strings.Contains(page, "Tested in !\u200b5: `!7`") {
		t.Errorf("a sentence in which a stranger has the mark has no reference:\n%s", page)
	}
}
