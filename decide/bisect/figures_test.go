package bisect

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

var (
	worlds = flag.Int("worlds", 0, "how many worlds the figures of docs/benchmarks.md are made of; 0: a sample")
	seed   = flag.Uint64("seed", 0, "of the worlds; 0: a fresh one")
)

// dice are those of a fresh seed, or of -seed.
func dice(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", s)
	return rand.New(rand.NewPCG(s, 1))
}

// TestFigures prints, with -v, what taking batches apart costs: the table of docs/benchmarks.md.
func TestFigures(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	r := dice(t)
	each := max(*worlds, 5)
	t.Logf("%d worlds in each line", each)
	for _, n := range []int{8, 50, 200} {
		for k := range 6 {
			total, most, steps, turns, final := 0, 0, 0, 0, 0
			for range each {
				w := random(r, n, k, 0, []float64{0, 1}[r.IntN(2)])
				c := w.run(t, nil)
				w.judge(t, c)
				if b := Bound(n, len(c.answer.Guilty)); c.pipelines > b {
					t.Fatalf("n %d, k %d: %d pipelines, bound %d", n, k, c.pipelines, b)
				}
				total, most, steps, turns, final = total+c.pipelines, max(most, c.pipelines), max(steps, c.steps), max(turns, c.steps+c.again), max(final, c.pipelines+c.final-Bound(n, len(c.answer.Guilty)))
			}
			t.Logf("| %d | %d | %.1f | %d | %d | %d | %d | %d | %d | %s | %s | %s | %s |", n, k, float64(total)/float64(each), most, Bound(n, k), n, n*(n+1)/2, steps, turns,
				hours(turns, 10*time.Minute, time.Hour), hours(turns, 2*time.Hour, time.Hour), hours(turns, 10*time.Minute, time.Minute), hours(turns, 2*time.Hour, time.Minute))
			if final > 0 {
				t.Logf("with the pipeline of the last push %d over the bound at most", final)
			}
		}
	}
}

// hours is how long so many turns take one after the other, each a pipeline or its failed
// jobs once more, and each seen by the first look after it ended.
func hours(turns int, takes, every time.Duration) string {
	looks := int(takes/every) + 1
	return fmt.Sprintf("%.1f h", float64(turns*looks)*every.Hours())
}

// Ten jobs fail by chance in one of fifty runs each, and are run again once. Nobody
// innocent is blamed.
func TestChanceBlamesNobody(t *testing.T) {
	t.Parallel()
	r := dice(t)
	each, more, over := max(*worlds, 300), 0, 0
	for i := range each {
		n, k := 2+r.IntN(60), r.IntN(4)
		w := random(r, n, k, 0, 0)
		w.jobs, w.chance = 10, 0.02
		c := w.run(t, nil)
		if !c.answer.Done {
			t.Fatalf("world %d ended with %+v", i, c.answer)
		}
		w.sound(t, c)
		w.whole(t, c.answer)
		if extra := c.pipelines - Bound(n, k); extra > 0 {
			over, more = over+1, max(more, extra)
		}
	}
	t.Logf("%d worlds, nobody innocent blamed; over the bound in %d of them, by %d pipelines at most", each, over, more)
}

// Pairs that only fail together are told, and cost no more than their members would.
func TestPairsInLargeBatches(t *testing.T) {
	t.Parallel()
	r := dice(t)
	each, most := max(*worlds/10, 30), 0.0
	for i := range each {
		n := 10 + r.IntN(191)
		w := random(r, n, r.IntN(3), 1+r.IntN(2), 0)
		c := w.run(t, nil)
		w.judge(t, c)
		b := Bound(n, c.answer.members())
		if c.pipelines > b {
			t.Fatalf("world %d: n %d, culprits %v: %d pipelines, bound %d", i, n, w.culprit, c.pipelines, b)
		}
		most = max(most, float64(c.pipelines)/float64(b))
	}
	t.Logf("%d worlds with pairs, at most %.0f %% of the bound in which each member of a pair counts", each, 100*most)
}
