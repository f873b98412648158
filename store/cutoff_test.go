package store

import (
	"errors"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
)

// A run that is cut off from the database ends before another may begin, though the database
// neither answers nor refuses. It takes the time of one lease, since no bubble has a network.
func TestARunThatIsCutOffEndsBeforeAnotherBegins(t *testing.T) {
	place := postgres.Database(t)
	through, cut, end := postgres.Dropping(t, place)
	near, far := opened(t, place), opened(t, through)
	const lease = 3 * time.Second
	run := got[int64](t)(far.BeginRun(t.Context(), "g/p", time.Now(), lease))
	ctx, release := far.Hold(t.Context(), run, lease)
	cut.Store(true)
	var until time.Time
	_, err := near.BeginRun(t.Context(), "g/p", time.Now(), lease)
	if busy, ok := errors.AsType[*Busy](err); ok {
		until = busy.Until
	} else {
		t.Fatalf("%v, want busy", err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(until)):
		t.Errorf("the run is at work when its lease ends, at %s", until)
	}
	release()
	for {
		if _, err = near.BeginRun(t.Context(), "g/p", time.Now(), lease); !errors.Is(err, ErrBusy) {
			break
		}
	}
	must(t, err)
	cut.Store(false)
	end() // what was sent meanwhile is lost
	if err := far.SaveBranch(Carry(t.Context(), run), "g/p", Branch{Name: "b"}); err == nil {
		t.Error("the run that was cut off writes")
	}
}
