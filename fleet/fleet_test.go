package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
)

// process is one process of a fleet whose looks wait until they are let go.
type process struct {
	*Fleet
	store *store.Store
	end   context.CancelFunc // ends it as a stop does
	ended chan struct{}
}

// world is a database with the looks that were made.
type world struct {
	t     *testing.T
	place string
	began chan string   // gets each look that begins, as INSTANCE PROJECT
	let   chan struct{} // a look ends when it gets one from here
	quiet batched
}

func newWorld(t *testing.T) *world {
	return &world{t: t, place: postgres.Database(t), began: make(chan string, 100), let: make(chan struct{})}
}

// start starts a process that knows of projects and sweeps when it is asked to.
func (w *world) start(instance string, projects ...string) *process {
	w.t.Helper()
	s, err := store.Open(context.Background(), w.place)
	if err != nil {
		w.t.Fatal(err)
	}
	s.RunAs(store.Process{Owner: store.Owner{Host: instance, PID: 1, Instance: instance}})
	look := func(ctx context.Context, project string, now time.Time) error {
		id, err := s.BeginRun(ctx, project, time.Now(), time.Minute)
		if busy, ok := errors.AsType[*store.Busy](err); ok {
			return &scheduler.Later{At: busy.Until, Err: err}
		}
		if err != nil {
			return err
		}
		w.began <- instance + " " + project
		select {
		case <-w.let:
		case <-ctx.Done():
		}
		return s.FinishRun(context.WithoutCancel(ctx), id, now, store.RunEnd{Status: store.RunDone})
	}
	clock, err := scheduler.New(projects, look, nil, scheduler.Options{Spec: "@yearly"})
	if err != nil {
		w.t.Fatal(err)
	}
	looks, _ := s.Looks()
	f, err := New(context.Background(), clock, projects, Options{Looks: looks, Instance: instance, AtOnce: 2, Log: slog.New(slog.DiscardHandler), Sweep: time.Hour,
		Quietly: func(ctx context.Context, projects []string) Quiet { return w.quietly(ctx, s, projects) }})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	p := &process{Fleet: f, store: s, end: end, ended: make(chan struct{})}
	go func() { f.Run(ctx); close(p.ended) }()
	w.t.Cleanup(func() { p.stop(); _ = s.Close() })
	return p
}

func (p *process) stop() { p.end(); <-p.ended }

// next is the look that begins next.
func (w *world) next() string {
	w.t.Helper()
	select {
	case look := <-w.began:
		return look
	case <-time.After(30 * time.Second):
		w.t.Fatal("no look begins")
		return ""
	}
}

// swept is the look that begins next, after a sweep. While another process sweeps, one does nothing.
func (w *world) swept(f *Fleet) string {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if _, err := f.Looks.Sweep(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		select {
		case look := <-w.began:
			return look
		case <-time.After(200 * time.Millisecond):
		}
	}
	w.t.Fatal("no look begins")
	return ""
}

// settle lets every look end until nothing is due and nothing waits, and returns how many
// looks began.
func (w *world) settle(f *Fleet) (looks int) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		select {
		case <-w.began:
			looks++
		case w.let <- struct{}{}:
		case <-time.After(20 * time.Millisecond):
			if _, err := f.Looks.Sweep(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
			if w.count(f, `SELECT count(*) FROM looks WHERE wanted_at IS NOT NULL OR next_look <= now() OR queued > 0`) == 0 &&
				w.count(f, `SELECT count(*) FROM river_job WHERE state NOT IN ('completed')`) == 0 && len(w.began) == 0 {
				return looks
			}
		}
	}
	w.t.Fatal("looks do not come to an end")
	return looks
}

func (w *world) count(f *Fleet, query string) (n int) {
	w.t.Helper()
	if err := f.Looks.Pool().QueryRow(w.t.Context(), query).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestMain(m *testing.M) {
	testenv.Waiting()
	testenv.Roomy()
	os.Exit(m.Run())
}

// A tick, a webhook and the hour come in every order, and a look begins at every point between
// them. After the last of them a look begins, and then nothing is left to do.
func TestNoWakeIsLost(t *testing.T) {
	for _, order := range [][]string{
		{"tick", "webhook", "hour"}, {"tick", "hour", "webhook"}, {"webhook", "tick", "hour"},
		{"webhook", "hour", "tick"}, {"hour", "tick", "webhook"}, {"hour", "webhook", "tick"},
	} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.start("a", "g/p")
			p.Trigger("g/p") // the project is in the database when a look began
			w.next()
			w.settle(p.Fleet)
			for at := 1; at <= 3; at++ {
				t.Run(fmt.Sprint("with a look after ", at), func(t *testing.T) {
					w.t = t
					for _, event := range order[:at] {
						p.befalls(t, event)
					}
					w.next() // it stands, so that the others come while it is at work
					for _, event := range order[at:] {
						p.befalls(t, event)
					}
					looks := w.settle(p.Fleet)
					if at < 3 && looks == 0 {
						t.Error("nobody looked after the last wake")
					}
					if looks > 3 {
						t.Errorf("%d further looks for %d events", looks, 3-at)
					}
				})
			}
			w.t = t
		})
	}
}

