package reconcile_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/plan"
)

// board is a world in which people work on the dashboard: alice and bob may ask
// for things, rita may edit and may not.
type board struct {
	*world
	t       *rapid.T
	iid     int
	wrote   map[string]bool // lines that pinwheel wrote, without their tick
	asked   map[string]bool // branches that somebody who may has asked for
	open    map[string]bool
	history []string
}

const boardWorld = smallWorld + `
lxml 6.0.0 2025-12-01T10:00:00Z
idna 3.6 2023-11-25T15:00:00Z
idna 3.11 2025-12-12T15:00:00Z
`

// newBoard has pinwheel write a first dashboard, on a Monday, outside the window.
func newBoard(t *rapid.T, outer *testing.T, dir string, late int) *board {
	w := &world{t: outer, now: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), path: filepath.Join(dir, "0.db")}
	clock := func() time.Time { return w.now }
	w.gitlab = gitlabsim.New(gitlabsim.Options{Now: clock, LateNotes: late, AsyncReads: -1})
	for _, name := range []string{"alice", "bob", "rita"} {
		w.gitlab.AddUser(name, name, false)
	}
	w.gitlab.AddBot("pinwheel", "pinwheel")
	pins := "boto3==1.34.39\ncertifi==2025.11.12\nidna==3.6\nlxml==4.9.4\nsix==1.17.0\n"
	w.project = w.gitlab.AddProject("cki/pipe", "main", map[string]string{
		"constraints.txt":          pins,
		"pipeline/constraints.yml": "---\n# Generated from constraints.txt by pinwheel. Do not edit.\nvariables:\n  PYTHON_CONSTRAINTS: |\n    " + strings.ReplaceAll(strings.TrimSpace(pins), "\n", "\n    ") + "\n",
	})
	w.project.SetCI(false)
	w.project.Set(gitlabsim.Settings{RawNotes: rapid.Bool().Draw(t, "older notes")})
	w.gitlab.AddMember(w.project, "alice", gitlabsim.Maintainer)
	w.gitlab.AddMember(w.project, "bob", gitlabsim.Developer)
	w.gitlab.AddMember(w.project, "rita", gitlabsim.Reporter)
	w.gitlab.AddMember(w.project, "pinwheel", gitlabsim.Developer)
	w.index = pypisim.New(pypisim.Options{Now: clock})
	if err := w.index.Load(boardWorld); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.config, err = config.Parse("pinwheel.yaml", []byte(smallConfig+"    rules:\n      - {kinds: [major], approval: true}\n")); err != nil {
		t.Fatal(err)
	}
	b := &board{world: w, t: t, wrote: map[string]bool{}, asked: map[string]bool{}, open: map[string]bool{}}
	b.run()
	issues := w.project.Issues()
	if len(issues) != 1 {
		t.Fatalf("%d issues", len(issues))
	}
	b.iid = issues[0].IID
	b.note()
	return b
}

func (b *board) say(format string, args ...any) {
	b.history = append(b.history, b.now.Format("15:04 ")+fmt.Sprintf(format, args...))
}

func (b *board) fail(format string, args ...any) {
	b.t.Fatalf("%s\n%s\n\n%s", fmt.Sprintf(format, args...), strings.Join(b.history, "\n"), b.text())
}

func (b *board) text() string {
	i, _ := b.project.Issue(b.iid)
	return i.Description
}

// run lets pinwheel run, and judges what it opened.
func (b *board) run() {
	runner := b.runner()
	report, err := runner.Run(b.world.t.Context(), b.config.Projects[0], b.now)
	if err != nil {
		b.t.Fatalf("run at %s: %v", b.now, err)
	}
	runner.Store.Close()
	b.say("a run is %s %v", report.Status, report.Failures)
	if f := b.gitlab.Failures(); len(f) > 0 {
		b.t.Fatalf("the simulated GitLab did not understand: %v", f)
	}
	is := map[string]bool{}
	for _, m := range b.project.MRs() {
		if m.State == "opened" {
			is[m.SourceBranch] = true
			if !b.open[m.SourceBranch] {
				b.say("opens %s", m.SourceBranch)
				if !b.asked[m.SourceBranch] {
					b.fail("%s was opened, and nobody who may has asked for it", m.SourceBranch)
				}
				delete(b.asked, m.SourceBranch)
			}
		}
	}
	b.open = is
	if b.iid != 0 {
		b.note()
	}
}

