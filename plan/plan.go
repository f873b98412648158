package plan

import (
	"fmt"
	"time"
)

// Plan is the answer: what is true of every pin, what to do, what to say.
type Plan struct {
	Missing   []Need        // facts to fetch before this plan is carried out; sorted
	Problems  []Problem     // a project with a stopping one gets no effects
	Inherit   string        // the user after whom pinwheel goes on if a Maintainer ticks the box; empty for none
	Reverts   []Revert      // boxes beside problems, in their order
	Holds     []Hold        // what people hold back in words, by merge request and comment
	Hints     []Problem     // settings that make work harder
	Updates   []Update      // 1. by state, in the dashboard's order; 2. by name; 3. by branch
	Actions   []Action      // in the order they are carried out
	Current   []Pin         // pins that are proven newest, by file and line
	Standings []PinStanding // every pin, by file and line
	Unmanaged []Unmanaged   // by file and line
	Why       []WhyNot      // pins that do not reach the newest release, by name
	Requests  []Request     // ticks judged in this plan, by time
	Window    WindowView
	Missed    *MissedWindow // nil: none was, or nothing waited for it
	Pins      int           // pins in all files
	Behind    int           // pins with an update of any state
	// Libyears is how much older the pinned releases are than the newest ones,
	// in years, all pins together.
	Libyears float64
	// Runs counts the pipelines of all merge requests that were seen, RedRuns those of them
	// that failed, and Culprits the merge requests of updates that were proven to break tests.
	Runs, RedRuns, Culprits int
	// Lag is the median time from a release to its merge, and Merged of how many.
	Lag       time.Duration
	Merged    int
	Samples   []Sample // of Libyears, by week, as the dashboard remembers them
	MaxOpen   int
	OpenCount int // open merge requests that count towards it
	Notes     []string
}

// Problem stops a project, or says that part of it cannot be done. Its text is
// one sentence; Next says what to do.
type Problem struct {
	Page     string // the address of the page where it is mended, or empty
	File     string
	Line     int    // 0: the whole file or none
	Text     string // without its end
	Next     string // without its end
	Stopping bool
	Lasting  bool // nothing failed: the run is done, and the problem lasts until people end it
}

// InOneLine is a problem as it stands in one line of a terminal or a log: "file:line: text; next: page",
// each part only where there is one.
func (p Problem) InOneLine() string {
	var where string
	switch {
	case p.File != "" && p.Line > 0:
		where = fmt.Sprintf("%s:%d: ", p.File, p.Line)
	case p.File != "":
		where = p.File + ": "
	}
	out := where + p.Text
	if p.Next != "" {
		out += "; " + p.Next
	}
	if p.Page != "" {
		out += ": " + p.Page
	}
	return out
}

// Pin is one pin as the dashboard lists it.
type Pin struct {
	File    string
	Line    int
	Name    string // as written
	Version string
}

// Unmanaged is a line that pinwheel reads and never changes.
type Unmanaged struct {
	File   string
	Line   int
	Text   string
	Why    Reason
	Reason string // the same in Markdown
}

// WhyNot explains, for one pin, why it does not go to the newest release.
type WhyNot struct {
	File    string
	Name    string
	From    string
	Newest  string
	To      string // where it goes or stays
	Why     Reason
	Because string // the same in Markdown
}

// Considered is one release newer than a pin with the reason it was not
// taken; no reason means it is taken. Newest first.
type Considered struct {
	Version  string
	Released time.Time
	Why      Reason
	Reason   string // the same in Markdown
}

// Explanation is everything considered for one pin.
type Explanation struct {
	Pin      Pin
	Index    string
	Pythons  []string
	Releases []Considered
	Why      Reason // why there is nothing to consider, or what its index says of the package
	Note     string // the same in Markdown
	Settings []Setting
}

