package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
	"gitlab.com/cki-project/pinwheel/store"
)

// tone says what an entry of the diary is.
type tone string

const (
	byPinwheel tone = "pinwheel"
	byPerson   tone = "person"
	quiet      tone = "quiet" // runs that wrote nothing
	trouble    tone = "trouble"
)

// entry is one thing that happened. Its texts make a sentence without markup.
type entry struct {
	At    time.Time
	Again bool      // at the same time as the one shown before it
	Until time.Time // of quiet entries, the last of its runs
	Runs  int       // of quiet entries
	Tone  tone
	Who   string
	What  string
	Why   string // the cause
	More  string // what there is to say beyond What
	IID   int    // of the merge request it is about, 0 for none
}

// diary is what happened, oldest first.
type diary struct {
	entries []entry
	read    int // lines of the audit that are in it
}

func (d *diary) add(e entry) { d.entries = append(d.entries, e) }

// nothing adds a run that wrote nothing to those just before it.
func (d *diary) nothing(at time.Time) {
	if n := len(d.entries); n > 0 && d.entries[n-1].Tone == quiet {
		last := &d.entries[n-1]
		last.Runs, last.Until = last.Runs+1, at
		return
	}
	d.add(entry{At: at, Until: at, Runs: 1, Tone: quiet, Who: "pinwheel"})
}

// audited adds what one run did, from its lines of the audit, and what became
// other on the dashboard.
func (d *diary) audited(at time.Time, lines []store.AuditEntry, dashboard string) {
	for i, line := range lines {
		what, iid := told(line)
		later := lines[i+1:]
		if what == "" || kindOf(line) == plan.KindCommitBranch && slices.ContainsFunc(later, func(l store.AuditEntry) bool { return followsUp(line, l) }) {
			continue
		}
		e := entry{At: at, Tone: byPinwheel, Who: "pinwheel", What: what, Why: because(line), IID: iid}
		if kindOf(line) == plan.KindEditDashboard {
			e.More = dashboard
		}
		if line.Event == store.Asked {
			e.More = line.Result
		}
		if line.Event == store.Ended && line.Result != journal.Done {
			e.Tone, e.Why, e.More = trouble, "", line.Result
		}
		d.add(e)
	}
}

// followsUp reports whether l is about the merge request of the branch that
// commit wrote, and so says the same again.
func followsUp(commit, l store.AuditEntry) bool {
	branch, _ := plan.ParseTarget(l.Target)
	return l.Event == store.Ended && l.Result == commit.Result && branch == commit.Target &&
		(kindOf(l) == plan.KindOpenMergeRequest || kindOf(l) == plan.KindEditMergeRequest)
}

func kindOf(l store.AuditEntry) plan.ActionKind { return plan.ActionKind(l.Action) }

var unmarked = strings.NewReplacer("`", "", " - ", "", "[ ] ", "", "[x] ", "")

// told says what a line of the audit is about, "" for what needs no telling.
func told(line store.AuditEntry) (what string, iid int) {
	branch, number := plan.ParseTarget(line.Target)
	mr, iid := branch, int(number)
	if number != 0 {
		mr = fmt.Sprintf("!%d", number)
	}
	if line.Event == store.Asked {
		return asked(line), 0
	}
	if line.Event != store.Ended {
		return "", 0
	}
	switch kindOf(line) {
	case plan.KindCreateDashboard:
		return "writes the dashboard", 0
	case plan.KindEditDashboard:
		return "brings the dashboard up to date", 0
	case plan.KindCommitBranch:
		return "commits on " + branch + ": " + steps(line), 0
	case plan.KindOpenMergeRequest:
		return "opens " + mr + ": " + steps(line), iid
	case plan.KindEditMergeRequest:
		return "brings " + mr + " up to date: " + steps(line), iid
	case plan.KindCloseMergeRequest:
		return "closes " + mr, iid
	case plan.KindNoteMergeRequest:
		return "writes a note on " + mr, iid
	case plan.KindDeleteBranch:
		return "deletes the branch " + branch, 0
	default:
		return strings.TrimSpace(line.Action + " " + line.Target), iid
	}
}

