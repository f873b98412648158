package decide

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file judges gates: from the pipelines that ran for a head and for the commit
// it stands on to a verdict, job by job, and to what has to run still.

// gateCase is all that a verdict on one gate depends on.
type gateCase struct {
	gate plan.Gate
	now  *plan.Instant
	zone *time.Location
	main string // the name of the default branch
	// own says that the gate would start on the default branch of the project itself.
	own        bool
	head, base *plan.GateRun // nil: not started
	failure    string        // why the head's could not be started in this run
	unbased    string        // why the base's could not be
}

// gateAnswer is the verdict, and what has to be started for another one.
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
		if until := run.Started.Add(c.gate.Timeout); c.now.Passed(until) {
			return a.with(plan.GateTimedOut, plan.GateTakesTooLong{Gate: name, Started: run.Started.In(c.zone), Until: until.In(c.zone)})
		}
		return a.with(plan.GateRunning, plan.GateRuns{Gate: name})
	case run.Result == plan.Canceled || run.Result == plan.Skipped || run.Result == plan.None:
		a.verdict.URL = run.URL
		return a.with(plan.GateWaiting, plan.GateEnded{Gate: name, Result: run.Result})
	}
	a.verdict.URL = c.head.URL
	return a.settled(c)
}

func (a gateAnswer) with(s plan.GateState, why plan.Reason) gateAnswer {
	a.verdict.State, a.verdict.Why = s, why
	return a
}

// fate is what one job of a settled head comes to.
type fate string

// The fates of a job.
const (
	fateFine       fate = "fine"
	fateFlaky      fate = "flaky"      // it passed when it was run again
	fateAgain      fate = "again"      // it is to be run again
	fateOpen       fate = "open"       // it failed, and the other one is to end
	fateEverywhere fate = "everywhere" // the other one failed, too
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
		byFate[c.jobless()] = []plan.JudgedJob{} // it failed in no job, as for a mistake in its configuration
	}
	has := func(f fate) bool { return byFate[f] != nil }
	switch {
	case has(fateRegressed):
		return a.with(plan.GateRegressed, plan.GateIsRegressed{Gate: name, Jobs: byFate[fateRegressed], DefaultBranch: main, Compared: c.compared()})
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

// fateOf judges one job, and tells how the same one ended on the default branch.
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
	if !c.baseSettled() {
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
	case c.again(other):
		return fateOpen, plan.Unsettled
	}
	return fateEverywhere, plan.Failed
}

// jobless is what comes of a pipeline that failed in no job.
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
		return fateRegressed // that one ran
	}
	return fateEverywhere
}

// again reports whether a job that failed is run again before it counts.
func (c gateCase) again(j plan.GateJob) bool {
	return j.Result == plan.Failed && !j.Once && j.Failures <= c.gate.Retries
}

