package outage_test

import (
	"net/http"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/outage"
)

func TestRetryAfter(t *testing.T) {
	date := time.Date(2026, 1, 2, 9, 5, 0, 0, time.UTC)
	says := func(at time.Time) string { return at.Format(http.TimeFormat) }
	for _, tt := range []struct {
		value, date string
		wait        time.Duration
		ok          bool
	}{
		{"", "", 0, false},
		{"soon", "", 0, false},
		{"7", "", 7 * time.Second, true},
		{" 7 ", "", 7 * time.Second, true},
		{"0", "", 0, true},
		{"-3", "", 0, true},
		{"1.5", "", 0, false},
		{"99999999999999999999", "", (1<<31 - 1) * time.Second, true},
		{"-99999999999999999999", "", 0, true},
		{says(date.Add(30 * time.Second)), says(date), 30 * time.Second, true},
		{says(date.Add(-30 * time.Second)), says(date), 0, true},
		{says(date), "", 0, true}, // long ago by any clock
		{says(date.Add(time.Hour)), "no date", 0, true},
	} {
		h := http.Header{}
		h.Set("Retry-After", tt.value)
		h.Set("Date", tt.date)
		if wait, ok := outage.RetryAfter(h); wait != tt.wait || ok != tt.ok {
			t.Errorf("%q at %q: %s, %v; want %s, %v", tt.value, tt.date, wait, ok, tt.wait, tt.ok)
		}
	}
}
