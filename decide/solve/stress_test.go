package solve

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"time"
)

// denseWorld has twelve names of up to eight releases, whose bounds follow each
// other closely enough for sets to be large and many to be impossible.
func denseWorld(tb testing.TB, seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 12))
	w := &world{releases: map[string][]string{}, requires: map[string][]string{}, unknown: map[string]bool{}}
	w.facts.Environments = environments(tb, 1+r.IntN(2))
	var names []string
	for i := range 12 {
		names = append(names, fmt.Sprintf("n%02d", i))
	}
	n := 4 + r.IntN(5)
	density, width := 1+r.IntN(4), r.IntN(3)
	for _, name := range names {
		for v := range n {
			w.releases[name] = append(w.releases[name], fmt.Sprint(v+1))
			id := fmt.Sprintf("%s %d", name, v+1)
			for range r.IntN(density + 1) {
				other := names[r.IntN(len(names))]
				low := max(1, v+1+r.IntN(3)-1-width)
				q := fmt.Sprintf("%s>=%d,<=%d", other, low, low+width+r.IntN(2))
				if r.IntN(5) == 0 {
					q += `; python_version < "3.10"`
				}
				w.requires[id] = append(w.requires[id], q)
			}
		}
	}
	for _, name := range names[:12-r.IntN(3)] {
		w.pin(tb, name, fmt.Sprint(1+r.IntN(2)))
	}
	return w
}

func TestTwelveNamesNeverGiveUp(t *testing.T) {
	part := testenv.Sample(t, 4)
	worlds := 300
	var counts struct{ held, alone, sets, largest, nodes, steps int }
	slowest := time.Duration(0)
	for seed := range uint64(worlds) {
		if !part.Has(int(seed)) {
			continue
		}
		w := denseWorld(t, seed)
		s := w.solver(t)
		var all []Goal
		for i, p := range w.facts.Pins {
			all = append(all, Goal{Pin: i, To: p.Up})
		}
		for k := range len(all) + 1 {
			goals := all
			if k < len(all) {
				goals = all[k : k+1]
			}
			start := time.Now()
			r := s.Reach(goals, Options{})
			slowest = max(slowest, time.Since(start))
			counts.nodes, counts.steps = max(counts.nodes, r.Nodes), max(counts.steps, r.Steps)
			switch {
			case r.Status == Held:
				counts.held++
			case r.Status != Solved:
				t.Fatalf("seed %d: goals %d: %s", seed, k, r.Status)
			case len(r.Moves) == 1:
				counts.alone++
			default:
				counts.sets++
				counts.largest = max(counts.largest, len(r.Moves))
			}
			if added := s.Added(r.Moves); len(added) > 0 {
				t.Fatalf("seed %d: added %v", seed, added)
			}
		}
	}
	t.Logf("%d worlds: %+v, slowest %v", worlds, counts, slowest)
}
