package journal_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// world is a live run on a database, with an audit file.
type world struct {
	t     *testing.T
	path  string
	store *store.Store
	run   int64
	lines []string
	full  error // of the audit file
}

func newWorld(t *testing.T) (*world, *journal.Journal) {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "pinwheel.db")}
	var err error
	if w.store, err = store.Open(t.Context(), w.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.store.Close() })
	if w.run, err = w.store.BeginRun(t.Context(), "g/p", now, time.Hour); err != nil {
		t.Fatal(err)
	}
	file := func(line []byte) error {
		if w.full == nil {
			w.lines = append(w.lines, string(line))
		}
		return w.full
	}
	return w, journal.New(w.store, file, journal.Run{Project: "g/p", ID: w.run, Now: now})
}

// audit is what the store holds, as JSON lines.
func (w *world) audit() (out []string) {
	w.t.Helper()
	err := w.store.Audit(w.t.Context(), "", func(e store.AuditEntry) error {
		line, err := json.Marshal(e)
		out = append(out, string(line)+"\n")
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// actions are the rows of the journal.
func (w *world) actions() (out []string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(w.t.Context(), `SELECT kind || ' ' || target || ' ' || detail || ': ' || coalesce(result, 'open') FROM actions ORDER BY id`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var row string
		if err := rows.Scan(&row); err != nil {
			w.t.Fatal(err)
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) same(what string, got, want []string) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

var opens = plan.Fact{Kind: plan.KindOpenMergeRequest, On: "b", Who: "bob", Why: "forced", Before: []string{"a==1"}, After: []string{"a==2"}, Detail: "d"}

const (
	began = `{"at":"2026-01-02T03:04:05Z","project":"g/p","run":1,"event":"began","action":"OpenMergeRequest","target":"b","who":"bob","why":"forced","before":["a==1"],"after":["a==2"]}` + "\n"
	ended = `{"at":"2026-01-02T03:04:05Z","project":"g/p","run":1,"event":"ended","action":"OpenMergeRequest","target":"b !5","who":"bob","why":"forced","before":["a==1"],"after":["a==2","head c"],"result":"done"}` + "\n"
)

func TestDoWritesDownBeforeAndAfter(t *testing.T) {
	w, j := newWorld(t)
	err := j.Do(t.Context(), opens, func(context.Context) journal.Outcome {
		w.same("the audit before", w.audit(), []string{began})
		w.same("the file before", w.lines, []string{began})
		w.same("the journal before", w.actions(), []string{"OpenMergeRequest b d: open"})
		return journal.Outcome{Result: journal.Done, Target: "b !5", After: []string{"head c"}}
	})
	if err != nil || j.Err() != nil {
		t.Fatal(err, j.Err())
	}
	w.same("the audit", w.audit(), []string{began, ended})
	w.same("the file", w.lines, []string{began, ended})
	w.same("the journal", w.actions(), []string{"OpenMergeRequest b d: done"})
}

// What ends meanwhile keeps nobody from writing down what was done.
func TestTheEndIsWrittenDownWhateverEnds(t *testing.T) {
	w, j := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := j.Do(ctx, opens, func(context.Context) journal.Outcome {
		cancel()
		return journal.Outcome{Result: journal.Done, Target: "b !5", After: []string{"head c"}}
	})
	if err != nil {
		t.Fatal(err)
	}
	w.same("the audit", w.audit(), []string{began, ended})
}

func TestWhatCannotBeWrittenDownIsNotDone(t *testing.T) {
	never := func(t *testing.T) func(context.Context) journal.Outcome {
		return func(context.Context) journal.Outcome { t.Error("the effect happened"); return journal.Outcome{} }
	}
	t.Run("the file is full", func(t *testing.T) {
		w, j := newWorld(t)
		w.full = errors.New("no room")
		if err := j.Do(t.Context(), opens, never(t)); err == nil || !strings.Contains(err.Error(), "nothing is done that cannot be written down: no room") {
			t.Errorf("%v", err)
		}
		w.full = nil
		if err := j.Do(t.Context(), opens, never(t)); err == nil || j.Err() == nil {
			t.Error("an effect after a line that could not be written")
		}
		if err := j.Asked(t.Context(), store.AuditEntry{Action: "tick"}); err == nil {
			t.Error("a tick after a line that could not be written")
		}
	})
	t.Run("another run took over", func(t *testing.T) {
		w, j := newWorld(t)
		if err := w.store.FinishRun(t.Context(), w.run, now, store.RunEnd{Status: store.RunFailed}); err != nil {
			t.Fatal(err)
		}
		if err := j.Do(t.Context(), opens, never(t)); !errors.Is(err, store.ErrNotLive) {
			t.Errorf("%v", err)
		}
		w.same("the audit", w.audit(), nil)
	})
	t.Run("what was done is written down all the same", func(t *testing.T) {
		w, j := newWorld(t)
		e, err := j.Begin(t.Context(), opens)
		if err != nil {
			t.Fatal(err)
		}
		w.full = errors.New("no room")
		if err := j.Asked(t.Context(), store.AuditEntry{Action: "tick"}); err == nil {
			t.Error("no error")
		}
		w.full = nil
		if err := e.End(t.Context(), journal.Outcome{Result: journal.Done, Target: "b !5", After: []string{"head c"}}); err != nil {
			t.Fatal(err)
		}
		w.same("the last line", w.lines[1:], []string{ended})
	})
}
