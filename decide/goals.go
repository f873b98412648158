package decide

import (
	"slices"
	"sort"
	"time"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file searches how far every package can move, each on its own.

// goal is a package's wish on one major line: the releases that each of its slots may take.
type goal struct {
	key    string
	branch string
	left   int // steps that the search may still take for it
	slots  []int
	lines  []*line // one for each slot
	young  bool    // nothing on the line is old enough yet
	closed bool    // a person refused the newest
	exact  bool    // it must go where its result goes, since that ends a conflict
	result solve.Result
	major  bool // its own step, or one of its set, is a major
}

// class separates sets that are alternatives: a minor does not wait for a major, and a set that can
// open does not wait for one that is too young.
type class struct{ major, young bool }

func (g *goal) class() class { return class{g.major, g.young} }

// goals lists what every package wants, by name, its own line first.
func (d *searcher) goals() []*goal {
	byBranch := map[string]*goal{}
	var out []*goal
	for i, sl := range d.slots {
		for _, l := range d.outcomes[i].lines {
			if !l.offers() {
				continue
			}
			branch := plan.BranchName(d.s.Policy.BranchPrefix, d.spelled[sl.p.Key], l.newest().Major())
			g := byBranch[branch]
			if g == nil {
				g = &goal{key: sl.p.Key, branch: branch, young: true}
				byBranch[branch] = g
				out = append(out, g)
			}
			g.add(i, l)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].key < out[j].key })
	return out
}

// add adds a slot. Slots with an eligible release do not wait for one without.
func (g *goal) add(i int, l *line) {
	switch {
	case g.young && l.hasEligible():
		g.slots, g.lines, g.young, g.major = nil, nil, false, false
	case !g.young && !l.hasEligible():
		return
	}
	g.slots = append(g.slots, i)
	g.lines = append(g.lines, l)
	g.major = g.major || l.major
}

// newest is what the line would take if nothing else mattered: the newest eligible release, or else
// the first one that will be eligible.
func (l *line) newest() pep440.Version {
	var young *verdict
	for i := range l.judged {
		switch v := &l.judged[i]; {
		case v.reason == nil:
			return v.release.Version
		case v.young && (young == nil || v.eligible.Before(young.eligible)):
			young = v
		}
	}
	return young.release.Version
}

// reach solves every goal on its own. Goals that took more than their share go on with what the
// others left.
func (d *searcher) reach(goals []*goal) {
	var more []*goal
	used := 0
	for _, g := range goals {
		g.closed = d.closedNewest(g)
		if !d.searchesNow(g) {
			continue
		}
		used += d.reachOne(g, share(len(goals)))
		if g.result.Status == solve.GaveUp {
			more = append(more, g)
		}
	}
	for _, g := range more {
		if left := min(wishSteps, (allSteps-used)/len(more)); left > share(len(goals)) {
			d.reachOne(g, left)
		}
	}
}

// reachOne solves a goal within some steps and returns how many it took.
func (d *searcher) reachOne(g *goal, steps int) int {
	g.left = steps
	own := g.major
	wish := d.wish(g)
	g.result = d.attempt(g, wish, solve.Options{NoMajor: !own, NoYoung: true})
	if g.result.Status == solve.Held && !own {
		// Only with a major of another package. Then it is a major, too.
		switch r := d.attempt(g, wish, solve.Options{NoYoung: true}); r.Status {
		case solve.Solved:
			g.result, g.major = r, true
		case solve.GaveUp:
			g.result = r
		case solve.Held, solve.Lacking, solve.Unread:
		}
	}
	if g.result.Status == solve.Held {
		// Perhaps with another member that is too young now.
		switch r := d.attempt(g, wish, solve.Options{NoMajor: !own}); r.Status {
		case solve.Solved:
			g.result, g.young = r, true
		case solve.GaveUp:
			g.result = r
		case solve.Held, solve.Lacking, solve.Unread:
		}
	}
	if g.result.Status == solve.Held && len(g.slots) > 1 {
		d.fewerSlots(g, wish)
	}
	return steps - g.left
}

// olderGoals adds, for every pin whose release was taken back and that no goal moves up, the goal
// of an older release.
func (d *searcher) olderGoals(goals []*goal) []*goal {
	for i := range d.slots {
		o := &d.outcomes[i]
		if o.down == nil || !o.down.hasEligible() || slices.ContainsFunc(goals, func(g *goal) bool {
			return slices.Contains(g.slots, i) && g.result.Status != solve.Held && g.result.Status != solve.GaveUp
		}) {
			continue
		}
		o.lines = append(slices.Clip(o.lines), o.down)
		g := &goal{key: d.slots[i].p.Key, branch: "down\n" + costlyKey(i, ""), slots: []int{i}, lines: []*line{o.down}}
		d.reach([]*goal{g})
		goals = append(slices.DeleteFunc(goals, func(g *goal) bool { return slices.Equal(g.slots, []int{i}) }), g)
	}
	return goals
}

// fewerSlots moves the slots of a goal that can move, if not all of them can.
func (d *searcher) fewerSlots(g *goal, wish []solve.Goal) {
	for i := range wish {
		r := d.attempt(g, wish[i:i+1], solve.Options{NoMajor: !g.major, NoYoung: !g.young})
		if r.Status == solve.Solved {
			d.left = append(d.left, &goal{
				key: g.key, branch: g.branch, result: g.result, young: g.young, major: g.major,
				slots: slices.Delete(slices.Clone(g.slots), i, i+1), lines: slices.Delete(slices.Clone(g.lines), i, i+1),
			})
			g.slots, g.lines, g.result = g.slots[i:i+1], g.lines[i:i+1], r
			return
		}
	}
}

func (d *searcher) wish(g *goal) []solve.Goal {
	var out []solve.Goal
	for k, i := range g.slots {
		to := d.candidatesOf(i, g.lines[k], false)
		if g.young {
			// The one that is old enough first, then the next.
			sort.SliceStable(to, func(a, b int) bool {
				return d.eligible(g.lines[k], to[a].Version).Before(d.eligible(g.lines[k], to[b].Version))
			})
		} else {
			to = slices.DeleteFunc(to, func(c solve.Candidate) bool { return c.Young })
		}
		if len(to) > 0 && d.refusedVersion(i, g.lines[k], to[0].Version) {
			to = to[:1]
		} else {
			to = slices.DeleteFunc(to, func(c solve.Candidate) bool { return d.refusedVersion(i, g.lines[k], c.Version) })
		}
		if at := slices.IndexFunc(g.result.Moves, func(m solve.Move) bool { return m.Pin == i }); g.exact && at >= 0 {
			m := g.result.Moves[at]
			to = []solve.Candidate{{Version: m.To, Major: m.Major, Young: m.Young, Down: m.Down}}
		}
		out = append(out, solve.Goal{Pin: i, To: to})
	}
	return out
}

func (d *facts) eligible(l *line, v pep440.Version) time.Time {
	for i := range l.judged {
		if l.judged[i].release.Version.Equal(v) {
			return l.judged[i].eligible
		}
	}
	return time.Time{}
}

func (d *facts) closedNewest(g *goal) bool {
	return slices.ContainsFunc(g.slots, func(i int) bool {
		l := g.lines[slices.Index(g.slots, i)]
		return d.refusedVersion(i, l, l.newest())
	})
}
