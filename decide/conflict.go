package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file finds out which open merge requests conflict before GitLab says it.

// merging is what comes of merging a branch into the default one as it is; empty
// where nobody asked.
type merging string

const (
	clean       merging = "clean"       // it merges, as far as is known
	conflicting merging = "conflicting" // git refuses
	unforeseen  merging = "unforeseen"  // only GitLab can tell, and has not looked yet
)

// mergeOf says what comes of merging the branch of an open merge request of ours.
//
// Where GitLab has looked, its answer counts. It looks only some time after a
// merge, and until then the digest decides. The digest is of the lines that the
// commit changes, with one line before and after them. The same versions on the
// default branch have the same digest unless one of these lines is another one
// there, which is what git calls a conflict. Where pins carry hashes it differs
// too when a release has got more files; the branch then gets their hashes.
//
// A digest of an earlier version is of all bytes and tells nothing. Nor does that
// of a set of which the default branch has made a step already, since git accepts
// the same change on both sides.
func (d *holding) mergeOf(dr *standing) merging {
	held := dr.trailer
	switch {
	case dr.mr.HasConflicts:
		return conflicting
	case !dr.mr.Unchecked || dr.mr.Paused() || dr.Kind == plan.Twin || d.twinBehind(&dr.offer) || d.switched(dr):
		return clean // or something else decides
	case !held.OfLines() || slices.ContainsFunc(held.Moves, d.made):
		return unforeseen
	}
	switch m := d.heldContent(dr); {
	case m.err != nil:
		return unforeseen
	case m.digest != held.Digest:
		return conflicting
	}
	return clean
}

// heldContent makes the steps that a branch says it makes anew on the default branch.
func (d *holding) heldContent(dr *standing) made {
	would := offer{Update: dr.Update}
	would.Moves, would.Lines = d.heldMoves(dr), d.heldLines(dr)
	return d.content(&would)
}

// genuine reports whether a branch changes exactly what pinwheel would write on the default
// branch for the steps that it says it makes. A digest that fits the files is not enough:
// whoever may push can write both in our user's name, and pinwheel must not merge that.
func (d *holding) genuine(dr *standing) bool {
	m := d.heldContent(dr)
	return m.err == nil && m.digest == dr.trailer.Digest
}

// made reports whether the default branch has made the very step that a branch
// holds.
func (d *pins) made(m plan.Move) bool {
	return d.reached(m) && slices.ContainsFunc(d.slotsOf(m.Key), func(i int) bool { return d.slots[i].p.Version.String() == m.To })
}
