package decide

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/plan"
)

// job is one by its story: what each attempt came to, p for passed, f for failed; a
// "?" may fail, and a "!" is never run again.
func gateJob(name, attempts string) plan.GateJob {
	j := plan.GateJob{Name: name, ID: int64(len(name) + len(attempts)), MayFail: strings.Contains(attempts, "?"), Once: strings.Contains(attempts, "!")}
	for _, a := range strings.Trim(attempts, "?!") {
		j.Attempts++
		if j.Result = map[rune]plan.Result{'p': plan.Passed, 'f': plan.Failed, 's': plan.Skipped}[a]; j.Result == plan.Failed {
			j.Failures++
		}
	}
	return j
}

var gateNow = time.Date(2026, 1, 3, 12, 0, 0, 0, time.UTC)

// ran is a run with that result and jobs "NAME=ATTEMPTS".
func ran(result plan.Result, jobs ...string) *plan.GateRun {
	r := &plan.GateRun{Operation: "op", Result: result, Started: gateNow.Add(-time.Hour), URL: "https://gitlab.example/p/1", Project: 2, ID: 1}
	for _, text := range jobs {
		name, attempts, _ := strings.Cut(text, "=")
		r.Jobs = append(r.Jobs, gateJob(name, attempts))
	}
	return r
}

// TestEveryCellOfAGate walks how a pipeline and the one it is compared with may have
// ended, and what comes of it.
func TestEveryCellOfAGate(t *testing.T) {
	var none *plan.GateRun
	const failed, passed, running = plan.Failed, plan.Passed, plan.Unsettled
	tests := []struct {
		name       string
		head, base *plan.GateRun
		baseline   bool
		retries    int
		want       plan.GateState
		does       string // what is to run: head, base, again of the head, again of the base
		names      string // jobs that are told of
	}{
		{"nothing ran", none, none, false, 1, plan.GateWaiting, "head", ""},
		{"nothing ran with a baseline", none, none, true, 1, plan.GateWaiting, "head base", ""},
		{"it runs", ran(running), none, false, 1, plan.GateRunning, "", ""},
		{"it runs and the baseline is to", ran(running), none, true, 1, plan.GateRunning, "base", ""},
		{"all passed", ran(passed, "a=p", "b=p"), none, false, 1, plan.GatePassed, "", ""},
		{"all passed while the baseline runs", ran(passed, "a=p"), ran(running), true, 1, plan.GatePassed, "", ""},
		{"what may fail does", ran(passed, "a=p", "b=f?"), none, false, 1, plan.GatePassed, "", ""},
		{"what was skipped", ran(passed, "a=p", "b=s"), none, false, 1, plan.GatePassed, "", ""},
		{"one passed when it was run again", ran(passed, "a=fp"), none, false, 1, plan.GateFlaky, "", "a"},
		{"one failed once", ran(failed, "a=f"), none, false, 1, plan.GateRunning, "again a", "a"},
		{"one failed once without retries", ran(failed, "a=f"), none, false, 0, plan.GateRegressed, "", "a"},
		{"one failed twice", ran(failed, "a=ff"), none, false, 1, plan.GateRegressed, "", "a"},
		{"one failed twice of two retries", ran(failed, "a=ff"), none, false, 2, plan.GateRunning, "again a", "a"},
		{"one that deploys failed", ran(failed, "a=f!"), none, false, 1, plan.GateRegressed, "", "a"},
		{"one of two is run again", ran(failed, "a=ff", "b=f"), none, false, 1, plan.GateRegressed, "again b", "a,b"},
		{"one failed twice, to be compared", ran(failed, "a=ff"), ran(running), true, 1, plan.GateRunning, "", "a"},
		{"one failed twice, the baseline is to start", ran(failed, "a=ff"), none, true, 1, plan.GateRunning, "base", "a"},
		{"it passes there", ran(failed, "a=ff"), ran(passed, "a=p"), true, 1, plan.GateRegressed, "", "a"},
		{"it passed there when it was run again", ran(failed, "a=ff"), ran(passed, "a=fp"), true, 1, plan.GateRegressed, "", "a"},
		{"it failed there once", ran(failed, "a=ff"), ran(failed, "a=f"), true, 1, plan.GateRunning, "base-again a", "a"},
		{"it failed there twice", ran(failed, "a=ff"), ran(failed, "a=ff"), true, 1, plan.GateEverywhere, "", "a"},
		{"another failed there", ran(failed, "a=ff"), ran(failed, "a=p", "b=ff"), true, 1, plan.GateRegressed, "", "a"},
		{"one failed there, one not", ran(failed, "a=ff", "b=ff"), ran(failed, "a=ff", "b=p"), true, 1, plan.GateRegressed, "", "a,b"},
		{"it did not run there", ran(failed, "a=ff"), ran(passed, "b=p"), true, 1, plan.GateRegressed, "", "a"},
		{"it may fail there", ran(failed, "a=ff"), ran(passed, "a=f?"), true, 1, plan.GateRegressed, "", "a"},
		{"the baseline was canceled", ran(failed, "a=ff"), ran(plan.Canceled), true, 1, plan.GateRegressed, "", "a"},
		{"flaky here and red there", ran(passed, "a=fp"), ran(failed, "a=ff"), true, 1, plan.GateFlaky, "", "a"},
		{"it failed in no job", ran(failed, "a=p"), none, false, 1, plan.GateRegressed, "", ""},
		{"it failed in no job, here and there", ran(failed), ran(failed), true, 1, plan.GateEverywhere, "", ""},
		{"it failed in no job, and ran there", ran(failed), ran(failed, "a=ff"), true, 1, plan.GateRegressed, "", ""},
		{"it failed in no job, to be compared", ran(failed), ran(running), true, 1, plan.GateRunning, "", ""},
		{"it was canceled", ran(plan.Canceled), none, false, 1, plan.GateWaiting, "", ""},
		{"it was skipped", ran(plan.Skipped), none, false, 1, plan.GateWaiting, "", ""},
	}
	for _, tt := range tests {
		a := judgeGate(gateCase{gate: plan.Gate{Name: "g", Baseline: tt.baseline, Retries: tt.retries, Timeout: 6 * time.Hour}, now: plan.At(gateNow), zone: time.UTC, main: "main", head: tt.head, base: tt.base})
		var does, names []string
		if a.startHead {
			does = append(does, "head")
		}
		if a.startBase {
			does = append(does, "base")
		}
		for _, j := range a.againOf {
			does = append(does, "again "+j.Name)
		}
		for _, j := range a.againIn {
			does = append(does, "base-again "+j.Name)
		}
		for _, j := range a.verdict.Jobs {
			names = append(names, j.Name)
		}
		if a.verdict.State != tt.want || strings.Join(does, " ") != tt.does || strings.Join(names, ",") != tt.names {
			t.Errorf("%s: %q, does %q, of %q; want %q, %q, %q", tt.name, a.verdict.State, does, names, tt.want, tt.does, tt.names)
		}
	}
}

