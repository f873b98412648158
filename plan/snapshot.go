package plan

import (
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/constraints"
)

// Sample is how far behind the pins were in a week.
type Sample struct {
	Week     time.Time // its Monday, as midnight in UTC
	Libyears float64   // to one decimal
}

// Snapshot is everything one run knows when it decides. Slices are sorted by
// whoever fills them only where a field says so; Decide sorts what it needs.
type Snapshot struct {
	Now     time.Time // the run's instant
	Project Project
	Local   bool // files of a disk: there is no GitLab, and no run comes after
	Policy  Policy
	Bot     User
	Former  []string // names of users that pinwheel had before, as commits show them
	// Predecessor is the user who wrote what is there with our marks, if that is not our own
	// and nobody said that it was ours before. Nothing is done then.
	Predecessor User
	// PredecessorOpened is the newest open merge request of that user with our marks, where there
	// is no dashboard of that user; 0 where there is one.
	PredecessorOpened int64
	// Rival is the bot from which pinwheel took over, where it is still at work. Nothing is
	// done then.
	Rival Rival
	// Others are open merge requests of another bot from which nothing is taken over, with
	// the pins of ours that they move; by IID.
	Others []OtherRequest
	// Attended is the instant of the last run before which no window was
	// missed: it stays behind while one is. Zero where nothing is known.
	Attended time.Time

	// Shown are the states that the page showed when it was last written, by
	// branch; nil if nothing is known of it. While an index does not answer
	// they stay.
	Shown map[string]State
	// Asked are the titles of the updates as the items of ticks named them, by the
	// tick's ID.
	Asked map[string]string
	// Samples are what the dashboard remembers of earlier weeks, oldest first.
	Samples []Sample
	// New is how many merge requests this run may still open of those that
	// nobody asked for, over all projects; nil is no bound.
	New *int

	// Gaps are what the project lacks in rights and settings.
	Gaps []Problem

	// Own is the project's own policy file, of which Policy holds what it says.
	Own OwnPolicy

	Files    []File             // in the order of Policy.Files
	Packages map[string]Package // by normalised name
	// Metadata is what releases require: normalised name, then version as PEP
	// 440 normalises it.
	Metadata map[string]map[string]Metadata
	Roots    []Root // what the project installs, in the order of Policy.Roots

	Branches      []Branch       // every branch under the prefix
	MergeRequests []MergeRequest // every one from such a branch, any state
	Ticks         []Tick         // boxes people ticked, as read now
	// Pipelines are those of open merge requests, by IID; Silent says that
	// GitLab does not let the token read any.
	Pipelines map[int64]Pipeline
	Silent    bool
	// Bases are the constraints files as they were at other commits than Project.Head
	// on which red batches stand, by SHA.
	Bases map[string][]File
	// Approved says of merge requests whether anybody approves them, as far as
	// a decision asked (Plan.Missing).
	Approved map[int64]bool
	// Mergeable is what GitLab says of merge requests that may be merged, as far as a
	// decision asked.
	Mergeable map[int64]Mergeable
	// Unheard says of merge requests why this run does not know all comments on them.
	Unheard map[int64]string
	Merges  []AfterMerge // of our user, those of the last days, newest first
	// GateRuns are the pipelines of gates that are known, in SortGateRuns's order,
	// and GateStatuses what heads of open merge requests show of gates.
	GateRuns     []GateRun
	GateStatuses []GateStatus
	GateFailures map[string]string // operation, or what a status shows, -> why it could not be started or shown in this run, a sentence
	Failures     map[string]string // branch -> why an effect of this run failed on it
}

// OwnPolicy is what is known of a project's own policy file.
type OwnPolicy struct {
	Path     string    // "" where there is none
	Text     string    // of the file, or what Renovate's configuration became
	Keys     []string  // those it sets, as written
	Problems []Problem // what is wrong with it: nothing but the dashboard is written then
}

// Project is the GitLab project as its API describes it.
type Project struct {
	ID            int64
	Path          string // path_with_namespace
	WebURL        string
	DefaultBranch string
	Head          string // SHA of the default branch; files were read at it
	IssuesEnabled bool
	Archived      bool
	PipelinesOff  bool // CI/CD is off
	// MergeRequestsOff, Empty (nothing was pushed yet) and Private (only members
	// read it) as GitLab says.
	MergeRequestsOff bool
	Empty            bool
	Private          bool
	AccessLevel      int // the bot's own, 0 when unknown
	MergeMethod      MergeMethod
}

// User is a GitLab account. The zero value means "nobody known".
type User struct {
	ID       int64
	Username string
	Name     string // as commits show it
}

// File is one constraints file and its twin at Project.Head.
type File struct {
	Path    string
	Use     constraints.Use // empty: its lines tell
	Absent  bool
	Data    []byte
	Derived *DerivedFile // nil when the file has no twin configured
}

// DerivedFile is the twin as it stands on the default branch.
type DerivedFile struct {
	Path   string
	Absent bool
	Data   []byte
}

// Commit is the part of a commit that proves whose it is.
type Commit struct {
	SHA           string
	Parents       []string
	AuthorName    string
	AuthorEmail   string
	CommitterName string
	Message       string
	At            time.Time // when it was committed
}

