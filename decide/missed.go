package decide

import "gitlab.com/cki-project/pinwheel/plan"

// late reports whether a window passed without a run, and none is open now.
func (d *windows) late() bool {
	_, _, missed := d.now.Missed(d.s.Policy.Window, d.s.Attended)
	return missed && !d.now.Inside(d.s.Policy.Window)
}

// Attends reports whether no window is missed after a run now that carries everything out. If it
// reports true, the next run's Attended is now, else it stays.
func Attends(s plan.Snapshot, now *plan.Instant) bool {
	w := windows{scene: scene{s: &s, now: now}}
	return s.Policy.CatchUp || !w.late()
}

// missed notes which window passed without a run, if something waits that would have been opened in
// it. With catch-up it notes nothing, since this run opens it.
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

// whyNow is why something is opened now that nobody asked for.
func (d *windows) whyNow() plan.Cause {
	if d.now.Inside(d.s.Policy.Window) {
		return plan.CauseWindow
	}
	return plan.CauseCatchUp
}
