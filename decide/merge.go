package decide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file decides which open merge request of ours is merged, one for each head of the default
// branch, and which condition each other one still waits for.

// testTime is how long a merge request that is tested on the newest head keeps others from being
// made anew.
const testTime = 24 * time.Hour

// merges decides about merging, after everything else is decided about every draft.
func (d *queueing) merges() {
	if d.s.Policy.Mode != plan.Full || !d.s.Policy.Merges() {
		return
	}
	var all []*draft
	for _, dr := range d.drafts {
		if d.mayMerge(dr) {
			all = append(all, dr)
		}
	}
	slices.SortStableFunc(all, func(a, b *draft) int {
		return cmp.Or(cmp.Compare(b.handling.priority, a.handling.priority), cmp.Compare(a.mr.IID, b.mr.IID))
	})
	var first *draft // that is merged, made anew, or tested on the newest head
	if at := slices.IndexFunc(d.drafts, func(dr *draft) bool { return dr.locked() }); at >= 0 {
		first = d.drafts[at]
	}
	for _, dr := range all {
		why, next := d.mergeState(dr)
		switch {
		case next != DoLeave && first != nil:
			why = plan.MergeTurn{After: first.mr.IID}
		case next != DoLeave:
			dr.do, first = next, dr
		case first == nil && d.underTest(dr, why):
			first = dr
		}
		if dr.do == DoRebuild {
			dr.because = "to test it on the newest " + d.s.Project.DefaultBranch + " before it is merged"
		}
		dr.also(why)
		dr.mergeWhy = why
	}
}

// mayMerge reports whether merging is considered for a draft: its merge request is ours and open,
// and nothing else is done with it.
func (d *queueing) mayMerge(dr *draft) bool {
	return dr.mr != nil && !dr.locked() && dr.ours && dr.State == plan.Open && dr.do == DoLeave && dr.forced == nil && d.hunts[dr.Branch] == nil && (len(dr.Update.Moves) > 0 || d.s.Policy.Merging.On) && !dr.mr.Paused() && dr.Clash == "" &&
		dr.mr.Target == d.s.Project.DefaultBranch && dr.mr.HeadSHA == dr.branch.Head.SHA && d.s.Failures[dr.Branch] == ""
}

// mergeState says why a merge request is not merged now, or what to do: merge it, or make it anew
// to test it on the newest head. The conditions come in the order in which a person would settle
// them.
func (d *queueing) mergeState(dr *draft) (plan.Reason, Do) {
	if why := d.mergePolicy(dr); why != nil {
		return why, DoLeave
	}
	if unread := d.s.Unheard[dr.mr.IID]; unread != "" {
		return plan.MergeUnread{Says: unread}, DoLeave // somebody may ask to close it, or for later
	}
	if d.words.unclear(dr.mr.IID, d.s.Policy.AnswerRole) {
		return plan.MergeUnclear{}, DoLeave
	}
	is, known := d.s.Mergeable[dr.mr.IID]
	if !known {
		d.plan.Missing = append(d.plan.Missing, plan.Need{Merge: dr.mr.IID})
		return nil, DoLeave
	}
	base := cmp.Or(is.Onto, dr.trailer.Base)
	if guards(dr.gates) {
		base = dr.trailer.Base // gates test the head alone, whatever its own pipeline ran on
	}
	behind := base != d.world.head
	ungated := dr.ungated(is.Head)
	switch {
	case is.Failure != "":
		return plan.MergeUnread{Says: is.Failure}, DoLeave
	case is.State != plan.Opened || is.Head != dr.mr.HeadSHA || is.Target != dr.mr.Target:
		return plan.MergeUntested{}, DoLeave // GitLab is behind, or the next run sees what happened
	case is.MayNot:
		return plan.MergeMayNot{Target: is.Target}, DoLeave
	case !d.genuine(&dr.standing):
		return plan.MergeBehind{DefaultBranch: d.s.Project.DefaultBranch}, DoRebuild
	case ungated != nil: // its own pipeline shows that, so it is asked first
		return *ungated, DoLeave
	case is.Result == plan.None && !d.now.Passed(dr.branch.Head.At.Add(plan.SettleTime)):
		return plan.MergeUntested{}, DoLeave // it may be on its way
	case is.Result != plan.Passed && !dr.excused(is):
		return dr.untested(is), DoLeave
	case is.Status != plan.StatusMergeable && is.Status != "need_rebase":
		return plan.MergeStatus{Status: is.Status}, DoLeave
	case (behind || is.Status == "need_rebase") && (d.s.Project.MergeMethod.Exact() || !d.s.Policy.Merging.Stale || dr.failsEverywhere()):
		return plan.MergeBehind{DefaultBranch: d.s.Project.DefaultBranch}, DoRebuild
	case is.Status != plan.StatusMergeable:
		return plan.MergeStatus{Status: is.Status}, DoLeave
	}
	dr.tested = strings.Join([]string{d.permits(dr), dr.pipelinePassed(is), gatesPassed(dr.Gates)}, "; ")
	dr.testedOn = base
	return plan.MergesNow{}, DoMerge
}

