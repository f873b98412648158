package solve

import (
	"math/bits"
	"slices"
)

// branch is one choice to make: which node moves, and because of which conflict.
type branch struct {
	nodes   []int32 // in the order in which they are tried
	decided levels
	why     conflict
	lists   [][]int32 // of the first nodes, the options to try; those of the others are worked out later
}

// next chooses the conflict to solve first: one that no move can end, else the one
// with the fewest ways out. Goals that have not moved yet come before conflicts with
// several ways out. If done, the search ends here with out and lv.
func (x *search) next() (b branch, done bool, out verdict, lv levels) {
	conflicts := x.st.conflicts(x.s.conflictsBuffer[:0])
	for i := range x.st.clashes {
		x.s.steps++
		if c := &x.st.clashes[i]; x.st.repeats(c) {
			conflicts = append(conflicts, *c.why)
		}
	}
	conflicts = x.unrepaired(conflicts)
	x.s.conflictsBuffer = conflicts
	if len(conflicts) == 0 {
		return branch{}, false, 0, 0
	}
	worst, found := levels(0), false
	ways := x.s.waysBuffer[:0]
	several := -1 // the first conflict with more than one way out
	for i := range conflicts {
		ends, decided := x.movable(&conflicts[i])
		switch {
		case len(ends) == 0:
			if !found || bits.Len64(uint64(decided)) < bits.Len64(uint64(worst)) {
				worst, found = decided, true
			}
		case len(ends) > 1:
			if several < 0 {
				several = i
			}
		case !slices.ContainsFunc(ways, func(f onlyWay) bool { return f.node == ends[0] }):
			ways = append(ways, onlyWay{node: ends[0], decided: decided, at: i})
		}
	}
	x.s.waysBuffer = ways
	if found {
		return branch{}, true, dead, worst
	}
	return x.narrowest(ways, several)
}

// onlyWay is the one node that can move to end a conflict.
type onlyWay struct {
	node    int32
	decided levels
	at      int // of the conflict in conflictsBuffer
}

// narrowest chooses what to try next: a goal that has not moved yet, as an empty branch;
// else the node with the fewest options among those that are the only way out of a
// conflict; else the first conflict with several ways out, whose index is several and
// -1 for none.
func (x *search) narrowest(ways []onlyWay, several int) (b branch, done bool, out verdict, lv levels) {
	more := 0
	var best *onlyWay
	var list []int32
	for i := range ways {
		f := &ways[i]
		if x.goal[f.node] == 0 {
			more++
		}
		takes, refused := x.accepted(f.node)
		f.decided |= refused
		if len(takes) == 0 {
			return branch{}, true, dead, f.decided
		}
		if best == nil || len(takes) < len(list) {
			best, list = f, takes
		}
	}
	if several >= 0 && more == 0 {
		if ends, _ := x.movable(&x.s.conflictsBuffer[several]); !slices.ContainsFunc(ends, func(i int32) bool { return x.goal[i] > 0 }) {
			more = 1
		}
	}
	if x.others()+more > x.limit {
		x.cut = true
		return branch{}, true, dead, allLevels
	}
	switch {
	case slices.ContainsFunc(x.goals, func(g target) bool { return x.level[g.node] == 0 }):
		return branch{}, false, 0, 0
	case best != nil:
		return branch{nodes: []int32{best.node}, decided: best.decided, why: x.s.conflictsBuffer[best.at], lists: [][]int32{list}}, false, 0, 0
	}
	ends, decided := x.movable(&x.s.conflictsBuffer[several])
	return branch{nodes: slices.Clone(ends), decided: decided, why: x.s.conflictsBuffer[several]}, false, 0, 0
}

// accepts reports whether a requirement accepts an option of a node. It keeps the
// answer, since a search needs it again and again.
func (s *graph) accepts(i, o int32, r *require) bool {
	at := slices.IndexFunc(r.accepted, func(t acceptance) bool { return t.node == i })
	if at < 0 {
		at = len(r.accepted)
		r.accepted = append(r.accepted, acceptance{node: i})
	}
	t := &r.accepted[at]
	n := &s.nodes[i]
	if len(t.answers) < len(n.options) {
		t.answers = append(t.answers, make([]int8, len(n.options)-len(t.answers))...)
	}
	if t.answers[o] == 0 {
		t.answers[o] = -1
		if !n.blocks && r.spec.Contains(n.options[o].v) {
			t.answers[o] = 1
		}
	}
	return t.answers[o] > 0
}

// guard is a requirement of a decided node that may keep another node from moving.
type guard struct {
	req *require
	lv  levels
}

// guardsOf lists the requirements of decided nodes that may keep a node from moving.
// The next call overwrites the list.
func (x *position) guardsOf(i int32) []guard {
	s := x.s
	guards := s.guardsBuffer[:0]
	n := &s.nodes[i]
	for _, e := range s.groups[n.group].requirers(n.name) {
		if x.st.isMoved(e.node) {
			continue
		}
		if lv, decided := x.guardedBy(i, e.node, e.req); decided {
			guards = append(guards, guard{e.req, lv})
		}
	}
	for _, q := range x.st.moved {
		if s.nodes[q].group != n.group {
			continue
		}
		for _, r := range x.st.rel[q].reqs {
			if r.name != n.name {
				continue
			}
			if lv, decided := x.guardedBy(i, q, r); decided {
				guards = append(guards, guard{r, lv})
			}
		}
	}
	s.guardsBuffer = guards
	return guards
}

// guardedBy reports whether a requirement of q is decided, so that it may keep a
// node from moving, and the levels that it depends on.
func (x *position) guardedBy(i, q int32, r *require) (levels, bool) {
	if r.loose || r.spec.IsEmpty() || q == i || x.free(q) {
		return 0, false
	}
	m := x.s.mask(r, x.s.nodes[q].active, x.st.used[q]) & x.s.nodes[i].active
	if m == 0 {
		return 0, false
	}
	lv := levelBit(x.level[q])
	if extra := x.s.via(r, x.st.used[q], m&-m); extra >= 0 {
		for _, a := range x.st.actors(q, extra, m&-m, nil) {
			if x.free(a) {
				return 0, false // the node that asks for the extra may still move
			}
			lv |= levelBit(x.level[a])
		}
	}
	return lv, true
}

// accepted lists the options that a node may move to and that no decided node
// refuses, and the levels of the nodes that refused some.
func (x *position) accepted(i int32) ([]int32, levels) {
	s := x.s
	guards := x.guardsOf(i)
	list := x.list(i)
	s.steps += len(list) * len(guards) / 16
	if len(guards) == 0 {
		return list, 0
	}
	// Mostly nothing is refused. Then the list is not copied.
	var out []int32
	var refused levels
	for k, o := range list {
		at := slices.IndexFunc(guards, func(g guard) bool { return !s.accepts(i, o, g.req) })
		if at >= 0 {
			refused |= guards[at].lv
			if out == nil {
				out = append(make([]int32, 0, len(list)-1), list[:k]...)
			}
		} else if out != nil {
			out = append(out, o)
		}
	}
	if out == nil {
		return list, refused
	}
	return out, refused
}
