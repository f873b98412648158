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
	moved []int32    // in the order of moving
	used  [][]use    // extras used of each node, in this state
	grown []int32    // nodes that did not move and whose used extras changed
	stale bool       // used and grown are not of this state
}

// state is moves, with what is known of the names without a pin beside them.
type state struct {
	moves
	// reading says that an explanation is wanted, for the sake of which facts
	// are asked for.
	reading bool
	// clashes are dead ends of open names that were found so far.
	clashes []clash
	// wanted are names without a pin that are not excused, though no release
	// fits as the pins are.
	wanted []openName
}

func newState(s *graph) *state {
	return &state{moves: moves{s: s, opt: make([]int32, len(s.nodes)), rel: make([]*release, len(s.nodes)), used: s.used}}
}

// move takes a node to an option, with what that requires.
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

// conflict is a violated requirement that is not excused.
type conflict struct {
	from, to int32 // to is -1 where a name without a pin fits nothing
	req      *require
	mask     uint64
	extra    int32   // -1 for none
	nodes    []int32 // who else could mend it
	open     cause   // where to is -1
	group    int32   // where to is -1
}

// conflicts appends to out every requirement that the state violates and that
// is not excused. Those on names without a pin are not among them.
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
				out = st.meet(e.node, p, e.req, out)
			}
		}
	}
	return out
}

func (st *moves) outgoing(p int32, out []conflict) []conflict {
	g := st.s.groups[st.s.nodes[p].group]
	for _, r := range st.release(p).reqs {
		for _, b := range g.pinned(r.name) {
			out = st.meet(p, b, r, out)
		}
	}
	return out
}

// meet judges one requirement of p on b.
func (st *moves) meet(p, b int32, r *require, out []conflict) []conflict {
	s := st.s
	s.steps++
	if r.loose || r.spec.IsEmpty() && !s.nodes[b].blocks {
		return out
	}
	m := s.mask(r, s.nodes[p].active, st.used[p]) & s.nodes[b].active
	if m == 0 || s.takes(b, st.opt[b], r) {
		return out
	}
	if m &^= st.excused(p, b, r); m == 0 {
		return out
	}
	return append(out, st.met(p, b, r, m))
}

// met is a requirement of p that b violates in the environments of m.
func (st *moves) met(p, b int32, r *require, m uint64) conflict {
	c := conflict{from: p, to: b, req: r, mask: m}
	bit := m & -m
	if c.extra = st.s.via(r, st.used[p], bit); c.extra >= 0 {
		c.nodes = st.actors(p, c.extra, bit, nil)
	}
	return c
}

// excused is where the pins as they are violate the same requirement, while
// neither of its ends has moved.
func (st *moves) excused(p, b int32, r *require) uint64 {
	if len(st.s.violated) == 0 || st.isMoved(p) || st.isMoved(b) {
		return 0
	}
	return st.s.violated[broken{p, b, r}]
}

// first is the lowest environment of a mask.
func first(m uint64) int { return bits.TrailingZeros64(m) }
