package reconcile_test

import (
	"context"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// TestRunAcrossTheEdge lets the clock pass the edge of the window while a run
// is under way: the instant at which it began decides, in both directions.
func TestRunAcrossTheEdge(t *testing.T) {
	for name, tt := range map[string]struct {
		begins time.Time
		opened int
	}{
		"it opens":  {time.Date(2026, 1, 2, 22, 59, 0, 0, time.UTC), 0},
		"it closes": {time.Date(2026, 1, 4, 22, 59, 0, 0, time.UTC), 3},
	} {
		w := newWorld(t)
		w.now = tt.begins
		runner, project := w.runner(), w.config.Projects[0]
		w.gitlab.OnRequest(func(c gitlabsim.Call) {
			if c.Method != "GET" { // reads are made several at a time
				w.now = w.now.Add(time.Minute)
			}
		})
		r, err := runner.Run(context.Background(), project, tt.begins)
		if err != nil || r.Status != reconcile.Done {
			t.Fatalf("%s: %s %v %v", name, r.Status, r.Failures, err)
		}
		if n := len(w.project.MRs()); n != tt.opened {
			t.Errorf("%s while a run is under way: %d merge requests, want %d", name, n, tt.opened)
		}
	}
}

// TestClockJumps: a clock that goes back an hour or a day, or far ahead and
// back again, opens nothing twice and closes nothing.
func TestClockJumps(t *testing.T) {
	w := newWorld(t)
	start := time.Date(2026, 1, 3, 9, 0, 0, 0, time.UTC)
	for _, at := range []time.Duration{0, time.Hour, 0, -24 * time.Hour, 2 * time.Hour, 50 * 24 * time.Hour, 3 * time.Hour, 3 * time.Hour} {
		w.now = start.Add(at)
		w.run()
		if n := len(w.project.Issues()); n != 1 {
			t.Fatalf("after a jump to %s: %d issues", w.now, n)
		}
		seen := map[string]bool{}
		for _, m := range w.project.MRs() {
			if m.State != "opened" || seen[m.SourceBranch] {
				t.Errorf("after a jump to %s: %s", w.now, m)
			}
			seen[m.SourceBranch] = true
		}
	}
	w.gitlab.ForgetRequests()
	w.run()
	for _, q := range w.gitlab.Requests() {
		if q.Write {
			t.Errorf("another run wrote %v", q)
		}
	}
}
