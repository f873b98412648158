package sim

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// judge checks after every write what must never be. It remembers what the
// world did: releases, ticks, pushes of people.
type judge struct {
	w        *world
	released map[string]time.Time // name==version
	seen     int                  // events judged so far
	running  bool                 // a run is at work
	theirs   map[string]string    // commits of people that must stay, with who pushed
	replaced map[string]int       // of those, heads that we wrote over in the instant they came, and in how many runs they must be kept
	late     []string             // branches whose tick was taken back while a run had read it
	apart    int                  // runs in which members of a group that was taken apart open
	started  map[string]int       // pipelines of ours, by commit
	opened   map[string]int       // new ones that nobody asked for, by weekend
	asked    map[string]bool      // branches that somebody with the right asked for
	begun    map[string]bool      // branches that were opened because somebody asked
	rebuilds map[string]bool      // branches whose merge request somebody asked to make anew, since we wrote them last
	forHeads map[string]bool      // heads that we wrote because somebody asked, by eight digits
	waiting  map[string]*waiting  // ticks that were not answered yet, by branch
	merged   string               // the commit that a merge of ours gave, until the target is there
	onto     map[string]int       // heads of the target onto which we merged
	blamed   map[int]bool         // merge requests whose label was judged, by number
	stood    map[string]time.Time // when a branch held pins first
	starts   []time.Time          // of pipelines of gates
	heldOpen map[int]int          // clean runs in which one that is held back was open, by number
	reopened int                  // clean runs within which a dashboard that a person reopened is the only one
	taken    time.Time            // when the first run took over, as far as the database that there is knows
	began    time.Time            // when the last run began
	unsaid   bool                 // nobody said whom the new user comes after
	plain    bool                 // its page was made where the old user had nothing open, so nobody stops it any more
	wrong    []string
	looks    int
}

func newJudge(w *world) *judge {
	return &judge{w: w, released: map[string]time.Time{}, theirs: map[string]string{}, replaced: map[string]int{}, opened: map[string]int{}, started: map[string]int{}, onto: map[string]int{}, blamed: map[int]bool{}, heldOpen: map[int]int{}, stood: map[string]time.Time{}, asked: map[string]bool{}, begun: map[string]bool{}, rebuilds: map[string]bool{}, forHeads: map[string]bool{}, waiting: map[string]*waiting{}}
}

// heardOf notes when a release came, from a statement of the index.
func (j *judge) heardOf(line string) {
	words := strings.Fields(line)
	if len(words) < 3 || words[0] == "yank" {
		return
	}
	for _, layout := range []string{"2006-01-02T15:04Z07:00", time.RFC3339} {
		if at, err := time.Parse(layout, words[2]); err == nil {
			j.released[words[0]+"=="+words[1]] = at
		}
	}
}

func (j *judge) fault(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(j.wrong, text) {
		j.wrong = append(j.wrong, text)
	}
}

// look judges the world as it is now; after says after what.
func (j *judge) look(after string) {
	j.looks++
	events := j.w.gitlab.Events()
	fresh := events[j.seen:]
	j.seen = len(events)
	for _, e := range fresh {
		if j.w.ours(e.Actor) {
			j.ours(e)
		} else {
			j.peoples(e)
		}
	}
	j.oneEach(after)
	for _, f := range j.w.gitlab.Failures() {
		j.fault("the simulated GitLab did not understand: %s", f)
	}
}

// peoples learns from what a person did: what was pushed must stay, unless a
// person takes it away.
func (j *judge) peoples(e gitlabsim.Event) {
	switch e.Kind {
	case "issue-reopen":
		j.reopened = 2
	case "push", "force-push", "branch-create":
		_, head, _ := strings.Cut(e.Detail, "..")
		if head == "" {
			head = e.Detail
		}
		// The rebase button leaves the author: a commit of the bot's that changes what it did is no one's.
		if c := j.w.project.Commits(head); e.Actor != oldBot && (len(c) == 0 || !madeBy(c[0].AuthorName, bot, nextBot, oldBot)) {
			j.theirs[head] = e.Actor
		}
		fallthrough
	case "branch-delete", "mr-merge":
		reach := j.w.project.Reachable()
		maps.DeleteFunc(j.theirs, func(sha, _ string) bool { return !reach[sha] && e.Kind != "branch-create" && e.Kind != "push" })
	}
}

