package demo

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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

//go:embed world.txt
var indexWorld string

//go:embed constraints.txt
var pins string

const (
	pinsPath = "constraints.txt"
	twinPath = "pipeline/constraints.yml"
	bot      = "pinwheel-bot"

	// What stands for the addresses of the simulated servers, which have ports.
	simulatedGitLab = "https://gitlab.example"
	simulatedIndex  = "https://pypi.example"
)

const configuration = `
gitlab: {url: %s}
index: {name: pypi, url: %s/simple/}
projects:
  - path: cki-project/pipeline-definition
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml}}
    window: "* * * * SAT,SUN"
    timezone: Europe/Prague
    minimum_release_age: 3d
    max_open_merge_requests: 4
    python: ["3.9", "3.12"]
`

// stage is the world that a demo happens in. Its clock stands still until it is
// set.
type stage struct {
	mu      sync.Mutex
	at      time.Time
	zone    *time.Location
	gitlab  *gitlabsim.Server
	index   *pypisim.Server
	project *gitlabsim.Project
	runner  *reconcile.Runner
	policy  config.Project
	store   *store.Store
	hide    *strings.Replacer // addresses of the simulated servers
	// where these are
	gitlabURL, indexURL string
	tested              map[string]bool // heads whose pipelines ended; nil: CI/CD is off
	ending              []func()
}

// newStage builds the world. What it returns has to be closed, error or not.
func newStage(ctx context.Context) (*stage, error) {
	s := &stage{}
	var err error
	if s.zone, err = time.LoadLocation("Europe/Prague"); err != nil {
		return s, err
	}
	if err := s.set("2026-11-26 08:30"); err != nil {
		return s, err
	}
	dir, err := os.MkdirTemp("", "pinwheel-demo-")
	if err != nil {
		return s, err
	}
	s.ending = append(s.ending, func() { os.RemoveAll(dir) })

	s.index = pypisim.New(pypisim.Options{Now: s.now, NoLog: true})
	if err := s.index.Load(indexWorld); err != nil {
		return s, err
	}
	s.gitlab = gitlabsim.New(gitlabsim.Options{Now: s.now})
	gitlabURL, err := s.serve(ctx, s.gitlab)
	if err != nil {
		return s, err
	}
	indexURL, err := s.serve(ctx, s.index)
	if err != nil {
		return s, err
	}
	s.gitlabURL, s.indexURL = gitlabURL, indexURL
	s.gitlab.SetBaseURL(gitlabURL)
	s.hide = strings.NewReplacer(gitlabURL, simulatedGitLab, indexURL, simulatedIndex)
	s.populate()
	return s, s.wire(ctx, gitlabURL, indexURL, filepath.Join(dir, "pinwheel.db"))
}

// person is somebody of the project.
type person struct {
	name, role string
	level      int
}

// people are those who can act.
func people() []person {
	return []person{
		{"alice", "Maintainer", gitlabsim.Maintainer}, {"bob", "Developer", gitlabsim.Developer}, {"erin", "Reporter", gitlabsim.Reporter},
	}
}

func (s *stage) populate() {
	s.gitlab.AddBot(bot, "pinwheel")
	s.project = s.gitlab.AddProject("cki-project/pipeline-definition", "main", map[string]string{
		pinsPath: pins,
		twinPath: twinOf(pins),
	})
	s.project.SetCI(false)
	s.gitlab.AddMember(s.project, bot, gitlabsim.Developer)
	for _, p := range people() {
		s.gitlab.AddUser(p.name, p.name, false)
		s.gitlab.AddMember(s.project, p.name, p.level)
	}
}

// twinOf is the derived file of pins.
func twinOf(pins string) string {
	return "---\n# Generated from constraints.txt by pinwheel. Do not edit.\nvariables:\n  PYTHON_CONSTRAINTS: |\n    " +
		strings.ReplaceAll(strings.TrimSuffix(pins, "\n"), "\n", "\n    ") + "\n"
}

func (s *stage) wire(ctx context.Context, gitlabURL, indexURL, database string) error {
	c, err := config.Parse("pinwheel.yaml", fmt.Appendf(nil, configuration, gitlabURL, indexURL))
	if err != nil {
		return err
	}
	s.policy = c.Projects[0]
	gl, err := gitlab.Connect(gitlab.Options{URL: gitlabURL, Token: s.gitlab.Token(bot)})
	if err != nil {
		return err
	}
	s.store, err = store.Open(ctx, database)
	if err != nil {
		return err
	}
	s.store.RunAs(store.Process{Owner: store.Owner{Host: "demo", PID: 1, Instance: "demo"}})
	s.ending = append(s.ending, func() { s.store.Close() })
	sources := map[string]pypi.Source{}
	for _, index := range s.policy.Policy.Indexes {
		sources[index.Name] = pypi.Source{Index: index}
	}
	s.runner = reconcile.New(reconcile.Options{
		GitLab:    gl,
		Dashboard: dashboard.NewPublisher(gl),
		Index:     pypi.New(pypi.Options{Retries: -1}), // an index that is broken here is broken on purpose
		Sources:   sources, Store: s.store,
	})
	return nil
}

// serve answers on a free port of the loopback until the stage is closed.
func (s *stage) serve(ctx context.Context, h http.Handler) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go server.Serve(l) //nolint:errcheck // it ends with an error when the stage is closed, and never before
	s.ending = append(s.ending, func() { server.Close() })
	return "http://" + l.Addr().String(), nil
}

// now is the clock of the fakes and of the runs.
func (s *stage) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// set moves the clock to an instant in the project's zone.
func (s *stage) set(text string) error {
	at, err := time.ParseInLocation("2006-01-02 15:04", text, s.zone)
	if err == nil {
		s.moveTo(at)
	}
	return err
}

func (s *stage) moveTo(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = at.UTC()
}

// local is the time on the wall of the project's people.
func (s *stage) local() time.Time { return s.now().In(s.zone) }

// failing is in the branch of the merge request that fails its tests.
const failing = "configobj"

// test ends the pipelines of heads that had none yet: the default branch's
// passes, and all but one of the merge requests'.
func (s *stage) test() error {
	if s.tested == nil {
		s.tested = map[string]bool{}
		s.project.SetCI(true)
		if err := s.project.Pipeline("alice", "main", "success", "install=success", "canary=success"); err != nil {
			return err
		}
	}
	for _, m := range s.project.MRs() {
		if m.State != "opened" || s.tested[m.Head] {
			continue
		}
		s.tested[m.Head] = true
		status := "success"
		if strings.Contains(m.SourceBranch, failing) {
			status = "failed"
		}
		if err := s.project.Pipeline("alice", fmt.Sprint("!", m.IID), status, "install=success", "canary="+status); err != nil {
			return err
		}
	}
	return nil
}

// run is one run of pinwheel. It returns by how many requests it wrote to
// GitLab.
func (s *stage) run(ctx context.Context) (reconcile.Report, int, error) {
	s.gitlab.ForgetRequests()
	report, err := s.runner.Run(ctx, s.policy, s.now())
	return report, len(s.gitlab.Writes(time.Time{})), err
}

// dashboardText is the text of the dashboard, "" where there is none yet.
func (s *stage) dashboardText() string {
	for _, issue := range s.project.Issues() {
		return issue.Description
	}
	return ""
}

// close ends what newStage began.
func (s *stage) close() {
	for _, end := range slices.Backward(s.ending) {
		end()
	}
}
