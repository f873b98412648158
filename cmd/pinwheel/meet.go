package main

import (
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/scheduler"
)

// meet returns the first instant of a schedule after now that is inside a
// window. ok is false when there is none within five years.
func meet(schedule string, w plan.Window, now time.Time) (_ time.Time, ok bool) {
	end := now.AddDate(5, 0, 0)
	for at := now; at.Before(end); {
		next, err := scheduler.Next(schedule, at)
		if err != nil || next.IsZero() {
			return time.Time{}, false
		}
		if w.Inside(next) {
			return next, true
		}
		opens, ok := w.Opens(next)
		if !ok {
			return time.Time{}, false
		}
		at = opens.Add(-time.Second) // the schedule may come in that very minute
	}
	return time.Time{}, false
}
