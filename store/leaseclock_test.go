package store

import (
	"errors"
	"testing"
	"time"
)

// A run that began under a clock that was ahead, and whose process is gone with its container, holds
// its project no longer than a lease lasts.
func TestALeaseOfAClockThatWasAhead(t *testing.T) {
	path := file(t)
	before := opened(t, path)
	before.RunAs(Process{Owner: Owner{Host: "container-1", PID: 1, Instance: "a"}})
	_, err := before.BeginRun(t.Context(), "g/p", t0.AddDate(4, 0, 0), 10*time.Minute)
	must(t, err)
	after := opened(t, path)
	after.RunAs(Process{Owner: Owner{Host: "container-2", PID: 1, Instance: "b"}})
	_, err = after.BeginRun(t.Context(), "g/p", t0, 10*time.Minute)
	must(t, err)
	third := opened(t, path)
	third.RunAs(Process{Owner: Owner{Host: "container-3", PID: 1, Instance: "c"}})
	if _, err := third.BeginRun(t.Context(), "g/q", t0, 10*time.Minute); err != nil {
		t.Error(err)
	}
	if _, err := before.BeginRun(t.Context(), "g/q", t0.Add(time.Minute), 10*time.Minute); !errors.Is(err, ErrBusy) {
		t.Errorf("a run that another process has just begun is taken over: %v", err)
	}
}
