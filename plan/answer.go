package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file has answers in words: lines of comments on merge requests of updates that
// say what is to become of them.

// Answer is one such line, with what is known of whoever wrote it.
type Answer struct {
	ID    string // GitLab's number of the comment; from the second line of one on with ".2" and so on
	By    User
	Role  Role // of By, as it was read for an answer that is new; else RoleUnknown
	At    time.Time
	Line  string
	State AnswerState
	On    []HeldPin // of an accepted one, what it is about
	// Changed says that somebody changed the comment of a new one after it was written, or
	// reacted to it: GitLab does not tell these apart.
	Changed bool
}

// AnswerState is what our own note says of an answer.
type AnswerState string

// The states. Databases and notes hold these words.
const (
	AnswerNew      AnswerState = "" // no note of ours is about it
	AnswerAccepted AnswerState = "accepted"
	AnswerRefused  AnswerState = "refused"
	AnswerEnded    AnswerState = "ended"
)

// MostRefusals is how many notes tell one person on one merge request that an answer is refused.
const MostRefusals = 10

// HeldPin is a package that an answer is about, and where its merge request took it.
type HeldPin struct{ Key, To string }

// Heard is what was read of the comments on a merge request.
type Heard struct {
	Read    time.Time // MergeRequest.UpdatedAt as it was then; zero where nothing was read
	Answers []Answer  // by number
	Says    string    // what the person who closed it said then, on one line
}

// AnswerVerb is what an answer asks for.
type AnswerVerb string

// The verbs.
const (
	AnswerLater AnswerVerb = "later"
	AnswerNever AnswerVerb = "never"
	AnswerClose AnswerVerb = "close"
)

// Asked is an answer that was read. Mistake is why it cannot be, one clause; then the
// rest but the verb is empty.
type Asked struct {
	Verb     AnswerVerb
	Until    time.Time         // of later
	Package  string            // of never, normalised; empty for the one that names the merge request
	Versions pep440.Specifiers // of never
	Reason   string
	Mistake  string
}

var (
	answerLine  = regexp.MustCompile(`^(?i:(later|never|close))(?:[ \t]+([^:]*?))?[ \t]*(?::[ \t]*(.*?))?[ \t]*$`)
	answerSpan  = regexp.MustCompile(`^([0-9]{1,6})([dw])$`)
	answerDay   = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	answerBegin = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*[ \t]*)?[<>=!~]|^[0-9]`)
	answerName  = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)[ \t]*([<>=!~].*)$`)
)

// The most that an answer may say.
const (
	maxAnswerReason = 300 // characters
	maxAnswerDays   = 3650
)

// IsAnswer reports whether a line that somebody says is an answer, or meant as one: it
// begins with the word, and what follows is not just prose.
func IsAnswer(line string) bool {
	m := answerLine.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	colon := strings.Contains(line, ":")
	switch AnswerVerb(strings.ToLower(m[1])) {
	case AnswerLater:
		return m[2] == "" && colon || m[2] != "" && (m[2][0] >= '0' && m[2][0] <= '9' || colon && !strings.ContainsAny(m[2], " \t"))
	case AnswerNever:
		return m[2] == "" && colon || answerBegin.MatchString(m[2])
	case AnswerClose:
		return m[2] == "" && colon
	}
	return false
}

// Asks reads an answer. Days count in zone.
func (a Answer) Asks(zone *time.Location) Asked {
	m := answerLine.FindStringSubmatch(a.Line)
	if m == nil {
		return Asked{Mistake: "it is no answer"}
	}
	out := Asked{Verb: AnswerVerb(strings.ToLower(m[1])), Reason: m[3]}
	if r := []rune(out.Reason); len(r) > maxAnswerReason {
		out.Reason = strings.TrimRight(string(r[:maxAnswerReason-1]), " ") + "…"
	}
	mistake := ""
	switch out.Verb {
	case AnswerLater:
		out.Until, mistake = laterUntil(m[2], a.At, zone)
	case AnswerNever:
		out.Package, out.Versions, mistake = neverOf(m[2])
	case AnswerClose:
	}
	if mistake == "" && out.Reason == "" {
		mistake = "it gives no reason; write one behind a colon"
	}
	if mistake != "" {
		return Asked{Verb: out.Verb, Mistake: mistake}
	}
	return out
}

