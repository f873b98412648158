package sim

import (
	"flag"
	"fmt"
	"iter"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

var (
	forTime   = flag.Duration("sim.for", 0, "run everything, and seeds without end, for as long as this")
	oneSeed   = flag.Uint64("sim.seed", 0, "replay this seed alone")
	oneTaken  = flag.Uint64("sim.taken", 0, "replay this seed of those that take over alone")
	shrinkFor = flag.Duration("sim.shrink", time.Minute, "how long to look for fewer events that fail as well")
	began     = time.Now()
)

// everything reports whether all there is shall run, and not what CI runs.
func everything() bool { return *forTime > 0 }

// late reports whether a share of the time that was given is over.
func late(share float64) bool {
	return everything() && time.Since(began).Seconds() > share*forTime.Seconds()
}

// part says which cases of a test run: one in 144, or what PINWHEEL_PART says. The tests
// of scenarios name their sample by sampled instead.
func part(t *testing.T) testenv.Part {
	if everything() {
		return testenv.All()
	}
	return testenv.Sample(t, 144)
}

// sampled is the case of the i-th scenario that every run plays, or -1: of each every-th one
// from one on a case that runs, each time a later one. Under the race detector it is a third of
// these. Nobody knows how many cases a scenario has before they were played, and to find that out
// takes as long as a case: so these are cases that there are, and not one in so many.
func sampled(i, from, every int, runs func(k int) bool) int {
	if testenv.Raced {
		every *= 3
	}
	if i%every != from {
		return -1
	}
	return firstFrom(i/every, runs)
}

// firstFrom is the first case from k on that runs.
func firstFrom(k int, runs func(k int) bool) int {
	for !runs(k) {
		k++
	}
	return k
}

// cases are the numbers k, from 0, of the i-th scenario's cases that run. They have no end, but for the
// sample, which is case one alone, or none if that is -1. A case that is not there ends them.
func cases(part testenv.Part, i, one int, runs func(k int) bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		if !part.Whole() {
			_ = one < 0 || yield(one)
			return
		}
		for k, n := 0, i; ; k++ {
			if !runs(k) {
				continue
			}
			// Counted by those that run, so that each part has some of them, whichever these are.
			if part.Picks(k == one, n) && !yield(k) {
				return
			}
			n++
		}
	}
}

// plays reports whether a scenario has cases in this run.
func plays(part testenv.Part, one int) bool { return part.Whole() || one >= 0 }

var counts struct {
	sync.Mutex
	of map[string]int
}

// count adds to what the tests print at their end.
func count(what string, n int) {
	counts.Lock()
	defer counts.Unlock()
	if counts.of == nil {
		counts.of = map[string]int{}
	}
	counts.of[what] += n
}

func TestMain(m *testing.M) {
	testenv.Roomy()
	code := m.Run()
	var names []string
	for name := range counts.of {
		names = append(names, name)
	}
	slices.Sort(names)
	if counts.of["crashes"] > 0 {
		fmt.Printf("sim: scenarios: %d\n", len(scenarios))
	}
	for _, name := range names {
		fmt.Printf("sim: %s: %d\n", name, counts.of[name])
	}
	os.Exit(code)
}

// Each case that runs is in exactly one part, and every part has some.
func TestPartsOfCases(t *testing.T) {
	for every := 1; every <= 8; every++ {
		runs := func(k int) bool { return (k+1)%every == 0 }
		seen := map[int]int{}
		for n := 1; n <= 8; n++ {
			t.Setenv("PINWHEEL_PART", fmt.Sprintf("all:%d/8", n))
			picked := 0
			for k := range cases(testenv.Sample(t, 1), 3, -1, runs) {
				if k >= 64*every {
					break
				}
				seen[k]++
				picked++
			}
			if picked != 8 {
				t.Errorf("one in %d: part %d has %d of 64 cases", every, n, picked)
			}
		}
		if len(seen) != 64 {
			t.Errorf("one in %d: all parts have %d of 64 cases", every, len(seen))
		}
	}
}
