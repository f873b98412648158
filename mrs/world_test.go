package mrs_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

const (
	pins   = "boto3==1.34.0\nidna==3.4\n"
	twin   = "---\nvariables:\n  PYTHON_CONSTRAINTS: |\n    boto3==1.34.0\n    idna==3.4\n"
	prefix = "pinwheel/"
	work   = "pinwheel/boto3-1.x"
)

// world is one simulated project with people and a client of ours.
type world struct {
	t       *testing.T
	ctx     context.Context //nolint:containedctx // of one test
	sim     *gitlabsim.Server
	p       *gitlabsim.Project
	gl      *gitlab.Client
	c       *mrs.Client
	project plan.Project
	bot     plan.User
}

// inWorld runs a test in a bubble and fails it for any call that the simulated
// GitLab does not know.
func inWorld(t *testing.T, opt gitlabsim.Options, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opt.Now = time.Now
		w := &world{t: t, ctx: t.Context(), sim: gitlabsim.New(opt)}
		w.sim.AddBot("pinwheel-bot", "Pinwheel")
		w.sim.AddUser("dave", "Dave", false)
		w.p = w.sim.AddProject("cki/pipeline", "main", map[string]string{"constraints.txt": pins, "pipeline/constraints.yml": twin})
		w.p.SetRole("pinwheel-bot", gitlabsim.Developer)
		w.p.SetRole("dave", gitlabsim.Maintainer)
		w.c = w.client(w.sim.Token("pinwheel-bot"), w.sim.Transport())
		bot, err := w.gl.Whoami(w.ctx)
		w.ok(err)
		project, err := w.gl.Project(w.ctx, "cki/pipeline", 0)
		w.ok(err)
		w.bot, w.project = plan.User(bot), mrs.ProjectOf(project)
		test(w)
		for _, f := range w.sim.Failures() {
			t.Errorf("the simulated GitLab was asked what it does not know: %s", f)
		}
	})
}

func (w *world) client(token string, transport http.RoundTripper) *mrs.Client {
	w.t.Helper()
	gl, err := gitlab.Connect(gitlab.Options{URL: w.sim.BaseURL(), Token: token, Transport: transport})
	w.ok(err)
	w.gl = gl
	return mrs.New(gl, mrs.Options{BranchPrefix: prefix})
}

var view = mrs.BodyView{
	ProjectID: 21704, MinimumAge: 72 * time.Hour, Dashboard: 222,
	Files: []plan.FilePolicy{{Path: "constraints.txt", Derived: &plan.Derived{Path: "pipeline/constraints.yml", Format: "block"}}},
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

// apply carries out an action and expects it to work.
func (w *world) apply(a plan.Action) mrs.Outcome {
	w.t.Helper()
	out, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view))
	w.ok(err)
	return out
}

// quiet applies an action again and expects nothing to be written.
func (w *world) quiet(a plan.Action) mrs.Outcome {
	w.t.Helper()
	before := w.writes()
	out := w.apply(a)
	w.same(out.Wrote, false)
	w.same(w.writes(), before)
	return out
}

// commit is the action that moves boto3 to a version on the newest main.
func (w *world) commit(version, expect string, mr int64) plan.CommitBranch {
	base := w.p.Head("main")
	files := []plan.FileChange{
		{Path: "constraints.txt", Content: []byte(strings.ReplaceAll(pins, "1.34.0", version)), Before: []byte(pins)},
		{Path: "pipeline/constraints.yml", Content: []byte(strings.ReplaceAll(twin, "1.34.0", version)), Before: []byte(twin)},
	}
	a := plan.CommitBranch{Branch: work, Base: base, Expect: expect, Files: files, MR: mr, Digest: plan.ChangeDigest(work, files)}
	a.Message = "Update dependency boto3 to v" + version + "\n\nPinwheel-Base: " + base + "\nPinwheel-Digest: " + a.Digest +
		"\nPinwheel-Paths: constraints.txt " + url.QueryEscape("pipeline/constraints.yml") + "\n"
	return a
}

func update(version string) plan.Update {
	return plan.Update{
		Branch: work, Title: "Update dependency boto3 to v" + version, Name: "boto3", Kind: plan.Minor,
		Moves: []plan.Move{{File: "constraints.txt", Name: "boto3", Key: "boto3", From: "1.34.0", To: version, Kind: plan.Minor,
			Released: time.Date(2025, 12, 28, 15, 4, 5, 0, time.UTC), URL: "https://pypi.org/project/boto3/" + version + "/"}},
		Note: plan.MergeRequestNote{Digest: "d-" + version, Why: "window", At: time.Date(2026, 1, 3, 2, 5, 0, 0, time.UTC)},
	}
}

// newest is the version that a merge request brings.
const newest = "1.35.0"

func (w *world) open() plan.OpenMergeRequest {
	return plan.OpenMergeRequest{Update: update(newest), Target: "main", Labels: []string{"dependencies"}}
}

// opened makes branch and merge request.
func (w *world) opened() (head string, m plan.MergeRequest) {
	w.t.Helper()
	head = w.apply(w.commit(newest, "", 0)).Head
	time.Sleep(time.Minute)
	m = *w.apply(w.open()).MR
	time.Sleep(time.Minute)
	return head, m
}

func (w *world) mr(iid int64) gitlabsim.MergeRequest {
	w.t.Helper()
	m, ok := w.p.MR(int(iid))
	w.same(ok, true)
	return m
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
