package plan

import (
	"fmt"
	"strings"
)

// This file has the words of what an update waits for, and of how a merge request
// stands.

func (OpensNow) words(voice) string    { return "The window is open, so a run opens it" }
func (r OpensAt) words(v voice) string { return capital(r.then(v)) }
func (r OpensAt) then(v voice) string {
	text := "opens " + opening(r.At) + v.rules(r.Rules)
	if r.OrLater {
		text += " or by a later run (" + LimitRun + ")"
	}
	return text
}
func (r NeverOpens) words(v voice) string {
	return "The window of the configuration never opens" + v.rules(r.Rules)
}
func (r WaitsForWindow) words(v voice) string { return capital(r.then(v)) }
func (r WaitsForWindow) then(v voice) string {
	return "waits for the window and its turn" + v.rules(r.Rules)
}
func (r Waits) words(v voice) string  { return capital(r.then(v)) }
func (r Waits) then(voice) string     { return "waits " + r.For.words() }
func (r InLine) words(v voice) string { return capital(r.place(v)) }
func (r InLine) then(v voice) string  { return "is " + r.place(v) }

// place is its number in line, and what it waits for.
func (r InLine) place(v voice) string {
	text := fmt.Sprintf("number %d in line", r.Place)
	if r.For != (Limit{}) {
		text += " " + r.For.words()
	}
	if !r.Since.IsZero() {
		text += ", old enough since " + day(r.Since)
	}
	if !r.Opens.IsZero() {
		text += "; its window opens " + opening(r.Opens) + v.rules(r.Rules)
	}
	return text
}

// line is what those in the same line wait for, after "in line".
func (r InLine) line(v voice) string {
	switch {
	case r.For != (Limit{}):
		return r.For.words()
	case !r.Opens.IsZero():
		return "for " + opening(r.Opens) + v.rules(r.Rules)
	}
	return "for the next opening"
}
func (r Joins) words(v voice) string        { return capital(r.then(v)) }
func (r Joins) then(voice) string           { return "joins " + r.Group }
func (r NeedsApproval) then(v voice) string { return "needs approval (" + v.code(r.Rule) + ")" }
func (r NeedsApproval) words(v voice) string {
	return "Needs approval (" + v.code(r.Rule) + "): a tick approves it, and the next run opens it"
}
func (r Matures) words(v voice) string { return joined(r.sentences(v)) }
func (r Matures) sentences(v voice) []string {
	by := ""
	if r.Rule != "" {
		by = v.rules([]string{r.Rule})
	}
	return []string{fmt.Sprintf("Released %s, old enough on %s%s", day(r.Released), Minute(r.Eligible), by), "Then it " + r.Then.R.then(v)}
}
func (r ForcedYoung) words(v voice) string {
	return fmt.Sprintf("Asked for by %s, carried out when old enough, %s", v.person(r.By, "a person"), Minute(r.Eligible))
}
func (AwaitsIndex) words(voice) string      { return "Asked for, and carried out when its index answers" }
func (r EffectFailed) words(v voice) string { return joined(r.sentences(v)) }
func (r EffectFailed) sentences(v voice) []string {
	out := []string{capital(r.Says), again}
	if r.By != "" {
		out = append([]string{"Asked for by " + v.code(r.By)}, out...)
	}
	return out
}
func (r FilesFail) words(voice) string { return capital(r.Says) }

// words are what is waited for.
func (l Limit) words() string {
	switch {
	case l.Key == LimitWindow:
		return fmt.Sprintf("for the next opening of the window, since each brings %d new ones at most (%s)", l.Most, l.Key)
	case l.Key == LimitRun:
		return "for a later run, since one opens only so many over all projects (" + l.Key + ")"
	case l.Most == 0:
		return "for a tick, since nothing opens by itself (" + l.Key + ": 0)"
	case l.Most == 1:
		return "while a merge request is open (" + l.Key + ")"
	}
	return fmt.Sprintf("while %d merge requests are open (%s)", l.Most, l.Key)
}

// How a merge request stands.

func (r OfferedSince) words(v voice) string {
	text := "Offered since " + day(r.Since)
	if r.Forced {
		text += ", asked for"
		if r.By != "" {
			text += " by " + v.code(r.By)
		}
	}
	return text
}

