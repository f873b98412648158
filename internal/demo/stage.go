package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/internal/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/pypisim"
	"gitlab.com/cki-project/pinwheel/mrs"
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

// Options of a demo. The zero value plays the week once, without colours.
type Options struct {
	Once  bool // play the week and end; for now it always ends
	Color bool // red, green and bold, for a terminal
}

// stage is the world the week happens in.
type stage struct {
	page
	mu      sync.Mutex
	at      time.Time
	zone    *time.Location
	gitlab  *gitlabsim.Server
	project *gitlabsim.Project
	runner  *reconcile.Runner
	policy  config.Project
	seen    []line // of the dashboard, as printed last
	writes  int    // of the last run
	failed  error  // the first thing that went wrong
	close   []func()
}

// Run plays the week and prints what happens. It fails only if something goes
// otherwise than the script says, or when ctx ends.
func Run(ctx context.Context, out io.Writer, opt Options) error {
	s, err := newStage(ctx, &page{out: out, color: opt.Color})
	defer func() {
		for i := len(s.close) - 1; i >= 0; i-- {
			s.close[i]()
		}
	}()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	s.week(ctx)
	if err := errors.Join(s.failed, s.page.err); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if f := s.gitlab.Failures(); len(f) > 0 {
		return fmt.Errorf("demo: the simulated GitLab did not understand: %s", strings.Join(f, "; "))
	}
	return nil
}

// newStage builds the world. What it returns has to be closed, error or not.
func newStage(ctx context.Context, p *page) (*stage, error) {
	s := &stage{page: *p}
	var err error
	if s.zone, err = time.LoadLocation("Europe/Prague"); err != nil {
		return s, err
	}
	s.set("2026-11-26 08:30")
	dir, err := os.MkdirTemp("", "pinwheel-demo-")
	if err != nil {
		return s, err
	}
	s.close = append(s.close, func() { os.RemoveAll(dir) })

	index := pypisim.New(pypisim.Options{Now: s.now, NoLog: true})
	if err := index.Load(indexWorld); err != nil {
		return s, err
	}
	s.gitlab = gitlabsim.New(gitlabsim.Options{Now: s.now})
	gitlabURL, err := s.serve(ctx, s.gitlab)
	if err != nil {
		return s, err
	}
	indexURL, err := s.serve(ctx, index)
	if err != nil {
		return s, err
	}
	s.gitlab.SetBaseURL(gitlabURL)
	s.hide = strings.NewReplacer(gitlabURL, "https://gitlab.example", indexURL, "https://pypi.example")
	s.people()
	return s, s.wire(ctx, gitlabURL, indexURL, filepath.Join(dir, "pinwheel.db"))
}

func (s *stage) people() {
	s.gitlab.AddBot(bot, "pinwheel")
	s.project = s.gitlab.AddProject("cki-project/pipeline-definition", "main", map[string]string{
		pinsPath: pins,
		twinPath: "---\n# Generated from constraints.txt by pinwheel. Do not edit.\nvariables:\n  PYTHON_CONSTRAINTS: |\n    " +
			strings.ReplaceAll(strings.TrimSuffix(pins, "\n"), "\n", "\n    ") + "\n",
	})
	s.gitlab.AddMember(s.project, bot, gitlabsim.Developer)
	for _, person := range []struct {
		name string
		role int
	}{{"alice", gitlabsim.Maintainer}, {"bob", gitlabsim.Developer}, {"erin", gitlabsim.Reporter}} {
		s.gitlab.AddUser(person.name, strings.ToUpper(person.name[:1])+person.name[1:], false)
		s.gitlab.AddMember(s.project, person.name, person.role)
	}
}

func (s *stage) wire(ctx context.Context, gitlabURL, indexURL, database string) error {
	c, err := config.Parse("pinwheel.yaml", fmt.Appendf(nil, configuration, gitlabURL, indexURL))
	if err != nil {
		return err
	}
	s.policy = c.Projects[0]
	gl, err := mrs.NewGitLab(mrs.ConnectOptions{URL: gitlabURL, Token: s.gitlab.Token(bot)})
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, database)
	if err != nil {
		return err
	}
	s.close = append(s.close, func() { db.Close() })
	sources := map[string]pypi.Source{}
	for _, index := range s.policy.Policy.Indexes {
		sources[index.Name] = pypi.Source{Index: index}
	}
	s.runner = reconcile.New(reconcile.Options{
		MergeRequests: func(o mrs.Options) *mrs.Client { return mrs.New(gl, o) },
		Dashboard:     dashboard.NewPublisher(gl),
		Index:         pypi.New(pypi.Options{}),
		Sources:       sources, Store: db,
		Owner: store.Owner{Host: "demo", PID: 1, Instance: "demo"},
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
	go server.Serve(l)
	s.close = append(s.close, func() { server.Close() })
	return "http://" + l.Addr().String(), nil
}

// now is the clock of the fakes and of the runs.
func (s *stage) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// set moves the clock to an instant in the project's zone.
func (s *stage) set(text string) {
	at, err := time.ParseInLocation("2006-01-02 15:04", text, s.zone)
	s.must(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = at.UTC()
}

// must keeps the first error; the script goes on, but Run fails.
func (s *stage) must(err error) {
	if err != nil && s.failed == nil {
		s.failed = fmt.Errorf("%s: %w", s.at.In(s.zone).Format("Mon 15:04"), err)
	}
}
