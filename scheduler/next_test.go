package scheduler_test

import (
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
)

// A new spec counts at once: runs begin by it alone, what was asked for stays, and a run that is
// under way goes on. One that cannot be read changes nothing.
func TestReschedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{takes: 10 * time.Minute}
		s, stop := start(t, []string{"a", "b"}, d.run, nil, scheduler.Options{Spec: "@daily"})
		time.Sleep(30 * time.Minute)
		if n := d.runs("a", "b"); n != 0 {
			t.Fatalf("%d runs before the first instant", n)
		}
		s.Trigger("a") // at work while the spec changes
		time.Sleep(time.Minute)
		for _, wrong := range []string{"every hour", "0 0 30 2 *"} {
			if err := s.Reschedule(wrong); err == nil {
				t.Errorf("%q is accepted", wrong)
			}
		}
		if err := s.Reschedule("@hourly"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if next := s.States()[1].Next; !next.Equal(time.Now().UTC().Truncate(time.Hour).Add(time.Hour)) {
			t.Errorf("b runs next at %s", next)
		}
		time.Sleep(3 * time.Hour)
		if a, b := d.runs("a"), d.runs("b"); a != 4 || b != 3 {
			t.Errorf("a had %d runs and b %d, want 4 and 3", a, b)
		}
		if err := s.Reschedule("@yearly"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if n := d.runs("a", "b"); n != 7 {
			t.Errorf("%d runs after a day of a yearly spec, want 7", n)
		}
		stop()
		if d.overlap {
			t.Error("a project had two runs at a time")
		}
	})
}
