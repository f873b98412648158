package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file judges the own pipeline of a merge request as a gate. A job that failed runs again
// first, and is then compared with the same job in the pipelines of the default branch. Nothing is
// started or run again on the default branch.

// ownHead is a merge request of ours whose own pipeline is judged.
type ownHead struct {
	mr   *plan.MergeRequest
	head string
	base string // the commit on which the head stands
}

// ownGate judges the own pipeline of a merge request. judged is false if the policy wants no
// verdict, or GitLab does not let us read pipelines.
func (d *scene) ownGate(h ownHead) (a gateAnswer, run *plan.GateRun, judged bool) {
	gate, judged := d.s.Policy.OwnGate()
	if !judged || d.s.Local || d.s.Silent || d.s.Project.PipelinesOff {
		return gateAnswer{}, nil, false
	}
	a.verdict = plan.GateVerdict{Gate: gate.Name, Required: gate.Required}
	run = d.gateRun(plan.OwnOperation(h.head))
	p := d.s.Pipelines[h.mr.IID]
	switch {
	case run != nil && run.ID != 0:
		base := h.base
		if run.Onto != "" {
			base = run.Onto
		}
		c := gateCase{gate: gate, now: d.now, zone: d.zone, main: d.s.Project.DefaultBranch, head: run, base: d.gateRun(plan.MainOperation(base)), partial: true}
		a = judgeGate(c)
		a.startHead, a.startBase, a.againIn = false, false, nil
		a.verdict.Base, a.verdict.ID, a.verdict.Kind = base, run.ID, run.Kind
		if c.base != nil && c.base.Commit != "" && a.verdict.State == plan.GateEverywhere {
			a.verdict.Base = c.base.Commit // a failure on another commit is no excuse for a merge onto this one
		}
	case p.Head == h.head && p.Result == plan.None:
		a = a.with(plan.GateWaiting, plan.GateEnded{Gate: gate.Name, Result: plan.None})
	default:
		a = a.with(plan.GateWaiting, plan.GateAwaited{Gate: gate.Name})
	}
	a.verdict.Head = h.head
	return a, run, true
}

// ownOf is the own pipeline of an open draft.
func (dr *standing) ownOf() ownHead {
	return ownHead{dr.mr, dr.branch.Head.SHA, dr.trailer.Base}
}

// ownReason says what the verdict on the own pipeline has beyond how that ended; nil if nothing, or
// nothing is judged.
func (d *holding) ownReason(dr *standing) plan.Reason {
	if dr.mr == nil || dr.branch == nil || !dr.ours || dr.Breaks != nil || d.hunts[dr.Branch] != nil {
		return nil // nobody wants it, or there is a proof that says more
	}
	a, _, judged := d.ownGate(dr.ownOf())
	if !judged || a.verdict.Plain() {
		return nil
	}
	return a.verdict.Why
}

// own is the verdict on the own pipeline of a draft; false if there is none.
func (dr *draft) own() (plan.GateVerdict, bool) {
	at := slices.IndexFunc(dr.Gates, func(v plan.GateVerdict) bool { return v.Gate == plan.OwnGate })
	if at < 0 {
		return plan.GateVerdict{}, false
	}
	return dr.Gates[at], true
}

// judgeOwn judges the own pipeline of an open draft, and adds the jobs of it that run again.
func (d *queueing) judgeOwn(dr *draft) {
	a, run, judged := d.ownGate(dr.ownOf())
	if !judged {
		return
	}
	dr.Gates = append(dr.Gates, a.verdict)
	if !dr.mr.Paused() {
		dr.retries = append(dr.retries, retriesOf(dr.mr.IID, dr.Branch, run, a.againOf)...)
	}
}