// A pipeline that ended in its time and runs a job again has that time once more: at the
// time of a gate nothing is timed out, and no update is blamed, while the answer comes.
func TestWhatRunsAgainHasItsTimeOnceMore(t *testing.T) {
	again := func(attempts string) *plan.GateRun {
		r := ran(plan.Unsettled, "a="+attempts)
		r.Started = gateNow.Add(-90 * time.Minute)
		return r
	}
	for _, tt := range []struct {
		name       string
		head, base *plan.GateRun
		at         time.Duration
		want       plan.GateState
	}{
		{"the baseline runs it again", ran(plan.Failed, "a=ff"), again("f"), 0, plan.GateRunning},
		{"and hangs", ran(plan.Failed, "a=ff"), again("f"), time.Hour, plan.GateRegressed},
		{"the head runs it again", again("f"), ran(plan.Passed, "a=p"), 0, plan.GateRunning},
		{"and hangs", again("f"), ran(plan.Passed, "a=p"), time.Hour, plan.GateTimedOut},
		{"the baseline never ended", ran(plan.Failed, "a=ff"), ran(plan.Unsettled), 0, plan.GateRegressed},
	} {
		c := gateCase{gate: plan.Gate{Name: "g", Timeout: time.Hour, Baseline: true, Retries: 1}, now: plan.At(gateNow.Add(tt.at)), zone: time.UTC, main: "main", head: tt.head, base: tt.base}
		if a := judgeGate(c); a.verdict.State != tt.want {
			t.Errorf("%s: it is %s, want %s", tt.name, a.verdict.State, tt.want)
		}
	}
}

