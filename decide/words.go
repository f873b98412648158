package decide

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file puts the answers of the search into words.

// requires is one edge as a clause: "botocore 1.34.39 requires urllib3<2.1".
func requires(e solve.Edge) string {
	if !e.FromRoot {
		if e.Extra != "" {
			return e.From + "[" + e.Extra + "] " + e.FromVersion.String() + " requires " + e.Requirement
		}
		return e.From + " " + e.FromVersion.String() + " requires " + e.Requirement
	}
	if r, err := pep508.Parse(e.From); err == nil && r.Key() == e.To {
		return "the roots ask for " + e.From // a root that is a requirement line
	}
	return e.From + " requires " + e.Requirement
}

// violated is an edge that does not hold, with what it meets.
func violated(e solve.Edge) string {
	if e.ToMissing {
		return requires(e) + ", and no release of " + e.To + " fits"
	}
	return requires(e) + "; " + pinnedAt(e)
}

// pinnedAt says where the pin stands that an edge meets.
func pinnedAt(e solve.Edge) string {
	if e.ToBlocks {
		return e.To + "==" + e.ToVersion.String() + " blocks it on purpose"
	}
	return e.To + " is pinned at " + e.ToVersion.String()
}

// blockers says what stands against a version: the first edge, then why the
// package that asks for it does not move out of the way, at most three links.
func (d *decider) blockers(key string, why []solve.Edge) string {
	// That a newer requirer asks for the same is said by the tail.
	why = slices.CompactFunc(slices.Clone(why), func(a, b solve.Edge) bool { return a.From == b.From && a.To == b.To })
	var parts []string
	for i, e := range why {
		if i == 3 {
			parts = append(parts, "and more")
			break
		}
		if e.To == key && !e.ToMissing {
			parts = append(parts, requires(e))
		} else {
			parts = append(parts, violated(e))
		}
	}
	if len(why) == 0 {
		return ""
	}
	last := why[min(len(why), 3)-1]
	text := strings.Join(parts, "; ")
	if tail := d.stuck(last, key); tail != "" {
		text += ", and " + tail
	}
	return text
}

// stuck says why the end of an edge that could mend it does not move.
func (d *decider) stuck(e solve.Edge, key string) string {
	name := e.From
	if name == key || e.FromRoot {
		name = e.To
	}
	if name == key || e.ToMissing || e.ToBlocks {
		return ""
	}
	for i, sl := range d.slots {
		if sl.p.Key != name {
			continue
		}
		if len(d.candidates(i)) > 0 {
			if name == e.From && e.To == key {
				return "no newer " + name + " accepts it"
			}
			return "no newer " + name + " mends that"
		}
		for _, l := range d.outcomes[i].lines {
			for _, v := range l.judged {
				to := v.release.Version
				switch m := d.metadataOf(sl.p.Key, to); m.Status {
				case plan.MetadataRefused:
					return "the metadata of " + name + " " + to.String() + " is refused"
				case plan.MetadataWithheld:
					return name + " " + to.String() + " cannot be had: " + m.Reason
				case plan.MetadataKnown, plan.MetadataUnknown, plan.MetadataFailed:
				}
				if v.young || v.reason == "" {
					return name + " " + v.release.Version.String() + " was refused by closing its merge request"
				}
				if !l.down {
					return name + " " + v.release.Version.String() + " " + d.clause(v.reason)
				}
			}
		}
		return "there is no newer " + name
	}
	return ""
}

// clause makes a judge's reason follow a name and a version.
func (d *decider) clause(reason string) string {
	for _, verb := range []string{"is ", "has ", "requires ", "would "} {
		if strings.HasPrefix(reason, verb) {
			return reason
		}
	}
	return "is not taken (" + reason + ")"
}

// whyHeld says for a wish that is not granted whether it cannot be or is not
// checked yet, and the reason as a sentence.
func (d *decider) whyHeld(g *goal, behind *set) (plan.State, string) {
	r := g.result
	switch {
	case behind != nil:
		if behind.name != "" {
			return plan.Incompatible, fmt.Sprintf("Does not fit together with the rest of %s. Moves when that one is merged.", behind.name)
		}
		leader := d.spelled[d.leader(behind)]
		return plan.Incompatible, fmt.Sprintf("Does not fit together with the update of %s, with which it shares a package. Moves when that one is merged.", leader)
	case r.Status == solve.Lacking:
		return plan.NotChecked, "Not checked yet: its requirements are not read."
	case r.Status == solve.Unread:
		what := "a package"
		if len(r.Names) > 0 {
			what = strings.Join(r.Names[:min(3, len(r.Names))], ", ")
		}
		return plan.NotChecked, "Not checked yet: what " + what + " requires could not be read. Tried again every run."
	case r.Status == solve.GaveUp:
		return plan.NotChecked, "Not checked: to find pins that fit it takes too many steps. What it requires would have to become simpler."
	}
	to := g.lines[0].newest()
	m := d.metadataOf(g.key, to)
	switch {
	case m.Status == plan.MetadataRefused:
		return plan.Incompatible, fmt.Sprintf("The metadata of %s is refused: %s.", to, m.Reason)
	case m.Status == plan.MetadataWithheld:
		return plan.Incompatible, fmt.Sprintf("%s cannot be had: %s.", to, m.Reason)
	case m.Status == plan.MetadataUnknown && d.s.Policy.Unverified == plan.HoldUnverified:
		return plan.Incompatible, fmt.Sprintf("What %s requires is not known (%s), and `unverified: hold` holds that.", to, m.Reason)
	}
	if text := d.blockers(g.key, r.Why); text != "" {
		return plan.Incompatible, text + "."
	}
	return plan.Incompatible, "No set of newer pins fits it."
}
