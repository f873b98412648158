package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/deploy"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// before lets something happen just before a push to a project.
type before struct {
	next http.RoundTripper
	path string
	act  func()
}

func (b before) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, b.path) {
		b.act()
	}
	return b.next.RoundTrip(req)
}

// watch looks after every request whether each production is at a commit that somebody
// asked for.
func (w *world) watch() {
	for _, path := range members {
		if at := w.production(path); !w.wasAsked(path, at) {
			w.t.Errorf("production of %s is at %s, which nobody asked for", path, at)
		}
	}
}

func (w *world) wasAsked(path, sha string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[path][sha]
}

// dying is a process that is gone at one of its requests: before it is sent, or after it
// had its effect.
type dying struct {
	w     *world
	next  http.RoundTripper
	mu    sync.Mutex
	at    int // the request, from 0; negative: never
	after bool
	n     int
	stop  context.CancelFunc
}

var errDead = errors.New("the process is gone")

func (d *dying) RoundTrip(req *http.Request) (*http.Response, error) {
	d.mu.Lock()
	n := d.n
	d.n++
	d.mu.Unlock()
	if d.at >= 0 && n > d.at || n == d.at && !d.after {
		d.stop()
		return nil, errDead
	}
	resp, err := d.next.RoundTrip(req)
	d.w.watch()
	if n == d.at {
		d.stop()
		return nil, errDead
	}
	return resp, err
}

// settled checks that nothing is under way, and that the newest set is what is in
// production.
func (w *world) settled() {
	w.t.Helper()
	text, _ := w.sim.Project("cki/deployments").File("main", "deployments/state.json")
	var s deploy.State
	w.ok(json.Unmarshal([]byte(text), &s))
	if s.Intent != nil {
		w.t.Errorf("set %d is under way still", s.Intent.Set)
	}
	text, there := w.sim.Project("cki/deployments").File("main", fmt.Sprintf("deployments/sets/%d.json", s.Set))
	var set deploy.Set
	if !there || json.Unmarshal([]byte(text), &set) != nil {
		w.t.Fatalf("there is no set %d", s.Set)
	}
	for _, m := range set.Members {
		if m.SHA != w.production(m.Project) {
			w.t.Errorf("set %d has %s at %s, production is at %s", s.Set, m.Project, m.SHA, w.production(m.Project))
		}
	}
	if got := len(w.sets()); got != int(s.Set) {
		w.t.Errorf("%d sets are there, and the newest is %d", got, s.Set)
	}
}

// scene is something that somebody does, and what is so when it is done.
type scene struct {
	name string
	// prepare makes the world, and returns what is run and what is checked.
	prepare func(w *world) (run func(context.Context, *deploy.Deployer) error, done func())
}

func scenes() []scene {
	return []scene{
		{"deploy", func(w *world) (func(context.Context, *deploy.Deployer) error, func()) {
			w.must(w.order(lib, w.merge(lib)))
			next := w.merge(lib)
			return func(ctx context.Context, d *deploy.Deployer) error {
				_, err := d.Deploy(ctx, w.order(lib, next))
				return err
			}, func() { w.same(w.production(lib), next) }
		}},
		{"first deploy", func(w *world) (func(context.Context, *deploy.Deployer) error, func()) {
			next := w.merge(lib)
			return func(ctx context.Context, d *deploy.Deployer) error {
				_, err := d.Deploy(ctx, w.order(lib, next))
				return err
			}, func() { w.same(w.production(lib), next) }
		}},
		{"rollback of a project", func(w *world) (func(context.Context, *deploy.Deployer) error, func()) {
			first := w.merge(lib)
			w.must(w.order(lib, first))
			w.must(w.order(lib, w.merge(lib)))
			return func(ctx context.Context, d *deploy.Deployer) error {
					_, err := d.Rollback(ctx, lib, first, deploy.Person{Name: "dave"})
					return err
				}, func() {
					w.same(w.production(lib), first)
					w.same(w.must(w.order(lib, w.merge(lib))).Do, deploy.Wait)
				}
		}},
		{"rollback to the previous set", func(w *world) (func(context.Context, *deploy.Deployer) error, func()) {
			for _, path := range members {
				w.must(w.order(path, w.merge(path)))
			}
			good := map[string]string{}
			for _, path := range members {
				good[path] = w.production(path)
			}
			// All three are moved by one rollback: two are beside it, by hand.
			for _, path := range members[1:] {
				next := w.merge(path)
				w.order(path, next)
				w.ok(w.sim.Project(path).PushRef("dave", "production", next))
			}
			w.must(w.order(lib, w.merge(lib)))
			return func(ctx context.Context, d *deploy.Deployer) error {
					_, err := d.RollbackSet(ctx, deploy.Previous, deploy.Person{Name: "dave"})
					return err
				}, func() {
					for _, path := range members {
						w.same(w.production(path), good[path])
					}
					w.same(w.must(w.order(lib, w.merge(lib))).Do, deploy.Wait)
				}
		}},
	}
}

// requests counts those of a scene in which nothing goes wrong.
func (s scene) requests(t *testing.T) (n int) {
	t.Helper()
	inWorld(t, func(w *world) {
		run, done := s.prepare(w)
		calm := &dying{w: w, next: w.sim.Transport(), at: -1}
		d, err := w.deployer(calm)
		w.ok(err)
		w.ok(run(w.t.Context(), d))
		n = calm.n
		w.settled()
		done()
	})
	return n
}

