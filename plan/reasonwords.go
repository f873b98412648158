package plan

import (
	"fmt"
	"strings"
	"time"
)

// This file puts reasons into words, once for all readers: a reader's voice says
// how a name from the configuration or from GitLab is set apart. Markdown is for
// the dashboard and merge requests, Plainly for a terminal, and JSON takes the
// data themselves.

// voice is how a reader sets apart what is code, and what is a reference to a merge
// request of ours.
type voice struct {
	quote func(string) string
	mark  string // around a reference
}

var (
	markdown = voice{quote: func(s string) string { return "`" + s + "`" }}
	linking  = voice{quote: markdown.quote, mark: string(ReferenceMark)}
	plainly  = voice{quote: func(s string) string { return s }}
)

// ReferenceMark stands before and behind each reference in the words of [Linked]. It
// shows as nothing.
const ReferenceMark = '\x01'

// mr refers to a merge request of the project, by a number of our own data.
func (v voice) mr(iid int64) string { return fmt.Sprintf("%s!%d%s", v.mark, iid, v.mark) }

// code sets apart what is written as it is in a file.
func (v voice) code(s string) string { return v.quote(s) }

// safe is code of what a stranger named.
func (v voice) safe(s string) string { return v.quote(strings.ReplaceAll(s, "`", "'")) }

// rules names the rules that a window comes from, for the end of a clause.
func (v voice) rules(at []string) string {
	if len(at) == 0 {
		return ""
	}
	quoted := make([]string, len(at))
	for i, a := range at {
		quoted[i] = v.code(a)
	}
	return " (" + strings.Join(quoted, ", ") + ")"
}

// person is a username, or somebody whose name is not known.
func (v voice) person(name, nobody string) string {
	if name == "" {
		return nobody
	}
	return v.code(name)
}

// Markdown is a reason as the dashboard has it, without its end; empty for none.
func Markdown(r Reason) string { return spoken(r, markdown) }

// Linked is [Markdown] with [ReferenceMark] around each reference to a merge request
// that the reason itself names, and nowhere else: if what a stranger says has the
// mark, there is none at all.
func Linked(r Reason) string {
	if r == nil {
		return ""
	}
	return linkedWords(func(v voice) string { return r.words(v) })
}

// linkedWords words something with marks, unless it has some without.
func linkedWords(words func(voice) string) string {
	linked := words(linking)
	if !strings.ContainsRune(linked, ReferenceMark) {
		return linked
	}
	if plain := words(markdown); strings.ContainsRune(plain, ReferenceMark) {
		return strings.ReplaceAll(plain, string(ReferenceMark), "")
	}
	return linked
}

// Plainly is a reason as a terminal has it, without its end; empty for none.
func Plainly(r Reason) string { return spoken(r, plainly) }

func spoken(r Reason, v voice) string {
	if r == nil {
		return ""
	}
	return r.words(v)
}

// Markdown are sentences as the dashboard has them, each with its end; empty for
// none.
func (rs Reasons) Markdown() string { return ended(rs.spoken(markdown)) }

// Plainly are sentences as a terminal has them, each with its end; empty for none.
func (rs Reasons) Plainly() string { return ended(rs.spoken(plainly)) }

// Clause is [Reasons.Markdown] without the end of the last sentence.
func (rs Reasons) Clause() string { return rs.spoken(markdown) }

// PlainClause is [Reasons.Plainly] without the end of the last sentence.
func (rs Reasons) PlainClause() string { return rs.spoken(plainly) }

// Sentences are [Linked] one by one, each without its end.
func (rs Reasons) Sentences() []string {
	var out []string
	for _, r := range rs {
		s, ok := r.(several)
		if !ok {
			out = append(out, Linked(r))
			continue
		}
		for i := range s.sentences(markdown) {
			out = append(out, linkedWords(func(v voice) string { return s.sentences(v)[i] }))
		}
	}
	return out
}

func (rs Reasons) spoken(v voice) string {
	parts := make([]string, len(rs))
	for i, r := range rs {
		parts[i] = r.words(v)
	}
	return joined(parts)
}

// AfterColon are sentences as a terminal has them that follow a colon, without the
// end of the last.
func (rs Reasons) AfterColon() string {
	if len(rs) == 0 {
		return ""
	}
	first := rs[0].words(plainly)
	if line, waits := rs[0].(InLine); waits {
		first = line.place(plainly)
	} else if next, ok := rs[0].(Next); ok {
		first = next.then(plainly)
	}
	return joined(append([]string{first}, rs[1:].words()...))
}

func (rs Reasons) words() []string {
	var out []string
	for _, r := range rs {
		out = append(out, r.words(plainly))
	}
	return out
}

// several is a reason of more than one sentence.
type several interface {
	// sentences are its words, each sentence without its end.
	sentences(voice) []string
}

// again ends a reason that the next run may end.
const again = "Tried again every run"

// joined are sentences as one text, without the end of the last.
func joined(sentences []string) string { return strings.Join(sentences, ". ") }

func ended(sentences string) string {
	if sentences == "" {
		return ""
	}
	return sentences + "."
}

// Line says, after "in line", what an update with a number waits for; empty where it
// has none.
func (rs Reasons) Line() string {
	if len(rs) == 0 {
		return ""
	}
	if r, ok := rs[0].(InLine); ok {
		return r.line(markdown)
	}
	return ""
}

// Minute is how every text names an instant in a sentence: with the zone by the name
// that the configuration gives it.
func Minute(t time.Time) string { return t.Format("2006-01-02 15:04 ") + t.Location().String() }

// day is how every text names a day, and opening how it names the begin of a window.
func day(t time.Time) string     { return t.Format("2006-01-02") }
func opening(t time.Time) string { return t.Format("Mon 2 Jan 15:04") }

// quoted is what a stranger says of something, in brackets; empty for nothing.
func quoted(says string) string {
	if says == "" {
		return ""
	}
	return ` ("` + says + `")`
}

// Sentence makes a sentence of a clause.
func Sentence(clause string) string { return capital(clause) + "." }

// capital begins a sentence with a clause.
func capital(clause string) string {
	if clause == "" {
		return ""
	}
	return strings.ToUpper(clause[:1]) + clause[1:]
}

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
	if by, ok := r.By.R.(IgnoredByRule); ok {
		return capital(by.ignored(v))
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
