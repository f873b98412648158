package sim

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

const (
	bot         = "pinwheel-bot"
	projectPath = "cki-project/pipeline-definition"
	prefix      = "pinwheel/"
)

// setting is what a world begins with; an empty part is that of everyday.
type setting struct {
	config string // what follows the files of the project
	index  string
	pins   string
	terms  terms
	ci     bool   // the project has CI/CD, and a configuration with the input suite
	script string // what its CI/CD configuration does; then the project merges by fast-forward, and Developers may
	more   int    // how many runs beyond two it takes until nothing is left to do

	gates  []string // what the CI/CD of cki-project/gate-1, gate-2... does, in which gates run
	merges []string // which branches the policy merges, by a part of the name; "" for all
	guilty []string // what breaks the tests of a batch, by a part of the name; none: nobody knows
	place  string   // the address of the database; empty for a file
	stale  bool     // the project makes merge commits, and what is merged may be tested on an older main
}

// everyday has seven pins: boto3 and botocore go in lock-step, urllib3 is held
// by botocore, six is current.
var everyday = setting{
	index: `
boto3 1.34.39 2024-02-09T20:00Z requires="botocore>=1.34.39,<1.35"
boto3 1.35.0 2025-12-20T20:00Z requires="botocore>=1.35.0,<1.36"
botocore 1.34.39 2024-02-09T20:00Z requires="urllib3<2.1"
botocore 1.35.0 2025-12-20T20:00Z requires="urllib3<2.1"
certifi 2025.11.12 2025-11-12T10:00Z
certifi 2026.1.1 2026-01-01T10:00Z
lxml 4.9.4 2023-12-19T10:00Z
lxml 5.3.2 2025-11-20T10:00Z
requests 2.31.0 2023-05-22T15:00Z
requests 2.32.5 2025-12-18T18:00Z
six 1.17.0 2024-12-04T17:00Z
urllib3 2.0.7 2023-10-17T17:00Z
urllib3 2.2.1 2024-02-18T17:00Z
`,
	pins: "boto3==1.34.39\nbotocore==1.34.39\ncertifi==2025.11.12\nlxml==4.9.4\nrequests==2.31.0\nsix==1.17.0\nurllib3==2.0.7\n",
}

// world is one GitLab with one project, one index and a clock, the bubble's.
type world struct {
	dir     string
	gitlab  *gitlabsim.Server
	project *gitlabsim.Project
	gates   []*gitlabsim.Project // other projects, in which gates run
	index   *pypisim.Server
	config  config.Project
	sources map[string]pypi.Source
	token   string
	user    string // whose token it is
	judge   *judge
	started int // processes so far
	open    []*process
	setting setting
	apart   bool                  // processes do not share a database, so two dashboards may meet
	before  map[string]remembered // what reads of GitLab got before the run under test
	// remembering is held while before is written, since reads are made several at a time.
	remembering sync.Mutex
	befell      int // what happened beside what GitLab tells
}

var prague = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		panic(err)
	}
	return zone
}()

// friday is when worlds begin, outside the window.
var friday = time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)

// inBubble gives play a world of its own, at friday.
func inBubble(t *testing.T, s setting, play func(t *testing.T, w *world)) {
	t.Helper()
	dir := scratch(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dir, s)
		defer w.end()
		play(t, w)
	})
}

// scratch is a folder in memory where the system has one: SQLite waits for the
// disk after every write.
func scratch(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "sim")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func derived(pins string) string {
	return "---\n# Generated from constraints.txt by pinwheel. Do not edit.\nvariables:\n  PYTHON_CONSTRAINTS: |\n    " +
		strings.ReplaceAll(strings.TrimSuffix(pins, "\n"), "\n", "\n    ") + "\n"
}

func newWorld(t *testing.T, dir string, s setting) *world {
	if s.index == "" {
		s.index = everyday.index
	}
	if s.pins == "" {
		s.pins = everyday.pins
	}
	time.Sleep(time.Until(friday))
	c, err := config.Parse("pinwheel.yaml", []byte(`
gitlab: {url: https://gitlab.example}
projects:
  - path: `+projectPath+`
    timezone: Europe/Prague
    python: ["3.9", "3.12"]
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml}}
`+s.config))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{dir: dir, setting: s, config: c.Projects[0], sources: map[string]pypi.Source{}, before: map[string]remembered{}}
	for _, index := range c.Defaults.Indexes {
		w.sources[index.Name] = pypi.Source{Index: index}
	}
	w.index = pypisim.New(pypisim.Options{})
	w.gitlab = gitlabsim.New(gitlabsim.Options{Now: time.Now, AsyncReads: -1})
	for _, name := range []string{"alice", "bob", "rita"} {
		w.gitlab.AddUser(name, strings.ToUpper(name[:1])+name[1:], false)
	}
	w.gitlab.AddBot(bot, "pinwheel")
	w.token, w.user = w.gitlab.Token(bot), bot
	files := map[string]string{"constraints.txt": s.pins, "pipeline/constraints.yml": derived(s.pins)}
	if strings.Contains(s.config, "images/constraints.txt") {
		files["images/constraints.txt"] = "lxml==4.9.4\nrequests==2.31.0\n"
	}
	w.project = w.gitlab.AddProject(projectPath, "main", files)
	for name, level := range map[string]int{"alice": gitlabsim.Owner, "bob": gitlabsim.Developer, "rita": gitlabsim.Reporter, bot: gitlabsim.Developer} {
		w.project.SetRole(name, level)
	}
	w.project.SetCI(s.ci, "suite")
	if s.script != "" {
		if err := w.project.Script(s.script); err != nil {
			t.Fatal(err)
		}
		w.project.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
		if !s.stale {
			w.project.Set(gitlabsim.Settings{MergeMethod: "ff"})
		}
	}
	for i, script := range s.gates {
		w.addGate(t, fmt.Sprint("cki-project/gate-", i+1), script)
	}
	w.judge = newJudge(w)
	if s.terms.takes {
		w.beginWithOldBot(t)
	}
	for line := range strings.Lines(s.index) {
		if err := w.release(strings.TrimSpace(line)); err != nil {
			t.Fatal(err)
		}
	}
	w.gitlab.AfterRequest(func(c gitlabsim.Call) {
		if c.Method != "GET" {
			w.judge.look(c.Method + " " + c.Path)
		}
	})
	return w
}