// again runs a scene once more, in calm, by another process. It comes to its end.
func (w *world) again(run func(context.Context, *deploy.Deployer) error, done func(), what string) {
	w.t.Helper()
	d, err := w.deployer(&dying{w: w, next: w.sim.Transport(), at: -1})
	w.ok(err)
	if err := run(w.t.Context(), d); err != nil {
		if mistake := new(deploy.Mistake); !errors.As(err, &mistake) || !strings.Contains(err.Error(), "already") {
			w.t.Fatalf("%s: %v", what, err)
		}
	}
	w.settled()
	done()
	w.settled()
}

// TestEveryCrash ends each scene at each of its requests, before and after the request
// has its effect. The next process comes to the same end, and at no moment is production
// where nobody wants it.
func TestEveryCrash(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			part := testenv.Sample(t, 5)
			ran := 0
			for n := range 2 * s.requests(t) {
				if !part.Has(n) {
					continue
				}
				ran++
				inWorld(t, func(w *world) {
					run, done := s.prepare(w)
					ctx, stop := context.WithCancel(w.t.Context())
					defer stop()
					d, err := w.deployer(&dying{w: w, next: w.sim.Transport(), at: n / 2, after: n%2 == 1, stop: stop})
					if err == nil {
						_ = run(ctx, d) // it is dead
					}
					w.again(run, done, fmt.Sprintf("crash %d", n))
				})
			}
			t.Logf("%d cases", ran)
		})
	}
}

// TestEveryFault lets each request of each scene fail in each way. The command says so,
// or gets over it, and run again it comes to the same end.
func TestEveryFault(t *testing.T) {
	ways := []string{"500", "502 after", "reset", "reset after", "truncated", "html after", "429", "hang", "hang after"}
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			part := testenv.Sample(t, 25)
			ran := 0
			for n := range len(ways) * s.requests(t) {
				if !part.Has(n) {
					continue
				}
				inWorld(t, func(w *world) {
					ran++
					run, done := s.prepare(w)
					fault := fmt.Sprintf("* * %s skip %d", ways[n%len(ways)], n/len(ways))
					w.ok(w.sim.Inject(fault))
					d, err := w.deployer(&dying{w: w, next: w.sim.Transport(), at: -1})
					if err == nil {
						err = run(w.t.Context(), d)
					}
					w.sim.ClearFaults()
					w.again(run, done, fmt.Sprintf("%s (%v)", fault, err))
				})
			}
			t.Logf("%d cases", ran)
		})
	}
}

// jitter lets a request wait, so that processes come in another order for each seed.
type jitter struct {
	w    *world
	next http.RoundTripper
	mu   *sync.Mutex
	r    *rand.Rand
	most time.Duration
}

func (j jitter) RoundTrip(req *http.Request) (*http.Response, error) {
	j.mu.Lock()
	wait := time.Duration(j.r.Int64N(int64(j.most)))
	j.mu.Unlock()
	time.Sleep(wait)
	resp, err := j.next.RoundTrip(req)
	j.w.watch()
	return resp, err
}

// TestRaces lets jobs of one project, jobs of two, and a rollback of a set run at the
// same time, in many orders.
func TestRaces(t *testing.T) {
	part := testenv.Sample(t, 8)
	ran := 0
	for seed := range uint64(160) {
		if !part.Has(int(seed)) {
			continue
		}
		ran++
		inWorld(t, func(w *world) {
			for _, path := range members {
				w.must(w.order(path, w.merge(path)))
			}
			second, third, other := w.merge(lib), w.merge(lib), w.merge(tools)
			mu, r := &sync.Mutex{}, rand.New(rand.NewPCG(seed, 1))
			most := []time.Duration{2 * time.Second, 20 * time.Second, 70 * time.Second}[seed%3]
			var wait sync.WaitGroup
			errs := make([]error, 4)
			start := func(n int, do func(context.Context, *deploy.Deployer) error) {
				wait.Go(func() {
					d, err := w.deployer(jitter{w, w.sim.Transport(), mu, r, most})
					if err == nil {
						err = do(w.t.Context(), d)
					}
					errs[n] = err
				})
			}
			job := func(path, sha string) func(context.Context, *deploy.Deployer) error {
				return func(ctx context.Context, d *deploy.Deployer) error {
					_, err := d.Deploy(ctx, w.order(path, sha))
					return err
				}
			}
			start(0, job(lib, second))
			start(1, job(lib, third))
			start(2, job(tools, other))
			rolled := seed%2 == 1
			if rolled {
				start(3, func(ctx context.Context, d *deploy.Deployer) error {
					_, err := d.RollbackSet(ctx, "3", deploy.Person{Name: "dave"})
					return err
				})
			}
			wait.Wait()
			// Whatever failed is run again, one after the other.
			for n, do := range []func(context.Context, *deploy.Deployer) error{job(lib, second), job(lib, third), job(tools, other)} {
				if errs[n] == nil {
					continue
				}
				d, err := w.deployer(nil)
				w.ok(err)
				w.ok(do(w.t.Context(), d))
			}
			w.settled()
			if !rolled && (w.production(lib) != third || w.production(tools) != other) {
				t.Errorf("seed %d: production is at %s and %s, want %s and %s (%v)", seed, w.production(lib), w.production(tools), third, other, errs)
			}
			if t.Failed() {
				t.Logf("seed %d: %v", seed, errs)
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d seeds", ran)
}
