package mrs

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file writes the first line of a description: whether people can merge it.

// verdict writes the line. It says what lasts until a pipeline ends or somebody does
// something, and names the commit of the default branch instead of calling it the
// newest. It is empty if nothing is known.
func verdict(b *strings.Builder, u plan.Update) {
	r := u.Ready
	if r == (plan.Readiness{}) {
		return
	}
	head, clauses := standing(u)
	if want := plan.MergeWants(r.Wants); want != "" {
		clauses = append(clauses, text.Inline(want, 100))
	}
	if u.Breaks != nil {
		clauses = append(clauses, "it breaks tests, as is said below")
	}
	b.WriteString("**" + head + ":** " + strings.Join(clauses, "; ") + ".\n")
}

// standing is how a merge request stands in a word or two, and why.
func standing(u plan.Update) (head string, clauses []string) {
	const ready, notYet, not = "Ready", "Not ready yet", "Not ready"
	r := u.Ready
	switch {
	case r.Stuck == plan.StuckClash:
		return not, []string{"it does not fit the default branch any more: " + text.Prose(u.Clash, 300)}
	case r.Stuck == plan.StuckApart:
		return not, []string{"its pipeline failed, and its parts are tested"}
	case r.Tests == plan.Failed:
		return not, []string{"its pipeline failed"}
	case r.Gates == plan.GatesFailed:
		return not, []string{gate(u, false)}
	case r.Tests == plan.Canceled || r.Tests == plan.Skipped:
		return not, []string{"its pipeline was " + string(r.Tests)}
	case r.Gates == plan.GatesWait:
		return notYet, []string{gate(u, true)}
	}
	on := ""
	if r.Base != "" {
		on = ", on " + text.Code(u.Note.Target) + " at " + text.Code(r.Base)
		if u.Note.Target == "" {
			on = ""
		}
	}
	switch gates := r.Gates == plan.GatesPassed; {
	case r.Tests == plan.Passed && gates:
		return ready, []string{"its pipeline and all required gates passed" + on}
	case r.Tests == plan.Passed:
		return ready, []string{"its pipeline passed" + on}
	case gates && (r.Stuck == plan.StuckUntested || r.Stuck == plan.StuckBlind):
		return ready, []string{"all required gates passed" + on}
	case r.Stuck == plan.StuckUntested:
		return "For you to judge", []string{"CI/CD is off in this project, so no pipeline tests it"}
	case r.Stuck == plan.StuckBlind:
		return "For you to judge", []string{"pinwheel may not read its pipelines"}
	}
	return notYet, []string{"no pipeline of it has passed"}
}

// gate names the first required gate that waits, or that did not pass.
func gate(u plan.Update, waits bool) string {
	i := slices.IndexFunc(u.Gates, func(v plan.GateVerdict) bool { return v.Required && !v.Passes() && v.Waits() == waits })
	switch {
	case i < 0 && waits:
		return "required gates have not passed"
	case i < 0:
		return "a required gate has not passed for this head"
	case waits:
		return "gate " + text.Code(u.Gates[i].Gate) + " has not passed"
	}
	return "gate " + text.Code(u.Gates[i].Gate) + " " + notPassed(u.Gates[i])
}

// notPassed is the state of a gate after its name.
func notPassed(v plan.GateVerdict) string {
	if v.State == plan.GateWaiting {
		return "did not run"
	}
	return string(v.State)
}