// Branch is one branch under the configured prefix.
type Branch struct {
	Name string
	Head Commit
	// What was read to prove whose it is. Digest is DigestOf what the head
	// changes, Paths are the files it changes, and Based says that its parent is
	// on the history of the branch it goes into. Where nobody read them, or they
	// cannot be a commit of ours, they are empty.
	Digest string
	Paths  []string
	Based  bool
	// Known is true when an earlier run recorded Head.SHA as its own write, and
	// Asked when one carried out Policy.OnOpen for it.
	Known bool
	Asked bool
	// Left says why a branch of another bot is not taken over (Policy.Adopt).
	Left Left
}

// MergeRequest is a merge request whose source is a branch under the prefix.
type MergeRequest struct {
	IID          int64
	Branch       string
	Target       string
	TargetGone   bool // Target is no branch any more
	Landed       bool // it was merged, and the default branch has that on its history, whatever Target is
	Title        string
	State        MergeRequestState
	HeadSHA      string
	WebURL       string
	SameProject  bool // the source project is the target project
	HasConflicts bool // with the branch it goes into, as far as GitLab looked
	Unchecked    bool // GitLab is still to look whether it has any
	Labels       []string
	Author       User
	CreatedAt    time.Time
	UpdatedAt    time.Time
	ClosedAt     time.Time
	ClosedBy     User
	MergedAt     time.Time
	MergedBy     User
	// Pusher is who pushed PusherOf last, a username, "" where GitLab does not
	// tell; read where a person took the branch over.
	Pusher, PusherOf string
	// Note is what our marked region of the description says; zero when a
	// person removed the markers.
	Note MergeRequestNote
	// Ran counts its pipelines that were seen, at most the newest twenty at a time, and
	// RedRuns those of them that failed. GitLab does not tell them with a merge request.
	Ran, RedRuns int
	// Notes counts its comments, and Heard is what was read of them. GitLab does not tell
	// the second with a merge request.
	Notes int
	Heard Heard
	// Released is when the release came out to which it moves the package that names it, as
	// far as a run knew.
	Released time.Time
	// MergeCommit is the commit that a merge made for the target; empty where that got the
	// head itself.
	MergeCommit string
	// Compared says that MergeCommit was compared with what was tested, and Altered are the
	// files that it holds in another form, until they are changed. GitLab does not tell
	// them with a merge request.
	Compared bool
	Altered  []string
	// Stands is what its branch moves, and StandsSince when a run first saw that there, zero where no run knows.
	// GitLab does not tell it with a merge request.
	Stands      string
	StandsSince time.Time
}

// The words of Renovate for the same on GitLab.
const (
	RebaseLabel = "rebase"
	PausedLabel = "stop-updating"
	rebaseTitle = "rebase!"
)

// Asks reports whether a merge request asks to be made anew: by the box of its
// description, by a label or by its title.
func (m MergeRequest) Asks() bool {
	_, byTitle := CutRebase(m.Title)
	return m.Note.RebaseBox || slices.Contains(m.Labels, RebaseLabel) || byTitle
}

// CutRebase returns what follows the word of a title that asks to make the
// branch anew; ok is false if the title does not begin with it.
func CutRebase(title string) (rest string, ok bool) {
	if len(title) < len(rebaseTitle) || !strings.EqualFold(title[:len(rebaseTitle)], rebaseTitle) {
		return title, false
	}
	return strings.TrimSpace(title[len(rebaseTitle):]), true
}

// Paused reports whether a label asks to leave a merge request as it is.
func (m MergeRequest) Paused() bool { return slices.Contains(m.Labels, PausedLabel) }

// Switched reports whether a merge request goes into the branch into which we
// opened it, which was the default one then.
func (m MergeRequest) Switched() bool { return m.Note.Target != "" && m.Note.Target == m.Target }

// MergeRequestNote is what the hidden marker of a description carries, so that
// a lost database changes no text: why it was opened, and what it holds.
type MergeRequestNote struct {
	Present     bool
	Digest      string    // Update.TextDigest the description was written for
	Moves       []Move    // Key, From and To only
	Why         Cause     // what a person or an earlier version wrote may be another word
	By          string    // who forced it, a username
	At          time.Time // when this version was put there
	Request     string    // id of the tick that was carried out last
	Target      string    // the branch it was to go into; empty if an earlier version wrote it
	Ready       string    // Update.Ready as it was written, in the form of a marker
	RebaseBox   bool      // the rebase box of the description is ticked
	ClosedByUs  bool      // we closed it, and say why in the marker
	ClosedFor   string    // the mark of why we closed it
	BodyForeign bool      // markers gone: a person rewrote the description
	Other       bool      // the description is as another bot left it
	Listed      []string  // the packages that the description lists, if another bot wrote it
}

// MergeRequestState is GitLab's word for the state.
type MergeRequestState string

// The states of a merge request.
const (
	Opened MergeRequestState = "opened"
	Closed MergeRequestState = "closed"
	Merged MergeRequestState = "merged"
	Locked MergeRequestState = "locked"
)

// Tick is one box that somebody ticked, with what is known of who it was.
type Tick struct {
	ID     string  // stable: "note-ID", or a digest where no note names it
	Box    BoxType // the marker's type word
	Branch string  // empty for a bulk box
	Bulk   string  // the bulk marker, e.g. rebase-all-open-prs
	Text   string  // the item's text after the marker
	// Rendered is true when the item's text is one we wrote.
	Rendered bool
	By       User   // the one person who ticked it; the zero User where nobody is credited
	Role     Role   // of By; RoleUnknown without
	Doubt    string // why nobody is credited, one clause
	At       time.Time
	// Remembered ticks were accepted by an earlier run and are not carried
	// out yet.
	Remembered bool
}
