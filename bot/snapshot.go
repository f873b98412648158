package bot

import (
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Policy is what the configuration says for one project.
type Policy struct {
	Role, ForkRole    plan.Role // the least of those who may ask
	AtOnce, PerPerson int       // pipelines under way
	Marks             []plan.Variable
	Allow             []string
	Welcome           string
	Pipelines         []Pipeline // that can be asked for
	Default           []string   // where none is named
	Members           []Member   // of the set, which with may name
}

// Pipeline is one that can be asked for.
type Pipeline struct {
	Name, Description string
	Spec              plan.PipelineSpec
	Inputs            bool // overrides, marks and what a comment sets are inputs
}

// Member is a project of the set.
type Member struct {
	Path     string // on GitLab
	Name     string // its last part
	Override string // the variable that replaces it, cki_lib_pip_url
}

// Project is the one whose merge requests are looked at.
type Project struct {
	ID            int64
	Member        Member
	WebURL        string
	DefaultBranch string
}

// Number names a merge request of a project of this GitLab.
type Number struct {
	Project string // its path
	IID     int64
}

func (n Number) String() string { return fmt.Sprintf("%s!%d", n.Project, n.IID) }

// MergeRequest is one that is open.
type MergeRequest struct {
	IID    int64
	Fork   bool // its branch is in another project
	Branch string
	Author int64
}

// Note is a comment of a merge request.
type Note struct {
	ID     int64
	By     Person
	At     time.Time
	Edited bool
	// Changed is when it was changed, the zero time for one that stands as it was written.
	Changed time.Time
	System  bool
	Body    string
}

// Person is a user of GitLab.
type Person struct {
	ID       int64
	Username string
}

// Thread is a merge request with its notes, the oldest first.
type Thread struct {
	MR    MergeRequest
	Notes []Note
}

// Head is a commit that a merge request showed, and since when.
type Head struct {
	SHA string
	At  time.Time
}

// With is a merge request of another member as its own page tells.
type With struct {
	Open    bool
	Fork    bool
	Project int64
	WebURL  string // of the project
	Heads   []Head // the newest first
}

// Membership is whose role where.
type Membership struct{ Project, User int64 }

// Run is a pipeline as it was read in this look.
type Run struct {
	Project int64
	ID      int64
	URL     string
	Result  plan.Result
	Jobs    []Job // that failed and may not, of one that failed
	Lost    bool  // it cannot be told whether it was started
	Refused string
}

// Job is a job that failed, and how the same one ended without the override.
type Job struct {
	Name    string      `json:"name"`
	Without plan.Result `json:"without,omitempty"` // Unsettled where there is none
}

// Shown is what the page of a merge request tells of its head's pipeline in this
// project.
type Shown struct{ Pipeline int64 }

// Snapshot is all that a look knows. Facts that are missing in a map are asked for as
// needs.
type Snapshot struct {
	Now     time.Time
	Bot     Person
	Former  []string // usernames of users that pinwheel had before
	Project Project
	Policy  Policy
	Threads []Thread // by number

	Heads map[int64][]Head // of this project's merge requests, the newest first
	Withs map[Number]With
	Roles map[Membership]plan.Role
	Runs  map[string]Run // by operation
	Shown map[int64]Shown
	Set   map[int64][]HeadStatus // statuses that this look set
	// Canceled are the operations whose pipelines this look was to cancel, with GitLab's
	// no, "" where it did.
	Canceled map[string]string
	// Fresh are the operations that this look itself wrote down first, so that nobody
	// can have started them before.
	Fresh map[string]bool
	// Failed are the merge requests of which something could not be read or written in
	// this look: nothing is done for them until the next.
	Failed map[int64]bool
}

// Need is a fact that a decision misses. Of names the merge request that it is for.
type Need struct {
	Of    int64
	Heads bool
	Shown bool
	With  Number
	Role  Membership
	Run   *Watch
}

// Watch is a pipeline whose state is to be read.
type Watch struct {
	Operation string
	Project   int64
	ID        int64
	Spec      plan.PipelineSpec
	Jobs      bool // the jobs that failed are to be read, too
}
