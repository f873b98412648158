package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

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
	if attended.IsZero() || !attended.Before(now) || w.Always() {
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

// Window is a set of minutes in a time zone, written as cron specs of five
// fields: an instant is inside when any spec matches its minute. Where a spec
// restricts both day of month and weekday, both must match (as Renovate reads
// it; cron itself would take either). The zero Window is always open.
type Window struct {
	specs  []minutes
	text   []string
	zone   *time.Location
	frozen []Freeze
	also   []Window // an instant has to be inside of these as well
}

type minutes struct{ fields, days *cron.SpecSchedule }

// ParseWindow reads specs in zone. A weekday 7 means Sunday; names such as
// SAT,SUN are understood. No specs is an error: always is "* * * * *".
func ParseWindow(specs []string, zone *time.Location) (Window, error) {
	w := Window{text: specs, zone: zone}
	for _, spec := range specs {
		m, err := parseMinutes(spec)
		if err != nil {
			return Window{}, err
		}
		w.specs = append(w.specs, m)
	}
	if len(specs) == 0 {
		return Window{}, fmt.Errorf("a window needs at least one cron spec, such as %q", "* * * * SAT,SUN")
	}
	return w, nil
}

// parseMinutes parses day of month and weekday apart, since the parser would
// tie them with "or" once both are restricted.
func parseMinutes(spec string) (minutes, error) {
	f := strings.Fields(spec)
	if len(f) != 5 {
		fields := "fields"
		if len(f) == 1 {
			fields = "field"
		}
		return minutes{}, fmt.Errorf("window %q has %d %s: write five, minute hour day month weekday, such as \"* * * * SAT,SUN\"", spec, len(f), fields)
	}
	written := slices.Clone(f)
	f[4] = sundays(f[4])
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	parse := func(dom, dow string) (*cron.SpecSchedule, error) {
		s, err := parser.Parse(strings.Join([]string{f[0], f[1], dom, f[3], dow}, " "))
		if err != nil {
			if fault := cronFault(written); fault != "" {
				return nil, fmt.Errorf("window %q: %s", spec, fault)
			}
			return nil, fmt.Errorf("window %q is not a cron spec: write one such as \"* * * * SAT,SUN\"", spec)
		}
		return s.(*cron.SpecSchedule), nil
	}
	dom, err := parse(f[2], "*")
	if err != nil {
		return minutes{}, err
	}
	dow, err := parse("*", f[4])
	if err != nil {
		return minutes{}, err
	}
	return minutes{fields: dom, days: dow}, nil
}

// sundays rewrites a weekday 7, also as the end of a range, to what the parser
// knows: 6-7 becomes 6,0 and 5-7 becomes 5-6,0.
func sundays(dow string) string {
	parts := strings.Split(dow, ",")
	for i, part := range parts {
		switch from, rest, isRange := strings.Cut(part, "-"); {
		case part == "7":
			parts[i] = "0"
		case isRange && rest == "7" && (from == "6" || from == "7"):
			parts[i] = strings.Replace(from, "7", "0", 1) + map[bool]string{true: ",0", false: ""}[from == "6"]
		case isRange && rest == "7":
			parts[i] = from + "-6,0"
		}
	}
	return strings.Join(parts, ",")
}

// Zone is the zone the specs are read in; UTC for the zero Window.
func (w Window) Zone() *time.Location {
	if w.zone == nil {
		return time.UTC
	}
	return w.zone
}

// Text returns the specs as they were written.
func (w Window) Text() []string { return w.text }

// Inside reports whether the minute of t is in the window. It looks at the
// wall clock of t in the zone and never builds an instant from one: some
// weekend midnights do not exist.
func (w Window) Inside(t time.Time) bool {
	inside, _ := w.at(read(t.In(w.Zone())), t)
	return inside
}

// Opens returns the first minute at or after t that is inside. ok is false
// when there is none within five years.
func (w Window) Opens(t time.Time) (_ time.Time, ok bool) { return first(t, true, w.span) }

// Closes returns the first minute at or after t that is outside. ok is false
// when there is none within five years: then the window is always open.
func (w Window) Closes(t time.Time) (_ time.Time, ok bool) {
	if w.Always() && len(w.frozen) == 0 {
		return time.Time{}, false
	}
	return first(t, false, w.span)
}

// Always reports whether every minute is inside but those of freezes: specs that
// leave no minute, hour, day of month or month out, and that cover the week
// together.
func (w Window) Always() bool {
	if slices.ContainsFunc(w.also, func(o Window) bool { return !o.Always() }) {
		return false
	}
	full := func(set uint64, from, to int) bool {
		mask := uint64(1)<<(to+1) - uint64(1)<<from
		return set&mask == mask
	}
	var week uint64
	for _, m := range w.specs {
		if f := m.fields; full(f.Minute, 0, 59) && full(f.Hour, 0, 23) && full(f.Dom, 1, 31) && full(f.Month, 1, 12) {
			week |= m.days.Dow
		}
	}
	return len(w.specs) == 0 || full(week, 0, 6)
}

// Same reports whether a and b lie in one opening of the window. An always
// open window counts one opening a day in its zone, so that "once per window"
// keeps a meaning.
func (w Window) Same(a, b time.Time) bool {
	if b.Before(a) {
		a, b = b, a
	}
	if w.Always() {
		ay, am, ad := a.In(w.Zone()).Date()
		by, bm, bd := b.In(w.Zone()).Date()
		return ay == by && am == bm && ad == bd
	}
	if !w.Inside(a) || !w.Inside(b) {
		return false
	}
	closes, ok := w.Closes(a)
	return !ok || closes.After(b)
}

// View is the window as texts show it at now.
func (w Window) View(now time.Time) WindowView {
	v := WindowView{Zone: w.Zone().String(), Inside: w.Inside(now), Frozen: w.frozenNow(now)}
	if v.Always = w.Always() && v.Frozen == nil; v.Always {
		return v
	}
	opens, ok := w.Opens(now)
	if !ok {
		v.Never = true
		return v
	}
	if v.Inside {
		opens = w.openedAt(now)
	}
	v.Opens = opens
	if minute := now.Truncate(time.Minute); opens.Before(minute) {
		opens = minute
	}
	v.Closes, _ = w.Closes(opens)
	return v
}

// openedAt returns the first minute of the opening that now is in.
func (w Window) openedAt(now time.Time) time.Time {
	u := now.Truncate(time.Minute)
	for limit := u.Add(-horizon); u.After(limit); u = u.Add(-time.Minute) {
		_, around := w.span(u)
		if u = u.Add(-around.since); !w.Inside(u.Add(-time.Minute)) {
			return u
		}
	}
	return u
}
