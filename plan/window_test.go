package plan

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func window(t *testing.T, zoneName string, specs ...string) Window {
	t.Helper()
	w, err := ParseWindow(specs, zone(t, zoneName))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWindowInside(t *testing.T) {
	tests := []struct {
		zone, spec, at string
		want           bool
	}{
		{"Europe/Prague", "* * * * SAT,SUN", "2026-01-02T22:59:59Z", false},
		{"Europe/Prague", "* * * * SAT,SUN", "2026-01-02T23:00:00Z", true},
		{"Europe/Prague", "* * * * SAT,SUN", "2026-01-04T22:59:59Z", true},
		{"Europe/Prague", "* * * * SAT,SUN", "2026-01-04T23:00:00Z", false},
		{"UTC", "* * * * 6-7", "2026-01-04T12:00:00Z", true},
		{"UTC", "* * * * 7", "2026-01-04T12:00:00Z", true},
		{"UTC", "* * * * 7", "2026-01-03T12:00:00Z", false},
		{"UTC", "* * * * 5-7", "2026-01-02T12:00:00Z", true},
		{"UTC", "* * * * 5-7", "2026-01-04T12:00:00Z", true},
		// Day of month and weekday are both asked, where cron would take either.
		{"UTC", "* 0-6 1-7 * SAT", "2026-01-03T03:00:00Z", true},
		{"UTC", "* 0-6 1-7 * SAT", "2026-01-10T03:00:00Z", false},
		{"UTC", "* 0-6 1-7 * SAT", "2026-01-02T03:00:00Z", false},
		// Zones in which Saturday's or Sunday's midnight does not exist: the
		// hour after the gap is the first of that day all the same.
		{"America/Santiago", "* * * * SUN", "2026-09-06T03:59:00Z", false},
		{"America/Santiago", "* * * * SUN", "2026-09-06T04:00:00Z", true},
		{"America/Havana", "* * * * SUN", "2026-03-08T04:59:00Z", false},
		{"America/Havana", "* * * * SUN", "2026-03-08T05:00:00Z", true},
		{"Asia/Beirut", "* * * * SUN", "2026-03-28T21:59:00Z", false},
		{"Asia/Beirut", "* * * * SUN", "2026-03-28T22:00:00Z", true},
	}
	for _, tt := range tests {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := window(t, tt.zone, tt.spec).Inside(at); got != tt.want {
			t.Errorf("%s in %s at %s: inside %v, want %v", tt.spec, tt.zone, tt.at, got, tt.want)
		}
	}
}

// TestWindowEdges walks three years of every listed zone minute by quarter
// hour: Opens and Closes must name the very instants at which Inside turns.
func TestWindowEdges(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Prague", "America/Santiago", "America/Havana", "Atlantic/Azores", "Asia/Beirut", "Australia/Lord_Howe"} {
		w := window(t, name, "* * * * SAT,SUN")
		at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		for end := at.AddDate(3, 0, 0); at.Before(end); {
			opens, ok := w.Opens(at)
			if !ok || !w.Inside(opens) || w.Inside(opens.Add(-time.Minute)) {
				t.Fatalf("%s: after %s the window opens %s", name, at, opens)
			}
			if opens.Sub(at) > 6*24*time.Hour {
				t.Fatalf("%s: no opening for %s after %s", name, opens.Sub(at), at)
			}
			closes, ok := w.Closes(opens)
			if !ok || w.Inside(closes) || !w.Inside(closes.Add(-time.Minute)) {
				t.Fatalf("%s: opened %s, closes %s", name, opens, closes)
			}
			if length := closes.Sub(opens); length < 46*time.Hour || length > 50*time.Hour {
				t.Fatalf("%s: a weekend of %s from %s", name, length, opens)
			}
			if !w.Same(opens, closes.Add(-time.Minute)) || w.Same(opens, closes) {
				t.Fatalf("%s: Same is wrong at the edges of %s", name, opens)
			}
			at = closes
		}
	}
}

func TestWindowAlways(t *testing.T) {
	for _, specs := range [][]string{{"* * * * *"}, {"* 0-23 * * *"}, {"* * * * MON-FRI", "* * * * SAT,SUN"}} {
		w := window(t, "Europe/Prague", specs...)
		now := time.Date(2026, 1, 2, 22, 30, 0, 0, time.UTC)
		if v := w.View(now); !v.Always {
			t.Errorf("%v is not known to be always open", specs)
		}
		if !w.Same(now, now.Add(29*time.Minute)) || w.Same(now, now.Add(31*time.Minute)) {
			t.Errorf("%v: a day of the zone is one opening", specs)
		}
	}
}

