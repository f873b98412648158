package plan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// This file names reverts: merge requests that take back what a merge of ours
// brought, which people ask for with a box.

var revertName = regexp.MustCompile(`^revert-([1-9][0-9]{0,17})$`)

// RevertBranch is the branch of the revert of a merge request. No package's branch
// and no group's is named like it.
func RevertBranch(prefix string, iid int64) string { return fmt.Sprintf("%srevert-%d", prefix, iid) }

// RevertOf is the number of the merge request that a branch reverts; ok is false for a
// branch with another name.
func RevertOf(prefix, branch string) (iid int64, ok bool) {
	rest, under := strings.CutPrefix(branch, prefix)
	m := revertName.FindStringSubmatch(rest)
	if !under || m == nil {
		return 0, false
	}
	iid, err := strconv.ParseInt(m[1], 10, 64)
	return iid, err == nil
}

// Back is what takes a merge back: the opposite steps.
func (t Trailers) Back() (moves []Move, lines []LineChange) {
	for _, m := range t.Moves {
		moves = append(moves, Move{Key: m.Key, Name: m.Name, From: m.To, To: m.From})
	}
	for _, l := range t.Lines {
		l.Removed = !l.Removed
		lines = append(lines, l)
	}
	return moves, lines
}

// Revert is a box that takes a merge back.
type Revert struct {
	MR     int64  // the merge request that was merged
	Branch string // of the revert
	Page   string // of the problem beside which the box stands
}

// Revert is the box beside a problem; ok is false if it has none.
func (p Plan) Revert(q Problem) (r Revert, ok bool) {
	for _, r := range p.Reverts {
		if r.Page == q.Page && q.Page != "" {
			return r, true
		}
	}
	return Revert{}, false
}