func TestAGateTimesOut(t *testing.T) {
	c := gateCase{gate: plan.Gate{Name: "g", Timeout: time.Hour, Baseline: true}, now: plan.At(gateNow), zone: time.UTC, main: "main", head: ran(plan.Unsettled), base: ran(plan.Unsettled)}
	if a := judgeGate(c); a.verdict.State != plan.GateTimedOut || !strings.Contains(plan.Markdown(a.verdict.Why), "2026-01-03 12:00 UTC") {
		t.Errorf("%s %s", a.verdict.State, plan.Markdown(a.verdict.Why))
	}
	c.now = plan.At(gateNow.Add(-time.Second))
	if a := judgeGate(c); a.verdict.State != plan.GateRunning {
		t.Errorf("a second before its time it is %s", a.verdict.State)
	}
	c.head = ran(plan.Failed, "a=f!")
	if a := judgeGate(c); a.verdict.State != plan.GateRunning {
		t.Errorf("to be compared it is %s", a.verdict.State)
	}
	if c.now = plan.At(gateNow); judgeGate(c).verdict.State != plan.GateRegressed {
		t.Errorf("with a baseline that takes too long it is %s", judgeGate(c).verdict.State)
	}
}

// What a verdict promises, over random pipelines.
func TestPropertiesOfGates(t *testing.T) {
	attempts := rapid.SampledFrom([]string{"p", "f", "fp", "ff", "fff", "f!", "f?", "s"})
	run := rapid.Custom(func(t *rapid.T) *plan.GateRun {
		if rapid.Float64Range(0, 1).Draw(t, "none") < 0.15 {
			return nil
		}
		r := ran(rapid.SampledFrom([]plan.Result{plan.Unsettled, plan.Passed, plan.Failed, plan.Canceled, plan.Skipped}).Draw(t, "result"))
		for _, name := range []string{"a", "b", "c"} {
			if rapid.Bool().Draw(t, "has "+name) {
				r.Jobs = append(r.Jobs, gateJob(name, attempts.Draw(t, name)))
			}
		}
		return r
	})
	rapid.Check(t, func(t *rapid.T) {
		c := gateCase{gate: plan.Gate{Name: "g", Timeout: 6 * time.Hour, Retries: rapid.IntRange(0, 3).Draw(t, "retries"), Baseline: rapid.Bool().Draw(t, "baseline")},
			now: plan.At(gateNow), zone: time.UTC, main: "main", head: run.Draw(t, "head"), base: run.Draw(t, "base")}
		c.own = rapid.Float64Range(0, 1).Draw(t, "own") < 0.1
		a := judgeGate(c)
		if c.own && (a.startHead || a.startBase || len(a.againOf)+len(a.againIn) > 0 || a.verdict.Passes()) {
			t.Fatal("something runs on the default branch of the project itself")
		}
		for _, j := range slices.Concat(a.againOf, a.againIn) {
			if j.Once || j.MayFail || j.Result != plan.Failed || j.Failures > c.gate.Retries {
				t.Fatalf("%+v is run again", j)
			}
		}
		if a.startHead != (c.head == nil && !c.own) || a.startBase && (!c.gate.Baseline || c.base != nil) {
			t.Fatal("what ran is started again, or what is not to run at all")
		}
		if a.verdict.Why == nil || plan.Markdown(a.verdict.Why) == "" {
			t.Fatal("no reason")
		}
		if a.verdict.State == plan.GateEverywhere && !c.gate.Baseline || a.verdict.State == plan.GatePassed && c.head.Result != plan.Passed && len(c.head.Jobs) == 0 {
			t.Fatalf("%s without anything that says so", a.verdict.State)
		}
		if a.verdict.Passes() && slices.ContainsFunc(c.head.Jobs, func(j plan.GateJob) bool {
			return j.Result == plan.Failed && !j.MayFail && !slices.ContainsFunc(c.base.Jobs, func(o plan.GateJob) bool { return o.Name == j.Name && o.Result == plan.Failed })
		}) {
			t.Fatal("it passes with a job that failed here alone")
		}
	})
}

