package deploy_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"gitlab.com/cki-project/pinwheel/deploy"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// beside lets another process do all that it does just before one request of a process. A
// request that was given up meanwhile is not sent.
type beside struct {
	w     *world
	next  http.RoundTripper
	other func()
	mu    sync.Mutex
	at, n int // from 0
}

func (b *beside) RoundTrip(req *http.Request) (*http.Response, error) {
	b.mu.Lock()
	n := b.n
	b.n++
	b.mu.Unlock()
	if n == b.at {
		b.other()
		if err := req.Context().Err(); err != nil {
			return nil, err
		}
	}
	resp, err := b.next.RoundTrip(req)
	b.w.watch()
	return resp, err
}

// act is something that a process does.
type act func(context.Context, *deploy.Deployer) error

func (w *world) deploys(path, sha string) act {
	return func(ctx context.Context, d *deploy.Deployer) error {
		_, err := d.Deploy(ctx, w.order(path, sha))
		return err
	}
}

func (*world) rollsBackTo(set string) act {
	return func(ctx context.Context, d *deploy.Deployer) error {
		_, err := d.RollbackSet(ctx, set, deploy.Person{Name: "dave"})
		return err
	}
}

// meeting is two processes that do something at once, and what is so in the end; nil:
// nothing more than that all is settled.
type meeting struct {
	name string
	// prepare makes the world. one is interrupted by two at each of its requests.
	prepare func(w *world) (one, two act, done func())
}

func meetings() []meeting {
	sets := func(w *world) { // sets 1 to 6: each project twice
		for range 2 {
			for _, path := range members {
				w.must(w.order(path, w.merge(path)))
			}
		}
	}
	return []meeting{
		{"two jobs of one project", func(w *world) (one, two act, done func()) {
			w.must(w.order(lib, w.merge(lib)))
			second, third := w.merge(lib), w.merge(lib)
			return w.deploys(lib, second), w.deploys(lib, third), func() { w.same(w.production(lib), third) }
		}},
		{"two jobs of one project, the newer first", func(w *world) (one, two act, done func()) {
			w.must(w.order(lib, w.merge(lib)))
			second, third := w.merge(lib), w.merge(lib)
			return w.deploys(lib, third), w.deploys(lib, second), func() { w.same(w.production(lib), third) }
		}},
		{"jobs of two projects of a set", func(w *world) (one, two act, done func()) {
			w.must(w.order(lib, w.merge(lib)))
			a, b := w.merge(lib), w.merge(tools)
			return w.deploys(lib, a), w.deploys(tools, b), func() { w.same(w.production(lib)+w.production(tools), a+b) }
		}},
		{"two rollbacks of a set", func(w *world) (one, two act, done func()) {
			sets(w)
			return w.rollsBackTo("3"), w.rollsBackTo("4"), nil
		}},
		{"a rollback of a set and a job of it", func(w *world) (one, two act, done func()) {
			sets(w)
			return w.rollsBackTo("3"), w.deploys(tools, w.merge(tools)), nil
		}},
		{"a job and a rollback of its set", func(w *world) (one, two act, done func()) {
			sets(w)
			return w.deploys(lib, w.merge(lib)), w.rollsBackTo("previous"), nil
		}},
		{"a job and a rollback of its project", func(w *world) (one, two act, done func()) {
			first := w.merge(lib)
			w.must(w.order(lib, first))
			w.must(w.order(lib, w.merge(lib)))
			return w.deploys(lib, w.merge(lib)), func(ctx context.Context, d *deploy.Deployer) error {
				_, err := d.Rollback(ctx, lib, first, deploy.Person{Name: "dave"})
				return err
			}, nil
		}},
		{"a rollback of a project twice", func(w *world) (one, two act, done func()) {
			first := w.merge(lib)
			w.must(w.order(lib, first))
			w.must(w.order(lib, w.merge(lib)))
			back := func(ctx context.Context, d *deploy.Deployer) error {
				_, err := d.Rollback(ctx, lib, "", deploy.Person{Name: "dave"})
				return err
			}
			return back, back, func() { w.same(w.production(lib), first) }
		}},
	}
}

// TestTwoAtEveryRequest lets a second process do all that it does before each request of
// a first one: of one project, and of one set. The second may have to wait until the lease
// of the first ends. Whatever failed is run again; then all is settled, and at no moment
// was production where nobody wants it.
func TestTwoAtEveryRequest(t *testing.T) {
	for _, m := range meetings() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			part := testenv.Sample(t, 8)
			ran := 0
			for n := range m.requests(t) {
				if part.Has(n) {
					m.at(t, n)
					ran++
				}
			}
			t.Logf("%d cases", ran)
		})
	}
}

// requests counts those of the first process alone.
func (m meeting) requests(t *testing.T) (n int) {
	t.Helper()
	inWorld(t, func(w *world) {
		one, _, _ := m.prepare(w)
		calm := &beside{w: w, next: w.sim.Transport(), at: -1}
		d, err := w.deployer(calm)
		w.ok(err)
		w.ok(one(w.t.Context(), d))
		n = calm.n
	})
	return n
}

// at is one case.
func (m meeting) at(t *testing.T, n int) {
	t.Helper()
	inWorld(t, func(w *world) {
		one, two, done := m.prepare(w)
		calm := func(do act) error {
			d, err := w.deployer(&beside{w: w, next: w.sim.Transport(), at: -1})
			if err != nil {
				return err
			}
			return do(w.t.Context(), d)
		}
		var first, second error
		meet := &beside{w: w, next: w.sim.Transport(), at: n}
		meet.other = func() { second = calm(two) }
		d, err := w.deployer(meet)
		if first = err; err == nil {
			first = one(w.t.Context(), d)
		}
		for _, again := range []struct {
			err error
			do  act
		}{{first, one}, {second, two}} {
			if again.err == nil {
				continue
			}
			if err := calm(again.do); err != nil && !errors.As(err, new(*deploy.Mistake)) {
				t.Errorf("request %d: it ended with %v, and again with %v", n, again.err, err)
			}
		}
		w.settled()
		if done != nil {
			done()
		}
		if t.Failed() {
			t.Logf("request %d: %v, %v; said: %q", n, first, second, w.said)
		}
	})
}