func TestParseWindowRefuses(t *testing.T) {
	for spec, want := range map[string]string{
		"":                             `window "" has 0 fields: write five`,
		"weekends":                     `window "weekends" has 1 field: write five, minute hour day month weekday, such as "* * * * SAT,SUN"`,
		"* * * *":                      "has 4 fields: write five",
		"* * * * * *":                  "has 6 fields",
		"61 * * * *":                   `window "61 * * * *": minute 61 is too large: write 0 to 59`,
		"* 25 * * *":                   "hour 25 is too large: write 0 to 23",
		"* 8-25 * * *":                 "hour 25 is too large: write 0 to 23",
		"* * 0 * *":                    "day of month 0 is too small: write 1 to 31",
		"* * * 13 *":                   "month 13 is too large: write JAN to DEC or 1 to 12",
		"* * * * FOO":                  `weekday "FOO" is not known: write SUN to SAT or 0 to 7`,
		"* * * * SAT,8":                "weekday 8 is too large: write SUN to SAT or 0 to 7",
		"* * * * FRI-MON":              "weekday FRI-MON ends before it begins: write two ranges with a comma between",
		"*/0 * * * *":                  `the step "0" of the minute is not a number from 1: write one such as */2`,
		"*/x * * * *":                  `the step "x" of the minute is not a number from 1`,
		"5- * * * *":                   "the minute lacks a value: write 0 to 59",
		"-5 * * * *":                   "the minute lacks a value: write 0 to 59",
		"1-2-3 * * * *":                `minute "2-3" is not known: write 0 to 59`,
		"99999999999999999999 * * * *": "minute 99999999999999999999 is too large",
	} {
		_, err := ParseWindow([]string{spec}, time.UTC)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", spec, err, want)
		}
	}
	if _, err := ParseWindow(nil, time.UTC); err == nil {
		t.Error("no spec at all was read as a window")
	}
}

func TestWindowThatNeverOpens(t *testing.T) {
	w := window(t, "UTC", "* * 31 2 *")
	if v := w.View(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); !v.Never {
		t.Error("31 February came")
	}
}

// TestWindowViewAtEdges asks what texts say where the clock jumps: the first
// and last minute of an opening whose midnight does not exist or comes twice.
func TestWindowViewAtEdges(t *testing.T) {
	tests := []struct{ zone, spec, now, opens, closes string }{
		{"America/Santiago", "* * * * SUN", "2026-09-06T03:59:00Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
		{"America/Santiago", "* * * * SUN", "2026-09-06T04:00:00Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
		{"America/Santiago", "* * * * SUN", "2026-09-07T02:59:59Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
		{"America/Santiago", "* * * * SUN", "2026-09-07T03:00:00Z", "2026-09-13T03:00:00Z", "2026-09-14T03:00:00Z"},
		// Saturday 4 April 23:00 comes twice: the opening is one, 25 hours long.
		{"America/Santiago", "* * * * SAT", "2026-04-05T03:30:00Z", "2026-04-04T03:00:00Z", "2026-04-05T04:00:00Z"},
		{"Asia/Beirut", "* * * * SUN", "2026-03-28T21:00:00Z", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"},
		// An hour that is left out is no opening that day.
		{"Europe/Prague", "* 2 * * SUN", "2026-03-29T00:30:00Z", "2026-04-05T00:00:00Z", "2026-04-05T01:00:00Z"},
		// An hour that comes twice is one opening of two.
		{"Europe/Prague", "* 2 * * SUN", "2026-10-25T01:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"},
		{"Australia/Lord_Howe", "* 2 * * SUN", "2026-10-03T15:00:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"},
	}
	for _, tt := range tests {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		v := window(t, tt.zone, tt.spec).View(now)
		opens, closes := v.Opens.UTC().Format(time.RFC3339), v.Closes.UTC().Format(time.RFC3339)
		if opens != tt.opens || closes != tt.closes {
			t.Errorf("%q in %s at %s: from %s to %s, want %s to %s", tt.spec, tt.zone, tt.now, opens, closes, tt.opens, tt.closes)
		}
	}
}
