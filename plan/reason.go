package plan

import (
	"bytes"
	"encoding/json"
	"time"
)

// This file has the reasons why an update, a release or a tick stands as it does,
// as data. What they say is in reasonwords.go; nobody reads it back from there.

// ReasonKind names a kind of reason in JSON. None is ever renamed.
type ReasonKind string

// Reason is one of the kinds below with its arguments. The set is sealed, and a
// reason without words does not compile. The JSON keys of the arguments are never
// renamed. Instants are in the zone in which texts show them.
type Reason interface {
	Kind() ReasonKind
	// words is one sentence or more, without the end of the last.
	words(voice) string
}

// Reasons are several, the first of which is what an update waits for; the others
// are said after it.
type Reasons []Reason

// Inner is a reason among the arguments of another.
type Inner[R Reason] struct{ R R }

// MarshalJSON writes a reason with its kind, as everywhere.
func (i Inner[R]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // a requirement stays readable
	err := enc.Encode(DataOf(i.R))
	return b.Bytes(), err
}

// ReasonData is a reason as JSON has it.
type ReasonData struct {
	Kind ReasonKind `json:"kind"`
	Args any        `json:"args"` // the reason itself
}

// DataOf gives a reason its form for JSON.
func DataOf(r Reason) ReasonData { return ReasonData{r.Kind(), r} }

// ReleaseReason says why a release is not taken now.
type ReleaseReason interface {
	Reason
	// after is how it reads after the name and the version.
	after(voice) string
}

// Next says what comes of an update once it is old enough.
type Next interface {
	Reason
	// then is how it reads after "then".
	then(voice) string
}

// Why a release is not taken.
type (
	// NoFiles: the release has none.
	NoFiles struct{}
	// PreRelease: the pin is a final version.
	PreRelease struct{}
	// DevSnapshot: it is a development snapshot, and the pin is none.
	DevSnapshot struct{}
	// LocalVersion: it is a build, and the pin has no label.
	LocalVersion struct{}
	// OtherBuild: the pin asks for another label.
	OtherBuild struct {
		Label string `json:"label"`
	}
	// TurnedOff: a rule turns such steps off.
	TurnedOff struct {
		Rule string `json:"rule"` // file and line
	}
	// IgnoredByRule: a rule ignores it, until a day or, with the zero time, for good.
	IgnoredByRule struct {
		Rule  string    `json:"rule"`
		Until time.Time `json:"until,omitzero"`
		Says  string    `json:"says"` // the rule's own reason, without its end
	}
	// NotAllowed: a rule asks for other versions.
	NotAllowed struct {
		Rule    string `json:"rule"`
		Allowed string `json:"allowed"`
	}
	// Yanked: every file of it was.
	Yanked struct {
		Says string `json:"says,omitempty"` // as the index gives it
	}
	// RequiresPython: it refuses one of the configured Pythons.
	RequiresPython struct {
		Specifier string `json:"specifier"`
	}
	// NoFileFor: no file of it is for a Python, or for that on a platform.
	NoFileFor struct {
		Python   string `json:"python"`
		Platform string `json:"platform,omitempty"`
	}
	// NoHash: the pin carries hashes, and the index gives none for a file.
	NoHash struct {
		Index string `json:"index"` // as texts call it
		File  string `json:"file"`
	}
	// NoUploadTime: its age cannot be known.
	NoUploadTime struct {
		Index string `json:"index"`
	}
	// TooYoung: it is not old enough before an instant.
	TooYoung struct {
		Eligible time.Time `json:"eligible"`
	}
	// BadMetadata: its own metadata is refused.
	BadMetadata struct {
		Says string `json:"says"`
	}
	// CannotBeHad: the index lists it and does not give it.
	CannotBeHad struct {
		Says string `json:"says"`
	}
	// WaitsForMember: a release that goes with it is not old enough.
	WaitsForMember struct {
		Package  string    `json:"package"`
		Version  string    `json:"version"`
		Eligible time.Time `json:"eligible"`
	}
	// NewerTaken: a newer release of its line is.
	NewerTaken struct{}
	// NotTaken: nothing more is known of it.
	NotTaken struct{}
)

