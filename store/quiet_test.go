package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

func quiet() Quiet {
	places := 3
	return Quiet{
		By: "b", From: t0, Until: t0.Add(time.Hour), Reads: []QuietRead{{URL: "https://gitlab.example/api/v4/user", Accept: "application/json", Answer: "a", Wave: 1}},
		Pages: []QuietPages{{Index: "pypi", Names: []string{"boto3", "gone"}, Least: []string{"1.0", ""}, Hashed: []string{"boto3"}, Gone: []string{"gone"}, Facts: "f"}},
		Own:   "labels: [x]\n", Places: &places, Attends: true, Pipelines: true, Gates: true, Dashboard: QuietDashboard{Project: 7, IID: 3, At: t0, Foreign: true},
		Pins: 4, Behind: 2, Open: 1, Standings: map[string]int{"current": 2}, States: map[string]int{"open": 1},
	}
}

// The record is stored with the keys of the golden, byte for byte, and comes back.
func TestTheRecordOfAQuietRunIsStored(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	run := got[int64](t)(s.BeginRun(ctx, "g/p", t0, time.Minute))
	must(t, s.KeepQuiet(ctx, "g/p", run, quiet()))
	var text string
	must(t, s.db().QueryRow(`SELECT record FROM quiet`).Scan(&text))
	var out bytes.Buffer
	must(t, json.Indent(&out, []byte(text), "", "  "))
	out.WriteString("\n")
	if *update {
		must(t, os.WriteFile("testdata/json/quiet.json", out.Bytes(), 0o644))
	}
	golden, err := os.ReadFile("testdata/json/quiet.json")
	must(t, err)
	same(t, "written", out.String(), string(golden))
	q, ok, err := s.Quiet(ctx, "g/p", run+1)
	must(t, err)
	same(t, "there", ok, true)
	same(t, "read", q, quiet())
}

// A record counts for the run after the one that left or confirmed it, and for no
// other.
func TestARecordCountsForTheNextRun(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	there := func(run int64) bool {
		t.Helper()
		_, ok, err := s.Quiet(ctx, "g/p", run)
		must(t, err)
		return ok
	}
	begin := func() int64 { return got[int64](t)(s.BeginRun(ctx, "g/p", t0, time.Minute)) }
	finish := func(run int64) { must(t, s.FinishRun(ctx, run, t0, RunEnd{Status: RunDone})) }
	first := begin()
	same(t, "before any", there(first), false)
	must(t, s.SaveMemory(ctx, Memory{Path: "g/p", MergeRequestsSeen: t0, Gates: plan.GateMemory{Seen: t0.Add(-time.Hour)}}))
	must(t, s.KeepQuiet(ctx, "g/p", first, quiet()))
	finish(first)
	second := begin()
	same(t, "the next run", there(second), true)
	now := t0.Add(time.Hour)
	must(t, s.FinishQuiet(ctx, QuietRun{"g/p", second, now}, quiet()))
	m := got[Memory](t)(s.ProjectMemory(ctx, "g/p"))
	same(t, "what is remembered", []time.Time{m.PipelinesSeen, m.Gates.Seen, m.MergeRequestsSeen, m.Attended}, []time.Time{t0, t0, now, now})
	if err := s.FinishQuiet(ctx, QuietRun{"g/p", second, now}, quiet()); !errors.Is(err, ErrNotLive) {
		t.Errorf("a run that is over ends again: %v", err)
	}
	third := begin()
	same(t, "the run after that", there(third), true)
	finish(third) // and nothing was confirmed
	same(t, "a run after another one", there(begin()), false)
	_, err := s.db().Exec(`UPDATE quiet SET run = ?, record = '{"until": 5}'`, third)
	must(t, err)
	same(t, "a torn record", there(third+1), false)
}

func TestSameRows(t *testing.T) {
	a := Memory{Path: "g/p", Attended: t0, Gaps: []plan.Problem{{Text: "x"}}}
	b := a
	b.Attended, b.Pipelines = t0.In(time.FixedZone("", 3600)), map[int64]plan.Pipeline{}
	same(t, "the same in another zone", SameMemory(a, b), true)
	b.Gaps = []plan.Problem{{Text: "y"}}
	same(t, "another gap", SameMemory(a, b), false)
	one, two := []plan.MergeRequest{{IID: 1}}, []plan.MergeRequest{{IID: 1, Title: "x"}}
	same(t, "the same merge request", SameMergeRequests(one, one), true)
	same(t, "another title", SameMergeRequests(one, two), false)
}
