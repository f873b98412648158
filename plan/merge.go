package plan

import "time"

// This file has what a policy says of merging, and what GitLab says of a merge
// request that may be merged.

// Merging is when pinwheel merges merge requests of its own. The zero value is
// never.
type Merging struct {
	On    bool          // the project says so; a rule may, too
	Kinds []Kind        // of steps
	After time.Duration // how long a version has stood in its merge request
	// Window is when it merges; nil is always but in a freeze.
	Window *Window
	// Method is what the project's own has to be, empty for any.
	Method MergeMethod
	// Stale accepts that a merge commit stands on another head of the target than
	// the one that was tested.
	Stale bool
}

// MergeMethod is GitLab's word for how a project merges.
type MergeMethod string

// The methods.
const (
	MethodMerge  MergeMethod = "merge"
	MethodRebase MergeMethod = "rebase_merge"
	MethodFF     MergeMethod = "ff"
)

// Exact reports whether a method merges only a head that stands on the target's head, so that
// exactly what was tested is merged. It is false for a method that is not known.
func (m MergeMethod) Exact() bool { return m == MethodRebase || m == MethodFF }

// Merges reports whether a policy may merge anything.
func (p Policy) Merges() bool {
	for _, r := range p.Rules {
		if r.Merge == Yes {
			return true
		}
	}
	return p.Merging.On
}

// Mergeable is what GitLab says of a merge request at one instant.
type Mergeable struct {
	Failure string // why it could not be read, one clause; then the rest is empty
	State   MergeRequestState
	Head    string
	Target  string
	Status  string // detailed_merge_status
	MayNot  bool   // our user may not merge into Target
	// Approvals is how many lack, of one that is not approved; 0 where GitLab does not tell.
	Approvals int
	// Result is how the pipeline ended that GitLab counts, None where there is none
	// for this head, and Pipeline its number.
	Result   Result
	Pipeline int64
	// Onto is the head of the target with which a merged result was tested; empty
	// where the pipeline ran on the head itself.
	Onto string
}

// StatusMergeable is the Status of one that GitLab would merge.
const StatusMergeable = "mergeable"

// AfterMerge is what a merge of ours did to its target.
type AfterMerge struct {
	IID            int64
	Branch, Target string
	At             time.Time
	Commit         string // that the target pointed at then
	// Tested is the commit of the target with which it was tested, and Onto the one on
	// which it stands; both are empty where these are the same by the method.
	Tested, Onto string
	Pipeline     int64    // the next one of the target, 0 if there is none
	Next         Result   // how that ended
	Broke        []string // jobs that failed there and passed before, by name
	Mended       bool     // a later pipeline of the target passed
	// Altered are files that the target holds as Commit has them, which is not how they were
	// tested.
	Altered []string
	// Made is what the commit that was merged says of itself, and Subject its first
	// line; read where the merge broke something, or stands on another commit.
	Made    Trailers
	Subject string
	Unread  bool // it could not be read in this run, and nothing but IID is known
}

// WatchMerge is how long a merge is watched.
const WatchMerge = 3 * 24 * time.Hour
