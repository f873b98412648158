package decide

import (
	"fmt"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file judges updates that have an open merge request.

// openState judges an update that has an open merge request.
func (d *judging) openState(dr *draft) {
	if dr.branch == nil || !dr.ours {
		dr.stand(plan.Edited, d.editedReason(&dr.standing), d.pipelineReason(&dr.standing))
		if !dr.titleIsOurs(dr.mr.Title, dr.Name, dr.Title) {
			dr.Title = dr.mr.Title
		}
		return
	}
	dr.State = plan.Open
	held := dr.trailer.Moves
	if dr.locked() {
		if dr.unexplained {
			dr.unexplained, dr.Update.Moves = false, held
		}
		dr.mergeWhy = plan.MergeUnderWay{}
		dr.stand(plan.Open, d.openReason(&dr.standing), dr.mergeWhy)
		return
	}
	if a := d.closesFor(dr.mr); a != nil {
		dr.unexplained = false
		dr.end(plan.AskedToClose{By: a.By.Username, Says: a.asked.Reason})
		return
	}
	if h := d.hunts[dr.Branch]; h != nil {
		d.takenApart(dr, h)
		return
	}
	if dr.unexplained {
		d.orphanState(dr, held)
		return
	}
	if dr.Kind == plan.Twin {
		differs := plan.DigestOf(dr.Branch, dr.trailer, plan.TwinFiles(d.files)) != dr.trailer.Digest
		d.settleOpen(dr, differs, nil)
		return
	}
	if len(held) > 0 && every(held, d.reached) {
		dr.end(plan.AlreadyPinned{DefaultBranch: d.s.Project.DefaultBranch, Pins: heldPins(held)})
		return
	}
	gone := d.gone(held)
	if gone != nil && slices.ContainsFunc(d.world.refusals(dr.Update, d.wentBack), func(r refusal) bool { return r.covers(dr.Update) }) {
		dr.end(gone) // a person refused what would take its place
		return
	}
	dr.Clash = d.clash(&dr.standing)
	if d.mistaken(&dr.standing) && (dr.held != "" || !d.fits(&dr.standing)) {
		dr.end(plan.OpenedByMistake{With: dr.clash})
		return
	}
	wanted := (gone != nil || dr.Clash != "" || ahead(dr.Moves, held)) && !dr.young && !dr.stale && dr.held == ""
	d.settleOpen(dr, wanted, gone)
}

// clash says which conflict between pins the merge of a branch would add to the default branch as
// it is now; it is empty if it adds none.
func (d *holding) clash(dr *standing) string {
	moves := d.solved(d.heldMoves(dr))
	if len(moves) == 0 {
		return ""
	}
	added := d.solver.Added(moves)
	if len(added) == 0 {
		return ""
	}
	dr.clash = requirement(added[0], true)
	return dr.clash.Text()
}

// clashes is mistaken for a merge request that no update explains.
func (d *holding) clashes(dr *standing) bool {
	dr.Clash = d.clash(dr)
	if d.mistaken(dr) {
		return true
	}
	dr.Clash = ""
	return false
}

// mistaken reports whether a branch clashes with the very head on which it was made, so that the
// conflict could not be known when it was made.
func (d *holding) mistaken(dr *standing) bool {
	return dr.Clash != "" && dr.trailer.Base == d.world.head && !dr.mr.Paused()
}

// fits reports whether the update differs from what its branch holds, so that it can replace that
// at once.
func (d *holding) fits(dr *standing) bool {
	same := every(dr.Moves, func(m plan.Move) bool { return hasStep(dr.trailer.Moves, m) })
	return !same && !dr.young && !dr.stale
}

// settleOpen decides what to do with the branch of an open merge request: leave it, move it to a
// newer version (once in each opening of the window, and at once if it does not fit any more), or
// make it anew at the same version. It makes it anew for a conflict, if merging it would leave a
// derived file that disagrees, and if another branch is the default one now.
//
// wanted says that there is a version to move to; gone says why the version that the branch holds
// is not offered any more, and is nil if it is.
func (d *judging) settleOpen(dr *draft, wanted bool, gone plan.Reason) {
	approved := d.chooseOpen(dr, wanted, gone)
	dr.stand(dr.State, d.openReason(&dr.standing), d.pipelineReason(&dr.standing))
	if k := dr.Breaks; k != nil && dr.do != DoMove {
		dr.also(plan.BreaksTests{Batch: k.Batch, FailedIn: k.Jobs, Beside: k.With})
	}
	if dr.merging == unforeseen && dr.do != DoRebuild {
		dr.also(plan.CheckingConflict{Branch: d.s.Project.DefaultBranch})
	}
	if dr.mr.Paused() {
		dr.do, dr.placeless = DoLeave, true
		dr.also(plan.StopUpdating{})
	} else if !wanted {
		dr.also(d.givesUp(dr))
	}
	if dr.Clash != "" && dr.do != DoMove {
		dr.State = plan.Incompatible
		dr.also(plan.Clashes{With: dr.clash}, dr.heldFor)
	}
	dr.also(gone)
	if wanted {
		dr.also(d.ready(dr, approved))
	}
	if dr.do != DoMove && dr.Kind != plan.Twin {
		d.showHeld(dr)
	}
}

// chooseOpen chooses what to do with the branch of an open merge request. approved says that it
// would move if nobody had approved it.
func (d *judging) chooseOpen(dr *draft, wanted bool, gone plan.Reason) (approved bool) {
	at := dr.trailer.At
	if at.IsZero() {
		at = dr.mr.CreatedAt
	}
	refreshes := d.refreshes(dr, at)
	approved = wanted && refreshes && dr.Clash == "" && gone == nil && d.approved(&dr.standing)
	switch {
	case wanted && (dr.Clash != "" || refreshes && !approved):
		dr.do = DoMove
	case dr.Clash == "" && dr.trailer.Adopted && !dr.mr.Paused() && d.remade(&dr.standing):
		dr.do = DoRebuild
	case dr.Clash == "" && dr.trailer.Base != d.world.head:
		if dr.merging = d.mergeOf(&dr.standing); dr.merging == conflicting || d.twinBehind(&dr.offer) || d.switched(&dr.standing) {
			dr.do = DoRebuild
		}
	}
	return approved
}

// remade reports whether a branch that another bot made has to be made anew at the versions
// it holds: it does not change just what pinwheel would write for these, such as the
// derived file, so that merging it would leave the files in disagreement.
func (d *judging) remade(dr *standing) bool {
	m := d.heldContent(dr)
	return m.err == nil && m.digest != dr.trailer.Digest
}

// ready says which version would replace that of an open merge request, and when; nil for one that
// moves now, or repairs a derived file.
func (d *judging) ready(dr *draft, approved bool) plan.Reason {
	switch {
	case dr.Kind == plan.Twin:
		return nil
	case approved:
		return plan.VersionReady{Version: dr.Moves0().To, When: plan.ReadyApproved}
	case dr.do != DoMove:
		when, at := d.nextOpening(dr.handling)
		return plan.VersionReady{Version: dr.Moves0().To, When: when, At: at}
	}
	return nil
}

// showHeld makes an update describe what its branch holds, instead of what is offered.
func (d *judging) showHeld(dr *draft) {
	dr.Update.Moves = d.heldMoves(&dr.standing)
	dr.Lines = d.heldLines(&dr.standing)
	dr.Along = d.heldAlong(&dr.standing)
	d.retell(&dr.offer)
	dr.Labels = append(dr.extraLabels(), d.ruleLabels(dr.Update.Moves)...)
	dr.refresh()
}

// takesPlace reports whether an open merge request of ours counts for the limit. One that counts
// until an instant counts until passed holds of it.
func (dr *draft) takesPlace(passed func(time.Time) bool) bool {
	return dr.State == plan.Open && dr.do != DoClose && !dr.placeless && (dr.placeUntil.IsZero() || !passed(dr.placeUntil))
}

// switched reports whether another branch became the default one after a merge request was opened,
// and its target is still there, so that the two may differ.
func (d *holding) switched(dr *standing) bool {
	return dr.mr.Target != d.s.Project.DefaultBranch && !dr.mr.TargetGone
}

// refreshes reports whether an open merge request moves to a newer version now without a request.
// at is when it got its version.
func (d *judging) refreshes(dr *draft, at time.Time) bool {
	switch d.s.Policy.Refresh {
	case plan.RefreshNever:
		return false
	case plan.RefreshAlways:
		return d.plan.Window.Frozen == nil
	case plan.RefreshInWindow:
	}
	return d.may(dr.handling) && !d.now.Same(dr.handling.window, at)
}

// approved reports whether anybody approves an open merge request. As long as that is not known it
// counts as approved, and the plan asks for it.
func (d *judging) approved(dr *standing) bool {
	if dr.mr.Paused() {
		return false // it does not matter
	}
	approved, known := d.s.Approved[dr.mr.IID]
	if !known {
		d.approvals = append(d.approvals, plan.Need{Approval: dr.mr.IID})
	}
	return approved || !known
}

// nextOpening is when an open merge request may move again.
func (d *windows) nextOpening(h handling) (plan.ReadyWhen, time.Time) {
	w := d.view(h)
	switch {
	case d.s.Policy.Refresh == plan.RefreshNever:
		return plan.ReadyNever, time.Time{}
	case w.Always:
		return plan.ReadyTomorrow, time.Time{}
	case w.Never:
		return plan.ReadyOpening, time.Time{}
	case w.Inside:
		if next, ok := h.window.Opens(w.Closes); ok {
			return plan.ReadyAt, next.In(d.zone)
		}
		return plan.ReadyNext, time.Time{}
	}
	return plan.ReadyAt, w.Opens.In(d.zone)
}

func (d *holding) openReason(dr *standing) plan.Reason {
	t := dr.trailer
	since := dr.mr.CreatedAt
	if !t.At.IsZero() {
		since = t.At
	}
	r := plan.OfferedSince{Since: since.In(d.zone)}
	if t.Why == plan.CauseForced {
		r.Forced, r.By = true, t.By
	}
	return r
}

func (d *holding) editedReason(dr *standing) plan.Reason {
	if dr.branch == nil {
		return plan.BranchGone{}
	}
	if left := dr.branch.Left; left.Why != "" && left.Why != plan.LeftCommits {
		return plan.LeftAlone(left)
	}
	r := plan.PushedTo{Head: fmt.Sprintf("%.8s", dr.branch.Head.SHA)}
	if dr.mr.PusherOf == dr.branch.Head.SHA {
		r.By = dr.mr.Pusher
	}
	if dr.mr.HasConflicts {
		r.ConflictsIn = d.s.Project.DefaultBranch
	}
	return r
}

// locked reports whether GitLab is at work on the merge of an update's merge request, or may be:
// the answer to pinwheel's call did not arrive. Nothing of it changes then.
func (dr *standing) locked() bool { return dr.mr != nil && dr.mr.State == plan.Locked }
