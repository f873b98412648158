package gitlabsim_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// gitlab.md 1.2: an effect whose answer is lost, an answer without effect.
func TestFaultsBeforeAndAfterTheEffect(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.commit(work, w.newer("1.35.0"))
	open := func() error {
		_, _, err := w.c.MergeRequests.CreateMergeRequest(w.p.ID(), &gitlab.CreateMergeRequestOptions{Title: new("x"), SourceBranch: new(work), TargetBranch: new(main)})
		return err
	}
	w.ok(w.s.Inject("POST */merge_requests 502"))
	w.refused(open(), 502, "502")
	w.same(len(w.p.MRs()), 0)
	w.ok(w.s.Inject("POST */merge_requests 502 after"))
	w.refused(open(), 502, "502")
	w.same(len(w.p.MRs()), 1)
	w.refused(open(), 409, "!1")
	last := w.s.Writes(w.now)
	w.same(last[len(last)-2].Fault, "POST */merge_requests 502 after once")
	w.same(len(last), 4)
}

// gitlab.md 1.2: dropped connections, cut bodies, pages of a proxy, redirects, 429.
func TestKindsOfFaults(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	get := func(fault string) (*gitlab.Response, error) {
		w.ok(w.s.Inject(fault))
		_, response, err := w.c.Projects.GetProject(w.p.ID(), nil)
		return response, err
	}
	_, err := get("GET /projects/:id reset")
	w.same(errors.Is(err, syscall.ECONNRESET), true)
	_, err = get("GET /projects/* truncated")
	w.same(err != nil && strings.Contains(err.Error(), "unexpected EOF"), true)
	_, err = get("* * html")
	w.same(err != nil && strings.Contains(err.Error(), "invalid character '<'"), true)
	response, err := get("GET * redirect")
	w.same(err != nil && response.Header.Get("Location") == "https://elsewhere.invalid/users/sign_in", true)
	response, err = get("GET * 429 retry-after 7")
	w.refused(err, 429, "")
	w.same(response.Header.Get("Retry-After"), "7")
	response, _ = get("GET * 503 retry-after date:30")
	w.same(response.Header.Get("Retry-After"), "Fri, 02 Jan 2026 08:00:30 GMT")
	w.same(response.Header.Get("Date"), "Fri, 02 Jan 2026 08:00:00 GMT")
	w.ok(w.s.Inject("GET * 500 x2 skip 1"))
	for _, fails := range []bool{false, true, true, false} {
		_, _, err = w.c.Projects.GetProject(w.p.ID(), nil)
		w.same(err != nil, fails)
	}
	w.ok(w.s.Inject("GET * 500 always"))
	_, _, err = w.c.Users.CurrentUser()
	w.refused(err, 500, "")
	w.s.ClearFaults()
	_, _, err = w.c.Users.CurrentUser()
	w.ok(err)
}

func TestParseFault(t *testing.T) {
	for _, text := range []string{"POST */merge_requests 502 once", "GET * reset after x3 skip 2", "* /user 429 always retry-after date:30", "PUT * truncated once"} {
		f, err := gitlabsim.ParseFault(text)
		if err != nil || f.String() != text {
			t.Errorf("%q: %q, %v", text, f, err)
		}
	}
	for _, text := range []string{"", "GET *", "GET * never", "GET * 200", "GET * 500 twice", "GET * 500 skip", "GET * 500 x0"} {
		if f, err := gitlabsim.ParseFault(text); err == nil {
			t.Errorf("%q: %v", text, f)
		}
	}
}

// house.md 6: a whole month in a bubble over the in-memory transport.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gitlabsim.New(gitlabsim.Options{Now: time.Now})
		s.AddUser("bot", "Bot", false)
		p := s.AddProject("a/b", main, map[string]string{"f": "x"})
		p.SetRole("bot", gitlabsim.Owner)
		c, err := gitlab.NewClient(s.Token("bot"), gitlab.WithBaseURL(s.BaseURL()), gitlab.WithHTTPClient(&http.Client{Transport: s.Transport(), Timeout: time.Minute}))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 720 {
			if _, _, err := c.Issues.CreateIssue(p.ID(), &gitlab.CreateIssueOptions{Title: new(fmt.Sprint(i))}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		last := p.Issues()[719]
		if got := last.CreatedAt.Sub(p.Issues()[0].CreatedAt); got < 719*time.Hour {
			t.Fatal(got)
		}
	})
}

// The same handler on a socket, for the demo.
func TestListener(t *testing.T) {
	s := gitlabsim.New(gitlabsim.Options{})
	server := httptest.NewServer(s)
	defer server.Close()
	s.SetBaseURL(server.URL)
	s.AddUser("bot", "Bot", false)
	p := s.AddProject("a/b", main, map[string]string{"f": "x"})
	p.SetRole("bot", gitlabsim.Owner)
	c, err := gitlab.NewClient(s.Token("bot"), gitlab.WithBaseURL(server.URL), gitlab.WithoutRetries())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.RepositoryFiles.GetFileMetaData(p.ID(), "f", &gitlab.GetFileMetaDataOptions{Ref: new(main)}); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []string{"GET * reset always", "GET * truncated"} {
		if err := s.Inject(fault); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Projects.GetProject(p.ID(), nil); err == nil {
			t.Errorf("%s: no error", fault)
		}
		s.ClearFaults() // net/http itself repeats a GET whose idle connection broke
	}
	if _, err := c.Branches.DeleteBranch(p.ID(), "absent"); err == nil {
		t.Error("no error")
	}
	if failures := s.Failures(); failures != nil {
		t.Error(failures)
	}
}

// Two runs of the same calls give the same ids, notes and events.
func TestDeterministic(t *testing.T) {
	run := func() string {
		w := newWorld(t, gitlabsim.Options{})
		m := w.branches()
		w.ok(w.p.Tick("maria", int(w.issue(board)), "boto3"))
		w.ok(w.p.MergeMR("maria", int(m.IID)))
		return fmt.Sprint(w.s.Events(), w.s.Requests(), w.p.Commits(main), w.p.MRs(), w.p.Issues())
	}
	if a, b := run(), run(); a != b {
		t.Fatalf("%s\n%s", a, b)
	}
}

func BenchmarkGetFile(b *testing.B) {
	s := gitlabsim.New(gitlabsim.Options{})
	s.AddUser("bot", "Bot", false)
	p := s.AddProject("a/b", main, map[string]string{"constraints.txt": strings.Repeat("package==1.0\n", 650)})
	p.SetRole("bot", gitlabsim.Owner)
	request, err := http.NewRequest("GET", fmt.Sprintf("%s/api/v4/projects/%d/repository/files/constraints.txt/raw?ref=main", s.BaseURL(), p.ID()), nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Private-Token", s.Token("bot"))
	for b.Loop() {
		if response, err := s.Transport().RoundTrip(request); err != nil || response.StatusCode != 200 {
			b.Fatal(response, err)
		}
	}
}
