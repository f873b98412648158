package gitlab_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

const (
	pins = "boto3==1.34.0\nidna==3.4\n"
	work = "pinwheel/boto3-1.x"
)

// world is one simulated project with people and a client of ours.
type world struct {
	t       *testing.T
	ctx     context.Context //nolint:containedctx // of one test
	sim     *gitlabsim.Server
	p       *gitlabsim.Project
	c       *gitlab.Client
	project gitlab.Project
	bot     gitlab.User
}

// inWorld runs a test in a bubble and fails it for any call that the simulated
// GitLab does not know.
func inWorld(t *testing.T, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, ctx: t.Context(), sim: gitlabsim.New(gitlabsim.Options{Now: time.Now})}
		w.sim.AddBot("pinwheel-bot", "Pinwheel")
		w.sim.AddUser("dave", "Dave", false)
		w.p = w.sim.AddProject("cki/pipeline", "main", map[string]string{"constraints.txt": pins})
		w.p.SetRole("pinwheel-bot", gitlabsim.Developer)
		w.p.SetRole("dave", gitlabsim.Maintainer)
		w.c = w.client(w.sim.Token("pinwheel-bot"), w.sim.Transport())
		var err error
		w.bot, err = w.c.Whoami(w.ctx)
		w.ok(err)
		w.project, err = w.c.Project(w.ctx, "cki/pipeline", 0)
		w.ok(err)
		test(w)
		for _, f := range w.sim.Failures() {
			t.Errorf("the simulated GitLab was asked what it does not know: %s", f)
		}
	})
}

func (w *world) client(token string, transport http.RoundTripper) *gitlab.Client {
	w.t.Helper()
	c, err := gitlab.Connect(gitlab.Options{URL: w.sim.BaseURL(), Token: token, Transport: transport})
	w.ok(err)
	return c
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

func (w *world) fault(text string) {
	w.t.Helper()
	w.ok(w.sim.Inject(text))
}

func (w *world) writes() int { return len(w.sim.Writes(time.Time{})) }

// write is a write like any other: a commit that makes the branch work.
func (w *world) write(c *gitlab.Client, action api.FileActionValue) error {
	opt := &api.CreateCommitOptions{Branch: new(work), StartBranch: new("main"), CommitMessage: new("Move boto3"),
		Actions: []*api.CommitActionOptions{{Action: &action, FilePath: new("constraints.txt"), Content: new("boto3==1.35.0\n")}}}
	_, _, err := c.API.Commits.CreateCommit(w.project.ID, opt, api.WithContext(w.ctx))
	return gitlab.Fail(err, "commit to branch %s", work)
}

// overlay gives some answers itself and lets the rest pass.
type overlay struct {
	next http.RoundTripper
	take func(*http.Request) *http.Response
}

func (o overlay) RoundTrip(req *http.Request) (*http.Response, error) {
	if resp := o.take(req); resp != nil {
		resp.Request = req
		return resp, nil
	}
	return o.next.RoundTrip(req)
}
