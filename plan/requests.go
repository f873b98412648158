package plan

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// requests judges every tick against the states that hold without it.
func (d *decider) requests() {
	ticks := append([]Tick(nil), d.s.Ticks...)
	sort.SliceStable(ticks, func(i, j int) bool {
		if !ticks[i].At.Equal(ticks[j].At) {
			return ticks[i].At.Before(ticks[j].At)
		}
		return ticks[i].ID < ticks[j].ID
	})
	for _, t := range ticks {
		r := Request{Tick: t}
		if branch, ok := strings.CutPrefix(t.Branch, splitMark); ok {
			d.plan.Requests = append(d.plan.Requests, d.splits(t, branch))
			continue
		}
		i := slices.IndexFunc(d.drafts, func(dr *draft) bool { return dr.Branch == t.Branch })
		if i < 0 {
			// The package has joined a set since.
			i = slices.IndexFunc(d.drafts, func(dr *draft) bool { return d.hasBranch(dr, t.Branch) })
		}
		if i < 0 {
			r.Verdict, r.Reason = Refused, "no update of that name is offered any more"
			switch {
			case d.untold(t.Branch):
				r.Verdict, r.Reason = Accepted, "" // it waits until the index tells of it again
			case t.Remembered:
				r.Verdict, r.Reason = Done, ""
			}
			d.plan.Requests = append(d.plan.Requests, r)
			continue
		}
		dr := d.drafts[i]
		r.Title = dr.Title
		r.Verdict, r.Reason = d.verdict(t, dr)
		if r.Verdict == Accepted && dr.forced == nil && !d.waits(t, dr) {
			dr.forced = &t
		}
		d.plan.Requests = append(d.plan.Requests, r)
	}
	for _, dr := range d.drafts {
		d.bodyBox(dr)
	}
}

// untold reports whether a branch is one of a pinned package of which the index
// tells nothing now: it failed, or hides the package for lack of a right.
func (d *decider) untold(branch string) bool {
	return slices.ContainsFunc(d.slots, func(sl slot) bool {
		pkg := d.s.Packages[sl.p.Key]
		return !(pkg.HasFacts && pkg.Known) && strings.HasPrefix(branch, d.s.Policy.BranchPrefix+slug(d.spelled[sl.p.Key])+"-")
	})
}

// hasBranch reports whether a member of the draft would be alone on a branch.
// Who asked for a minor did not ask for another package's major.
func (d *decider) hasBranch(dr *draft, branch string) bool {
	return slices.ContainsFunc(dr.Moves, func(m Move) bool {
		v, err := pep440.Parse(m.To)
		return err == nil && (dr.Kind != Major || m.Kind == Major) && BranchName(d.s.Policy.BranchPrefix, d.spelled[m.Key], v.Major()) == branch
	})
}

// verdict judges one tick on one update.
func (d *decider) verdict(t Tick, dr *draft) (Verdict, string) {
	switch {
	case dr.State == Open && (t.Box != BoxRebase || dr.trailer.Request == t.ID):
		return Done, ""
	case t.Bulk != "" && dr.State == Edited:
		return Done, "" // a bulk box means the lines of its section alone
	}
	if verdict, reason := d.allowed(t); verdict != "" {
		return verdict, reason
	}
	switch {
	case dr.State == PendingApproval && t.Box != BoxApprove && t.Box != BoxApprovePR && !t.Remembered:
		return Refused, "it needs approval now; tick its box under Pending Approval"
	case dr.State == Edited && t.Box != BoxRebase:
		return Refused, "somebody has pushed to its branch meanwhile; tick its box under MR Edited"
	case dr.State == Edited:
		if why := d.whyNotOver(dr); why != "" {
			return Refused, why
		}
		return Accepted, ""
	case d.waits(t, dr):
		return Accepted, ""
	case dr.held == Ignored:
		return Refused, strings.ToLower(dr.heldFor[:1]) + strings.TrimSuffix(dr.heldFor[1:], ".")
	case dr.State == Ignored:
		return Refused, "mode is dashboard: no branches are made"
	case dr.held == Incompatible && dr.State != Open:
		return Refused, "it cannot be offered now: " + strings.TrimSuffix(dr.heldFor, ".")
	case dr.State == ClosedByPerson && t.Box != BoxRecreate:
		return Refused, "the merge request was closed meanwhile; tick its box under MR Closed"
	case t.Box == BoxRebase && d.spent(dr):
		return Refused, fmt.Sprintf("nothing of it is left to change: no step of it begins at what %s pins now; close it", d.s.Project.DefaultBranch)
	case dr.State != Open && t.Box == BoxRebase:
		return Refused, "the merge request is not open any more"
	}
	return Accepted, ""
}

