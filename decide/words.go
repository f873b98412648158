package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file puts the answers of the search into words.

// requirement is an edge as data. With met it also says which version the edge meets.
func requirement(e solve.Edge, met bool) plan.Requires {
	r := plan.Requires{From: e.From, Requirement: e.Requirement, To: e.To}
	switch {
	case !e.FromRoot:
		r.Version = e.FromVersion.String()
		if e.Extra != "" {
			r.From += "[" + e.Extra + "]"
		}
	default:
		if line, err := pep508.Parse(e.From); err == nil && line.Key() == e.To {
			r.Requirement = "" // a root that is a requirement line
		}
	}
	if met {
		r.Missing, r.Blocks = e.ToMissing, e.ToBlocks && !e.ToMissing
		switch {
		case e.ToMissing:
		case e.ToMoved:
			r.GoesTo = e.ToVersion.String()
		default:
			r.Pinned = e.ToVersion.String()
		}
	}
	return r
}

// requires is one edge as a clause: "botocore 1.34.39 requires urllib3<2.1".
func requires(e solve.Edge) string { return requirement(e, false).Text() }

// violated is an edge that is violated, with what it meets, as a clause.
func violated(e solve.Edge) string { return requirement(e, true).Text() }

// pinnedAt says which version is pinned of the package that an edge requires.
func pinnedAt(e solve.Edge) string { return requirement(e, true).Met() }

// blockers says what stands against a version: the first edge, then why the package that has the
// requirement does not move out of the way, at most three edges. It is nil if nothing does.
func (d *joiner) blockers(key string, why []solve.Edge) plan.Reason {
	// If a newer release has the same requirement, the end of the sentence says so.
	why = slices.CompactFunc(slices.Clone(why), func(a, b solve.Edge) bool { return a.From == b.From && a.To == b.To })
	if len(why) == 0 {
		return nil
	}
	var out plan.Blocked
	for i, e := range why {
		if i == 3 {
			out.More = true
			break
		}
		out.By = append(out.By, requirement(e, e.To != key || e.ToMissing))
	}
	out.Tail = d.stuck(why[min(len(why), 3)-1], key)
	return out
}

// stuck says why the package that would have to move for an edge does not; nil if there is none.
func (d *joiner) stuck(e solve.Edge, key string) *plan.Stuck {
	name := e.From
	if name == key || e.FromRoot {
		name = e.To
	}
	if name == key || e.ToMissing || e.ToBlocks {
		return nil
	}
	i := slices.IndexFunc(d.slots, func(sl slot) bool { return sl.p.Key == name })
	switch {
	case i < 0:
		return nil
	case len(d.candidates(i)) == 0:
		return d.untaken(i)
	case name == e.From && e.To == key:
		return &plan.Stuck{Package: name, How: plan.StuckAccepts}
	}
	return &plan.Stuck{Package: name, How: plan.StuckMends}
}

// untaken says why a slot that cannot move takes none of its releases.
func (d *joiner) untaken(i int) *plan.Stuck {
	name := d.slots[i].p.Key
	for _, l := range d.outcomes[i].lines {
		for _, v := range l.judged {
			if s := d.stuckAt(name, l, v); s != nil {
				return s
			}
		}
	}
	return &plan.Stuck{Package: name, How: plan.StuckNone}
}

// stuckAt says what keeps a package from one release; nil if that release would not help.
func (d *joiner) stuckAt(name string, l *line, v verdict) *plan.Stuck {
	s := &plan.Stuck{Package: name, Version: v.release.Version.String()}
	switch m := d.metadataOf(name, v.release.Version); m.Status {
	case plan.MetadataRefused:
		s.How = plan.StuckRefused
		return s
	case plan.MetadataWithheld:
		s.How, s.Says = plan.StuckHidden, m.Reason
		return s
	case plan.MetadataKnown, plan.MetadataUnknown, plan.MetadataFailed:
	}
	switch {
	case v.young || v.reason == nil:
		s.How = plan.StuckClosed
	case l.down:
		return nil
	default:
		s.How, s.Release.R = plan.StuckRelease, v.reason
	}
	return s
}

// whyHeld says why a wish is not fulfilled, and whether it cannot be or is not checked yet.
func (d *joiner) whyHeld(g *goal, behind *set) (plan.State, plan.Reason) {
	r := g.result
	switch {
	case d.lacks[g] != nil:
		return plan.Incompatible, d.lacks[g].reason(d)
	case behind != nil:
		if behind.name != "" {
			return plan.Incompatible, plan.ApartFromGroup{Group: behind.name}
		}
		return plan.Incompatible, plan.ApartFromUpdate{Package: d.spelled[d.leader(behind)]}
	case r.Status == solve.Lacking:
		return plan.NotChecked, plan.NotRead{}
	case r.Status == solve.Unread:
		return plan.NotChecked, plan.Unreadable{Packages: r.Names[:min(3, len(r.Names))]}
	case r.Status == solve.GaveUp:
		return plan.NotChecked, plan.TooManySteps{}
	}
	to := g.lines[0].newest()
	m := d.metadataOf(g.key, to)
	switch {
	case m.Status == plan.MetadataRefused:
		return plan.Incompatible, plan.RefusedMetadata{Version: to.String(), Says: m.Reason}
	case m.Status == plan.MetadataWithheld:
		return plan.Incompatible, plan.VersionWithheld{Version: to.String(), Says: m.Reason}
	case m.Status == plan.MetadataUnknown && d.s.Policy.Unverified == plan.HoldUnverified:
		return plan.Incompatible, plan.RequirementsUnknown{Version: to.String(), Says: m.Reason}
	}
	if why := d.blockers(g.key, r.Why); why != nil {
		return plan.Incompatible, why
	}
	return plan.Incompatible, plan.NothingFits{}
}
