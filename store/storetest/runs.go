package storetest

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// on makes the runs of s those of a process on a host of which nothing is known.
func on(s *store.Store, host string) *store.Store {
	s.RunAs(store.Process{Owner: store.Owner{Host: host, PID: 1, Instance: host}})
	return s
}

func began(run int64) store.AuditEntry {
	return store.AuditEntry{At: t0, Project: "g/p", Run: run, Event: store.Began}
}

// A project has one live run. Another begins once its lease is over, and from then on the first
// changes nothing.
func (d database) oneLiveRun(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	first := got[int64](t)(on(s, "a").BeginRun(ctx, "g/p", t0, time.Hour))
	other := got[int64](t)(on(s, "a").BeginRun(ctx, "g/q", t0, time.Hour))
	same(t, "unfinished", got[[]string](t)(s.Unfinished(ctx)), []string{"g/p", "g/q"})
	_, err := on(s, "b").BeginRun(ctx, "g/p", t0.Add(time.Hour-1), time.Hour)
	busy, is := errors.AsType[*store.Busy](err)
	if !is || !errors.Is(err, store.ErrBusy) {
		t.Fatalf("before the lease ended: %v, want busy", err)
	}
	same(t, "until", *busy, store.Busy{Holder: store.Owner{Host: "a", PID: 1, Instance: "a"}, Began: t0, Until: t0.Add(time.Hour)})
	must(t, s.KeepRun(ctx, first, t0.Add(2*time.Hour)))
	if _, err := on(s, "b").BeginRun(ctx, "g/p", t0.Add(2*time.Hour-1), time.Hour); !errors.Is(err, store.ErrBusy) {
		t.Errorf("before the longer lease ended: %v, want busy", err)
	}
	second := got[int64](t)(on(s, "b").BeginRun(ctx, "g/p", t0.Add(2*time.Hour), time.Hour))
	if second <= first {
		t.Errorf("run %d follows run %d", second, first)
	}
	for what, err := range map[string]error{
		"keep":   s.KeepRun(ctx, first, t0.Add(3*time.Hour)),
		"finish": s.FinishRun(ctx, first, t0, store.RunEnd{Status: store.RunDone}),
		"act": func() error {
			_, err := s.BeginAction(ctx, store.Action{Run: first, Kind: "commit", Target: "b"}, began(first))
			return err
		}(),
	} {
		if !errors.Is(err, store.ErrNotLive) {
			t.Errorf("%s of the run that was taken over: %v", what, err)
		}
	}
	must(t, s.FinishRun(ctx, second, t0, store.RunEnd{Status: store.RunDone}))
	must(t, s.FinishRun(ctx, other, t0, store.RunEnd{Status: store.RunDone}))
	same(t, "unfinished at the end", got[[]string](t)(s.Unfinished(ctx)), []string(nil))
}

