package store

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// runAs says whose the next runs of s are.
func runAs(s *Store, owner Owner, alive func(int) bool) *Store {
	s.RunAs(Process{owner, alive})
	return s
}

func TestOneLiveRunPerProject(t *testing.T) {
	dead := func(int) bool { return false }
	living := func(int) bool { return true }
	holder := Owner{Host: "h", PID: 10, Instance: "a"}
	for name, c := range map[string]struct {
		owner Owner
		after time.Duration
		alive func(int) bool
		busy  bool
	}{
		"another process":                  {Owner{"h", 11, "b"}, time.Minute, living, true},
		"another process, nobody asked":    {Owner{"h", 11, "b"}, time.Minute, nil, true},
		"the same process":                 {holder, time.Minute, dead, true},
		"the same number, another start":   {Owner{"h", 10, "b"}, time.Minute, living, false},
		"its process is gone":              {Owner{"h", 11, "b"}, time.Minute, dead, false},
		"on another host nothing is known": {Owner{"g", 10, "b"}, time.Minute, dead, true},
		"before the end of the lease":      {Owner{"g", 10, "b"}, time.Hour - 1, living, true},
		"at the end of the lease":          {Owner{"g", 10, "b"}, time.Hour, living, false},
		"the same process after the lease": {holder, time.Hour + 1, living, false},
	} {
		ctx, s := t.Context(), opened(t, file(t))
		first := got[int64](t)(runAs(s, holder, living).BeginRun(ctx, "g/p", t0, time.Hour))
		got[int64](t)(runAs(s, holder, living).BeginRun(ctx, "g/q", t0, time.Hour))
		second, err := runAs(s, c.owner, c.alive).BeginRun(ctx, "g/p", t0.Add(c.after), time.Hour)
		if c.busy {
			if !errors.Is(err, ErrBusy) || !strings.HasSuffix(err.Error(), "process 10 on h since 2026-01-02T03:04:05Z") {
				t.Errorf("%s: %v, want busy", name, err)
			}
			must(t, s.FinishRun(ctx, first, t0, RunEnd{RunFailed, "x"}))
			got[int64](t)(runAs(s, c.owner, c.alive).BeginRun(ctx, "g/p", t0, time.Hour))
			continue
		}
		if err != nil || second == first {
			t.Errorf("%s: %v, want a run", name, err)
		}
		// The one that was taken over has no say any more.
		if err := s.FinishRun(ctx, first, t0, RunEnd{RunDone, ""}); !errors.Is(err, ErrNotLive) {
			t.Errorf("%s: the abandoned run finishes with %v", name, err)
		}
		if _, err := s.BeginAction(ctx, Action{first, "commit", "b", ""}, AuditEntry{At: t0, Project: "g/p", Run: first, Event: Began}); !errors.Is(err, ErrNotLive) {
			t.Errorf("%s: the abandoned run acts with %v", name, err)
		}
		var status, summary string
		must(t, s.db().QueryRow(`SELECT status, summary FROM runs WHERE id = ?`, first).Scan(&status, &summary))
		if status != "abandoned" || summary == "" {
			t.Errorf("%s: the abandoned run is %s: %q", name, status, summary)
		}
	}
}

// TestTheIndexKeepsRunsApart goes around BeginRun: the rule is the database's.
func TestTheIndexKeepsRunsApart(t *testing.T) {
	s := opened(t, file(t))
	got[int64](t)(runAs(s, Owner{}, nil).BeginRun(t.Context(), "g/p", t0, time.Hour))
	_, err := s.db().Exec(`INSERT INTO runs (project, status, host, pid, instance, began_at, lease_until)
		SELECT project, status, host, pid, instance, began_at, lease_until FROM runs`)
	if err == nil || !strings.Contains(err.Error(), "UNIQUE constraint failed: runs.project") {
		t.Errorf("%v", err)
	}
}