// asked tells of a tick as it was read first, or refused.
func asked(line store.AuditEntry) string {
	_, text, _ := strings.Cut(line.Why, " ")
	switch store.SelectionState(strings.Join(line.After, " ")) {
	case store.Pending:
		return fmt.Sprintf("reads the tick of %s on “%s”", line.Who, text)
	case store.Refused:
		return fmt.Sprintf("does not carry out the tick of %s on “%s”", line.Who, text)
	case store.Withdrawn:
		return fmt.Sprintf("sees that %s took back the tick on “%s”", cmp.Or(line.Who, "somebody"), text)
	case store.Done: // told as what was done
	}
	return ""
}

// changed says how a page differs from what it was: its first new line, with the
// heading it is under, and how many more there are. table says that a table of it has a
// new row.
func changed(old, fresh []line, table bool) string {
	var lines []line
	for _, l := range fresh {
		if quotable(l) && !slices.Contains(old, l) {
			lines = append(lines, l)
		}
	}
	for len(lines) > 1 && lines[0].heading == "" {
		lines = lines[1:] // the counts at the top change with everything
	}
	switch {
	case len(lines) == 0 && table:
		return "a newer release is listed under “Why not newer?”"
	case len(lines) == 0:
		return ""
	}
	text := "“" + strings.TrimSuffix(unmarked.Replace(lines[0].text), ".") + "”"
	if lines[0].heading != "" {
		text = "under " + lines[0].heading + " " + text
	}
	switch more := len(lines) - 1; more {
	case 0:
	case 1:
		text += ", and one more line"
	default:
		text += fmt.Sprintf(", and %d more lines", more)
	}
	return text
}

// because is the reason of a line of the audit, in words.
func because(line store.AuditEntry) string {
	if line.Event == store.Asked {
		return ""
	}
	switch plan.Cause(line.Why) {
	case plan.CauseWindow:
		return "the window is open and fewer merge requests than the limit are"
	case plan.CauseCatchUp:
		return "the last window was missed"
	case plan.CauseForced:
		return line.Who + " ticked its box"
	case plan.CauseRepair:
		return "the derived file on main does not hold what the constraints file says"
	case plan.CauseClash:
		return "merging it as it was would break another pin"
	case plan.CauseChange, plan.CauseAdopted:
		return ""
	}
	// A closing has the sentence that stands in the merge request.
	return strings.TrimSuffix(strings.TrimPrefix(line.Why, "Closed by pinwheel: "), ".")
}

// steps are the pins of a line of the audit, from and to.
func steps(line store.AuditEntry) string {
	was := map[string]string{}
	for _, pin := range line.Before {
		if name, version, is := strings.Cut(pin, "=="); is {
			was[name] = version
		}
	}
	var out []string
	for _, pin := range line.After {
		pin, _, _ = strings.Cut(pin, " ")
		if name, version, is := strings.Cut(pin, "=="); is {
			out = append(out, strings.TrimSpace(written(name)+" "+was[name]+" → "+version))
		}
	}
	return strings.Join(out, ", ")
}

// written is a package's name as the constraints file writes it.
func written(key string) string {
	for l := range strings.Lines(pins + batchPins) {
		if name, _, is := strings.Cut(l, "=="); is && pep508.NormalizeName(name) == key {
			return name
		}
	}
	return key
}

// troubled adds what a run could not do. The same trouble hour after hour is
// told once.
func (d *diary) troubled(at time.Time, failures []string, hide func(string) string) {
	what := "cannot do all of it"
	more := hide(strings.Join(failures, "; "))
	for _, e := range slices.Backward(d.entries) {
		if e.Tone == trouble && e.What == what && e.More == more {
			return
		}
		if e.Tone != quiet {
			break
		}
	}
	d.add(entry{At: at, Tone: trouble, Who: "pinwheel", What: what, More: more})
}
