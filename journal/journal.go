// Package journal writes down what a run does to GitLab: first what it is about to
// do, then the result. It writes into the store's journal and audit, and into the
// operator's audit file.
//
// Its one invariant: an effect that cannot be written down is not carried out. Once a
// line could not be written, the journal carries out no further effect.
//
// It knows no kinds of effects, does not try an effect again, and decides nothing.
package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// Run is the run that the journal is about.
type Run struct {
	Project string
	ID      int64
	Now     time.Time // of every line
}

// Journal is the journal of one run. Only one goroutine may use it.
type Journal struct {
	store *store.Store
	file  func(line []byte) error
	run   Run
	err   error
}

// New returns the journal of a run. file gets each line of the audit as JSON and
// may be nil.
func New(s *store.Store, file func(line []byte) error, run Run) *Journal {
	return &Journal{store: s, file: file, run: run}
}

// Done is the result of an effect that did what it should.
const Done = "done"

// Outcome is the result of an effect.
type Outcome struct {
	Result string   // Done, or a sentence
	Target string   // what it changed, if only the effect knows that; empty: the fact's
	After  []string // what is there now, in addition to the fact's
}

// Do writes a fact down, carries out its effect, and writes down the result. An error
// says that the journal failed, never that the effect did: either the effect was not
// begun, or its result is not written down.
func (j *Journal) Do(ctx context.Context, f plan.Fact, effect func(context.Context) Outcome) error {
	e, err := j.Begin(ctx, f)
	if err != nil {
		return err
	}
	return e.End(ctx, effect(ctx))
}

// Entry is an effect that has begun.
type Entry struct {
	j     *Journal
	id    int64
	entry store.AuditEntry
}

// Begin is the first half of Do, for an effect whose fact becomes known only while
// it is prepared. After an error the effect must not happen.
func (j *Journal) Begin(ctx context.Context, f plan.Fact) (*Entry, error) {
	e := store.AuditEntry{
		Event: store.Began, Action: string(f.Kind), Target: f.Target, Who: f.Who, Why: f.Why, Before: f.Before, After: f.After,
	}
	if e.Target == "" {
		e.Target = f.On
	}
	entry := &Entry{j: j, entry: e}
	err := j.write(e, func(e store.AuditEntry) (err error) {
		entry.id, err = j.store.BeginAction(ctx, store.Action{Run: j.run.ID, Kind: string(f.Kind), Target: f.On, Detail: f.Detail}, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	return entry, nil
}

// End writes down the result of the effect, also if the context has ended.
func (e *Entry) End(ctx context.Context, out Outcome) error {
	end := e.entry
	end.Event, end.Result = store.Ended, out.Result
	if out.Target != "" {
		end.Target = out.Target
	}
	end.After = append(slices.Clip(end.After), out.After...)
	return e.j.write(end, func(end store.AuditEntry) error {
		return e.j.store.FinishAction(context.WithoutCancel(ctx), e.id, end)
	})
}

// Asked adds an entry to the audit about what a person asked for, which is no effect.
func (j *Journal) Asked(ctx context.Context, e store.AuditEntry) error {
	e.Event = store.Asked
	return j.write(e, func(e store.AuditEntry) error { return j.store.Record(ctx, e) })
}

// Err is the reason why the journal carries out nothing any more; nil if it does.
func (j *Journal) Err() error { return j.err }

// write adds an entry by store, and to the file.
func (j *Journal) write(e store.AuditEntry, add func(store.AuditEntry) error) error {
	if j.err != nil && e.Event != store.Ended { // the result of an effect is written down in any case
		return j.err
	}
	e.At, e.Project, e.Run = j.run.Now, j.run.Project, j.run.ID
	err := add(e)
	if err == nil && j.file != nil {
		err = j.toFile(e)
	}
	if err != nil && j.err == nil {
		j.err = err
	}
	return err
}

func (j *Journal) toFile(e store.AuditEntry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := j.file(append(line, '\n')); err != nil {
		return fmt.Errorf("nothing is done that cannot be written down: %w", err)
	}
	return nil
}
