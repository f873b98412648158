package plan

import (
	"fmt"
	"strings"
)

// This file has the reasons why nothing newer of a pin is known or counts, why its
// newest release is not taken, and why a merge request closes, with their words.

// Why a pin does not go further.
type (
	// NoIndex: no index of the configuration owns the name.
	NoIndex struct{}
	// IndexUnread: its index could not be read, and nothing is known of it.
	IndexUnread struct {
		Index string `json:"index"` // as texts call it
		Says  string `json:"says"`
	}
	// UnreadNow: its index could not be read in this run, so what is known may be old.
	UnreadNow struct {
		Index string `json:"index"`
		Says  string `json:"says"`
	}
	// NoPage: the index gives no page of it that can be used.
	NoPage struct {
		Says string `json:"says"`
	}
	// NotOnIndex: the index does not know the name.
	NotOnIndex struct {
		Package string `json:"package"`
		Index   string `json:"index"`
	}
	// Quarantined: the index withholds the project for a while.
	Quarantined struct {
		Index string `json:"index"`
		Says  string `json:"says,omitempty"`
	}
	// Archived: the project is not kept any more, as its index says.
	Archived struct {
		Marked string `json:"status"` // as the index marks it
		Index  string `json:"index"`
		Says   string `json:"says,omitempty"`
	}
	// PinNotOnIndex: the pinned release is not there, and neither is a newer one.
	PinNotOnIndex struct {
		Package string `json:"package"`
		Version string `json:"version"`
		Index   string `json:"index"`
		Newest  string `json:"newest,omitempty"` // the newest release there
	}
	// NoLonger: a release is not on its index any more.
	NoLonger struct {
		Index string `json:"index"`
	}
	// PinTakenBack: the pinned release was yanked or removed, and stays for reasons.
	PinTakenBack struct {
		Package string          `json:"package"`
		Version string          `json:"version"`
		How     Inner[Reason]   `json:"how"`
		Held    []Inner[Reason] `json:"held,omitempty"` // none: no release may replace it
	}
	// PinTurnedOff: a rule turns the package off.
	PinTurnedOff struct {
		Rule string `json:"rule"`
	}
	// PassedOver: the newest release is not taken.
	PassedOver struct {
		Version string        `json:"version"`
		Why     Inner[Reason] `json:"why"`
	}
	// ReleasesPassed: newer releases are not taken, run by run, newest first.
	ReleasesPassed struct {
		Runs []PassedRun `json:"releases"`       // at most three
		More bool        `json:"more,omitempty"` // there are others
	}
)

// PassedRun are releases, one after the other, that are not taken for one reason.
type PassedRun struct {
	Newest string        `json:"newest"`
	Oldest string        `json:"oldest"`
	Why    Inner[Reason] `json:"why"`
}

// Why a merge request of ours closes, beside Gone, GoneFromIndex and GoneYanked.
type (
	// DerivedAgrees: there is nothing left to repair.
	DerivedAgrees struct {
		DefaultBranch string `json:"default_branch"`
	}
	// OpenedByMistake: it clashes with the head on which it was made.
	OpenedByMistake struct {
		With Requires `json:"with"`
	}
	// AlreadyPinned: the default branch has made its steps.
	AlreadyPinned struct {
		DefaultBranch string   `json:"default_branch"`
		Pins          []string `json:"pins"` // "boto3 1.35.0"
	}
	// NoLongerPinned: its package is not pinned any more.
	NoLongerPinned struct {
		Package string `json:"package"`
	}
	// Superseded: another merge request goes as far or further.
	Superseded struct {
		Package string `json:"package"`
		Version string `json:"version"`
	}
	// GroupApart: each of its updates has a merge request of its own.
	GroupApart struct {
		By string `json:"by,omitempty"` // who took it apart, if somebody did
	}
)

// What of a configuration has no effect.
type (
	// RuleIdle: nothing meets a rule.
	RuleIdle struct {
		Packages   []string `json:"packages,omitempty"` // of which no pin is one
		Files      []string `json:"files,omitempty"`    // of which none is there
		Everywhere bool     `json:"everywhere"`         // in every project of the configuration
	}
	// PythonUnreleased: a Python that the pins have to work on is none.
	PythonUnreleased struct {
		Python string `json:"python"`
	}
	// DerivedAbsent: a derived file is not there.
	DerivedAbsent struct {
		Path string `json:"path"`
	}
)

func (RuleIdle) Kind() ReasonKind         { return "rule-idle" }
func (PythonUnreleased) Kind() ReasonKind { return "python-unreleased" }
func (DerivedAbsent) Kind() ReasonKind    { return "derived-absent" }

func (r RuleIdle) words(v voice) string {
	text := "the rule has no effect"
	if r.Everywhere {
		text += " in any project"
	}
	if len(r.Packages) > 0 {
		return text + ": no pin is " + v.either(r.Packages)
	}
	return text + ": no file is " + v.either(r.Files)
}
func (r PythonUnreleased) words(v voice) string {
	return "Python " + v.code(r.Python) + " is not released"
}
func (r DerivedAbsent) words(v voice) string {
	return v.code(r.Path) + " is not there; the first merge request makes it"
}

