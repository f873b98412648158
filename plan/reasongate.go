package plan

import (
	"fmt"
	"strings"
	"time"
)

// This file has the reasons of gates and their words. Each begins with the gate and
// its state, and ends with what would change it where nothing does by itself.

type (
	// GateStarts: its pipeline starts in this run.
	GateStarts struct {
		Gate string `json:"gate"`
	}
	// GatePaused: a label keeps its merge request as it is.
	GatePaused struct {
		Gate string `json:"gate"`
	}
	// GateInLine: so many were started already.
	GateInLine struct {
		Gate string `json:"gate"`
		Most int    `json:"most"`
		In   string `json:"in"` // run or hour
	}
	// GateFails: its pipeline cannot be started or read.
	GateFails struct {
		Gate string `json:"gate"`
		Says string `json:"says"`
	}
	// GateUnshown: its commit status cannot be set.
	GateUnshown struct {
		Gate string `json:"gate"`
		Says string `json:"says"`
	}
	// GateForbidden: it would start on the default branch of the project itself.
	GateForbidden struct {
		Gate          string `json:"gate"`
		DefaultBranch string `json:"default_branch"`
		Rule          string `json:"rule"` // where the gate is written
	}
	// GateEnded: its pipeline ended and tested nothing.
	GateEnded struct {
		Gate   string `json:"gate"`
		Result Result `json:"result"`
	}
	// GateAwaited: GitLab is to start its pipeline.
	GateAwaited struct {
		Gate string `json:"gate"`
	}
	// GateRuns: its pipeline runs; Again are jobs that failed and are run once more.
	GateRuns struct {
		Gate  string   `json:"gate"`
		Again []string `json:"again,omitempty"`
	}
	// GateCompares: jobs failed, and the same ones are to end on the default branch.
	GateCompares struct {
		Gate          string      `json:"gate"`
		Jobs          []JudgedJob `json:"jobs,omitempty"`
		DefaultBranch string      `json:"default_branch"`
	}
	// GatePasses: every job passed.
	GatePasses struct {
		Gate string `json:"gate"`
	}
	// GateIsFlaky: jobs passed when they were run again.
	GateIsFlaky struct {
		Gate string      `json:"gate"`
		Jobs []JudgedJob `json:"jobs"`
	}
	// GateFailsEverywhere: the jobs that failed fail on the default branch, too.
	GateFailsEverywhere struct {
		Gate          string      `json:"gate"`
		Jobs          []JudgedJob `json:"jobs,omitempty"`
		DefaultBranch string      `json:"default_branch"`
	}
	// GateIsRegressed: jobs failed that do not fail on the default branch, or of
	// which nothing is known there.
	GateIsRegressed struct {
		Gate          string      `json:"gate"`
		Jobs          []JudgedJob `json:"jobs,omitempty"`
		DefaultBranch string      `json:"default_branch"`
		Compared      bool        `json:"compared,omitempty"` // with the default branch
	}
	// GateTakesTooLong: its pipeline did not end in time.
	GateTakesTooLong struct {
		Gate    string    `json:"gate"`
		Started time.Time `json:"started"`
		Until   time.Time `json:"until"`
	}
)

func (GateStarts) Kind() ReasonKind          { return "gate-starts" }
func (GatePaused) Kind() ReasonKind          { return "gate-paused" }
func (GateInLine) Kind() ReasonKind          { return "gate-in-line" }
func (GateFails) Kind() ReasonKind           { return "gate-fails" }
func (GateUnshown) Kind() ReasonKind         { return "gate-unshown" }
func (GateForbidden) Kind() ReasonKind       { return "gate-forbidden" }
func (GateEnded) Kind() ReasonKind           { return "gate-ended" }
func (GateAwaited) Kind() ReasonKind         { return "gate-awaited" }
func (GateRuns) Kind() ReasonKind            { return "gate-running" }
func (GateCompares) Kind() ReasonKind        { return "gate-compares" }
func (GatePasses) Kind() ReasonKind          { return "gate-passed" }
func (GateIsFlaky) Kind() ReasonKind         { return "gate-flaky" }
func (GateFailsEverywhere) Kind() ReasonKind { return "gate-failed-everywhere" }
func (GateIsRegressed) Kind() ReasonKind     { return "gate-regressed" }
func (GateTakesTooLong) Kind() ReasonKind    { return "gate-timed-out" }

// gate begins what is said of one.
func (v voice) gate(name string, state GateState) string {
	if name == OwnGate {
		return "Its own pipeline " + string(state)
	}
	return "Gate " + v.code(name) + " " + string(state)
}

func (r GateStarts) words(v voice) string {
	return v.gate(r.Gate, GateWaiting) + " yet: the next run starts its pipeline"
}

func (r GatePaused) words(v voice) string {
	return v.gate(r.Gate, GateWaiting) + ": " + v.code(PausedLabel) + " keeps it from starting"
}

