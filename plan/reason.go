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
//
//sumtype:decl
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
	// NotAskedFor: another line of the file asks for other versions of its name, or for a URL.
	NotAskedFor struct {
		Line int    `json:"line"`
		Asks string `json:"asks,omitempty"`
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
	// NewerTaken: a newer release of its line is offered.
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
	// OtherBotMoves: another bot's merge request moves a member already.
	OtherBotMoves struct {
		By      string `json:"by,omitempty"`
		On      int64  `json:"mr"`
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
	Pinned      string `json:"pinned,omitempty"`      // where that one stands; empty if nothing is said of it
	GoesTo      string `json:"goes_to,omitempty"`     // where that one would have to go, which does not help
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
