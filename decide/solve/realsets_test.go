package solve

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// tally is what became of the updates of many sets.
type tally struct {
	sets, pins, updates      int
	size                     [20]int
	lowered, held, gaveUp    int
	clashes, resolved, stuck int
	rounds                   int
	reads, unpinned          int // of pinned names, and of others
	pages, excess            int
	steps                    int // of the dearest update
	above, trains            int // sets beyond pins + 1.2 x updates, and their trains
	differ                   int // moves that are others when facts come on request
	slowest                  time.Duration
}

func TestRealPinSets(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	part := testenv.Sample(t, 5)
	sets := 200
	var total tally
	for k, file := range []string{"pypi-2020-11-17-cheroot.json", "pypi-2020-02-13-dask.json"} {
		u := loadUniverse(t, file)
		t.Logf("%s: %d names, %d legacy texts passed over", file, len(u.names), u.legacy)
		n := sets * 3 / 4
		if k == 1 {
			n = sets - n
		}
		for seed := range uint64(n) {
			if part.Has(int(seed)) {
				u.judge(t, seed, &total)
			}
		}
	}
	share := func(n int) string { return fmt.Sprintf("%d (%.2f %%)", n, 100*float64(n)/float64(total.updates)) }
	t.Logf("%d sets, %d pins, %d updates; slowest set %v, dearest update %d steps", total.sets, total.pins, total.updates, total.slowest, total.steps)
	t.Logf("alone %s (noted before: 88.3 %%)", share(total.size[1]))
	for n := 2; n < len(total.size); n++ {
		if total.size[n] > 0 {
			t.Logf("with a set of %d: %s", n, share(total.size[n]))
		}
	}
	t.Logf("lowered %s (0.06 %%), held %s (0.3 %%), gave up %d", share(total.lowered), share(total.held), total.gaveUp)
	t.Logf("%d pairs of offers clash; after the first is taken the second solves again in %d and is held by it in %d", total.clashes, total.resolved, total.stuck)
	t.Logf("metadata read of pinned names %d: pins + %.3f x updates; more than pins + 1.2 x updates in %d sets with %d trains; beyond 12 for each of these in %d",
		total.reads, float64(total.reads-total.pins)/float64(total.updates), total.above, total.trains, total.excess)
	t.Logf("of names without a pin %d, with %d pages; up to %d rounds; %d other sets than with all facts known", total.unpinned, total.pages, total.rounds, total.differ)
	if total.gaveUp > 0 || total.held*100 > total.updates || total.lowered*100 > total.updates || total.resolved+total.stuck != total.clashes || total.excess > 0 {
		t.Errorf("beyond the bounds")
	}
}

// judge asks for every update of one pin set and checks the answers.
func (u *universe) judge(t *testing.T, seed uint64, total *tally) {
	at := u.pinSet(seed)
	if bad := u.violated(at); len(bad) > 0 {
		t.Fatalf("seed %d: the pins do not fit: %v", seed, bad)
	}
	f := u.facts(at)
	total.sets++
	total.pins += len(f.Pins)
	results := u.ask(t, f, seed, total)
	var offers [][]Move
	for i, r := range results {
		if len(f.Pins[i].Up) == 0 {
			continue
		}
		total.updates++
		total.steps = max(total.steps, r.Steps)
		switch r.Status {
		case Held:
			total.held++
			continue
		case GaveUp:
			total.gaveUp++
			t.Errorf("seed %d: %s gave up", seed, f.Pins[i].Key)
			continue
		case Solved:
		default:
			t.Fatalf("seed %d: %s: %s %v", seed, f.Pins[i].Key, r.Status, r.Names)
		}
		if len(r.Lowered) > 0 {
			total.lowered++
		}
		total.size[min(len(r.Moves), len(total.size)-1)]++
		if bad := u.violated(u.after(at, f, r.Moves)); len(bad) > 0 {
			t.Fatalf("seed %d: %s adds %v", seed, f.Pins[i].Key, bad)
		}
		offers = append(offers, r.Moves)
	}
	u.clash(t, at, f, offers, total)
}

