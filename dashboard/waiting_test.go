package dashboard_test

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// On the page of a stopped project stand the ticks that wait, each once, and never a
// text that somebody else wrote in our name.
func TestAStoppedPageShowsWaitingTicks(t *testing.T) {
	last := " - [ ] <!-- unschedule-branch=pinwheel/a-1.x -->Update a\n - [x] <!-- unschedule-branch=pinwheel/b-1.x -->Update b\n - [x] <!-- unschedule-branch=pinwheel/c-1.x -->Update c\n"
	page := " - [x] <!-- unschedule-branch=pinwheel/a-1.x -->Update a\n - [x] <!-- unschedule-branch=pinwheel/b-1.x -->Something else\n" +
		" - [ ] <!-- unschedule-branch=pinwheel/c-1.x -->Update c\n - [x] <!-- unschedule-branch=pinwheel/d-1.x -->Update d\n"
	bob := plan.User{ID: 1, Username: "bob"}
	ticks := []plan.Tick{
		{ID: "note-3", At: day("2026-01-03 10:00"), Box: plan.BoxUnschedule, Branch: "pinwheel/c-1.x", By: bob},
		{ID: "note-2", At: day("2026-01-02 10:00"), Box: plan.BoxUnlimit, Branch: "pinwheel/b-1.x", By: bob},
		{ID: "note-1", At: day("2026-01-02 10:00"), Box: plan.BoxRebase, Branch: "pinwheel/gone-1.x"},
	}
	p := plan.Plan{Problems: []plan.Problem{{Text: "the file is broken", Stopping: true}}}
	body := dashboard.Render(p, dashboard.View{Waiting: dashboard.WaitingTicks(ticks, dashboard.Parse(page), last)})
	_, section, _ := strings.Cut(body, "## Ticks That Wait\n")
	want := " - `pinwheel/gone-1.x`\n   — Who ticked it is looked up when the project goes on.\n" +
		" - [x] <!-- unschedule-branch=pinwheel/b-1.x -->Update b\n   — Ticked by `bob` on 2026-01-02 10:00 UTC.\n" +
		" - [x] <!-- unschedule-branch=pinwheel/a-1.x -->Update a\n   — Who ticked it is looked up when the project goes on.\n"
	if section != want {
		t.Errorf("the page shows\n%s\nwant\n%s", section, want)
	}
}

// Every instant of a page is in the zone of the window, by its name.
func TestTicksAreToldInTheZoneOfTheWindow(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	tick := plan.Tick{ID: "note-1", At: day("2026-01-02 10:00"), Box: plan.BoxUnschedule, Branch: "pinwheel/a-1.x", By: plan.User{Username: "bob"}}
	refused := plan.Plan{Requests: []plan.Request{{Tick: tick, Verdict: plan.Refused, Reason: "no"}}}
	stopped := plan.Plan{Problems: []plan.Problem{{Text: "broken", Stopping: true}}}
	for _, body := range []string{
		dashboard.Render(refused, dashboard.View{Zone: prague}),
		dashboard.Render(stopped, dashboard.View{Zone: prague, Waiting: dashboard.WaitingTicks([]plan.Tick{tick}, dashboard.Page{}, "")}),
	} {
		if !strings.Contains(body, "on 2026-01-02 11:00 Europe/Prague") || strings.Contains(body, "UTC") {
			t.Errorf("the instant of a tick:\n%s", body)
		}
	}
}
