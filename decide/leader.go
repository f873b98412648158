package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file names sets.

// leader is the package that names a set: a member that no other one requires, the first by name.
// In a set with a major it is one that moves by a major. A member whose branch has an open merge
// request of ours stays the leader.
func (d *joiner) leader(s *set) string {
	if s.goals[0].closed {
		return s.goals[0].key // it is shown under the name that was refused
	}
	if len(s.culprit) > 0 {
		return d.formalLeader(s, s.culprit) // not what it requires
	}
	var names []string
	for _, key := range s.keys {
		if !s.class.major || slices.ContainsFunc(s.result.Moves, func(m solve.Move) bool { return m.Major && d.slots[m.Pin].p.Key == key }) {
			names = append(names, key)
		}
	}
	formal := d.formalLeader(s, names)
	best, bestIID := formal, int64(0)
	for _, key := range names {
		mr, open := d.world.open[d.setBranch(s, key)]
		if !open || !d.isOurs(mr.Branch) {
			continue
		}
		if key == formal {
			return key
		}
		if bestIID == 0 || mr.IID < bestIID {
			best, bestIID = key, mr.IID
		}
	}
	return best
}

// formalLeader is the first of some names that no other of them requires; the first of all if they
// require each other; empty for none.
func (d *joiner) formalLeader(s *set, names []string) string {
	required := map[string]bool{}
	for _, m := range s.result.Moves {
		key := d.slots[m.Pin].p.Key
		if !slices.Contains(names, key) {
			continue
		}
		for _, r := range d.metadataOf(key, m.To).Requires {
			if r.Key() != key && len(r.Marker.Extras()) == 0 && d.mayHoldAnywhere(r.Marker) {
				required[r.Key()] = true
			}
		}
	}
	for _, key := range names {
		if !required[key] {
			return key
		}
	}
	if len(names) > 0 {
		return names[0]
	}
	return ""
}

// isOurs reports whether a branch exists and is ours.
func (d *scene) isOurs(branch string) bool {
	b, ok := d.world.branches[branch]
	if !ok {
		return false
	}
	_, ours := b.Ours(d.world.us)
	return ours
}

// setBranch is the branch of a set that a package names.
func (d *joiner) setBranch(s *set, key string) string {
	var newest pep440.Version
	for _, m := range s.result.Moves {
		if d.slots[m.Pin].p.Key == key && (newest.IsZero() || m.To.Compare(newest) > 0) {
			newest = m.To
		}
	}
	return plan.BranchName(d.s.Policy.BranchPrefix, d.spelled[key], newest.Major())
}
