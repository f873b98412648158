package solve

import (
	"fmt"
	"testing"
)

// 60 pins that require 300 names without a pin, which require each other, are judged: what
// a name costs does not grow with the number of all others.
func TestManyNamesWithoutAPinAreJudged(t *testing.T) {
	const pins, names = 60, 300
	w := &world{releases: map[string][]string{}, requires: map[string][]string{}, unknown: map[string]bool{}}
	w.facts.Environments = environments(t, 2)
	open := func(i int) string { return fmt.Sprintf("open%03d", i) }
	for i := range names {
		w.releases[open(i)] = []string{"1", "2"}
		if i+7 < names {
			w.requires[open(i)+" 2"] = []string{open(i + 1), open(i+7) + ">=1"}
		}
	}
	for i := range pins {
		pin := fmt.Sprintf("pin%02d", i)
		w.releases[pin] = []string{"1"}
		for k := range names / pins {
			w.requires[pin+" 1"] = append(w.requires[pin+" 1"], open(k*pins+i)+">=1")
		}
		w.pin(t, pin, "1")
	}
	w.wire(t)
	s := w.solver(t)
	if n := len(s.Unpinned()); n != names {
		t.Errorf("%d names without a pin were found, want %d", n, names)
	}
	if list := s.Unchecked(); len(list) > 0 {
		t.Errorf("%d names were not judged, the first is %s", len(list), list[0].Key)
	}
	if steps := s.Steps(); steps > 100*names {
		t.Errorf("%d names took %d steps, want at most 100 for each", names, steps)
	}
}