// againOnBase is the job of the base that is to be run again, nil for none.
func (c gateCase) againOnBase(name string) *plan.GateJob {
	if !c.baseSettled() {
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

// baseSettled reports whether there is something to compare with.
func (c gateCase) baseSettled() bool {
	return c.base != nil && (c.base.Result == plan.Passed || c.base.Result == plan.Failed)
}

// baseLost reports whether the pipeline of the base will tell nothing: it cannot be
// started, was canceled, or takes too long.
func (c gateCase) baseLost() bool {
	if c.base == nil {
		return c.unbased != ""
	}
	return c.base.Result != plan.Unsettled || c.now.Passed(c.base.Started.Add(c.gate.Timeout))
}

func (c gateCase) compared() bool { return c.gate.Baseline && c.baseSettled() }

// The most pipelines that are started for gates of a project.
const (
	mostStarts     = 10 // in one run
	mostStartsHour = 30 // in one hour
)

// startsLeft is how many pipelines may be started now, and what bounds them.
func (d *windows) startsLeft() (left, most int, in string) {
	var run, hour int
	for _, r := range d.s.GateRuns {
		if d.now.Within(r.Started, time.Hour) {
			hour++
		}
		if d.now.Is(r.Started) {
			run++
		}
	}
	if mostStarts-run < mostStartsHour-hour {
		return mostStarts - run, mostStarts, "run"
	}
	return mostStartsHour - hour, mostStartsHour, "hour"
}

// gatesOf are the gates that an update has to pass: the policy's, and those of the
// rules that are for one of its moves.
func (d *pins) gatesOf(moves []plan.Move) []plan.Gate {
	out := slices.Clone(d.s.Policy.Gates)
	for i := range d.s.Policy.Rules {
		r := &d.s.Policy.Rules[i]
		if len(r.Gates) == 0 || !d.anyCovered(r, moves) {
			continue
		}
		for _, g := range r.Gates {
			if at := slices.IndexFunc(out, func(o plan.Gate) bool { return o.Name == g.Name }); at >= 0 {
				out[at] = g
			} else {
				out = append(out, g)
			}
		}
	}
	return out
}

// guards reports whether an update has a gate that it must pass.
func guards(gates []plan.Gate) bool {
	return slices.ContainsFunc(gates, func(g plan.Gate) bool { return g.Required })
}

// gates judges the gates of open merge requests, in the order in which their
// pipelines are started.
func (d *queueing) gates() {
	if d.s.Local || len(d.s.Policy.Gates) == 0 && !slices.ContainsFunc(d.s.Policy.Rules, func(r plan.Rule) bool { return len(r.Gates) > 0 }) {
		return
	}
	left := gateBudget{}
	left.n, left.most, left.in = d.startsLeft()
	started := map[string]bool{}
	drafts := slices.Clone(d.drafts)
	sort.SliceStable(drafts, func(i, j int) bool { return before(drafts[i], drafts[j]) })
	for _, dr := range drafts {
		if dr.State != plan.Open || dr.mr == nil || dr.branch == nil || !dr.ours || dr.do != DoLeave {
			continue
		}
		dr.gates = d.gatesOf(dr.Update.Moves)
		for _, g := range dr.gates {
			d.gate(dr, g, &left, started)
		}
	}
}

// gateBudget is what is left of the pipelines that may be started.
type gateBudget struct {
	n, most int
	in      string
}

// gate judges one gate of an open merge request, and notes what it needs.
func (d *queueing) gate(dr *draft, g plan.Gate, left *gateBudget, started map[string]bool) {
	head, base := dr.branch.Head.SHA, dr.trailer.Base
	ops := [2]string{g.Operation(d.s.Project.ID, head), g.Operation(d.s.Project.ID, base)}
	c := gateCase{
		gate: g, now: d.now, zone: d.zone, main: d.s.Project.DefaultBranch, own: d.onDefault(g),
		head: d.gateRun(ops[0]), base: d.gateRun(ops[1]), failure: d.s.GateFailures[ops[0]], unbased: d.s.GateFailures[ops[1]],
	}
	a := judgeGate(c)
	paused := dr.mr.Paused()
	if paused && a.startHead {
		a = a.with(plan.GateWaiting, plan.GatePaused{Gate: g.Name})
	}
	a.verdict.Head, a.verdict.Base = head, base
	start := func(commit, op string, words map[string]string) bool {
		switch {
		case started[op] || paused:
			return true
		case left.n <= 0:
			return false
		}
		left.n--
		started[op] = true
		dr.starts = append(dr.starts, plan.StartGate{IID: dr.mr.IID, Branch: dr.Branch, Head: head, Commit: commit, Gate: g.Name, Default: d.s.Project.DefaultBranch,
			Run: plan.GateRun{Operation: op, Gate: g.Name, Commit: commit}, Spec: g.Pipeline.Fill(words)})
		return true
	}
	if a.startHead && !start(head, ops[0], d.gateWords(dr, head)) {
		a = a.with(plan.GateWaiting, plan.GateInLine{Gate: g.Name, Most: left.most, In: left.in})
	}
	if a.startBase {
		start(base, ops[1], d.mainWords(base))
	}
	if !paused {
		dr.retries = append(dr.retries, d.retriesOf(dr, g, c.head, a.againOf)...)
		dr.retries = append(dr.retries, d.retriesOf(dr, g, c.base, a.againIn)...)
	}
	dr.Gates = append(dr.Gates, a.verdict)
	dr.also(a.verdict.Why)
}

// onDefault reports whether a gate would start on the default branch of the project
// itself, which may deploy.
func (d *scene) onDefault(g plan.Gate) bool {
	return strings.EqualFold(g.Pipeline.Project, d.s.Project.Path) && g.Pipeline.Ref == d.s.Project.DefaultBranch
}

func (d *scene) gateRun(op string) *plan.GateRun {
	at, ok := sort.Find(len(d.s.GateRuns), func(i int) int { return strings.Compare(op, d.s.GateRuns[i].Operation) })
	if !ok {
		return nil
	}
	return &d.s.GateRuns[at]
}

// gateWords are what templates know of a merge request.
func (d *scene) gateWords(dr *draft, head string) map[string]string {
	words := d.mainWords(head)
	words[plan.WordBranch], words[plan.WordMR] = dr.Branch, fmt.Sprint(dr.mr.IID)
	var pins []string
	for _, m := range dr.Update.Moves {
		if pin := m.Key + "==" + m.To; !slices.Contains(pins, pin) {
			pins = append(pins, pin)
		}
	}
	words[plan.WordPackages] = strings.Join(pins, " ")
	return words
}

// mainWords are what they know of a commit of the default branch.
func (d *scene) mainWords(sha string) map[string]string {
	return map[string]string{
		plan.WordSHA: sha, plan.WordBranch: d.s.Project.DefaultBranch, plan.WordProject: d.s.Project.Path,
		plan.WordCloneURL: strings.TrimSuffix(d.s.Project.WebURL, "/") + ".git",
	}
}

func (d *queueing) retriesOf(dr *draft, g plan.Gate, run *plan.GateRun, jobs []plan.GateJob) []plan.Action {
	var out []plan.Action
	for _, j := range jobs {
		out = append(out, plan.RetryJob{IID: dr.mr.IID, Branch: dr.Branch, Gate: g.Name, Operation: run.Operation, Project: run.Project, Pipeline: run.ID, Job: j})
	}
	return out
}

// showGates appends what a merge request's gates need: first what runs, and once
// nothing is to be started, the statuses in which its head shows them, and whether it
// is a draft. It reports whether its texts have to wait for another look.
func (d *acting) showGates(dr *draft) (later bool) {
	if dr.do != DoLeave {
		dr.Gates = nil // another head is judged by pipelines of its own
		return false
	}
	for _, a := range dr.starts {
		d.act(a)
	}
	for _, a := range dr.retries {
		d.act(a)
	}
	if len(dr.gates) == 0 || dr.mr.Paused() {
		return false
	}
	if len(dr.starts)+len(dr.retries) == 0 {
		d.statuses(dr)
	}
	shown := d.shown(dr)
	switch {
	case guards(dr.gates) && !shown && !plan.IsDraft(dr.mr.Title):
		d.act(plan.GuardMergeRequest{IID: dr.mr.IID, Branch: dr.Branch, Draft: true, Head: dr.branch.Head.SHA})
	case shown && dr.mr.Guarded():
		d.act(plan.GuardMergeRequest{IID: dr.mr.IID, Branch: dr.Branch, Head: dr.branch.Head.SHA})
	}
	return len(dr.starts)+len(dr.retries) > 0
}

// shown reports whether every required gate shows on the head as a status.
func (d *acting) shown(dr *draft) bool {
	for _, g := range dr.gates {
		if g.Required && d.headStatus(dr.branch.Head.SHA, g.Name) == nil {
			return false
		}
	}
	return true
}

func (d *scene) headStatus(head, gate string) *plan.GateStatus {
	at := slices.IndexFunc(d.s.GateStatuses, func(s plan.GateStatus) bool { return s.Head == head && s.Gate == gate })
	if at < 0 {
		return nil
	}
	return &d.s.GateStatuses[at]
}

// statuses writes those that the head does not have as they should be. They hang on
// its own pipeline; while it is to get one they wait, since without one GitLab would
// make another.
func (d *acting) statuses(dr *draft) {
	p := d.pipelineOf(&dr.standing)
	if p.ID == 0 && p.Result != plan.None && !d.s.Project.PipelinesOff {
		return
	}
	for _, v := range dr.Gates {
		want := plan.GateStatus{Head: dr.branch.Head.SHA, Gate: v.Gate, State: statusState(v), Pipeline: p.ID}
		if have := d.headStatus(want.Head, want.Gate); have == nil || *have != want {
			d.act(plan.SetStatus{IID: dr.mr.IID, Branch: dr.Branch, Status: want, Text: statusText(v), URL: v.URL})
		}
	}
}

// statusState is a verdict as a status of a commit.
func statusState(v plan.GateVerdict) plan.StatusState {
	switch v.State {
	case plan.GateWaiting:
		if ended, ok := v.Why.(plan.GateEnded); ok && ended.Result == plan.Canceled {
			return plan.StatusCanceled
		}
		return plan.StatusPending
	case plan.GateRunning:
		return plan.StatusRunning
	case plan.GatePassed, plan.GateFlaky, plan.GateEverywhere:
		return plan.StatusSuccess
	case plan.GateRegressed, plan.GateTimedOut:
	}
	return plan.StatusFailed
}

// statusText is what a status says beside its state.
func statusText(v plan.GateVerdict) string {
	text := string(v.State)
	var names []string
	for _, j := range v.Jobs {
		names = append(names, j.Name)
	}
	if len(names) > 0 {
		text += " in " + strings.Join(names, ", ")
	}
	return text
}
