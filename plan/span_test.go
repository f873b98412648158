package plan

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestWindowMinuteByMinute draws windows, freezes and an instant, and looks for
// the next edges minute by minute.
func TestWindowMinuteByMinute(t *testing.T) {
	zones := []string{"UTC", "Europe/Prague", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kathmandu"}
	specs := []string{"* * * * SAT,SUN", "* 22-23,0-3 * * *", "*/15 * * * SUN", "* * 1,28-31 * *", "10-50 2 * * *", "* * * 3,10 *", "* 1-4 25-31 * 7", "0 0 * * *", "59 23 * * *"}
	draw := func(r *rapid.T) Window {
		text := []string{rapid.SampledFrom(specs).Draw(r, "spec")}
		if rapid.Bool().Draw(r, "two specs") {
			text = append(text, rapid.SampledFrom(specs).Draw(r, "another spec"))
		}
		return window(t, rapid.SampledFrom(zones).Draw(r, "zone"), text...)
	}
	const far = 9 * 24 * 60
	walk := func(w Window, u time.Time, want bool) (time.Time, bool) {
		for range far {
			if w.Inside(u) == want {
				return u, true
			}
			u = u.Add(time.Minute)
		}
		return u, false
	}
	rapid.Check(t, func(r *rapid.T) {
		w := draw(r)
		start := rapid.SampledFrom([]time.Time{
			time.Date(2026, 3, 25, 0, 0, 0, 0, time.UTC), time.Date(2026, 9, 3, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 22, 0, 0, 0, 0, time.UTC),
		}).Draw(r, "season")
		at := start.Add(time.Duration(rapid.IntRange(0, 8*24*60).Draw(r, "minutes")) * time.Minute)
		if rapid.Bool().Draw(r, "frozen") {
			from := start.Truncate(24*time.Hour).AddDate(0, 0, rapid.IntRange(0, 9).Draw(r, "from"))
			w = w.Without([]Freeze{{From: from, To: from.AddDate(0, 0, rapid.IntRange(0, 3).Draw(r, "days"))}})
		}
		if rapid.Bool().Draw(r, "and") {
			w = w.And(draw(r))
		}
		for want, edge := range map[bool]func(time.Time) (time.Time, bool){true: w.Opens, false: w.Closes} {
			got, ok := edge(at)
			if slow, found := walk(w, at, want); found && (!ok || !got.Equal(slow)) || !found && ok && got.Before(slow) {
				r.Fatalf("from %s, inside %v: %s, %v; minute by minute %s, %v", at, want, got, ok, slow, found)
			}
		}
		if opened := w.View(at).Opens; w.Inside(at) && !w.Always() {
			if !w.Inside(opened) || w.Inside(opened.Add(-time.Minute)) {
				r.Fatalf("inside at %s, but opened %s", at, opened)
			}
			if closed, ok := w.Closes(opened); ok && !closed.After(at) {
				r.Fatalf("the opening from %s ends %s, before %s", opened, closed, at)
			}
		}
	})
}
