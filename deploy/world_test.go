package deploy_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/deploy"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
)

// members are the projects of the set.
var members = []string{"cki/cki-lib", "cki/cki-tools", "cki/pipeline-definition"}

// world is a GitLab with the projects of a set, and one that keeps the sets.
type world struct {
	t       *testing.T
	sim     *gitlabsim.Server
	token   string
	made    int
	said    []string
	mu      sync.Mutex
	asked   map[string]map[string]bool // by project: commits that somebody asked for
	commits map[string][]string        // of the default branch, oldest first
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, sim: gitlabsim.New(gitlabsim.Options{Now: time.Now}), asked: map[string]map[string]bool{}, commits: map[string][]string{}}
	w.sim.AddBot("deployer", "deployer")
	w.sim.AddUser("dave", "Dave", false)
	for _, path := range append([]string{"cki/deployments"}, members...) {
		p := w.sim.AddProject(path, "main", map[string]string{"README.md": path})
		p.SetRole("deployer", gitlabsim.Maintainer)
		p.SetRole("dave", gitlabsim.Maintainer)
		w.commits[path] = []string{p.Head("main")}
	}
	for _, path := range members {
		p := w.sim.Project(path)
		w.ok(p.CreateBranch("dave", "production", "main"))
		p.Protect("production", gitlabsim.Maintainer, gitlabsim.Maintainer)
		p.AllowForcePush("production")
		w.asked[path] = map[string]bool{p.Head("production"): true}
	}
	w.token = w.sim.Token("deployer", "api", "write_repository")
	return w
}

// end fails a test for what the simulated GitLab does not know.
func (w *world) end() {
	for _, f := range w.sim.Failures() {
		w.t.Errorf("the simulated GitLab was asked what it does not know: %s", f)
	}
}

// inWorld runs a test in a bubble.
func inWorld(t *testing.T, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		test(w)
		w.end()
	})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) same(got, want any) {
	w.t.Helper()
	if got != want {
		w.t.Fatalf("got  %v\nwant %v", got, want)
	}
}

// merge puts a commit on the default branch.
func (w *world) merge(path string) string {
	w.t.Helper()
	n := len(w.commits[path])
	sha, err := w.sim.Project(path).Push("dave", "main", fmt.Sprintf("Change %d", n), map[string]string{"change": fmt.Sprint(n)})
	w.ok(err)
	w.commits[path] = append(w.commits[path], sha)
	return sha
}

func (w *world) production(path string) string { return w.sim.Project(path).Head("production") }

// deployer is a process of its own.
func (w *world) deployer(transport http.RoundTripper) (*deploy.Deployer, error) {
	if transport == nil {
		transport = w.sim.Transport()
	}
	w.mu.Lock()
	w.made++
	name := fmt.Sprintf("process-%d", w.made)
	w.mu.Unlock()
	c, err := gitlab.Connect(gitlab.Options{URL: w.sim.BaseURL(), Token: w.token, Transport: transport})
	if err != nil {
		return nil, err
	}
	return deploy.New(context.Background(), deploy.Options{
		Client: c, Place: deploy.Place{Project: "cki/deployments", Folder: "deployments"}, Members: members, Branch: "production", Environment: "production",
		Constraints: "cki/pipeline-definition", ConstraintsFiles: []string{"change", "constraints.yml"},
		Clock: time.Now, Instance: name,
		Do: func(ctx context.Context, _ string, _ plan.Fact, effect func(context.Context) journal.Outcome) error {
			effect(ctx)
			return nil
		},
		Say: func(format string, args ...any) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.said = append(w.said, fmt.Sprintf(format, args...))
		},
	})
}

// order is what the job of a commit of the default branch asks for.
func (w *world) order(path, sha string) deploy.Order {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[path][sha] = true
	return deploy.Order{Asked: deploy.Asked{Project: path, SHA: sha, Default: true}, Person: deploy.Person{Name: "dave", Page: "https://gitlab.example/job"}}
}

// deploy runs one deploy job.
func (w *world) deploy(o deploy.Order) (deploy.Outcome, error) {
	d, err := w.deployer(nil)
	if err != nil {
		return deploy.Outcome{}, err
	}
	return d.Deploy(context.Background(), o)
}

func (w *world) must(o deploy.Order) deploy.Outcome {
	w.t.Helper()
	out, err := w.deploy(o)
	w.ok(err)
	return out
}

// sets are the files of sets.
func (w *world) sets() []string {
	return slices.DeleteFunc(w.sim.Project("cki/deployments").Paths("main"), func(p string) bool { return !strings.Contains(p, "/sets/") })
}
