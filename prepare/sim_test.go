package prepare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// This file breaks every call of GitLab while builds and locks are kept, got and
// removed: whatever ends when, nobody takes half a build, and the next attempt reaches
// the same end.

// fault is what becomes of one call.
type fault string

const (
	lost    fault = "the answer is lost"        // GitLab did it, and nobody hears
	refused fault = "502 before"                // GitLab did nothing
	half    fault = "half of the answer"        // of a download
	ends    fault = "the process ends after it" // the context is cancelled
)

func faults() []fault { return []fault{lost, refused, half, ends} }

// breaking gives the call of a number a fault; 0 is none. Calls are counted from 1.
type breaking struct {
	next  http.Handler
	calls atomic.Int64
	at    int64
	how   fault
	end   context.CancelFunc
}

func (b *breaking) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if b.calls.Add(1) != b.at {
		b.next.ServeHTTP(w, req)
		return
	}
	if b.how == refused {
		http.Error(w, "Bad Gateway", http.StatusBadGateway)
		return
	}
	answer := httptest.NewRecorder()
	b.next.ServeHTTP(answer, req)
	switch b.how {
	case lost:
		panic(http.ErrAbortHandler)
	case half:
		w.Header().Set("Content-Length", fmt.Sprint(answer.Body.Len()))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2]) // the client may be gone
		panic(http.ErrAbortHandler)
	default:
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
		b.end()
	}
}

// simulated is a GitLab that breaks, with two builds of one key by two builders.
type simulated struct {
	t       *testing.T
	gitlab  *gitlabsim.Server
	project *gitlabsim.Project
	broken  *breaking
	shelf   Shelf
	now     time.Time
	one     string // folders of builds of one key whose tarballs differ
	two     string
	key     string
}

func newSimulated(t *testing.T, noDuplicates bool) *simulated {
	t.Helper()
	s := &simulated{t: t, now: time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)}
	s.gitlab = gitlabsim.New(gitlabsim.Options{Now: func() time.Time { return s.now }})
	s.broken = &breaking{next: s.gitlab}
	server := httptest.NewServer(s.broken)
	t.Cleanup(server.Close)
	s.gitlab.SetBaseURL(server.URL)
	s.gitlab.AddUser("owner", "An Owner", false)
	s.project = s.gitlab.AddProject("group/project", "main", map[string]string{"a": "b"})
	s.project.Set(gitlabsim.Settings{NoDuplicates: noDuplicates})
	s.gitlab.AddMember(s.project, "owner", gitlabsim.Maintainer)
	client, err := gitlab.Connect(gitlab.Options{URL: server.URL, Token: s.gitlab.Token("owner")})
	if err != nil {
		t.Fatal(err)
	}
	s.shelf = OnGitLab(client, s.project.ID())
	var r Record
	s.one, r = build(t, 'a', "bytes of one")
	s.two, _ = build(t, 'a', "bytes of two")
	s.key = r.Key
	return s
}

// during runs a step with a fault at a call, and reports how many calls it made.
func (s *simulated) during(at int64, how fault, step func(context.Context) error) (calls int64, err error) {
	ctx, end := context.WithCancel(s.t.Context())
	defer end()
	s.broken.calls.Store(0)
	s.broken.at, s.broken.how, s.broken.end = at, how, end
	err = step(ctx)
	calls = s.broken.calls.Load()
	s.broken.at = 0
	return calls, err
}

// taken is what a fetch of the key gives: nothing, or the whole of a tarball that was
// built, with the record of that.
func (s *simulated) taken(ctx context.Context) (string, error) {
	dir := s.t.TempDir()
	r, found, err := Fetch(ctx, s.shelf, dir, Kept{Image: "python", Key: s.key})
	if err != nil || !found {
		if list, _ := os.ReadDir(dir); len(list) > 0 {
			s.t.Errorf("%v is left of a build that was not fetched", list)
		}
		return "", err
	}
	data, err := os.ReadFile(filepath.Join(dir, r.Tarball.Name))
	if err != nil {
		return "", err
	}
	if text := string(data); digestOf(data) != r.Tarball.SHA256 || text != "bytes of one" && text != "bytes of two" {
		s.t.Errorf("%q was fetched, which nobody built", data)
	}
	return string(data), nil
}

func (s *simulated) push(ctx context.Context, dir string) error {
	_, _, err := Push(ctx, s.shelf, Pushing{Dir: dir, Image: "python"})
	return err
}

// mostCalls is more than any step makes.
const mostCalls = 9

// TestKeepingBuildsUnderFaults breaks each call of each step in each way. Steps wait for
// answers that were lost, so they run beside each other.
func TestKeepingBuildsUnderFaults(t *testing.T) {
	testenv.Unraced(t, "it waits for answers that are lost, in real time")
	part := testenv.Sample(t, 5)
	n := 0
	for _, noDuplicates := range []bool{false, true} {
		for _, how := range faults() {
			for at := int64(1); at <= mostCalls; at++ {
				if n++; !part.Has(n) {
					continue
				}
				t.Run(fmt.Sprintf("%v %s at call %d", noDuplicates, how, at), func(t *testing.T) {
					t.Parallel()
					s := newSimulated(t, noDuplicates)
					for _, step := range []func(int64, fault) bool{s.pushes, s.fetches, s.locks, s.prunes} {
						if step(at, how) && at == mostCalls {
							t.Errorf("a step makes %d calls, and calls after these are not broken: raise mostCalls", at)
						}
					}
				})
			}
		}
	}
}