// either joins what is written as it is in a file.
func (v voice) either(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = v.code(w)
	}
	return strings.Join(quoted, " or ")
}

func (NoIndex) Kind() ReasonKind         { return "no-index" }
func (IndexUnread) Kind() ReasonKind     { return "index-unread" }
func (UnreadNow) Kind() ReasonKind       { return "unread-now" }
func (NoPage) Kind() ReasonKind          { return "no-page" }
func (NotOnIndex) Kind() ReasonKind      { return "not-on-index" }
func (Quarantined) Kind() ReasonKind     { return "quarantined" }
func (Archived) Kind() ReasonKind        { return "archived" }
func (PinNotOnIndex) Kind() ReasonKind   { return "pin-not-on-index" }
func (NoLonger) Kind() ReasonKind        { return "no-longer-on-index" }
func (PinTakenBack) Kind() ReasonKind    { return "pin-taken-back" }
func (PinTurnedOff) Kind() ReasonKind    { return "pin-turned-off" }
func (PassedOver) Kind() ReasonKind      { return "passed-over" }
func (ReleasesPassed) Kind() ReasonKind  { return "releases-not-taken" }
func (DerivedAgrees) Kind() ReasonKind   { return "derived-agrees" }
func (OpenedByMistake) Kind() ReasonKind { return "opened-by-mistake" }
func (AlreadyPinned) Kind() ReasonKind   { return "already-pinned" }
func (NoLongerPinned) Kind() ReasonKind  { return "no-longer-pinned" }
func (Superseded) Kind() ReasonKind      { return "superseded" }
func (GroupApart) Kind() ReasonKind      { return "group-apart" }

func (NoIndex) words(voice) string {
	return "no index of the configuration owns this name (indexes[].packages)"
}
func (r IndexUnread) words(voice) string {
	return "not read yet: " + r.Index + " could not be read: " + r.Says
}
func (r UnreadNow) words(voice) string {
	return r.Index + " could not be read in this run: " + r.Says
}
func (r NoPage) words(voice) string      { return r.Says }
func (r NotOnIndex) words(voice) string  { return r.Package + " is not on " + r.Index }
func (r Quarantined) words(voice) string { return "quarantined on " + r.Index + quoted(r.Says) }
func (r Archived) words(voice) string    { return r.Marked + " on " + r.Index + quoted(r.Says) }
func (r PinNotOnIndex) words(voice) string {
	text := fmt.Sprintf("%s %s is not on %s", r.Package, r.Version, r.Index)
	if r.Newest != "" {
		text += ", whose newest release is " + r.Newest
	}
	return text
}
func (r NoLonger) words(voice) string { return "no longer on " + r.Index }
func (r PinTakenBack) words(v voice) string {
	text := fmt.Sprintf("%s %s is %s, ", r.Package, r.Version, r.How.R.words(v))
	if len(r.Held) == 0 {
		return text + "and no release may replace it"
	}
	held := make(Reasons, len(r.Held))
	for i, h := range r.Held {
		held[i] = h.R
	}
	return text + held.spoken(v)
}
func (r PinTurnedOff) words(v voice) string { return "turned off by " + v.code(r.Rule) }
func (r PassedOver) words(v voice) string   { return r.Version + ": " + r.Why.R.words(v) }
func (r ReleasesPassed) words(v voice) string {
	var parts []string
	for _, run := range r.Runs {
		span := run.Newest
		if run.Oldest != run.Newest {
			span += " to " + run.Oldest
		}
		parts = append(parts, span+": "+spoken(run.Why.R, v))
	}
	if r.More {
		parts = append(parts, "and more, see explain")
	}
	return strings.Join(parts, "; ")
}

func (r DerivedAgrees) words(voice) string {
	return "the derived file on " + r.DefaultBranch + " agrees again"
}
func (r OpenedByMistake) words(voice) string {
	return "it should not have been opened: " + r.With.Text()
}
func (r AlreadyPinned) words(voice) string {
	return r.DefaultBranch + " already pins " + strings.Join(r.Pins, ", ") + " or newer"
}
func (r NoLongerPinned) words(voice) string { return r.Package + " is no longer pinned" }
func (r Superseded) words(voice) string {
	return "superseded by the merge request that goes to " + r.Package + " v" + r.Version
}
func (r GroupApart) words(v voice) string {
	const why = "what it held has merge requests of its own now"
	if r.By != "" {
		return v.code(r.By) + " took the group apart, and " + why
	}
	return why
}

// Kept makes an inner reason of each of several.
func (rs Reasons) Kept() []Inner[Reason] {
	var out []Inner[Reason]
	for _, r := range rs {
		out = append(out, Inner[Reason]{r})
	}
	return out
}
