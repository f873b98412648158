package round_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/store"
)

const settings = `
gitlab: {url: https://gitlab.example}
software:
  namespace: g
  packages: [lib, tools]
  bot:
    marks: {KIND: test}
    allow: [tree]
    pipelines:
      - {name: one, project: g/pipes, ref: main, overrides: variables}
      - {name: two, project: g/pipes, ref: main, overrides: variables}
    default: [one]
    projects: [{name: lib}, {name: tools}]
`

// world is a GitLab with a package project whose merge request has the bot's comment,
// and the looks at it.
type world struct {
	t      *testing.T
	gitlab *gitlabsim.Server
	lib    *gitlabsim.Project
	pipes  *gitlabsim.Project
	all    []round.Project
	dir    string
	n      int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c, err := config.Parse("pinwheel.yaml", []byte(settings))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, gitlab: gitlabsim.New(gitlabsim.Options{Now: time.Now}), all: round.Projects(c.Software), dir: t.TempDir()}
	for _, name := range []string{"alice", "bob", "rita"} {
		w.gitlab.AddUser(name, name, false)
	}
	w.gitlab.AddBot("pin", "pinwheel")
	project := func(path string) *gitlabsim.Project {
		p := w.gitlab.AddProject(path, "main", map[string]string{"README": "x"})
		p.SetRole("alice", gitlabsim.Maintainer)
		p.SetRole("bob", gitlabsim.Developer)
		p.SetRole("rita", gitlabsim.Reporter)
		p.SetRole("pin", gitlabsim.Maintainer)
		return p
	}
	w.lib, w.pipes = project("g/lib"), project("g/pipes")
	project("g/tools")
	w.must(w.pipes.Script("variables developer\nname test {PINWHEEL_OPERATION}\njob build takes 20m"))
	_, err = w.lib.Push("bob", "fix", "Fix", map[string]string{"lib.py": "fixed"})
	w.must(err)
	_, err = w.lib.CreateMR("bob", "fix", "main", "Fix", "")
	w.must(err)
	time.Sleep(time.Minute)
	w.look()
	time.Sleep(time.Minute)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) say(who, text string) {
	w.t.Helper()
	w.must(w.lib.CommentMR(who, 1, text))
	time.Sleep(time.Minute)
}

// look is a whole look at lib, with a database of its own: nothing is remembered but on
// GitLab.
func (w *world) look() round.Report {
	w.t.Helper()
	r, err := w.lookThrough(context.Background(), w.gitlab.Transport())
	w.must(err)
	return r
}

func (w *world) lookThrough(ctx context.Context, transport http.RoundTripper) (round.Report, error) {
	w.t.Helper()
	w.n++
	db, err := store.Open(context.Background(), filepath.Join(w.dir, fmt.Sprintf("%d.db", w.n)))
	w.must(err)
	defer db.Close()
	gl, err := gitlab.Connect(gitlab.Options{URL: w.gitlab.BaseURL(), Token: w.gitlab.Token("pin"), Transport: transport, Retries: -1})
	w.must(err)
	return round.New(round.Options{GitLab: gl, Store: db}).Run(ctx, w.all[0], time.Now())
}

func (w *world) comment() string {
	m, _ := w.lib.MR(1)
	var out []string
	for _, n := range m.Notes {
		if n.Author == "pin" {
			out = append(out, n.Body)
		}
	}
	return strings.Join(out, "\n====\n")
}

// dying ends the process at a request: that one and all later ones get no answer, and
// with late the request still has its effect.
type dying struct {
	next http.RoundTripper
	left atomic.Int64
	late bool
}

func (d *dying) RoundTrip(r *http.Request) (*http.Response, error) {
	switch n := d.left.Add(-1); {
	case n > 0:
		return d.next.RoundTrip(r)
	case n == 0 && d.late:
		if resp, err := d.next.RoundTrip(r); err == nil {
			resp.Body.Close()
		}
	}
	return nil, errors.New("the process is gone")
}

// Wherever a look ends, before a request or after it, the next ones come to the same
// world: each pipeline that was asked for was started once, and the comment says so.
func TestEveryRequestMayBeTheLast(t *testing.T) {
	done, step := false, int64(1)
	if testenv.Raced {
		step = 8 // races show in a few of them
	}
	for n := int64(1); !done; n += step {
		for _, late := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.say("bob", "@pin test one two tree=a")
				end := &dying{next: w.gitlab.Transport(), late: late}
				end.left.Store(n)
				_, err := w.lookThrough(t.Context(), end)
				done = err == nil && end.left.Load() > 0
				time.Sleep(time.Hour)
				w.look()
				time.Sleep(time.Hour)
				w.look()
				given := w.pipes.Given()
				if len(given) != 2 {
					t.Errorf("request %d (late: %v): started %q", n, late, given)
				}
				if text := w.comment(); strings.Count(text, "| passed, ") != 2 || strings.Contains(text, "====") {
					t.Errorf("request %d (late: %v): the comment is\n%s", n, late, text)
				}
			})
		}
		if n > 200 {
			t.Fatal("a look never ends")
		}
	}
}

