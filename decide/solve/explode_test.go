package solve

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// explosive are worlds of one author who wants the search never to end: evil 2
// requires K names of his own without a pin, or with one, of N releases each.
// Beside it stand honest pins that can move.
func explosive(tb testing.TB, shape string, k, n int, pinned bool) *world {
	w := &world{releases: map[string][]string{}, requires: map[string][]string{}, unknown: map[string]bool{}}
	w.facts.Environments = environments(tb, 2)
	name := func(i int) string { return fmt.Sprintf("e%02d", i%k) }
	w.releases["evil"] = []string{"1", "2"}
	for i := range k {
		w.requires["evil 2"] = append(w.requires["evil 2"], name(i)+">=2")
		for v := range n + 1 {
			id := fmt.Sprintf("%s %d", name(i), v+1)
			w.releases[name(i)] = append(w.releases[name(i)], fmt.Sprint(v+1))
			if v == 0 {
				continue
			}
			w.requires[id] = refusals(shape, name, i, v+1, k, n)
		}
	}
	for i := range 5 {
		honest := fmt.Sprintf("honest%d", i)
		w.releases[honest] = []string{"1", "2"}
		w.pin(tb, honest, "1")
	}
	w.pin(tb, "evil", "1")
	for i := range k {
		if pinned {
			w.pin(tb, name(i), "1")
		}
	}
	w.wire(tb)
	return w
}

// refusals are what one release of a shape requires.
func refusals(shape string, name func(int) string, i, v, k, n int) []string {
	var out []string
	switch shape {
	case "ring": // each asks the next for one more, all the way round
		next := v + 1
		if next > n+1 {
			next = 2
		}
		out = append(out, fmt.Sprintf("%s==%d", name(i+1), next))
	case "chain": // and the last for what is not there
		if i < k-1 {
			out = append(out, fmt.Sprintf("%s>=%d,<=%d", name(i+1), max(2, v-1), v+1))
		} else {
			out = append(out, name(0)+"==1")
		}
	case "diamond": // two ways to one that cannot be
		out = append(out, fmt.Sprintf("%s!=%d", name(i+1), v), fmt.Sprintf("%s!=%d", name(i+2), v))
		if i == k-1 {
			out = append(out, fmt.Sprintf("%s<%d", name(k/2), v%n))
		}
	case "mutual": // no two alike, and one less to choose from than there are names
		for j := range k {
			if j != i {
				out = append(out, fmt.Sprintf("%s!=%d", name(j), v))
			}
		}
		if v > k {
			out = append(out, "gone")
		}
	case "random": // half of all pairs
		for j := range k {
			if j == i {
				continue
			}
			s := name(j) + ">=2"
			for u := range n {
				if (v*7+u*13+i*5+j*3+v*u)%5 < 3 {
					s += fmt.Sprintf(",!=%d", u+2)
				}
			}
			out = append(out, s)
		}
	}
	return out
}

var shapes = []string{"ring", "chain", "diamond", "mutual", "random"}

// What one author's packages cost is bounded in steps, and everything else is
// offered.
func TestNobodysPackagesStopTheSearch(t *testing.T) {
	const steps = 100_000
	for _, shape := range shapes {
		for _, pinned := range []bool{false, true} {
			for _, size := range [][2]int{{6, 20}, {12, 60}} {
				w := explosive(t, shape, size[0], size[1], pinned)
				s := w.solver(t)
				from := s.steps
				r := s.Reach([]Goal{w.goal("evil")}, Options{Steps: steps})
				spent := s.steps - from
				t.Logf("%s %v pinned %v: %s, %d nodes, %d steps", shape, size, pinned, r.Status, r.Nodes, spent)
				if spent > 2*steps {
					t.Errorf("%s %v pinned %v: %d steps", shape, size, pinned, spent)
				}
				for i := range 5 {
					if r := s.Reach([]Goal{w.goal(fmt.Sprint("honest", i))}, Options{Steps: steps}); r.Status != Solved {
						t.Errorf("%s %v: an honest package is %s", shape, size, r.Status)
					}
				}
			}
		}
	}
}

// length is how much text a world is made of.
func (w *world) length() (n int) {
	for _, lines := range w.requires {
		for _, line := range lines {
			n += len(line)
		}
	}
	return n
}

// Whoever doubles what he made to explode makes the search at most two and a half
// times as long, whether or not it ends: what a question may take grows with what it
// looked at. Below some tens of thousands of steps, a hundredth of a second, it may
// take what it takes.
func TestTwiceAsMuchTakesTwiceAsLong(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine, and counts steps")
	const bound, floor = 500_000, 60_000
	worst, most := 0.0, 0
	part, i := testenv.Sample(t, 5), -1
	for _, shape := range shapes {
		for _, pinned := range []bool{false, true} {
			for _, k := range []int{3, 4, 6, 8, 12, 24} {
				if i++; !part.Has(i) {
					continue
				}
				last, length := 0, 0
				for _, n := range []int{5, 10, 20, 40, 80} {
					w := explosive(t, shape, k, n, pinned)
					s := w.solver(t)
					s.settle()
					from := s.steps
					r := s.Reach([]Goal{w.goal("evil")}, Options{Steps: bound})
					steps := s.steps - from
					most = max(most, steps)
					if last > 0 {
						times := float64(steps) / float64(max(last, floor)) * 2 * float64(length) / float64(w.length())
						if worst = max(worst, times); times > 2.5 {
							t.Errorf("%s, %d names of %d releases, pinned %v: %s after %d steps, %d for half as many releases", shape, k, n, pinned, r.Status, steps, last)
						}
					}
					last, length = steps, w.length()
				}
			}
		}
	}
	t.Logf("at most %.2f times, and %d steps", worst, most)
}

// As the pins are, what takes too many steps is said and is no conflict, and
// the rest is judged.
func TestWhatMainRequiresMayTakeTooManySteps(t *testing.T) {
	for _, shape := range shapes {
		w := explosive(t, shape, 12, 60, false)
		for i := range 12 {
			w.requires["evil 1"] = append(w.requires["evil 1"], fmt.Sprintf("e%02d>=2", i))
		}
		w.requires["evil 1"] = append(w.requires["evil 1"], "fine", "lost>5")
		w.releases["fine"], w.releases["lost"] = []string{"1"}, []string{"1"}
		w.facts.Metadata = nil
		s := w.solver(t)
		conflicts, unchecked := s.Conflicts(), s.Unchecked()
		t.Logf("%s: %d steps, %d conflicts, %d not known", shape, s.steps, len(conflicts), len(unchecked))
		if s.steps > 2*settleSteps {
			t.Errorf("%s: %d steps", shape, s.steps)
		}
		if !slices.ContainsFunc(conflicts, func(e Edge) bool { return e.To == "lost" }) {
			t.Errorf("%s: conflicts %s", shape, showEdges(conflicts))
		}
		for _, u := range unchecked {
			if !u.Spent || !strings.HasPrefix(u.Key, "e") || slices.ContainsFunc(conflicts, func(e Edge) bool { return e.To == u.Key }) {
				t.Errorf("%s: not known: %+v", shape, u)
			}
		}
		if r := s.Reach([]Goal{w.goal("honest0")}, Options{Steps: 100_000}); r.Status != Solved {
			t.Errorf("%s: an honest package is %s", shape, r.Status)
		}
	}
}