// Why an update cannot be offered.
type (
	// ApartFromGroup: it does not fit together with the rest of a group.
	ApartFromGroup struct {
		Group string `json:"group"`
	}
	// ApartFromUpdate: it shares a package with an update that it does not fit.
	ApartFromUpdate struct {
		Package string `json:"package"` // that names the other update
	}
	// NotRead: its requirements are not read yet.
	NotRead struct{}
	// Unreadable: what some packages require could not be read in this run.
	Unreadable struct {
		Packages []string `json:"packages"`
	}
	// RootUnreadable: a root could not be read in this run.
	RootUnreadable struct {
		Root string `json:"root"`
	}
	// TooManySteps: the search for pins that fit gave up.
	TooManySteps struct{}
	// RefusedMetadata: the metadata of the version it goes to is refused.
	RefusedMetadata struct {
		Version string `json:"version"`
		Says    string `json:"says"`
	}
	// VersionWithheld: the index does not give the version it goes to.
	VersionWithheld struct {
		Version string `json:"version"`
		Says    string `json:"says"`
	}
	// RequirementsUnknown: the policy holds what cannot be verified.
	RequirementsUnknown struct {
		Version string `json:"version"`
		Says    string `json:"says"`
	}
	// Blocked: requirements stand against it.
	Blocked struct {
		By   []Requires `json:"by"`             // at most three
		More bool       `json:"more,omitempty"` // there are others
		Tail *Stuck     `json:"stuck,omitempty"`
	}
	// LinesDoNotFit: the lines that the file needs for it do not fit everywhere.
	LinesDoNotFit struct {
		Says string `json:"says"`
	}
	// NothingFits: no set of newer pins does.
	NothingFits struct{}
	// RuledOut: a rule keeps all there is away.
	RuledOut struct {
		By Inner[ReleaseReason] `json:"by"`
	}
	// IndexSilent: its index does not answer, and no page tells how it stood.
	IndexSilent struct{}
	// StaysAsShown: its index does not answer, so it stands as the page showed it.
	StaysAsShown struct{}
	// NoBranches: the mode makes no branches.
	NoBranches struct{}
	// SharedWithPerson: a branch that holds a person's commits moves a member, too.
	SharedWithPerson struct {
		Branch  string `json:"branch"`
		Package string `json:"package"`
		Waits   bool   `json:"waits"` // it opens when that one is merged or closed
	}
)

// Requires is a requirement in the way.
type Requires struct {
	From        string `json:"from"`                  // a package, with its extra, or a root
	Version     string `json:"version,omitempty"`     // of it; empty for a root
	Requirement string `json:"requirement,omitempty"` // empty where From is the requirement
	To          string `json:"to"`                    // whom it is about
	Pinned      string `json:"pinned,omitempty"`      // where that one stands; empty where nothing is said of it
	Missing     bool   `json:"no_release,omitempty"`  // no release of it fits
	Blocks      bool   `json:"on_purpose,omitempty"`  // the pin blocks it on purpose
}

// Stuck says why the package that could end a conflict does not move.
type Stuck struct {
	Package string               `json:"package"`
	Version string               `json:"version,omitempty"` // of the release that could, if there is one
	How     StuckHow             `json:"how"`
	Says    string               `json:"says,omitempty"`
	Release Inner[ReleaseReason] `json:"release,omitzero"` // of StuckRelease
}

// StuckHow is how a package is stuck.
type StuckHow string

// The ways of being stuck.
const (
	StuckAccepts StuckHow = "none-accepts"     // no newer one accepts it
	StuckMends   StuckHow = "none-mends"       // no newer one mends that
	StuckNone    StuckHow = "none"             // there is no newer one
	StuckRefused StuckHow = "metadata-refused" // its metadata is
	StuckHidden  StuckHow = "withheld"         // its index does not give it
	StuckClosed  StuckHow = "closed"           // a person closed its merge request
	StuckRelease StuckHow = "not-taken"        // for the release's own reason
)

