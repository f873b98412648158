package reconcile_test

import (
	"cmp"
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
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

const smallWorld = `
boto3 1.34.39 2024-02-09T20:00:00Z
boto3 1.34.41 2025-12-20T20:00:00Z
lxml 4.9.4 2023-12-19T10:00:00Z
lxml 5.3.2 2025-11-20T10:00:00Z
certifi 2025.11.12 2025-11-12T10:00:00Z
certifi 2026.1.1 2026-01-01T10:00:00Z
six 1.17.0 2024-12-04T17:00:00Z
`

const smallConfig = `
gitlab: {url: https://gitlab.example}
index: {url: https://index.example/simple/}
projects:
  - path: cki/pipe
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml}}
    timezone: Europe/Prague
    window: "* * * * SAT,SUN"
    python: ["3.9", "3.12"]
`

// world is one GitLab, one index and one store, with a clock the test moves.
type world struct {
	bubbled bool   // the clock is that of a bubble, and not now
	version string // of the program; without it every run is a whole one
	t       *testing.T
	now     time.Time
	gitlab  *gitlabsim.Server
	project *gitlabsim.Project
	index   *pypisim.Server
	config  *config.Config
	path    string
	url     string // of the GitLab; empty is https://gitlab.example
	// Each request passes its gate first, unless that is nil.
	gitlabGate, indexGate func(*http.Request) error
	// spoils, unless nil, is shown each answer of the index.
	spoils func(*http.Response)
}

// wire is the transport to the index.
func (w *world) wire() http.RoundTripper {
	honest := gated(w.index.Transport(), &w.indexGate)
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := honest.RoundTrip(r)
		if err == nil && w.spoils != nil {
			response.Request = r
			w.spoils(response)
		}
		return response, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// gated is a transport behind one of the world's gates.
func gated(next http.RoundTripper, gate *func(*http.Request) error) http.RoundTripper {
	return through{next, func(r *http.Request) error {
		if *gate == nil {
			return nil
		}
		return (*gate)(r)
	}}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC), path: filepath.Join(t.TempDir(), "pinwheel.db")}
	clock := func() time.Time {
		if w.bubbled {
			return time.Now().UTC()
		}
		return w.now
	}
	w.gitlab = gitlabsim.New(gitlabsim.Options{Now: clock})
	w.gitlab.AddUser("alice", "Alice", false)
	w.gitlab.AddUser("bob", "Bob", false)
	w.gitlab.AddBot("pinwheel", "pinwheel")
	w.project = w.gitlab.AddProject("cki/pipe", "main", map[string]string{
		"constraints.txt":          "boto3==1.34.39\ncertifi==2025.11.12\nlxml==4.9.4\nsix==1.17.0\n",
		"pipeline/constraints.yml": "---\n# Generated from constraints.txt by pinwheel. Do not edit.\nvariables:\n  PYTHON_CONSTRAINTS: |\n    boto3==1.34.39\n    certifi==2025.11.12\n    lxml==4.9.4\n    six==1.17.0\n",
	})
	w.project.SetCI(false)
	w.gitlab.AddMember(w.project, "alice", gitlabsim.Maintainer)
	w.gitlab.AddMember(w.project, "bob", gitlabsim.Developer)
	w.gitlab.AddMember(w.project, "pinwheel", gitlabsim.Developer)
	w.index = pypisim.New(pypisim.Options{Now: clock})
	if err := w.index.Load(smallWorld); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.config, err = config.Parse("pinwheel.yaml", []byte(smallConfig)); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) runner() *reconcile.Runner {
	w.t.Helper()
	return w.retrying(-1)
}

// patient is a runner that repeats what it asks of GitLab as the program does.
func (w *world) patient() *reconcile.Runner { return w.retrying(0) }

func (w *world) retrying(retries int) *reconcile.Runner {
	w.t.Helper()
	ctx := context.Background()
	gl, err := gitlab.Connect(gitlab.Options{URL: cmp.Or(w.url, "https://gitlab.example"), Token: w.gitlab.Token("pinwheel"), Transport: gated(w.gitlab.Transport(), &w.gitlabGate), Retries: retries})
	if err != nil {
		w.t.Fatal(err)
	}
	db, err := store.Open(ctx, w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { db.Close() })
	db.RunAs(store.Process{Owner: store.Owner{Host: "h", PID: 1, Instance: "i"}})
	sources := map[string]pypi.Source{}
	for _, index := range w.config.Projects[0].Policy.Indexes {
		sources[index.Name] = pypi.Source{Index: index}
	}
	return reconcile.New(reconcile.Options{
		GitLab:    gl,
		Dashboard: dashboard.NewPublisher(gl),
		Index:     pypi.New(pypi.Options{Transport: w.wire()}),
		Version:   w.version,
		Sources:   sources, Store: db,
	})
}

func (w *world) run() reconcile.Report {
	w.t.Helper()
	report, err := w.runner().Run(context.Background(), w.config.Projects[0], w.now)
	if err != nil {
		w.t.Fatalf("run at %s: %v", w.now, err)
	}
	if f := w.gitlab.Failures(); len(f) > 0 {
		w.t.Fatalf("the simulated GitLab did not understand: %v", f)
	}
	return report
}

func TestFridayTickThenSaturday(t *testing.T) {
	w := newWorld(t)
	if r := w.run(); r.Status != reconcile.Done || len(r.Failures) > 0 {
		t.Fatalf("first run: %s %v", r.Status, r.Failures)
	}
	issues := w.project.Issues()
	if len(issues) != 1 || !strings.Contains(issues[0].Description, "## Awaiting Schedule") {
		t.Fatalf("no dashboard with waiting updates: %v", issues)
	}
	t.Log(issues[0].Description)
	if n := len(w.project.MRs()); n != 0 {
		t.Fatalf("%d merge requests outside the window", n)
	}
	w.now = w.now.Add(10 * time.Minute)
	if err := w.project.Tick("bob", issues[0].IID, "boto3"); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(50 * time.Minute)
	w.run()
	opened := w.project.MRs()
	if len(opened) != 1 || opened[0].SourceBranch != "pinwheel/boto3-1.x" {
		t.Fatalf("a tick opened %v", opened)
	}
	t.Log(opened[0].Description)
	t.Log(w.project.Issues()[0].Description)
	w.now = time.Date(2026, 1, 3, 2, 0, 0, 0, time.UTC)
	r := w.run()
	if n := len(w.project.MRs()); n != 2 {
		t.Fatalf("%d merge requests on Saturday, want 2: %v", n, r.Failures)
	}
	before := w.now
	w.now = w.now.Add(time.Hour)
	w.run()
	for _, q := range w.gitlab.Writes(before) {
		if q.At.After(before) {
			t.Errorf("a second run wrote: %v", q)
		}
	}
	t.Log(w.project.Issues()[0].Description)
}
