package plan

import (
	"fmt"
	"strings"
)

// This file words why a release or an update is not taken, by the voices of voice.go.

// Why a release is not taken.

func (NoFiles) words(voice) string      { return "has no files" }
func (PreRelease) words(voice) string   { return "is a pre-release" }
func (DevSnapshot) words(voice) string  { return "is a development snapshot, and the pin is none" }
func (LocalVersion) words(voice) string { return "is a local version" }
func (r OtherBuild) words(voice) string {
	return "is another build than +" + r.Label + ", which the pin asks for"
}
func (r TurnedOff) words(v voice) string     { return "is turned off by " + v.code(r.Rule) }
func (r IgnoredByRule) words(v voice) string { return "is " + r.ignored(v) }

// ignored is the reason without its verb.
func (r IgnoredByRule) ignored(v voice) string {
	until := ""
	if !r.Until.IsZero() {
		until = " until " + day(r.Until)
	}
	return fmt.Sprintf("ignored%s by %s: \"%s\"", until, v.code(r.Rule), r.Says)
}

func (r NotAllowed) words(v voice) string {
	return fmt.Sprintf("is not allowed by %s, which asks for %s", v.code(r.Rule), r.Allowed)
}
func (r NotAskedFor) words(v voice) string {
	if r.Asks == "" {
		return fmt.Sprintf("is not what line %d of the file asks for", r.Line)
	}
	return fmt.Sprintf("is not what line %d of the file asks for, %s", r.Line, v.code(r.Asks))
}
func (r Yanked) words(voice) string         { return "yanked" + quoted(r.Says) }
func (r RequiresPython) words(voice) string { return "requires Python " + r.Specifier }
func (r NoFileFor) words(voice) string {
	if r.Platform == "" {
		return "no file for Python " + r.Python
	}
	return "no file for Python " + r.Python + " on " + r.Platform
}
func (r NoHash) words(voice) string {
	return fmt.Sprintf("the pin carries hashes and %s gives no sha256 for %s", r.Index, r.File)
}
func (r NoUploadTime) words(voice) string {
	return fmt.Sprintf("too young to tell: %s gives no upload time (upload_times: ignore would accept it)", r.Index)
}
func (r TooYoung) words(voice) string    { return "too young before " + Minute(r.Eligible) }
func (r BadMetadata) words(voice) string { return "its metadata is refused: " + r.Says }
func (r CannotBeHad) words(voice) string { return "it cannot be had: " + r.Says }
func (r WaitsForMember) words(v voice) string {
	return fmt.Sprintf("waits for %s %s, %s", r.Package, r.Version, TooYoung{r.Eligible}.words(v))
}
func (NewerTaken) words(voice) string { return "a newer release of its line is offered" }
func (NotTaken) words(voice) string   { return "not taken" }

func (r NoFiles) after(v voice) string        { return r.words(v) }
func (r PreRelease) after(v voice) string     { return r.words(v) }
func (r DevSnapshot) after(v voice) string    { return r.words(v) }
func (r LocalVersion) after(v voice) string   { return r.words(v) }
func (r OtherBuild) after(v voice) string     { return r.words(v) }
func (r TurnedOff) after(v voice) string      { return r.words(v) }
func (r IgnoredByRule) after(v voice) string  { return r.words(v) }
func (r NotAllowed) after(v voice) string     { return r.words(v) }
func (r NotAskedFor) after(v voice) string    { return r.words(v) }
func (r RequiresPython) after(v voice) string { return r.words(v) }
func (r Yanked) after(v voice) string         { return aside(r, v) }
func (r NoFileFor) after(v voice) string      { return aside(r, v) }
func (r NoHash) after(v voice) string         { return aside(r, v) }
func (r NoUploadTime) after(v voice) string   { return aside(r, v) }
func (r TooYoung) after(v voice) string       { return aside(r, v) }

// aside makes a reason without a verb follow a name and a version.
func aside(r Reason, v voice) string { return "is not taken (" + r.words(v) + ")" }

// Why an update cannot be offered.