// What an update waits for.
type (
	// OpensNow: in this run.
	OpensNow struct{}
	// OpensAt: when its window opens, or by a later run where one opens only so many.
	OpensAt struct {
		At      time.Time `json:"at"`
		Rules   []string  `json:"rules,omitempty"` // that the window comes from
		OrLater bool      `json:"or_later,omitempty"`
	}
	// NeverOpens: its window never does.
	NeverOpens struct {
		Rules []string `json:"rules,omitempty"`
	}
	// WaitsForWindow: for that and a place in it.
	WaitsForWindow struct {
		Rules []string `json:"rules,omitempty"`
	}
	// Waits: for room under a limit, in no line.
	Waits struct {
		For Limit `json:"for"`
	}
	// InLine: it has a number among those that wait for a place.
	InLine struct {
		Place int       `json:"place"`
		For   Limit     `json:"for,omitzero"`   // zero: for the next opening of the window
		Since time.Time `json:"since,omitzero"` // old enough since
		Opens time.Time `json:"opens,omitzero"` // its own window, where that is not the policy's
		Rules []string  `json:"rules,omitempty"`
	}
	// Joins: it goes into a group.
	Joins struct {
		Group string `json:"group"`
	}
	// NeedsApproval: a rule asks for a tick.
	NeedsApproval struct {
		Rule string `json:"rule"`
	}
	// Matures: it is not old enough.
	Matures struct {
		Released time.Time   `json:"released"`
		Eligible time.Time   `json:"eligible"`
		Rule     string      `json:"rule,omitempty"` // that gives the age
		Then     Inner[Next] `json:"then"`
	}
	// ForcedYoung: a person asked for it, and it is not old enough.
	ForcedYoung struct {
		By       string    `json:"by,omitempty"`
		Eligible time.Time `json:"eligible"`
	}
	// AwaitsIndex: a person asked for it, and its index does not answer.
	AwaitsIndex struct{}
	// EffectFailed: an effect of this run failed.
	EffectFailed struct {
		Says string `json:"says"` // a sentence
		By   string `json:"by,omitempty"`
	}
	// FilesFail: its files cannot be made.
	FilesFail struct {
		Says string `json:"says"`
	}
)

// Limit is what bounds how many merge requests are opened: the key of the
// configuration and its value, 0 where a text does not need it.
type Limit struct {
	Key  string `json:"key"`
	Most int    `json:"most,omitempty"`
}

// The keys of limits.
const (
	LimitOpen   = "max_open_merge_requests"
	LimitWindow = "max_new_per_window"
	LimitRun    = "max_new_per_run"
)

// How a merge request stands.
type (
	// OfferedSince: it is open.
	OfferedSince struct {
		Since  time.Time `json:"since"`
		Forced bool      `json:"forced,omitempty"`
		By     string    `json:"by,omitempty"`
	}
	// PipelineEnded: how the pipeline of its head did.
	PipelineEnded struct {
		Result        Result      `json:"result"`
		At            time.Time   `json:"at,omitzero"`
		Jobs          []FailedJob `json:"failed_jobs,omitempty"`
		DefaultBranch string      `json:"default_branch,omitempty"`
		MainAt        time.Time   `json:"default_branch_at,omitzero"`
	}
	// CheckingConflict: GitLab is still to look whether it has one.
	CheckingConflict struct {
		Branch string `json:"branch"`
	}
	// StopUpdating: its label keeps it as it is.
	StopUpdating struct{}
	// FailsLong: from when on it does not count towards the limit because its
	// pipelines fail.
	FailsLong struct {
		Since time.Time `json:"since,omitzero"` // zero: the pipeline that is told of is the first
		From  time.Time `json:"from"`
	}
	// Clashes: it does not fit the default branch any more.
	Clashes struct {
		With Requires `json:"with"`
	}
	// Gone: a version that it holds is not offered any more, for the release's own
	// reason.
	Gone struct {
		Package string               `json:"package"`
		Version string               `json:"version"`
		Why     Inner[ReleaseReason] `json:"why"`
	}
	// GoneFromIndex: a version that it holds is not there any more.
	GoneFromIndex struct {
		Package string `json:"package"`
		Version string `json:"version"`
		Index   string `json:"index"`
	}
	// GoneYanked: a version that it holds was yanked.
	GoneYanked struct {
		Package string `json:"package"`
		Version string `json:"version"`
		Says    string `json:"says,omitempty"`
	}
	// VersionReady: a newer version waits to take its place.
	VersionReady struct {
		Version string    `json:"version"`
		When    ReadyWhen `json:"when"`
		At      time.Time `json:"at,omitzero"`
	}
	// ClosesWhenOpen: an update that goes further has to be open first.
	ClosesWhenOpen struct {
		Package string `json:"package"`
		Version string `json:"version"`
	}
	// ClosesWhenApart: what it holds has to have merge requests of its own first.
	ClosesWhenApart struct{}
	// NotOffered: another release would be.
	NotOffered struct{}
	// NothingChanges: its index could not be read.
	NothingChanges struct{}
	// OtherTarget: it goes into another branch than the default one.
	OtherTarget struct {
		Target        string `json:"target"`
		DefaultBranch string `json:"default_branch"`
	}
	// ForeignBranch: its branch holds a person's commits, and has no merge request.
	ForeignBranch struct {
		Branch string `json:"branch"`
	}
	// BranchGone: it has no branch any more.
	BranchGone struct{}
	// PushedTo: a person pushed to it.
	PushedTo struct {
		By          string `json:"by,omitempty"`
		Head        string `json:"head"`
		ConflictsIn string `json:"conflicts_with,omitempty"` // the default branch, where it conflicts
	}
	// WasClosed: a person closed it.
	WasClosed struct {
		By      string    `json:"by,omitempty"`
		At      time.Time `json:"at,omitzero"`
		Refuses Refusal   `json:"refuses"`
	}
	// WasTakenBack: it was merged, and the default branch went back from it.
	WasTakenBack struct {
		Merged        time.Time `json:"merged"`
		DefaultBranch string    `json:"default_branch"`
		Refuses       Refusal   `json:"refuses"`
	}
)

