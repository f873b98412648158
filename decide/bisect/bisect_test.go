package bisect

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// Every choice of guilty elements among up to nine, in every world.
func TestEverySmallBatchEndsWithinTheBound(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	t.Parallel()
	worst := map[[2]int]int{}
	for n := 1; n <= 9; n++ {
		for guilty := range 1 << n {
			w := of(n)
			for i := range n {
				if guilty>>i&1 == 1 {
					w.breaks(i)
				}
			}
			c := w.run(t, nil)
			w.judge(t, c)
			k := len(w.culprit)
			if len(c.answer.Guilty) != k || c.pipelines+c.final > Bound(n, k) {
				t.Fatalf("n %d, guilty %b: found %d in %d pipelines and %d more, bound %d", n, guilty, len(c.answer.Guilty), c.pipelines, c.final, Bound(n, k))
			}
			worst[[2]int{n, k}] = max(worst[[2]int{n, k}], c.pipelines+c.final)
		}
	}
	for n := 1; n <= 9; n++ {
		for k := range min(n, 5) + 1 {
			t.Logf("n %d, k %d: %d at worst, the last push with it, bound %d", n, k, worst[[2]int{n, k}], Bound(n, k))
		}
	}
}

// Every tree of requirements of up to five elements, with every choice of guilty ones.
func TestEverySmallBatchWithRequirementsEndsWithinTheBound(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	t.Parallel()
	over := 0
	for n := 1; n <= 5; n++ {
		trees := 1
		for i := 1; i <= n; i++ {
			trees *= i
		}
		for tree := range trees {
			for guilty := range 1 << n {
				w := of(n)
				for i, left := 1, tree; i < n; i++ {
					if p := left % (i + 1); p < i {
						w.problem.Elements[i].Requires = []string{w.problem.Elements[p].ID}
					}
					left /= i + 1
				}
				for i := range n {
					if guilty>>i&1 == 1 {
						w.breaks(i)
					}
				}
				c := w.run(t, nil)
				w.judge(t, c)
				k := len(c.answer.Guilty)
				if c.pipelines > Bound(n, k) {
					t.Fatalf("n %d, tree %d, guilty %b: found %d in %d pipelines, bound %d", n, tree, guilty, k, c.pipelines, Bound(n, k))
				}
				over = max(over, c.pipelines+c.final-Bound(n, k))
			}
		}
	}
	t.Logf("with the pipeline of the last push, %d over the bound at worst", over)
	if over > 1 {
		t.Errorf("with the pipeline of the last push, %d over the bound", over)
	}
}

// Every two pairs of up to seven elements.
func TestEveryPairIsTold(t *testing.T) {
	t.Parallel()
	for n := 2; n <= 7; n++ {
		var pairs [][2]int
		for i := range n {
			for j := range i {
				pairs = append(pairs, [2]int{j, i})
			}
		}
		for _, p := range pairs {
			for _, q := range pairs {
				w := of(n).breaks(p[0], p[1])
				if p != q {
					w.breaks(q[0], q[1])
				}
				c := w.run(t, nil)
				w.judge(t, c)
				if len(c.answer.Guilty) == 0 || len(c.answer.Guilty[0].With) != 1 {
					t.Fatalf("pairs %v %v: told %+v", p, q, c.answer.Guilty)
				}
				if c.pipelines > Bound(n, c.answer.members()) {
					t.Fatalf("pairs %v %v of %d: %d pipelines, bound %d", p, q, n, c.pipelines, Bound(n, c.answer.members()))
				}
			}
		}
	}
}

// Large worlds of a fresh seed, with requirements, suspicions, pairs and triples.
func TestLargeBatchesEndWithinTheBound(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	part := testenv.Sample(t, 3)
	for i := range 150 {
		n, k := 1+r.IntN(200), r.IntN(6)
		w := random(r, n, k, r.IntN(2), []float64{0, 0, 1, 3}[r.IntN(4)])
		if !part.Has(i) {
			continue
		}
		if i%20 == 0 && n > 9 {
			w.culprit = nil
			w.breaks(1, 3, 5)
		}
		c := w.run(t, nil)
		w.judge(t, c)
		if c.pipelines > Bound(n, c.answer.members()) {
			t.Fatalf("seed %d, world %d: n %d, culprits %v: %d pipelines, bound %d", seed, i, n, w.culprit, c.pipelines, Bound(n, c.answer.members()))
		}
	}
}

// One history gives one answer, in whatever order it is read, and no set is tested
// again that has what was asked of it.
func TestOneHistoryGivesOneAnswer(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	for range 40 {
		w := random(r, 1+r.IntN(40), r.IntN(4), r.IntN(2), 1)
		started := map[string]bool{}
		w.run(t, func(history []Pipeline, a Answer) {
			mixed := slices.Clone(history)
			r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			if b := Next(w.problem, append(mixed, mixed...)); !reflect.DeepEqual(a, b) {
				t.Fatalf("%v gives %+v, in another order %+v", history, a, b)
			}
			under := slices.Clone(history)
			for i, p := range a.Probes { // a crash after each start
				if key := p.Set + string(rune(p.Attempt)); started[key] {
					t.Fatalf("%s is started again", p.Set)
				} else {
					started[key] = true
				}
				under = append(under, Pipeline{Set: p.Set, ID: int64(len(under) + 1), Result: Running})
				if b := Next(w.problem, under); len(b.Probes) != len(a.Probes)-i-1 || b.Running != i+1 {
					t.Fatalf("with %d of %+v under way: %+v", i+1, a.Probes, b)
				}
			}
		})
	}
}