func (r ApartFromGroup) words(v voice) string { return joined(r.sentences(v)) }
func (r ApartFromGroup) sentences(voice) []string {
	return []string{"Does not fit together with the rest of " + r.Group, "Moves when that one is merged"}
}
func (r ApartFromUpdate) words(v voice) string { return joined(r.sentences(v)) }
func (r ApartFromUpdate) sentences(voice) []string {
	return []string{fmt.Sprintf("Does not fit together with the update of %s, with which it shares a package", r.Package), "Moves when that one is merged"}
}
func (NotRead) words(voice) string        { return "Not checked yet: its requirements are not read" }
func (r Unreadable) words(v voice) string { return joined(r.sentences(v)) }
func (r Unreadable) sentences(voice) []string {
	what := "a package"
	if len(r.Packages) > 0 {
		what = strings.Join(r.Packages, ", ")
	}
	return []string{"Not checked yet: what " + what + " requires could not be read", again}
}
func (r RootUnreadable) words(v voice) string { return joined(r.sentences(v)) }
func (r RootUnreadable) sentences(voice) []string {
	return []string{"Not checked yet: root " + r.Root + " could not be read", again}
}
func (r TooManySteps) words(v voice) string { return joined(r.sentences(v)) }
func (TooManySteps) sentences(voice) []string {
	return []string{"Not checked: to find pins that fit it takes too many steps", "What it requires would have to become simpler"}
}
func (r RefusedMetadata) words(voice) string {
	return fmt.Sprintf("The metadata of %s is refused: %s", r.Version, r.Says)
}
func (r VersionWithheld) words(voice) string {
	return fmt.Sprintf("%s cannot be had: %s", r.Version, r.Says)
}
func (r RequirementsUnknown) words(v voice) string {
	return fmt.Sprintf("What %s requires is not known (%s), and %s holds that", r.Version, r.Says, v.code("unverified: hold"))
}
func (r Blocked) words(v voice) string {
	var parts []string
	for _, by := range r.By {
		parts = append(parts, by.Text())
	}
	if r.More {
		parts = append(parts, "and more")
	}
	text := strings.Join(parts, "; ")
	if r.Tail != nil {
		text += ", and " + r.Tail.words(v)
	}
	return text
}
func (r LinesDoNotFit) words(voice) string {
	return "The file needs lines for it that do not fit everywhere: " + r.Says
}
func (NothingFits) words(voice) string { return "No set of newer pins fits it" }
func (r RuledOut) words(v voice) string {
	switch by := r.By.R.(type) {
	case IgnoredByRule:
		return capital(by.ignored(v))
	case HeldByPerson:
		return capital(by.held(v))
	}
	return "Not taken: it " + r.By.R.words(v)
}

func (r IndexSilent) words(v voice) string { return joined(r.sentences(v)) }
func (IndexSilent) sentences(voice) []string {
	return []string{"Not checked yet: its index does not answer", again}
}
func (StaysAsShown) words(voice) string         { return "Stays as it was while its index does not answer" }
func (NoBranches) words(voice) string           { return "No branches are made here: mode is dashboard" }
func (r SharedWithPerson) words(v voice) string { return joined(r.sentences(v)) }
func (r SharedWithPerson) sentences(v voice) []string {
	out := []string{fmt.Sprintf("%s also moves %s, and holds a person's commits", v.code(r.Branch), r.Package)}
	if r.Waits {
		out = append(out, "Moves when that merge request is merged or closed")
	}
	return out
}
func (r OtherBotMoves) words(v voice) string { return joined(r.sentences(v)) }
func (r OtherBotMoves) sentences(v voice) []string {
	out := []string{fmt.Sprintf("%s moves %s in %s already", v.person(r.By, "Another bot"), r.Package, v.mr(r.On))}
	if r.Waits {
		out = append(out, "Moves when that merge request is merged or closed")
	}
	return out
}

// Text is a requirement with what it meets, a clause: "botocore 1.34.39 requires
// urllib3<2.1; urllib3 is pinned at 2.2.1". Of a version that no file pins it says
// "botocore 1.34.39 requires urllib3<2.1, which urllib3 2.2.1 does not meet".
func (r Requires) Text() string {
	switch {
	case r.Missing:
		return r.Needs() + ", and no release of " + r.To + " fits"
	case r.GoesTo != "":
		return r.Needs() + ", " + r.Met()
	case r.Pinned != "":
		return r.Needs() + "; " + r.Met()
	}
	return r.Needs()
}

// Met is where the pin stands that the requirement meets, or the version that
// does not meet it either.
func (r Requires) Met() string {
	switch {
	case r.Blocks:
		return r.To + "==" + r.Pinned + " blocks it on purpose"
	case r.GoesTo != "":
		return "which " + r.To + " " + r.GoesTo + " does not meet"
	}
	return r.To + " is pinned at " + r.Pinned
}

// Needs is the requirement alone.
func (r Requires) Needs() string {
	switch {
	case r.Version != "":
		return r.From + " " + r.Version + " requires " + r.Requirement
	case r.Requirement == "":
		return "the roots ask for " + r.From
	}
	return r.From + " requires " + r.Requirement
}

func (s Stuck) words(v voice) string {
	switch s.How {
	case StuckAccepts:
		return "no newer " + s.Package + " accepts it"
	case StuckMends:
		return "no newer " + s.Package + " mends that"
	case StuckRefused:
		return "the metadata of " + s.Package + " " + s.Version + " is refused"
	case StuckHidden:
		return s.Package + " " + s.Version + " cannot be had: " + s.Says
	case StuckClosed:
		return s.Package + " " + s.Version + " was refused by closing its merge request"
	case StuckRelease:
		return s.Package + " " + s.Version + " " + s.Release.R.after(v)
	case StuckNone:
	}
	return "there is no newer " + s.Package
}