// allowed judges who ticked and what: Refused with the reason, or nothing.
func (d *decider) allowed(t Tick) (Verdict, string) {
	least := d.s.Policy.MinimumRole
	switch {
	case !t.Rendered:
		return Refused, "the text of that box is not pinwheel's"
	case least > NoRole && t.Role == RoleUnknown && t.Doubt != "":
		return Refused, fmt.Sprintf("%s; it needs %s: tick it again", t.Doubt, least)
	case least > NoRole && t.Role == RoleUnknown:
		return Refused, fmt.Sprintf("nobody could be named who ticked it, and it needs %s", least)
	case least > NoRole && t.Role < least:
		return Refused, fmt.Sprintf("needs %s, has %s", least, t.Role)
	}
	return "", ""
}

// splits judges a tick on the split box of a group: each of its updates that
// has no merge request opens one, and then the group's own closes.
func (d *decider) splits(t Tick, branch string) Request {
	r := Request{Tick: t, Verdict: Accepted}
	for _, dr := range d.drafts {
		if dr.Branch == branch {
			r.Title = dr.Title
		}
	}
	if verdict, reason := d.splittable(t, branch); verdict != "" {
		r.Verdict, r.Reason = verdict, reason
		return r
	}
	for _, dr := range d.drafts {
		if dr.of == branch && dr.forced == nil && (dr.State == AwaitingSchedule || dr.State == PendingApproval) {
			dr.forced = &t
		}
	}
	return r
}

// whyNotOver says why an edited branch cannot be started over, empty where it
// can.
func (d *decider) whyNotOver(dr *draft) string {
	switch {
	case dr.mr == nil:
		return "it has no open merge request into " + d.s.Project.DefaultBranch + "; delete the branch instead"
	case dr.branch == nil:
		return "its branch is gone; close the merge request instead"
	case len(dr.want) == 0 || dr.orphan != "" || dr.held != "":
		return "nothing is offered now that could take the place of its commits"
	case dr.young:
		return "what would take the place of its commits is not old enough before " + instant(dr.Eligible, d.zone)
	}
	return ""
}

// spent reports whether an open merge request cannot be made anew: no update is
// offered in its place, and main no longer pins what its steps begin at.
func (d *decider) spent(dr *draft) bool {
	return dr.State == Open && dr.Kind != Twin && len(dr.want) == 0 && len(d.heldMoves(dr)) == 0
}

// bodyBox treats what a merge request itself asks for like a tick. Only people
// who may push can edit one, so GitLab has judged who.
func (d *decider) bodyBox(dr *draft) {
	if dr.mr == nil || (dr.State != Open && dr.State != Edited) || !dr.mr.asks() || dr.forced != nil || d.spent(dr) || (dr.State == Edited && d.whyNotOver(dr) != "") {
		return
	}
	asked := fmt.Sprintf("mr-%d-", dr.mr.IID)
	if strings.HasPrefix(dr.trailer.Request, asked) && dr.mr.Note.Digest != d.note(dr).Digest {
		return // rebuilt already; only the text is left to write
	}
	dr.forced = &Tick{ID: asked + fmt.Sprintf("%.8s", dr.branch.Head.SHA), Box: BoxRebase, Branch: dr.Branch, At: d.s.Now}
}

// applyForced lets a rebase request take the newest eligible version, or
// rebuild at the version that is held.
func (d *decider) applyForced(dr *draft) {
	if dr.forced == nil {
		return
	}
	want := dr.want
	gone := d.gone(dr.trailer.Moves) != ""
	dr.moves = dr.Kind == Twin || ((gone || dr.Clash != "" || ahead(want, dr.trailer.Moves)) && !dr.young && !dr.stale && dr.held == "" && len(want) > 0)
	dr.repair = !dr.moves
	if dr.moves {
		dr.Update.Moves, dr.Lines, dr.Along = want, dr.wantLines, dr.wantAlong
		d.retell(dr)
	}
}

func (d *decider) youngForced(dr *draft) {
	if dr.forced == nil {
		return
	}
	who := "a person"
	if dr.forced.By.Username != "" {
		who = "`" + dr.forced.By.Username + "`"
	}
	dr.Reason = fmt.Sprintf("Forced by %s, carried out when old enough, %s.", who, instant(dr.Eligible, d.zone))
	dr.State = Maturing
}
