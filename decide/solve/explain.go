package solve

import "slices"

// This file explains why a version cannot be reached.

const (
	// longestChain is how many edges an explanation has at most.
	longestChain = 8
	// explainBudget bounds the states that one explanation visits.
	explainBudget = 120
)

// explain lists the edges that stand against the moves of a state: an edge that they
// violate, then the edge that keeps its other end from moving, and so on. Of
// several such chains it returns the shortest, the first among equal ones.
func (x *position) explain(level int16, budget *int) []Edge {
	if *budget--; *budget < 0 || level > longestChain || x.s.mustEnd() {
		return nil
	}
	conflicts := x.st.all()
	var best []Edge
	for k := range conflicts {
		c := &conflicts[k]
		ends, _ := x.movable(c)
		if chain := x.chain(c, slices.Clone(ends), level, budget); chain != nil && (best == nil || len(chain) < len(best)) {
			best = chain
		}
		if len(best) == 1 {
			break
		}
	}
	return best
}

// all lists the conflicts of a state. It judges open names only if pins do not
// conflict.
func (st *state) all() []conflict {
	out := st.conflicts(nil)
	if len(out) == 0 {
		if c := st.fits(nil).clash; c != nil {
			out = append(out, *c)
		}
	}
	return out
}

// chain is one violated edge, followed by the edges that keep each of its free ends
// from moving; nil if an end can move.
func (x *position) chain(c *conflict, ends []int32, level int16, budget *int) []Edge {
	out := []Edge{x.st.edge(c)}
	for _, i := range ends {
		list, _ := x.accepted(i)
		for len(list) > 0 && !x.s.mayBeTaken(x.s.load(i, list[0])) {
			list = list[1:]
		}
		var rest []Edge
		if len(list) == 0 {
			if g, ok := x.edgeAgainst(i); ok {
				rest = []Edge{g}
			}
		} else {
			x.level[i] = level + 1
			x.st.move(i, list[0], x.s.loadForReason(i, list[0]))
			rest = x.explain(level+1, budget)
			x.st.undo()
			x.level[i] = 0
			if rest == nil {
				return nil // this end can move, as far as is known
			}
		}
		for _, e := range rest {
			if len(out) < longestChain && !slices.ContainsFunc(out, func(o Edge) bool { return compareEdges(o, e) == 0 }) {
				out = append(out, e)
			}
		}
	}
	return out
}

// loadForReason is what an option requires, for an explanation. It asks for metadata
// that is not known, since a text must not depend on what was fetched for another reason.
func (s *graph) loadForReason(i, o int32) *release {
	opt := s.load(i, o)
	s.release(s.nodes[i].name, opt.v, true)
	if opt.known == Missing || opt.known == NotChecked {
		return s.assumed(i, o)
	}
	return opt.rel
}

// edgeAgainst is the requirement of a decided node that keeps a node from the newest
// release it may take.
func (x *position) edgeAgainst(i int32) (Edge, bool) {
	list := x.list(i)
	if len(list) == 0 {
		return Edge{}, false
	}
	x.st.move(i, list[0], x.s.load(i, list[0]).rel)
	defer x.st.undo()
	for _, c := range x.st.conflicts(nil) {
		if c.to != i || x.free(c.from) {
			continue
		}
		return x.st.edge(&c), true
	}
	return Edge{}, false
}

// against explains why goals cannot all reach the first of their options. It is nil if
// nothing stands against that.
func (s *Solver) against(goals []target, o Options) []Edge {
	x := s.newSearch(goals, o)
	x.st.reading = true
	defer func() { x.st.reading = false }()
	for _, t := range goals {
		x.level[t.node] = 1
		x.st.move(t.node, t.opts[0], s.loadForReason(t.node, t.opts[0]))
	}
	budget := explainBudget
	out := x.explain(1, &budget)
	if out == nil {
		// Each end can move by itself, so list all conflicts.
		out = x.st.edges(x.st.all())
	}
	x.st.reset()
	return out[:min(len(out), longestChain)]
}
