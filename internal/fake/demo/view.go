package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/web/markdown"
)

//go:embed style.css
var style string

//go:embed page.html
var pageText string

// view is the page.
type view struct {
	Token  string
	Clock  time.Time
	Window bool // open
	Broken bool
	Who    string
	People []choice
	Steps  []step
	Tried  int // of Steps
	Begun  bool
	News   []entry
	More   int // of what happened, beyond News
	Shows  []choice
	Places []choice // the projects
	Role   string
	Issue  issueView
	MRs    []mrView
	Open   int // of MRs
	Diary  []entry
	Waits  bool // another bot left the project that is shown
	Plays  bool // the way of CKI can be played
	Way    []ckiScene
}

type choice struct {
	Name, Role string
	Chosen     bool
}

type step struct {
	Text string
	Done bool
}

type issueView struct {
	IID   int
	Title string
	Body  template.HTML // where the text is shown
	listed
}

type mrView struct {
	gitlabsim.MergeRequest
	Body   template.HTML
	Files  []fileDiff
	Notes  []noteView
	Unfold bool
	No     string // why the person may not merge it, empty where they may
	Never  string // why they may do nothing with it
}

type noteView struct {
	Author string
	At     time.Time
	Body   template.HTML
}

// page answers with the page as things stand.
func (s *site) page(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.view()
	var out bytes.Buffer
	if err == nil {
		err = s.template().Execute(&out, v)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes()) // a browser that is gone asks again
}

func (s *site) template() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"when":    func(t time.Time) string { return t.In(s.stage.zone).Format("Mon 2 Jan 15:04") },
		"machine": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"token":   func() string { return s.token },
		"prose":   prose,
		"base":    path.Base,
	}).Parse(pageText))
}

func (s *site) view() (view, error) {
	day := s.stage.local().Weekday()
	v := view{
		Token: s.token, Clock: s.stage.now(), Window: day == time.Saturday || day == time.Sunday, Broken: s.broken,
		Who: s.who, Steps: s.steps(), Begun: slices.Contains(slices.Collect(maps.Values(s.done)), true),
	}
	v.Waits = s.scenes[s.shown].waits
	v.Plays, v.Way = s.command != nil, s.way
	v.News, v.More = newest(s.news())
	for _, st := range v.Steps {
		if st.Done {
			v.Tried++
		}
	}
	for _, f := range filters {
		v.Shows = append(v.Shows, choice{Name: f, Chosen: f == s.filter})
	}
	for i, other := range s.scenes {
		v.Places = append(v.Places, choice{Name: other.policy.Path, Role: scenesSay[i], Chosen: i == s.shown})
	}
	for _, p := range people() {
		v.People = append(v.People, choice{p.name, p.role, p.name == s.who})
		if p.name == s.who {
			v.Role = p.role
		}
	}
	v.Diary = slices.Clone(s.diary.entries)
	slices.Reverse(v.Diary)
	timed(v.Diary)
	var err error
	if issues := s.stage.project.Issues(); len(issues) > 0 {
		issue := issues[0]
		v.Issue = issueView{IID: issue.IID, Title: issue.Title}
		item := fmt.Sprintf("issue-%d", issue.IID)
		if s.filter == "text" {
			v.Issue.Body, err = s.render(issue.Description, item, true)
		} else {
			v.Issue.listed, err = s.list(issue.Description, item)
		}
		if err != nil {
			return v, err
		}
	}
	for _, mr := range s.stage.project.MRs() {
		one, err := s.mergeRequestView(mr)
		if err != nil {
			return v, err
		}
		if mr.State == "opened" {
			v.Open++
		}
		v.MRs = append(v.MRs, one)
	}
	slices.Reverse(v.MRs)
	slices.SortStableFunc(v.MRs, func(a, b mrView) int { return rank(a) - rank(b) })
	return v, nil
}

// scenesSay says what each project is like, beside its name.
var scenesSay = []string{"45 pins, each on its own", "7 pins, in one batch", "5 pins, comes from Renovate"}

// news is what came of the last button.
func (s *site) news() []entry { return s.diary.entries[min(s.fresh, len(s.diary.entries)):] }

// mostNews is how much of what came of a button stands beside the buttons; all of
// it stands in the diary.
const mostNews = 3

// newest is the end of the news, newest first, and how much more there is. Runs
// that wrote nothing go where there is more than fits.
func newest(all []entry) ([]entry, int) {
	out := slices.Clone(all)
	slices.Reverse(out)
	if len(out) > mostNews {
		out = slices.DeleteFunc(out, func(e entry) bool { return e.Tone == quiet })
	}
	if len(out) == 0 && len(all) > 0 {
		out = all[len(all)-1:]
	}
	// A merge request that opens or closes says more than that the dashboard did.
	slices.SortStableFunc(out, func(a, b entry) int { return weight(b) - weight(a) })
	out = out[:min(len(out), mostNews)]
	return out, len(all) - len(out)
}

// weight orders news by what a reader looks for.
func weight(e entry) int {
	switch {
	case e.Tone == trouble:
		return 3
	case e.Tone == byPerson:
		return 2
	case e.IID != 0:
		return 1
	}
	return 0
}

