package solve

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

func TestAddedAgreesWithBruteForce(t *testing.T) {
	part := testenv.Sample(t, 4)
	worlds := *howMany
	fine, not := 0, 0
	for seed := range uint64(worlds) {
		if !part.Has(int(seed)) {
			continue
		}
		w := randomWorld(t, seed+1_000_000)
		w.facts.Unverified = true
		b := newBrute(t, w)
		s := w.solver(t)
		random := rand.New(rand.NewPCG(seed, 5))
		for range 20 {
			state := b.now()
			var moves []Move
			for i, p := range w.facts.Pins {
				if n := len(p.Up); n > 0 && random.IntN(3) == 0 {
					c := p.Up[random.IntN(n)]
					state[i] = c.Version.String()
					moves = append(moves, Move{Pin: i, To: c.Version})
				}
			}
			added := s.Added(moves)
			if b.fits(state) != (len(added) == 0) {
				t.Fatalf("seed %d: moves %v: added %v, brute force says %v\n%s", seed, moves, added, b.fits(state), w.text())
			}
			if len(added) == 0 {
				fine++
			} else {
				not++
			}
		}
	}
	t.Logf("%d sets of moves fit, %d do not", fine, not)
}

var howMany = flag.Int("worlds", 1000, "how many small worlds are compared with brute force")

func TestSmallWorldsAgreeWithBruteForce(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	part := testenv.Sample(t, 4)
	worlds := *howMany
	var counts struct{ goals, held, alone, sets, lowered, pairs int }
	for seed := range uint64(worlds) {
		if !part.Has(int(seed)) {
			continue
		}
		w := randomWorld(t, seed)
		b := newBrute(t, w)
		s := w.solver(t)
		var goals [][]Goal
		for i, p := range w.facts.Pins {
			if len(p.Up) > 0 {
				goals = append(goals, []Goal{{Pin: i, To: p.Up}})
			}
		}
		if n := len(goals); n > 1 {
			counts.pairs++
			goals = append(goals, []Goal{goals[0][0], goals[n-1][0]}, []Goal{goals[n-1][0], goals[0][0]})
		}
		for _, g := range goals {
			o := Options{NoMajor: seed%3 == 0}
			got := s.Reach(g, o)
			to, others := b.best(g, o)
			counts.goals++
			switch {
			case others < 0:
				counts.held++
			case others == 0:
				counts.alone++
			default:
				counts.sets++
			}
			if problem := b.judge(s, g, got, to, others); problem != "" {
				t.Fatalf("seed %d: goals %v options %v: %s\nmoves %v why %v\n%s", seed, g, o, problem, got.Moves, got.Why, w.text())
			}
			if seed%4 == 0 {
				// Facts that come on request lead to the same answer.
				w.asked = map[Need]bool{}
				var late Result
				w.settled(t, func(s *Solver) { late = s.Reach(g, o) })
				w.asked = nil
				late.Nodes, late.Steps = got.Nodes, got.Steps
				if !reflect.DeepEqual(late, got) {
					t.Fatalf("seed %d: goals %v: with facts on request %+v\nbefore %+v\n%s", seed, g, late, got, w.text())
				}
			}
			if len(got.Lowered) > 0 {
				counts.lowered++
			}
		}
	}
	t.Logf("%d worlds: %+v", worlds, counts)
}

// judge compares an answer with what is true.
func (b *brute) judge(s *Solver, g []Goal, got Result, to []string, others int) string {
	if others < 0 {
		if got.Status != Held {
			return fmt.Sprintf("%s, and nothing is possible", got.Status)
		}
		if len(got.Why) == 0 && len(g) == 1 && !b.w.facts.Pins[g[0].Pin].Fixed && (b.w.facts.Unverified || !b.w.unknown[b.w.facts.Pins[g[0].Pin].Key+" "+g[0].To[0].Version.String()]) {
			return "held without a reason"
		}
		return ""
	}
	if got.Status != Solved {
		return fmt.Sprintf("%s, and %v is possible with %d others", got.Status, to, others)
	}
	state := b.now()
	for _, m := range got.Moves {
		state[m.Pin] = m.To.String()
	}
	for k, goal := range g {
		if state[goal.Pin] != to[k] {
			return fmt.Sprintf("goal %d is at %s, and %v is possible", k, state[goal.Pin], to)
		}
	}
	if n := len(got.Moves) - len(g); n != others {
		return fmt.Sprintf("%d others move, and %d are enough", n, others)
	}
	if !b.fits(state) {
		return "the set does not fit"
	}
	if added := s.Added(got.Moves); len(added) != 0 {
		return fmt.Sprintf("added %v", added)
	}
	if b.closed(b.now()) && b.closed(state) {
		if want := b.unneeded(state); !slices.Equal(got.Unneeded, want) {
			return fmt.Sprintf("%v are not needed any more, not %v", want, got.Unneeded)
		}
		// What violated nothing before and what is cured add up.
		if n := len(s.Removed(got.Moves)); n > len(s.Conflicts()) {
			return fmt.Sprintf("%d conflicts are cured", n)
		}
	}
	if n := others; len(got.Why) != n {
		return fmt.Sprintf("%d reasons for %d others", len(got.Why), n)
	}
	return ""
}

