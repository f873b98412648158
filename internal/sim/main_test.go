package sim

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

var (
	forTime   = flag.Duration("sim.for", 0, "run everything, and seeds without end, for as long as this")
	oneSeed   = flag.Uint64("sim.seed", 0, "replay this seed alone")
	shrinkFor = flag.Duration("sim.shrink", time.Minute, "how long to look for fewer events that fail as well")
	began     = time.Now()
)

// everything reports whether all there is shall run, and not what CI runs.
func everything() bool { return *forTime > 0 }

// late reports whether a share of the time that was given is over.
func late(share float64) bool {
	return everything() && time.Since(began).Seconds() > share*forTime.Seconds()
}

// raced says that the race detector runs, under which all takes ten times as
// long.
var raced bool

func short() bool { return testing.Short() || raced }

// chosen is all of the scenarios, or every fifth where time is short. The race
// detector looks for races, which any few show; what is proven is proven
// without it.
func chosen(all []scenario) []scenario {
	step := 5
	switch {
	case raced:
		step = 16
	case !short():
		return all
	}
	var out []scenario
	for i := 0; i < len(all); i += step {
		out = append(out, all[i])
	}
	return out
}

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