// Of many that begin a run of one project at once, one does.
func (d database) together(t *testing.T) {
	var all sync.WaitGroup
	var begun, busy atomic.Int32
	for n := range 8 {
		s := on(d.open(t), fmt.Sprint("host-", n))
		all.Go(func() {
			switch _, err := s.BeginRun(t.Context(), "g/p", t0, time.Hour); {
			case err == nil:
				begun.Add(1)
			case errors.Is(err, store.ErrBusy):
				busy.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	same(t, "runs and refusals", []int32{begun.Load(), busy.Load()}, []int32{1, 7})
}

func (d database) journal(t *testing.T) {
	ctx, s := t.Context(), on(d.open(t), "a")
	run := got[int64](t)(s.BeginRun(ctx, "g/p", t0, time.Hour))
	action := store.Action{Run: run, Kind: "commit", Target: "pinwheel/boto3-1.x", Detail: "boto3 1 to 2"}
	id := got[int64](t)(s.BeginAction(ctx, action, began(run)))
	must(t, s.FinishRun(ctx, run, t0, store.RunEnd{Status: store.RunDone, Summary: "1 update"}))
	ended := store.AuditEntry{At: t0, Project: "g/p", Run: run, Event: store.Ended, Result: "abc"}
	must(t, s.FinishAction(ctx, id, ended)) // though the run is over
	must(t, s.FinishAction(store.Carry(ctx, run), id+1, ended))
	if _, err := s.BeginAction(ctx, action, began(run)); !errors.Is(err, store.ErrNotLive) {
		t.Errorf("an action after the run: %v", err)
	}
	if err := s.FinishRun(ctx, run, t0, store.RunEnd{Status: store.RunDone}); !errors.Is(err, store.ErrNotLive) {
		t.Errorf("a run finished twice: %v", err)
	}
	other := got[int64](t)(s.BeginRun(ctx, "g/p", t0, time.Hour))
	if err := s.FinishRun(ctx, other, t0, store.RunEnd{Status: "lost"}); err == nil || errors.Is(err, store.ErrNotLive) {
		t.Errorf("an unknown status: %v", err)
	}
	same(t, "audit", got[[]store.AuditEntry](t)(s.AuditTail(ctx, "g/p", 9)), []store.AuditEntry{ended, ended, began(run)})
}

// The last run of each end stays, however long ago it was.
func (d database) ends(t *testing.T) {
	ctx, s := t.Context(), on(d.open(t), "a")
	day := 24 * time.Hour
	for i := range 120 {
		at := t0.Add(time.Duration(i) * 2 * day)
		run := got[int64](t)(s.BeginRun(ctx, "g/p", at, time.Hour))
		status := store.RunDone
		if i > 10 {
			status = store.RunFailed
		}
		must(t, s.FinishRun(ctx, run, at, store.RunEnd{Status: status, Summary: "why"}))
	}
	stopped := got[int64](t)(s.BeginRun(ctx, "g/q", t0, time.Hour))
	must(t, s.FinishRun(ctx, stopped, t0, store.RunEnd{Status: store.RunStopped, Summary: "rights"}))
	same(t, "last runs", got[map[string]store.Ran](t)(s.LastRuns(ctx)), map[string]store.Ran{
		"g/p": {Good: t0.Add(20 * day), Any: t0.Add(238 * day), Said: "why", Since: t0.Add(22 * day), InARow: 109},
		"g/q": {Any: t0, Said: "rights", Since: t0, InARow: 1},
	})
}

// Runs in a row that end in the same way share a row while none has an effect, quiet or not. The number
// of each is used once, also in a copy.
func (d database) inARow(t *testing.T) {
	ctx, s := t.Context(), on(d.open(t), "a")
	hour, last := 0, int64(0)
	begin := func() int64 {
		t.Helper()
		hour++
		run := got[int64](t)(s.BeginRun(ctx, "g/p", t0.Add(time.Duration(hour)*time.Hour), time.Minute))
		if run <= last {
			t.Errorf("run %d follows run %d", run, last)
		}
		last = run
		return run
	}
	end := func(status store.RunStatus, summary string) {
		t.Helper()
		must(t, s.FinishRun(ctx, begin(), t0.Add(time.Duration(hour)*time.Hour), store.RunEnd{Status: status, Summary: summary}))
	}
	quiet := func() {
		t.Helper()
		run := begin()
		q, ok, err := s.Quiet(ctx, "g/p", run)
		must(t, err)
		same(t, "the record counts", ok, true)
		must(t, s.FinishQuiet(ctx, store.QuietRun{Project: "g/p", ID: run, Now: t0.Add(time.Duration(hour) * time.Hour)}, q))
	}
	want := func(what string, since, times int) {
		t.Helper()
		ran := got[map[string]store.Ran](t)(s.LastRuns(ctx))["g/p"]
		same(t, what, []any{ran.Since, ran.Any, ran.InARow}, []any{t0.Add(time.Duration(since) * time.Hour), t0.Add(time.Duration(hour) * time.Hour), times})
	}
	end(store.RunDone, "")
	run := begin()
	must(t, s.KeepQuiet(ctx, "g/p", run, store.Quiet{By: "b"}))
	must(t, s.FinishRun(ctx, run, t0.Add(2*time.Hour), store.RunEnd{Status: store.RunDone}))
	want("two looks at everything", 1, 2)
	quiet()
	quiet()
	want("and two quiet runs", 1, 4)
	run = begin()
	id := got[int64](t)(s.BeginAction(ctx, store.Action{Run: run, Kind: "commit", Target: "b"}, began(run)))
	must(t, s.KeepQuiet(ctx, "g/p", run, store.Quiet{By: "b"}))
	must(t, s.FinishRun(ctx, run, t0.Add(5*time.Hour), store.RunEnd{Status: store.RunDone}))
	must(t, s.FinishAction(ctx, id, began(run)))
	want("a run with an effect is alone", 5, 1)
	quiet()
	want("and stays alone", 6, 1)
	quiet()
	want("the quiet ones after it share a row", 6, 2)
	end(store.RunFailed, "x")
	end(store.RunFailed, "x")
	want("two that fail for one reason", 8, 2)
	end(store.RunFailed, "y")
	want("another reason", 10, 1)
	begin()
	s = on(s, "b")
	must(t, s.FinishRun(ctx, begin(), t0.Add(12*time.Hour), store.RunEnd{Status: store.RunFailed, Summary: "y"}))
	want("a run between them was abandoned", 12, 1)
	end(store.RunFailed, "y")
	to := got[*store.Store](t)(store.Open(ctx, filepath.Join(t.TempDir(), "copy.db")))
	defer to.Close() //nolint:errcheck // the test ends
	got[int](t)(s.Copy(ctx, to))
	s = on(to, "a")
	want("in a copy", 12, 2)
	begin()
}

// A record of a quiet run counts for the run after the one that left or confirmed it.
func (d database) quiet(t *testing.T) {
	ctx, s := t.Context(), on(d.open(t), "a")
	there := func(run int64) bool {
		t.Helper()
		_, ok, err := s.Quiet(ctx, "g/p", run)
		must(t, err)
		return ok
	}
	begin := func() int64 { return got[int64](t)(s.BeginRun(ctx, "g/p", t0, time.Minute)) }
	q := store.Quiet{By: "b", From: t0, Until: t0.Add(time.Hour), Reads: []store.QuietRead{{URL: "u", Answer: "a"}}, Attends: true, Pipelines: true, Gates: true}
	first := begin()
	same(t, "before any", there(first), false)
	must(t, s.SaveMemory(ctx, store.Memory{Path: "g/p", MergeRequestsSeen: t0, Gates: plan.GateMemory{Seen: t0.Add(-time.Hour)}}))
	must(t, s.KeepQuiet(ctx, "g/p", first, q))
	must(t, s.FinishRun(ctx, first, t0, store.RunEnd{Status: store.RunDone}))
	second := begin()
	read, ok, err := s.Quiet(ctx, "g/p", second)
	must(t, err)
	same(t, "the next run has it", ok, true)
	same(t, "as it was", read, q)
	now := t0.Add(time.Hour)
	must(t, s.FinishQuiet(ctx, store.QuietRun{Project: "g/p", ID: second, Now: now}, q))
	m := got[store.Memory](t)(s.ProjectMemory(ctx, "g/p"))
	same(t, "what is remembered", []time.Time{m.PipelinesSeen, m.Gates.Seen, m.MergeRequestsSeen, m.Attended}, []time.Time{t0, t0, now, now})
	if err := s.FinishQuiet(ctx, store.QuietRun{Project: "g/p", ID: second, Now: now}, q); !errors.Is(err, store.ErrNotLive) {
		t.Errorf("a run that is over ends again: %v", err)
	}
	third := begin()
	same(t, "the run after that", there(third), true)
	must(t, s.FinishRun(ctx, third, t0, store.RunEnd{Status: store.RunDone})) // and nothing was confirmed
	same(t, "a run after another one", there(begin()), false)
	// A quiet run of a project of which nothing is remembered.
	bare := got[int64](t)(s.BeginRun(ctx, "g/q", t0, time.Minute))
	must(t, s.FinishQuiet(ctx, store.QuietRun{Project: "g/q", ID: bare, Now: now}, q))
	same(t, "of the bare project", got[store.Memory](t)(s.ProjectMemory(ctx, "g/q")).MergeRequestsSeen, now)
}

func (d database) audit(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	entries := []store.AuditEntry{
		{At: t0, Project: "g/p", Run: 1, Event: store.Asked, Action: "tick", Target: "b", Who: "bob", Role: "developer", After: []string{"pending"}},
		{At: t0, Project: "g/q", Run: 2, Event: store.Began, Action: "CommitBranch", Target: "b", Why: "forced", Before: []string{"a==1"}, After: []string{"a==2"}},
		{At: t0, Project: "g/p", Run: 1, Event: store.Ended, Action: "CommitBranch", Target: "b", Result: "done"},
	}
	for _, e := range entries {
		must(t, s.Record(ctx, e))
	}
	read := func(project string) (out []store.AuditEntry) {
		must(t, s.Audit(ctx, project, func(e store.AuditEntry) error { out = append(out, e); return nil }))
		return out
	}
	same(t, "all", read(""), entries)
	same(t, "one project", read("G/P"), []store.AuditEntry{entries[0], entries[2]})
	same(t, "another", len(read("g/r")), 0)
	same(t, "the last one", got[[]store.AuditEntry](t)(s.AuditTail(ctx, "g/p", 1)), entries[2:])
}

// forgetsAudit: entries go that are older than they are kept, from the beginning on, and how many went
// stays known. Nothing else that is stored goes with them.
func (d database) forgetsAudit(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	must(t, s.SaveMergeRequests(ctx, "g/p", []plan.MergeRequest{{IID: 1, State: plan.Closed}}))
	refused := store.Selection{Tick: plan.Tick{ID: "t"}, State: store.Refused, At: t0}
	must(t, s.SaveSelection(ctx, "g/p", refused))
	must(t, s.Pause(ctx, store.Pause{Project: "g/p", At: t0, Reason: "why"}))
	const many = 12
	for i := range many {
		must(t, s.Record(ctx, store.AuditEntry{At: t0.Add(time.Duration(i) * time.Second), Project: "g/p", Run: int64(i)}))
	}
	count := func() (n int) {
		must(t, s.Audit(ctx, "", func(store.AuditEntry) error { n++; return nil }))
		return n
	}
	same(t, "none is that old", got[int](t)(s.ForgetAudit(ctx, t0)), 0)
	same(t, "nothing went", got[store.Removed](t)(s.RemovedFromAudit(ctx)), store.Removed{})
	same(t, "all but three", got[int](t)(s.ForgetAudit(ctx, t0.Add((many-3)*time.Second))), many-3)
	same(t, "left", count(), 3)
	same(t, "once more", got[int](t)(s.ForgetAudit(ctx, t0.Add((many-3)*time.Second))), 0)
	must(t, s.Record(ctx, store.AuditEntry{At: t0, Project: "g/p"})) // of a run at an earlier instant: it stays behind a younger one
	same(t, "one more", got[int](t)(s.ForgetAudit(ctx, t0.Add((many-2)*time.Second))), 1)
	same(t, "what is known", got[store.Removed](t)(s.RemovedFromAudit(ctx)), store.Removed{Entries: many - 2, Before: t0.Add((many - 2) * time.Second)})
	same(t, "left behind", count(), 3)
	same(t, "merge requests", len(got[[]plan.MergeRequest](t)(s.MergeRequests(ctx, "g/p"))), 1)
	same(t, "selections", got[[]store.Selection](t)(s.Selections(ctx, "g/p")), []store.Selection{refused})
	same(t, "pauses", len(got[[]store.Pause](t)(s.Pauses(ctx))), 1)
}
