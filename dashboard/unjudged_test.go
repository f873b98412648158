package dashboard_test

import (
	"testing"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// What a page offered that nobody judged is remembered below the next ones, for as
// long as nobody judges, and once.
func TestUnjudgedBoxesAreRemembered(t *testing.T) {
	full := dashboard.Render(rich(), richView(t))
	stopped := dashboard.Render(plan.Plan{Problems: []plan.Problem{{Text: "merge requests are off", Stopping: true}}}, dashboard.View{ProjectID: 21704})
	one := dashboard.Remember(stopped, full)
	if dashboard.Written(one) != stopped || dashboard.Written(full) != full {
		t.Errorf("the page is not what was written in\n%s", one)
	}
	if got, want := unnumbered(dashboard.Parse(one).Boxes), unnumbered(dashboard.Parse(full).Boxes); len(got) != len(want) || got[0] != want[0] {
		t.Errorf("offered are %v, want %v", got, want)
	}
	if got := dashboard.Listed(one, "create-all-awaiting-schedule-prs"); len(got) != 2 {
		t.Errorf("a bulk box stands for %v", got)
	}
	if again := dashboard.Remember(stopped, one); again != one {
		t.Errorf("it grows to\n%s", again)
	}
	if back := dashboard.Remember(full, one); back != full {
		t.Errorf("a page that offers all of it remembers more:\n%s", back)
	}
	tick := dashboard.Note{ID: 7, System: true, Author: erin, At: day("2026-11-24 08:00"), Body: `marked the checklist item **unlimit-branch=renovate/kubernetes-31.x Update dependency kubernetes to v31.0.2** as completed`}
	ours := dashboard.Note{ID: 8, System: true, Author: bot, At: day("2026-11-24 09:00"), Body: "changed the description"}
	got := dashboard.Attribute(dashboard.Parse(stopped), dashboard.History{Bot: bot, LastBody: one, Notes: []dashboard.Note{tick, ours}})
	if len(got.Ticks) != 1 || got.Ticks[0].By != erin || !got.Ticks[0].Rendered {
		t.Errorf("the tick is judged as %+v", got.Ticks)
	}
}