var tickMark = regexp.MustCompile(`^(\s*- \[)[ x](\])`)

func unticked(line string) string { return tickMark.ReplaceAllString(line, "$1 $2") }

// note remembers the lines that stand on the page after a run: pinwheel wrote it.
func (b *board) note() {
	for line := range strings.Lines(b.text()) {
		b.wrote[unticked(strings.TrimSuffix(line, "\n"))] = true
	}
}

// click lets somebody click the n-th box of the page they have open. Who may has
// asked for what pinwheel wrote there; and for the one box that their save
// changed, where an old page makes that another one: GitLab cannot tell.
func (b *board) click(who string, n int, tick bool) {
	shown := b.project.Page(who, b.iid)
	var boxes []dashboard.Box
	lines := strings.Split(shown, "\n")
	for _, one := range dashboard.Parse(shown).Boxes {
		if one.Checked != tick && strings.Count(shown, lines[one.Line]) == 1 {
			boxes = append(boxes, one)
		}
	}
	if len(boxes) == 0 {
		return
	}
	one := boxes[n%len(boxes)]
	line := lines[one.Line]
	before := ticksOf(b.text())
	act := b.project.Tick
	if !tick {
		act = b.project.Untick
	}
	if err := act(who, b.iid, line[strings.Index(line, "<!--"):]); err != nil { //nolint:gocritic // ticksOf found the mark
		b.say("%s cannot change %q: %v", who, line, err)
		return
	}
	b.say("%s ticks (%v) %q", who, tick, line)
	if who == "rita" || !tick {
		return
	}
	if b.wrote[unticked(line)] {
		b.want(one)
	}
	var changed []dashboard.Box
	for _, now := range dashboard.Parse(b.text()).Boxes {
		if now.Checked != before[now.Branch+now.Bulk] {
			changed = append(changed, now)
		}
	}
	if len(changed) == 1 && changed[0].Checked && b.wrote[unticked(strings.Split(b.text(), "\n")[changed[0].Line])] {
		b.want(changed[0])
	}
}

func ticksOf(text string) map[string]bool {
	out := map[string]bool{}
	for _, one := range dashboard.Parse(text).Boxes {
		out[one.Branch+one.Bulk] = out[one.Branch+one.Bulk] || one.Checked
	}
	return out
}

// want notes what a tick asks for: of a bulk box what pinwheel last listed, or what
// an old page of its own shows.
func (b *board) want(one dashboard.Box) {
	if one.Bulk == "" {
		b.asked[one.Branch] = true
		return
	}
	for line := range b.wrote {
		for _, box := range dashboard.Parse(line).Boxes {
			for _, row := range plan.Table() {
				if row.Bulk == one.Bulk && row.Box == box.Type {
					b.asked[box.Branch] = true
				}
			}
		}
	}
}

// scribble lets somebody change the text as a whole.
func (b *board) scribble(who string, kind, n int) {
	text := b.text()
	boxes := dashboard.Parse(text).Boxes
	if len(boxes) == 0 {
		return
	}
	lines := strings.Split(text, "\n")
	at := boxes[n%len(boxes)].Line
	switch kind % 6 {
	case 0: // a tick that no note names
		lines[at] = strings.Replace(lines[at], "[ ]", "[x]", 1)
		lines = slices.Insert(lines, boxes[0].Line, " - [ ] mine")
	case 1: // a line for another update
		lines = slices.Insert(lines, at, " - [ ] <!-- unschedule-branch=pinwheel/lxml-6.x -->Update the docs")
	case 2: // another text for a line
		lines[at] = lines[at][:strings.Index(lines[at], "-->")] + "-->Update the docs" //nolint:gocritic // the line of a box has a mark
	case 3:
		lines = slices.Delete(lines, at, at+1)
	case 4:
		lines = append(lines, "", "My words.")
	case 5:
		lines[0] = strings.Replace(lines[0], "project=1", "project=2", 1)
	}
	if who != "rita" {
		lines = append(strings.Split(text, "\n"), "", "My words.")
	}
	if b.project.EditIssueDescription(who, b.iid, strings.Join(lines, "\n")) == nil {
		b.say("%s changes the text (%d) near %q", who, kind%6, strings.Split(text, "\n")[at])
	}
}

