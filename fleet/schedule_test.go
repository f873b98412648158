package fleet

import (
	"testing"
	"time"
)

// A project that somebody asked for before its row was there is looked at by the schedule, too: serve
// --now asks for all before it writes down which there are.
func TestAWakeBeforeTheRowKeepsTheSchedule(t *testing.T) {
	w := newWorld(t)
	p := w.start("a")
	if err := p.Looks.Wake(t.Context(), "g/p", false); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Looks.Set(t.Context(), map[string]time.Time{"g/p": time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count(p.Fleet, `SELECT count(*) FROM looks WHERE next_look > now()`); n != 1 {
		t.Error("the project has no next look")
	}
}
