package solve

import (
	"cmp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file answers what is violated, and writes edges down.

// edge describes a conflict as it stands in a state.
func (st *moves) edge(c *conflict) Edge {
	s := st.s
	e := Edge{Requirement: c.req.text, To: s.names[c.req.name], Environment: first(c.mask), Environments: c.mask}
	group := c.group
	if c.from >= 0 {
		n := &s.nodes[c.from]
		group = n.group
		e.From, e.FromRoot, e.FromVersion = n.key, n.root, st.option(c.from).v
	} else if c.open.name >= 0 {
		e.From, e.FromVersion = s.names[c.open.name], c.open.v
	}
	e.Group = s.groups[group].number
	to := c.to
	if to < 0 {
		to = s.slot(group, c.req.name, c.mask)
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

// slot is the pin of a name in the first environment of a mask, -1 for none.
func (s *graph) slot(group, name int32, mask uint64) int32 {
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

// tidy sorts edges by group, names, versions and requirement and drops copies,
// of which the one of the first environment stays, with the environments of all.
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

// Same reports whether two edges are one requirement between the same releases,
// in whatever environment and on account of whatever extra.
func (e Edge) Same(o Edge) bool {
	e.Environment, e.Extra, o.Environment, o.Extra = 0, "", 0, ""
	return e.FromRoot == o.FromRoot && e.ToMissing == o.ToMissing && compareEdges(e, o) == 0
}

func compareVersions(a, b pep440.Version) int {
	return cmp.Or(a.Compare(b), strings.Compare(a.String(), b.String()))
}

// Conflicts lists what the pins violate as they are: each edge once, sorted,
// those to names without a pin of which no release fits among them.
func (s *Solver) Conflicts() []Edge {
	s.settle()
	st := s.scratch()
	out := st.edges(s.now)
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

// brokenName is a name without a pin of which no release fits: in each such
// environment, the first that requires it.
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

// Unchecked lists the names without a pin of which is not known whether the
// pins as they are fit them, each once for each group, sorted.
func (s *Solver) Unchecked() []Unchecked {
	s.settle()
	st := s.scratch()
	var out []Unchecked
	note := func(gi int32, name int32, spent bool, by Edge) {
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
				note(int32(gi), c.req.name, true, st.edge(&c))
			}
			for i := range env.picks {
				if p := &env.picks[i]; p.known == NotChecked {
					note(int32(gi), p.name, false, s.byOf(p, 1<<e))
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Unchecked) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), strings.Compare(a.Key, b.Key))
	})
	return out
}

// spentIn are the demands of a group in an environment for names that took too many
// steps.
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

// Unpinned lists, for each group, the names that its pins and roots require,
// at once or by way of other such names, and that have no pin where they are
// required. Each is there once, sorted.
func (s *Solver) Unpinned() []Unpinned {
	s.settle()
	st := s.scratch()
	var out []Unpinned
	seen := map[edgeKey]bool{}
	note := func(g int32, name int32, by Edge) {
		if k := (edgeKey{g, name, 0}); !seen[k] {
			seen[k] = true
			by.Group, by.ToMissing = s.groups[g].number, false
			out = append(out, Unpinned{Key: s.names[name], Group: by.Group, By: by})
		}
	}
	for gi, g := range s.groups {
		for _, d := range g.open.demands {
			c := conflict{from: d.node, to: -1, req: d.req, mask: d.mask, extra: s.via(d.req, s.used[d.node], d.mask&-d.mask)}
			note(int32(gi), d.req.name, st.edge(&c))
		}
		for e := range g.open.envs {
			for i := range g.open.envs[e].picks {
				p := &g.open.envs[e].picks[i]
				note(int32(gi), p.name, s.byOf(p, 1<<e))
			}
		}
	}
	slices.SortFunc(out, func(a, b Unpinned) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), strings.Compare(a.Key, b.Key))
	})
	return out
}

// byOf is the requirement on account of which a name was chosen.
func (s *graph) byOf(p *pick, mask uint64) Edge {
	c := conflict{from: p.by.node, to: -1, req: p.by.req, mask: mask, extra: p.by.extra, open: p.by}
	if c.req == nil {
		return Edge{}
	}
	e := newState(s).edge(&c)
	e.FromVersion, e.ToMissing = p.by.v, false
	return e
}

// apply brings the scratch state to the pins with some moves made.
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
		// What goals and other members may not choose is no part of a train.
		o, added := s.addOption(i, Candidate{Version: m.To, Major: m.Major, Young: m.Young, Down: m.Down})
		if added {
			s.nodes[i].options[o].stray = true
		}
		if o == 0 {
			continue
		}
		opt := s.look(i, o)
		s.release(s.nodes[i].name, opt.v, true)
		st.move(i, o, opt.rel)
	}
	return st
}

// Added lists what moves violate that is not excused, sorted. Moves that the
// facts do not cover land in Missing. Where [Solver.Spent] says so afterwards,
// names without a pin took too many steps and are not judged.
func (s *Solver) Added(moves []Move) []Edge {
	s.settle()
	s.within(judgeSteps)
	st := s.apply(moves)
	list := st.conflicts(nil)
	if c := st.fits(nil).clash; c != nil {
		list = append(list, *c)
	}
	out := st.edges(list)
	st.reset()
	return out
}

// Removed lists what the pins violate as they are and moves cure, sorted.
func (s *Solver) Removed(moves []Move) []Edge {
	s.settle()
	st := s.apply(moves)
	var list []conflict
	for i := range s.now {
		if st.cures(&s.now[i]) {
			list = append(list, s.now[i])
		}
	}
	st.reset()
	return st.edges(list)
}

// cured counts the violated edges that a state is rid of.
func (s *present) cured(st *state) int {
	n := 0
	for i := range s.now {
		if st.cures(&s.now[i]) {
			n++
		}
	}
	return n
}

// cures reports whether a requirement that the pins violate as they are holds
// in the state or counts no more.
func (st *moves) cures(c *conflict) bool {
	_, still := st.still(c)
	return !still
}

// still is a requirement that the pins violate as they are, as far as the state
// violates it too.
func (st *moves) still(c *conflict) (conflict, bool) {
	st.refresh()
	s := st.s
	if st.isMoved(c.from) && !slices.Contains(st.release(c.from).reqs, c.req) {
		return conflict{}, false
	}
	m := s.mask(c.req, s.nodes[c.from].active, st.used[c.from]) & s.nodes[c.to].active
	if m == 0 || s.takes(c.to, st.opt[c.to], c.req) {
		return conflict{}, false
	}
	return st.met(c.from, c.to, c.req, m), true
}

// scratch is a state as the pins are; there is one for all questions.
func (s *present) scratch() *state {
	if s.spare == nil {
		s.spare = newState(&s.graph)
	}
	s.spare.reset()
	s.spare.clashes, s.spare.wanted = nil, nil
	return s.spare
}
