package renovate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// hours is a test of the hour of the day, as a half-open range.
func hours(from, to int) func(time.Time) bool {
	return func(t time.Time) bool { return from <= t.Hour() && t.Hour() < to }
}

func weekdays(names ...time.Weekday) func(time.Time) bool {
	return func(t time.Time) bool { return slices.Contains(names, t.Weekday()) }
}

func inDays(days ...int) func(time.Time) bool {
	return func(t time.Time) bool { return slices.Contains(days, t.Day()) }
}

func inMonths(months ...time.Month) func(time.Time) bool {
	return func(t time.Time) bool { return slices.Contains(months, t.Month()) }
}

func all(tests ...func(time.Time) bool) func(time.Time) bool {
	return func(t time.Time) bool {
		return !slices.ContainsFunc(tests, func(test func(time.Time) bool) bool { return !test(t) })
	}
}

func either(tests ...func(time.Time) bool) func(time.Time) bool {
	return func(t time.Time) bool {
		return slices.ContainsFunc(tests, func(test func(time.Time) bool) bool { return test(t) })
	}
}

// What a schedule says, as a test of an instant that is written by hand and shares
// nothing with the reader.
var schedules = map[string]func(time.Time) bool{
	"at any time":                           all(),
	"* * * * 0,6":                           weekdays(time.Saturday, time.Sunday),
	"* * * * SAT,SUN":                       weekdays(time.Saturday, time.Sunday),
	"* * * * 6-7":                           weekdays(time.Saturday, time.Sunday),
	"* * * * 5":                             weekdays(time.Friday),
	"* * * * * 6":                           weekdays(time.Saturday),
	"* 0-6 * * 6":                           all(weekdays(time.Saturday), hours(0, 7)),
	"* * 1-7 * 6":                           all(weekdays(time.Saturday), inDays(1, 2, 3, 4, 5, 6, 7)),
	"* 2 * * 6#1":                           all(weekdays(time.Saturday), inDays(1, 2, 3, 4, 5, 6, 7), hours(2, 3)),
	"* * * * MON#5":                         all(weekdays(time.Monday), inDays(29, 30, 31)),
	"* 0-3 1 * *":                           all(inDays(1), hours(0, 4)),
	"* 0-10 1-7 * 6":                        all(inDays(1, 2, 3, 4, 5, 6, 7), weekdays(time.Saturday), hours(0, 11)),
	"* * 7 * 0":                             all(inDays(7), weekdays(time.Sunday)),
	"* 16-23 1 1 *":                         all(inDays(1), inMonths(time.January), hours(16, 24)),
	"* 5-23 * * 6":                          all(weekdays(time.Saturday), hours(5, 24)),
	"* * 1 */3 *":                           all(inDays(1), inMonths(time.January, time.April, time.July, time.October)),
	"every weekend":                         weekdays(time.Saturday, time.Sunday),
	"Every Weekend":                         weekdays(time.Saturday, time.Sunday),
	"every weekday":                         weekdays(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday),
	"on saturday and sunday":                weekdays(time.Saturday, time.Sunday),
	"on sat":                                weekdays(time.Saturday),
	"every saturday":                        weekdays(time.Saturday),
	"before 5am on monday":                  all(weekdays(time.Monday), hours(0, 5)),
	"before 13:00 on mondays":               all(weekdays(time.Monday), hours(0, 13)),
	"every weekend before 8am":              all(weekdays(time.Saturday, time.Sunday), hours(0, 8)),
	"after 10pm every weekday":              all(weekdays(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday), hours(22, 24)),
	"before 4am":                            hours(0, 4),
	"before 12am":                           nil,
	"before 12pm":                           hours(0, 12),
	"before 4am on Saturday":                all(weekdays(time.Saturday), hours(0, 4)),
	"before 6am every weekday":              all(weekdays(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday), hours(0, 6)),
	"after 7am and before 4pm every monday": all(weekdays(time.Monday), hours(7, 16)),
	"after 7pm on thursday":                 all(weekdays(time.Thursday), hours(19, 24)),
	"on Monday after 3:00 before 6:00":      all(weekdays(time.Monday), hours(3, 6)),
	"after 10pm and before 5am every weekday":    all(weekdays(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday), either(hours(22, 24), hours(0, 5))),
	"after 9:30am and before 10:15am on tuesday": all(weekdays(time.Tuesday), func(t time.Time) bool { m := 60*t.Hour() + t.Minute(); return m >= 570 && m < 615 }),
	"before 5:30am":                                                          func(t time.Time) bool { return 60*t.Hour()+t.Minute() < 330 },
	"after 9:30pm":                                                           func(t time.Time) bool { return 60*t.Hour()+t.Minute() >= 21*60+30 },
	"after 9:10am and before 9:50am":                                         func(t time.Time) bool { m := 60*t.Hour() + t.Minute(); return m >= 550 && m < 590 },
	"on the first day of the month":                                          inDays(1),
	"on the last day of the month":                                           inDays(1), // Renovate rewrites it
	"before 3am on the first day of the month":                               all(inDays(1), hours(0, 3)),
	"after 1am and before 11am on the first day of the month":                all(inDays(1), hours(1, 11)),
	"every 3 months on the first day of the month":                           all(inDays(1), inMonths(time.January, time.April, time.July, time.October)),
	"after 10am and before 4pm every 3 months on the first day of the month": all(inDays(1), inMonths(time.January, time.April, time.July, time.October), hours(10, 16)),
	"before 11am on the first day of the week":                               all(weekdays(time.Sunday), hours(0, 11)),
	"on the 1st and 15th day of the month":                                   inDays(1, 15),
	"on the 1st through 7th day of the month":                                inDays(1, 2, 3, 4, 5, 6, 7),
	"on friday in march":                                                     all(weekdays(time.Friday), inMonths(time.March)),
	"monthly":                                                                all(inDays(1), hours(0, 5)),
	"every month":                                                            all(inDays(1), hours(0, 5)),
}