func (r GateInLine) words(v voice) string {
	return fmt.Sprintf("%s yet: at most %d pipelines are started in one %s, and a later run starts it", v.gate(r.Gate, GateWaiting), r.Most, r.In)
}

func (r GateFails) words(v voice) string { return joined(r.sentences(v)) }
func (r GateFails) sentences(v voice) []string {
	return []string{v.gate(r.Gate, GateWaiting) + ": " + r.Says, again}
}

func (r GateUnshown) words(v voice) string { return joined(r.sentences(v)) }
func (r GateUnshown) sentences(v voice) []string {
	return []string{"Gate " + v.code(r.Gate) + " is not shown as a commit status: " + r.Says, again}
}

func (r GateForbidden) words(v voice) string { return joined(r.sentences(v)) }
func (r GateForbidden) sentences(v voice) []string {
	return []string{
		fmt.Sprintf("%s: nothing is started on %s of this project, since that may deploy", v.gate(r.Gate, GateWaiting), v.safe(r.DefaultBranch)),
		fmt.Sprintf("Name another ref or project (%s)", v.code(r.Rule)),
	}
}

func (r GateEnded) words(v voice) string { return joined(r.sentences(v)) }
func (r GateEnded) sentences(v voice) []string {
	switch {
	case r.Result == None:
		return []string{v.gate(r.Gate, GateWaiting) + ": none began on its head", "Run one there, or rebase"}
	case r.Gate == OwnGate:
		return []string{v.gate(r.Gate, GateWaiting) + ": it was " + string(r.Result), "Run it again there, or rebase"}
	}
	return []string{fmt.Sprintf("%s: its pipeline was %s", v.gate(r.Gate, GateWaiting), r.Result), "Run it again there, or rebase"}
}

func (r GateAwaited) words(v voice) string {
	return v.gate(r.Gate, GateWaiting) + " yet: GitLab starts it"
}

func (r GateRuns) words(v voice) string {
	text := v.gate(r.Gate, GateRunning)
	if len(r.Again) > 0 {
		text += ", once more in " + v.names(r.Again)
	}
	return text
}

func (r GateCompares) words(v voice) string {
	return fmt.Sprintf("%s: failed%s, to be compared with %s", v.gate(r.Gate, GateRunning), v.in(r.Jobs), v.safe(r.DefaultBranch))
}

func (r GatePasses) words(v voice) string { return v.gate(r.Gate, GatePassed) }

func (r GateIsFlaky) words(v voice) string {
	parts := make([]string, len(r.Jobs))
	for i, j := range r.Jobs {
		parts[i] = fmt.Sprintf("%s failed in %d of %d attempts", v.safe(j.Name), j.Failures, j.Attempts)
	}
	if len(parts) > mostJobs {
		parts = append(parts[:mostJobs:mostJobs], fmt.Sprintf("and %d more", len(parts)-mostJobs))
	}
	return v.gate(r.Gate, GateFlaky) + ", passed: " + strings.Join(parts, ", ")
}

func (r GateFailsEverywhere) words(v voice) string { return joined(r.sentences(v)) }
func (r GateFailsEverywhere) sentences(v voice) []string {
	main := v.safe(r.DefaultBranch)
	return []string{
		fmt.Sprintf("%s%s: on %s, too, so it is not this update's fault", v.gate(r.Gate, GateEverywhere), v.in(r.Jobs), main),
		"It counts again when " + main + " passes",
	}
}

func (r GateIsRegressed) words(v voice) string { return joined(r.sentences(v)) }
func (r GateIsRegressed) sentences(v voice) []string {
	text := v.gate(r.Gate, GateRegressed) + v.in(r.Jobs)
	if r.Compared {
		text += ", unlike " + v.safe(r.DefaultBranch)
	}
	return []string{text, "A new head is tested anew: tick its box for one"}
}

func (r GateTakesTooLong) words(v voice) string { return joined(r.sentences(v)) }
func (r GateTakesTooLong) sentences(v voice) []string {
	return []string{v.gate(r.Gate, GateTimedOut) + " on " + Minute(r.Until), "It counts when it ends after all"}
}

// in names jobs, nothing where there are none.
func (v voice) in(jobs []JudgedJob) string {
	if len(jobs) == 0 {
		return ""
	}
	names := make([]string, len(jobs))
	for i, j := range jobs {
		names[i] = j.Name
	}
	return " in " + v.names(names)
}

// names lists what strangers named, a few of them.
func (v voice) names(all []string) string {
	quoted := make([]string, 0, len(all))
	for _, name := range all[:min(len(all), mostJobs)] {
		quoted = append(quoted, v.safe(name))
	}
	text := strings.Join(quoted, ", ")
	if n := len(all) - mostJobs; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}
