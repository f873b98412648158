package decide

import (
	"slices"
	"sort"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file joins moves that packages can make into sets that move on one branch.

// set is what moves on one branch: goals with a common member, solved as one.
type set struct {
	goals  []*goal
	result solve.Result
	class  class
	keys   []string // of all members, sorted

	name    string      // the group that it is; empty for a set on its own
	united  []*set      // the sets that a group is made of
	without []string    // members of the group that are not ready, as written
	of      string      // the branch of the group that it does not join yet
	joins   string      // the name of that group
	breaks  *plan.Break // the proof against a set that left a batch
	culprit []string    // the keys of its members that were proven to break tests, sorted
}

// join unites the solved goals of a class that have a common member, and solves each union again. A
// goal that does not fit the union waits for the set in waiting.
func (d *joiner) join(goals []*goal) (sets []*set, waiting map[*goal]*set) {
	waiting = map[*goal]*set{}
	classes := map[class][]*goal{}
	d.findHunts()
	culprits := d.culprits()
	for _, g := range goals {
		switch {
		case g.result.Status != solve.Solved:
		case culprits.has(d, g):
		case g.closed:
			sets = append(sets, d.newSet([]*goal{g}, g.result))
		default:
			classes[g.class()] = append(classes[g.class()], g)
		}
	}
	for _, c := range culprits {
		sets = append(sets, d.apartFor(c, waiting)...)
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

// oneForEachBranch makes a set wait if another one has its branch. That happens if the same package
// names both, one of them because of a release that is too young.
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

// unite solves a group as one: all of it, or as many goals as fit together, those that end a
// conflict first, then the larger sets. If facts for that are missing, there is no set.
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

// whatFits adds one goal of a group after the other as long as all fit together. The others are
// left; those whose search gave up say so.
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

// joint searches, within the steps that are left, for all goals at once, none newer than it can go
// alone. With either any set will do.
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