// FailedJob is a job that failed, and how it ended on the default branch.
type FailedJob struct {
	Name          string `json:"name"`
	DefaultBranch Result `json:"default_branch,omitempty"`
}

// ReadyWhen says when a newer version takes the place of an open one.
type ReadyWhen string

// The instants at which it does.
const (
	ReadyNever    ReadyWhen = "never"       // not by itself
	ReadyApproved ReadyWhen = "approved"    // not while it is approved
	ReadyTomorrow ReadyWhen = "tomorrow"    // at the earliest
	ReadyOpening  ReadyWhen = "opening"     // when the window opens, if ever
	ReadyNext     ReadyWhen = "next-window" // that of an instant nobody knows
	ReadyAt       ReadyWhen = "at"
)

// Refusal is what a closing refuses.
type Refusal struct {
	What RefusedWhat `json:"what"`
	Name string      `json:"name,omitempty"` // a version, a major, or a package
}

// RefusedWhat is how much a closing refuses.
type RefusedWhat string

// The measures.
const (
	RefusedVersion RefusedWhat = "version"
	RefusedMajor   RefusedWhat = "major"
	RefusedLine    RefusedWhat = "line"    // by the configuration
	RefusedPackage RefusedWhat = "package" // by the configuration
	RefusedSet     RefusedWhat = "set"
	RefusedRepair  RefusedWhat = "repair"
)

// Why a line of a file is not managed.
type (
	// OnPurpose: the pin blocks its package.
	OnPurpose struct{}
	// OtherLine: another line of the file pins the package at another version.
	OtherLine struct {
		Line int `json:"line"`
	}
	// NoPython: its marker holds on none of the configured Pythons.
	NoPython struct{}
	// NotUnderstood: the line is none that pinwheel changes.
	NotUnderstood struct {
		Says string `json:"says"`
	}
)

