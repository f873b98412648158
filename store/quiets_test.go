package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/plan"
)

// withRecord makes projects whose last run left a record.
func withRecord(t *testing.T, s *Store, q Quiet, projects ...string) {
	t.Helper()
	for _, project := range projects {
		run := got[int64](t)(s.BeginRun(t.Context(), project, t0, time.Minute))
		must(t, s.SaveMemory(t.Context(), Memory{Path: project, MergeRequestsSeen: t0, Gates: plan.GateMemory{Seen: t0.Add(-time.Hour)}}))
		must(t, s.KeepQuiet(t.Context(), project, run, q))
		must(t, s.FinishRun(t.Context(), run, t0, RunEnd{Status: RunDone}))
	}
}

func quiets(t *testing.T, s *Store) *Quiets {
	t.Helper()
	q, ok := s.Quiets()
	if !ok {
		t.Fatal("a server has none")
	}
	return q
}

// Runs that begin and end together leave the same as those that do one by one: after runs that had no
// effect, after one that had, and for every record.
func TestRunsTogetherLeaveTheSame(t *testing.T) {
	ctx, s := t.Context(), opened(t, postgres.Database(t))
	all := quiets(t, s)
	rows := func(project string) string {
		t.Helper()
		out, err := s.ProjectMemory(ctx, project)
		must(t, err)
		ran := got[map[string]Ran](t)(s.LastRuns(ctx))[project]
		var chained bool
		must(t, s.row(ctx, `SELECT q.run = (SELECT max(id) FROM runs r WHERE r.project = q.project) FROM quiet q WHERE q.project = ?`, []any{project}, &chained))
		return fmt.Sprint(out.MergeRequestsSeen, out.PipelinesSeen, out.Attended, out.Gates, ran, chained)
	}
	for i, q := range []Quiet{{By: "b"}, {By: "b", Pipelines: true}, {By: "b", Gates: true}, {By: "b", Attends: true, Gates: true, Pipelines: true}} {
		one, two := fmt.Sprint("g/one-", i), fmt.Sprint("g/two-", i)
		withRecord(t, s, q, one, two)
		if i%2 == 1 { // the last run had an effect, so that the next has a row of its own
			for _, project := range []string{one, two} {
				run := got[int64](t)(s.BeginRun(ctx, project, t0, time.Minute))
				got[int64](t)(s.BeginAction(ctx, Action{Run: run, Kind: "commit", Target: "b"}, AuditEntry{At: t0, Project: project, Run: run, Event: Began}))
				must(t, s.KeepQuiet(ctx, project, run, q))
				must(t, s.FinishRun(ctx, run, t0, RunEnd{Status: RunDone}))
			}
		}
		for hour := range 3 {
			now := t0.Add(time.Duration(hour+1) * time.Hour)
			run := got[int64](t)(s.BeginRun(ctx, one, now, time.Minute))
			record, ok, err := s.Quiet(ctx, one, run)
			if err != nil || !ok {
				t.Fatalf("the record of %s does not count: %v", one, err)
			}
			must(t, s.FinishQuiet(ctx, QuietRun{Project: one, ID: run, Now: now}, record))
			begun := got[[]Begun](t)(all.Begin(ctx, []string{two}, now, time.Minute))
			if len(begun) != 1 || begun[0].Project != two || fmt.Sprint(begun[0].Record) != fmt.Sprint(record) {
				t.Fatalf("%+v began", begun)
			}
			if ended := got[[]int64](t)(all.Finish(ctx, begun, now)); !slices.Equal(ended, []int64{begun[0].ID}) {
				t.Errorf("%d ended of %d", ended, begun[0].ID)
			}
			if a, b := rows(one), rows(two); a != b {
				t.Errorf("after hour %d with %+v:\none by one %s\ntogether   %s", hour, q, a, b)
			}
		}
	}
}

// Only projects with a record that counts and without a live run begin, each with a lease, and what
// takes their place ends them.
func TestRunsTogetherKeepLeases(t *testing.T) {
	ctx, place := t.Context(), postgres.Database(t)
	s := opened(t, place)
	all := quiets(t, s)
	withRecord(t, s, Quiet{By: "b"}, "g/a", "g/b", "g/live", "g/void", "g/damaged")
	got[int64](t)(s.BeginRun(ctx, "g/live", t0, time.Minute))
	void := got[int64](t)(s.BeginRun(ctx, "g/void", t0, time.Minute))
	must(t, s.FinishRun(ctx, void, t0, RunEnd{Status: RunFailed, Summary: "why"}))
	must(t, s.exec(ctx, `UPDATE quiet SET record = ? WHERE project = ?`, `["x"]`, "g/damaged"))
	begin := func() map[string]Begun {
		t.Helper()
		out := map[string]Begun{}
		for _, b := range got[[]Begun](t)(all.Begin(ctx, []string{"g/void", "g/b", "g/a", "g/live", "g/none", "g/damaged"}, t0, time.Minute)) {
			out[b.Project] = b
		}
		return out
	}
	begun := begin()
	if len(begun) != 3 || begun["g/a"].ID == 0 || begun["g/b"].Record.By != "b" || begun["g/damaged"].Record.By != "" {
		t.Fatalf("%+v began", begun)
	}
	if again := begin(); len(again) != 0 {
		t.Errorf("%+v began twice", again)
	}
	if _, err := s.BeginRun(ctx, "g/a", t0.Add(time.Minute-1), time.Minute); !errors.Is(err, ErrBusy) {
		t.Errorf("within the lease: %v, want busy", err)
	}
	got[int64](t)(s.BeginRun(ctx, "g/b", t0.Add(time.Minute), time.Minute)) // its lease ended, and another takes over
	must(t, all.Drop(ctx, []int64{begun["g/damaged"].ID, begun["g/b"].ID}))
	ended := got[[]int64](t)(all.Finish(ctx, []Begun{begun["g/a"], begun["g/b"], begun["g/damaged"]}, t0))
	if !slices.Equal(ended, []int64{begun["g/a"].ID}) {
		t.Errorf("%d ended, want %d alone", ended, begun["g/a"].ID)
	}
	if live := got[[]string](t)(s.Unfinished(ctx)); !slices.Equal(live, []string{"g/b", "g/live"}) {
		t.Errorf("at work at the end: %q", live)
	}
	if _, ok := opened(t, t.TempDir()+"/a.db").Quiets(); ok {
		t.Error("runs begin together in a file")
	}
}