// Whatever is missing of a history, and in whatever order it came about, the rest
// can be gone on with, and the end is the same.
func TestAnyPartOfAHistoryIsLegal(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 9))
	for range 60 {
		w := random(r, 1+r.IntN(30), r.IntN(4), r.IntN(2), 1)
		c := w.run(t, nil)
		part := slices.DeleteFunc(slices.Clone(c.history), func(Pipeline) bool { return r.IntN(3) == 0 })
		for {
			a := Next(w.problem, part)
			if a.Done {
				if !reflect.DeepEqual(a.Good, c.answer.Good) || !reflect.DeepEqual(guiltyOf(a), guiltyOf(c.answer)) {
					t.Fatalf("with gaps %+v, without %+v", a, c.answer)
				}
				break
			}
			for _, p := range a.Probes {
				result, jobs := w.test(p.IDs)
				part = append(part, Pipeline{Set: p.Set, ID: int64(1000 + len(part)), Result: result, Jobs: jobs})
			}
		}
	}
}

func guiltyOf(a Answer) (out []string) {
	for _, g := range a.Guilty {
		out = append(out, g.ID)
	}
	return out
}

// Verdicts without any sense: it ends, and blames nobody without the proof.
func TestItEndsWhateverPipelinesSay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		w := random(r, 1+r.IntN(14), 0, 0, 1)
		var history []Pipeline
		sets := map[string][]string{}
		for n := 0; ; {
			a := Next(w.problem, history)
			if a.Stuck != nil {
				break
			}
			if a.Done {
				w.sound(t, course{answer: a, history: history, sets: sets})
				break
			}
			if len(a.Probes) == 0 || n > 2000 {
				t.Fatalf("seed %d: after %d pipelines %+v", seed, n, a)
			}
			for _, p := range a.Probes {
				n++
				sets[p.Set] = p.IDs
				history = append(history, Pipeline{Set: p.Set, ID: int64(n), Result: []Result{Green, Red, Red, NotRun}[r.IntN(4)], Jobs: []string{[]string{"a", "b"}[r.IntN(2)]}})
			}
		}
	}
}

// Sets that do not install are never tested.
func TestOnlyWhatIsConsistentIsTested(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 5))
		w := random(r, 2+r.IntN(20), 1+r.IntN(3), 0, 1)
		// One element installs only beside another, and two refuse each other.
		e := w.problem.Elements
		a, b := e[0].ID, e[1].ID
		w.problem.Consistent = func(ids []string) bool {
			in := setOf(ids)
			return !in[a] || in[b]
		}
		c := w.run(t, func(_ []Pipeline, answer Answer) {
			for _, p := range answer.Probes {
				if !w.problem.Consistent(p.IDs) || !subset(w.closure(p.IDs), p.IDs) {
					t.Fatalf("seed %d: %v is tested", seed, p.IDs)
				}
			}
		})
		w.sound(t, c)
	}
}

// What does not run is tried three times, and nothing is concluded.
func TestWhatDoesNotRunConcludesNothing(t *testing.T) {
	t.Parallel()
	w := of(8).breaks(3)
	var history []Pipeline
	for {
		a := Next(w.problem, history)
		if a.Stuck != nil {
			if len(history) != 1+tries || len(a.Guilty) > 0 || a.Done {
				t.Fatalf("after %d pipelines %+v", len(history), a)
			}
			return
		}
		result := NotRun
		if len(history) == 0 {
			result = Red
		}
		history = append(history, Pipeline{Set: a.Probes[0].Set, ID: int64(len(history) + 1), Result: result})
	}
}

// The likely culprit parts first: of six, the one major is found in five pipelines.
func TestTheLikelyCulpritPartsEarly(t *testing.T) {
	t.Parallel()
	w := of(6).breaks(2)
	w.problem.Elements[2].Suspect = 5
	c := w.run(t, nil)
	w.judge(t, c)
	if c.pipelines != 5 {
		t.Errorf("the likely culprit of six was found in %d pipelines, wanted 5", c.pipelines)
	}
}

// Of two that only fail together the one waits that is suspected more.
func TestThePairsMoreSuspectedWaits(t *testing.T) {
	t.Parallel()
	w := of(8).breaks(1, 6)
	w.problem.Elements[1].Suspect = 3
	c := w.run(t, nil)
	w.judge(t, c)
	if g := c.answer.Guilty; len(g) != 1 || g[0].ID != "e001" || !slices.Equal(g[0].With, []string{"e006"}) {
		t.Errorf("told %+v, wanted e001, which fails with e006", g)
	}
}
