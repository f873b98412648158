package scheduler

import (
	"context"
	"testing"
	"time"
)

// A clock that goes back by more than a minute takes no run away: the next one is due by the clock as
// it is now. One that is corrected a little, or goes on, changes nothing.
func TestAClockThatGoesBack(t *testing.T) {
	s, err := New([]string{"g/p"}, func(context.Context, string, time.Time) error { return nil }, nil, Options{Spec: "@hourly"})
	if err != nil {
		t.Fatal(err)
	}
	m := s.member("g/p")
	hour := func(year, hour, minute int) time.Time { return time.Date(year, 1, 2, hour, minute, 0, 0, time.UTC) }
	due := s.due(m, hour(2031, 8, 30), hour(2031, 8, 30))
	for name, c := range map[string]struct{ now, want time.Time }{
		"by years":         {hour(2026, 14, 10), hour(2026, 15, 0)},
		"by an hour":       {hour(2031, 7, 30), hour(2031, 8, 0)},
		"by half a minute": {hour(2031, 8, 29).Add(30 * time.Second), hour(2031, 9, 0)},
		"not at all":       {hour(2031, 8, 31), hour(2031, 9, 0)},
	} {
		if got := s.byTheClock(m, due, clock{last: hour(2031, 8, 30), now: c.now}); !got.at.Equal(c.want) {
			t.Errorf("if the clock goes back %s, the next run is due at %s, want %s", name, got.at, c.want)
		}
	}
}
