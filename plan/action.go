package plan

import "fmt"

// Action is one effect on GitLab. The set is sealed: what an action is stands
// beside its type, in this file, and an edge switches over all of them.
//
//sumtype:decl
type Action interface {
	// Kind names what it does, the same in every version.
	Kind() ActionKind
	// On names what it changes.
	On() string
	// Fact is what the journal writes down before it happens.
	Fact() Fact
	action()
}

// fact begins the fact of an action.
func fact(a Action) Fact { return Fact{Kind: a.Kind(), On: a.On(), Target: a.On()} }

// of is a fact's target with the number of a merge request.
func (f Fact) of(iid int64) Fact {
	f.Target = Target(f.On, iid)
	return f
}

// pinsOf are the pins before and after moves.
func pinsOf(moves []Move) (before, after []string) {
	for _, m := range moves {
		before, after = append(before, m.Key+"=="+m.From), append(after, m.Key+"=="+m.To)
	}
	return before, after
}

// CommitBranch makes Branch hold exactly one commit on top of Base, with Files changed. In a
// plan the files have no content yet; Made gives them their content. To create, rebase and
// refresh a branch is the same action.
type CommitBranch struct {
	Branch  string
	Base    string // SHA of the default branch
	Expect  string // the head that may be replaced; empty: the branch must not exist
	Message string
	Files   []FileChange
	Digest  string // ChangeDigest of Files, also in the message's trailer
	MR      int64  // the open merge request it belongs to, 0 for none
	// Because says why it is made anew at the versions it holds, and By who asked
	// for that; both are empty if the message says why.
	Because, By string
	Recipe      Recipe
}

func (CommitBranch) action()          {}
func (CommitBranch) Kind() ActionKind { return KindCommitBranch }
func (a CommitBranch) On() string     { return a.Branch }

func (a CommitBranch) Fact() Fact {
	f := fact(a)
	f.Detail = a.Digest
	if t, ok := ParseTrailers(a.Message); ok {
		f.Who, f.Why = t.By, string(t.Why)
		f.Before, f.After = pinsOf(t.Moves)
	}
	if a.Because != "" {
		f.Who, f.Why = a.By, a.Because
	}
	if a.Expect != "" {
		f.Before = append(f.Before, "head "+a.Expect)
	}
	return f
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
	Guard  bool // it is a draft until its gates show on its head
	// Reopen is the merge request that a person closed and asked for again; 0
	// for none. Where GitLab does not open it again a new one names it.
	Reopen     int64
	Retitle    bool     // what is reopened has a title of ours, which follows the update
	Reviewers  []string // usernames; who is not known is left out
	Assignees  []string
	CodeOwners bool // the owners of the changed files review, too
}

func (OpenMergeRequest) action()          {}
func (OpenMergeRequest) Kind() ActionKind { return KindOpenMergeRequest }
func (a OpenMergeRequest) On() string     { return a.Update.Branch }

