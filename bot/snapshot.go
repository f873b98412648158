package bot

import (
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Policy is what the configuration says for one project.
type Policy struct {
	Role, ForkRole    plan.Role // the lowest role that may ask
	AtOnce, PerPerson int       // pipelines under way
	Marks             []plan.Variable
	Allow             []string
	Welcome           string
	Pipelines         []Pipeline // that can be asked for
	Default           []string   // where none is named
	Members           []Member   // of the set, which with may name
}

// Pipeline is a pipeline that people can ask for.
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

// Project is the project whose merge requests are read.
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

// MergeRequest is an open merge request.
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
	// Changed is when it was changed; zero if it was not.
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
	// Flooded means that there are more notes than are read. The newest are missing then.
	Flooded bool
}

// Head is a commit that was the head of a merge request, and since when.
type Head struct {
	SHA string
	At  time.Time
}

// With is a merge request of another member, as GitLab has it.
type With struct {
	Open    bool
	Fork    bool
	Project int64
	WebURL  string // of the project
	Heads   []Head // the newest first
}

// Membership is a user in a project, who has a role there.
type Membership struct{ Project, User int64 }

// Run is a pipeline as this round read it.
type Run struct {
	Project int64
	ID      int64
	URL     string
	Result  plan.Result
	Jobs    []Job  // that failed and may not, of one that failed
	Lost    bool   // it may have been started, and nothing shows whether it was
	Refused string // why GitLab did not start it, in a sentence; "" if it did
}

// Job is a job that failed, and how the same one ended without the override.
type Job struct {
	Name    string      `json:"name"`
	Without plan.Result `json:"without,omitempty"` // Unsettled where there is none
}

// Shown is the pipeline of the head in this project, as the page of a merge request shows it.
type Shown struct{ Pipeline int64 }

// Snapshot is all that a round knows. If a decision needs a fact that a map lacks, the plan names it
// as a need.
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
	// Canceled are the operations whose pipelines this round asked GitLab to cancel, with the
	// sentence of a refusal, or "".
	Canceled map[string]string
	// Fresh are the operations that this round wrote into our comment, so that no earlier round can
	// have started them.
	Fresh map[string]bool
	// Failed are the merge requests of which something could not be read or written in this round.
	// Nothing more is done for them until the next.
	Failed map[int64]bool
}

// Need is a fact that a decision lacks. Of names the merge request for which it is needed.
type Need struct {
	Of    int64
	Heads bool
	Shown bool
	With  Number
	Role  Membership
	Run   *Watch
}

// Watch is a pipeline to read.
type Watch struct {
	Operation string
	Project   int64
	ID        int64
	Spec      plan.PipelineSpec
	Jobs      bool // the jobs that failed are to be read, too
}
