package hostile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/hostile"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

const (
	redBot      = "pinwheel"
	redPrefix   = "pinwheel/"
	redPassword = "hunter2-of-the-inner-index"
	redPrivate  = "zq-private-line-of-the-root"
)

// redSettings is what the operator wrote. A seed's gate is put in: either nothing
// opens without a tick, or all but majors opens by itself.
const redSettings = `
gitlab: {url: https://gitlab.example}
indexes:
  - {name: inner, url: https://inner.example/simple/, packages: ["acme-*"], username: reader}
  - {name: pypi, url: https://index.example/simple/}
enforce: {minimum_release_age: 3d, minimum_role: %s, keep: [on_open, approvals, ignores, freezes, labels]}
projects:
  - path: cki/pipe
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml}}
    window: "* * * * *"
    timezone: Europe/Prague
    max_open_merge_requests: 60
    python: ["3.12"]
    code_owners: true
    rules: [%s]
%s`

// honestIndex holds the packages of the project that nobody attacks: two that go
// together, a major, an inner name, and one that a pin holds back for good.
const honestIndex = `
good 1.0 2024-01-01
good 1.1 2025-06-01
pair-a 1.0 2024-01-01 requires="pair-b==1.0"
pair-a 1.1 2025-06-01 requires="pair-b==1.1"
pair-b 1.0 2024-01-01
pair-b 1.1 2025-06-01
major 1.0 2024-01-01
major 2.0 2025-06-01
anchor 1.0 2024-01-01 requires="held<2"
held 1.0 2024-01-01
held 2.0 2025-06-01
`

const innerIndex = `
acme-core 1.0 2024-01-01
acme-core 1.1 2025-06-01
`

// honestPins are those whose update has to be offered, whatever else is.
var honestPins = []string{"acme-core", "good", "major", "pair-a"}

// siege is a project that others attack. All of it comes from its seed.
type siege struct {
	t        *testing.T
	rand     *rand.Rand
	seed     uint64
	dir      string
	gated    bool // nothing opens without a tick
	gitlab   *gitlabsim.Server
	project  *gitlabsim.Project
	index    *evilIndex
	config   config.Project
	store    *store.Store
	runner   *reconcile.Runner
	stores   int
	judge    *redJudge
	midst    []int // before which calls of the next run people act
	calm     bool
	named    bool // a policy of the project's own named .gitlab-ci.yml as a derived file
	sound    bool // the files are as they should be
	last     reconcile.Report
	offered  []string // bodies that we wrote, for people to put back
	later    *later   // what came to the worlds later; nil in those of before
	merging  *merging // nil where pinwheel merges nothing
	settings string   // what the operator wrote
	replays  bool     // a run that was over early is made again
	pins     string   // the constraints file as it should be
	texts    []string
}

func newSiege(t *testing.T, dir string, seed uint64) *siege {
	s := &siege{t: t, rand: rand.New(rand.NewPCG(seed, 14)), seed: seed, dir: dir, sound: true, texts: hostile.Texts()}
	time.Sleep(time.Until(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)))
	s.gated = seed%2 == 0
	gate := "{kinds: [major], approval: true}"
	if s.gated {
		gate = "{approval: true}"
	}
	role, more := "developer", ""
	if s.later = newLater(seed); s.later != nil {
		role, more = s.later.settings()
	}
	if s.merging = newMerging(seed); s.merging != nil {
		more += s.merging.settings(seed)
	}
	s.settings = fmt.Sprintf(redSettings, role, gate, more)
	if digests(seed) { // in a window that is always open something may change in every minute
		s.settings = strings.Replace(s.settings, `window: "* * * * *"`, `window: "* * * * SAT,SUN"`, 1)
	}
	c, err := config.Parse("pinwheel.yaml", []byte(s.settings))
	must(t, err)
	s.config = c.Projects[0]
	s.judge = newRedJudge(s)
	s.index = newEvilIndex(s)
	s.people1st()
	names := append([]string{"acme-core", "anchor", "good", "held", "major", "pair-a", "pair-b"}, s.index.names()...)
	for _, name := range names {
		s.pins += name + "==1.0\n"
	}
	s.project = s.gitlab.AddProject("cki/pipe", "main", map[string]string{"constraints.txt": s.pins, "pipeline/constraints.yml": twinOf(s.pins), "CODEOWNERS": "* @alice\n"})
	private := s.gitlab.AddProject("cki/private", "main", map[string]string{
		"pyproject.toml": "[project]\nname = \"" + redPrivate + "\"\n" + redPrivate + " = = broken\n"})
	for name, level := range map[string]int{"alice": gitlabsim.Owner, "dev": gitlabsim.Developer, "mole": gitlabsim.Developer, "max": gitlabsim.Maintainer,
		"rita": gitlabsim.Reporter, "pia": gitlabsim.Planner, "gus": gitlabsim.Guest, "bob": gitlabsim.Developer, "eve": gitlabsim.Developer, redBot: gitlabsim.Developer} {
		s.project.SetRole(name, level)
	}
	s.project.Await("nora", gitlabsim.Developer)
	s.begin()
	s.startMerging()
	s.project.ExpireMember("eve", time.Now().Add(time.Hour))
	s.gitlab.SetUserState("bob", "blocked")
	private.SetRole(redBot, gitlabsim.Developer)
	s.gitlab.AfterRequest(func(c gitlabsim.Call) {
		if c.Method != "GET" {
			s.judge.look()
		}
	})
	turn := make(chan struct{}, 1) // reads are made several at a time
	s.gitlab.OnRequest(func(gitlabsim.Call) {
		turn <- struct{}{}
		defer func() { <-turn }()
		if s.replays {
			return
		}
		for i := range s.midst {
			if s.midst[i]--; s.midst[i] == 0 && !s.calm {
				s.people()
			}
		}
		s.inMidst()
	})
	s.start()
	return s
}

