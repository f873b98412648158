package solve

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// What can be done about conflicts of the pins as they are is what brute force
// finds: the fewest that stay, then the fewest moves, then the first by name.
func TestRepairsAgreeWithBruteForce(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	part := testenv.Sample(t, 4)
	worlds := *howMany
	var counts struct{ broken, clusters, ended, some, none int }
	judged := 0
	for seed := range uint64(worlds) {
		if !part.Has(int(seed)) {
			continue
		}
		judged++
		w := randomWorld(t, seed+2_000_000)
		b := newBrute(t, w)
		s := w.solver(t)
		o := Options{NoMajor: seed%3 == 0}
		repairs := s.Repairs(o)
		if (len(repairs) > 0) != (len(s.Conflicts()) > 0) {
			t.Fatalf("seed %d: %d repairs of %v\n%s", seed, len(repairs), s.Conflicts(), w.text())
		}
		if len(repairs) == 0 {
			continue
		}
		counts.broken++
		for k, cluster := range s.clusters() {
			counts.clusters++
			got := repairs[k]
			left, moves := b.repair(s, cluster, o)
			switch {
			case len(moves) == 0:
				counts.none++
			case left > 0:
				counts.some++
			default:
				counts.ended++
			}
			if problem := b.judgeRepair(s, cluster, got, left, moves); problem != "" {
				t.Fatalf("seed %d: %v %v: %s: moves %v, left %v\n%s", seed, s.flawEdges(cluster), o, problem, got.Moves, got.Left, w.text())
			}
		}
		if seed%4 == 0 {
			w.asked = map[Need]bool{}
			var late []Repair
			w.settled(t, func(s *Solver) { late = s.Repairs(o) })
			w.asked = nil
			for k := range late {
				if !slices.Equal(late[k].Moves, repairs[k].Moves) {
					t.Fatalf("seed %d: with facts on request %v, before %v\n%s", seed, late[k].Moves, repairs[k].Moves, w.text())
				}
			}
		}
	}
	t.Logf("%d worlds: %+v", judged, counts)
	if counts.broken < judged/3 || counts.ended == 0 || counts.some == 0 || counts.none == 0 {
		t.Errorf("hardly anything was broken: %+v", counts)
	}
}

// repair finds the best state by going through all of them: how many flaws
// stay, and the names that move.
func (b *brute) repair(s *Solver, cluster []flaw, o Options) (left int, names []string) {
	now := b.now()
	state := slices.Clone(now)
	left = b.flawsIn(s, cluster, state)
	if left != len(cluster) {
		panic("a flaw that is none")
	}
	best := []string(nil)
	var walk func(i int, moved []string)
	walk = func(i int, moved []string) {
		if i < len(now) {
			walk(i+1, moved)
			p := b.w.facts.Pins[i]
			for _, c := range p.Up {
				if p.Fixed || o.NoMajor && c.Major || !b.w.facts.Unverified && b.w.unknown[p.Key+" "+c.Version.String()] {
					continue
				}
				state[i] = c.Version.String()
				walk(i+1, append(slices.Clip(moved), p.Key))
			}
			state[i] = now[i]
			return
		}
		if len(moved) == 0 || !b.fits(state) {
			return
		}
		n := b.flawsIn(s, cluster, state)
		list := slices.Sorted(slices.Values(moved))
		if n < left || n == left && best != nil && (len(list) < len(best) || len(list) == len(best) && slices.Compare(list, best) < 0) {
			left, best = n, list
		}
	}
	walk(0, nil)
	return left, best
}

// flawsIn counts the flaws of a cluster that a state has.
func (b *brute) flawsIn(s *Solver, cluster []flaw, state []string) int {
	n := 0
	for i := range cluster {
		if b.has(s, &cluster[i], state) {
			n++
		}
	}
	return n
}

func (b *brute) has(s *Solver, f *flaw, state []string) bool {
	number := s.groups[s.groupOf(f)].number
	for e := range b.w.facts.Environments {
		if f.name >= 0 {
			name := s.names[f.name]
			if !b.broken[fmt.Sprint(number, e, name)] {
				continue
			}
			roots := []string{}
			left := b.left(state, number, e)
			delete(left, name)
			for _, d := range b.demanded(state, number, e) {
				if !left[d] {
					roots = append(roots, d)
				}
			}
			if !b.openFits(state, number, e, roots) {
				return true
			}
			continue
		}
		list := b.installed(state, number, e)
		b.spread(list, e)
		for _, m := range list {
			from := m.pin
			if from < 0 {
				from = len(b.w.facts.Pins) // a root
			}
			if from != int(f.from) && !(m.pin < 0 && s.nodes[f.from].root && m.name == s.nodes[f.from].key+" (root)") {
				continue
			}
			for _, r := range b.requires(m) {
				if r.text != f.req.text+"\n"+markerOf(f.req) || !r.counts(e, m.extras) {
					continue
				}
				for _, t := range list {
					if t.pin == int(f.to) && !r.accept[t.version] {
						return true
					}
				}
			}
		}
	}
	return false
}

func markerOf(r *require) string {
	if r.marker.IsZero() {
		return ""
	}
	return r.marker.String()
}

func (b *brute) judgeRepair(s *Solver, cluster []flaw, got Repair, left int, names []string) string {
	if len(names) == 0 {
		if got.Status != Held {
			return fmt.Sprintf("%s, and nothing ends any", got.Status)
		}
		return ""
	}
	if got.Status != Solved {
		return fmt.Sprintf("%s, and %v ends all but %d", got.Status, names, left)
	}
	state := b.now()
	var have []string
	for _, m := range got.Moves {
		state[m.Pin] = m.To.String()
		have = append(have, s.nodes[m.Pin].key)
	}
	slices.Sort(have)
	switch {
	case !b.fits(state):
		return "it adds a conflict"
	case b.flawsIn(s, cluster, state) != left:
		return fmt.Sprintf("it leaves %d of %d, and %d is possible with %v", b.flawsIn(s, cluster, state), len(cluster), left, names)
	case strings.Join(have, " ") != strings.Join(names, " "):
		return fmt.Sprintf("it moves %v, and %v is better", have, names)
	case len(got.Left) > 0 != (left > 0):
		return fmt.Sprintf("it says that %v stays, and %d do", got.Left, left)
	}
	return ""
}
