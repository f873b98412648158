package decide

import "gitlab.com/cki-project/pinwheel/plan"

// late reports whether a window went by without a run and none is open now.
func (d *windows) late() bool {
	_, _, missed := d.now.Missed(d.s.Policy.Window, d.s.Attended)
	return missed && !d.now.Inside(d.s.Policy.Window)
}

// Attends reports whether a run now that carries everything out leaves no window
// behind that was missed: then the next run's Attended is now, else it stays as
// it is.
func Attends(s plan.Snapshot, now *plan.Instant) bool {
	w := windows{scene: scene{s: &s, now: now}}
	return s.Policy.CatchUp || !w.late()
}

// missed says which window went by, where something waits that would have been
// opened in it. With catch-up nothing is said: it is opened in this run.
func (d *queueing) missed() {
	if d.s.Policy.CatchUp || !d.late() {
		return
	}
	from, until, _ := d.now.Missed(d.s.Policy.Window, d.s.Attended)
	for _, dr := range d.drafts {
		if dr.State == plan.AwaitingSchedule && dr.Eligible.Before(until) {
			d.plan.Missed = &plan.MissedWindow{From: from, Until: until, Attended: d.s.Attended}
			return
		}
	}
}

// whyNow names why something that nobody forced is opened now.
func (d *windows) whyNow() plan.Cause {
	if d.now.Inside(d.s.Policy.Window) {
		return plan.CauseWindow
	}
	return plan.CauseCatchUp
}
