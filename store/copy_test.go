package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/plan"
)

// everyRow is a database in which every table has rows.
func everyRow(t *testing.T) *Store {
	t.Helper()
	ctx, s := t.Context(), opened(t, file(t))
	for _, k := range everyStored() {
		k.save(t, s, k.value)
	}
	must(t, s.SaveMemory(ctx, Memory{Path: "g/p", ID: 3, DashboardBody: "body", DashboardAt: t0, Gates: whole[plan.GateMemory](), Bots: Bots{Former: []string{"old"}}}))
	must(t, s.SaveBranch(ctx, "g/p", Branch{Name: "b", WrittenAt: t0}))
	must(t, s.SaveFacts(ctx, "pypi", []Facts{{Name: "a", CheckedAt: t0, WithHashes: true, Blob: []byte{0, 255}, Details: []byte{1}, Whole: []byte{2}}, {Name: "b"}}))
	must(t, s.SaveMetadata(ctx, "pypi", []MetadataRow{{Name: "a", Version: "1", Status: "known", Blob: []byte{3}, ReadAt: t0.Truncate(time.Second), Doubtful: true}}))
	must(t, s.SaveFiles(ctx, "g/p", Files{"aaa", map[string]File{"a.txt": {Data: []byte("a==1")}, "b.txt": {Absent: true}}}))
	must(t, s.Pause(ctx, Pause{Project: "g/q", Reason: "why", At: t0}))
	must(t, s.KeepView(ctx, View{Project: "g/p", At: t0, Updates: []ViewUpdate{{Title: "u"}}, Pins: []ViewPin{{Project: "g/p", File: "a.txt", Line: 1, Key: "a"}}}))
	must(t, s.Record(ctx, AuditEntry{At: t0.AddDate(-1, 0, 0), Project: "g/p", Event: Asked}))
	got[int](t)(s.ForgetAudit(ctx, t0))
	run := got[int64](t)(s.BeginRun(ctx, "g/p", t0, time.Minute))
	id := got[int64](t)(s.BeginAction(ctx, Action{Run: run, Kind: "commit", Target: "b"}, AuditEntry{At: t0, Project: "g/p", Event: Began}))
	must(t, s.FinishAction(ctx, id, AuditEntry{At: t0, Project: "g/p", Event: Ended, Result: "done"}))
	must(t, s.KeepQuiet(ctx, "g/p", run, quiet()))
	must(t, s.SaveReleaseNotes(ctx, NotesOf{"https://gitlab.example/g/a", plan.Step{Key: "a", From: "1", To: "2"}}, plan.ReleaseNotes{State: plan.NotesRead}, t0))
	must(t, s.FinishRun(ctx, run, t0, RunEnd{RunDone, ""}))
	return s
}

// rowsOf are the rows of a table as texts, in the columns of SQLite.
func rowsOf(t *testing.T, s *Store, table string, names []string) []string {
	t.Helper()
	rows, err := s.db().Query(`SELECT ` + strings.Join(names, ", ") + ` FROM ` + table)
	must(t, err)
	defer rows.Close()
	var out []string
	for rows.Next() {
		values, places := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			places[i] = &values[i]
		}
		must(t, rows.Scan(places...))
		for i, v := range values {
			switch v := v.(type) {
			case []byte:
				values[i] = string(v)
			case bool:
				values[i] = map[bool]int64{true: 1}[v]
			}
		}
		out = append(out, fmt.Sprintf("%q", values))
	}
	must(t, rows.Err())
	slices.Sort(out)
	return out
}

// An installation moves to PostgreSQL, and back, row by row, and goes on there.
func TestCopy(t *testing.T) {
	ctx, s, place := t.Context(), everyRow(t), postgres.Database(t)
	server := opened(t, place)
	copied := got[int](t)(s.Copy(ctx, server))
	back := opened(t, file(t))
	same(t, "rows on the way back", got[int](t)(server.Copy(ctx, back)), copied)
	total := 0
	for _, table := range tables {
		tx, err := s.db().BeginTx(ctx, nil)
		must(t, err)
		names := got[[]string](t)(columns(ctx, tx, table))
		must(t, tx.Rollback())
		rows := rowsOf(t, s, table, names)
		if len(rows) == 0 {
			t.Errorf("no row of %s is copied", table)
		}
		total += len(rows)
		same(t, table+" on the server", rowsOf(t, server, table, names), rows)
		same(t, table+" back in a file", rowsOf(t, back, table, names), rows)
	}
	same(t, "rows", copied, total)
	for _, to := range []*Store{server, back} {
		run := got[int64](t)(to.BeginRun(ctx, "g/p", t0, time.Minute))
		must(t, to.FinishRun(ctx, run, t0, RunEnd{RunDone, ""}))
		if run < 2 {
			t.Errorf("run %d follows those that were copied", run)
		}
		if _, err := s.Copy(ctx, to); err == nil || !strings.Contains(err.Error(), "is in use: name an empty one") {
			t.Errorf("a second copy: %v", err)
		}
	}
}

// While a run is at work nothing is copied.
func TestNothingIsCopiedDuringARun(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	run := got[int64](t)(s.BeginRun(ctx, "g/p", time.Now(), time.Minute))
	to := opened(t, file(t))
	if _, err := s.Copy(ctx, to); err == nil || !strings.Contains(err.Error(), "a run of g/p is at work until ") {
		t.Errorf("%v", err)
	}
	must(t, s.FinishRun(ctx, run, t0, RunEnd{RunDone, ""}))
	got[int](t)(s.Copy(ctx, to))
}

// Every table is copied.
func TestEveryTableIsCopied(t *testing.T) {
	s := opened(t, file(t))
	rows, err := s.db().Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	must(t, err)
	defer rows.Close()
	n := 0
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		if !slices.Contains(tables[:], name) {
			t.Errorf("%s is not copied", name)
		}
		n++
	}
	must(t, rows.Err())
	same(t, "tables", n, len(tables))
}
