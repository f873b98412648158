package decide

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file finds the gates of an open merge request, and decides which of their pipelines and jobs
// start, within bounds.

// The most pipelines that are started for gates of a project.
const (
	mostStarts     = 10 // in one run
	mostStartsHour = 30 // in one hour
)

// startsLeft is how many pipelines may still be started, and the bound that decides that: how many,
// in a run or in an hour.
func (d *windows) startsLeft() (left, most int, in string) {
	var run, hour int
	for _, r := range d.s.GateRuns {
		if !r.OfGate() {
			continue
		}
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

// gatesOf lists the gates that an update has to pass: those of the policy, and those of every rule
// for one of its moves.
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

// guards reports whether some gate is required.
func guards(gates []plan.Gate) bool {
	return slices.ContainsFunc(gates, func(g plan.Gate) bool { return g.Required })
}

// gates judges the own pipeline and the gates of every open merge request, in the order in which
// pipelines are started.
func (d *queueing) gates() {
	if _, own := d.s.Policy.OwnGate(); d.s.Local || !own { // with a gate that is judged, too
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
		d.judgeOwn(dr)
		dr.gates = d.gatesOf(dr.Update.Moves)
		for _, g := range dr.gates {
			d.gate(dr, g, &left, started)
		}
	}
}

// gateBudget is how many pipelines may still be started, and the bound as startsLeft has it.
type gateBudget struct {
	n, most int
	in      string
}

// gate judges one gate of an open merge request, and adds what has to start for it.
func (d *queueing) gate(dr *draft, g plan.Gate, left *gateBudget, started map[string]bool) {
	head, base := dr.branch.Head.SHA, dr.trailer.Base
	ops := [2]string{g.Operation(d.s.Project.ID, head), g.Operation(d.s.Project.ID, base)}
	c := gateCase{
		gate: g, now: d.now, zone: d.zone, main: d.s.Project.DefaultBranch, own: d.onDefault(g),
		head: d.gateRun(ops[0]), base: d.gateRun(ops[1]), failure: d.s.GateFailures[ops[0]], unbased: d.s.GateFailures[ops[1]],
	}
	a := judgeGate(c)
	d.unnamed(g, c.head)
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
		dr.retries = append(dr.retries, retriesOf(dr.mr.IID, dr.Branch, c.head, a.againOf)...)
		dr.retries = append(dr.retries, retriesOf(dr.mr.IID, dr.Branch, c.base, a.againIn)...)
	}
	dr.Gates = append(dr.Gates, a.verdict)
	dr.also(a.verdict.Why)
}

// unnamed notes once that the pipelines of a gate do not show their operation, and what may happen
// because of that.
func (d *scene) unnamed(g plan.Gate, run *plan.GateRun) {
	if run == nil || run.Named || len(g.Pipeline.Variables) > 0 || g.Pipeline.Like.Ref != "" {
		return
	}
	note := fmt.Sprintf("Pipelines of %s show no operation in their name, so a lost answer or a lost database can start one of gate `%s` twice: put the input `%s` into `workflow:name` there.",
		g.Pipeline.Project, g.Name, plan.OperationInput)
	if !slices.Contains(d.plan.Notes, note) {
		d.plan.Notes = append(d.plan.Notes, note)
	}
}

// onDefault reports whether a gate would start on the default branch of the project itself, where a
// pipeline may deploy.
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

// gateWords are the words that templates may use about a merge request.
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

// mainWords are the words that templates may use about a commit of the default branch.
func (d *scene) mainWords(sha string) map[string]string {
	return map[string]string{
		plan.WordSHA: sha, plan.WordBranch: d.s.Project.DefaultBranch, plan.WordProject: d.s.Project.Path,
		plan.WordCloneURL: strings.TrimSuffix(d.s.Project.WebURL, "/") + ".git",
	}
}

// retriesOf runs jobs of a pipeline again, for a merge request.
func retriesOf(iid int64, branch string, run *plan.GateRun, jobs []plan.GateJob) []plan.Action {
	var out []plan.Action
	for _, j := range jobs {
		out = append(out, plan.RetryJob{IID: iid, Branch: branch, Gate: run.Gate, Operation: run.Operation, Project: run.Project, Pipeline: run.ID, Job: j})
	}
	return out
}
