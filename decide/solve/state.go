package solve

import (
	"math/bits"
	"slices"
)

// moves is the pins with some of them moved.
type moves struct {
	s     *graph
	opt   []int32    // of each node, the option it has
	rel   []*release // of each moved node, what it requires
	moved []int32    // in the order of the moves
	used  [][]use    // of each node, the extras that count
	grown []int32    // nodes that did not move and whose used extras changed
	stale bool       // used and grown are those of an earlier state
}

// state is moves, with what is known of the open names.
type state struct {
	moves
	// reading says that an explanation is made. Then the search adds to the needs
	// facts that it would otherwise guess.
	reading bool
	// clashes are the dead ends of open names that were found so far.
	clashes []clash
	// wanted are open names that must find a release, though none fits as the pins are.
	wanted []openName
}

func newState(s *graph) *state {
	return &state{moves: moves{s: s, opt: make([]int32, len(s.nodes)), rel: make([]*release, len(s.nodes)), used: s.used}}
}

// move moves a node to an option, which requires rel.
func (st *moves) move(i, o int32, rel *release) {
	st.opt[i], st.rel[i] = o, rel
	st.moved = append(st.moved, i)
	st.stale = true
}

// undo takes back the last move.
func (st *moves) undo() {
	i := st.moved[len(st.moved)-1]
	st.opt[i], st.rel[i] = 0, nil
	st.moved = st.moved[:len(st.moved)-1]
	st.stale = true
}

// reset takes back every move.
func (st *moves) reset() {
	for len(st.moved) > 0 {
		st.undo()
	}
}

func (st *moves) isMoved(i int32) bool { return st.rel[i] != nil }

func (st *moves) release(i int32) *release {
	if r := st.rel[i]; r != nil {
		return r
	}
	return st.s.nodes[i].options[0].rel
}

func (st *moves) option(i int32) *option { return &st.s.nodes[i].options[st.opt[i]] }

// conflict is a violated requirement that is not excused. If to is -1, no release of
// an open name fits, and open and group say whose requirement that is.
type conflict struct {
	from, to int32
	req      *require
	mask     uint64
	extra    int32   // -1 for none
	nodes    []int32 // other nodes whose moves may end it
	open     cause
	group    int32
}

// conflicts appends to out every requirement that the state violates and that
// is not excused. Requirements on open names are not among them.
func (st *moves) conflicts(out []conflict) []conflict {
	st.refresh()
	for _, p := range st.moved {
		out = st.outgoing(p, out)
	}
	for _, p := range st.grown {
		out = st.outgoing(p, out)
	}
	for _, p := range st.moved {
		n := &st.s.nodes[p]
		for _, e := range st.s.groups[n.group].requirers(n.name) {
			if !st.isMoved(e.node) && !slices.Contains(st.grown, e.node) {
				out = st.judge(e.node, p, e.req, out)
			}
		}
	}
	return out
}

// outgoing appends the conflicts of what a node requires.
func (st *moves) outgoing(p int32, out []conflict) []conflict {
	g := st.s.groups[st.s.nodes[p].group]
	for _, r := range st.release(p).reqs {
		for _, b := range g.pinned(r.name) {
			out = st.judge(p, b, r, out)
		}
	}
	return out
}

// judge appends the conflict of one requirement of p on b, if it is one.
func (st *moves) judge(p, b int32, r *require, out []conflict) []conflict {
	s := st.s
	s.steps++
	if r.loose || r.spec.IsEmpty() && !s.nodes[b].blocks {
		return out
	}
	m := s.mask(r, s.nodes[p].active, st.used[p]) & s.nodes[b].active
	if m == 0 || s.accepts(b, st.opt[b], r) {
		return out
	}
	if m &^= st.excused(p, b, r); m == 0 {
		return out
	}
	return append(out, st.conflictOf(p, b, r, m))
}

// conflictOf is the conflict of a requirement of p that b violates in the environments
// of m.
func (st *moves) conflictOf(p, b int32, r *require, m uint64) conflict {
	c := conflict{from: p, to: b, req: r, mask: m}
	bit := m & -m
	if c.extra = st.s.via(r, st.used[p], bit); c.extra >= 0 {
		c.nodes = st.actors(p, c.extra, bit, nil)
	}
	return c
}

// excused is the set of environments in which the pins violate the same requirement as
// they are; empty if one of its ends has moved.
func (st *moves) excused(p, b int32, r *require) uint64 {
	if len(st.s.violated) == 0 || st.isMoved(p) || st.isMoved(b) {
		return 0
	}
	return st.s.violated[violatedEdge{p, b, r}]
}

// lowest is the first environment of a mask.
func lowest(m uint64) int { return bits.TrailingZeros64(m) }