// Nobody who may not ask starts anything, by whatever way.
func TestNobodyElseStartsAnything(t *testing.T) {
	for name, act := range map[string]func(w *world){
		"a Reporter":             func(w *world) { w.say("rita", "@pin test") },
		"a quote of a Developer": func(w *world) { w.say("bob", "> @pin test\n\nwhy?") },
		"code":                   func(w *world) { w.say("bob", "```\n@pin test\n```\n`\n@pin test\n`") },
		"a word that was changed": func(w *world) {
			w.must(w.lib.CommentMR("bob", 1, "@pin help"))
			time.Sleep(time.Minute)
			w.must(w.lib.RewordMR("alice", 1, "help", "test"))
		},
		"our own hidden line by somebody else": func(w *world) {
			text, _, _ := strings.Cut(w.comment(), "\n")
			w.say("rita", text+"\n@pin test")
			w.say("bob", text)
		},
		"a variable that is not allowed": func(w *world) { w.say("bob", "@pin test KIND=production") },
		"an override":                    func(w *world) { w.say("bob", "@pin test lib_pip_url=git+https://evil.example/x.git@main") },
		"an expansion":                   func(w *world) { w.say("bob", "@pin test tree=$(id)\n@pin test tree=$CI_JOB_TOKEN\n@pin test tree=%0a") },
		"a pipeline that is not there":   func(w *world) { w.say("bob", "@pin test three") },
		"a merge request outside of the set": func(w *world) {
			w.say("bob", "@pin test with pipes!1\n@pin test with g/../x!1\n@pin test with tools!99")
		},
		"a commit of another branch": func(w *world) { w.say("bob", "@pin test @"+w.lib.Head("main")[:12]) },
		"before our comment": func(w *world) {
			w.must(w.lib.DeleteCommentMR("alice", 1, "pinwheel:bot"))
			w.say("bob", "@pin test")
		},
		"a push in the same moment": func(w *world) {
			_, err := w.lib.Push("bob", "fix", "More", map[string]string{"lib.py": "more"})
			w.must(err)
			time.Sleep(5 * time.Second)
			w.say("bob", "@pin test")
		},
		"a fork, by a word of its author": func(w *world) {
			w.must(w.lib.FromFork("rita", 1))
			w.say("rita", "/test")
		},
		"our comment changed so that it cannot be read": func(w *world) {
			w.say("bob", "@pin test")
			w.must(w.lib.RewordMR("alice", 1, "v=1 ", "v=1 !"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				act(w)
				for range 3 {
					w.look()
					time.Sleep(time.Hour)
				}
				if given := w.pipes.Given(); len(given) > 0 {
					t.Errorf("started %q", given)
				}
				before := len(w.gitlab.Writes(time.Time{}))
				w.look()
				if wrote := w.gitlab.Writes(time.Time{})[before:]; len(wrote) > 0 {
					t.Errorf("another look wrote %v", wrote)
				}
			})
		})
	}
}

// What is asked for within the bounds and by whoever may is started, as it was seen.
func TestWhatIsStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		seen := w.lib.Head("fix")
		w.say("bob", "@pin test tree=a")
		_, err := w.lib.Push("rita", "fix", "", nil)
		if err == nil {
			t.Error("a Reporter pushed")
		}
		_, err = w.lib.Push("bob", "fix", "More", map[string]string{"lib.py": "more"})
		w.must(err)
		time.Sleep(time.Minute)
		w.look()
		want := "main by pin: KIND=test PINWHEEL_OPERATION="
		given := strings.Join(w.pipes.Given(), "\n")
		if !strings.HasPrefix(given, want) || !strings.HasSuffix(given, "lib_pip_url=git+https://gitlab.example/g/lib.git@"+seen+" tree=a") || strings.Contains(given, "\n") {
			t.Errorf("started %q, want the commit that was seen, %s", given, seen)
		}
		w.say("bob", "@pin test @"+seen[:10]+" two\n\n@pin test one\n\n@pin test two one")
		w.look()
		if given := w.pipes.Given(); len(given) != 3 || !strings.Contains(given[1], seen) || strings.Contains(given[2], seen) {
			t.Errorf("started %q", given)
		}
		if text := w.comment(); !strings.Contains(text, "one person may have 3 pipelines under way here, and this would make 5") {
			t.Errorf("the comment does not tell of the bound:\n%s", text)
		}
		w.say("bob", "@pin cancel one")
		w.look()
		if text := w.comment(); !strings.Contains(text, "canceled 2 pipelines") || strings.Count(text, "| canceled, ") != 2 {
			t.Errorf("the comment does not tell of what was canceled:\n%s", text)
		}
		w.say("bob", "@pin retry")
		w.look()
		if given := w.pipes.Given(); len(given) != 4 {
			t.Errorf("retry started %q", given)
		}
	})
}
