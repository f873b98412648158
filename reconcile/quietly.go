package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// Runs of several projects in which nothing changed begin and end in the database together. Each has
// its own row, lease and record, as if it were made alone, and asks the same.

// quietlyFor is how long runs that began together keep others from their projects, but for the one
// that goes on.
const quietlyFor = time.Second

// Quietly is what became of runs that began together. A project that is in none of its lists was
// not looked at.
type Quietly struct {
	Ended []Ended  // nothing changed since the last run
	Alone []string // projects without a record that counts: they need runs of their own
	On    string   // the project whose run goes on, since something changed or a server is slow; empty for none
	Slow  bool     // the others were left off since time was up

	// Rest makes the rest of the run that goes on; nil if there is none. It has to be called.
	Rest func(ctx context.Context) (Report, error)
}

// Ended is a run that ended since nothing changed.
type Ended struct {
	Project string
	Report  Report
}

// Quietly makes runs of projects, one after the other, until something changed in one. It needs a
// database on a server.
func (r *Runner) Quietly(ctx context.Context, projects []config.Project, now time.Time) (out Quietly, err error) {
	quiets, ok := r.Store.Quiets()
	if !ok {
		return Quietly{}, errors.New("runs begin together only on a server")
	}
	t := &beside{Runner: r, quiets: quiets, now: now, until: time.Now().Add(quietlyFor), names: map[string][]string{}}
	ended, err := t.beginTogether(ctx, projects, &out)
	if err == nil {
		ended, err = t.askInTurn(ctx, ended, &out)
	}
	end, done := finishing(ctx)
	defer done()
	return out, errors.Join(err, t.endTogether(end, ended, &out), t.drop(end))
}

// beside are runs that begin and end together.
type beside struct {
	*Runner
	quiets *store.Quiets
	now    time.Time
	until  time.Time // then the next one is left off
	names  map[string][]string
	stamps map[string]map[string]store.Stamp // by index and name; nil: to be read
	left   []begun                           // live runs that did nothing
}

// begun is one of them.
type begun struct {
	store.Begun
	run     *run
	project config.Project
	ctx     context.Context //nolint:containedctx // it carries the lease of the run
	release func()
}

// beginTogether begins runs of the projects that have a record which counts.
func (t *beside) beginTogether(ctx context.Context, projects []config.Project, out *Quietly) (all []begun, err error) {
	began := time.Now()
	paths, by := make([]string, 0, len(projects)), map[string]config.Project{}
	for _, p := range projects {
		if by[p.Path] = p; p.Policy.Mode != plan.Off {
			paths = append(paths, p.Path)
		}
	}
	rows, err := t.quiets.Begin(ctx, paths, began, t.Store.Lease())
	if err != nil {
		return nil, err
	}
	pauses, perr := t.Store.Pauses(ctx)
	places, berr := t.Budget.may(ctx, t.now)
	for _, row := range rows {
		b := begun{Begun: row, project: by[row.Project]}
		own, err := t.of(b.project)
		if err == nil {
			b.run = own.newRun(b.project, t.now)
			b.run.journal = journal.New(t.Store, t.Audit, journal.Run{Project: row.Project, ID: row.ID, Now: t.now})
			b.run.pause = pauseOf(pauses, row.Project)
		}
		if err != nil || cmp.Or(perr, berr) != nil || t.Whole || t.Views && !row.Viewed || !b.run.counts(b.project, row.Record) || !samePlaces(places, row.Record.Places) {
			t.left = append(t.left, b)
			continue
		}
		delete(by, row.Project)
		for _, pages := range row.Record.Pages {
			t.names[pages.Index] = append(t.names[pages.Index], pages.Names...)
		}
		limited, cancel := context.WithTimeout(ctx, t.Limit)
		var end func()
		b.ctx, end = t.Store.Hold(limited, row.ID, t.Store.Lease())
		b.release = func() { end(); cancel() }
		all = append(all, b)
	}
	for _, p := range projects {
		if _, is := by[p.Path]; is {
			out.Alone = append(out.Alone, p.Path)
		}
	}
	return all, nil
}

// pauseOf is the pause in force for a project, nil for none: its own, else that of all.
func pauseOf(pauses []store.Pause, project string) *plan.Problem {
	for _, path := range []string{strings.ToLower(project), ""} {
		if i := slices.IndexFunc(pauses, func(p store.Pause) bool { return p.Project == path }); i >= 0 {
			problem := pause(pauses[i])
			return &problem
		}
	}
	return nil
}

// answered is what became of the questions of a run.
type answered struct{ same, panicked bool }