func TestJournal(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	run := got[int64](t)(runAs(s, Owner{}, nil).BeginRun(ctx, "g/p", t0, time.Hour))
	id := got[int64](t)(s.BeginAction(ctx, Action{run, "commit", "pinwheel/boto3-1.x", "boto3 1 to 2"}, AuditEntry{At: t0, Project: "g/p", Run: run, Event: Began}))
	row := func() (project, result string) {
		t.Helper()
		must(t, s.db().QueryRow(`SELECT project, coalesce(result, 'open') FROM actions WHERE id = ?`, id).Scan(&project, &result))
		return project, result
	}
	project, result := row()
	same(t, "before", project+" "+result, "g/p open")
	must(t, s.FinishRun(ctx, run, t0, RunEnd{RunDone, "1 update"}))
	must(t, s.FinishAction(ctx, id, AuditEntry{At: t0, Project: "g/p", Event: Ended, Result: "abc"}))
	must(t, s.FinishAction(ctx, id, AuditEntry{At: t0, Project: "g/p", Event: Ended, Result: "twice"}))
	must(t, s.FinishAction(ctx, id+1, AuditEntry{At: t0, Project: "g/p", Event: Ended, Result: "nothing"}))
	_, result = row()
	same(t, "after", result, "abc")
	if _, err := s.BeginAction(ctx, Action{run, "commit", "b", ""}, AuditEntry{At: t0, Project: "g/p", Run: run, Event: Began}); !errors.Is(err, ErrNotLive) {
		t.Errorf("an action after the run: %v", err)
	}
	if err := s.FinishRun(ctx, run, t0, RunEnd{RunDone, ""}); !errors.Is(err, ErrNotLive) {
		t.Errorf("a run finished twice: %v", err)
	}
	other := got[int64](t)(runAs(s, Owner{}, nil).BeginRun(ctx, "g/p", t0, time.Hour))
	if err := s.FinishRun(ctx, other, t0, RunEnd{"lost", ""}); err == nil || errors.Is(err, ErrNotLive) {
		t.Errorf("an unknown status: %v", err)
	}
}

// However long nothing happens, a project has one row: the database stays as large as it is.
func TestQuietRunsDoNotGrowTheDatabase(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	size := func() (pages int) {
		t.Helper()
		must(t, s.db().QueryRow(`PRAGMA page_count`).Scan(&pages))
		return pages
	}
	run := got[int64](t)(runAs(s, Owner{}, nil).BeginRun(ctx, "g/p", t0, time.Hour))
	must(t, s.KeepQuiet(ctx, "g/p", run, quiet()))
	must(t, s.FinishRun(ctx, run, t0, RunEnd{RunDone, ""}))
	before := size()
	for i := range 500 {
		at := t0.Add(time.Duration(i+1) * time.Hour)
		run := got[int64](t)(s.BeginRun(ctx, "g/p", at, time.Hour))
		q, ok, err := s.Quiet(ctx, "g/p", run)
		must(t, err)
		same(t, "the record counts", ok, true)
		must(t, s.FinishQuiet(ctx, QuietRun{"g/p", run, at}, q))
	}
	same(t, "pages", size(), before)
	var rows, inARow int
	must(t, s.db().QueryRow(`SELECT count(*), max(in_a_row) FROM runs`).Scan(&rows, &inARow))
	same(t, "rows and runs", []int{rows, inARow}, []int{1, 501})
}

// Rows of runs are kept for 90 days and at most 60 runs more, and with them their journal; the last run
// of each end stays, so that health knows of it, and the audit stays whole.
func TestRunsAreKeptForNinetyDays(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	day := 24 * time.Hour
	for i := range 200 {
		at := t0.Add(time.Duration(i) * day)
		run := got[int64](t)(runAs(s, Owner{}, nil).BeginRun(ctx, "g/p", at, time.Hour))
		id := got[int64](t)(s.BeginAction(ctx, Action{run, "commit", "b", ""}, AuditEntry{At: at, Project: "g/p", Run: run, Event: Began}))
		must(t, s.FinishAction(ctx, id, AuditEntry{At: at, Project: "g/p", Event: Ended, Result: "done"}))
		must(t, s.Record(ctx, AuditEntry{At: at, Project: "g/p", Run: run, Event: Began}))
		status := RunDone
		if i > 10 {
			status = RunFailed
		}
		must(t, s.FinishRun(ctx, run, at, RunEnd{status, "why"}))
	}
	count := func(query string) (n int) {
		t.Helper()
		must(t, s.db().QueryRow(query).Scan(&n))
		return n
	}
	if n := count(`SELECT count(*) FROM runs`); n > 153 {
		t.Errorf("%d runs of 200 days are kept, want those of 90, at most 60 more and the last good one", n)
	}
	if n := count(`SELECT count(*) FROM actions`); n > 153 {
		t.Errorf("%d rows of the journal are kept", n)
	}
	if n := count(`SELECT count(*) FROM audit`); n != 3*200 {
		t.Errorf("%d rows of the audit are kept, want all 600", n)
	}
	ran := got[map[string]Ran](t)(s.LastRuns(ctx))["g/p"]
	if want := (Ran{Good: t0.Add(10 * day).UTC(), Any: t0.Add(199 * day).UTC(), Said: "why", Since: t0.Add(199 * day).UTC(), InARow: 1}); ran != want {
		t.Errorf("the last runs are %+v, want %+v", ran, want)
	}
}

// What health asks is answered by an index, whatever the number of runs.
func TestLastRunsReadsAFewRows(t *testing.T) {
	s := opened(t, file(t))
	rows, err := s.db().Query(`EXPLAIN QUERY PLAN ` + lastRuns)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		must(t, rows.Scan(&id, &parent, &unused, &detail))
		if strings.HasPrefix(detail, "SCAN r") {
			t.Errorf("it reads all runs: %s", detail)
		}
	}
	must(t, rows.Err())
}
