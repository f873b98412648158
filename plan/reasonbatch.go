package plan

import (
	"fmt"
	"strings"
	"time"
)

// This file has the reasons of a batch that is red.

type (
	// TakenApart: its parts are tested one by one.
	TakenApart struct {
		Pipelines int       `json:"pipelines"`         // that ended, its own with them
		Running   int       `json:"running,omitempty"` // that are under way
		Waits     bool      `json:"waits,omitempty"`   // the next ones wait for the window
		Opens     time.Time `json:"opens,omitzero"`    // which opens then

		Good    []string   `json:"good,omitempty"`    // packages of which a part was green
		Tested  []PartTest `json:"tested,omitempty"`  // those of the others that are tested now
		Neither []string   `json:"neither,omitempty"` // all others
	}
	// PartDoesNotRun: a part of a batch was tested as often as it is tried, and no
	// pipeline of it ran to its end.
	PartDoesNotRun struct {
		Probe int64 `json:"probe"` // the merge request of the last attempt
	}
	// CannotBeTakenApart: what it stands on does not give its commit again.
	CannotBeTakenApart struct{}
	// NobodyToBlame: each part of it is red, and nothing shows that the default branch is not.
	NobodyToBlame struct {
		DefaultBranch string   `json:"default_branch"`
		FailedIn      []string `json:"jobs"`
	}
	// BreaksTests: it was proven to break tests.
	BreaksTests struct {
		Batch    int64    `json:"batch"` // the merge request of which it was a part
		FailedIn []string `json:"jobs,omitempty"`
		Beside   []string `json:"with,omitempty"` // packages without which it passes
	}
	// WaitsForBatch: newer releases wait until the batch is not taken apart any more.
	WaitsForBatch struct {
		Releases []ReleaseOf `json:"releases"`
	}
	// BatchUnread: the batch is taken apart, and packages could not be read in this run that
	// stay in it or get a merge request of their own.
	BatchUnread struct {
		Packages []string `json:"packages"`
	}
	// WaitsForCulprit: it needs a release that was proven to break tests.
	WaitsForCulprit struct {
		Package string `json:"package"`
		Version string `json:"version"`
	}
	// AllBreakTests: each update of the batch was proven to break tests, so the batch
	// closes.
	AllBreakTests struct{}
)

func (TakenApart) Kind() ReasonKind         { return "taken-apart" }
func (PartDoesNotRun) Kind() ReasonKind     { return "part-does-not-run" }
func (CannotBeTakenApart) Kind() ReasonKind { return "cannot-be-taken-apart" }
func (NobodyToBlame) Kind() ReasonKind      { return "nobody-to-blame" }
func (BreaksTests) Kind() ReasonKind        { return "breaks-tests" }
func (WaitsForBatch) Kind() ReasonKind      { return "waits-for-batch" }
func (BatchUnread) Kind() ReasonKind        { return "batch-unread" }
func (AllBreakTests) Kind() ReasonKind      { return "all-break-tests" }
func (WaitsForCulprit) Kind() ReasonKind    { return "waits-for-culprit" }

func (r TakenApart) words(v voice) string { return joined(r.sentences(v)) }
func (r TakenApart) sentences(v voice) []string {
	text := "It is red, so it is taken apart: 1 pipeline ended"
	if r.Pipelines > 1 {
		text = fmt.Sprintf("It is red, so it is taken apart: %d pipelines ended", r.Pipelines)
	}
	if r.Running > 0 {
		text += fmt.Sprintf(", %d under way", r.Running)
	}
	switch {
	case r.Waits && r.Opens.IsZero():
		text += "; it goes on in the window, which does not open"
	case r.Waits:
		text += "; it goes on " + opening(r.Opens)
	}
	out := []string{text}
	if len(r.Good) > 0 {
		out = append(out, "Good so far: "+v.some(r.Good))
	}
	for _, t := range r.Tested {
		out = append(out, fmt.Sprintf("Tested in %s: %s", v.mr(t.MR), v.some(t.Packages)))
	}
	if len(r.Neither) > 0 && len(out) > 1 { // else it is all of them
		out = append(out, "Neither: "+v.some(r.Neither))
	}
	return out
}

// mostOfAPart is how many updates of a part a sentence names.
const mostOfAPart = 12

// some lists what strangers named, so many of them at most.
func (v voice) some(names []string) string {
	if n := len(names) - mostOfAPart; n > 1 {
		return v.all(names[:mostOfAPart]) + fmt.Sprintf(" and %d more", n)
	}
	return v.all(names)
}

func (r PartDoesNotRun) words(v voice) string { return joined(r.sentences(v)) }
func (r PartDoesNotRun) sentences(v voice) []string {
	return []string{
		"It is red, and it cannot be said why: a part of it was tested three times and no pipeline ended, last in " + v.mr(r.Probe),
		"A rebuild starts over",
	}
}

func (r CannotBeTakenApart) words(v voice) string { return joined(r.sentences(v)) }
func (CannotBeTakenApart) sentences(voice) []string {
	return []string{
		"It is red, and it is not taken apart: the files that it stands on do not give its commit again",
		"A rebuild mends that",
	}
}

func (r WaitsForCulprit) words(v voice) string { return joined(r.sentences(v)) }
func (r WaitsForCulprit) sentences(v voice) []string {
	return []string{
		fmt.Sprintf("It needs %s %s, which breaks tests, so it cannot be tested", v.safe(r.Package), r.Version),
		"It waits until that is merged or has a release that passes",
	}
}

func (r NobodyToBlame) words(v voice) string { return joined(r.sentences(v)) }
func (r NobodyToBlame) sentences(v voice) []string {
	on := v.safe(r.DefaultBranch)
	return []string{
		"Each of its parts is red as well, and nothing shows that " + on + " passes without them, so nobody is blamed",
		"A pipeline of " + on + " on which " + v.all(r.FailedIn) + " ends tells",
	}
}

func (AllBreakTests) words(voice) string {
	return "each of its updates breaks tests, and has a merge request of its own"
}

func (r BreaksTests) words(v voice) string {
	text := fmt.Sprintf("It breaks tests, as %s found", v.mr(r.Batch))
	if len(r.FailedIn) > 0 {
		text += ", in " + v.all(r.FailedIn)
	}
	if len(r.Beside) > 0 {
		text += ", together with " + v.all(r.Beside)
	}
	return text
}

// ReleaseOf is a release of a package, as it is written.
type ReleaseOf struct {
	Name    string `json:"package"`
	Version string `json:"version"`
}

func (r WaitsForBatch) words(v voice) string {
	var out []string
	for i, o := range r.Releases {
		if n := len(r.Releases) - i; i == mostOfAPart && n > 1 {
			return "Waits for the end of that: " + strings.Join(out, ", ") + fmt.Sprintf(" and %d more", n)
		}
		out = append(out, v.safe(o.Name)+" "+o.Version)
	}
	return "Waits for the end of that: " + strings.Join(out, ", ")
}

func (r BatchUnread) words(v voice) string {
	return "It stays as it is while these cannot be read: " + v.some(r.Packages)
}

// all lists what strangers named.
func (v voice) all(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = v.safe(n)
	}
	return strings.Join(out, ", ")
}