// gated is a Saturday on which a's minor has a merge request and a required gate.
func gatedWorld(t *testing.T, gates ...plan.Gate) plan.Snapshot {
	t.Helper()
	s := saturday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	s.Policy.Gates = gates
	play(&s, Decide(s).Actions)
	return s
}

func TestAtMostTenPipelinesStartInOneRunAndThirtyInAnHour(t *testing.T) {
	var gates []plan.Gate
	for i := range 35 {
		gates = append(gates, plan.Gate{Name: fmt.Sprintf("g%02d", i), Pipeline: plan.PipelineSpec{Project: "g/tests", Ref: "main"}, Timeout: time.Hour})
	}
	s := gatedWorld(t, gates...)
	started := func() int {
		n := 0
		p := Decide(s)
		for _, a := range p.Actions {
			if a, ok := a.(plan.StartGate); ok {
				n++
				run := a.Run
				run.Started = s.Now
				s.GateRuns = append(s.GateRuns, run)
			}
		}
		plan.SortGateRuns(s.GateRuns)
		return n
	}
	want := []int{10, 0, 10, 10, 0, 5}
	for i, after := range []time.Duration{0, 0, 5 * time.Minute, 5 * time.Minute, 5 * time.Minute, time.Hour} {
		s.Now = s.Now.Add(after)
		if n := started(); n != want[i] {
			t.Errorf("look %d started %d, not %d", i+1, n, want[i])
		}
	}
	if u := the(t, Decide(s), lineOfA); u.State != plan.Testing {
		t.Error(u.State)
	}
}

func TestNoGateStartsOnTheDefaultBranchOfItsOwnProject(t *testing.T) {
	s := gatedWorld(t)
	s.Policy.Gates = []plan.Gate{{At: "pinwheel.yaml:7", Name: "own", Pipeline: plan.PipelineSpec{Project: strings.ToUpper(s.Project.Path), Ref: s.Project.DefaultBranch}, Required: true}}
	p := Decide(s)
	for _, a := range p.Actions {
		if _, ok := a.(plan.StartGate); ok {
			t.Errorf("%+v", a)
		}
	}
	if u := the(t, p, lineOfA); u.State != plan.Open || u.Gates[0].State != plan.GateWaiting || !strings.Contains(u.Reason, "pinwheel.yaml:7") || u.Gated(u.Gates[0].Head, u.Gates[0].Base) {
		t.Errorf("%s %+v %s", u.State, u.Gates, u.Reason)
	}
}

// While GitLab shows the head before, the pipeline of that one is not the new one's: no
// status hangs on it, and the merge request stays a draft.
func TestAStatusWaitsForThePipelineOfItsHead(t *testing.T) {
	g := plan.Gate{Name: "integration", Pipeline: plan.PipelineSpec{Project: "g/tests", Ref: "main"}, Timeout: time.Hour, Required: true}
	s := gatedWorld(t, g)
	head := strings.Repeat("1", 40)
	s.Branches[0].Head.SHA = head
	s.GateRuns = []plan.GateRun{{Operation: g.Operation(s.Project.ID, head), Gate: g.Name, Commit: head, Project: 2, ID: 9, Started: s.Now}}
	shown := func(on string) (acts []plan.Action) {
		s.MergeRequests[0].HeadSHA, s.MergeRequests[0].Title = on, plan.GuardPrefix+"Update dependency a to v1.1"
		s.Pipelines = map[int64]plan.Pipeline{s.MergeRequests[0].IID: {Head: on, ID: 5, Result: plan.Unsettled, Started: true}}
		for _, a := range Decide(s).Actions {
			switch a.Kind() {
			case plan.KindSetStatus, plan.KindGuardMergeRequest:
				acts = append(acts, a)
			default:
			}
		}
		return acts
	}
	if acts := shown(strings.Repeat("0", 40)); len(acts) > 0 {
		t.Errorf("on the head before: %+v", acts)
	}
	want := plan.GateStatus{Head: head, Gate: g.Name, State: plan.StatusRunning, Pipeline: 5}
	if acts := shown(head); len(acts) != 1 || acts[0].(plan.SetStatus).Status != want {
		t.Errorf("on its head: %+v, want %+v", acts, want)
	}
}