// excused reports whether the pipeline that GitLab counts failed only in jobs that fail, too, on
// the commit of the default branch with which it was tested.
func (dr *draft) excused(is plan.Mergeable) bool {
	v, judged := dr.own()
	return judged && v.State == plan.GateEverywhere && is.Result == plan.Failed && v.ID == is.Pipeline && v.PassedFor(is.Head, cmp.Or(is.Onto, dr.trailer.Base))
}

// failsEverywhere reports whether something that a merge needs failed as on the default branch. Of
// a newer commit that is not known: the failure may be mended there.
func (dr *draft) failsEverywhere() bool {
	return slices.ContainsFunc(dr.Gates, func(v plan.GateVerdict) bool {
		return v.State == plan.GateEverywhere && (v.Required || v.Gate == plan.OwnGate)
	})
}

// untested says why the pipeline that GitLab counts does not permit a merge, or does not permit it
// yet.
func (dr *draft) untested(is plan.Mergeable) plan.Reason {
	if v, judged := dr.own(); judged && is.Result == plan.Failed && v.Waits() && !v.Plain() {
		return plan.MergeUngated{Gate: v.Gate, Waits: true}
	}
	return plan.MergeUntested{Result: is.Result}
}

// pipelinePassed says for the audit that the pipeline passed, or in which jobs it failed that fail
// on the default branch, too.
func (dr *draft) pipelinePassed(is plan.Mergeable) string {
	if is.Result == plan.Passed {
		return fmt.Sprintf("pipeline %d passed", is.Pipeline)
	}
	v, _ := dr.own()
	return fmt.Sprintf("pipeline %d %s", is.Pipeline, statusText(v))
}

// ungated is the first required gate that has not passed for a head on the commit on which the
// draft stands; nil if all have.
func (dr *draft) ungated(head string) *plan.MergeUngated {
	for _, g := range dr.gates {
		at := slices.IndexFunc(dr.Gates, func(v plan.GateVerdict) bool { return v.Gate == g.Name })
		if g.Required && (at < 0 || !dr.Gates[at].PassedFor(head, dr.trailer.Base)) {
			return &plan.MergeUngated{Gate: g.Name, Waits: at >= 0 && dr.Gates[at].Waits()}
		}
	}
	return nil
}

// permits lists what in the policy permits the merge of a draft, each with its place: the key
// merge, and rules with merge: true.
func (d *holding) permits(dr *draft) string {
	var by []string
	for _, move := range dr.Update.Moves {
		at := "merge"
		if source, set := d.s.Policy.Sources["merge"]; set {
			at = fmt.Sprintf("merge (%s)", source)
		}
		if rule := d.rulesDeciding(move).merge; rule != nil {
			at = fmt.Sprintf("merge: true (%s)", rule.At)
		}
		if !slices.Contains(by, at) {
			by = append(by, at)
		}
	}
	if len(by) == 0 {
		by = []string{"merge"} // it moves nothing
	}
	return strings.Join(by, ", ")
}

// gatesPassed names the gates that passed, for the audit.
func gatesPassed(all []plan.GateVerdict) string {
	var out []string
	for _, v := range all {
		if v.Required && v.Gate != plan.OwnGate {
			out = append(out, strings.TrimSpace("gate "+v.Gate+" passed "+v.URL))
		}
	}
	if len(out) == 0 {
		return "no gates"
	}
	return strings.Join(out, ", ")
}