// mostJobs is how many failed jobs are named.
const mostJobs = 3

func (r PipelineEnded) words(v voice) string {
	switch r.Result {
	case None:
		return "No pipeline ran"
	case Passed, Canceled, Skipped:
		return fmt.Sprintf("Pipeline %s on %s", r.Result, day(r.At))
	case Failed, Unsettled:
	}
	var text strings.Builder
	text.WriteString("Pipeline failed on " + day(r.At))
	for i, j := range r.Jobs {
		switch {
		case i == 0:
			text.WriteString(" in " + v.safe(j.Name))
		case i == mostJobs:
			fmt.Fprintf(&text, " and %d more", len(r.Jobs)-i)
		case i < mostJobs:
			text.WriteString(", " + v.safe(j.Name))
		}
	}
	return text.String() + r.onMain(v)
}

// onMain compares failed jobs with the same ones on the default branch.
func (r PipelineEnded) onMain(v voice) string {
	var failed []string
	known := 0
	for _, j := range r.Jobs {
		if j.DefaultBranch != Unsettled {
			known++
		}
		if j.DefaultBranch == Failed {
			failed = append(failed, v.safe(j.Name))
		}
	}
	main, on := v.safe(r.DefaultBranch), day(r.MainAt)
	same := "the same job"
	if len(r.Jobs) > 1 {
		same = "the same jobs"
	}
	switch {
	case known == 0:
		return ""
	case len(failed) == len(r.Jobs):
		return fmt.Sprintf("; %s failed %s, too, on %s", main, same, on)
	case len(failed) > 0:
		return fmt.Sprintf("; %s failed %s, too, on %s", main, strings.Join(failed[:min(len(failed), mostJobs)], ", "), on)
	case known == len(r.Jobs):
		return fmt.Sprintf("; %s passed %s on %s", main, same, on)
	}
	return ""
}
func (r CheckingConflict) words(v voice) string {
	return "GitLab is checking whether it conflicts with " + v.code(r.Branch)
}
func (StopUpdating) words(v voice) string {
	return "The label " + v.code("stop-updating") + " keeps it as it is; it does not count towards " + LimitOpen
}
func (r FailsLong) words(voice) string {
	counts := "does not count towards " + LimitOpen + " from " + day(r.From) + " on"
	if r.Since.IsZero() {
		return "It " + counts
	}
	return fmt.Sprintf("These versions fail since %s, so it %s", day(r.Since), counts)
}
func (r Clashes) words(voice) string {
	return "It does not fit the default branch any more: " + r.With.Text()
}
func (r Gone) words(v voice) string {
	return r.Package + " " + r.Version + " " + r.Why.R.words(v)
}
func (r GoneFromIndex) words(voice) string {
	return fmt.Sprintf("%s %s is no longer on %s", r.Package, r.Version, r.Index)
}
func (r GoneYanked) words(voice) string {
	return fmt.Sprintf("%s %s was yanked%s", r.Package, r.Version, quoted(r.Says))
}
func (r VersionReady) words(v voice) string {
	const replaces, unless = " and replaces it ", " if it is neither approved nor merged"
	when := ""
	switch r.When {
	case ReadyApproved:
		when = " and does not replace it while it is approved"
	case ReadyNever:
		when = " and does not replace it by itself (" + v.code("refresh: never") + ")"
	case ReadyTomorrow:
		when = replaces + "tomorrow at the earliest" + unless
	case ReadyOpening:
		when = replaces + "when the window opens" + unless
	case ReadyNext:
		when = replaces + "in the next window" + unless
	case ReadyAt:
		when = replaces + "on " + opening(r.At) + unless
	}
	return "v" + r.Version + " is ready" + when + "; a tick takes it now"
}
func (r ClosesWhenOpen) words(voice) string {
	return fmt.Sprintf("Closes when %s v%s opens", r.Package, r.Version)
}
func (ClosesWhenApart) words(voice) string {
	return "Closes when what it holds has merge requests of its own"
}
func (NotOffered) words(voice) string { return "No longer the release that would be offered" }
func (NothingChanges) words(voice) string {
	return "Its index could not be read, so nothing changes here"
}
func (r OtherTarget) words(v voice) string { return joined(r.sentences(v)) }
func (r OtherTarget) sentences(v voice) []string {
	return []string{
		fmt.Sprintf("It goes into %s, and the default branch is %s, so only people touch it", v.code(r.Target), v.code(r.DefaultBranch)),
		"Give it that target, or close it and delete its branch",
	}
}
func (r ForeignBranch) words(v voice) string { return joined(r.sentences(v)) }
func (r ForeignBranch) sentences(v voice) []string {
	return []string{
		fmt.Sprintf("Branch %s holds commits that are not pinwheel's and has no merge request, so only people touch it", v.code(r.Branch)),
		"Delete it, or open a merge request",
	}
}
func (BranchGone) words(voice) string {
	return "Its branch is gone, so only people touch this merge request"
}
func (r LeftAlone) words(v voice) string { return joined(r.sentences(v)) }
func (r LeftAlone) sentences(v voice) []string {
	out := []string{"Only people touch it", "A tick starts over, and keeps what it holds on a branch of its own"}
	switch r.Why {
	case LeftOpened:
		out[0] = fmt.Sprintf("%s opened it, who is not named in %s, so only people touch it", v.person(r.What, "Somebody"), v.code("adopt.authors"))
	case LeftFiles, LeftOthers:
		out[0] = fmt.Sprintf("The bot that was here before also changes %s in it, so only people touch it", v.code(r.What))
	case LeftLines:
		out[0] = fmt.Sprintf("The bot that was here before changes more of %s in it than versions, so only people touch it", v.code(r.What))
	case LeftUnshown:
		out[0] = fmt.Sprintf("GitLab does not show what it changes (%s), so only people touch it", v.code(r.What))
	case LeftCommits:
	}
	return out
}
func (r PushedTo) words(v voice) string { return joined(r.sentences(v)) }
func (r PushedTo) sentences(v voice) []string {
	who := "Somebody"
	if r.By != "" {
		who = v.safe(r.By)
	}
	over := "A tick starts over and keeps these commits on a branch of their own"
	if r.ConflictsIn != "" {
		over = fmt.Sprintf("It conflicts with %s: solve that there, or tick the box to start over, which keeps these commits on a branch of their own", v.code(r.ConflictsIn))
	}
	return []string{
		fmt.Sprintf("%s pushed to it (head %s), so only people touch this branch", who, v.code(r.Head)), over, "It does not count towards " + LimitOpen,
	}
}
func (r WasClosed) words(v voice) string {
	when := ""
	if !r.At.IsZero() {
		when = " on " + day(r.At)
	}
	what, next := r.Refuses.words(v)
	return fmt.Sprintf("Closed by %s%s%s, so %s is not offered again; %s", v.person(r.By, "a person"), when, quoted(r.Says), what, next)
}
func (r WasTakenBack) words(v voice) string {
	what, next := r.Refuses.words(v)
	return fmt.Sprintf("Merged on %s and taken back on %s since: a no to %s; %s", day(r.Merged), r.DefaultBranch, what, next)
}

// words are what is refused, and what is offered again.
func (r Refusal) words(v voice) (what, next string) {
	switch r.What {
	case RefusedMajor:
		return "v" + r.Name, "the next major is offered"
	case RefusedLine:
		return "v" + r.Name, "the configuration says that closing refuses the line (" + v.code("closed: line") + ")"
	case RefusedPackage:
		return r.Name, "the configuration says that closing refuses the package (" + v.code("closed: package") + ")"
	case RefusedSet:
		return "this set of versions", "a newer release of any of them is offered"
	case RefusedRepair:
		return "this repair", "a tick opens a new one"
	case RefusedVersion:
	}
	return "v" + r.Name, "the next release is offered"
}

// Why a line of a file is not managed.

func (OnPurpose) words(voice) string {
	return "no release has such a number: it blocks the package on purpose"
}
func (r OtherLine) words(voice) string {
	return fmt.Sprintf("line %d pins it to another version for the same Python", r.Line)
}
func (NoPython) words(voice) string        { return "its marker holds on none of the configured Pythons" }
func (r NotUnderstood) words(voice) string { return r.Says }
