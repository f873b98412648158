package solve

import "slices"

// This file says why something cannot be reached.

const (
	// longest is how many links an explanation has at most.
	longest = 8
	// explainBudget bounds the states one explanation looks at.
	explainBudget = 120
)

// explain follows what stands against the moves of a state: an edge that they
// violate, then what keeps its other end from giving way, and so on. Of
// several such chains it returns the shortest it finds, the first among equal.
func (x *ground) explain(level int16, budget *int) []Edge {
	if *budget--; *budget < 0 || level > longest || x.s.over() {
		return nil
	}
	conflicts := x.st.all()
	var best []Edge
	for k := range conflicts {
		c := &conflicts[k]
		ends, _ := x.ends(c)
		if chain := x.chain(c, slices.Clone(ends), level, budget); chain != nil && (best == nil || len(chain) < len(best)) {
			best = chain
		}
		if len(best) == 1 {
			break
		}
	}
	return best
}

// all are the conflicts of a state; those of open names count where there are
// no others.
func (st *state) all() []conflict {
	out := st.conflicts(nil)
	if len(out) == 0 {
		if c := st.fits(nil).clash; c != nil {
			out = append(out, *c)
		}
	}
	return out
}

// chain is one violated edge with what keeps each of its free ends.
func (x *ground) chain(c *conflict, ends []int32, level int16, budget *int) []Edge {
	out := []Edge{x.st.edge(c)}
	for _, i := range ends {
		list, _ := x.accepted(i)
		for len(list) > 0 && !x.s.takable(x.s.look(i, list[0])) {
			list = list[1:]
		}
		var rest []Edge
		if len(list) == 0 {
			if g, ok := x.guard(i); ok {
				rest = []Edge{g}
			}
		} else {
			x.level[i] = level + 1
			x.st.move(i, list[0], x.s.read(i, list[0]))
			rest = x.explain(level+1, budget)
			x.st.undo()
			x.level[i] = 0
			if rest == nil {
				return nil // this end gives way, as far as can be seen
			}
		}
		for _, e := range rest {
			if len(out) < longest && !slices.ContainsFunc(out, func(o Edge) bool { return compareEdges(o, e) == 0 }) {
				out = append(out, e)
			}
		}
	}
	return out
}

// read is what an option requires, for an explanation: what is not known is
// asked for, since a text must not depend on what happens to be known.
func (s *graph) read(i, o int32) *release {
	opt := s.look(i, o)
	s.release(s.nodes[i].name, opt.v, true)
	if opt.known == Missing || opt.known == NotChecked {
		return s.assumed(i, o)
	}
	return opt.rel
}

// guard is an edge of a decided node that keeps a node from the newest release
// it may take.
func (x *ground) guard(i int32) (Edge, bool) {
	list := x.list(i)
	if len(list) == 0 {
		return Edge{}, false
	}
	x.st.move(i, list[0], x.s.look(i, list[0]).rel)
	defer x.st.undo()
	for _, c := range x.st.conflicts(nil) {
		if c.to != i || x.free(c.from) {
			continue
		}
		return x.st.edge(&c), true
	}
	return Edge{}, false
}

// against explains why goals cannot have the first of their options together.
// It is nil where nothing stands against that.
func (s *Solver) against(goals []target, o Options) []Edge {
	x := s.newSearch(goals, o)
	x.st.reading = true
	defer func() { x.st.reading = false }()
	for _, t := range goals {
		x.level[t.node] = 1
		x.st.move(t.node, t.opts[0], s.read(t.node, t.opts[0]))
	}
	budget := explainBudget
	out := x.explain(1, &budget)
	if out == nil {
		// Each end gives way by itself: name what must.
		out = x.st.edges(x.st.all())
	}
	x.st.reset()
	return out[:min(len(out), longest)]
}
