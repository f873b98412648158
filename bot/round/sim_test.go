package round_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/store"
)

// meddling does something at one request of a look, by its number from 1.
type meddling struct {
	next http.RoundTripper
	n    atomic.Int64
	at   int64
	do   func(r *http.Request) (*http.Response, error)
}

func (m *meddling) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.n.Add(1) == m.at {
		return m.do(r)
	}
	return m.next.RoundTrip(r)
}

func answer(r *http.Request, code int) *http.Response {
	return &http.Response{StatusCode: code, Status: fmt.Sprint(code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"message":"no"}`)), Request: r}
}

// Whichever call goes wrong, and however, the looks that follow come to the same world,
// and the one after them writes nothing.
func TestEveryCallMayFail(t *testing.T) {
	faults := map[string]func(w *world, r *http.Request) (*http.Response, error){
		"500 before": func(_ *world, r *http.Request) (*http.Response, error) { return answer(r, 500), nil },
		"502 after": func(w *world, r *http.Request) (*http.Response, error) {
			if resp, err := w.gitlab.Transport().RoundTrip(r); err == nil {
				resp.Body.Close()
			}
			return answer(r, 502), nil
		},
		"429":             func(_ *world, r *http.Request) (*http.Response, error) { return answer(r, 429), nil },
		"somebody else's": func(_ *world, r *http.Request) (*http.Response, error) { return answer(r, 200), nil },
		"no answer":       func(_ *world, _ *http.Request) (*http.Response, error) { return nil, errors.New("reset") },
	}
	part := testenv.Sample(t, 12)
	i := 0
	for name, fault := range faults {
		ended := false
		for n := int64(1); !ended && n < 200; n++ {
			if i++; !part.Has(i) {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.say("bob", "@pin test one two tree=a")
				m := &meddling{next: w.gitlab.Transport(), at: n, do: func(r *http.Request) (*http.Response, error) { return fault(w, r) }}
				_, _ = w.lookThrough(t.Context(), m)
				ended = m.n.Load() < n
				w.settles(fmt.Sprintf("%s at call %d", name, n), 2)
			})
		}
	}
}

// settles looks on until tests are over, and asserts that so many pipelines started, each
// once, that all passed, and that another look writes nothing.
func (w *world) settles(what string, pipelines int) {
	w.t.Helper()
	for range 3 {
		time.Sleep(time.Hour)
		w.look()
	}
	given := w.pipes.Given()
	if len(given) != pipelines {
		w.t.Errorf("%s: started %q", what, given)
	}
	w.once(what)
	if text := w.comment(); strings.Count(text, "| passed, ") != pipelines || strings.Contains(text, "====") {
		w.t.Errorf("%s: the comment is\n%s", what, text)
	}
	w.quiet(what)
}

var operationGiven = regexp.MustCompile(`PINWHEEL_OPERATION=(\S+)`)

// once asserts that no operation was started twice.
func (w *world) once(what string) {
	w.t.Helper()
	seen := map[string]bool{}
	for _, g := range w.pipes.Given() {
		m := operationGiven.FindStringSubmatch(g)
		if m == nil || seen[m[1]] {
			w.t.Errorf("%s: started twice, or without an operation: %q", what, g)
			continue
		}
		seen[m[1]] = true
	}
}

func (w *world) quiet(what string) {
	w.t.Helper()
	before := len(w.gitlab.Writes(time.Time{}))
	w.look()
	if wrote := w.gitlab.Writes(time.Time{})[before:]; len(wrote) > 0 {
		w.t.Errorf("%s: another look wrote %v", what, wrote)
	}
}

// A second process begins a look at each request of a first one. Where both have one
// database it is refused and nothing is done twice.
func TestTwoProcessesLook(t *testing.T) {
	part := testenv.Sample(t, 12)
	ended := false
	for n := int64(1); !ended && n < 200; n++ {
		if !part.Has(int(n)) {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.say("bob", "@pin test one two tree=a")
			db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "both.db"))
			w.must(err)
			defer db.Close()
			runner := func(transport http.RoundTripper) *round.Runner {
				gl, err := gitlab.Connect(gitlab.Options{URL: w.gitlab.BaseURL(), Token: w.gitlab.Token("pin"), Transport: transport, Retries: -1})
				w.must(err)
				return round.New(round.Options{GitLab: gl, Store: db})
			}
			var second error
			m := &meddling{next: w.gitlab.Transport(), at: n, do: func(r *http.Request) (*http.Response, error) {
				_, second = runner(w.gitlab.Transport()).Run(context.Background(), w.all[0], time.Now())
				return w.gitlab.Transport().RoundTrip(r)
			}}
			_, err = runner(m).Run(t.Context(), w.all[0], time.Now())
			w.must(err)
			if ended = m.n.Load() < n; !ended && !errors.Is(second, store.ErrBusy) {
				t.Errorf("call %d: the second look got %v", n, second)
			}
			w.settles(fmt.Sprintf("a second look at call %d", n), 2)
		})
	}
}

// People comment, push, change and delete comments, lose and get roles, and calls fail.
// No test starts twice, none starts by the word of somebody who never had the role, each is
// of a head that the merge request had, and in the end it is quiet.
func TestRandomPeople(t *testing.T) {
	part := testenv.Sample(t, 10)
	for seed := range uint64(40) {
		if !part.Has(int(seed)) {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			r := rand.New(rand.NewPCG(seed, 1))
			what := fmt.Sprintf("seed %d", seed)
			heads := map[string]bool{w.lib.Head("fix"): true}
			for step := range 40 {
				w.somebodyActs(r, step)
				heads[w.lib.Head("fix")] = true
				time.Sleep(time.Duration(r.IntN(1200)) * time.Second)
				if r.IntN(3) == 0 {
					m := &meddling{next: w.gitlab.Transport(), at: int64(1 + r.IntN(25)), do: func(r *http.Request) (*http.Response, error) { return answer(r, 500), nil }}
					_, _ = w.lookThrough(t.Context(), m)
				} else {
					w.look()
				}
			}
			for range 3 {
				time.Sleep(time.Hour)
				w.look()
			}
			w.once(what)
			for _, g := range w.pipes.Given() {
				_, commit, _ := strings.Cut(g, "lib.git@")
				if commit, _, _ = strings.Cut(commit, " "); !heads[commit] || strings.Contains(g, "rita") {
					t.Errorf("%s: started %q", what, g)
				}
			}
			w.quiet(what)
		})
	}
}

// somebodyActs does one of the things that people do.
func (w *world) somebodyActs(r *rand.Rand, step int) {
	w.t.Helper()
	say := func(who string, texts ...string) { w.must(w.lib.CommentMR(who, 1, texts[r.IntN(len(texts))])) }
	switch r.IntN(9) {
	case 0, 1, 2:
		say([]string{"bob", "alice"}[r.IntN(2)], "@pin test", "/test two", "@pin test one two tree=a", "@pin retry", "@pin cancel", "@pin cancel one", "@pin status", "@pin what", "thanks")
	case 3:
		say("rita", "@pin test tree=rita", "/test one tree=rita", "> @pin test", "@pin cancel")
	case 4, 5:
		_, err := w.lib.Push("bob", "fix", "More", map[string]string{"lib.py": fmt.Sprint(step)})
		w.must(err)
	case 6: // there may be none
		_ = w.lib.RewordMR("alice", 1, "@pin test", "@pin help")
	case 7:
		_ = w.lib.DeleteCommentMR("alice", 1, "@pin")
	case 8:
		_ = w.lib.DeleteCommentMR("alice", 1, "pinwheel:bot")
	}
}