func TestScheduleAgainstItsWords(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	for one, want := range schedules {
		specs, err := windows([]string{one})
		if want == nil {
			if err == nil {
				t.Errorf("%q: %q, want an error", one, specs)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", one, err)
			continue
		}
		w, err := plan.ParseWindow(specs, zone)
		if err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		wrong := 0
		for at := time.Date(2027, 1, 1, 0, 0, 0, 0, zone); at.Year() == 2027 && wrong < 3; at = at.Add(time.Hour) {
			for _, minute := range []int{0, 10, 15, 29, 30, 50, 59} {
				if m := at.Add(time.Duration(minute) * time.Minute); w.Inside(m) != want(m.In(zone)) {
					wrong++
					t.Errorf("%q as %q at %s: %t", one, specs, m.Format("Mon 2 Jan 15:04"), w.Inside(m))
				}
			}
		}
	}
}

func TestSchedulesThatNoWindowCanSay(t *testing.T) {
	for _, one := range []string{
		"every 4 week on Monday", "every 2 weeks on saturday", "* * * * 6L", "* * L * *", "0 3 * * 6", "*/15 * * * 6",
		"weekends", "every day", "every hour", "weekly", "@weekly", "on the second day", "before 25:00", "before noon", "every", "on", "* * * *", "at 5am", "* * * * 6#9",
		"on the 9th day of the week", "every 0 months", "before 5am before 6am",
	} {
		specs, err := windows([]string{one})
		if err == nil || !strings.Contains(err.Error(), "write window yourself") {
			t.Errorf("%q: %q, %v", one, specs, err)
		}
	}
}

func TestSeveralSchedulesAreOneWindow(t *testing.T) {
	specs, err := windows([]string{"after 10pm", "before 5am", "after 10pm"})
	if err != nil || !slices.Equal(specs, []string{"* 22-23 * * *", "* 0-4 * * *"}) {
		t.Errorf("%q, %v", specs, err)
	}
	specs, err = windows([]string{"every weekend", "at any time"})
	if err != nil || !slices.Equal(specs, []string{always}) {
		t.Errorf("%q, %v", specs, err)
	}
}
