// Package watched plays three weeks of a service over six projects, for tests of what people
// see of it: real runs on a simulated GitLab and index fill a real database.
//
// Its invariant: what it leaves is the same each time. It starts no scheduler and no address.
package watched

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
)

// The projects, and how they stand at the end.
const (
	Behind  = "cki-project/pipeline-definition"                                             // with merged, closed and failing merge requests
	Current = "cki-project/cki-lib"                                                         // nothing to do
	Long    = "platform/services/observability/a-project-with-a-rather-long-name-in-groups" // behind, without merge requests
	Stopped = "platform/stopped"                                                            // its file is malformed
	Failing = "platform/failing"                                                            // the last run failed
	Paused  = "platform/paused"
	Unseen  = "platform/new" // no run has looked at it
)

const configuration = `
gitlab: {url: https://gitlab.example}
index: {name: pypi, url: https://pypi.example/simple/}
defaults: {window: "* * * * SAT,SUN", timezone: Europe/Prague, minimum_release_age: 3d, max_open_merge_requests: 4, python: ["3.9", "3.12"]}
projects:
  - {path: ` + Behind + `, files: [{path: constraints.txt}]}
  - {path: ` + Current + `}
  - {path: ` + Long + `}
  - {path: ` + Stopped + `}
  - {path: ` + Failing + `}
  - {path: ` + Paused + `}
`

// Service is what was played.
type Service struct {
	Store  *store.Store
	GitLab *gitlabsim.Server
	t      testing.TB
	runner *reconcile.Runner
	paths  map[string]config.Project

	mu sync.Mutex
	at time.Time
}

// Now is the instant at which the service stands: Thursday, 26 November 2026, at noon.
func (s *Service) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// New plays the weeks.
func New(t testing.TB) *Service {
	t.Helper()
	s := &Service{t: t, paths: map[string]config.Project{}}
	s.moment("2026-11-12T08:00:00Z")
	world := s.file("internal/fake/demo/world.txt")
	pins := s.file("internal/fake/demo/constraints.txt")
	index := pypisim.New(pypisim.Options{Now: s.Now, NoLog: true})
	s.must(index.Load(world))
	s.GitLab = gitlabsim.New(gitlabsim.Options{Now: s.Now})
	s.GitLab.AddBot("pinwheel-bot", "pinwheel")
	s.GitLab.AddUser("alice", "Alice", false)
	for path, text := range map[string]string{
		Behind: pins, Current: "constantly==23.10.4\nbackoff==2.2.1\n", Long: "furl==2.1.3\nattrs==23.2.0\nurllib3==1.26.18\n",
		Stopped: "arrow==1.3.0\n", Failing: "furl==2.1.3\nurllib3==1.26.18\n", Paused: "click==8.1.7\narrow==1.3.0\n",
	} {
		p := s.GitLab.AddProject(path, "main", map[string]string{"constraints.txt": text})
		p.SetCI(path == Behind)
		s.GitLab.AddMember(p, "pinwheel-bot", gitlabsim.Developer)
		s.GitLab.AddMember(p, "alice", gitlabsim.Maintainer)
	}
	s.wire(index)
	s.play()
	return s
}

func (s *Service) file(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(testenv.Root(s.t), filepath.FromSlash(name)))
	s.must(err)
	return string(data)
}