func (b *board) act(seq int) {
	who := rapid.SampledFrom([]string{"alice", "bob", "rita", "rita"}).Draw(b.t, "who")
	n := rapid.IntRange(0, 30).Draw(b.t, "n")
	switch what := rapid.SampledFrom([]string{"tick", "tick", "tick", "untick", "open", "open", "close", "text", "text", "drag", "delete", "flood",
		"refuse", "forget", "run", "run", "wait", "wait"}).Draw(b.t, "what"); what {
	case "tick", "untick":
		b.click(who, n, what == "tick")
	case "open":
		if b.project.OpenPage(who, b.iid) == nil {
			b.say("%s opens the page", who)
		}
	case "close":
		b.project.ClosePage(who, b.iid)
		b.say("%s closes the page", who)
	case "text":
		b.scribble(who, rapid.IntRange(0, 5).Draw(b.t, "kind"), n)
	case "drag", "delete":
		boxes := dashboard.Parse(b.project.Page(who, b.iid)).Boxes
		if len(boxes) < 2 {
			return
		}
		one, other := boxes[n%len(boxes)], boxes[(n+1)%len(boxes)]
		if what == "drag" && b.project.MoveItem(who, b.iid, "="+one.Branch+one.Bulk+" -->", "="+other.Branch+other.Bulk+" -->") == nil {
			b.say("%s drags %s", who, one.Branch)
		} else if what == "delete" && b.project.DeleteItem(who, b.iid, "="+one.Branch+one.Bulk+" -->") == nil {
			b.say("%s deletes %s", who, one.Branch)
		}
	case "flood":
		for range 105 {
			_ = b.project.Comment("rita", b.iid, "and again")
		}
		b.say("rita comments much")
	case "refuse":
		for _, m := range b.project.MRs() {
			if m.State == "opened" {
				_ = b.project.CloseMR("alice", m.IID)
				delete(b.open, m.SourceBranch)
				delete(b.asked, m.SourceBranch)
				b.say("alice closes %s", m.SourceBranch)
				break
			}
		}
	case "forget":
		b.path = filepath.Join(filepath.Dir(b.path), fmt.Sprint(seq+1, ".db"))
		b.say("the database is lost")
	case "run":
		b.run()
	case "wait":
		b.now = b.now.Add(time.Duration(1+n) * time.Minute)
	}
}

// Whatever people do to the page, with pages that they opened earlier, floods of
// notes, late lists and lost databases: nobody who may not is obeyed by way of
// another, and who may and ticks again while nobody else edits is obeyed.
func TestNobodyIsCreditedWithWhatAnotherAsked(t *testing.T) {
	root := scratchDir(t)
	worlds := 0
	checks := 25 // the step stories makes more
	switch {
	case testenv.Raced:
		checks = 4 // each takes a second there
	case testenv.Sample(t, 1).Whole():
		checks = 200
	}
	if err := flag.Set("rapid.checks", fmt.Sprint(checks)); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		worlds++
		dir := filepath.Join(root, fmt.Sprint(worlds))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		b := newBoard(rt, t, dir, rapid.IntRange(0, 2).Draw(rt, "late lists"))
		for i := range rapid.IntRange(5, 30).Draw(rt, "acts") {
			b.act(i)
		}
		b.calm()
	})
}

// calm lets bob, with a page of his own, tick something anew.
func (b *board) calm() {
	for _, who := range []string{"alice", "bob", "rita"} {
		b.project.ClosePage(who, b.iid)
	}
	for range 2 {
		b.now = b.now.Add(time.Hour)
		b.run()
	}
	page := dashboard.Parse(b.text())
	var offered []dashboard.Box
	for _, one := range page.Boxes {
		if !one.Checked && (one.Type == plan.BoxApprove || one.Type == plan.BoxUnschedule || one.Type == plan.BoxRecreate) {
			offered = append(offered, one)
		}
	}
	if len(offered) == 0 {
		return
	}
	one := offered[rapid.IntRange(0, len(offered)-1).Draw(b.t, "last")]
	b.now = b.now.Add(time.Minute)
	if err := b.project.Tick("bob", b.iid, "-branch="+one.Branch+" -->"); err != nil {
		b.fail("%v", err)
	}
	b.say("bob ticks %s, and nobody else edits", one.Branch)
	b.asked[one.Branch] = true
	for range 2 { // a list may be late
		b.now = b.now.Add(time.Hour)
		b.run()
	}
	if !b.open[one.Branch] {
		b.fail("bob asked for %s, and it is not open", one.Branch)
	}
}

func scratchDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "asked")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
