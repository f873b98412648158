package bisect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// world is what is true of a batch, which the hunt has to find out.
type world struct {
	problem Problem
	culprit [][]string // sets that are red together, each of them least
	jobs    int        // of every pipeline
	chance  float64    // that a job fails in a run by itself; each is run again once
	random  *rand.Rand
}

// of are n elements without anything that is wrong.
func of(n int) *world {
	w := &world{jobs: 1}
	for i := range n {
		w.problem.Elements = append(w.problem.Elements, Element{ID: fmt.Sprintf("e%03d", i)})
	}
	return w
}

// breaks makes a set red.
func (w *world) breaks(ids ...int) *world {
	var set []string
	for _, i := range ids {
		set = append(set, w.problem.Elements[i].ID)
	}
	w.culprit = append(w.culprit, set)
	return w
}

// test is a pipeline of a set. A culprit fails one job, the same one every time.
func (w *world) test(ids []string) (Result, []string) {
	in := setOf(ids)
	failed := map[string]bool{}
	for k, set := range w.culprit {
		if !slices.ContainsFunc(set, func(id string) bool { return !in[id] }) {
			failed[fmt.Sprintf("job%d", k%w.jobs)] = true
		}
	}
	for j := range w.jobs {
		if w.chance > 0 && w.random.Float64() < w.chance && w.random.Float64() < w.chance {
			failed[fmt.Sprintf("job%d", j)] = true
		}
	}
	if len(failed) == 0 {
		return Green, nil
	}
	var jobs []string
	for j := range failed {
		jobs = append(jobs, j)
	}
	slices.Sort(jobs)
	return Red, jobs
}

// course is how a hunt went.
type course struct {
	answer    Answer
	pipelines int // with the first one, of everything
	steps     int // one after the other, where those at once take one
	again     int // steps with a red pipeline, whose failed jobs run once more before it counts
	final     int // 1 where the merge request is pushed to at the end and tested again
	history   []Pipeline
	sets      map[string][]string
}

// run hunts until the end. check sees every answer before it is carried out.
func (w *world) run(t testing.TB, check func(history []Pipeline, a Answer)) course {
	t.Helper()
	c := course{sets: map[string][]string{}}
	for {
		a := Next(w.problem, c.history)
		if check != nil {
			check(c.history, a)
		}
		if a.Done || a.Stuck != nil {
			c.answer = a
			if len(c.answer.Good) > 0 && len(c.answer.Good) < len(w.problem.Elements) {
				c.final = 1
			}
			return c
		}
		if len(a.Probes) == 0 || len(a.Probes) > Limit {
			t.Fatalf("%d pipelines: %d probes to start, wanted 1 or %d", c.pipelines, len(a.Probes), Limit)
		}
		c.steps++
		red := 0
		for _, p := range a.Probes {
			c.pipelines++
			c.sets[p.Set] = p.IDs
			r, jobs := w.test(p.IDs)
			c.history = append(c.history, Pipeline{Set: p.Set, ID: int64(c.pipelines), Result: r, Jobs: jobs})
			if r == Red {
				red = 1
			}
		}
		c.again += red
		if c.pipelines > 100*(len(w.problem.Elements)+5) {
			t.Fatalf("no end after %d pipelines", c.pipelines)
		}
	}
}

// random makes a world of n elements in which k break something by themselves
// and so many pairs together, with requirements and suspicions.
func random(r *rand.Rand, n, k, pairs int, edges float64) *world {
	w := of(n)
	w.random = r
	for i := range w.problem.Elements {
		e := &w.problem.Elements[i]
		e.Suspect = r.IntN(3)
		for j := range i {
			if r.Float64() < edges/float64(n) {
				e.Requires = append(e.Requires, w.problem.Elements[j].ID)
			}
		}
	}
	picked := r.Perm(n)
	for _, i := range picked[:min(k, n)] {
		w.breaks(i)
	}
	for range pairs {
		if k+2 > n {
			break
		}
		w.breaks(picked[k], picked[k+1])
		k += 2
	}
	r.Shuffle(n, func(i, j int) {
		w.problem.Elements[i], w.problem.Elements[j] = w.problem.Elements[j], w.problem.Elements[i]
	})
	return w
}

// judge compares an end with what is true, in a world without chance.
func (w *world) judge(t testing.TB, c course) {
	t.Helper()
	a := c.answer
	if !a.Done {
		t.Fatalf("ended with %+v", a)
	}
	w.sound(t, c)
	w.whole(t, a)
}

// sound checks that everybody who is blamed is proven guilty by what ran.
func (w *world) sound(t testing.TB, c course) {
	t.Helper()
	good := setOf(c.answer.Good)
	green := len(c.answer.Good) == 0
	for _, r := range c.history {
		green = green || r.Set == Digest(c.answer.Good) && r.Result == Green && r.ID == c.answer.Green
	}
	if !green {
		t.Fatalf("the good part %v was never green", c.answer.Good)
	}
	for _, g := range c.answer.Guilty {
		onGood := 0
		for _, r := range c.history {
			if !slices.Contains(g.Red, r.ID) {
				continue
			}
			if r.Result != Red {
				t.Fatalf("%s is proven by a pipeline that was %s", g.ID, r.Result)
			}
			set := c.sets[r.Set]
			if slices.Contains(set, g.ID) && !slices.ContainsFunc(set, func(id string) bool { return id != g.ID && !good[id] }) {
				onGood++
			}
		}
		if onGood < 2 {
			t.Fatalf("%+v was red on the good part in %d pipelines, wanted 2", g, onGood)
		}
		if good[g.ID] || slices.ContainsFunc(g.With, func(id string) bool { return !good[id] }) {
			t.Fatalf("%+v with the good part %v", g, c.answer.Good)
		}
	}
}

// whole checks that everything that is true was found: every guilty one and every pair
// is told as such, and everything else is merged or waits for a guilty one.
func (w *world) whole(t testing.TB, a Answer) {
	t.Helper()
	out := map[string]bool{}
	for _, g := range a.Guilty {
		set := slices.Sorted(slices.Values(append([]string{g.ID}, g.With...)))
		if !slices.ContainsFunc(w.culprit, func(c []string) bool {
			return slices.Contains(c, g.ID) && subset(w.closure(c), w.closure(set)) && subset(w.closure(set), w.closure(c))
		}) {
			t.Fatalf("blames %v, true is %v", set, w.culprit)
		}
		out[g.ID] = true
	}
	for _, wait := range a.Waits {
		if len(wait.For) == 0 {
			t.Fatalf("%s waits for nobody", wait.ID)
		}
		out[wait.ID] = true
	}
	if len(a.Good)+len(out) != len(w.problem.Elements) || len(a.Unclear) > 0 {
		t.Fatalf("%d good, %d left out, unclear %v, of %d", len(a.Good), len(out), a.Unclear, len(w.problem.Elements))
	}
	if r, _ := w.test(a.Good); r == Red && w.chance == 0 {
		t.Fatalf("what is merged is red: %v", a.Good)
	}
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(id string) bool { return !slices.Contains(b, id) })
}

// closure is what elements require with them.
func (w *world) closure(ids []string) []string {
	out := slices.Clone(ids)
	for i := 0; i < len(out); i++ {
		for _, e := range w.problem.Elements {
			if e.ID == out[i] {
				out = join(out, e.Requires...)
			}
		}
	}
	return out
}

// members is how many elements are in the sets that were blamed.
func (a Answer) members() int {
	n := 0
	for _, g := range a.Guilty {
		n += 1 + len(g.With)
	}
	return n
}
