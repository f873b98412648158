package decide

import (
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file judges gates. From the pipelines that ran for a head, and for the commit on which the
// head stands, it makes a verdict, job by job, and finds what still has to run.

// gateCase is all that a verdict on one gate depends on.
type gateCase struct {
	gate plan.Gate
	now  *plan.Instant
	zone *time.Location
	main string // the name of the default branch
	// own says that the gate would start a pipeline on the default branch of the project itself.
	own bool
	// partial says that jobs of the base count before its pipeline has ended, and that none of them
	// runs again, since the base is a pipeline that pinwheel did not start.
	partial    bool
	head, base *plan.GateRun // nil if not started
	failure    string        // why the head's pipeline could not be started in this run
	unbased    string        // why the base's could not be started
}

// gateAnswer is a verdict, and what has to start before there is a better one.
type gateAnswer struct {
	verdict          plan.GateVerdict
	startHead        bool
	startBase        bool
	againOf, againIn []plan.GateJob // jobs to run again, of the head and of the base
}

// judgeGate judges one gate. It is total and pure.
func judgeGate(c gateCase) gateAnswer {
	a := gateAnswer{verdict: plan.GateVerdict{Gate: c.gate.Name, Required: c.gate.Required}}
	name := c.gate.Name
	if c.own {
		return a.with(plan.GateWaiting, plan.GateForbidden{Gate: name, DefaultBranch: c.main, Rule: c.gate.At})
	}
	a.startBase = c.gate.Baseline && c.base == nil && c.unbased == ""
	if c.base != nil {
		a.verdict.Main = c.base.URL
	}
	switch run := c.head; {
	case run == nil && c.failure != "":
		return a.with(plan.GateWaiting, plan.GateFails{Gate: name, Says: c.failure})
	case run == nil:
		a.startHead = true
		return a.with(plan.GateWaiting, plan.GateStarts{Gate: name})
	case run.Result == plan.Unsettled:
		a.verdict.URL = run.URL
		if until := c.until(run); c.now.Passed(until) {
			return a.with(plan.GateTimedOut, plan.GateTakesTooLong{Gate: name, Started: run.Started.In(c.zone), Until: until.In(c.zone)})
		}
		return a.with(plan.GateRunning, plan.GateRuns{Gate: name, Again: underRetry(run.Jobs)})
	case run.Result == plan.Canceled || run.Result == plan.Skipped || run.Result == plan.None:
		a.verdict.URL = run.URL
		return a.with(plan.GateWaiting, plan.GateEnded{Gate: name, Result: run.Result})
	}
	a.verdict.URL = c.head.URL
	return a.settled(c)
}

// underRetry names the jobs that run again in a pipeline that had ended before: those that had
// failed then.
func underRetry(jobs []plan.GateJob) []string {
	var out []string
	for _, j := range jobs {
		if j.Result == plan.Failed && !j.MayFail && !j.Once {
			out = append(out, j.Name)
		}
	}
	return out
}

func (a gateAnswer) with(s plan.GateState, why plan.Reason) gateAnswer {
	a.verdict.State, a.verdict.Why = s, why
	return a
}

// fate is what one job of a pipeline that has ended means for the verdict.
type fate string

// The fates of a job.
const (
	fateFine       fate = "fine"
	fateFlaky      fate = "flaky"      // it passed when it was run again
	fateAgain      fate = "again"      // it has to run again
	fateOpen       fate = "open"       // it failed, and the same job of the base has not ended yet
	fateEverywhere fate = "everywhere" // it failed, and so did the same job of the base
	fateRegressed  fate = "regressed"
)

// settled judges a gate whose pipeline passed or failed.
func (a gateAnswer) settled(c gateCase) gateAnswer {
	byFate := map[fate][]plan.JudgedJob{}
	var again []string
	for _, j := range c.head.Jobs {
		f, main := c.fateOf(j)
		switch {
		case f == fateAgain:
			a.againOf = append(a.againOf, j)
			again = append(again, j.Name)
		case f == fateOpen && c.againOnBase(j.Name) != nil:
			a.againIn = append(a.againIn, *c.againOnBase(j.Name))
		}
		if f == fateFine {
			continue
		}
		judged := plan.JudgedJob{Name: j.Name, Result: j.Result, Main: main, Attempts: j.Attempts, Failures: j.Failures}
		byFate[f] = append(byFate[f], judged)
		a.verdict.Jobs = append(a.verdict.Jobs, judged)
	}
	name, main := c.gate.Name, c.main
	if c.head.Result == plan.Failed && len(byFate[fateAgain])+len(byFate[fateOpen])+len(byFate[fateEverywhere])+len(byFate[fateRegressed]) == 0 {
		byFate[c.jobless()] = []plan.JudgedJob{} // it failed without a failed job, as for a mistake in its configuration
	}
	has := func(f fate) bool { return byFate[f] != nil }
	switch {
	case has(fateRegressed):
		return a.with(plan.GateRegressed, plan.GateIsRegressed{Gate: name, Jobs: byFate[fateRegressed], DefaultBranch: main, Compared: c.compared(byFate[fateRegressed])})
	case has(fateAgain):
		return a.with(plan.GateRunning, plan.GateRuns{Gate: name, Again: again})
	case has(fateOpen):
		return a.with(plan.GateRunning, plan.GateCompares{Gate: name, Jobs: byFate[fateOpen], DefaultBranch: main})
	case has(fateEverywhere):
		return a.with(plan.GateEverywhere, plan.GateFailsEverywhere{Gate: name, Jobs: byFate[fateEverywhere], DefaultBranch: main})
	case has(fateFlaky):
		return a.with(plan.GateFlaky, plan.GateIsFlaky{Gate: name, Jobs: byFate[fateFlaky]})
	}
	return a.with(plan.GatePassed, plan.GatePasses{Gate: name})
}

// fateOf judges one job, and returns how the same job ended on the default branch.
func (c gateCase) fateOf(j plan.GateJob) (fate, plan.Result) {
	switch {
	case j.MayFail, j.Result != plan.Failed && j.Result != plan.Passed:
		return fateFine, plan.Unsettled
	case j.Result == plan.Passed && j.Failures > 0:
		return fateFlaky, plan.Unsettled
	case j.Result == plan.Passed:
		return fateFine, plan.Unsettled
	case c.again(j):
		return fateAgain, plan.Unsettled
	case !c.gate.Baseline:
		return fateRegressed, plan.Unsettled
	}
	if !c.baseSettled() && !c.baseHas(j.Name) {
		if c.baseLost() {
			return fateRegressed, plan.Unsettled
		}
		return fateOpen, plan.Unsettled
	}
	other, ok := jobOf(c.base.Jobs, j.Name)
	switch {
	case !ok || other.MayFail || other.Result != plan.Failed && other.Result != plan.Passed:
		return fateRegressed, plan.Unsettled // it did not run there
	case other.Result == plan.Passed:
		return fateRegressed, plan.Passed
	case !c.partial && c.again(other):
		return fateOpen, plan.Unsettled
	}
	return fateEverywhere, plan.Failed
}

// jobless judges a pipeline that failed without a failed job.
func (c gateCase) jobless() fate {
	switch {
	case !c.gate.Baseline:
		return fateRegressed
	case !c.baseSettled() && !c.baseLost():
		return fateOpen
	case !c.baseSettled() || c.base.Result != plan.Failed:
		return fateRegressed
	}
	if slices.ContainsFunc(c.base.Jobs, func(j plan.GateJob) bool { return j.Result == plan.Failed && !j.MayFail }) {
		return fateRegressed // the base failed in a job, so its configuration is right
	}
	return fateEverywhere
}

// again reports whether a failed job runs again before it counts.
func (c gateCase) again(j plan.GateJob) bool {
	return j.Result == plan.Failed && !j.Once && j.Failures <= c.gate.Retries
}

// againOnBase is the job of the base that has to run again, nil for none.
func (c gateCase) againOnBase(name string) *plan.GateJob {
	if c.partial || !c.baseSettled() {
		return nil
	}
	if j, ok := jobOf(c.base.Jobs, name); ok && c.again(j) {
		return &j
	}
	return nil
}

func jobOf(jobs []plan.GateJob, name string) (plan.GateJob, bool) {
	at := slices.IndexFunc(jobs, func(j plan.GateJob) bool { return j.Name == name })
	if at < 0 {
		return plan.GateJob{}, false
	}
	return jobs[at], true
}

// baseSettled reports whether the pipeline of the base passed or failed, so that jobs can be
// compared with it.
func (c gateCase) baseSettled() bool {
	return c.base != nil && (c.base.Result == plan.Passed || c.base.Result == plan.Failed)
}

// baseLost reports whether the pipeline of the base will never show anything: it cannot be started,
// was canceled, or takes too long.
func (c gateCase) baseLost() bool {
	if c.base == nil {
		return c.unbased != ""
	}
	return c.base.Result != plan.Unsettled || c.now.Passed(c.until(c.base))
}

// until is when a pipeline has to have ended. One that ended before, of which a job runs
// again, has its time once more.
func (c gateCase) until(run *plan.GateRun) time.Time {
	until := run.Started.Add(c.gate.Timeout)
	if len(run.Jobs) > 0 {
		until = until.Add(c.gate.Timeout)
	}
	return until
}

// baseHas reports whether a job of the base has ended and counts before its pipeline has ended.
func (c gateCase) baseHas(name string) bool {
	if !c.partial || c.base == nil {
		return false
	}
	j, ok := jobOf(c.base.Jobs, name)
	return ok && !j.MayFail && (j.Result == plan.Failed || j.Result == plan.Passed)
}

// compared reports whether jobs that regressed are known to end differently on the base.
func (c gateCase) compared(jobs []plan.JudgedJob) bool {
	if c.partial {
		return len(jobs) > 0 && !slices.ContainsFunc(jobs, func(j plan.JudgedJob) bool { return j.Main != plan.Passed })
	}
	return c.gate.Baseline && c.baseSettled()
}