// laterUntil is the instant that later names.
func laterUntil(word string, at time.Time, zone *time.Location) (until time.Time, mistake string) {
	if m := answerSpan.FindStringSubmatch(word); m != nil {
		n, _ := strconv.Atoi(m[1]) // six digits
		if m[2] == "w" {
			n *= 7
		}
		if n < 1 || n > maxAnswerDays {
			return until, fmt.Sprintf("it may hold an update back for 1 to %d days", maxAnswerDays)
		}
		return at.UTC().Truncate(time.Minute).AddDate(0, 0, n).In(zone), ""
	}
	if answerDay.MatchString(word) {
		day, err := time.ParseInLocation("2006-01-02", word, zone)
		switch {
		case err != nil:
			return until, "there is no such day"
		case !day.After(at):
			return until, "that day is over"
		case day.After(at.AddDate(0, 0, maxAnswerDays)):
			return until, fmt.Sprintf("it may hold an update back for 1 to %d days", maxAnswerDays)
		}
		return day, ""
	}
	return until, "it does not say until when; write `later 30d: REASON`, `later 2w: REASON` or `later 2027-01-31: REASON`"
}

// neverOf is the package and the versions that never names.
func neverOf(word string) (key string, versions pep440.Specifiers, mistake string) {
	if m := answerName.FindStringSubmatch(word); m != nil {
		key, word = pep508.NormalizeName(m[1]), m[2]
	}
	if word != "" && word[0] >= '0' && word[0] <= '9' {
		word = "==" + word
	}
	set, err := pep440.ParseSpecifiers(word)
	if err != nil || set.IsEmpty() {
		return "", set, "it does not say which versions; write `never >=5: REASON`"
	}
	return key, set, ""
}

// Op is the mark of our own note about an answer.
func (a Answer) Op(state AnswerState) string { return "answer-" + a.ID + "-" + string(state) }

// ClosedFor is the mark in the description of a merge request that closes because an answer
// asks for it.
func (a Answer) ClosedFor() string { return "answer-" + a.ID }

// AnswersClosing reports whether we closed a merge request because of an answer.
func (n MergeRequestNote) AnswersClosing() bool { return strings.HasPrefix(n.ClosedFor, "answer-") }

// Reply is our own note about an answer.
type Reply struct {
	Answer Answer
	State  AnswerState // that it says
	Why    Reason      // of a refusal
	Asked  Asked
	Closes AnswerCloses
	By     string // who ended it
}

// AnswerCloses says what the merge request does on account of an answer.
type AnswerCloses string

// What it does.
const (
	AnswerLeaves      AnswerCloses = ""       // it stays as it is
	AnswerDoesClose   AnswerCloses = "closes" // we close it
	AnswerClosedByNow AnswerCloses = "closed" // a person closed it already
)

// Hold is an answer that keeps releases away.
type Hold struct {
	Answer Answer
	MR     int64
	Branch string // of its box, see HoldBranch
	Asked  Asked
	On     []HeldPin
	Keeps  []string // the newest release of each package that it keeps away now, "boto3 1.35.0"
}

var holdName = regexp.MustCompile(`^held-([1-9][0-9]{0,17})-([1-9][0-9]{0,17}(?:\.[2-9])?)$`)

// HoldBranch is what the box of a hold has in place of a branch. Nothing of ours has such
// a branch.
func HoldBranch(prefix string, iid int64, answer string) string {
	return fmt.Sprintf("%sheld-%d-%s", prefix, iid, answer)
}

// HoldOf is the merge request and the answer that HoldBranch named.
func HoldOf(prefix, branch string) (iid int64, answer string, ok bool) {
	rest, under := strings.CutPrefix(branch, prefix)
	m := holdName.FindStringSubmatch(rest)
	if !under || m == nil {
		return 0, "", false
	}
	iid, err := strconv.ParseInt(m[1], 10, 64)
	return iid, m[2], err == nil
}

// Covers reports whether a hold keeps a release of a package away. calendar says that
// the years of the package are no majors.
func (h Hold) Covers(key string, v pep440.Version, calendar bool) bool {
	return slices.ContainsFunc(h.On, func(p HeldPin) bool {
		if p.Key != key {
			return false
		}
		if h.Asked.Verb == AnswerNever {
			return h.Asked.Versions.Contains(v)
		}
		to, err := pep440.Parse(p.To)
		return err == nil && (calendar || to.Epoch() == v.Epoch() && to.Major() == v.Major())
	})
}

// Says is an answer's versions as somebody may have written them.
func (a Asked) Says() string {
	if a.Versions.IsEmpty() {
		return ""
	}
	return a.Versions.String()
}
