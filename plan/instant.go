package plan

import "time"

// Instant is when a run looks at the world. Whatever judges asks an Instant, and never the
// time itself. With each answer that time alone may change, the Instant notes when that may
// happen. Changes is the earliest of these instants: until then the same facts give the same
// conclusions. An Instant is for one goroutine. [At] makes one.
type Instant struct {
	now     time.Time
	changes time.Time // zero: nothing that was asked depends on time
	edges   []edge    // of windows that were asked about
}

// edge is when an answer about the present minute of a window changes, or may.
type edge struct {
	of Window
	at time.Time
}

// At is the instant t, of which nothing was asked yet.
func At(t time.Time) *Instant { return &Instant{now: t} }

// Anew is the same instant, of which nothing was asked yet. [Instant.Note] takes over what is
// asked of it.
func (i *Instant) Anew() *Instant { return At(i.now) }

// Is reports whether an instant is that of t.
func (i *Instant) Is(t time.Time) bool { return i.now.Equal(t) }

// Changes is the first instant at which an answer that was given may be another
// one, never before the instant itself; zero if none ever is.
func (i *Instant) Changes() time.Time { return i.changes }

// note keeps an instant at which an answer may change.
func (i *Instant) note(t time.Time) {
	if !t.Before(i.now) && (i.changes.IsZero() || t.Before(i.changes)) {
		i.changes = t
	}
}

// Note takes over what another instant of the same run noted.
func (i *Instant) Note(o *Instant) {
	if o != nil && !o.changes.IsZero() {
		i.note(o.changes)
	}
}

// Passed reports whether t is now or was before.
func (i *Instant) Passed(t time.Time) bool {
	if i.now.Before(t) {
		i.note(t)
		return false
	}
	return true
}

// Within reports whether t is less than some time ago, or less than that ahead.
func (i *Instant) Within(t time.Time, d time.Duration) bool {
	from, until := t.Add(-d), t.Add(d)
	return i.Passed(from.Add(1)) && !i.Passed(until)
}

// Stamp is the instant itself, to be written down. What holds it is different in the next
// run, so no conclusion holds beyond now.
func (i *Instant) Stamp() time.Time {
	i.note(i.now)
	return i.now
}

// Asking is the instant itself, for questions to servers, such as how far back a list is read.
// Each run asks them again, and only the answers are judged, so nothing is noted.
func (i *Instant) Asking() time.Time { return i.now }

// beyond is how long an answer counts that found no edge: a search ends five
// years ahead, which is a little later every day.
const beyond = 24 * time.Hour

// Inside is [Window.Inside] of now.
func (i *Instant) Inside(w Window) bool {
	i.note(i.edgeOf(w))
	return w.Inside(i.now)
}

// edgeOf is when the window opens or closes next, or a freeze begins or ends.
func (i *Instant) edgeOf(w Window) time.Time {
	for _, e := range i.edges {
		if e.of.is(w) {
			return e.at
		}
	}
	at := i.first(!w.Inside(i.now), w.span)
	if len(w.frozen) > 0 {
		_, frozen := w.Frozen(i.now)
		if t := i.first(!frozen, w.freezing); t.Before(at) {
			at = t
		}
	}
	i.edges = append(i.edges, edge{w, at})
	return at
}

func (i *Instant) first(want bool, span func(time.Time) (bool, reach)) time.Time {
	if at, ok := first(i.now, want, span); ok {
		return at
	}
	return i.now.Add(beyond)
}

// is reports whether two windows are copies of one. Of windows that were made
// apart it may be false though they are the same.
func (w Window) is(o Window) bool {
	same := func(n, m int, first func() bool) bool { return n == m && (n == 0 || first()) }
	return w.zone == o.zone &&
		same(len(w.specs), len(o.specs), func() bool { return &w.specs[0] == &o.specs[0] }) &&
		same(len(w.frozen), len(o.frozen), func() bool { return &w.frozen[0] == &o.frozen[0] }) &&
		same(len(w.also), len(o.also), func() bool { return &w.also[0] == &o.also[0] })
}

// View is [Window.View] of now.
func (i *Instant) View(w Window) WindowView {
	v := w.View(i.now)
	i.note(i.edgeOf(w))
	for _, t := range []time.Time{v.Opens, v.Closes} {
		if t.After(i.now) {
			i.note(t)
		}
	}
	search := w.Closes
	if v.Never {
		search = w.Opens
	}
	if !v.Always && v.Closes.IsZero() {
		// Nothing lies within the search. A search from later finds what lies beyond.
		i.note(i.now.Add(beyond))
		if t, ok := search(i.now.Add(beyond)); ok {
			i.note(t.Add(-horizon))
		}
	}
	return v
}

// Missed is [Window.Missed] of now. If a window was missed, that holds for this run alone, which
// may make up for it.
func (i *Instant) Missed(w Window, attended time.Time) (from, until time.Time, ok bool) {
	if from, until, ok = w.Missed(attended, i.now); ok {
		i.note(i.now)
	}
	i.note(i.edgeOf(w)) // what is not missed may be, from the end of an opening on
	return from, until, ok
}

// Same is [Window.Same] of t and now.
func (i *Instant) Same(w Window, t time.Time) bool {
	if w.Always() {
		i.note(i.first(false, i.days(w.Zone(), func(c clock) bool { return c.sameDay(read(i.now.In(w.Zone()))) })))
	} else {
		i.note(i.edgeOf(w))
	}
	return w.Same(t, i.now)
}

// Week is the Monday of the week of now in a zone, as midnight in UTC.
func (i *Instant) Week(zone *time.Location) time.Time {
	week := read(i.now.In(zone)).monday()
	i.note(i.first(false, i.days(zone, func(c clock) bool { return c.monday().Equal(week) })))
	return week
}

// days is a span of what a wall clock answers for whole days.
func (i *Instant) days(zone *time.Location, is func(clock) bool) func(time.Time) (bool, reach) {
	return func(t time.Time) (bool, reach) {
		c := read(t.In(zone))
		return is(c), c.today().within(t, zone)
	}
}

func (c clock) sameDay(o clock) bool { return c.year == o.year && c.month == o.month && c.day == o.day }

// monday is the Monday of the clock's week, as midnight in UTC.
func (c clock) monday() time.Time {
	return time.Date(c.year, c.month, c.day-(int(c.weekday)+6)%7, 0, 0, 0, 0, time.UTC)
}
