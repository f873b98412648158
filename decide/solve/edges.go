package solve

import (
	"cmp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file lists what the pins violate, and describes it as edges.

// edge describes a conflict as it is in a state.
func (st *moves) edge(c *conflict) Edge {
	s := st.s
	e := Edge{Requirement: c.req.text, To: s.names[c.req.name], Environment: lowest(c.mask), Environments: c.mask}
	group := c.group
	if c.from >= 0 {
		n := &s.nodes[c.from]
		group = n.group
		e.From, e.FromRoot, e.FromVersion = n.key, n.root, st.option(c.from).v
	} else if c.open.name >= 0 {
		e.From, e.FromVersion = s.names[c.open.name], c.open.version()
	}
	e.Group = s.groups[group].number
	to := c.to
	if to < 0 {
		to = s.pinIn(group, c.req.name, c.mask)
	}
	if to >= 0 {
		e.To, e.ToVersion, e.ToBlocks = s.nodes[to].key, st.option(to).v, s.nodes[to].blocks
		e.ToMoved = st.isMoved(to)
	} else {
		e.ToMissing = true
	}
	if c.extra >= 0 {
		e.Extra = s.names[c.extra]
	}
	return e
}

// pinIn is the pin of a name in the first environment of a mask, -1 for none.
func (s *graph) pinIn(group, name int32, mask uint64) int32 {
	for _, b := range s.groups[group].pinned(name) {
		if s.nodes[b].active&mask&-mask != 0 {
			return b
		}
	}
	return -1
}

func (st *moves) edges(list []conflict) []Edge {
	var out []Edge
	for i := range list {
		out = append(out, st.edge(&list[i]))
	}
	return tidy(out)
}

// tidy sorts edges by group, names, versions and requirement. Of equal edges it keeps
// the one of the first environment, with the environments of all.
func tidy(list []Edge) []Edge {
	slices.SortFunc(list, compareEdges)
	out := list[:0]
	for _, e := range list {
		if last := len(out) - 1; last >= 0 && out[last].Same(e) {
			out[last].Environments |= e.Environments
			continue
		}
		out = append(out, e)
	}
	return out
}

func compareEdges(a, b Edge) int {
	return cmp.Or(
		cmp.Compare(a.Group, b.Group),
		strings.Compare(a.From, b.From),
		compareVersions(a.FromVersion, b.FromVersion),
		strings.Compare(a.To, b.To),
		compareVersions(a.ToVersion, b.ToVersion),
		strings.Compare(a.Requirement, b.Requirement),
		cmp.Compare(a.Environment, b.Environment),
		strings.Compare(a.Extra, b.Extra),
	)
}

// Same reports whether two edges are one requirement between the same releases. The
// environment and the extra do not matter.
func (e Edge) Same(o Edge) bool {
	e.Environment, e.Extra, o.Environment, o.Extra = 0, "", 0, ""
	return e.FromRoot == o.FromRoot && e.ToMissing == o.ToMissing && compareEdges(e, o) == 0
}

func compareVersions(a, b pep440.Version) int {
	return cmp.Or(a.Compare(b), strings.Compare(a.String(), b.String()))
}

// Conflicts lists what the pins violate as they are: each edge once, sorted. Edges to
// open names of which no release fits are among them.
func (s *Solver) Conflicts() []Edge {
	s.settle()
	st := s.scratch()
	out := st.edges(s.conflictsNow)
	for gi, g := range s.groups {
		var names []int32
		for e := range g.open.envs {
			for _, name := range g.open.envs[e].unfit() {
				if !slices.Contains(names, name) {
					names = append(names, name)
					out = append(out, st.edges(s.brokenName(int32(gi), name))...)
				}
			}
		}
	}
	return tidy(out)
}

// brokenName describes an open name of which no release fits: for each environment in
// which none fits, the first node that requires it.
func (s *graph) brokenName(gi, name int32) []conflict {
	g := s.groups[gi]
	var out []conflict
	for e := range g.open.envs {
		if !slices.Contains(g.open.envs[e].unfit(), name) {
			continue
		}
		for _, d := range g.open.demands {
			if d.req.name == name && d.mask>>e&1 != 0 {
				out = append(out, conflict{from: d.node, to: -1, req: d.req, mask: 1 << e, extra: s.via(d.req, s.used[d.node], 1<<e), group: gi})
				break
			}
		}
	}
	return out
}

// Unchecked lists the open names of which it is not known whether some release fits
// the pins as they are, each once for each group, sorted.
func (s *Solver) Unchecked() []Unchecked {
	s.settle()
	st := s.scratch()
	var out []Unchecked
	add := func(gi int32, name int32, spent bool, by Edge) {
		u := Unchecked{Unpinned{s.names[name], s.groups[gi].number, by}, spent}
		u.By.Group, u.By.ToMissing = u.Group, false
		if !slices.ContainsFunc(out, func(o Unchecked) bool { return o.Key == u.Key && o.Group == u.Group }) {
			out = append(out, u)
		}
	}
	for gi, g := range s.groups {
		for e := range g.open.envs {
			env := &g.open.envs[e]
			for _, c := range s.spentIn(int32(gi), e) {
				add(int32(gi), c.req.name, true, st.edge(&c))
			}
			for i := range env.picks {
				if p := &env.picks[i]; p.known == NotChecked {
					add(int32(gi), p.name, false, s.byOf(p, 1<<e))
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Unchecked) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), strings.Compare(a.Key, b.Key))
	})
	return out
}

