package reconcile

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// noteStands notes of each open merge request what its branch moves, and since when. Of a head that pinwheel is
// known to have written its own date counts; of any other the instant in which a run first sees it, since whoever
// may push can write any date into a commit. If no run knew what the merge request moved before, nothing is known.
func (r *observer) noteStands() {
	for i := range r.snap.MergeRequests {
		mr := &r.snap.MergeRequests[i]
		at := slices.IndexFunc(r.snap.Branches, func(b plan.Branch) bool { return b.Name == mr.Branch })
		if mr.State != plan.Opened || at < 0 {
			continue
		}
		b := &r.snap.Branches[at]
		t, ok := plan.ParseTrailers(b.Head.Message)
		moves := movesOf(t.Moves)
		if !ok || moves == mr.Stands {
			continue
		}
		switch {
		case b.Known:
			mr.StandsSince = t.At.UTC()
		case mr.Stands == "":
			mr.StandsSince = mr.CreatedAt
		default:
			mr.StandsSince = r.now.Stamp().UTC()
		}
		mr.Stands = moves
	}
}

// movesOf is what moves end in, as a text.
func movesOf(moves []plan.Move) string {
	out := make([]string, len(moves))
	for i, m := range moves {
		out[i] = m.Key + "==" + m.To
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}
