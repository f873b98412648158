package decide

import (
	"fmt"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file judges updates that have an open merge request.

// openState judges an update that has an open merge request.
func (d *decider) openState(dr *draft) {
	if dr.branch == nil || !dr.ours {
		dr.stand(plan.Edited, d.editedReason(dr), d.pipelineReason(dr))
		if !dr.titleIsOurs(dr.mr.Title, dr.Name, dr.Title) {
			dr.Title = dr.mr.Title
		}
		return
	}
	dr.State = plan.Open
	held := dr.trailer.Moves
	if dr.orphan != "" {
		d.orphanState(dr, held)
		return
	}
	if dr.Kind == plan.Twin {
		dr.moves = plan.DigestOf(dr.Branch, dr.trailer, plan.TwinFiles(d.files)) != dr.trailer.Digest
		d.settleOpen(dr, nil)
		return
	}
	if len(held) > 0 && !slices.ContainsFunc(held, func(m plan.Move) bool { return !d.reached(m) }) {
		dr.orphan = d.s.Project.DefaultBranch + " already pins " + heldText(held)
		return
	}
	gone := d.gone(held)
	if gone != nil && slices.ContainsFunc(d.world.refusals(dr.Update, d.wentBack), func(r refusal) bool { return r.covers(dr.Update) }) {
		dr.orphan = plan.Markdown(gone) // a person refused what would take its place
		return
	}
	dr.Clash = d.clash(dr)
	if d.mistaken(dr) && (dr.held != "" || !d.fits(dr)) {
		dr.orphan = "it should not have been opened: " + dr.Clash
		return
	}
	dr.moves = (gone != nil || dr.Clash != "" || ahead(dr.Moves, held)) && !dr.young && !dr.stale && dr.held == ""
	d.settleOpen(dr, gone)
}

// clash says why merging what the branch holds would add a conflict between
// pins to the default branch as it is now; it is empty when it would not.
func (d *decider) clash(dr *draft) string {
	moves := d.solved(d.heldMoves(dr))
	if len(moves) == 0 {
		return ""
	}
	for _, e := range d.solver.Added(moves) {
		dr.clash = requirement(e, true)
		return dr.clash.Text()
	}
	return ""
}

// clashes is mistaken for a merge request that has no update any more.
func (d *decider) clashes(dr *draft) bool {
	dr.Clash = d.clash(dr)
	if d.mistaken(dr) {
		return true
	}
	dr.Clash = ""
	return false
}

// mistaken reports whether a branch clashes with the very head on which it was
// made: what forbids it could not be known then.
func (d *decider) mistaken(dr *draft) bool {
	return dr.Clash != "" && dr.trailer.Base == d.world.head && !dr.mr.Paused()
}

// fits reports whether the update is something else than what its branch holds,
// so that it can take the place of that at once.
func (d *decider) fits(dr *draft) bool {
	return len(dr.Moves) > 0 && !dr.young && !dr.stale && slices.ContainsFunc(dr.Moves, func(m plan.Move) bool {
		return !slices.ContainsFunc(dr.trailer.Moves, func(h plan.Move) bool { return h.Key == m.Key && h.To == m.To })
	})
}

// settleOpen decides between leaving the branch, moving it to a newer version
// (once per opening of the window, at once where it does not fit any more) and
// making it anew at the same one: for a conflict, or where merging it would
// leave a derived file that disagrees, and where another branch is the default one.
func (d *decider) settleOpen(dr *draft, gone plan.Reason) {
	at := dr.trailer.At
	if at.IsZero() {
		at = dr.mr.CreatedAt
	}
	wanted := dr.moves
	refreshes := d.refreshes(dr, at)
	approved := wanted && refreshes && dr.Clash == "" && gone == nil && d.approved(dr)
	dr.moves = wanted && (dr.Clash != "" || refreshes && !approved)
	if !dr.moves && dr.Clash == "" && dr.trailer.Base != d.world.head {
		dr.merging = d.mergeOf(dr)
		dr.repair = dr.merging == conflicting || d.twinBehind(dr) || d.switched(dr)
	}
	dr.stand(dr.State, d.openReason(dr), d.pipelineReason(dr))
	if dr.merging == unforeseen && !dr.repair {
		dr.also(plan.CheckingConflict{Branch: d.s.Project.DefaultBranch})
	}
	if dr.mr.Paused() {
		dr.moves, dr.repair, dr.placeless = false, false, true
		dr.also(plan.StopUpdating{})
	} else if !wanted {
		dr.also(d.givesUp(dr))
	}
	if dr.Clash != "" && !dr.moves {
		dr.State = plan.Incompatible
		dr.also(plan.Clashes{With: dr.clash}, dr.heldFor)
	}
	dr.also(gone)
	if wanted && approved && dr.Kind != plan.Twin {
		dr.also(plan.VersionReady{Version: dr.Moves0().To, When: plan.ReadyApproved})
	} else if wanted && !dr.moves && dr.Kind != plan.Twin {
		when, at := d.nextOpening(dr.handling)
		dr.also(plan.VersionReady{Version: dr.Moves0().To, When: when, At: at})
	}
	if !dr.moves && dr.Kind != plan.Twin {
		dr.Update.Moves = d.heldMoves(dr)
		dr.Lines = d.heldLines(dr)
		dr.Along = d.heldAlong(dr)
		d.retell(dr)
		dr.Labels = append(dr.extraLabels(), d.ruleLabels(dr.Update.Moves)...)
		dr.refresh()
	}
}

// switched reports whether another branch is the default one since a merge request
// was opened, and the one it goes into is still there: they may have parted.
func (d *decider) switched(dr *draft) bool {
	return dr.mr.Target != d.s.Project.DefaultBranch && !dr.mr.TargetGone
}

// refreshes reports whether an open merge request whose version was put there
// at an instant moves to a newer one now, without anybody asking.
func (d *decider) refreshes(dr *draft, at time.Time) bool {
	switch d.s.Policy.Refresh {
	case plan.RefreshNever:
		return false
	case plan.RefreshAlways:
		return d.plan.Window.Frozen == nil
	case plan.RefreshInWindow:
	}
	return d.may(dr.handling) && !dr.handling.window.Same(at, d.s.Now)
}

// approved reports whether anybody approves an open merge request. While that
// is not known, which is asked for where it matters, it counts as approved.
func (d *decider) approved(dr *draft) bool {
	if dr.mr.Paused() {
		return false // it does not matter
	}
	approved, known := d.s.Approved[dr.mr.IID]
	if !known {
		d.asks = append(d.asks, plan.Need{Approval: dr.mr.IID})
	}
	return approved || !known
}

// nextOpening is when an open merge request may move again.
func (d *decider) nextOpening(h handling) (plan.ReadyWhen, time.Time) {
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

func (d *decider) openReason(dr *draft) plan.Reason {
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

func (d *decider) editedReason(dr *draft) plan.Reason {
	if dr.branch == nil {
		return plan.BranchGone{}
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
