package gitlab_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// remote is a repository with three commits in a row on main, and a branch production
// at the second one.
type remote struct {
	url     string
	commits []string // oldest first
	unknown string   // a commit that it does not have
	head    func(branch string) string
	move    func(branch, sha string) // by somebody else
	token   string
}

// realRemote is git's own http-backend over a bare repository, with as much of the API
// as a push needs.
func realRemote(t *testing.T) remote {
	t.Helper()
	testenv.Command(t, "git")
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = filepath.Join(dir, "group", "project.git")
		cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/local/bin", "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b"}
		out, err := cmd.CombinedOutput()
		if err != nil && args[0] != "rev-parse" {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	out, err := exec.CommandContext(t.Context(), "git", "init", "-q", "--bare", "-b", "main", filepath.Join(dir, "group", "project.git")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	git("config", "http.receivepack", "true")
	tree := git("hash-object", "-t", "tree", "-w", "/dev/null")
	r := remote{token: "glpat-0123456789abcdef", unknown: strings.Repeat("1", 40)}
	for i := range 3 {
		args := []string{"commit-tree", "-m", fmt.Sprint(i), tree}
		if i > 0 {
			args = append(args, "-p", r.commits[i-1])
		}
		r.commits = append(r.commits, git(args...))
	}
	git("update-ref", "refs/heads/main", r.commits[2])
	git("update-ref", "refs/heads/production", r.commits[1])
	r.head = func(branch string) string { return git("rev-parse", "-q", "--verify", "refs/heads/"+branch) }
	r.move = func(branch, sha string) { git("update-ref", "refs/heads/"+branch, sha) }
	exec, err := exec.CommandContext(t.Context(), "git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	backend := &cgi.Handler{Path: filepath.Join(strings.TrimSpace(string(exec)), "git-http-backend"), Dir: dir, InheritEnv: []string{"PATH"},
		Env: []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + dir, "REMOTE_USER=bot"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if name, ok := strings.CutPrefix(req.URL.Path, "/api/v4/projects/1/repository/branches/"); ok {
			sha := r.head(name)
			if sha == "" {
				w.WriteHeader(http.StatusNotFound)
			}
			json.NewEncoder(w).Encode(map[string]any{"name": name, "commit": map[string]string{"id": sha}}) //nolint:errcheck // the client sees it
			return
		}
		if _, password, _ := req.BasicAuth(); password != r.token {
			http.Error(w, "HTTP Basic: Access denied", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// simRemote is the same with the simulated GitLab.
func simRemote(t *testing.T) remote {
	t.Helper()
	sim := gitlabsim.New(gitlabsim.Options{})
	sim.AddBot("bot", "bot")
	sim.AddUser("dave", "Dave", false)
	p := sim.AddProject("group/project", "main", map[string]string{"a": "0"})
	p.SetRole("bot", gitlabsim.Developer)
	p.SetRole("dave", gitlabsim.Maintainer)
	r := remote{token: sim.Token("bot", "api", "write_repository"), unknown: strings.Repeat("1", 40), head: p.Head}
	for i := range 3 {
		if i > 0 {
			if _, err := p.Push("dave", "main", fmt.Sprint(i), map[string]string{"a": fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		r.commits = append(r.commits, p.Head("main"))
	}
	r.move = func(branch, sha string) {
		if err := p.PushRef("dave", branch, sha); err != nil {
			t.Error(err)
		}
	}
	r.move("production", r.commits[1])
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	sim.SetBaseURL(server.URL)
	r.url = server.URL
	t.Cleanup(func() {
		for _, f := range sim.Failures() {
			t.Errorf("the simulated GitLab was asked what it does not know: %s", f)
		}
	})
	return r
}

// racing lets somebody else act just before a push is sent.
type racing struct {
	next   http.RoundTripper
	before func()
	answer func(*http.Response) (*http.Response, error) // what becomes of the answer; nil: nothing
}

func (r racing) RoundTrip(req *http.Request) (*http.Response, error) {
	push := req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/git-receive-pack")
	if push && r.before != nil {
		r.before()
	}
	resp, err := r.next.RoundTrip(req)
	if push && err == nil && r.answer != nil {
		return r.answer(resp)
	}
	return resp, err
}

// TestMoveBranch says what a push between two known commits does, to git itself and to
// its copy in the simulated GitLab.
func TestMoveBranch(t *testing.T) {
	lost := func(resp *http.Response) (*http.Response, error) {
		io.Copy(io.Discard, resp.Body) //nolint:errcheck // the push is done then
		resp.Body.Close()
		return nil, errors.New("connection reset")
	}
	for kind, make := range map[string]func(*testing.T) remote{"git": realRemote, "gitlabsim": simRemote} {
		for _, tt := range []struct {
			name      string
			branch    string
			old, new  int // commits; -1 is none, -2 one that is not there
			meanwhile int // a commit that somebody else moves it to, -1: nobody
			answer    func(*http.Response) (*http.Response, error)
			is        error
			head      int
		}{
			{"forward", "production", 1, 2, -1, nil, nil, 2},
			{"backward", "production", 1, 0, -1, nil, nil, 0},
			{"it is there", "production", 0, 1, -1, nil, nil, 1},
			{"another head", "production", 0, 2, -1, nil, gitlab.ErrMoved, 1},
			{"lost the race", "production", 1, 2, 0, nil, gitlab.ErrMoved, 0},
			{"somebody did the same", "production", 1, 2, 2, nil, nil, 2},
			{"a commit that is not there", "production", 1, -2, -1, nil, gitlab.ErrRefused, 1},
			{"a new branch", "stable/9", -1, 0, -1, nil, nil, 0},
			{"a new branch that is there by then", "stable", -1, 0, 1, nil, gitlab.ErrMoved, 1},
			{"the answer is lost", "production", 1, 2, -1, lost, nil, 2},
			{"the answer and the race are lost", "production", 1, 2, 0, lost, gitlab.ErrMoved, 0},
		} {
			t.Run(kind+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				r := make(t)
				commit := func(i int) string {
					switch i {
					case -1:
						return ""
					case -2:
						return r.unknown
					}
					return r.commits[i]
				}
				transport := racing{next: http.DefaultTransport, answer: tt.answer}
				if tt.meanwhile >= 0 {
					transport.before = func() { r.move(tt.branch, commit(tt.meanwhile)) }
				}
				id := int64(1)
				c, err := gitlab.Connect(gitlab.Options{URL: r.url, Token: r.token, Transport: transport})
				if err != nil {
					t.Fatal(err)
				}
				if kind == "gitlabsim" {
					p, err := c.Project(t.Context(), "group/project", 0)
					if err != nil {
						t.Fatal(err)
					}
					id = p.ID
				}
				err = c.MoveBranch(t.Context(), gitlab.Move{Project: "group/project", ID: id, Branch: tt.branch, Old: commit(tt.old), New: commit(tt.new)})
				if !errors.Is(err, tt.is) || tt.is == nil && err != nil {
					t.Errorf("MoveBranch is %v, want %v", err, tt.is)
				}
				if got := r.head(tt.branch); got != commit(tt.head) {
					t.Errorf("the branch is at %q, want %q", got, commit(tt.head))
				}
				if err != nil && strings.Contains(err.Error(), r.token) {
					t.Errorf("the token shows: %v", err)
				}
			})
		}
	}
}

// TestMoveBranchKeepsATagOfThatName: a tag with the name of the branch stays as it is.
func TestMoveBranchKeepsATagOfThatName(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.p.Head("main")
		second, err := w.p.Push("dave", "main", "Second", map[string]string{"a": "1"})
		w.ok(err)
		w.ok(w.p.CreateBranch("dave", "production", first))
		w.ok(w.p.Tag("dave", "production", first))
		c := w.client(w.sim.Token("pinwheel-bot", "api", "write_repository"), w.sim.Transport())
		w.ok(c.MoveBranch(w.ctx, gitlab.Move{Project: "cki/pipeline", ID: w.project.ID, Branch: "production", Old: first, New: second}))
		w.same(w.p.Head("production"), second)
		w.same(w.p.Commits("refs/tags/production")[0].ID, first)
	})
}

// TestMoveBranchIsRefused: what GitLab does not allow is a sentence with its words, and
// nothing moves.
func TestMoveBranchIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.p.Head("main")
		second, err := w.p.Push("dave", "main", "Second", map[string]string{"a": "1"})
		w.ok(err)
		w.ok(w.p.CreateBranch("dave", "production", second))
		move := gitlab.Move{Project: "cki/pipeline", ID: w.project.ID, Branch: "production", Old: second, New: first}
		for _, tt := range []struct {
			scopes []string
			push   int
			is     error
			says   string
		}{
			{[]string{"api"}, gitlabsim.Developer, gitlab.ErrUnauthorized, "401"},
			{[]string{"api", "write_repository"}, gitlabsim.Maintainer, gitlab.ErrForbidden, "pre-receive hook declined: You are not allowed to push code to protected branches"},
			{[]string{"api", "write_repository"}, gitlabsim.Developer, gitlab.ErrForbidden, "You are not allowed to force push code"},
		} {
			w.p.Protect("production", tt.push, gitlabsim.Maintainer)
			err := w.client(w.sim.Token("pinwheel-bot", tt.scopes...), w.sim.Transport()).MoveBranch(w.ctx, move)
			if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
				w.t.Errorf("%v, want %v with %q", err, tt.is, tt.says)
			}
			w.same(w.p.Head("production"), second)
		}
		w.p.AllowForcePush("production")
		w.ok(w.client(w.sim.Token("pinwheel-bot", "api", "write_repository"), w.sim.Transport()).MoveBranch(w.ctx, move))
		w.same(w.p.Head("production"), first)
	})
}

// TestMoveBranchTrustsNoAnswer: a report that is cut short, is about another ref or says
// two things moves nothing in our eyes, and the branch is read.
func TestMoveBranchTrustsNoAnswer(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.p.Head("main")
		second, err := w.p.Push("dave", "main", "Second", map[string]string{"a": "1"})
		w.ok(err)
		w.ok(w.p.CreateBranch("dave", "production", first))
		token := w.sim.Token("pinwheel-bot", "api", "write_repository")
		pkt := func(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }
		band := func(s string) string { return pkt("\x01"+s) + "0000" }
		for name, body := range map[string]string{
			"empty":              "",
			"cut":                band(pkt("unpack ok\n") + pkt("ok refs/heads/production\n"))[:30],
			"no flush inside":    band(pkt("unpack ok\n") + pkt("ok refs/heads/production\n")),
			"another ref":        band(pkt("unpack ok\n") + pkt("ok refs/heads/other\n") + "0000"),
			"no ref":             band(pkt("unpack ok\n") + "0000"),
			"two verdicts":       band(pkt("unpack ok\n") + pkt("ok refs/heads/production\n") + pkt("ng refs/heads/production no\n") + "0000"),
			"unpack failed":      band(pkt("unpack disk full\n") + pkt("ok refs/heads/production\n") + "0000"),
			"a long word of hex": "zzzz",
			"length of one":      "0001",
			"a fatal band":       pkt("\x03fatal: \x1b[31mred") + "0000",
			"an unknown band":    pkt("\x09x") + "0000",
			"a page":             "<html>sign in</html>",
			"escapes in a hook":  pkt("\x02\x1b[2Jgone\n") + pkt("\x01"+pkt("unpack ok\n")+pkt("ng refs/heads/production \x1b[31mno\n")+"0000") + "0000",
		} {
			take := func(req *http.Request) *http.Response {
				if !strings.HasSuffix(req.URL.Path, "/git-receive-pack") {
					return nil
				}
				return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/x-git-receive-pack-result"}}, Body: io.NopCloser(bytes.NewReader([]byte(body)))}
			}
			c := w.client(token, overlay{w.sim.Transport(), take})
			err := c.MoveBranch(w.ctx, gitlab.Move{Project: "cki/pipeline", ID: w.project.ID, Branch: "production", Old: first, New: second})
			if err == nil || strings.ContainsAny(gitlab.Explain(err)+err.Error(), "\x1b\n") {
				w.t.Errorf("%s: %q", name, err)
			}
		}
		w.same(w.p.Head("production"), first)
	})
}

