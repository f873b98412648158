package decide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// twins adds one update that regenerates every derived file which disagrees with its constraints
// file on the default branch.
func (d *offering) twins() {
	var paths []string
	for _, f := range d.files {
		if f.Behind {
			paths = append(paths, f.Derived.Path)
		}
	}
	if len(paths) == 0 {
		return
	}
	t := "Regenerate " + paths[0]
	if len(paths) > 1 {
		t = fmt.Sprintf("Regenerate %d derived files", len(paths))
	}
	form := d.s.Policy.Title
	d.add(&offer{form: form, Update: plan.Update{Branch: plan.TwinBranch(d.s.Policy.BranchPrefix, paths[0]), Title: form.Apply(t), Kind: plan.Twin}, repairs: t})
}

// orphans adds a draft for every open merge request that no update explains.
func (d *judging) orphans() {
	known := map[string]bool{}
	for _, dr := range d.drafts {
		known[dr.Branch] = true
	}
	var names []string
	for name := range d.world.open {
		if !known[name] && !strings.HasPrefix(name, plan.KeptPrefix(d.s.Policy.BranchPrefix)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		mr := d.world.open[name]
		if d.world.branches[name].Left.Why == plan.LeftOthers {
			continue // another bot's, about files that are none of ours
		}
		dr := &draft{standing: standing{offer: offer{form: d.s.Policy.Title, Update: plan.Update{Branch: name, Title: mr.Title}}, unexplained: true}}
		if d.split[name] != nil {
			dr.Group, dr.Parts = d.groupAt(name), 2 // its box stays until it is apart
		}
		if m := generatedTitle.FindStringSubmatch(dr.form.Strip(plan.PlainTitle(mr.Title))); m != nil && pep508.ValidName(m[1]) {
			dr.Name = m[1]
		}
		d.drafts = append(d.drafts, dr)
	}
}

// states adds to each draft what GitLab holds of it, and gives it the state that it has if nobody
// ticks anything and the window is shut.
func (d *judging) states() {
	for _, dr := range d.drafts {
		if b, ok := d.world.branches[dr.Branch]; ok {
			dr.branch = &b
			dr.trailer, dr.ours = b.Ours(d.world.us)
		}
		if mr, ok := d.world.open[dr.Branch]; ok {
			dr.mr = &mr
			dr.MR = mr.IID
		}
		if !d.provenOf(dr) {
			dr.trailer.Breaks = nil // so that it is not written again
		}
		dr.Breaks = cmp.Or(dr.trailer.Breaks, dr.Breaks)
		dr.handling = d.handlingOf(dr.Moves)
	}
	for _, dr := range d.drafts {
		d.state(dr)
		d.asShown(dr)
	}
	for _, dr := range d.drafts {
		d.holdShared(dr)
		dr.holdOffered(d.s)
	}
}

// provenOf reports whether the proof that the commit of a branch names is true. Whoever may push
// can write a proof into a commit. So it counts only if the batch exists, and if a merge request of
// the branch has the label of those that left a batch. That merge request must be open, or the
// update must hold the same versions again, since a proof against one release says nothing about
// another one. Before there is such a merge request, the pipelines themselves give the proof.
func (d *judging) provenOf(dr *draft) bool {
	k := dr.trailer.Breaks
	if k == nil || !dr.ours || !slices.ContainsFunc(d.s.MergeRequests, func(batch plan.MergeRequest) bool {
		return batch.IID == k.Batch && d.s.Policy.Bisects(d.groupAt(batch.Branch))
	}) {
		return false
	}
	labelled := func(mr plan.MergeRequest) bool {
		return mr.Branch == dr.Branch && slices.Contains(mr.Labels, plan.BreaksLabel)
	}
	if dr.mr != nil {
		return labelled(*dr.mr)
	}
	same := every(dr.Moves, func(m plan.Move) bool { return hasStep(dr.trailer.Moves, m) })
	return len(dr.Moves) > 0 && same && slices.ContainsFunc(d.s.MergeRequests, labelled)
}

// unread reports whether something about the update could not be read in this run.
func (dr *offer) unread() bool { return dr.stale || dr.held == plan.NotChecked }

// asShown keeps the state that the page shows of an update without a merge request, if something
// about it could not be read in this run. Nobody has to act because an index does not answer.
func (d *judging) asShown(dr *draft) {
	waits := func(s plan.State) bool {
		return s == plan.AwaitingSchedule || s == plan.Maturing || s == plan.PendingApproval || s == plan.RateLimited
	}
	if dr.mr != nil || !dr.unread() || !waits(dr.State) && dr.State != plan.NotChecked {
		return
	}
	if shown := d.s.Shown[dr.Branch]; waits(shown) {
		dr.stand(shown, plan.StaysAsShown{})
		return
	}
	if dr.State != plan.NotChecked {
		dr.stand(plan.NotChecked, plan.IndexSilent{})
	}
}

// holdShared holds a set back while a merge request that a person took over moves one of its
// members, since half a set is never offered.
func (d *judging) holdShared(dr *draft) {
	if dr.State != plan.PendingApproval && dr.State != plan.AwaitingSchedule && dr.State != plan.Maturing && dr.State != plan.Open {
		return
	}
	for _, other := range d.drafts {
		if other == dr || other.mr == nil || other.State != plan.Edited {
			continue
		}
		for _, m := range dr.Moves {
			if m.Key != dr.Moves0().Key && other.concerns(m.Key) {
				reason := plan.SharedWithPerson{Branch: other.Branch, Package: m.Name, Waits: dr.mr == nil}
				if dr.mr == nil {
					dr.stand(plan.Incompatible, reason)
				} else if dr.do == DoMove {
					dr.do = DoLeave
					dr.also(reason)
				}
				return
			}
		}
	}
}

// concerns reports whether a draft's merge request moves a package, as far as its marker and the
// name of its branch say.
func (dr *standing) concerns(key string) bool {
	return strings.EqualFold(dr.Name, key) || slices.ContainsFunc(dr.mr.Note.Moves, func(m plan.Move) bool { return m.Key == key })
}

func (d *judging) state(dr *draft) {
	if dr.mr != nil {
		d.openState(dr)
		return
	}
	if mr, ok := d.world.astray[dr.Branch]; ok {
		dr.MR = mr.IID
		dr.stand(plan.Edited, plan.OtherTarget{Target: mr.Target, DefaultBranch: d.s.Project.DefaultBranch})
		return
	}
	for _, r := range d.world.refusals(dr.Update, d.wentBack) {
		if r.covers(dr.Update) {
			dr.refused = &r
			dr.MR = r.mr.IID
			dr.stand(plan.ClosedByPerson, d.refusedReason(r, dr))
			return
		}
	}
	switch {
	case d.s.Policy.Mode == plan.DashboardOnly:
		dr.stand(plan.Ignored, plan.NoBranches{})
	case dr.branch != nil && !dr.ours:
		dr.stand(plan.Edited, plan.ForeignBranch{Branch: dr.Branch})
	case dr.held != "":
		dr.stand(dr.held, dr.heldFor)
	case dr.young:
		var then plan.Next = plan.WaitsForWindow{Rules: dr.handling.of}
		if dr.joins != "" {
			then = plan.Joins{Group: dr.joins}
		} else if r := dr.handling.approval; r != nil {
			then = plan.NeedsApproval{Rule: r.At}
		}
		dr.stand(plan.Maturing, d.maturing(dr, then))
	case dr.handling.approval != nil:
		dr.stand(plan.PendingApproval, plan.NeedsApproval{Rule: dr.handling.approval.At})
	default:
		dr.stand(plan.AwaitingSchedule, d.opensReason(dr.handling))
	}
}

// maturing says when an update is old enough, and what it waits for after that.
func (d *windows) maturing(dr *draft, then plan.Next) plan.Reason {
	return plan.Matures{
		Released: dr.Released.In(d.zone), Eligible: dr.Eligible.In(d.zone), Rule: dr.handling.agedBy(), Then: plan.Inner[plan.Next]{R: then},
	}
}

// opensReason is what an update waits for before the queue is known.
func (d *windows) opensReason(h handling) plan.Reason {
	w := d.view(h)
	switch {
	case w.Always || w.Inside:
		return plan.OpensNow{}
	case w.Never:
		return plan.NeverOpens{Rules: h.of}
	}
	return plan.OpensAt{At: w.Opens.In(d.zone), Rules: h.of}
}

// view is an update's window as texts show it. The view of a rule's window is kept.
func (d *windows) view(h handling) plan.WindowView {
	if len(h.of) == 0 {
		return d.plan.Window
	}
	key := strings.Join(h.of, "\n") + strings.Join(h.window.Text(), ",")
	if _, ok := d.views[key]; !ok {
		d.views[key] = d.now.View(h.window)
	}
	return d.views[key]
}

// refusedReason says who closed the merge request with this update, and what that refuses.
func (d *judging) refusedReason(r refusal, dr *draft) plan.Reason {
	what := plan.Refusal{What: plan.RefusedVersion, Name: dr.Moves0().To}
	if dr.Kind == plan.Major {
		what = plan.Refusal{What: plan.RefusedMajor, Name: majorNumber(dr.Moves0().To)}
	}
	switch {
	case r.merged:
	case r.closing == plan.RefusesLine:
		what = plan.Refusal{What: plan.RefusedLine, Name: majorNumber(dr.Moves0().To)}
	case r.closing == plan.RefusesPackage:
		what = plan.Refusal{What: plan.RefusedPackage, Name: dr.Moves0().Name}
	}
	if dr.Group != "" {
		what = plan.Refusal{What: plan.RefusedSet}
	}
	if dr.Kind == plan.Twin {
		what = plan.Refusal{What: plan.RefusedRepair}
	}
	if r.merged {
		return plan.WasTakenBack{Merged: r.mr.MergedAt.In(d.zone), DefaultBranch: d.s.Project.DefaultBranch, Refuses: what}
	}
	return plan.WasClosed{By: r.mr.ClosedBy.Username, At: r.mr.ClosedAt.In(d.zone), Says: r.mr.Heard.Says, Refuses: what}
}

func majorNumber(version string) string {
	if v, err := pep440.Parse(version); err == nil {
		return v.Major()
	}
	return version
}

// orphanState says why no update explains an open merge request of ours any more. It closes one
// only on positive evidence.
func (d *judging) orphanState(dr *draft, held []plan.Move) {
	dr.unexplained = false
	dr.stand(dr.State, d.openReason(&dr.standing))
	dr.Update.Moves = held
	if now := d.heldMoves(&dr.standing); len(now) > 0 {
		dr.Update.Moves = now // as steps of what is pinned now, so that it can be made anew
	}
	if len(held) == 0 {
		if dr.Branch == d.anyTwinBranch() {
			dr.end(plan.DerivedAgrees{DefaultBranch: d.s.Project.DefaultBranch})
		}
		return
	}
	dr.Kind = plan.Patch
	switch {
	case d.clashes(&dr.standing):
		dr.end(plan.OpenedByMistake{With: dr.clash})
	case every(held, d.reached):
		dr.end(plan.AlreadyPinned{DefaultBranch: d.s.Project.DefaultBranch, Pins: heldPins(held)})
	case !slices.ContainsFunc(held, func(m plan.Move) bool { return d.pinned(m.Key) }):
		dr.end(plan.NoLongerPinned{Package: held[0].Key})
	case d.fresh(held):
		if !d.dispersed(dr, held) {
			d.supersede(dr, held)
		}
	default:
		dr.also(plan.NothingChanges{})
	}
}

// end closes the draft's merge request in this run.
func (dr *draft) end(why plan.Reason) { dr.do, dr.ends = DoClose, why }

// unwanted reports whether the draft's merge request closes, or no update explains it.
func (dr *draft) unwanted() bool { return dr.unexplained || dr.do == DoClose }

// supersede handles an open merge request whose version is not offered any more. It stays until
// what replaces it is open, and closes if nothing does.
func (d *judging) supersede(dr *draft, held []plan.Move) {
	for _, other := range d.drafts {
		if other == dr || other.unwanted() || other.held != "" || !d.succeeds(&other.offer, held) {
			continue
		}
		if other.mr != nil && other.State == plan.Open {
			dr.end(plan.Superseded{Package: other.Moves0().Name, Version: other.Moves0().To})
			dr.by = other.mr.IID
			return
		}
		dr.also(plan.ClosesWhenOpen{Package: other.Moves0().Name, Version: other.Moves0().To})
		return
	}
	if gone := d.gone(held); gone != nil {
		dr.end(gone)
		return
	}
	dr.also(plan.NotOffered{})
}

// succeeds reports whether an update makes every step of a branch that main has not made yet, or
// goes beyond it.
func (d *judging) succeeds(other *offer, held []plan.Move) bool {
	left := false
	for _, h := range held {
		if d.reached(h) {
			continue
		}
		left = true
		to, err := pep440.Parse(h.To)
		if err != nil || !slices.ContainsFunc(other.Moves, func(m plan.Move) bool {
			v, err := pep440.Parse(m.To)
			return err == nil && m.Key == h.Key && v.Compare(to) >= 0
		}) {
			return h.Key == held[0].Key && other.takes(h.Key) && ahead(other.Moves, held)
		}
	}
	return left
}

func (d *pins) anyTwinBranch() string {
	for _, f := range d.files {
		if f.Derived != nil {
			return plan.TwinBranch(d.s.Policy.BranchPrefix, f.Derived.Path)
		}
	}
	return ""
}