// Update is a set of pins that move together on one branch.
type Update struct {
	Branch string
	Title  string
	Name   string // as written, of the package that names it; empty for a twin's repair
	Kind   Kind
	State  State
	Why    Reasons // why it is in its state
	Reason string  // the same in Markdown
	Moves  []Move
	// Released is the newest upload among the moves; Since is the first
	// instant at which a release newer than the pin was old enough.
	Released time.Time
	Since    time.Time
	Eligible time.Time // maturing: when it will be old enough
	// Place is its number in line, from 1: of those that wait for the next
	// opening of its window, or for a place in one that is open; 0 if it does
	// not wait in line. Opens is when it opens if nothing else happens; zero
	// where that is not known.
	Place int
	Opens time.Time
	// Waits says, after "in line", what those with a Place and without Opens wait
	// for: all that their Reason says but for the number and since when. A Reason
	// of another kind has none.
	Waits    string
	MR       int64 // the merge request that shows it, 0 for none
	Forced   *Tick // the accepted tick, not carried out yet
	NotTaken []Considered
	Note     MergeRequestNote // what its description says or will say

	Follows    int64         // the closed merge request whose place it takes, 0 for none
	Together   []Claim       // the requirements that tie its members
	Along      []LineChange  // names without a pin that installing it brings along
	Lines      []LineChange  // lines it adds and removes; the roots decide
	Cures      []Claim       // conflicts of the default branch that it ends
	Leaves     []Claim       // conflicts of the default branch beside those, which no newer pins end
	Yanked     []string      // pinned releases that were taken back, which it leaves
	Unverified []string      // members whose requirements cannot be known
	Clash      string        // an open one does not fit the default branch any more: why
	Group      string        // the name of the group it is, or empty
	Parts      int           // of a group: how many updates it joins
	Without    []string      // of a group: who is not ready, by name
	Labels     []string      // beyond those of the policy
	Reverts    int64         // of a revert: the merge request that it takes back; 0 for every other
	TestOf     *TestOf       // of a probe: what it tests a part of; nil for every other
	Tests      []PartTest    // of a batch that is taken apart: the pipelines that ran for it
	Breaks     *Break        // that it breaks tests, with the proof; nil if that is not known
	Link       string        // what explains the reason: an absolute address, or empty
	Gates      []GateVerdict // of an open one, in the order of the configuration
	Ready      Readiness     // of one that is open or opens
}

// LineChange is a line that an update adds to a constraints file or removes
// from it, or for Along one that the file could have.
type LineChange struct {
	File    string
	Pin     int // of a removed line: index in the file's pins
	Key     string
	Name    string
	Version string
	Removed bool
	By      Claim // of an added one: the requirement that needs it
	SHA256  []string
}

// Move is one pin's step inside an update.
type Move struct {
	File     string
	Line     int
	Pin      int    // index in the file's pins
	Name     string // as written
	Key      string // normalised
	Marker   string // environment marker of the line, empty for none
	From     string
	To       string
	Kind     Kind
	Released time.Time
	Index    string
	URL      string // the release's page on its index, empty when it has none
	SHA256   []string
	Links    []Link // the changelog and the like, as the release's metadata gives them
}

// Kind is the size of a step as Masterminds/semver names it, or a kind of its
// own where semantic versioning says nothing.
type Kind string

// The kinds, smallest first.
const (
	Patch    Kind = "patch"
	Minor    Kind = "minor"
	Calendar Kind = "calendar version"
	Major    Kind = "major"
	// Downgrade leaves a release that was taken back, where nothing newer fits.
	Downgrade Kind = "downgrade"
	Twin      Kind = "derived file" // repairs constraints.yml, moves nothing
)

// State says where an update stands.
type State string

// The states, in the order of the dashboard.
const (
	PendingApproval  State = "pending-approval"
	Edited           State = "edited"
	Errored          State = "errored"
	Open             State = "open"
	Testing          State = "testing"
	Bisecting        State = "bisecting"
	AboutToMerge     State = "merging"
	AwaitingSchedule State = "awaiting-schedule"
	Maturing         State = "maturing"
	RateLimited      State = "rate-limited"
	Incompatible     State = "incompatible"
	NotChecked       State = "not-checked"
	Ignored          State = "ignored"
	ClosedByPerson   State = "closed"
)

// IsOpen reports whether an update in that state has an open merge request that is
// ours to change.
func (s State) IsOpen() bool { return s == Open || s == Testing || s == Bisecting || s == AboutToMerge }