// TestMoveBranchTakesNoOddNames: nothing that git takes for no branch goes out, and
// nothing that would be a second command.
func TestMoveBranchTakesNoOddNames(t *testing.T) {
	inWorld(t, func(w *world) {
		sha := w.p.Head("main")
		before := len(w.sim.Requests())
		for _, name := range []string{"", "-x", "a b", "a\nb", "a\x00b", "../x", "a..b", "a/", "/a", "a//b", "a.lock", "x/.y", "@", "a@{1}", "a~1", "a:b", "a*", "HEAD", "a.lock/b", "a\x7f"} {
			if err := w.c.MoveBranch(w.ctx, gitlab.Move{Project: "cki/pipeline", ID: w.project.ID, Branch: name, Old: sha, New: sha}); !errors.Is(err, gitlab.ErrRefused) {
				w.t.Errorf("branch %q: %v", name, err)
			}
		}
		for _, sha := range []string{"", "main", strings.Repeat("0", 39), strings.Repeat("0", 40), strings.ToUpper(sha), sha + "\n"} {
			if err := w.c.MoveBranch(w.ctx, gitlab.Move{Project: "cki/pipeline", ID: w.project.ID, Branch: "production", New: sha}); !errors.Is(err, gitlab.ErrRefused) {
				w.t.Errorf("commit %q: %v", sha, err)
			}
		}
		w.same(len(w.sim.Requests()), before)
	})
}
