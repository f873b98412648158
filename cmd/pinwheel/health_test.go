package main

import (
	"testing"
)

// health tells recent runs from old ones, failed ones and none.
func TestHealth(t *testing.T) {
	w := newWorld(t)
	healthy := func(want int, says string, args ...string) {
		t.Helper()
		code, out, complaints := w.configured(append([]string{"health"}, args...)...)
		w.want(code, want, complaints+out)
		has(t, out, says)
	}
	healthy(exitFailed, "group/project: no good run yet")
	code, _, complaints := w.configured("run", "--at", "2026-01-02T08:00:00Z")
	w.want(code, exitDone, complaints)
	healthy(exitDone, "the last good run ended 2026-01-02T08:00:00Z", "--at", "2026-01-02T10:59:00Z")
	healthy(exitFailed, "more than 3h0m0s ago", "--at", "2026-01-02T11:01:00Z")
	w.project.SetIssuesEnabled(false)
	if code, _, _ := w.configured("run", "--at", "2026-01-02T12:00:00Z"); code != exitFailed {
		t.Fatalf("a run without issues ended with %d", code)
	}
	healthy(exitFailed, "more than 3h0m0s ago: issues are disabled", "--at", "2026-01-02T12:01:00Z")
	healthy(exitDone, "the last run ended 2026-01-02T12:00:00Z", "--at", "2026-01-02T12:01:00Z", "--any")
	healthy(exitFailed, "more than 30s ago", "--at", "2026-01-02T12:01:00Z", "--any", "--within", "30s")
}
