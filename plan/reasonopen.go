package plan

import "time"

// This file has the reasons of updates that wait or are open.

// What an update waits for.
type (
	// OpensNow: the run that decides opens it.
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
	// LeftAlone: another bot made it, and it cannot be taken over.
	LeftAlone struct {
		Why  LeftWhy `json:"why"`
		What string  `json:"what,omitempty"`
	}
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
		Says    string    `json:"says,omitempty"` // what they gave as the reason
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