// pushes breaks one builder's push; then the other's and the first's go through.
func (s *simulated) pushes(at int64, how fault) (more bool) {
	calls, err := s.during(at, how, func(ctx context.Context) error { return s.push(ctx, s.one) })
	text, fetchErr := s.taken(s.t.Context())
	if fetchErr != nil {
		s.t.Errorf("after a push that ended with %v: %v", err, fetchErr)
	}
	if err == nil && text != "bytes of one" {
		s.t.Errorf("a push went through, and %q is there", text)
	}
	for _, dir := range []string{s.two, s.one} {
		if err := s.push(s.t.Context(), dir); err != nil {
			s.t.Errorf("a push after a broken one: %v", err)
		}
	}
	if text, err := s.taken(s.t.Context()); err != nil || text == "" {
		s.t.Errorf("after all pushes there is %q, %v", text, err)
	}
	before := len(s.project.Packages())
	if err := s.push(s.t.Context(), s.one); err != nil || len(s.project.Packages()) != before {
		s.t.Errorf("a push of what is kept adds a file: %v", err)
	}
	return calls >= at
}

func (s *simulated) fetches(at int64, how fault) (more bool) {
	calls, err := s.during(at, how, func(ctx context.Context) error {
		text, err := s.taken(ctx)
		if err == nil && text == "" {
			return errors.New("not found")
		}
		return err
	})
	if calls < at && err != nil {
		s.t.Errorf("a fetch without a fault: %v", err)
	}
	return calls >= at
}

// locks breaks the keeping of a pipeline's lock: whoever makes it again has one of
// those that were made, whole.
func (s *simulated) locks(at int64, how fault) (more bool) {
	l := Lock{Format: 1, Packages: []Package{}, Data: []Data{}, Constraints: NewConstraints("pins.txt", []byte("six==1.16.0\n"))}
	calls, err := s.during(at, how, func(ctx context.Context) error {
		if _, _, err := KeptLock(ctx, s.shelf, "4711"); err != nil {
			return err
		}
		return KeepLock(ctx, s.shelf, "4711", l)
	})
	got, found, readErr := KeptLock(s.t.Context(), s.shelf, "4711")
	if readErr != nil || found && got.Digest() != l.Digest() || !found && err == nil {
		s.t.Errorf("a lock that was kept with %v is read: %v, %v", err, found, readErr)
	}
	return calls >= at
}

// prunes breaks the removal of an old build: it is there whole, or gone, and the newer
// one stays.
func (s *simulated) prunes(at int64, how fault) (more bool) {
	s.now = s.now.AddDate(0, 0, 40)
	dir, newer := build(s.t, 'b', "bytes of one")
	if err := s.push(s.t.Context(), dir); err != nil {
		s.t.Error(err)
	}
	which := Pruning{Image: "python", Before: s.now.AddDate(0, 0, -30)}
	calls, _ := s.during(at, how, func(ctx context.Context) error {
		_, err := Prune(ctx, s.shelf, which)
		return err
	})
	if _, err := s.taken(s.t.Context()); err != nil {
		s.t.Error(err)
	}
	if _, err := Prune(s.t.Context(), s.shelf, which); err != nil {
		s.t.Error(err)
	}
	left, err := s.shelf.list(s.t.Context(), "python")
	if err != nil || len(left) != 1 || left[0].Key != newer.Key {
		s.t.Errorf("after prune there is %v, %v", left, err)
	}
	return calls >= at
}

// A reader that comes at any instant of two pushes finds nothing, or a whole build.
func TestAReaderAtAnyInstantOfTwoPushes(t *testing.T) {
	t.Parallel()
	for instant := int64(1); ; instant++ {
		s := newSimulated(t, false)
		seen := false
		between := s.broken.next
		s.broken.next = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if s.broken.calls.Load() == instant && !seen {
				seen = true
				// The second builder's upload arrives between two calls of the first's.
				s.interleave(between, req)
			}
			between.ServeHTTP(w, req)
		})
		if err := s.push(t.Context(), s.one); err != nil {
			t.Errorf("instant %d: %v", instant, err)
		}
		s.broken.next = between
		if text, err := s.taken(t.Context()); err != nil || text == "" {
			t.Errorf("instant %d: %q, %v", instant, text, err)
		}
		if !seen {
			return
		}
	}
}

// interleave sends the whole push of the second builder.
func (s *simulated) interleave(to http.Handler, like *http.Request) {
	s.t.Helper()
	r, err := LoadRecord(s.two, "python")
	if err != nil {
		s.t.Error(err)
		return
	}
	for _, f := range []struct{ name, text string }{{tarballOn(r.Tarball), "bytes of two"}, {shelvedRecord, string(r.encode())}} {
		path := fmt.Sprintf("/api/v4/projects/%d/packages/generic/%s/%s/%s", s.project.ID(), packageOf("python"), s.key, f.name)
		req := httptest.NewRequestWithContext(s.t.Context(), http.MethodPut, path, strings.NewReader(f.text))
		req.Header, req.Host = like.Header.Clone(), like.Host
		answer := httptest.NewRecorder()
		to.ServeHTTP(answer, req)
		if answer.Code/100 != 2 {
			s.t.Errorf("the second builder's %s: %d %s", f.name, answer.Code, bytes.TrimSpace(answer.Body.Bytes()))
		}
	}
}
