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
		dr.State = plan.Edited
		dr.Reason = d.editedReason(dr) + d.pipelineReason(dr)
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
		d.settleOpen(dr, "")
		return
	}
	if len(held) > 0 && !slices.ContainsFunc(held, func(m plan.Move) bool { return !d.reached(m) }) {
		dr.orphan = d.s.Project.DefaultBranch + " already pins " + heldText(held)
		return
	}
	gone := d.gone(held)
	if gone != "" && slices.ContainsFunc(d.world.refusals(dr.Update, d.wentBack), func(r refusal) bool { return r.covers(dr.Update) }) {
		dr.orphan = gone // a person refused what would take its place
		return
	}
	dr.Clash = d.clash(dr)
	if d.mistaken(dr) && (dr.held != "" || !d.fits(dr)) {
		dr.orphan = "it should not have been opened: " + dr.Clash
		return
	}
	dr.moves = (gone != "" || dr.Clash != "" || ahead(dr.Moves, held)) && !dr.young && !dr.stale && dr.held == ""
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
		return violated(e)
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
func (d *decider) settleOpen(dr *draft, gone string) {
	at := dr.trailer.At
	if at.IsZero() {
		at = dr.mr.CreatedAt
	}
	wanted := dr.moves
	refreshes := d.refreshes(dr, at)
	approved := wanted && refreshes && dr.Clash == "" && gone == "" && d.approved(dr)
	dr.moves = wanted && (dr.Clash != "" || refreshes && !approved)
	if !dr.moves && dr.Clash == "" && dr.trailer.Base != d.world.head {
		dr.merging = d.mergeOf(dr)
		dr.repair = dr.merging == conflicting || d.twinBehind(dr) || d.switched(dr)
	}
	dr.Reason = d.openReason(dr) + d.pipelineReason(dr)
	if dr.merging == unforeseen && !dr.repair {
		dr.Reason += fmt.Sprintf(" GitLab is checking whether it conflicts with `%s`.", d.s.Project.DefaultBranch)
	}
	if dr.mr.Paused() {
		dr.moves, dr.repair, dr.placeless = false, false, true
		dr.Reason += " The label `stop-updating` keeps it as it is; it does not count towards max_open_merge_requests."
	} else if !wanted {
		dr.Reason += d.givesUp(dr)
	}
	if dr.Clash != "" && !dr.moves {
		dr.State = plan.Incompatible
		dr.Reason += " It does not fit the default branch any more: " + dr.Clash + "."
		if dr.heldFor != "" {
			dr.Reason += " " + dr.heldFor
		}
	}
	ready := ""
	if wanted && approved && dr.Kind != plan.Twin {
		ready = fmt.Sprintf(" v%s is ready and does not replace it while it is approved; a tick takes it now.", dr.Moves0().To)
	} else if wanted && !dr.moves && dr.Kind != plan.Twin {
		ready = fmt.Sprintf(" v%s is ready%s; a tick takes it now.", dr.Moves0().To, d.nextOpening(dr.handling))
	}
	if gone != "" {
		dr.Reason += " " + gone + "."
	}
	dr.Reason += ready
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

// nextOpening is when an open merge request may move again, as it reads after
// "is ready".
func (d *decider) nextOpening(h handling) string {
	const replaces, unless = " and replaces it ", " if it is neither approved nor merged"
	w := d.view(h)
	switch {
	case d.s.Policy.Refresh == plan.RefreshNever:
		return " and does not replace it by itself (`refresh: never`)"
	case w.Always:
		return replaces + "tomorrow at the earliest" + unless
	case w.Never:
		return replaces + "when the window opens" + unless
	case w.Inside:
		if next, ok := h.window.Opens(w.Closes); ok {
			return replaces + "on " + next.In(d.zone).Format("Mon 2 Jan 15:04") + unless
		}
		return replaces + "in the next window" + unless
	}
	return replaces + "on " + w.Opens.In(d.zone).Format("Mon 2 Jan 15:04") + unless
}

func (d *decider) openReason(dr *draft) string {
	t := dr.trailer
	since := dr.mr.CreatedAt
	if !t.At.IsZero() {
		since = t.At
	}
	text := "Offered since " + day(since, d.zone)
	if t.Why == "forced" {
		text += ", asked for"
		if t.By != "" {
			text += " by `" + t.By + "`"
		}
	}
	return text + "."
}

func (d *decider) editedReason(dr *draft) string {
	if dr.branch == nil {
		return "Its branch is gone, so only people touch this merge request."
	}
	who := "Somebody"
	if dr.mr.Pusher != "" && dr.mr.PusherOf == dr.branch.Head.SHA {
		who = inCode(dr.mr.Pusher)
	}
	text := fmt.Sprintf("%s pushed to it (head `%.8s`), so only people touch this branch.", who, dr.branch.Head.SHA)
	if dr.mr.HasConflicts {
		text += fmt.Sprintf(" It conflicts with `%s`: solve that there, or tick the box to start over, which keeps these commits on a branch of their own.", d.s.Project.DefaultBranch)
	} else {
		text += " A tick starts over and keeps these commits on a branch of their own."
	}
	return text + " It does not count towards max_open_merge_requests."
}