// spentIn lists the demands of a group in an environment for names that took too many
// steps to judge.
func (s *present) spentIn(gi int32, e int) []conflict {
	var out []conflict
	open := &s.groups[gi].open
	for _, d := range open.demands {
		if d.mask>>e&1 != 0 && slices.Contains(open.envs[e].spent, d.req.name) {
			out = append(out, conflict{from: d.node, to: -1, req: d.req, mask: 1 << e, extra: s.via(d.req, s.used[d.node], 1<<e), group: gi})
		}
	}
	return out
}

// Unpinned lists, for each group, the open names that its pins and roots require,
// directly or through other open names. Each is there once, sorted.
func (s *Solver) Unpinned() []Unpinned {
	s.settle()
	st := s.scratch()
	var out []Unpinned
	seen := map[edgeKey]bool{}
	add := func(g int32, name int32, by Edge) {
		if k := (edgeKey{g, name, 0}); !seen[k] {
			seen[k] = true
			by.Group, by.ToMissing = s.groups[g].number, false
			out = append(out, Unpinned{Key: s.names[name], Group: by.Group, By: by})
		}
	}
	for gi, g := range s.groups {
		for _, d := range g.open.demands {
			c := conflict{from: d.node, to: -1, req: d.req, mask: d.mask, extra: s.via(d.req, s.used[d.node], d.mask&-d.mask)}
			add(int32(gi), d.req.name, st.edge(&c))
		}
		for e := range g.open.envs {
			for i := range g.open.envs[e].picks {
				p := &g.open.envs[e].picks[i]
				add(int32(gi), p.name, s.byOf(p, 1<<e))
			}
		}
	}
	slices.SortFunc(out, func(a, b Unpinned) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), strings.Compare(a.Key, b.Key))
	})
	return out
}

// byOf is the requirement because of which a release was chosen for an open name.
func (s *graph) byOf(p *pick, mask uint64) Edge {
	c := conflict{from: p.by.node, to: -1, req: p.by.req, mask: mask, extra: p.by.extra, open: p.by}
	if c.req == nil {
		return Edge{}
	}
	e := newState(s).edge(&c)
	e.FromVersion, e.ToMissing = p.by.version(), false
	return e
}

// apply makes moves in the scratch state. It skips a move of an unknown pin, a second
// move of one pin, and a move to the version that the pin has.
func (s *present) apply(moves []Move) *state {
	st := s.scratch()
	for _, m := range moves {
		if m.Pin < 0 || m.Pin >= len(s.f.Pins) {
			continue
		}
		i := int32(m.Pin) //nolint:gosec // an index of a pin
		if st.isMoved(i) {
			continue
		}
		// An option that the search may not choose is no part of a train.
		o, added := s.addOption(i, Candidate{Version: m.To, Major: m.Major, Young: m.Young, Down: m.Down})
		if added {
			s.nodes[i].options[o].stray = true
		}
		if o == 0 {
			continue
		}
		opt := s.load(i, o)
		s.release(s.nodes[i].name, opt.v, true)
		st.move(i, o, opt.rel)
	}
	return st
}

// Added lists what some moves violate beyond what the pins violate as they are,
// sorted. Facts that it lacks about the moves go to Missing. If [Solver.Spent]
// reports true afterwards, open names took too many steps and are not judged.
func (s *Solver) Added(moves []Move) []Edge {
	s.settle()
	s.beginQuestion(judgeSteps)
	st := s.apply(moves)
	list := st.conflicts(nil)
	if c := st.fits(nil).clash; c != nil {
		list = append(list, *c)
	}
	out := st.edges(list)
	st.reset()
	return out
}

// Removed lists what the pins violate as they are and some moves end, sorted.
func (s *Solver) Removed(moves []Move) []Edge {
	s.settle()
	st := s.apply(moves)
	var list []conflict
	for i := range s.conflictsNow {
		if st.ends(&s.conflictsNow[i]) {
			list = append(list, s.conflictsNow[i])
		}
	}
	st.reset()
	return st.edges(list)
}

// endedIn counts the conflicts of the pins as they are that a state ends.
func (s *present) endedIn(st *state) int {
	n := 0
	for i := range s.conflictsNow {
		if st.ends(&s.conflictsNow[i]) {
			n++
		}
	}
	return n
}

// ends reports whether a requirement that the pins violate as they are is met in the
// state, or does not count there.
func (st *moves) ends(c *conflict) bool {
	_, violated := st.stillViolated(c)
	return !violated
}

// stillViolated returns the part of a conflict of the pins as they are that the state
// has, too; false if it has none.
func (st *moves) stillViolated(c *conflict) (conflict, bool) {
	st.refresh()
	s := st.s
	if st.isMoved(c.from) && !slices.Contains(st.release(c.from).reqs, c.req) {
		return conflict{}, false
	}
	m := s.mask(c.req, s.nodes[c.from].active, st.used[c.from]) & s.nodes[c.to].active
	if m == 0 || s.accepts(c.to, st.opt[c.to], c.req) {
		return conflict{}, false
	}
	return st.conflictOf(c.from, c.to, c.req, m), true
}

// scratch is the state of the pins as they are. All questions use the same one.
func (s *present) scratch() *state {
	if s.spare == nil {
		s.spare = newState(&s.graph)
	}
	s.spare.reset()
	s.spare.clashes, s.spare.wanted = nil, nil
	return s.spare
}
