package decide

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// requests judges every tick by the states that hold without it.
func (d *queueing) requests() {
	ticks := append([]plan.Tick(nil), d.s.Ticks...)
	sort.SliceStable(ticks, func(i, j int) bool {
		if !ticks[i].At.Equal(ticks[j].At) {
			return ticks[i].At.Before(ticks[j].At)
		}
		return ticks[i].ID < ticks[j].ID
	})
	for _, t := range ticks {
		r := plan.Request{Tick: t}
		if q, other := d.besideUpdates(t); other {
			d.judged(q)
			continue
		}
		i := slices.IndexFunc(d.drafts, func(dr *draft) bool { return dr.Branch == t.Branch })
		if i < 0 && d.carriedOut(t) {
			r.Verdict = plan.Done
			d.judged(r)
			continue
		}
		if i < 0 {
			// The package has joined a set since the tick.
			i = slices.IndexFunc(d.drafts, func(dr *draft) bool { return d.hasBranch(&dr.offer, t.Branch) })
		}
		if i < 0 {
			r.Verdict, r.Why = plan.Refused, plan.NoSuchUpdate{}
			switch {
			case d.unknownNow(t.Branch):
				r.Verdict, r.Why = plan.Accepted, nil // it waits until the index has it again
			case t.Remembered:
				r.Verdict, r.Why = plan.Done, nil
			}
			d.judged(r)
			continue
		}
		dr := d.drafts[i]
		r.Title = dr.Title
		r.Verdict, r.Why = d.verdict(t, dr)
		if r.Verdict == plan.Accepted && dr.forced == nil && !d.waits(t, dr) {
			dr.forced = &t
		}
		d.judged(r)
	}
	for _, dr := range d.drafts {
		d.bodyBox(dr)
	}
}

// besideUpdates judges a tick on a box that is not an update's: to split a group, or to revert a
// merge. It reports false for any other box.
func (d *queueing) besideUpdates(t plan.Tick) (q plan.Request, other bool) {
	if branch, ok := strings.CutPrefix(t.Branch, plan.SplitMark); ok {
		return d.splits(t, branch), true
	}
	if t.Box == plan.BoxRevert {
		return d.revertRequest(t), true
	}
	if _, _, is := plan.HoldOf(d.s.Policy.BranchPrefix, t.Branch); is || t.Box == plan.BoxUnhold {
		return d.unhold(t), true
	}
	return q, false
}

// carriedOut reports whether an open merge request was made or reopened for a tick. The tick does
// not ask for what its package joins after that.
func (d *queueing) carriedOut(t plan.Tick) bool {
	return t.ID != "" && slices.ContainsFunc(d.s.MergeRequests, func(m plan.MergeRequest) bool {
		return m.State == plan.Opened && m.Branch == t.Branch && m.Note.Request == t.ID
	})
}

// judged adds a tick and its verdict to the plan.
func (d *scene) judged(r plan.Request) {
	r.Reason = plan.Markdown(r.Why)
	d.plan.Requests = append(d.plan.Requests, r)
}

// unknownNow reports whether a branch is one of a pinned package about which the index says nothing
// now, since it fails or lets nobody read the package.
func (d *pins) unknownNow(branch string) bool {
	return slices.ContainsFunc(d.slots, func(sl slot) bool {
		pkg := d.s.Packages[sl.p.Key]
		return !(pkg.HasFacts && pkg.Known) && strings.HasPrefix(branch, d.s.Policy.BranchPrefix+plan.Slug(d.spelled[sl.p.Key])+"-")
	})
}

// hasBranch reports whether a member of the draft would have a branch if it were alone. A request
// for a minor is none for another package's major.
func (d *queueing) hasBranch(dr *offer, branch string) bool {
	return slices.ContainsFunc(dr.Moves, func(m plan.Move) bool {
		v, err := pep440.Parse(m.To)
		return err == nil && (dr.Kind != plan.Major || m.Kind == plan.Major) && plan.BranchName(d.s.Policy.BranchPrefix, d.spelled[m.Key], v.Major()) == branch
	})
}

// verdict judges one tick on one update.
func (d *queueing) verdict(t plan.Tick, dr *draft) (plan.Verdict, plan.Reason) {
	switch {
	case dr.State == plan.Open && (t.Box != plan.BoxRebase || dr.trailer.Request == t.ID):
		return plan.Done, nil
	case t.Bulk != "" && dr.State == plan.Edited:
		return plan.Done, nil // a bulk box is for the lines of its section alone
	}
	if verdict, reason := d.allowed(t, d.s.Policy.MinimumRole); verdict != "" {
		return verdict, reason
	}
	switch {
	case dr.State == plan.PendingApproval && t.Box != plan.BoxApprove && t.Box != plan.BoxApprovePR && !t.Remembered:
		return plan.Refused, plan.ApprovalFirst{}
	case dr.State == plan.Edited && t.Box != plan.BoxRebase:
		return plan.Refused, plan.PushedMeanwhile{}
	case dr.State == plan.Edited:
		if why := d.whyNotOver(dr); why != nil {
			return plan.Refused, why
		}
		return plan.Accepted, nil
	case d.waits(t, dr):
		return plan.Accepted, nil
	case dr.held == plan.Ignored:
		return plan.Refused, heldBack(dr.heldFor)
	case dr.State == plan.Ignored:
		return plan.Refused, plan.TickNoBranches{}
	case dr.held == plan.Incompatible && dr.State != plan.Open:
		return plan.Refused, heldBack(dr.heldFor)
	case dr.State == plan.ClosedByPerson && t.Box != plan.BoxRecreate:
		return plan.Refused, plan.ClosedMeanwhile{}
	case t.Box == plan.BoxRebase && d.spent(&dr.standing):
		return plan.Refused, plan.NothingLeft{DefaultBranch: d.s.Project.DefaultBranch}
	case dr.State != plan.Open && t.Box == plan.BoxRebase:
		return plan.Refused, plan.NotOpen{}
	}
	return plan.Accepted, nil
}

