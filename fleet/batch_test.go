package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

// batched is what the looks of batches do in a world.
type batched struct {
	mu      sync.Mutex
	changed map[string]bool          // projects in which something changed
	stands  map[string]chan struct{} // looks that begin together with such a project end when this is closed
	fails   bool                     // none is made
	parts   []string                 // what began together, in order
	ended   map[string]int           // how often nothing was found changed in a project
}

// quietly makes the looks that a batch begins together.
func (w *world) quietly(ctx context.Context, s *store.Store, projects []string) (out Quiet) {
	b := &w.quiet
	b.mu.Lock()
	b.parts = append(b.parts, strings.Join(projects, " "))
	fails := b.fails
	b.mu.Unlock()
	all, _ := s.Quiets()
	begun, err := all.Begin(ctx, projects, time.Now(), time.Minute)
	if err != nil || fails {
		return Quiet{}
	}
	b.mu.Lock()
	var stands []chan struct{}
	for _, project := range projects {
		if b.stands[project] != nil {
			stands = append(stands, b.stands[project])
		}
	}
	b.mu.Unlock()
	for _, stand := range stands {
		w.began <- "together " + strings.Join(projects, " ")
		select {
		case <-stand:
		case <-ctx.Done():
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, project := range projects {
		i := slices.IndexFunc(begun, func(b store.Begun) bool { return b.Project == project })
		switch {
		case i < 0:
			out.Alone = append(out.Alone, project)
		case out.On != "": // it is left
			err = errors.Join(err, all.Drop(ctx, []int64{begun[i].ID}))
		case b.changed[project]:
			run := begun[i].ID
			out.On, out.Rest = project, func(ctx context.Context) error {
				w.began <- "rest " + project
				<-w.let
				return s.FinishRun(context.WithoutCancel(ctx), run, time.Now(), store.RunEnd{Status: store.RunDone})
			}
		default:
			ids, ferr := all.Finish(ctx, begun[i:i+1], time.Now())
			if err = errors.Join(err, ferr); len(ids) == 1 {
				out.Ended = append(out.Ended, project)
				b.ended[project]++
			}
		}
	}
	if err != nil {
		w.t.Error(err)
	}
	return out
}

// recorded makes a world with projects of which the last run left a record.
func recorded(t *testing.T, n int) (w *world, projects []string) {
	t.Helper()
	w = newWorld(t)
	w.quiet = batched{changed: map[string]bool{}, stands: map[string]chan struct{}{}, ended: map[string]int{}}
	s, err := store.Open(t.Context(), w.place)
	for i := range n {
		project := fmt.Sprintf("g/%02d", i)
		projects = append(projects, project)
		run, rerr := s.BeginRun(t.Context(), project, time.Now(), time.Minute)
		err = errors.Join(err, rerr, s.KeepQuiet(t.Context(), project, run, store.Quiet{By: "b"}), s.FinishRun(t.Context(), run, time.Now(), store.RunEnd{Status: store.RunDone}))
	}
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return w, projects
}

// idle waits until no look is due, and returns in how many projects nothing was found changed, and
// how often.
func (w *world) idle(f *Fleet) (projects, looks int) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); w.count(f, `SELECT count(*) FROM looks WHERE wanted_at IS NOT NULL OR next_look <= now() OR queued > 0`)+
		w.count(f, `SELECT count(*) FROM river_job WHERE state <> 'completed'`) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("looks do not come to an end")
		}
	}
	w.quiet.mu.Lock()
	defer w.quiet.mu.Unlock()
	for _, n := range w.quiet.ended {
		looks += n
	}
	return len(w.quiet.ended), looks
}

// Looks at projects with a record are few jobs, and each is made once, by the hour as well.
func TestQuietLooksAreBatches(t *testing.T) {
	w, projects := recorded(t, 40)
	p := w.start("a", append(projects, "g/new")...)
	p.StartAll(append(projects, "g/new", "g/unknown"))
	if look := w.next(); look != "a g/new" {
		t.Errorf("%s begins, want g/new alone, which has no record", look)
	}
	w.let <- struct{}{}
	if n, looks := w.idle(p.Fleet); n != 40 || looks != 40 {
		t.Errorf("%d looks at %d projects, want one at each of 40", looks, n)
	}
	if n := w.count(p.Fleet, `SELECT count(*) FROM river_job`); n != 3 {
		t.Errorf("%d jobs, want one for the project without a record and two", n)
	}
	if p.Counts().Runs != 41 {
		t.Errorf("%+v are counted", p.Counts())
	}
	if _, err := p.Looks.Pool().Exec(t.Context(), `UPDATE looks SET next_look = now() - interval '1 minute' WHERE project < 'g/1'`); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Looks.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, looks := w.idle(p.Fleet); n != 40 || looks != 50 {
		t.Errorf("after the hour of ten: %d looks at %d projects", looks, n)
	}
	if n := w.count(p.Fleet, `SELECT count(*) FROM river_job`); n != 4 {
		t.Errorf("%d jobs, want one more", n)
	}
	if n := w.count(p.Fleet, `SELECT count(*) FROM looks WHERE worker = 'a' AND next_look > now()`); n != 41 {
		t.Errorf("%d looks have a worker and their next hour", n)
	}
}

