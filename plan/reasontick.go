package plan

import (
	"fmt"
	"time"
)

// This file has the reasons why a tick is refused, with their words: each is a
// clause that follows what was ticked.

type (
	// NoSuchUpdate: no update of that name is offered any more.
	NoSuchUpdate struct{}
	// ApprovalFirst: it needs approval now, and another box was ticked.
	ApprovalFirst struct{}
	// PushedMeanwhile: a person pushed to its branch since.
	PushedMeanwhile struct{}
	// ClosedMeanwhile: a person closed its merge request since.
	ClosedMeanwhile struct{}
	// NotOpen: there is no merge request any more that could be made anew.
	NotOpen struct{}
	// TickRuledOut: a rule keeps all there is away.
	TickRuledOut struct {
		By Inner[ReleaseReason] `json:"by"`
	}
	// TickNoBranches: the mode makes none.
	TickNoBranches struct{}
	// TickHeld: it cannot be offered.
	TickHeld struct {
		Why Inner[Reason] `json:"why"`
	}
	// NothingLeft: the default branch has every step of it.
	NothingLeft struct {
		DefaultBranch string `json:"default_branch"`
	}
	// ForeignBox: the text of the box is not pinwheel's.
	ForeignBox struct{}
	// DoubtfulTick: it is not known who ticked it, for a reason.
	DoubtfulTick struct {
		Says  string `json:"says"`
		Needs string `json:"needs"` // a role
	}
	// NobodyNamed: it is not known who ticked it.
	NobodyNamed struct {
		Needs string `json:"needs"`
	}
	// RoleTooLow: who ticked it may not.
	RoleTooLow struct {
		Needs string `json:"needs"`
		Has   string `json:"has"`
	}
	// GroupWithCommits: a person's commits are on the group's branch.
	GroupWithCommits struct{}
	// NoMergeRequest: the branch to start over has none.
	NoMergeRequest struct {
		DefaultBranch string `json:"default_branch"`
	}
	// NothingToRevert: the merge did not break the default branch, or that went on.
	NothingToRevert struct {
		DefaultBranch string `json:"default_branch"`
	}
	// NoBranch: the merge request to start over has none.
	NoBranch struct{}
	// NothingInstead: nothing is offered that could take the place of the commits.
	NothingInstead struct{}
	// YoungInstead: what would take their place is not old enough.
	YoungInstead struct {
		Eligible time.Time `json:"eligible"`
	}
)

func (NoSuchUpdate) Kind() ReasonKind     { return "no-such-update" }
func (ApprovalFirst) Kind() ReasonKind    { return "approval-first" }
func (PushedMeanwhile) Kind() ReasonKind  { return "pushed-meanwhile" }
func (ClosedMeanwhile) Kind() ReasonKind  { return "closed-meanwhile" }
func (NotOpen) Kind() ReasonKind          { return "not-open" }
func (TickRuledOut) Kind() ReasonKind     { return "tick-ruled-out" }
func (TickNoBranches) Kind() ReasonKind   { return "tick-mode-dashboard" }
func (TickHeld) Kind() ReasonKind         { return "tick-held" }
func (NothingLeft) Kind() ReasonKind      { return "nothing-left" }
func (ForeignBox) Kind() ReasonKind       { return "foreign-box" }
func (DoubtfulTick) Kind() ReasonKind     { return "doubtful-tick" }
func (NobodyNamed) Kind() ReasonKind      { return "nobody-named" }
func (RoleTooLow) Kind() ReasonKind       { return "role-too-low" }
func (GroupWithCommits) Kind() ReasonKind { return "group-with-commits" }
func (NoMergeRequest) Kind() ReasonKind   { return "no-merge-request" }
func (NothingToRevert) Kind() ReasonKind  { return "nothing-to-revert" }
func (NoBranch) Kind() ReasonKind         { return "no-branch" }
func (NothingInstead) Kind() ReasonKind   { return "nothing-instead" }
func (YoungInstead) Kind() ReasonKind     { return "young-instead" }

func (NoSuchUpdate) words(voice) string { return "no update of that name is offered any more" }
func (ApprovalFirst) words(voice) string {
	return "it needs approval now; tick its box under Pending Approval"
}
func (PushedMeanwhile) words(voice) string {
	return "somebody has pushed to its branch meanwhile; tick its box under MR Edited"
}
func (ClosedMeanwhile) words(voice) string {
	return "the merge request was closed meanwhile; tick its box under MR Closed"
}
func (NotOpen) words(voice) string { return "the merge request is not open any more" }
func (r TickRuledOut) words(v voice) string {
	switch by := r.By.R.(type) {
	case IgnoredByRule:
		return by.ignored(v)
	case HeldByPerson:
		return by.held(v)
	}
	return "not taken: it " + r.By.R.words(v)
}
func (TickNoBranches) words(voice) string { return "mode is dashboard: no branches are made" }
func (r TickHeld) words(v voice) string   { return "it cannot be offered now: " + spoken(r.Why.R, v) }
func (r NothingLeft) words(voice) string {
	return fmt.Sprintf("nothing of it is left to change: no step of it begins at what %s pins now; close it", r.DefaultBranch)
}
func (ForeignBox) words(voice) string { return "the text of that box is not pinwheel's" }
func (r DoubtfulTick) words(voice) string {
	return fmt.Sprintf("%s; it needs %s: tick it again", r.Says, r.Needs)
}
func (r NobodyNamed) words(voice) string {
	return fmt.Sprintf("nobody could be named who ticked it, and it needs %s", r.Needs)
}
func (r NothingToRevert) words(v voice) string {
	return v.safe(r.DefaultBranch) + " does not fail after that merge any more, or its pins went on: there is nothing to take back"
}
func (r RoleTooLow) words(voice) string { return fmt.Sprintf("needs %s, has %s", r.Needs, r.Has) }
func (GroupWithCommits) words(voice) string {
	return "its branch holds a person's commits, so only people touch it"
}
func (r NoMergeRequest) words(voice) string {
	return "it has no open merge request into " + r.DefaultBranch + "; delete the branch instead"
}
func (NoBranch) words(voice) string { return "its branch is gone; close the merge request instead" }
func (NothingInstead) words(voice) string {
	return "nothing is offered now that could replace its commits"
}
func (r YoungInstead) words(voice) string {
	return "what would replace its commits is not old enough before " + Minute(r.Eligible)
}