// addGate makes a project in which pipelines of gates run.
func (w *world) addGate(t *testing.T, path, script string) {
	p := w.gitlab.AddProject(path, "main", map[string]string{"README.md": "tests\n"})
	p.SetRole(bot, gitlabsim.Developer)
	p.SetRole("alice", gitlabsim.Owner)
	p.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
	if err := p.Script(script); err != nil {
		t.Fatal(err)
	}
	w.gates = append(w.gates, p)
}

// release adds one statement to the index, and its age to what the judge knows.
func (w *world) release(line string) error {
	w.befell++
	w.judge.heardOf(line)
	return w.index.Add(line)
}

// end closes what is open, so that nothing outlives the bubble.
func (w *world) end() {
	for _, p := range w.open {
		p.store.Close()
		disks.Delete(p.path)
	}
}

// process is one start of pinwheel over one database.
type process struct {
	w      *world
	number int
	path   string
	wire   *wire
	store  *store.Store
	runner *reconcile.Runner
}

// start opens the database at path, which need not exist, as a new process.
func (w *world) start(t *testing.T, path string) *process {
	t.Helper()
	w.started++
	p := &process{w: w, number: w.started, path: path, wire: &wire{audit: &auditor{w: w}}}
	disks.Store(path, p.wire)
	var err error
	if p.store, err = store.Open(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	w.open = append(w.open, p)
	p.store.RunAs(store.Process{
		Owner: store.Owner{Host: "sim", PID: p.number, Instance: fmt.Sprint(p.number)},
		Alive: func(pid int) bool { return !w.process(pid).wire.dead.Load() },
	})
	client, err := gitlab.Connect(gitlab.Options{
		URL: w.gitlab.BaseURL(), Transport: wired{p.wire, gitlabCall, w.gitlab.Transport()},
		ReadToken: func() (string, error) { return w.token, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	p.runner = reconcile.New(reconcile.Options{
		GitLab:    client,
		Dashboard: dashboard.NewPublisher(client),
		Index:     pypi.New(pypi.Options{Transport: wired{p.wire, indexCall, w.index.Transport()}}),
		Sources:   w.sources,
		Store:     p.store,
		Audit:     p.wire.audit.line,
		Version:   "sim",
	})
	return p
}

func (w *world) process(number int) *process { return w.open[number-1] }

// first starts the world's first process.
func (w *world) first(t *testing.T) *process {
	if w.setting.place != "" {
		return w.start(t, w.setting.place)
	}
	return w.start(t, filepath.Join(w.dir, "pinwheel.db"))
}

// run is one run as of now. One that is over since nothing changed is made a second
// time as if it looked at everything, see whole.
func (p *process) run() reconcile.Report {
	before := p.keep()
	report, err := p.runner.Run(context.Background(), p.w.config, time.Now().UTC())
	if err != nil && len(report.Failures) == 0 {
		report.Failures = []string{err.Error()}
	}
	p.wire.audit.secret("a failure", []byte(strings.Join(report.Failures, "\n")))
	p.wire.audit.secret("the page", []byte(report.Body))
	p.wire.audit.files(p.path)
	if report.Quiet {
		p.whole(before, report)
	}
	return report
}

// runs makes n clean runs, each at the next full hour, and returns how many
// requests of the last one wrote.
func (p *process) runs(n int) (wrote int) {
	for range n {
		time.Sleep(time.Until(time.Now().Add(time.Hour).Truncate(time.Hour)))
		p.w.gitlab.ForgetRequests()
		p.run()
		wrote = len(p.w.gitlab.Writes(time.Time{}))
	}
	return wrote
}

// until sleeps to an instant, written as 2026-01-03T08:05Z.
func (w *world) until(text string) {
	at, err := time.Parse("2006-01-02T15:04Z07:00", text)
	if err != nil {
		panic(err)
	}
	time.Sleep(time.Until(at))
}
