package plan

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// everyAnswer is every answer that an instant gives of a window.
func everyAnswer(i *Instant, w Window, t, attended time.Time) string {
	from, until, missed := i.Missed(w, attended)
	if missed { // which is said to hold for no time
		return fmt.Sprint(from, until)
	}
	v := i.View(w)
	var frozen Frozen
	if v.Frozen != nil {
		frozen, v.Frozen = *v.Frozen, nil
	}
	return fmt.Sprint(i.Inside(w), v, frozen, i.Same(w, t), i.Week(w.Zone()), i.Passed(t), i.Within(t, 36*time.Hour))
}

// Up to the instant that Changes names, every answer is the same.
func TestAnswersHoldUntilTheyMayChange(t *testing.T) {
	zones := []string{"UTC", "Europe/Prague", "America/Santiago", "Asia/Kolkata", "Australia/Lord_Howe"}
	specs := []string{"* * * * *", "* * * * SAT,SUN", "*/15 8-17 * * MON-FRI", "0-29 3 * * *", "* * 1-7 * SAT", "* 0 29 2 *", "30 2 * 3,10 SUN", "* * 31 2 *"}
	held := 0
	rapid.Check(t, func(rt *rapid.T) {
		place := zone(t, rapid.SampledFrom(zones).Draw(rt, "zone"))
		w := window(t, place.String(), rapid.SliceOfN(rapid.SampledFrom(specs), 1, 2).Draw(rt, "specs")...)
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, 366*24*3600).Draw(rt, "second")) * time.Second)
		day := start.Truncate(24*time.Hour).AddDate(0, 0, rapid.IntRange(-3, 5).Draw(rt, "freeze"))
		if rapid.Bool().Draw(rt, "frozen") {
			w = w.Without([]Freeze{{From: day, To: day.AddDate(0, 0, rapid.IntRange(0, 2).Draw(rt, "days")), Reason: "x", At: "x:1"}})
		}
		if rapid.Bool().Draw(rt, "and") {
			w = w.And(window(t, "UTC", rapid.SampledFrom(specs).Draw(rt, "other")))
		}
		other := start.Add(time.Duration(rapid.Int64Range(-96*3600, 96*3600).Draw(rt, "other instant")) * time.Second)
		attended := start.Add(-time.Duration(rapid.Int64Range(0, 240*3600).Draw(rt, "attended")) * time.Second)
		i := At(start)
		want := everyAnswer(i, w, other, attended)
		end := i.Changes()
		if end.IsZero() || end.Before(start) {
			rt.Fatalf("answers hold until %s", end)
		}
		if end.Equal(start) {
			return
		}
		held++
		last := end.Sub(start) - 1
		for _, d := range []time.Duration{1, last, time.Duration(rapid.Int64Range(0, int64(last)).Draw(rt, "later"))} {
			if got := everyAnswer(At(start.Add(d)), w, other, attended); got != want {
				rt.Fatalf("window %q in %s: the answers of %s should hold until %s, and at %s they are\n%s\nnot\n%s", w.Text(), place, start, end, start.Add(d), got, want)
			}
		}
	})
	if held == 0 {
		t.Error("no answer holds for any time")
	}
}

func TestInstantNotes(t *testing.T) {
	now := time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)
	hour := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }
	weekend := window(t, "UTC", "* * * * SAT,SUN")
	for name, c := range map[string]struct {
		ask  func(*Instant)
		want time.Time
	}{
		"nothing":            {func(*Instant) {}, time.Time{}},
		"what passed":        {func(i *Instant) { i.Passed(hour(-1)); i.Passed(now) }, time.Time{}},
		"what is to come":    {func(i *Instant) { i.Passed(hour(5)); i.Passed(hour(3)) }, hour(3)},
		"what was lately":    {func(i *Instant) { i.Within(hour(-1), 3*time.Hour) }, hour(2)},
		"what is far ahead":  {func(i *Instant) { i.Within(hour(5), 3*time.Hour) }, hour(2).Add(1)},
		"what is written":    {func(i *Instant) { i.Stamp() }, now},
		"what is only asked": {func(i *Instant) { i.Asking() }, time.Time{}},
		"a window":           {func(i *Instant) { i.Inside(weekend) }, hour(16)},
		"a window missed":    {func(i *Instant) { i.Missed(weekend, hour(-24*7)) }, now},
		"the week":           {func(i *Instant) { i.Week(time.UTC) }, hour(64)},
		"the day":            {func(i *Instant) { i.Same(Window{}, hour(-1)) }, hour(16)},
		"another's":          {func(i *Instant) { o := At(now); o.Passed(hour(4)); i.Note(o); i.Note(nil) }, hour(4)},
	} {
		i := At(now)
		c.ask(i)
		if got := i.Changes(); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got, want := At(now).View(weekend), weekend.View(now); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