// ours judges one thing that pinwheel did.
func (j *judge) ours(e gitlabsim.Event) {
	if e.Project != projectPath {
		j.elsewhere(e)
		return
	}
	switch e.Kind {
	case "push", "force-push", "branch-create", "mr-open":
		j.besideOthers(e)
	}
	switch e.Kind {
	case "mr-merge":
		j.merge(e)
	case "push", "force-push", "branch-create", "branch-delete":
		if _, to, _ := strings.Cut(e.Detail, ".."); to != "" && to == j.merged {
			j.merged = "" // what the merge did to its target
			return
		}
		if !strings.HasPrefix(e.Target, prefix) {
			j.fault("I6: %s of %s, outside the prefix", e.Kind, e.Target)
			return
		}
		if was, _, forced := strings.Cut(e.Detail, ".."); forced && j.theirs[was] != "" && !j.w.project.Reachable()[was] {
			j.replaced[was] = 2 // looked for in the requests after that, or by the next run
		}
		if e.Kind != "branch-delete" && !strings.HasPrefix(e.Target, prefix+"kept-") {
			j.wrote(e)
			j.commit(e)
		}
	case "mr-open":
		branch, _, _ := strings.Cut(e.Detail, " ")
		if !j.mayOpen(branch, e) {
			j.fault("I7: a merge request from %s was opened on %s, outside the window, and nobody asked", branch, e.At.In(prague).Format("Mon 15:04"))
		}
		j.held(branch, e)
		j.begun[branch] = j.begun[branch] || j.asked[branch]
		delete(j.asked, branch)
		j.inside(e, branch)
	case "mr-close", "mr-edit", "mr-label", "mr-reopen", "note", "system-note", "note-edit":
		if iid, ok := strings.CutPrefix(e.Target, "!"); ok {
			m, _ := j.w.project.MR(number(iid))
			j.inside(e, m.SourceBranch)
			if e.Kind == "mr-label" {
				j.blame(m)
			}
			if e.Kind == "mr-reopen" {
				if !j.asked[m.SourceBranch] && !j.asked[everyMember] {
					j.fault("I7: %s was reopened on %s, and nobody asked", e.Target, e.At.In(prague).Format("Mon 15:04"))
				}
				delete(j.asked, m.SourceBranch)
				j.held(m.SourceBranch, e)
			}
		} else if i, ok := j.w.project.Issue(number(e.Target[1:])); ok && !j.w.inherits(i.Author) && e.Kind != "system-note" {
			j.fault("I6: %s on %s of %s", e.Kind, e.Target, i.Author)
		}
	case "issue-edit", "issue-close", "issue-label", "issue-reopen":
		if i, ok := j.w.project.Issue(number(e.Target[1:])); ok && !j.w.inherits(i.Author) {
			j.fault("I6: %s of %s, which is of %s", e.Kind, e.Target, i.Author)
		}
	case "issue-open":
		j.firstPage(e)
	case "cross-reference":
	case "mention":
		if e.Detail != "@tester" || !strings.Contains(j.w.setting.config, e.Detail) {
			j.fault("I6: pinwheel mentioned %s", e.Detail)
		}
	case "status":
		j.status(e)
	case "job-retry":
		if !strings.HasPrefix(e.Detail, "refs/merge-requests/") && !strings.HasPrefix(e.Detail, prefix) {
			j.fault("I6: %s ran again for %s", e.Target, e.Detail)
		}
	case "pipeline":
		if j.beside(e) {
			break
		}
		if j.started[e.Detail]++; j.started[e.Detail] > 1 && !j.w.apart || !strings.HasPrefix(e.Target, prefix) || !strings.Contains(j.w.setting.config, "on_open") {
			j.fault("I1: a pipeline of %s for %s, of which there are %d", e.Target, e.Detail, j.started[e.Detail])
		}
	default:
		j.fault("I6: pinwheel did %s", e)
	}
}

// wrote notes that a head is there because somebody asked for it.
func (j *judge) wrote(e gitlabsim.Event) {
	_, head, forced := strings.Cut(e.Detail, "..")
	if !forced {
		head = e.Detail
	}
	if j.asked[e.Target] || j.rebuilds[e.Target] {
		j.forHeads[head[:min(8, len(head))]] = true
	}
	delete(j.rebuilds, e.Target)
}

func (j *judge) inside(e gitlabsim.Event, branch string) {
	m, _ := j.w.project.MR(number(strings.TrimLeft(e.Target, "!")))
	if !strings.HasPrefix(branch, prefix) || !j.w.inherits(m.Author) {
		j.fault("I5: %s of %s, from %s by %s", e.Kind, e.Target, branch, m.Author)
	}
}