func (a OpenMergeRequest) Fact() Fact {
	f := fact(a)
	f.Who, f.Why, f.Detail = a.Update.Note.By, string(a.Update.Note.Why), a.Update.Note.Digest
	f.Before, f.After = pinsOf(a.Update.Moves)
	return f
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

func (EditMergeRequest) action()          {}
func (EditMergeRequest) Kind() ActionKind { return KindEditMergeRequest }
func (a EditMergeRequest) On() string     { return a.Update.Branch }

func (a EditMergeRequest) Fact() Fact {
	f := fact(a).of(a.IID)
	f.Why, f.Detail = "its text follows its branch", a.Update.Note.Digest
	if tick := a.Update.Forced; tick != nil {
		f.Who, f.Why = tick.By.Username, string(CauseForced)
	}
	f.Before, f.After = pinsOf(a.Update.Moves)
	return f
}

// KeepCommits names the commits that a rebuild is going to drop in a note on
// the merge request, once, and keeps their head as a branch.
type KeepCommits struct {
	IID    int64
	Branch string
	Head   string // of the branch, with the commits
	By     string // who asked for it, a username, or empty
}

func (KeepCommits) action()          {}
func (KeepCommits) Kind() ActionKind { return KindKeepCommits }
func (a KeepCommits) On() string     { return a.Branch }

func (a KeepCommits) Fact() Fact {
	f := fact(a).of(a.IID)
	f.Who, f.Why, f.Detail = a.By, "its branch is started over", a.Head
	f.Before = []string{"head " + a.Head}
	return f
}

// AskForTests comments on a merge request or starts a pipeline of its branch, as OnOpen
// says, unless that was already done for this head.
type AskForTests struct {
	IID    int64
	Branch string
	Head   string
	OnOpen OnOpen
}

func (AskForTests) action()          {}
func (AskForTests) Kind() ActionKind { return KindAskForTests }
func (a AskForTests) On() string     { return a.Branch }

func (a AskForTests) Fact() Fact {
	f := fact(a).of(a.IID)
	f.Why, f.Detail = "on_open", a.Head
	f.After = []string{"head " + a.Head}
	return f
}

// NoteMergeRequest writes one note on IID. Op makes it findable, so that a second
// attempt adds none.
type NoteMergeRequest struct {
	IID    int64
	Branch string
	Op     string
	Why    string // in a clause
	Ended  *BatchEnd
	Reply  *Reply // about an answer in words; it is written on one that is not open, too
}

func (NoteMergeRequest) action()          {}
func (NoteMergeRequest) Kind() ActionKind { return KindNoteMergeRequest }
func (a NoteMergeRequest) On() string     { return a.Branch }

func (a NoteMergeRequest) Fact() Fact {
	f := fact(a).of(a.IID)
	f.Why, f.Detail = a.Why, a.Op
	f.After = []string{"note " + a.Op}
	if r := a.Reply; r != nil {
		f.Who = r.Answer.By.Username
		if r.By != "" {
			f.Who = r.By
		}
	}
	return f
}

// StartGate starts the pipeline of a gate for a commit, or finds it started. Spec
// has its words filled in.
type StartGate struct {
	IID    int64
	Branch string
	Head   string // of the branch
	Commit string // that is tested: Head, or what it stands on
	Gate   string
	Run    GateRun // Operation, Gate and Commit; the others as they become
	Spec   PipelineSpec
	// Default is the default branch of the project itself. No pipeline is started on it.
	Default string
}

func (StartGate) action()          {}
func (StartGate) Kind() ActionKind { return KindStartGate }
func (a StartGate) On() string     { return a.Branch }

func (a StartGate) Fact() Fact {
	f := fact(a).of(a.IID)
	f.Why, f.Detail = "gate "+a.Gate, a.Run.Operation
	f.After = []string{"pipeline in " + a.Spec.Project + " of " + a.Commit}
	return f
}

// RetryJob runs a failed job of a gate's pipeline again, unless it ran as often.
type RetryJob struct {
	IID       int64
	Branch    string
	Gate      string
	Operation string
	Project   int64
	Pipeline  int64
	Job       GateJob
}

func (RetryJob) action()          {}
func (RetryJob) Kind() ActionKind { return KindRetryJob }
func (a RetryJob) On() string     { return a.Branch }

func (a RetryJob) Fact() Fact {
	f := fact(a).of(a.IID)
	f.Why, f.Detail = "gate "+a.Gate, fmt.Sprintf("%s job %d", a.Operation, a.Job.ID)
	f.Before = []string{fmt.Sprintf("job %d of pipeline %d failed", a.Job.ID, a.Pipeline)}
	return f
}

// SetStatus shows a gate as a commit status of a head, on its pipeline.
type SetStatus struct {
	IID    int64
	Branch string
	Status GateStatus
	Text   string // beside its state
	URL    string // of the gate's pipeline, or empty
}

func (SetStatus) action()          {}
func (SetStatus) Kind() ActionKind { return KindSetStatus }
func (a SetStatus) On() string     { return a.Branch }

func (a SetStatus) Fact() Fact {
	f := fact(a).of(a.IID)
	f.Why = "gate " + a.Status.Gate
	f.Detail = fmt.Sprintf("%s %s on pipeline %d", a.Status.Head, a.Status.State, a.Status.Pipeline)
	f.After = []string{"status " + string(a.Status.State)}
	return f
}

// GuardMergeRequest makes a merge request a draft, or undoes that if we made it one.
type GuardMergeRequest struct {
	IID    int64
	Branch string
	Draft  bool
	Head   string // of the branch
}

func (GuardMergeRequest) action()          {}
func (GuardMergeRequest) Kind() ActionKind { return KindGuardMergeRequest }
func (a GuardMergeRequest) On() string     { return a.Branch }

func (a GuardMergeRequest) Fact() Fact {
	f := fact(a).of(a.IID)
	f.Before, f.After = []string{"draft"}, []string{"ready"}
	f.Why, f.Detail = "its gates show on its head", a.Head
	if a.Draft {
		f.Before, f.After = f.After, f.Before
		f.Why = "its gates do not show on its head yet"
	}
	return f
}

// CloseMergeRequest closes IID with one note that says why. Op makes the note
// findable, so that a second attempt adds none. Without a Reason there is no note, and Op
// only stands in the description.
type CloseMergeRequest struct {
	IID    int64
	Branch string
	Op     string
	Why    Reason
	Reason string // the same in Markdown, a sentence
	By     int64  // the merge request that takes its place, 0 for none
}

func (CloseMergeRequest) action()          {}
func (CloseMergeRequest) Kind() ActionKind { return KindCloseMergeRequest }
func (a CloseMergeRequest) On() string     { return a.Branch }

func (a CloseMergeRequest) Fact() Fact {
	f := fact(a).of(a.IID)
	f.Why, f.Detail = a.Reason, a.Reason
	f.Before, f.After = []string{"opened"}, []string{"closed"}
	return f
}

// DeleteBranch deletes a branch that is proven ours and still at Head.
type DeleteBranch struct {
	Branch string
	Head   string
}

func (DeleteBranch) action()          {}
func (DeleteBranch) Kind() ActionKind { return KindDeleteBranch }
func (a DeleteBranch) On() string     { return a.Branch }

func (a DeleteBranch) Fact() Fact {
	f := fact(a)
	f.Why, f.Detail = "its merge request is closed", a.Head
	f.Before = []string{"head " + a.Head}
	return f
}

// Merge merges a merge request at the head that was tested. Nothing is merged at
// another one.
type Merge struct {
	IID    int64
	Branch string
	Head   string // of the branch, that was tested
	Base   string // of the target, with which it was tested
	Target string
	Paths  []string // that it changes
	Stale  bool     // the target may be elsewhere by now
	// Tested says for the audit what of the policy permits it, which pipeline passed,
	// and which gates.
	Tested string
	Moves  []Move
}

func (Merge) action()          {}
func (Merge) Kind() ActionKind { return KindMerge }
func (a Merge) On() string     { return a.Branch }

func (a Merge) Fact() Fact {
	f := fact(a).of(a.IID)
	f.Why, f.Detail = a.Tested, a.Head
	f.Before, f.After = pinsOf(a.Moves)
	f.Before = append(f.Before, "head "+a.Head, "base "+a.Base)
	return f
}
