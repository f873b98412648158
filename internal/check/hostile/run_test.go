package hostile_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/hostile"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

var (
	ourHidden = regexp.MustCompile(`^(?:pinwheel:dashboard v=1 project=\d+|pinwheel:mr v=1 [\w =%./:,-]*|pinwheel:mr end|op:[0-9a-z]+|rebase-check|` +
		`[a-z]+(?:-[a-z]+)+-prs|rebase-all-open-prs|[A-Za-z]+-branch=pinwheel/(?:[a-z0-9._-]+|#1))$`)
	ourLink    = regexp.MustCompile(`^(?:[!#]\d+|https://index\.example/[\w./-]*)$`)
	ourElement = regexp.MustCompile(`^</?(?:details|summary)>$`)
	ourHeading = regexp.MustCompile(`^## (?:Problems|Pending Approval|MR Edited \(Blocked\)|Errored|Open|Awaiting Schedule|Pending Status Checks|Rate-Limited|Held Back|` +
		`MR Closed \(Blocked\)|Requests Not Carried Out|Ticks That Wait|Notes|Detected Dependencies)$`)
)

// ours reports whether an effect is one that pinwheel means.
func ours(e gitlabsim.Effect) bool {
	if e.Field == "title" {
		return false
	}
	switch e.Kind {
	case gitlabsim.Hidden:
		return ourHidden.MatchString(e.What)
	case gitlabsim.Link:
		return ourLink.MatchString(e.What)
	case gitlabsim.Element:
		return ourElement.MatchString(e.What)
	case gitlabsim.Heading:
		return ourHeading.MatchString(e.What)
	case gitlabsim.Row:
		return e.What == "4" || e.What == "5"
	case gitlabsim.Emphasis:
		return e.What == "*"
	case gitlabsim.Item:
		return true
	case gitlabsim.Task:
		return regexp.MustCompile(`^\[[ x]\] <!-- [\w=./#-]+ -->`).MatchString(e.What)
	case gitlabsim.Reference:
		return e.Field == "note" && regexp.MustCompile(`^!\d+$`).MatchString(e.What) // "See !5."
	case gitlabsim.CommitRef:
		return e.Field == "commit message" && len(e.What) == 40 // the trailer Pinwheel-Base
	default:
		return false
	}
}

// messageLine is what a commit's message may consist of: names, versions and
// trailers of letters that need no Markdown to be read.
var messageLine = regexp.MustCompile(`^(?:Update dependency [A-Za-z0-9._-]+(?: to v[\w.+!\x{200b}]+)?|Regenerate [\w./-]+|[a-z0-9-]+ \S+ -> \S+|[a-z0-9-]+ (?:removed|\S+ added)|Pinwheel-[A-Z][a-z]+: [\w.:%/+~ -]*|)$`)

// look asserts that the bot's texts did nothing but what we mean.
func (w *world) look(t *testing.T) {
	t.Helper()
	for _, e := range w.gitlab.Effects("pinwheel") {
		if !ours(e) {
			t.Errorf("%s of %s does %s %q", e.Field, e.Item, e.Kind, e.What)
		}
	}
	for _, b := range w.project.Branches() {
		if !strings.HasPrefix(b.Name, "pinwheel/") || b.Commit.AuthorName != "pinwheel" {
			continue
		}
		for line := range strings.SplitSeq(b.Commit.Message, "\n") {
			if !messageLine.MatchString(line) {
				t.Errorf("the commit of %s has the line %q", b.Name, line)
			}
		}
	}
	for _, i := range w.project.Issues() {
		for _, n := range i.Notes {
			if i.IID == 1 && n.Author == "pinwheel" {
				t.Errorf("the people's issue has a note %v", n)
			}
		}
	}
}

// TestRuns puts texts into every field of a world in turn, and lets people
// write them as well. Each start puts another text into each field; the sample
// has every fortieth.
func TestRuns(t *testing.T) {
	texts := hostile.Texts()
	part := testenv.Sample(t, 40)
	for from := range texts {
		if !part.Has(from) {
			continue
		}
		t.Run(fmt.Sprint(from), func(t *testing.T) {
			t.Parallel()
			next := rotate(from, 1)()
			w := newWorld(t, next, from%2 == 1)
			w.run(t)
			w.people(t, next)
			w.run(t)
			w.people2(t, next)
			w.run(t)
			w.look(t)
		})
	}
}

// on is the open merge request of a branch, 0 for none.
func (w *world) on(branch string) int {
	for _, m := range w.project.MRs() {
		if m.SourceBranch == branch && m.State == "opened" {
			return m.IID
		}
	}
	return 0
}

// people write hostile texts wherever people may.
func (w *world) people(t *testing.T, next func() string) {
	t.Helper()
	title := func() string {
		return strings.TrimSpace("x" + strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(next(), "\x00", ""), "")), " "))
	}
	cut := func(s string) string { r := []rune(s); return string(r[:min(len(r), 200)]) }
	if iid := w.on("pinwheel/plain-1.x"); iid != 0 {
		must(t, w.project.EditMRTitle("alice", iid, cut(title())))
		must(t, w.project.EditMRDescription("alice", iid, strings.ReplaceAll(next(), "\x00", "")+"\n"+described(w, iid)+"\n"+strings.ReplaceAll(next(), "\x00", "")))
	}
	if iid := w.on("pinwheel/mended-1.x"); iid != 0 {
		_, err := w.project.Push("alice", "pinwheel/mended-1.x", next(), map[string]string{"extra": "x"})
		must(t, err)
		must(t, w.project.EditMRTitle("alice", iid, cut(title())))
	}
	if iid := w.on("pinwheel/closed-1.x"); iid != 0 {
		must(t, w.project.CloseMR("alice", iid))
	}
	for _, i := range w.project.Issues() {
		if i.IID != 1 {
			body := strings.ReplaceAll(i.Description+"\n"+next()+"\n - [x] <!-- approve-branch=pinwheel/--@all-1.x -->"+next()+"\n"+next(), "\x00", "")
			must(t, w.project.EditIssueDescription("guest", i.IID, body))
		}
	}
	for k, name := range []string{"pinwheel/a--@all", "pinwheel/gone-1.x", "pinwheel/#1"} {
		if _, err := w.project.Push("alice", name, next(), map[string]string{"constraints.txt": fmt.Sprint(k)}); err != nil {
			continue // not a name for git
		}
		_, err := w.project.CreateMR("alice", name, "main", cut(title()), strings.ReplaceAll(next(), "\x00", ""))
		must(t, err)
	}
	_, err := w.project.EditFile("alice", "pipeline/constraints.yml", "# "+strings.ReplaceAll(next(), "\n", " ")+"\nvariables:\n  PYTHON_CONSTRAINTS: |\n    other==1\n")
	must(t, err)
}

// people2 break the constraints file and ask for what was refused.
func (w *world) people2(t *testing.T, next func() string) {
	t.Helper()
	for _, i := range w.project.Issues() {
		if i.IID != 1 {
			must(t, w.project.EditIssueDescription("alice", i.IID, strings.ReplaceAll(i.Description, "[ ] <!-- ", "[x] <!-- ")))
		}
	}
	pins, _ := w.project.File("main", "constraints.txt")
	_, err := w.project.EditFile("alice", "constraints.txt", pins+next()+"\n")
	must(t, err)
}

func described(w *world, iid int) string {
	m, _ := w.project.MR(iid)
	return m.Description
}
