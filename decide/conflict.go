package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file finds the open merge requests that conflict before GitLab says so.

// merging says whether merging a branch into the default branch conflicts; empty if that was not
// considered.
type merging string

const (
	clean       merging = "clean"       // it does not conflict, as far as is known
	conflicting merging = "conflicting" // git refuses
	unforeseen  merging = "unforeseen"  // only GitLab knows, and has not checked yet
)

// mergeOf says whether merging the branch of an open merge request of ours conflicts.
//
// If GitLab has checked, its answer counts. It checks only some time after a merge. Until then the
// digest decides, which covers the lines that the commit changes and one line before and after
// each. The same steps made on the default branch have the same digest unless one of these lines is
// different there, which is what git calls a conflict. With hashes it differs also if a release got
// more files; then the branch gets their hashes.
//
// A digest of an old version of pinwheel covers all bytes and does not help. Nor does the digest of
// a set if the default branch has one of its steps already, since git accepts the same change on
// both sides.
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

// heldContent makes the steps of a branch anew on the default branch.
func (d *holding) heldContent(dr *standing) made {
	would := offer{Update: dr.Update}
	would.Moves, would.Lines = d.heldMoves(dr), d.heldLines(dr)
	return d.content(&would)
}

// genuine reports whether a branch changes exactly what pinwheel would write on the default branch
// for its steps. A digest that matches the files is not enough: whoever may push can write both in
// our user's name, and pinwheel must not merge that.
func (d *holding) genuine(dr *standing) bool {
	m := d.heldContent(dr)
	return m.err == nil && m.digest == dr.trailer.Digest
}

// made reports whether the default branch has made a step of a branch already.
func (d *pins) made(m plan.Move) bool {
	return d.reached(m) && slices.ContainsFunc(d.slotsOf(m.Key), func(i int) bool { return d.slots[i].p.Version.String() == m.To })
}