// askInTurn makes the runs until one does not end by that, or time is up, and returns those that got the
// same answers.
func (t *beside) askInTurn(ctx context.Context, all []begun, out *Quietly) (ended []begun, err error) {
	timer := time.NewTimer(time.Until(t.until))
	defer timer.Stop()
	for i, b := range all {
		out.Slow = i > 0 && !time.Now().Before(t.until)
		if out.Slow || ctx.Err() != nil {
			t.left = append(t.left, all[i:]...)
			return ended, ctx.Err()
		}
		answers := make(chan answered, 1)
		asked, ok := b.run.questions(b.Record, func(index string, names []string) ([]store.Stamp, error) { return t.stampsOf(ctx, index, names) })
		if ok {
			go t.answer(b, asked, answers)
		} else {
			answers <- answered{}
		}
		var a answered
		select {
		case a = <-answers:
		case <-timer.C:
			out.Slow = true
		}
		switch {
		case a.same:
			if ended = append(ended, b); len(asked.requests) > 0 {
				t.stamps = nil // an answer may have been stored
			}
			continue
		case a.panicked:
			t.left, out.Alone = append(t.left, b), append(out.Alone, b.Project)
			continue
		case ctx.Err() != nil:
			t.left = append(t.left, all[i:]...)
			return ended, ctx.Err()
		case !out.Slow:
			answers <- a
		}
		out.On, out.Rest = b.Project, func(ctx context.Context) (Report, error) { return t.goOn(ctx, b, answers) }
		t.left = append(t.left, all[i+1:]...)
		return ended, nil
	}
	return ended, nil
}

// answer sends the questions of a run.
func (t *beside) answer(b begun, asked questions, to chan<- answered) {
	a := answered{panicked: true}
	defer func() {
		if p := recover(); p != nil { // a run of its own says it to whoever counts
			b.run.log.Error("run panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
		to <- a
	}()
	a = answered{same: b.run.same(b.ctx, b.Record, asked)}
}

// goOn makes the rest of a run, with its lease.
func (t *beside) goOn(parent context.Context, b begun, answers <-chan answered) (Report, error) {
	parent, cancel := context.WithTimeout(parent, t.Limit)
	defer cancel()
	a := <-answers
	lease := t.Store.Lease()
	if err := t.Store.KeepRun(parent, b.ID, time.Now().Add(lease)); err != nil {
		b.release()
		return Report{Status: Failed}, err
	}
	ctx, release := t.Store.Hold(parent, b.ID, lease)
	defer release()
	b.release()
	if a.same {
		if err := t.Store.FinishQuiet(ctx, store.QuietRun{Project: b.Project, ID: b.ID, Now: b.run.now.Asking()}, b.Record); err == nil {
			return quietReport(b.run.now.Asking(), b.project, b.Record), nil
		}
	}
	return b.run.whole(ctx, b.project, b.ID)
}

// stampsOf are the stamps of names on an index. Those of all runs are read together.
func (t *beside) stampsOf(ctx context.Context, index string, names []string) (out []store.Stamp, err error) {
	if t.stamps == nil {
		t.stamps = map[string]map[string]store.Stamp{}
	}
	if t.stamps[index] == nil {
		slices.Sort(t.names[index])
		t.names[index] = slices.Compact(t.names[index])
		all, err := t.Store.Stamps(ctx, index, t.names[index])
		if err != nil {
			return nil, err
		}
		t.stamps[index] = make(map[string]store.Stamp, len(all))
		for _, s := range all {
			t.stamps[index][s.Name] = s
		}
	}
	for _, name := range names {
		if s, ok := t.stamps[index][name]; ok {
			out = append(out, s)
		}
	}
	return out, nil
}

// endTogether ends the runs that got the same answers.
func (t *beside) endTogether(ctx context.Context, ended []begun, out *Quietly) error {
	if len(ended) == 0 {
		return nil
	}
	now := plan.At(t.now).Asking()
	rows := make([]store.Begun, 0, len(ended))
	for _, b := range ended {
		rows = append(rows, b.Begun)
		defer b.release()
	}
	live, err := t.quiets.Finish(ctx, rows, now)
	if err != nil {
		return err
	}
	for _, b := range ended {
		if slices.Contains(live, b.ID) {
			out.Ended = append(out.Ended, Ended{b.Project, quietReport(now, b.project, b.Record)})
		}
	}
	return nil
}

// drop ends the runs that did nothing.
func (t *beside) drop(ctx context.Context) error {
	var runs []int64
	for _, b := range t.left {
		if runs = append(runs, b.ID); b.release != nil {
			b.release()
		}
	}
	if len(runs) == 0 {
		return nil
	}
	return t.quiets.Drop(ctx, runs)
}