// people1st makes GitLab and its users.
func (s *siege) people1st() {
	s.gitlab = gitlabsim.New(gitlabsim.Options{Now: time.Now, AsyncReads: -1, LateNotes: s.rand.IntN(2)})
	s.gitlab.AddBot(redBot, "pinwheel")
	for _, name := range []string{"alice", "dev", "mole", "max", "rita", "pia", "gus", "bob", "eve", "nora", "mallory", "pinwheel-bot"} {
		shown := name
		if name == "pinwheel-bot" || s.rand.IntN(8) == 0 {
			shown = oneOf(s.rand, "pinwheel", "alice", s.line())
		}
		s.gitlab.AddUser(name, shown, false)
	}
}

func twinOf(pins string) string {
	return "---\nvariables:\n  PYTHON_CONSTRAINTS: |\n    " + strings.ReplaceAll(strings.TrimSuffix(pins, "\n"), "\n", "\n    ") + "\n"
}

// start opens a new database as a new process.
func (s *siege) start() {
	var err error
	s.stores++
	s.store, err = store.Open(context.Background(), s.database())
	must(s.t, err)
	s.store.RunAs(store.Process{Owner: store.Owner{Host: "h", PID: 1, Instance: fmt.Sprint(s.stores)}})
	s.runner = reconcile.New(s.edges())
}

// database is the path of the one that is open.
func (s *siege) database() string { return filepath.Join(s.dir, fmt.Sprintf("%d.db", s.stores)) }

// edges are those of a runner over the open database.
func (s *siege) edges() reconcile.Options {
	gl, err := gitlab.Connect(gitlab.Options{URL: "https://gitlab.example", Token: s.gitlab.Token(redBot), Retries: -1,
		Transport: watched{s.judge, s.gitlab.Transport()}})
	must(s.t, err)
	sources := map[string]pypi.Source{}
	for _, i := range s.config.Policy.Indexes {
		sources[i.Name] = pypi.Source{Index: i}
		if i.Name == "inner" {
			sources[i.Name] = pypi.Source{Index: i, Username: "reader", Password: redPassword}
		}
	}
	version := ""
	if digests(s.seed) {
		version = "red"
	}
	return reconcile.Options{
		Version:   version,
		GitLab:    gl,
		Dashboard: dashboard.NewPublisher(gl),
		Index:     pypi.New(pypi.Options{Transport: s.index}),
		Sources:   sources, Store: s.store,
	}
}

// forget loses the database.
func (s *siege) forget() {
	count("databases lost")
	s.store.Close()
	s.start()
}

func (s *siege) end() { s.store.Close() }

// run is one run of the real program, which has to end in time and within its
// bounds.
func (s *siege) run() {
	began, asked, before := time.Now(), s.index.requests.Load(), s.before()
	report, err := s.runner.Run(context.Background(), s.config, began.UTC())
	if !report.Quiet { // one that is over early names no update
		s.last = report
	}
	count("runs")
	count("runs that ended " + string(report.Status))
	if err != nil {
		s.judge.fault("a run ended with %v", err)
	}
	if took := time.Since(began); took > 51*time.Minute {
		s.judge.fault("a run took %s", took)
	}
	n := int(s.index.requests.Load() - asked)
	most("requests to indexes in one run at most", n)
	if n > 24_000 {
		s.judge.fault("a run made %d requests to indexes", n)
	}
	if i, ok := s.board(); ok {
		s.offered = append(s.offered, i.Description)
	}
	s.again(before, report, began.UTC())
	s.judge.output("the page", report.Body)
	s.judge.output("a failure", strings.Join(report.Failures, "\n"))
	s.judge.look()
	s.judge.credits()
	if _, open := s.board(); s.sound && open {
		s.judge.honest()
	}
	memory()
}

// board is our open dashboard.
func (s *siege) board() (gitlabsim.Issue, bool) {
	for _, i := range s.project.Issues() {
		if i.Author == redBot && i.State == "opened" {
			return i, true
		}
	}
	return gitlabsim.Issue{}, false
}

// text is one of the corpus, line one without breaks.
func (s *siege) text() string { return oneOf(s.rand, s.texts...) }

func (s *siege) line() string {
	words := strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s.text(), "\x00", ""), "")), " ")
	r := []rune("x" + words)
	return string(r[:min(len(r), 200)])
}
