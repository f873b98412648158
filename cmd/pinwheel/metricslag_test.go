package main

import (
	"path/filepath"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// TestMetricsSayHowLongReleasesTakeToBeMerged: also after a run that ended early, which
// counts less.
func TestMetricsSayHowLongReleasesTakeToBeMerged(t *testing.T) {
	m := newMetrics(filepath.Join(t.TempDir(), "pinwheel.prom"), "1.2.3")
	at := instant(t, friday)
	ran := func(r reconcile.Report) {
		t.Helper()
		r.Status = reconcile.Done
		if err := m.ran("group/project", lasted{at, at.Add(time.Second)}, r, nil); err != nil {
			t.Fatal(err)
		}
	}
	ran(reconcile.Report{Plan: plan.Plan{Lag: 36 * time.Hour, Merged: 3}})
	ran(reconcile.Report{Quiet: true})
	has(t, file(t, m), "\npinwheel_release_to_merge_seconds{project=\"group/project\"} 129600\n", "\npinwheel_merged_updates{project=\"group/project\"} 3\n")
}
