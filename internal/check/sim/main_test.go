package sim

import (
	"flag"
	"fmt"
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

// part says which cases of a test run: one in 144, or what PINWHEEL_PART says.
func part(t *testing.T) testenv.Part {
	if everything() {
		return testenv.All()
	}
	return testenv.Sample(t, 144)
}

// looks reports whether scenario i is told at all: under the race detector a few
// are, since an undisturbed world alone takes long there.
func looks(i int) bool { return !testenv.Raced || i%10 == 0 }

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
