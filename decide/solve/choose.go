package solve

import (
	"math/bits"
	"slices"
)

// branch is one choice to make: a node and why.
type branch struct {
	ends    []int32 // the first that is tried, then the others
	decided levels
	why     conflict
	lists   [][]int32
}

// next finds the conflict to take up: one that nothing can mend, else the one
// with the fewest ways out. Goals that are open come before those that could
// be mended in several ways.
func (x *search) next() (b branch, end bool, out verdict, lv levels) {
	conflicts := x.st.conflicts(x.s.met[:0])
	for i := range x.st.clashes {
		x.s.steps++
		if c := &x.st.clashes[i]; x.st.repeats(c) {
			conflicts = append(conflicts, *c.why)
		}
	}
	conflicts = x.unended(conflicts)
	x.s.met = conflicts
	if len(conflicts) == 0 {
		return branch{}, false, 0, 0
	}
	worst, found := levels(0), false
	forced := x.s.forced[:0]
	several := -1 // the first conflict with more than one way out
	for i := range conflicts {
		ends, decided := x.ends(&conflicts[i])
		switch {
		case len(ends) == 0:
			if !found || bits.Len64(uint64(decided)) < bits.Len64(uint64(worst)) {
				worst, found = decided, true
			}
		case len(ends) > 1:
			if several < 0 {
				several = i
			}
		case !slices.ContainsFunc(forced, func(f only) bool { return f.end == ends[0] }):
			forced = append(forced, only{end: ends[0], decided: decided, at: i})
		}
	}
	x.s.forced = forced
	if found {
		return branch{}, true, dead, worst
	}
	return x.narrowest(forced, several)
}

// only is the one way out of a conflict.
type only struct {
	end     int32
	decided levels
	at      int // of the conflict, in those that were met
}

// narrowest chooses among the ways that are the only ones, or else takes up the
// conflict with several, if there is one.
func (x *search) narrowest(forced []only, several int) (b branch, end bool, out verdict, lv levels) {
	more := 0
	var best *only
	var list []int32
	for i := range forced {
		f := &forced[i]
		if x.goal[f.end] == 0 {
			more++
		}
		takes, refused := x.accepted(f.end)
		f.decided |= refused
		if len(takes) == 0 {
			return branch{}, true, dead, f.decided
		}
		if best == nil || len(takes) < len(list) {
			best, list = f, takes
		}
	}
	if several >= 0 && more == 0 {
		if ends, _ := x.ends(&x.s.met[several]); !slices.ContainsFunc(ends, func(i int32) bool { return x.goal[i] > 0 }) {
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
		return branch{ends: []int32{best.end}, decided: best.decided, why: x.s.met[best.at], lists: [][]int32{list}}, false, 0, 0
	}
	ends, decided := x.ends(&x.s.met[several])
	return branch{ends: slices.Clone(ends), decided: decided, why: x.s.met[several]}, false, 0, 0
}

// takes reports whether a requirement admits an option of a node. A search asks
// the same again and again, so the answer is kept.
func (s *graph) takes(i, o int32, r *require) bool {
	at := slices.IndexFunc(r.taken, func(t taken) bool { return t.node == i })
	if at < 0 {
		at = len(r.taken)
		r.taken = append(r.taken, taken{node: i})
	}
	t := &r.taken[at]
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

// guard is a requirement of a decided node that may keep another from moving.
type guard struct {
	req *require
	lv  levels
}

// guardsOf are the requirements of decided nodes that may keep a node from moving,
// in a buffer that the next call uses again.
func (x *ground) guardsOf(i int32) []guard {
	s := x.s
	guards := s.guards[:0]
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
	s.guards = guards
	return guards
}

// guardedBy reports whether a requirement of q is decided, so that it may keep a
// node from moving, and the levels that it depends on.
func (x *ground) guardedBy(i, q int32, r *require) (levels, bool) {
	if r.loose || r.spec.IsEmpty() || q == i || x.free(q) {
		return 0, false
	}
	m := x.s.mask(r, x.s.nodes[q].active, x.st.used[q]) & x.s.nodes[i].active
	if m == 0 {
		return 0, false
	}
	lv := bit(x.level[q])
	if extra := x.s.via(r, x.st.used[q], m&-m); extra >= 0 {
		for _, a := range x.st.actors(q, extra, m&-m, nil) {
			if x.free(a) {
				return 0, false // that may change
			}
			lv |= bit(x.level[a])
		}
	}
	return lv, true
}

// accepted is what a node may move to that no decided node refuses, and the
// levels of those that refused something.
func (x *ground) accepted(i int32) ([]int32, levels) {
	s := x.s
	guards := x.guardsOf(i)
	list := x.list(i)
	s.steps += len(list) * len(guards) / 16
	if len(guards) == 0 {
		return list, 0
	}
	// Mostly nothing is refused: then the list is its own.
	var out []int32
	var refused levels
	for k, o := range list {
		at := slices.IndexFunc(guards, func(g guard) bool { return !s.takes(i, o, g.req) })
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
