package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file sees that the bot from which pinwheel took over is still at work.

// rivalFor is how long a bot counts as at work after it was seen: those that run once a day
// are seen again before that.
const rivalFor = 25 * time.Hour

// observeRival looks for what the other bot did since pinwheel took over: that it wrote over
// the dashboard, or pushed to a branch with pins of ours. While it is at work the project is
// stopped, so that nothing is offered twice and no branch goes back and forth.
func (r *observer) observeRival() {
	bots := &r.memory.Bots
	if !r.project.Policy.Adopt.On() {
		return
	}
	if bots.Taken.IsZero() {
		bots.Taken = r.now.Stamp()
		return
	}
	if r.board.found == dashboard.FoundOpen && r.memory.DashboardBody != "" && dashboard.IsOther(r.board.issue.Description) {
		r.sawRival(r.board.issue.UpdatedAt, fmt.Sprintf("wrote over the dashboard #%d", r.board.issue.IID))
	}
	for _, b := range r.snap.Branches {
		// What was at work on other files only has a reason of its own, and is no rival.
		trailers, _ := b.Ours(nil)
		pins := trailers.Adopted || b.Left.Why == plan.LeftFiles || b.Left.Why == plan.LeftLines || b.Left.Why == plan.LeftCommits && r.pushedByOther(b)
		if pins && b.Head.At.After(bots.Taken) {
			r.sawRival(b.Head.At, "pushed to `"+strings.ReplaceAll(b.Name, "`", "'")+"`") // git takes that mark in a name
		}
	}
	if !bots.Seen.IsZero() && !r.now.Passed(bots.Seen.Add(rivalFor)) {
		r.snap.Rival = plan.Rival{Who: r.project.Policy.Adopt.Authors[0], Did: bots.Did, At: bots.Seen}
	}
}

// pushedByOther reports whether the other bot pushed to a branch from which a merge request of
// ours is open. The name that its commits show is that of its user here, which takes nothing over.
func (r *observer) pushedByOther(b plan.Branch) bool {
	adopt := r.project.Policy.Adopt
	names := slices.Clone(adopt.Authors)
	if i := r.board.issue; i != nil && adopt.Is(i.Author) {
		names = append(names, i.Author.Name)
	}
	ours := false
	for _, m := range r.snap.MergeRequests {
		ours = ours || m.Branch == b.Name && m.State == plan.Opened && m.Note.Present
		if adopt.Is(m.Author) {
			names = append(names, m.Author.Name)
		}
	}
	is := func(name string) bool { return name != "" && slices.Contains(names, name) }
	return ours && (is(b.Head.AuthorName) || is(b.Head.AuthorEmail))
}

// sawRival notes what the other bot did last.
func (r *observer) sawRival(at time.Time, did string) {
	if bots := &r.memory.Bots; at.After(bots.Seen) {
		bots.Seen, bots.Did = at.UTC().Truncate(time.Second), did
	}
}