// Where something changed, that run goes on, and the others do not wait for it.
func TestABatchBreaksWhereSomethingChanged(t *testing.T) {
	w, projects := recorded(t, 12)
	w.quiet.changed["g/03"], w.quiet.changed["g/04"] = true, true
	p := w.start("a", projects...)
	p.StartAll(projects)
	if a, b := w.next(), w.next(); a != "rest g/03" || b != "rest g/04" { // none of the two ends yet
		t.Errorf("%s and %s", a, b)
	}
	w.quiet.mu.Lock()
	parts := w.quiet.parts[1]
	w.quiet.mu.Unlock()
	if parts != "g/04" {
		t.Errorf("after a change %s begin together, want one alone", parts)
	}
	w.let <- struct{}{}
	w.let <- struct{}{}
	if n, looks := w.idle(p.Fleet); n != 10 || looks != 10 {
		t.Errorf("%d looks at %d projects, want one at each of ten", looks, n)
	}
	if n := w.count(p.Fleet, `SELECT count(*) FROM runs WHERE status = 'running'`); n != 0 {
		t.Errorf("%d runs are at work", n)
	}
}

// Somebody ticks in a project that a batch is at work on, and in one that waits in it.
func TestATickDoesNotWaitForABatch(t *testing.T) {
	w, projects := recorded(t, 12)
	stand := make(chan struct{})
	w.quiet.stands["g/01"] = stand
	p := w.start("a", projects...)
	p.StartAll(projects)
	if look := w.next(); !strings.Contains(look, "g/01") || strings.Contains(look, "g/09") {
		t.Fatalf("%s", look)
	}
	p.Trigger("g/09")
	if look := w.next(); look != "a g/09" {
		t.Errorf("%s begins, want g/09 beside the batch", look)
	}
	w.let <- struct{}{}
	p.Trigger("g/02") // its lease is held, so that its job finds nothing to do
	for deadline := time.Now().Add(30 * time.Second); w.count(p.Fleet, `SELECT count(*) FROM looks WHERE project = 'g/02' AND urgent AND queued = 0`) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no job takes g/02 while the batch is at work on it")
		}
	}
	close(stand)
	if look := w.next(); look != "a g/02" {
		t.Errorf("%s begins, want g/02 once more", look)
	}
	w.let <- struct{}{}
	if n, looks := w.idle(p.Fleet); n != 11 || looks != 11 {
		t.Errorf("%d quiet looks at %d projects, want 11: g/09 was looked at alone", looks, n)
	}
}

// What a batch does not come to, since its process died or the database did not answer, the next sweeps
// give to others.
func TestAnotherGoesOnWithABatch(t *testing.T) {
	w, projects := recorded(t, 12)
	stand := make(chan struct{})
	w.quiet.stands["g/01"] = stand
	a := w.start("a", projects...)
	a.StartAll(projects)
	w.next() // and a dies here: nothing of it is written any more
	w.quiet.mu.Lock()
	delete(w.quiet.stands, "g/01")
	w.quiet.mu.Unlock()
	swept := func(f *Fleet, statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if _, err := f.Looks.Pool().Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.Looks.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b := w.start("b", projects...)
	swept(b.Fleet)
	if n := w.count(b.Fleet, `SELECT count(*) FROM river_job`); n != 1 {
		t.Errorf("%d jobs, though the batch may be at work still", n)
	}
	swept(b.Fleet, `UPDATE looks SET queued_at = now() - interval '61 seconds' WHERE queued > 0`, `UPDATE runs SET lease_until = '2020-01-01T00:00:00Z' WHERE status = 'running'`)
	for range 8 { // a run that has not ended has no record that counts
		if look := w.next(); !strings.Contains(look, " g/0") {
			t.Errorf("%s begins", look)
		}
		w.let <- struct{}{}
	}
	close(stand) // a was alive after all: what it held is lost
	if n, looks := w.idle(b.Fleet); n != 4 || looks != 4 {
		t.Errorf("%d looks at %d projects, want one at each of the four that a had not begun", looks, n)
	}
	if n := w.count(b.Fleet, `SELECT count(*) FROM runs WHERE status = 'running'`); n != 0 {
		t.Errorf("%d runs are at work", n)
	}
}

// Looks that could not be made are due still, and the next sweep adds a job.
func TestABatchThatFailsIsDueStill(t *testing.T) {
	w, projects := recorded(t, 3)
	w.quiet.fails = true
	p := w.start("a", projects...)
	p.StartAll(projects)
	for deadline := time.Now().Add(30 * time.Second); w.count(p.Fleet, `SELECT count(*) FROM river_job WHERE state = 'completed'`) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the job does not end")
		}
	}
	w.quiet.mu.Lock()
	w.quiet.fails = false
	w.quiet.mu.Unlock()
	// Their runs began, and nobody ended them.
	if _, err := p.Looks.Pool().Exec(t.Context(), `DELETE FROM runs WHERE status = 'running'`); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Looks.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, looks := w.idle(p.Fleet); n != 3 || looks != 3 {
		t.Errorf("%d looks at %d projects, want one at each of three", looks, n)
	}
}