// The kinds, as JSON has them.
func (NoFiles) Kind() ReasonKind             { return "no-files" }
func (PreRelease) Kind() ReasonKind          { return "pre-release" }
func (DevSnapshot) Kind() ReasonKind         { return "development-snapshot" }
func (LocalVersion) Kind() ReasonKind        { return "local-version" }
func (OtherBuild) Kind() ReasonKind          { return "other-build" }
func (TurnedOff) Kind() ReasonKind           { return "turned-off" }
func (IgnoredByRule) Kind() ReasonKind       { return "ignored-by-rule" }
func (NotAllowed) Kind() ReasonKind          { return "not-allowed" }
func (Yanked) Kind() ReasonKind              { return "yanked" }
func (RequiresPython) Kind() ReasonKind      { return "requires-python" }
func (NoFileFor) Kind() ReasonKind           { return "no-file-for" }
func (NoHash) Kind() ReasonKind              { return "no-hash" }
func (NoUploadTime) Kind() ReasonKind        { return "no-upload-time" }
func (TooYoung) Kind() ReasonKind            { return "too-young" }
func (BadMetadata) Kind() ReasonKind         { return "bad-metadata" }
func (CannotBeHad) Kind() ReasonKind         { return "cannot-be-had" }
func (WaitsForMember) Kind() ReasonKind      { return "waits-for-member" }
func (NewerTaken) Kind() ReasonKind          { return "newer-taken" }
func (NotTaken) Kind() ReasonKind            { return "not-taken" }
func (ApartFromGroup) Kind() ReasonKind      { return "apart-from-group" }
func (ApartFromUpdate) Kind() ReasonKind     { return "apart-from-update" }
func (NotRead) Kind() ReasonKind             { return "not-read" }
func (Unreadable) Kind() ReasonKind          { return "unreadable" }
func (RootUnreadable) Kind() ReasonKind      { return "root-unreadable" }
func (TooManySteps) Kind() ReasonKind        { return "too-many-steps" }
func (RefusedMetadata) Kind() ReasonKind     { return "metadata-refused" }
func (VersionWithheld) Kind() ReasonKind     { return "version-withheld" }
func (RequirementsUnknown) Kind() ReasonKind { return "requirements-unknown" }
func (Blocked) Kind() ReasonKind             { return "blocked" }
func (LinesDoNotFit) Kind() ReasonKind       { return "lines-do-not-fit" }
func (NothingFits) Kind() ReasonKind         { return "nothing-fits" }
func (RuledOut) Kind() ReasonKind            { return "ruled-out" }
func (IndexSilent) Kind() ReasonKind         { return "index-silent" }
func (StaysAsShown) Kind() ReasonKind        { return "stays-as-shown" }
func (NoBranches) Kind() ReasonKind          { return "mode-dashboard" }
func (SharedWithPerson) Kind() ReasonKind    { return "shared-with-person" }
func (OpensNow) Kind() ReasonKind            { return "opens-now" }
func (OpensAt) Kind() ReasonKind             { return "opens-at" }
func (NeverOpens) Kind() ReasonKind          { return "never-opens" }
func (WaitsForWindow) Kind() ReasonKind      { return "waits-for-window" }
func (Waits) Kind() ReasonKind               { return "waits" }
func (InLine) Kind() ReasonKind              { return "in-line" }
func (Joins) Kind() ReasonKind               { return "joins" }
func (NeedsApproval) Kind() ReasonKind       { return "needs-approval" }
func (Matures) Kind() ReasonKind             { return "matures" }
func (ForcedYoung) Kind() ReasonKind         { return "forced-young" }
func (AwaitsIndex) Kind() ReasonKind         { return "awaits-index" }
func (EffectFailed) Kind() ReasonKind        { return "effect-failed" }
func (FilesFail) Kind() ReasonKind           { return "files-fail" }
func (OfferedSince) Kind() ReasonKind        { return "offered-since" }
func (PipelineEnded) Kind() ReasonKind       { return "pipeline-ended" }
func (CheckingConflict) Kind() ReasonKind    { return "checking-conflict" }
func (StopUpdating) Kind() ReasonKind        { return "stop-updating" }
func (FailsLong) Kind() ReasonKind           { return "fails-long" }
func (Clashes) Kind() ReasonKind             { return "clashes" }
func (Gone) Kind() ReasonKind                { return "gone" }
func (GoneFromIndex) Kind() ReasonKind       { return "gone-from-index" }
func (GoneYanked) Kind() ReasonKind          { return "gone-yanked" }
func (VersionReady) Kind() ReasonKind        { return "version-ready" }
func (ClosesWhenOpen) Kind() ReasonKind      { return "closes-when-open" }
func (ClosesWhenApart) Kind() ReasonKind     { return "closes-when-apart" }
func (NotOffered) Kind() ReasonKind          { return "not-offered" }
func (NothingChanges) Kind() ReasonKind      { return "nothing-changes" }
func (OtherTarget) Kind() ReasonKind         { return "other-target" }
func (ForeignBranch) Kind() ReasonKind       { return "foreign-branch" }
func (BranchGone) Kind() ReasonKind          { return "branch-gone" }
func (PushedTo) Kind() ReasonKind            { return "pushed-to" }
func (WasClosed) Kind() ReasonKind           { return "was-closed" }
func (WasTakenBack) Kind() ReasonKind        { return "was-taken-back" }
func (OnPurpose) Kind() ReasonKind           { return "on-purpose" }
func (OtherLine) Kind() ReasonKind           { return "other-line" }
func (NoPython) Kind() ReasonKind            { return "no-python" }
func (NotUnderstood) Kind() ReasonKind       { return "not-understood" }
