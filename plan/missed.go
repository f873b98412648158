package plan

import "time"

// MissedWindow is an opening in which no run got through although something
// waited for it.
type MissedWindow struct {
	From, Until time.Time
	Attended    time.Time // the last run that was not too late for anything
}

// Missed returns the first opening that lies between attended and now as a
// whole: it began after attended and was over by the minute of now. ok is false
// when there is none, when attended is zero or not before now, and for a window
// that is always open, where the next run is never late.
func (w Window) Missed(attended, now time.Time) (from, until time.Time, ok bool) {
	if attended.IsZero() || !attended.Before(now) || w.always() {
		return time.Time{}, time.Time{}, false
	}
	start := attended
	if w.Inside(attended) {
		if start, ok = w.Closes(attended); !ok {
			return time.Time{}, time.Time{}, false
		}
	}
	if from, ok = w.Opens(start); !ok {
		return time.Time{}, time.Time{}, false
	}
	if until, ok = w.Closes(from); !ok || until.After(now) {
		return time.Time{}, time.Time{}, false
	}
	return from, until, true
}

// late reports whether a window went by without a run and none is open now.
func (d *decider) late() bool {
	_, _, missed := d.s.Policy.Window.Missed(d.s.Attended, d.s.Now)
	return missed && !d.s.Policy.Window.Inside(d.s.Now)
}

// Attends reports whether a run at s.Now that carries everything out leaves no
// window behind that was missed: then the next run's Attended is s.Now, else
// it stays as it is.
func Attends(s Snapshot) bool {
	d := decider{s: &s}
	return s.Policy.CatchUp || !d.late()
}

// missed says which window went by, where something waits that would have been
// opened in it. With catch-up nothing is said: it is opened in this run.
func (d *decider) missed() {
	if d.s.Policy.CatchUp || !d.late() {
		return
	}
	from, until, _ := d.s.Policy.Window.Missed(d.s.Attended, d.s.Now)
	for _, dr := range d.drafts {
		if dr.State == AwaitingSchedule && dr.Eligible.Before(until) {
			d.plan.Missed = &MissedWindow{From: from, Until: until, Attended: d.s.Attended}
			return
		}
	}
}

// whyNow names why something that nobody forced is opened now.
func (d *decider) whyNow() string {
	if d.s.Policy.Window.Inside(d.s.Now) {
		return "window"
	}
	return "catch-up"
}