// BoxType is the word before "-branch=" in a checkbox marker. Renovate's
// words, see docs/design.md.
type BoxType string

// The box types. NoBox means the state offers none.
const (
	NoBox         BoxType = ""
	BoxApprove    BoxType = "approve"
	BoxUnschedule BoxType = "unschedule"
	BoxUnlimit    BoxType = "unlimit"
	BoxApprovePR  BoxType = "approvePr"
	BoxRetry      BoxType = "retry"
	BoxRebase     BoxType = "rebase"
	BoxRecreate   BoxType = "recreate"
	// BoxSplit takes a group apart. It stands beside the box of its state.
	BoxSplit BoxType = "split"
	// BoxRevert takes a merge back. It stands beside a problem, and its branch is
	// that of the revert.
	BoxRevert BoxType = "revert"
	// BoxUnhold ends what somebody holds back in words, see Hold.
	BoxUnhold BoxType = "unhold"
	// BoxInherit lets pinwheel go on after a user that it had before. It stands below the
	// problem that says so, and its branch is that user's name.
	BoxInherit BoxType = "inherit"
)

// Wish is what a tick on a box asks for, named by one box of those that ask for
// the same. A tick that opens an update now means that in whatever state it is
// meanwhile; none of these approves.
func (b BoxType) Wish() BoxType {
	switch b {
	case BoxUnlimit, BoxRetry, BoxApprovePR:
		return BoxUnschedule
	case NoBox, BoxApprove, BoxUnschedule, BoxRebase, BoxRecreate, BoxSplit, BoxRevert, BoxUnhold, BoxInherit:
	}
	return b
}

// Row is one line of the state table of docs/design.md.
type Row struct {
	State   State
	Heading string
	Box     BoxType
	Bulk    string // marker of the section's bulk box, empty for none
}

// Table returns the state table in the order of the dashboard. It is the one
// place that ties states to headings and boxes.
func Table() []Row {
	return []Row{
		{PendingApproval, "Pending Approval", BoxApprove, "approve-all-pending-prs"},
		{Edited, "MR Edited (Blocked)", BoxRebase, ""},
		{Errored, "Errored", BoxRetry, ""},
		{Open, "Open", BoxRebase, "rebase-all-open-prs"},
		{Testing, "Testing", BoxRebase, ""},
		{Bisecting, "Bisecting", BoxRebase, ""},
		{AboutToMerge, "Merging", BoxRebase, ""},
		{AwaitingSchedule, "Awaiting Schedule", BoxUnschedule, "create-all-awaiting-schedule-prs"},
		{Maturing, "Pending Status Checks", BoxApprovePR, ""},
		{RateLimited, "Rate-Limited", BoxUnlimit, "create-all-rate-limited-prs"},
		{Incompatible, "Held Back", NoBox, ""},
		{NotChecked, "Held Back", NoBox, ""},
		{Ignored, "Held Back", NoBox, ""},
		{ClosedByPerson, "MR Closed (Blocked)", BoxRecreate, ""},
	}
}

// Request is a tick with the verdict on it.
type Request struct {
	Tick    Tick
	Verdict Verdict
	Why     Reason // why refused; nil if it is not
	Reason  string // the same in Markdown, one clause
	Title   string // of the update it asks for, empty when there is none
}

// Verdict is what becomes of a tick.
type Verdict string

// The verdicts. Done means that what it asked for is visible in this snapshot.
const (
	Accepted Verdict = "accepted"
	Refused  Verdict = "refused"
	Done     Verdict = "done"
)

// WindowView is the window as texts show it: instants only.
type WindowView struct {
	Always bool
	Inside bool
	Opens  time.Time // the next opening, or the present one's start
	Closes time.Time // the end of that opening
	Zone   string
	Never  bool    // no opening within five years
	Frozen *Frozen // now lies in a freeze; nil if it does not
}

// Moves0 is the first move, or none for a twin's repair.
func (u Update) Moves0() Move {
	if len(u.Moves) == 0 {
		return Move{}
	}
	return u.Moves[0]
}