// mergePolicy says which condition of the policy is not met; nil if all are.
func (d *queueing) mergePolicy(dr *draft) plan.Reason {
	if by := dr.mr.Author; by.ID != d.s.Bot.ID && !slices.Contains(d.s.Former, by.Username) && !d.s.Policy.Adopt.Is(by) {
		return plan.MergeOpenedBy{By: by.Username} // a commit may be forged in our name, and then nobody asked for it
	}
	m := d.s.Policy.Merging
	for _, move := range dr.Update.Moves {
		rule := d.rulesDeciding(move).merge
		switch {
		case rule != nil && rule.Merge == plan.Yes, rule == nil && m.On && slices.Contains(m.Kinds, move.Kind):
		case rule != nil:
			return plan.MergeNotOf{Package: move.Name, Step: move.Kind, Rule: rule.At}
		default:
			return plan.MergeNotOf{Package: move.Name, Step: move.Kind}
		}
	}
	if method := d.s.Project.MergeMethod; m.Method != "" && method != m.Method {
		return plan.MergeMethodDiffers{Wanted: m.Method, Is: method}
	} else if !method.Exact() && !m.Stale {
		return plan.MergeInexact{}
	}
	since := dr.trailer.At
	if dr.mr.CreatedAt.After(since) {
		since = dr.mr.CreatedAt // whoever may push can write an earlier date into a commit
	}
	if dr.mr.StandsSince.After(since) {
		since = dr.mr.StandsSince // in an old merge request, too
	}
	if from := since.Add(m.After); m.After > 0 && !d.now.Passed(from) {
		return plan.MergeAges{From: from.In(d.zone)}
	}
	if f := d.plan.Window.Frozen; f != nil {
		return plan.MergeFrozen{Until: f.Until.In(d.zone)}
	}
	if m.Window != nil && !d.now.Inside(*m.Window) {
		if w := d.now.View(*m.Window); !w.Never {
			return plan.MergeOpens{At: w.Opens.In(d.zone)}
		}
		return plan.MergeOpens{}
	}
	return nil
}

// shown is the state in which texts show an update. Open ones have states of their own while they
// are tested, taken apart, or about to be merged.
func (dr *draft) shown() plan.State {
	if dr.State != plan.Open {
		return dr.State
	}
	if dr.bisecting {
		return plan.Bisecting
	}
	if slices.ContainsFunc(dr.Told(), plan.GateVerdict.Waits) {
		return plan.Testing
	}
	untested, is := dr.mergeWhy.(plan.MergeUntested)
	if is && (untested.Result == plan.Unsettled || untested.Result == "") {
		return plan.Testing
	}
	if status, is := dr.mergeWhy.(plan.MergeStatus); is && slices.Contains(runningStatus, status.Status) {
		return plan.Testing
	}
	if soon := []plan.ReasonKind{plan.MergesNow{}.Kind(), plan.MergeUnderWay{}.Kind(), plan.MergeTurn{}.Kind(), plan.MergeBehind{}.Kind()}; dr.mergeWhy != nil && slices.Contains(soon, dr.mergeWhy.Kind()) {
		return plan.AboutToMerge
	}
	return plan.Open
}

// runningStatus are GitLab's words for a merge request that it still checks.
var runningStatus = []string{"ci_still_running", "checking", "unchecked", "preparing", "approvals_syncing"}

// underTest reports whether a merge request stands on the newest head and may be merged as soon as
// its pipeline passes, so that no other one is made anew meanwhile.
func (d *queueing) underTest(dr *draft, why plan.Reason) bool {
	running := false
	if r, is := why.(plan.MergeUntested); is {
		running = r.Result == plan.Unsettled || r.Result == plan.None
	}
	if r, is := why.(plan.MergeUngated); is {
		running = r.Waits
	}
	if r, is := why.(plan.MergeStatus); is {
		running = slices.Contains(runningStatus, r.Status)
	}
	return running && dr.trailer.Base == d.world.head && !d.now.Passed(dr.branch.Head.At.Add(testTime))
}

// merge adds the merge of a draft to the plan.
func (d *acting) merge(dr *draft) {
	d.act(plan.Merge{
		IID: dr.mr.IID, Branch: dr.Branch, Head: dr.branch.Head.SHA, Base: dr.testedOn, Target: dr.mr.Target, Paths: dr.trailer.Paths,
		Stale: !d.s.Project.MergeMethod.Exact(), Tested: dr.tested, Moves: dr.trailer.Moves,
	})
}

// afterMerges says what came of our merges. A default branch that fails now and passed before is
// the first of all problems, and one that holds what was not tested the next. A merge onto another commit than the tested one is noted until its
// pipeline passed.
func (d *holding) afterMerges() {
	var red, altered []plan.Problem
	for _, m := range d.s.Merges {
		on := m.At.In(d.zone).Format(time.DateOnly)
		if len(m.Broke) > 0 {
			p, mend := brokeProblem(d.s.Project.WebURL, m, on)
			red = append(red, d.withRevert(m, p, mend))
		}
		if len(m.Altered) > 0 {
			p, mend := alteredProblem(d.s.Project.WebURL, m, on)
			altered = append(altered, d.withRevert(m, p, mend))
		}
		if m.Tested != m.Onto && m.Next != plan.Passed && !m.Mended {
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("!%d was merged onto %.8s and tested on %.8s: the next pipeline of %s shows whether they go together.", m.IID, m.Onto, m.Tested, m.Target))
		}
	}
	d.plan.Problems = slices.Concat(red, altered, d.plan.Problems)
}
