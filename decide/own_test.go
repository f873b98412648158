package decide

import (
	"slices"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Each way in which a merge request's own pipeline and the default branch's can have
// ended, and the verdict.
func TestTheOwnPipelineIsComparedJobByJob(t *testing.T) {
	t.Parallel()
	const began, hours = "2026-01-03T02:00:00Z", time.Hour
	job := func(name string, r plan.Result, failures, attempts int) plan.GateJob {
		return plan.GateJob{Name: name, Result: r, Failures: failures, Attempts: attempts, ID: 7}
	}
	once := func(j plan.GateJob) plan.GateJob { j.Once = true; return j }
	for _, c := range []struct {
		name    string
		head    plan.GateRun
		base    *plan.GateRun
		after   time.Duration
		state   plan.GateState
		again   []string
		blamed  []string
		on      string // the commit that the verdict is about
		awaited bool
	}{
		{"passed", plan.GateRun{Result: plan.Passed, Jobs: []plan.GateJob{job("a", plan.Passed, 0, 1)}}, nil, 0, plan.GatePassed, nil, nil, "base", false},
		{"first failure", plan.GateRun{Result: plan.Failed, Jobs: []plan.GateJob{job("a", plan.Failed, 1, 1)}}, nil, 0, plan.GateRunning, []string{"a"}, nil, "base", true},
		{"passed at last", plan.GateRun{Result: plan.Passed, Jobs: []plan.GateJob{job("a", plan.Passed, 1, 2)}}, nil, 0, plan.GateFlaky, nil, nil, "base", false},
		{"main is not read yet", plan.GateRun{Result: plan.Failed, Jobs: []plan.GateJob{job("a", plan.Failed, 2, 2)}}, nil, 0, plan.GateRunning, nil, nil, "base", true},
		{"main ran nothing", plan.GateRun{Result: plan.Failed, Jobs: []plan.GateJob{job("a", plan.Failed, 2, 2)}},
			&plan.GateRun{Result: plan.None}, 0, plan.GateRegressed, nil, []string{"a"}, "base", false},
		{"main runs", plan.GateRun{Result: plan.Failed, Jobs: []plan.GateJob{job("a", plan.Failed, 2, 2)}},
			&plan.GateRun{ID: 3, Commit: "base", Jobs: []plan.GateJob{once(job("b", plan.Failed, 1, 1))}}, 0, plan.GateRunning, nil, nil, "base", true},
		{"main runs for too long", plan.GateRun{Result: plan.Failed, Jobs: []plan.GateJob{job("a", plan.Failed, 2, 2)}},
			&plan.GateRun{ID: 3, Commit: "base"}, 25 * hours, plan.GateRegressed, nil, []string{"a"}, "base", false},
		{"the job of main failed while others run", plan.GateRun{Result: plan.Failed, Jobs: []plan.GateJob{job("a", plan.Failed, 2, 2)}},
			&plan.GateRun{ID: 3, Commit: "base", Jobs: []plan.GateJob{once(job("a", plan.Failed, 1, 1))}}, 0, plan.GateEverywhere, nil, nil, "base", false},
		{"the job of main passed", plan.GateRun{Result: plan.Failed, Jobs: []plan.GateJob{job("a", plan.Failed, 2, 2), job("b", plan.Failed, 2, 2)}},
			&plan.GateRun{ID: 3, Result: plan.Failed, Commit: "base", Jobs: []plan.GateJob{once(job("a", plan.Passed, 0, 1)), once(job("b", plan.Failed, 1, 1))}}, 0, plan.GateRegressed, nil, []string{"a"}, "base", false},
		{"main failed on an earlier commit", plan.GateRun{Result: plan.Failed, Jobs: []plan.GateJob{job("a", plan.Failed, 2, 2)}},
			&plan.GateRun{ID: 3, Result: plan.Failed, Commit: "earlier", Jobs: []plan.GateJob{once(job("a", plan.Failed, 1, 1))}}, 0, plan.GateEverywhere, nil, nil, "earlier", false},
		{"never run again", plan.GateRun{Result: plan.Failed, Jobs: []plan.GateJob{once(job("a", plan.Failed, 1, 1))}},
			&plan.GateRun{Result: plan.None}, 0, plan.GateRegressed, nil, []string{"a"}, "base", false},
		{"it may fail", plan.GateRun{Result: plan.Passed, Jobs: []plan.GateJob{{Name: "a", Result: plan.Failed, Failures: 1, Attempts: 1, MayFail: true}}}, nil, 0, plan.GatePassed, nil, nil, "base", false},
		{"canceled", plan.GateRun{Result: plan.Canceled}, nil, 0, plan.GateWaiting, nil, nil, "base", false},
		{"running", plan.GateRun{}, nil, 23 * hours, plan.GateRunning, nil, nil, "base", true},
		{"running for too long", plan.GateRun{}, nil, 25 * hours, plan.GateTimedOut, nil, nil, "base", false},
	} {
		start, err := time.Parse(time.RFC3339, began)
		if err != nil {
			t.Fatal(err)
		}
		c.head.ID, c.head.Operation, c.head.Gate, c.head.Started = 2, plan.OwnOperation("head"), plan.OwnGate, start
		s := &plan.Snapshot{Project: plan.Project{DefaultBranch: "main"}, Policy: plan.Policy{Batch: "weekend"}, GateRuns: []plan.GateRun{c.head}}
		if c.base != nil {
			c.base.Operation, c.base.Gate, c.base.Started = plan.MainOperation("base"), plan.OwnGate, start
			s.GateRuns = append(s.GateRuns, *c.base)
		}
		plan.SortGateRuns(s.GateRuns)
		d := &scene{s: s, now: plan.At(start.Add(c.after)), zone: time.UTC}
		a, _, judged := d.ownGate(ownHead{&plan.MergeRequest{IID: 1}, "head", "base"})
		var again []string
		for _, j := range a.againOf {
			again = append(again, j.Name)
		}
		v := a.verdict
		if !judged || v.State != c.state || !slices.Equal(again, c.again) || !slices.Equal(v.Blamed(), c.blamed) || v.Base != c.on || v.Waits() != c.awaited || len(a.againIn) > 0 || a.startBase || a.startHead {
			t.Errorf("%s: %+v, again %v, blamed %v; wanted %s on %s, again %v, blamed %v", c.name, v, again, v.Blamed(), c.state, c.on, c.again, c.blamed)
		}
	}
}
