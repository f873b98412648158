package plan

import (
	"slices"
	"time"
)

// Freeze is a range of whole days, both ends included, on which no window is open. A ticked
// box is carried out all the same, as outside a window.
type Freeze struct {
	From, To time.Time // days, as midnight in UTC; read in the window's zone
	Reason   string
	At       string // where it is written, "pinwheel.yaml:31"
	Layer    Layer  // that has it
}

// Without returns the window without the days of freezes.
func (w Window) Without(freezes []Freeze) Window {
	w.frozen = append(slices.Clip(w.frozen), freezes...)
	return w
}

// Freezes are the ones that are cut out of the window.
func (w Window) Freezes() []Freeze { return w.frozen }

// And is the minutes that are inside of both. The zone is that of w.
func (w Window) And(o Window) Window {
	switch {
	case o.Always() || slices.Equal(w.text, o.text):
		return w
	case w.Always():
		o.frozen = append(slices.Clip(o.frozen), w.frozen...)
		return o
	}
	w.also = append(slices.Clip(w.also), o)
	return w
}

// Frozen returns the freeze that holds on the day of t, the first if several do.
func (w Window) Frozen(t time.Time) (Freeze, bool) {
	if len(w.frozen) == 0 {
		return Freeze{}, false
	}
	return w.frozenOn(read(t.In(w.Zone())))
}

func (w Window) frozenOn(c clock) (Freeze, bool) {
	if len(w.frozen) == 0 {
		return Freeze{}, false
	}
	date := time.Date(c.year, c.month, c.day, 0, 0, 0, 0, time.UTC)
	for _, f := range w.frozen {
		if !date.Before(f.From) && !date.After(f.To) {
			return f, true
		}
	}
	return Freeze{}, false
}

// Frozen is the freeze of now as texts show it.
type Frozen struct {
	Until  time.Time // the first minute after it, and after those that follow on it
	Reason string
	At     string
}

// frozenNow is the freeze that now lies in, nil if it lies in none.
func (w Window) frozenNow(now time.Time) *Frozen {
	f, ok := w.Frozen(now)
	if !ok {
		return nil
	}
	until, _ := first(now, false, w.freezing)
	return &Frozen{Until: until, Reason: f.Reason, At: f.At}
}

// freezing is span for the days of freezes.
func (w Window) freezing(t time.Time) (bool, reach) {
	c := read(t.In(w.Zone()))
	_, frozen := w.frozenOn(c)
	return frozen, c.today().within(t, w.Zone())
}
