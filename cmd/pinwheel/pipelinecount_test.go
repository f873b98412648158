package main

import (
	"path/filepath"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// history counts the pipelines of each merge request and those that failed, also once it
// is merged.
func TestHistoryCountsPipelines(t *testing.T) {
	w := newWorld(t)
	at := func(time string) {
		t.Helper()
		code, _, complaints := w.configured("run", "--at", time)
		w.want(code, exitDone, complaints)
	}
	w.project.SetCI(true)
	at("2026-01-03T09:00:00Z")
	if err := w.project.Pipeline("maintainer", "!1", "failed", "unit=failed"); err != nil {
		t.Fatal(err)
	}
	at("2026-01-03T10:00:00Z")
	if err := w.project.MergeMR("maintainer", 1); err != nil {
		t.Fatal(err)
	}
	at("2026-01-03T11:00:00Z")
	_, out, _ := w.configured("history")
	has(t, out, "PIPELINES", "1, 1 red\n")
	_, out, _ = w.configured("history", "--json")
	has(t, out, `"pipelines":1,"red_pipelines":1`)
}

// Metrics count pipelines, red ones and culprits, also after a run that ended early.
func TestMetricsCountPipelines(t *testing.T) {
	m := newMetrics(filepath.Join(t.TempDir(), "pinwheel.prom"), "1.2.3")
	at := instant(t, friday)
	for _, r := range []reconcile.Report{{Status: reconcile.Done, Plan: plan.Plan{Runs: 9, RedRuns: 4, Culprits: 1}}, {Status: reconcile.Done, Quiet: true}} {
		if err := m.ran("group/project", lasted{at, at.Add(time.Second)}, r, nil); err != nil {
			t.Fatal(err)
		}
	}
	has(t, file(t, m), "\npinwheel_pipelines{project=\"group/project\"} 9\n", "\npinwheel_pipelines_red{project=\"group/project\"} 4\n", "\npinwheel_culprits{project=\"group/project\"} 1\n")
}