// runEnds ends what holds during a run alone: what was asked for when it read
// the page counts, though it was taken back since.
func (j *judge) runEnds() {
	for _, branch := range j.late {
		j.asked[branch] = false
	}
	j.late = nil
	if j.apart = max(j.apart-1, 0); j.apart == 0 {
		delete(j.asked, everyMember)
	}
	for sha, runs := range j.replaced {
		j.replaced[sha] = max(runs-1, 0)
	}
	j.look("the run")
}

// oneEach judges the whole: one merge request a branch, one dashboard, no
// commit lost.
func (j *judge) oneEach(after string) {
	open := map[string]int{}
	for _, m := range j.w.project.MRs() {
		if m.State == "opened" {
			open[m.SourceBranch]++
		}
		asked := map[string]bool{}
		for _, n := range m.Notes {
			if mark := opFull.FindString(n.Body); j.w.ours(n.Author) && mark != "" {
				if asked[mark] && !j.w.apart {
					j.fault("I1: two notes %s on !%d after %s", mark, m.IID, after)
				}
				asked[mark] = true
			}
		}
	}
	for branch, n := range open {
		if n > 1 {
			j.fault("I1: %d open merge requests from %s after %s", n, branch, after)
		}
	}
	boards := 0
	for _, i := range j.w.project.Issues() {
		if j.w.inherits(i.Author) && i.State == "opened" {
			boards++
		}
	}
	if boards > 1 && !j.w.apart && j.reopened == 0 {
		j.fault("I1: %d open dashboards after %s", boards, after)
	}
	if len(j.theirs) == 0 {
		return
	}
	reach := j.w.project.Reachable()
	for sha, who := range j.theirs {
		if !reach[sha] && j.replaced[sha] == 0 {
			j.fault("I4: the commit %.8s that %s pushed is on no branch after %s", sha, who, after)
		}
	}
}

var opFull = regexp.MustCompile(`<!-- op:\S+ -->`)

var pinLine = regexp.MustCompile(`^([A-Za-z0-9._-]+)==(\S+)$`)

// commit judges the head of a branch that we wrote: both files agree, the names
// are the same, other lines too, nothing is too young.
func (j *judge) commit(e gitlabsim.Event) {
	_, head, ok := strings.Cut(e.Detail, "..")
	if !ok {
		head = e.Detail
	}
	commits := j.w.project.Commits(head)
	if len(commits) == 0 || len(commits[0].Parents) != 1 {
		j.fault("I8: %s is not one commit on one parent", e.Target)
		return
	}
	for _, path := range []string{"constraints.txt", "images/constraints.txt"} {
		was, _ := j.w.project.File(commits[0].Parents[0], path)
		is, _ := j.w.project.File(head, path)
		j.pins(e, was, is)
	}
	text, _ := j.w.project.File(head, "constraints.txt")
	twin, _ := j.w.project.File(head, "pipeline/constraints.yml")
	parsed, err := constraints.Parse("constraints.txt", []byte(text))
	same := false
	if err == nil {
		d := j.w.config.Policy.Files[0].Derived
		same, err = constraints.InSync(parsed, []byte(twin), constraints.Derivation{Path: d.Path, Format: constraints.Format(d.Format), Key: d.Key})
	}
	if err != nil || !same {
		j.fault("I8: constraints.txt and its derived file disagree on %s (%v)", e.Target, err)
	}
}

// pins compares two texts of a constraints file line by line.
func (j *judge) pins(e gitlabsim.Event, was, is string) {
	old, now := strings.Split(was, "\n"), strings.Split(is, "\n")
	if len(j.w.config.Policy.Roots) > 0 { // lines come and go
		for _, line := range now {
			if !slices.Contains(old, line) {
				j.age(e, line)
			}
		}
		return
	}
	if len(old) != len(now) {
		j.fault("I11: %s has other lines than its base", e.Target)
		return
	}
	for i := range now {
		if now[i] == old[i] {
			continue
		}
		a, b := pinLine.FindStringSubmatch(old[i]), pinLine.FindStringSubmatch(now[i])
		if a == nil || b == nil || a[1] != b[1] {
			j.fault("I8: on %s the line %q became %q", e.Target, old[i], now[i])
			continue
		}
		j.age(e, now[i])
	}
}

func (j *judge) age(e gitlabsim.Event, pin string) {
	at, known := j.released[pin]
	if !known || e.At.Sub(at) < 72*time.Hour {
		j.fault("I10: %s on %s, released on %s", pin, e.Target, at.Format(time.RFC3339))
	}
}

func number(text string) int {
	n := 0
	_, _ = fmt.Sscanf(text, "%d", &n) // of no number it is 0, which no iid is
	return n
}