// befalls makes an event happen to the project g/p.
func (p *process) befalls(t *testing.T, event string) {
	t.Helper()
	switch event {
	case "tick":
		p.Trigger("g/p")
	case "webhook":
		p.Start("g/p")
	case "hour":
		if _, err := p.Looks.Pool().Exec(t.Context(), `UPDATE looks SET next_look = now()`); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Looks.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A look that somebody waits for goes before those by the schedule, also if one by the schedule
// waits for the same project.
func TestWhoeverWaitsGoesFirst(t *testing.T) {
	w := newWorld(t)
	p := w.start("a", "g/1", "g/2", "g/3")
	p.Start("g/1")
	p.Start("g/2")
	w.next()
	w.next() // both places of the schedule are taken
	p.Start("g/3")
	p.Trigger("g/3")
	if look := w.next(); look != "a g/3" {
		t.Errorf("%s begins, want g/3 at once", look)
	}
	w.settle(p.Fleet)
}

// Projects of a worker that is gone are looked at by another: what it was at work on once its lease
// ended, and the others since nobody watches their dashboards.
func TestAnotherGoesOn(t *testing.T) {
	w := newWorld(t)
	a := w.start("a", "g/p", "g/q")
	a.Start("g/q")
	w.next()
	w.let <- struct{}{}
	w.settle(a.Fleet)
	a.Trigger("g/p")
	w.next() // and a dies here: nothing of it is written any more
	b := w.start("b", "g/p", "g/q")
	dead := func(statement string) {
		t.Helper()
		if _, err := b.Looks.Pool().Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	dead(`UPDATE workers SET seen_at = now() - interval '2 minutes' WHERE instance = 'a'`)
	// River gives jobs to a as well, since it only seems to be dead; who takes one does not matter.
	if look := w.swept(b.Fleet); look[2:] != "g/q" {
		t.Errorf("%s begins while the lease lasts, want g/q", look)
	}
	dead(`UPDATE runs SET lease_until = '2020-01-01T00:00:00Z' WHERE project = 'g/p' AND status = 'running'`)
	if look := w.swept(b.Fleet); look[2:] != "g/p" {
		t.Errorf("%s begins, want g/p", look)
	}
	w.settle(b.Fleet)
}

// A process that stops in the middle of a look leaves it due, and another makes it.
func TestAStopLeavesTheLookDue(t *testing.T) {
	w := newWorld(t)
	a := w.start("a", "g/p")
	a.Trigger("g/p")
	w.next()
	a.stop()
	b := w.start("b", "g/p") // and sweeps at its start
	if look := w.next(); look != "b g/p" {
		t.Errorf("%s begins, want b g/p", look)
	}
	w.settle(b.Fleet)
}

// A wake that cannot add its job is not written down either.
func TestAWakeAndItsJobAreOne(t *testing.T) {
	w := newWorld(t)
	p := w.start("a", "g/p")
	looks := *p.Looks
	looks.Enqueue = func(context.Context, pgx.Tx, []store.Job) error { return errors.New("no") }
	if err := looks.Wake(t.Context(), "g/p", true); err == nil {
		t.Error("a wake without a job succeeds")
	}
	if n := w.count(p.Fleet, `SELECT count(*) FROM looks WHERE wanted_at IS NOT NULL OR queued > 0`); n != 0 {
		t.Error("half a wake is left")
	}
	if p.Trigger("g/unknown") || p.Start("g/unknown") {
		t.Error("an unknown project was woken")
	}
}

// Many processes share the looks, and none is made twice at once.
func TestManyProcesses(t *testing.T) {
	w := newWorld(t)
	close(w.let) // looks end at once
	var projects []string
	for n := range 30 {
		projects = append(projects, fmt.Sprint("g/", n))
	}
	a, b := w.start("a", projects...), w.start("b", projects...)
	var all sync.WaitGroup
	for _, p := range []*process{a, b} {
		all.Go(func() {
			for _, project := range projects {
				p.Trigger(project)
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for len(seen) < len(projects) {
		seen[w.next()[2:]] = true
	}
	for deadline := time.Now().Add(30 * time.Second); w.count(a.Fleet, `SELECT count(*) FROM looks WHERE wanted_at IS NOT NULL OR queued > 0`) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("looks do not come to an end")
		}
	}
	mine, err := a.Looks.Mine(t.Context(), "a")
	others, err2 := b.Looks.Mine(t.Context(), "b")
	if err = errors.Join(err, err2); err != nil || len(mine)+len(others) != len(projects) {
		t.Errorf("%d and %d projects are watched, want %d together: %v", len(mine), len(others), len(projects), err)
	}
	if !a.Oldest().IsZero() || len(a.States()) != len(projects) {
		t.Errorf("at the end one waits since %s", a.Oldest())
	}
}
