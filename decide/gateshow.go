package decide

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file shows the gates of a head as commit statuses, and by making its merge request a draft
// or not.

// showGates adds to the plan what a merge request's gates need: first the pipelines and jobs that
// start, and if none does, the statuses of its head and whether it is a draft. It reports whether
// its texts have to wait for the next decision.
func (d *acting) showGates(dr *draft) (later bool) {
	if dr.do != DoLeave {
		dr.Gates = nil // its new head is judged by its own pipelines
		return false
	}
	for _, a := range dr.starts {
		d.act(a)
	}
	for _, a := range dr.retries {
		d.act(a)
	}
	if later = len(dr.starts)+len(dr.retries) > 0; len(dr.gates) == 0 || dr.mr.Paused() {
		return later
	}
	if !later {
		d.statuses(dr)
	}
	shown := d.shown(dr)
	switch {
	case guards(dr.gates) && !shown && !plan.IsDraft(dr.mr.Title):
		d.act(plan.GuardMergeRequest{IID: dr.mr.IID, Branch: dr.Branch, Draft: true, Head: dr.branch.Head.SHA})
	case shown && dr.mr.Guarded():
		d.act(plan.GuardMergeRequest{IID: dr.mr.IID, Branch: dr.Branch, Head: dr.branch.Head.SHA})
	}
	return later
}

// shown reports whether the head has a status for every required gate.
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

// statuses writes the statuses that the head does not have as it should, except those that failed
// in this run. They belong to its own pipeline. As long as it may still get one they wait, since
// GitLab would make another pipeline for them.
func (d *acting) statuses(dr *draft) {
	p := d.pipelineOf(&dr.standing)
	if p.Head != "" && p.Head != dr.branch.Head.SHA {
		return // GitLab still shows an earlier head
	}
	if p.ID == 0 && p.Result != plan.None && !d.s.Project.PipelinesOff {
		return
	}
	for _, v := range dr.Gates {
		if v.Gate == plan.OwnGate {
			continue // GitLab shows it itself
		}
		want := plan.GateStatus{Head: dr.branch.Head.SHA, Gate: v.Gate, State: statusState(v), Pipeline: p.ID}
		if says, failed := d.s.GateFailures[want.Shown()]; failed {
			dr.also(plan.GateUnshown{Gate: v.Gate, Says: says})
			continue
		}
		if have := d.headStatus(want.Head, want.Gate); have == nil || *have != want {
			d.act(plan.SetStatus{IID: dr.mr.IID, Branch: dr.Branch, Status: want, Text: statusText(v), URL: v.URL})
		}
	}
}

// statusState is the state of a commit status for a verdict.
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

// statusText is the text of a commit status for a verdict.
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
