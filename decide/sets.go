package decide

import (
	"slices"
	"sort"
	"time"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file asks the search where every package can go, and joins the answers
// into sets that move on one branch.

// goal is a package's wish on one line of its majors: for each of its slots
// the releases it may take.
type goal struct {
	key    string
	branch string
	left   int // steps that may still be taken for it
	slots  []int
	lines  []*line // one for each slot
	young  bool    // nothing on the line is old enough yet
	closed bool    // a person refused the newest
	exact  bool    // to be taken where the result takes it: that ends a conflict
	result solve.Result
	major  bool // belongs to a major branch: its own step or one of its set is
}

// class keeps sets apart that are alternatives of each other: a minor does not
// wait for a major, and what can open does not wait for what is too young.
type class struct{ major, young bool }

func (g *goal) class() class { return class{g.major, g.young} }

// goals lists what every package wants, by name, the own line first.
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

// add joins a slot. Slots that are ready do not wait for one that is not.
func (g *goal) add(i int, l *line) {
	switch {
	case g.young && l.ripe():
		g.slots, g.lines, g.young, g.major = nil, nil, false, false
	case !g.young && !l.ripe():
		return
	}
	g.slots = append(g.slots, i)
	g.lines = append(g.lines, l)
	g.major = g.major || l.major
}

// newest is what the line would take if nothing else mattered: the newest that
// is old enough, or else the one that will be first.
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

// reach solves every goal on its own. Those that took more than their share go
// on with what the others left.
func (d *searcher) reach(goals []*goal) {
	var more []*goal
	used := 0
	for _, g := range goals {
		g.closed = d.closedNewest(g)
		if !d.rested(g) {
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

// reachOne solves a goal within so many steps and says how many it took.
func (d *searcher) reachOne(g *goal, steps int) int {
	g.left = steps
	own := g.major
	wish := d.wish(g)
	g.result = d.attempt(g, wish, solve.Options{NoMajor: !own, NoYoung: true})
	if g.result.Status == solve.Held && !own {
		// Only with a major of another package: then it is a major, too.
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

// back adds, for every pin that was taken back and that no goal takes upward,
// the goal of an older release.
func (d *searcher) back(goals []*goal) []*goal {
	for i := range d.slots {
		o := &d.outcomes[i]
		if o.down == nil || !o.down.ripe() || slices.ContainsFunc(goals, func(g *goal) bool {
			return slices.Contains(g.slots, i) && g.result.Status != solve.Held && g.result.Status != solve.GaveUp
		}) {
			continue
		}
		o.lines = append(slices.Clip(o.lines), o.down)
		g := &goal{key: d.slots[i].p.Key, branch: "down\n" + tiredName(i, ""), slots: []int{i}, lines: []*line{o.down}}
		d.reach([]*goal{g})
		goals = append(slices.DeleteFunc(goals, func(g *goal) bool { return slices.Equal(g.slots, []int{i}) }), g)
	}
	return goals
}

// fewerSlots lets the slots of a goal go that can, where not all of them can.
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

// set is what moves on one branch: goals that share a member, solved as one.
type set struct {
	goals  []*goal
	result solve.Result
	class  class
	keys   []string // of all members, sorted

	name    string      // of the group it is; empty for a set of its own
	united  []*set      // what a group is made of
	without []string    // who of the group is not ready, as written
	of      string      // the branch of the group it would be in, for one on its own
	joins   string      // and its name
	breaks  *plan.Break // of one that left a batch: the proof against it
}

// join unites the solved goals of a class that share a member and solves each
// union again. What does not fit the union waits, and says for whom.
func (d *joiner) join(goals []*goal) (sets []*set, waiting map[*goal]*set) {
	waiting = map[*goal]*set{}
	classes := map[class][]*goal{}
	for _, g := range goals {
		switch {
		case g.result.Status != solve.Solved:
		case g.closed:
			sets = append(sets, d.newSet([]*goal{g}, g.result))
		default:
			classes[g.class()] = append(classes[g.class()], g)
		}
	}
	for _, c := range []class{{}, {major: true}, {young: true}, {major: true, young: true}} {
		for _, group := range d.sharing(classes[c]) {
			if s := d.unite(group, waiting); s != nil {
				sets = append(sets, s)
			}
		}
	}
	return d.grouped(d.oneForEachBranch(sets, waiting), waiting), waiting
}

// oneForEachBranch lets a set wait whose branch another one has: the same
// package names both, one of them for the sake of a release that is too young.
func (d *joiner) oneForEachBranch(sets []*set, waiting map[*goal]*set) []*set {
	taken := map[string]*set{}
	return slices.DeleteFunc(sets, func(s *set) bool {
		branch := d.setBranch(s, d.leader(s))
		first, found := taken[branch]
		if !found {
			taken[branch] = s
			return false
		}
		for _, g := range s.goals {
			waiting[g] = first
		}
		return true
	})
}

func (d *joiner) newSet(goals []*goal, r solve.Result) *set {
	s := &set{goals: goals, result: r, class: goals[0].class()}
	for _, m := range r.Moves {
		s.keys = append(s.keys, d.slots[m.Pin].p.Key)
	}
	sort.Strings(s.keys)
	s.keys = slices.Compact(s.keys)
	return s
}

// sharing groups goals whose results have a package in common.
func (d *joiner) sharing(goals []*goal) [][]*goal {
	owner := map[string]int{} // package -> group
	var groups [][]*goal
	for _, g := range goals {
		into := -1
		for _, key := range d.newSet([]*goal{g}, g.result).keys {
			at, taken := owner[key]
			switch {
			case !taken || at == into:
			case into < 0:
				into = at
			default: // two groups meet in this goal
				groups[into] = append(groups[into], groups[at]...)
				groups[at] = nil
				for k, o := range owner {
					if o == at {
						owner[k] = into
					}
				}
			}
		}
		if into < 0 {
			into = len(groups)
			groups = append(groups, nil)
		}
		groups[into] = append(groups[into], g)
		for _, key := range d.newSet([]*goal{g}, g.result).keys {
			owner[key] = into
		}
	}
	return slices.DeleteFunc(groups, func(g []*goal) bool { return len(g) == 0 })
}

// unite solves a group as one: all of it, or as many goals as fit together,
// what ends a conflict first, then the larger sets. While facts for that lack there is no set.
func (d *joiner) unite(group []*goal, waiting map[*goal]*set) *set {
	if len(group) == 1 {
		return d.newSet(group, group[0].result)
	}
	steps := 2 * share(1)
	switch r := d.joint(group, false, &steps); r.Status {
	case solve.Solved:
		return d.newSet(group, r)
	case solve.Lacking, solve.Unread:
		for _, g := range group {
			g.result = r
		}
		return nil
	case solve.Held, solve.GaveUp:
	}
	sort.SliceStable(group, func(i, j int) bool {
		a, b := group[i], group[j]
		if a.exact != b.exact {
			return a.exact
		}
		if len(a.result.Moves) != len(b.result.Moves) {
			return len(a.result.Moves) > len(b.result.Moves)
		}
		return a.key < b.key
	})
	fit, left := d.whatFits(group, &steps)
	result := group[0].result
	if len(fit) > 1 {
		steps = max(steps, share(1))
		if r := d.joint(fit, false, &steps); r.Status == solve.Solved {
			result = r
		} else {
			for _, g := range fit[1:] {
				g.result = r
			}
			fit = fit[:1]
		}
	}
	s := d.newSet(fit, result)
	for _, g := range left {
		waiting[g] = s
	}
	return s
}

// whatFits takes one goal of a group after the other, where all together still fit.
// Those that do not are left; those whose search gave up say so.
func (d *joiner) whatFits(group []*goal, steps *int) (fit, left []*goal) {
	fit = group[:1:1]
	for _, g := range group[1:] {
		switch r := d.joint(append(slices.Clip(fit), g), true, steps); r.Status {
		case solve.Solved:
			fit = append(fit, g)
		case solve.GaveUp:
			g.result = r
		case solve.Held, solve.Lacking, solve.Unread:
			left = append(left, g)
		}
	}
	return fit, left
}

// joint asks within the steps that are left for all goals at once, none newer than it could go alone; any
// set will do where only whether they fit matters.
func (d *joiner) joint(group []*goal, either bool, left *int) solve.Result {
	var wish []solve.Goal
	for _, g := range group {
		for _, w := range d.wish(g) {
			at := slices.IndexFunc(g.result.Moves, func(m solve.Move) bool { return m.Pin == w.Pin })
			from := slices.IndexFunc(w.To, func(c solve.Candidate) bool { return at >= 0 && c.Version.Equal(g.result.Moves[at].To) })
			if from > 0 {
				w.To = w.To[from:]
			}
			wish = append(wish, w)
		}
	}
	c := group[0].class()
	o := solve.Options{NoMajor: !c.major, NoYoung: true, Any: either, Brief: true}
	r := d.within(left, wish, o)
	if r.Status == solve.Held && c.young {
		o.NoYoung = false
		r = d.within(left, wish, o)
	}
	return r
}
