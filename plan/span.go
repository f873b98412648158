package plan

import "time"

// clock is what a wall clock shows.
type clock struct {
	year, day, hour, minute int
	month                   time.Month
	weekday                 time.Weekday
}

func read(local time.Time) clock {
	var c clock
	c.year, c.month, c.day = local.Date()
	c.hour, c.minute, _ = local.Clock()
	c.weekday = local.Weekday()
	return c
}

// reach is for how long an answer about a minute is known to hold: from since
// before that minute to till after it, where it may change. The answer may hold
// for longer.
type reach struct{ since, till time.Duration }

// minutesOf is the reach from the minute from to the minute before to, both
// counted on the clock's own day.
func (c clock) minutesOf(from, to int) reach {
	now := c.hour*60 + c.minute
	return reach{time.Duration(now-from) * time.Minute, time.Duration(to-now) * time.Minute}
}

func (c clock) today() reach { return c.minutesOf(0, 24*60) }

func (r reach) and(o reach) reach { return reach{min(r.since, o.since), min(r.till, o.till)} }

// at reports whether the minute of t, at which the clock shows c, is inside, and
// how far that answer reaches if the clock does not jump.
func (w Window) at(c clock, t time.Time) (bool, reach) {
	holds := c.today()
	if _, frozen := w.frozenOn(c); frozen {
		return false, holds
	}
	for _, o := range w.also {
		inside, r := o.at(read(t.In(o.Zone())), t)
		if !inside {
			return false, r
		}
		holds = holds.and(r)
	}
	outside := holds
	for _, m := range w.specs {
		inside, r := m.at(c)
		if inside {
			return true, holds.and(r)
		}
		outside = outside.and(r)
	}
	return len(w.specs) == 0, outside
}

// at is Window.at for one spec.
func (m minutes) at(c clock) (bool, reach) {
	bit := func(set uint64, n int) bool { return set&(1<<uint(n)) != 0 }
	if !bit(m.fields.Month, int(c.month)) || !bit(m.fields.Dom, c.day) || !bit(m.days.Dow, int(c.weekday)) {
		return false, c.today()
	}
	// The run of neighbours that answer as n does, first included, last not.
	run := func(set uint64, n, size int) (from, to int) {
		for from = n; from > 0 && bit(set, from-1) == bit(set, n); from-- {
		}
		for to = n + 1; to < size && bit(set, to) == bit(set, n); to++ {
		}
		return from, to
	}
	const hour = uint64(1)<<60 - 1
	if open := bit(m.fields.Hour, c.hour); !open || m.fields.Minute&hour == hour {
		from, to := run(m.fields.Hour, c.hour, 24)
		return open, c.minutesOf(from*60, to*60)
	}
	from, to := run(m.fields.Minute, c.minute, 60)
	return bit(m.fields.Minute, c.minute), c.minutesOf(c.hour*60+from, c.hour*60+to)
}

// span is at for the instant t alone. Where the zone changes its offset the
// clock jumps, so no answer reaches beyond that.
func (w Window) span(t time.Time) (bool, reach) {
	inside, holds := w.at(read(t.In(w.Zone())), t)
	return inside, w.jumps(holds, t)
}

// jumps cuts the reach around t where a clock that w reads jumps.
func (w Window) jumps(r reach, t time.Time) reach {
	r = r.within(t, w.Zone())
	for _, o := range w.also {
		r = o.jumps(r, t)
	}
	return r
}

// within cuts the reach around t where the zone changes its offset.
func (r reach) within(t time.Time, zone *time.Location) reach {
	from, until := t.In(zone).ZoneBounds()
	if !from.IsZero() {
		r.since = min(r.since, t.Sub(from))
	}
	if !until.IsZero() {
		r.till = min(r.till, until.Sub(t))
	}
	return r
}

// horizon bounds every search for an edge of the window.
const horizon = 5 * 366 * 24 * time.Hour

// first returns the first minute at or after t whose answer is want. It goes
// from answer to answer as far as each reaches.
func first(t time.Time, want bool, span func(time.Time) (bool, reach)) (time.Time, bool) {
	end := t.Add(horizon)
	for u := t.Truncate(time.Minute); u.Before(end); {
		is, holds := span(u)
		if is == want {
			return u, true
		}
		u = u.Add(max(holds.till, time.Minute))
	}
	return time.Time{}, false
}