// heldBack is the reason to refuse a tick on an update that cannot be offered.
func heldBack(why plan.Reason) plan.Reason {
	if by, ruled := why.(plan.RuledOut); ruled {
		return plan.TickRuledOut(by)
	}
	return plan.TickHeld{Why: plan.Inner[plan.Reason]{R: why}}
}

// allowed judges who ticked: Refused with the reason, or neither if they may. least is the role
// that the box needs.
func (d *scene) allowed(t plan.Tick, least plan.Role) (plan.Verdict, plan.Reason) {
	switch {
	case !t.Rendered:
		return plan.Refused, plan.ForeignBox{}
	case least > plan.NoRole && t.Role == plan.RoleUnknown && t.Doubt != "":
		return plan.Refused, plan.DoubtfulTick{Says: t.Doubt, Needs: least.String()}
	case least > plan.NoRole && t.Role == plan.RoleUnknown:
		return plan.Refused, plan.NobodyNamed{Needs: least.String()}
	case least > plan.NoRole && t.Role < least:
		return plan.Refused, plan.RoleTooLow{Needs: least.String(), Has: t.Role.String()}
	}
	return "", nil
}

// splits judges a tick on the split box of a group. Each of its updates without a merge request
// opens one, and then the merge request of the group closes.
func (d *queueing) splits(t plan.Tick, branch string) plan.Request {
	r := plan.Request{Tick: t, Verdict: plan.Accepted}
	for _, dr := range d.drafts {
		if dr.Branch == branch {
			r.Title = dr.Title
		}
	}
	if verdict, reason := d.splittable(t, branch); verdict != "" {
		r.Verdict, r.Why = verdict, reason
		return r
	}
	for _, dr := range d.drafts {
		if dr.of == branch && dr.forced == nil && (dr.State == plan.AwaitingSchedule || dr.State == plan.PendingApproval) {
			dr.forced = &t
		}
	}
	return r
}

// whyNotOver says why an edited branch cannot be started over, nil if it can.
func (d *queueing) whyNotOver(dr *draft) plan.Reason {
	switch {
	case dr.mr == nil:
		return plan.NoMergeRequest{DefaultBranch: d.s.Project.DefaultBranch}
	case dr.branch == nil:
		return plan.NoBranch{}
	case len(dr.want) == 0 || dr.unwanted() || dr.held != "":
		return plan.NothingInstead{}
	case dr.young:
		return plan.YoungInstead{Eligible: dr.Eligible.In(d.zone)}
	}
	return nil
}

// spent reports whether an open merge request cannot be made anew: no update is offered in its
// place, and the default branch does not pin any more what its steps begin with.
func (d *holding) spent(dr *standing) bool {
	return dr.State == plan.Open && dr.Kind != plan.Twin && len(dr.want) == 0 && len(d.heldMoves(dr)) == 0
}

// bodyBox treats a tick in the merge request itself like one on the dashboard. Only people who may
// push can edit it, so GitLab has checked their role.
func (d *queueing) bodyBox(dr *draft) {
	if dr.mr == nil || (dr.State != plan.Open && dr.State != plan.Edited) || !dr.mr.Asks() || dr.forced != nil || d.spent(&dr.standing) || (dr.State == plan.Edited && d.whyNotOver(dr) != nil) {
		return
	}
	asked := fmt.Sprintf("mr-%d-", dr.mr.IID)
	if strings.HasPrefix(dr.trailer.Request, asked) && dr.mr.Note.Digest != d.markerOf(&dr.standing).Digest {
		return // it is rebuilt already; only its text has to be written
	}
	dr.forced = &plan.Tick{ID: asked + fmt.Sprintf("%.8s", dr.branch.Head.SHA), Box: plan.BoxRebase, Branch: dr.Branch, At: d.now.Stamp()}
}

// applyForced makes a request on an open merge request move it to the newest eligible version, or
// rebuild it at the version that it holds.
func (d *queueing) applyForced(dr *draft) {
	if dr.forced == nil || dr.locked() {
		return
	}
	want := dr.want
	gone := d.gone(dr.trailer.Moves) != nil
	dr.do = DoRebuild
	if dr.Kind == plan.Twin || ((gone || dr.Clash != "" || ahead(want, dr.trailer.Moves)) && !dr.young && !dr.stale && dr.held == "" && len(want) > 0) {
		dr.do = DoMove
		dr.Update.Moves, dr.Lines, dr.Along = want, dr.wantLines, dr.wantAlong
		d.retell(&dr.offer)
	}
}

func (d *queueing) youngForced(dr *draft) {
	if dr.forced == nil {
		return
	}
	dr.stand(plan.Maturing, plan.ForcedYoung{By: dr.forced.By.Username, Eligible: dr.Eligible.In(d.zone)})
}