// prose is a text of the diary as HTML: what stands in backticks is code.
func prose(text string) template.HTML {
	parts := strings.Split(text, "`")
	var b strings.Builder
	for i, p := range parts {
		p = template.HTMLEscapeString(p)
		if i%2 == 1 && i < len(parts)-1 {
			p = "<code>" + p + "</code>"
		}
		b.WriteString(p)
	}
	return template.HTML(b.String())
}

// timed marks entries at the time of the one before them.
func timed(entries []entry) []entry {
	for i := range entries {
		entries[i].Again = i > 0 && entries[i-1].At.Equal(entries[i].At)
	}
	return entries
}

// rank puts what is open before what is settled.
func rank(mr mrView) int {
	if mr.State == "opened" {
		return 0
	}
	return 1
}

// steps are what to try, in the order that tells most.
func (s *site) steps() []step {
	return []step{
		{"Tick the box of an update on the dashboard and press Next hour: its merge request opens, though the window is shut. Were you erin, a Reporter, it would be refused.", s.done[triedTick] && s.done[triedHour]},
		{"Press Saturday: the window opens, and so do the merge requests that waited longest, 4 at most.", s.done[triedSaturday]},
		{"Choose the project cki-tools above the dashboard, and press Next hour four times: its batch of six updates is red, takes itself apart, and finds Jinja2 in five pipelines.", s.done[triedBatch]},
		{"Choose the project reporter and press Take over: Renovate's dashboard, its merge requests, alice's no and bob's tick go on as pinwheel's.", s.done[triedTakeOver]},
		{"Press Next hour again: the pipeline of configobj has failed, and its line names the job.", s.done[triedFailing]},
		{"Tick boto3: it moves with botocore in one merge request, since neither installs alone.", s.done[triedPair]},
		{"Show what is held back: cachetools has no box, and its line names who is in its way.", s.done[triedHeld]},
		{"Merge one, close one, push a commit to one, then Next hour: people win, and the dashboard says so.", s.done[triedReview]},
		{"Break the index, then Next hour: nothing is lost or taken back, and the dashboard says what is missing.", s.done[triedIndex]},
	}
}

// render is a text of GitLab's as its page shows it; with boxes that can be
// ticked where live.
func (s *site) render(text, item string, live bool) (template.HTML, error) {
	o := markdown.Options{ID: item, Below: 2, Link: s.link}
	if live {
		o.Form = "boxes-" + item
	}
	return markdown.Render(s.stage.hide.Replace(text), o)
}

// link leads to what this page shows, and to addresses that exist.
func (s *site) link(target string) string {
	switch {
	case strings.HasPrefix(target, "!"):
		return "#mr-" + target[1:]
	case strings.HasPrefix(target, "#"):
		return "#issue-" + target[1:]
	case strings.HasPrefix(target, simulatedGitLab), strings.HasPrefix(target, simulatedIndex):
		return ""
	}
	return target
}

func (s *site) mergeRequestView(mr gitlabsim.MergeRequest) (mrView, error) {
	v := mrView{MergeRequest: mr, Files: filesOf(s.changes(mr)), No: s.refuses("merge"), Never: s.refuses("change")}
	var err error
	if v.Body, err = s.render(mr.Description, fmt.Sprintf("mr-%d", mr.IID), mr.State == "opened" && v.Never == ""); err != nil {
		return v, err
	}
	for i, note := range mr.Notes {
		body, err := s.render(note.Body, fmt.Sprintf("mr-%d-note-%d", mr.IID, i), false)
		if err != nil {
			return v, err
		}
		v.Notes = append(v.Notes, noteView{note.Author, note.CreatedAt, body})
	}
	for _, e := range s.news() {
		if e.IID != 0 {
			v.Unfold = e.IID == mr.IID
			break
		}
	}
	return v, nil
}

// changes is the diff of a merge request, of a merged one as it was merged.
func (s *site) changes(mr gitlabsim.MergeRequest) string {
	p := s.stage.project
	into, from := mr.TargetBranch, mr.Head
	if mr.State == "opened" && p.Head(mr.SourceBranch) != "" {
		from = mr.SourceBranch // what GitLab's page learns of a push a moment later
	}
	if mr.MergeCommit != "" {
		if commits := p.Commits(mr.MergeCommit); len(commits) > 0 && len(commits[0].Parents) > 0 {
			into = commits[0].Parents[0]
		}
	}
	return p.Diff(into, from)
}

// fileDiff is what happens to one file.
type fileDiff struct {
	Path  string
	Lines []diffLine
}

// diffLine is one line; Sign is "+", "-", "@" or "".
type diffLine struct{ Sign, Text string }

// filesOf reads a unified diff.
func filesOf(diff string) []fileDiff {
	var out []fileDiff
	for l := range strings.Lines(diff) {
		l = strings.TrimRight(l, "\n")
		if path, is := strings.CutPrefix(l, "+++ b/"); is {
			out = append(out, fileDiff{Path: path})
			continue
		}
		if l == "" || strings.HasPrefix(l, "--- ") || len(out) == 0 {
			continue
		}
		file := &out[len(out)-1]
		sign, text := l[:1], l[1:]
		switch sign {
		case "@":
			text = l
		case " ":
			sign = ""
		}
		file.Lines = append(file.Lines, diffLine{sign, text})
	}
	return out
}
