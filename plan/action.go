package plan

// Action is one effect on GitLab. The set is sealed: an edge switches over all
// of them.
type Action interface {
	// On names what the action changes, for journals and logs.
	On() string
	action()
}

// CommitBranch makes Branch hold exactly one commit on top of Base with Files
// changed. In a plan they have no content yet: Made gives it. Create, rebase and refresh are the same action.
type CommitBranch struct {
	Branch  string
	Base    string // SHA of the default branch
	Expect  string // the head that may be replaced; empty: the branch must not exist
	Message string
	Files   []FileChange
	Digest  string // ChangeDigest of Files, also in the message's trailer
	MR      int64  // the open merge request it belongs to, 0 for none
	// Because says why it is made anew at the versions it holds, and By who asked
	// for that; both are empty where the message says why.
	Because, By string
	Recipe      Recipe
}

// FileChange is the whole new content of one file.
type FileChange struct {
	Path    string
	Content []byte
	Before  []byte // at Base
	Create  bool   // the file does not exist at Base
}

// OpenMergeRequest opens one for Update.Branch, or finds it open already.
type OpenMergeRequest struct {
	Update Update
	Target string
	At     string // the commit of the default branch at which code owners are read
	Labels []string
	Draft  bool
	// Reopen is the merge request that a person closed and asked for again; 0
	// for none. Where GitLab does not open it again a new one names it.
	Reopen     int64
	Retitle    bool     // what is reopened has a title of ours, which follows the update
	Reviewers  []string // usernames; who is not known is left out
	Assignees  []string
	CodeOwners bool // the owners of the changed files review, too
}

// EditMergeRequest brings title and marked region in line with Update. An
// empty Title leaves the title alone: it is a person's.
type EditMergeRequest struct {
	IID    int64
	Target string // the branch it is to go into, where that was renamed
	Keep   bool   // leave the description as it is
	Update Update
	Title  string
	Labels []string // to add
	Answer bool     // takes the rebase label away: what it asked for is done
}

// KeepCommits names the commits that a rebuild is going to drop in a note on
// the merge request, once, and keeps their head as a branch.
type KeepCommits struct {
	IID    int64
	Branch string
	Head   string // of the branch, with the commits
	By     string // who asked for it, a username, or empty
}

// AskForTests comments on a merge request or starts a pipeline of its branch,
// whichever OnOpen says, unless that was done for this very head already.
type AskForTests struct {
	IID    int64
	Branch string
	Head   string
	OnOpen OnOpen
}

// CloseMergeRequest closes IID with one note that says why. Op makes the note
// findable, so that a second attempt adds none.
type CloseMergeRequest struct {
	IID    int64
	Branch string
	Op     string
	Reason string
	By     int64 // the merge request that takes its place, 0 for none
}

// DeleteBranch deletes a branch that is proven ours and still at Head.
type DeleteBranch struct {
	Branch string
	Head   string
}

func (a CommitBranch) On() string { return a.Branch }

func (a OpenMergeRequest) On() string { return a.Update.Branch }

func (a EditMergeRequest) On() string { return a.Update.Branch }

func (a CloseMergeRequest) On() string { return a.Branch }

func (a DeleteBranch) On() string { return a.Branch }

func (a KeepCommits) On() string { return a.Branch }

func (a AskForTests) On() string { return a.Branch }

func (CommitBranch) action() {}

func (OpenMergeRequest) action() {}

func (EditMergeRequest) action() {}

func (CloseMergeRequest) action() {}

func (DeleteBranch) action() {}

func (KeepCommits) action() {}

func (AskForTests) action() {}
