package gitlabsim_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

const (
	pins = "anyio==4.2.0\nboto3==1.34.0\nbotocore==1.34.0\ncertifi==2024.1.1\nidna==3.6\nrequests==2.31.0\nurllib3==2.0.7\n"
	main = "main"
	work = "pinwheel/boto3-1.x"
)

// world is a project with a maintainer, a reporter, a stranger and the bot,
// whose client it holds.
type world struct {
	*testing.T
	s     *gitlabsim.Server
	p     *gitlabsim.Project
	c     *gitlab.Client
	now   time.Time
	token string
}

func newWorld(t *testing.T, opt gitlabsim.Options) *world {
	t.Helper()
	w := &world{T: t, now: time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)}
	opt.Now = func() time.Time { return w.now }
	w.s = gitlabsim.New(opt)
	for _, name := range []string{"bot", "maria", "rita", "stranger"} {
		w.s.AddUser(name, strings.ToUpper(name[:1])+name[1:], false)
	}
	w.p = w.s.AddProject("cki/pipeline", main, map[string]string{"constraints.txt": pins, "README.md": "hello\n"})
	w.p.SetRole("bot", gitlabsim.Developer)
	w.p.SetRole("maria", gitlabsim.Maintainer)
	w.p.SetRole("rita", gitlabsim.Reporter)
	w.token = w.s.Token("bot")
	w.c = w.client(w.token)
	t.Cleanup(func() {
		for _, failure := range w.s.Failures() {
			t.Error(failure)
		}
	})
	return w
}

func (w *world) client(token string) *gitlab.Client {
	w.Helper()
	c, err := gitlab.NewClient(token, gitlab.WithBaseURL(w.s.BaseURL()), gitlab.WithoutRetries(), gitlab.WithCustomLimiter(noLimit{}),
		gitlab.WithHTTPClient(&http.Client{Transport: w.s.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}))
	w.ok(err)
	return c
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused asserts an error with a status and a text.
func (w *world) refused(err error, status int, text string) {
	w.Helper()
	if err == nil {
		w.Fatalf("want %d %q, got no error", status, text)
	}
	response, isResponse := errors.AsType[*gitlab.ErrorResponse](err)
	switch {
	case errors.Is(err, gitlab.ErrNotFound):
		if status != 404 {
			w.Fatalf("want %d %q, got 404", status, text)
		}
	case !isResponse:
		w.Fatalf("want %d %q, got %v", status, text, err)
	case response.Response.StatusCode != status || !strings.Contains(response.Message, text):
		w.Fatalf("want %d %q, got %d %q", status, text, response.Response.StatusCode, response.Message)
	}
}

func (w *world) same(got, want any) {
	w.Helper()
	if got != want {
		w.Fatalf("got:\n%v\nwant:\n%v", got, want)
	}
}

// commit makes the bot's branch by one call.
func (w *world) commit(branch, text string) *gitlab.Commit {
	w.Helper()
	c, _, err := w.c.Commits.CreateCommit(w.p.ID(), w.commitOptions(branch, text))
	w.ok(err)
	return c
}

func (w *world) commitOptions(branch, text string) *gitlab.CreateCommitOptions {
	return &gitlab.CreateCommitOptions{Branch: &branch, CommitMessage: new("Update boto3"), Force: new(true), StartSHA: new(w.p.Head(main)),
		Actions: []*gitlab.CommitActionOptions{{Action: new(gitlab.FileUpdate), FilePath: new("constraints.txt"), Content: &text}}}
}

func (w *world) openMR(source string) *gitlab.MergeRequest {
	w.Helper()
	m, _, err := w.c.MergeRequests.CreateMergeRequest(w.p.ID(), &gitlab.CreateMergeRequestOptions{Title: new("Update " + source),
		SourceBranch: &source, TargetBranch: new(main), RemoveSourceBranch: new(true), Labels: &gitlab.LabelOptions{"dependencies"}})
	w.ok(err)
	return m
}

func (w *world) get(iid int64) *gitlab.MergeRequest {
	w.Helper()
	m, _, err := w.c.MergeRequests.GetMergeRequest(w.p.ID(), iid, nil)
	w.ok(err)
	return m
}

func (w *world) kinds() []string {
	var out []string
	for _, e := range w.s.Events() {
		out = append(out, e.Kind+" "+e.Target)
	}
	return out
}

func (w *world) happened(event string) {
	w.Helper()
	if !slices.Contains(w.kinds(), event) {
		w.Fatalf("event %q is missing in %q", event, w.kinds())
	}
}

func bump(text, from, to string) string { return strings.Replace(text, from, to, 1) }

func TestAWholeWeek(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	user, _, err := w.c.Users.CurrentUser()
	w.ok(err)
	w.same(user.Username, "bot")
	issue, _, err := w.c.Issues.CreateIssue(w.p.ID(), &gitlab.CreateIssueOptions{Title: new("Dependency Dashboard"), Description: new("a\n\n - [ ] <!-- approve-branch=b -->Update b\n")})
	w.ok(err)
	w.ok(w.p.Tick("maria", int(issue.IID), "Update b"))
	commit := w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	w.same(commit.ParentIDs[0], w.p.Head(main))
	m := w.openMR(work)
	w.ok(w.p.MergeMR("maria", int(m.IID)))
	text, _ := w.p.File(main, "constraints.txt")
	w.same(text, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	w.same(w.p.Head(work), "")
	w.same(w.get(m.IID).State, "merged")
}

type noLimit struct{}

func (noLimit) Wait(context.Context) error { return nil }