// ask solves with all facts known, then with facts on request, and counts what
// the latter takes.
func (u *universe) ask(t *testing.T, f *Facts, seed uint64, total *tally) []Result {
	reach := func(f *Facts) (*Solver, []Result) {
		s := New(f)
		out := make([]Result, len(f.Pins))
		for i, p := range f.Pins {
			if len(p.Up) > 0 {
				out[i] = s.Reach([]Goal{{Pin: i, To: p.Up}}, Options{Steps: 500_000}) // as a decision bounds it
			}
		}
		return s, out
	}
	start := time.Now()
	s, all := reach(f)
	total.slowest = max(total.slowest, time.Since(start))
	if c := s.Conflicts(); len(c) > 0 {
		t.Fatalf("seed %d: conflicts %v", seed, c)
	}
	lazy := *f
	asked := onRequest(&lazy)
	for round := 1; ; round++ {
		s, late := reach(&lazy)
		needs := s.Missing()
		for _, n := range needs {
			asked[n] = true
		}
		if len(needs) > 0 && round < 60 {
			continue
		}
		total.rounds = max(total.rounds, round)
		updates := 0
		for i := range all {
			if len(f.Pins[i].Up) > 0 {
				updates++
			}
			if late[i].Status != all[i].Status {
				t.Errorf("seed %d: %s is %s, with facts on request %s", seed, f.Pins[i].Key, all[i].Status, late[i].Status)
			}
			if !reflect.DeepEqual(late[i].Moves, all[i].Moves) {
				total.differ++
			}
		}
		total.books(f, asked, updates, seed, t)
		return late
	}
}

// books counts what was read for one set against the budget: the pins, 1.2 for
// each update and 12 for each package whose releases move in lock-step with
// another's, that is, of which more than three had to be read.
func (total *tally) books(f *Facts, asked map[Need]bool, updates int, seed uint64, t *testing.T) {
	by := map[string]int{}
	for n := range asked {
		if n.Page {
			total.pages++
		} else {
			by[n.Key]++
		}
	}
	reads, trains := 0, 0
	for _, p := range f.Pins {
		reads += by[p.Key]
		if by[p.Key] > 3 {
			trains++
		}
		delete(by, p.Key)
	}
	for _, n := range by {
		total.unpinned += n
	}
	total.reads += reads
	budget := float64(len(f.Pins)) + 1.2*float64(updates)
	if float64(reads) > budget {
		total.trains += trains
		total.above++
	}
	if float64(reads) > budget+12*float64(trains) {
		total.excess++
		t.Logf("seed %d: %d reads for %d pins, %d updates and %d trains", seed, reads, len(f.Pins), updates, trains)
	}
}

func (u *universe) after(at map[string]pep440.Version, f *Facts, moves []Move) map[string]pep440.Version {
	out := maps.Clone(at)
	for _, m := range moves {
		out[f.Pins[m.Pin].Key] = m.To
	}
	return out
}

// clash finds offers that do not go together, and asks again after the first
// of them is taken.
func (u *universe) clash(t *testing.T, at map[string]pep440.Version, f *Facts, offers [][]Move, total *tally) {
	s := New(f)
	for i := range offers {
		for j := i + 1; j < len(offers); j++ {
			if slices.ContainsFunc(offers[i], func(a Move) bool {
				return slices.ContainsFunc(offers[j], func(b Move) bool { return a.Pin == b.Pin })
			}) {
				continue // they share a member
			}
			both := slices.Concat(offers[i], offers[j])
			added := s.Added(both)
			bad := u.violated(u.after(at, f, both))
			if (len(bad) > 0) != (len(added) > 0) && len(bad) > 0 {
				t.Fatalf("%v are not seen", bad)
			}
			if len(bad) == 0 {
				continue
			}
			total.clashes++
			next := u.facts(u.after(at, f, offers[i]))
			p := offers[j][0].Pin
			if r := New(next).Reach([]Goal{{Pin: p, To: next.Pins[p].Up}}, Options{}); r.Status == Solved {
				total.resolved++
			} else if r.Status == Held {
				total.stuck++
			} else {
				t.Logf("%s after %v: %s %v", f.Pins[p].Key, offers[i], r.Status, r.Why)
			}
		}
	}
}
