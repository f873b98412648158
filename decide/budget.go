package decide

import (
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file divides what a decision may cost. It counts steps of the search, and not time,
// so that a decision is the same on every machine. Each package's wish has the same share.
// What is left of the whole is divided among the wishes that need more.

const (
	// allSteps is what all wishes of a decision may take together, about half a second. One wish
	// may take at most wishSteps, and at least fewSteps whatever the others take. Of 4,217 updates
	// of recorded pins nine take more than 20,000 steps and one takes more than 400,000.
	allSteps, fewSteps, wishSteps = 10_000_000, 20_000, 500_000
	// repairSteps is what the search for repairs of conflicts may take.
	repairSteps = 500_000
)

// share is how many steps each of some wishes may take at first. Half of the whole is kept for
// those that need more.
func share(wishes int) int { return min(wishSteps/4, max(fewSteps, allSteps/2/max(1, wishes))) }

// costlyNames counts the names without a pin that took too many steps.
func (m *Memory) costlyNames() (n int) {
	for name := range m.costly {
		if strings.Contains(name, "\n") {
			n++
		}
	}
	return n
}

// costlyKey is the key in Memory.costly of a name without a pin in a file.
func costlyKey(file int, key string) string { return strconv.Itoa(file) + "\n" + key }

// skips reports whether a name without a pin took too many steps before.
func (d *searcher) skips(file int, key string) bool {
	if d.memory == nil || !d.memory.costly[costlyKey(file, key)] {
		return false
	}
	d.memory.skipped = true
	return true
}

// within searches with at most the steps that are left, and subtracts those that it took.
func (d *searcher) within(left *int, wish []solve.Goal, o solve.Options) solve.Result {
	if *left <= 0 {
		return solve.Result{Status: solve.GaveUp}
	}
	o.Steps = *left
	before := d.solver.Steps()
	r := d.solver.Reach(wish, o)
	*left -= r.Steps
	if d.memory != nil {
		d.memory.steps += d.solver.Steps() - before
	}
	return r
}

// attempt searches for one wish with what is left of its share.
func (d *searcher) attempt(g *goal, wish []solve.Goal, o solve.Options) solve.Result {
	return d.within(&g.left, wish, o)
}

// searchesNow reports whether a wish is searched for in this round. A wish that took too many steps
// in an earlier round is left out until nothing else is missing. Then the decision is made again
// with all wishes.
func (d *searcher) searchesNow(g *goal) bool {
	if d.memory == nil || !d.memory.costly[g.branch] {
		return true
	}
	d.memory.skipped = true
	g.result = solve.Result{Status: solve.GaveUp}
	return false
}

// rememberCostly remembers what took too many steps.
func (d *searcher) rememberCostly(goals []*goal) {
	if d.memory == nil {
		return
	}
	if d.memory.costly == nil {
		d.memory.costly = map[string]bool{}
	}
	for _, g := range goals {
		if g.result.Status == solve.GaveUp {
			d.memory.costly[g.branch] = true
		}
	}
	for _, u := range d.solver.Unchecked() {
		if u.Spent {
			d.memory.costly[costlyKey(u.Group, u.Key)] = true
		}
	}
}

// unchecked returns a sentence, with the edge that it is about, for each name without a pin for
// which nobody knows whether the pins fit it.
func (d *searcher) unchecked() (edges []solve.Edge, texts []string) {
	for _, u := range d.solver.Unchecked() {
		text := requires(u.By) + ", and what " + u.Key + " requires could not be read"
		if why := d.whyUnread(u.Key); why != "" {
			text += ": " + why
		}
		switch {
		case u.Spent:
			text = requires(u.By) + ", and to find releases that fit " + u.Key + " takes too many steps"
		case d.rest[u.Key]:
			text = requires(u.By) + ", and the newest " + strconv.Itoa(mostRefused) + " releases of " + u.Key + " have metadata that is refused or not given out"
		}
		if !slices.Contains(texts, text) {
			edges, texts = append(edges, u.By), append(texts, text)
		}
	}
	return edges, texts
}

// whyUnread is why this run could not read what a name without a pin requires, because of its
// page or of the newest release that was asked for. It is "" if no reason is known.
func (d *searcher) whyUnread(key string) string {
	pkg := d.s.Packages[key]
	for i := len(pkg.Releases) - 1; i >= 0 && pkg.HasFacts; i-- {
		if m := d.metadataOf(key, pkg.Releases[i].Version); m.Status == plan.MetadataFailed {
			return m.Reason
		}
	}
	return pkg.Failure
}