// best goes through every state of the pins: the versions that goals can have
// together, and how many others must move for them, -1 where there is no way.
func (b *brute) best(goals []Goal, o Options) (to []string, others int) {
	now := b.now()
	options := make([][]string, len(now))
	goalOf := map[int]int{}
	for k, g := range goals {
		goalOf[g.Pin] = k
	}
	ok := func(i int, c Candidate) bool {
		return b.w.facts.Unverified || !b.w.unknown[b.w.facts.Pins[i].Key+" "+c.Version.String()]
	}
	for i, p := range b.w.facts.Pins {
		if k, is := goalOf[i]; is {
			for _, c := range goals[k].To {
				if ok(i, c) && !p.Fixed {
					options[i] = append(options[i], c.Version.String())
				}
			}
			continue
		}
		options[i] = []string{now[i]}
		for _, c := range p.Up {
			if !p.Fixed && ok(i, c) && !(o.NoMajor && c.Major) && !(o.NoYoung && c.Young) {
				options[i] = append(options[i], c.Version.String())
			}
		}
	}
	state := slices.Clone(now)
	bestRank := []int(nil)
	others = -1
	var walk func(i, moved int)
	walk = func(i, moved int) {
		if i < len(now) {
			for k, v := range options[i] {
				state[i] = v
				_, goal := goalOf[i]
				if k > 0 && !goal {
					walk(i+1, moved+1)
				} else {
					walk(i+1, moved)
				}
			}
			state[i] = now[i]
			return
		}
		var rank []int
		for _, g := range goals {
			rank = append(rank, slices.Index(options[g.Pin], state[g.Pin]))
		}
		rank = append(rank, moved)
		if bestRank != nil && slices.Compare(rank, bestRank) >= 0 {
			return
		}
		if b.fits(state) {
			bestRank, others, to = rank, moved, nil
			for _, g := range goals {
				to = append(to, state[g.Pin])
			}
		}
	}
	walk(0, 0)
	return to, others
}

// reached lists the pins that a root reaches in a state: in some environment,
// by requirements that count there, with the extras that are asked for on the
// way.
func (b *brute) reached(state []string) map[int]bool {
	out := map[int]bool{}
	for _, g := range b.groups() {
		for e := range b.w.facts.Environments {
			all := b.installed(state, g, e)
			list := slices.DeleteFunc(slices.Clone(all), func(m *member) bool { return m.root == nil })
			for changed := true; changed; {
				changed = false
				b.spread(list, e)
				for _, m := range list {
					for _, r := range b.requires(m) {
						if !r.counts(e, m.extras) || len(find(list, r.key)) > 0 {
							continue
						}
						for _, t := range find(all, r.key) {
							list = append(list, t)
							out[t.pin], changed = true, true
						}
					}
				}
			}
		}
	}
	return out
}

// unneeded lists the pins that a set makes unneeded.
func (b *brute) unneeded(state []string) []int {
	var out []int
	if len(b.roots) == 0 {
		return nil
	}
	before, after := b.reached(b.now()), b.reached(state)
	for i := range state {
		if before[i] && !after[i] {
			out = append(out, i)
		}
	}
	return out
}

// closed reports whether no name without a pin is required in a state.
func (b *brute) closed(state []string) bool {
	for _, g := range b.groups() {
		for e := range b.w.facts.Environments {
			if len(b.demanded(state, g, e)) > 0 {
				return false
			}
		}
	}
	return true
}