func (s *Service) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *Service) moment(text string) {
	s.t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	s.must(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = at
}

func (s *Service) wire(index *pypisim.Server) {
	s.t.Helper()
	c, err := config.Parse("pinwheel.yaml", []byte(configuration))
	s.must(err)
	for _, p := range c.Projects {
		s.paths[p.Path] = p
	}
	client, err := gitlab.Connect(gitlab.Options{URL: "https://gitlab.example", Token: s.GitLab.Token("pinwheel-bot"), Transport: s.GitLab.Transport(), Retries: -1})
	s.must(err)
	s.Store, err = store.Open(s.t.Context(), filepath.Join(s.t.TempDir(), "pinwheel.db"))
	s.must(err)
	s.t.Cleanup(func() { s.Store.Close() })
	s.Store.RunAs(store.Process{Owner: store.Owner{Host: "watched", PID: 1, Instance: "watched"}})
	sources := map[string]pypi.Source{}
	for _, i := range c.Projects[0].Policy.Indexes {
		sources[i.Name] = pypi.Source{Index: i}
	}
	s.runner = reconcile.New(reconcile.Options{
		GitLab: client, Dashboard: dashboard.NewPublisher(client), Index: pypi.New(pypi.Options{Transport: index.Transport(), Retries: -1}), Sources: sources, Store: s.Store, Views: true, Version: "1.2.3",
	})
}

// run looks at projects, all of them if none is named.
func (s *Service) run(paths ...string) {
	s.t.Helper()
	if len(paths) == 0 {
		paths = []string{Behind, Current, Long, Stopped, Failing, Paused}
	}
	for _, path := range paths {
		if _, err := s.runner.Run(context.Background(), s.paths[path], s.Now()); err != nil {
			s.t.Logf("%s: %v", path, err)
		}
	}
}

func (s *Service) play() {
	s.t.Helper()
	behind := s.GitLab.Project(Behind)
	s.run()
	s.moment("2026-11-14T09:00:00Z") // a Saturday
	s.run(Behind, Long)
	s.must(behind.Pipeline("pinwheel-bot", "!1", "success", "canary"))
	s.moment("2026-11-16T09:00:00Z")
	s.must(behind.MergeMR("alice", 1))
	s.must(behind.CloseMR("alice", 2))
	s.run(Behind, Long)
	s.moment("2026-11-21T09:00:00Z")
	s.must(s.GitLab.Inject(fmt.Sprintf("POST /projects/%d/merge_requests 500 always", s.GitLab.Project(Failing).ID())))
	s.run(Behind, Long, Failing)
	s.GitLab.ClearFaults()
	for _, mr := range s.open(behind) {
		s.must(behind.Pipeline("pinwheel-bot", mr, "failed", "canary"))
		break
	}
	s.moment("2026-11-26T11:30:00Z")
	_, err := s.GitLab.Project(Stopped).EditFile("alice", "constraints.txt", "arrow==1.3.0\nthis is not a pin\n")
	s.must(err)
	s.run(Behind, Current, Long, Stopped)
	s.must(s.Store.Pause(s.t.Context(), store.Pause{Project: Paused, Reason: "release week", Who: "alice", At: s.Now()}))
	s.run(Paused)
	s.moment("2026-11-26T12:00:00Z")
	for _, f := range s.GitLab.Failures() {
		s.t.Errorf("the simulated GitLab did not understand: %s", f)
	}
}

// open are the open merge requests of a project, "!3".
func (s *Service) open(p *gitlabsim.Project) []string {
	var out []string
	for _, mr := range p.MRs() {
		if mr.State == "opened" {
			out = append(out, fmt.Sprintf("!%d", mr.IID))
		}
	}
	return out
}

// States is how the projects stand with a scheduler.
func (s *Service) States() []scheduler.State {
	at := func(minute int) time.Time { return time.Date(2026, 11, 26, 12, minute, 0, 0, time.UTC) }
	return []scheduler.State{
		{Project: Behind, Next: at(17), Took: 4200 * time.Millisecond}, {Project: Current, Next: at(21), Took: 310 * time.Millisecond},
		{Project: Long, Waiting: at(-1), Next: at(31), Took: 900 * time.Millisecond}, {Project: Stopped, Next: at(40), Took: 120 * time.Millisecond},
		{Project: Failing, Running: at(-2), Next: at(44), Took: 18 * time.Second}, {Project: Paused, Next: at(50), Took: 95 * time.Millisecond},
		{Project: Unseen, Waiting: at(-4), Next: at(55)}, {Project: Unseen + " bot", Waiting: at(-9)},
	}
}

// Slug is a project's path as the name of a file.
func Slug(path string) string { return strings.ReplaceAll(strings.Trim(path, "/"), "/", "-") }
