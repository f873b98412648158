package plan

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMissed(t *testing.T) {
	tests := []struct{ spec, attended, now, from, until string }{
		{"* * * * SAT,SUN", "2026-01-02T08:00Z", "2026-01-05T08:00Z", "2026-01-03T00:00Z", "2026-01-05T00:00Z"},
		{"* * * * SAT,SUN", "2026-01-02T08:00Z", "2026-01-05T00:00Z", "2026-01-03T00:00Z", "2026-01-05T00:00Z"},
		{"* * * * SAT,SUN", "2026-01-02T08:00Z", "2026-01-04T23:59Z", "", ""}, // it is open
		{"* * * * SAT,SUN", "2026-01-03T00:00Z", "2026-01-05T08:00Z", "", ""}, // one run was in it
		{"* * * * SAT,SUN", "2026-01-04T23:59Z", "2026-01-09T08:00Z", "", ""},
		{"* * * * SAT,SUN", "2026-01-04T12:00Z", "2026-01-19T08:00Z", "2026-01-10T00:00Z", "2026-01-12T00:00Z"}, // the first of two
		{"* * * * SAT,SUN", "", "2026-01-05T08:00Z", "", ""},                                                    // nothing is known
		{"* * * * SAT,SUN", "2026-01-06T08:00Z", "2026-01-05T08:00Z", "", ""},                                   // the clock went back
		{"* * * * *", "2026-01-02T08:00Z", "2026-01-05T08:00Z", "", ""},
		{"* * 31 2 *", "2026-01-02T08:00Z", "2026-01-05T08:00Z", "", ""},
	}
	at := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		u, err := time.Parse("2006-01-02T15:04Z07:00", s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	for _, tt := range tests {
		from, until, ok := window(t, "UTC", tt.spec).Missed(at(tt.attended), at(tt.now))
		if ok != (tt.from != "") || !from.Equal(at(tt.from)) || !until.Equal(at(tt.until)) {
			t.Errorf("%q, attended %s, now %s: %s to %s, %v", tt.spec, tt.attended, tt.now, from, until, ok)
		}
	}
}

// TestMissedIsWhole draws two instants and asks minute by minute whether an
// opening lies between them as a whole.
func TestMissedIsWhole(t *testing.T) {
	zones := []string{"UTC", "Europe/Prague", "America/Santiago", "Australia/Lord_Howe"}
	specs := []string{"* * * * SAT,SUN", "* 22-23 * * *", "15 * * * SUN", "* * 1 * *"}
	rapid.Check(t, func(r *rapid.T) {
		w := window(t, rapid.SampledFrom(zones).Draw(r, "zone"), rapid.SampledFrom(specs).Draw(r, "spec"))
		attended := time.Date(2026, 3, 25, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 20*24*60).Draw(r, "minutes")) * time.Minute)
		now := attended.Add(time.Duration(rapid.IntRange(1, 12*24*60).Draw(r, "later")) * time.Minute)
		var want time.Time
		for u, started := attended, false; !u.After(now); u = u.Add(time.Minute) {
			if w.Inside(u) && u.After(attended) && !w.Inside(u.Add(-time.Minute)) {
				want, started = u, true
			}
			if started && !w.Inside(u) {
				break
			}
			if u.Equal(now) {
				want = time.Time{}
			}
		}
		from, until, ok := w.Missed(attended, now)
		if ok != !want.IsZero() || !from.Equal(want) {
			r.Fatalf("attended %s, now %s: from %s, %v; minute by minute %s", attended, now, from, ok, want)
		}
		if ok && (w.Inside(until) || !w.Inside(until.Add(-time.Minute))) {
			r.Fatalf("it closes at %s", until)
		}
	})
}
