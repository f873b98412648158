package solve

import (
	"cmp"
	"slices"

	"gitlab.com/cki-project/pinwheel/pypi/pep440"
)

// This file speaks of the pins as they are.

// prepare chooses releases for the names without a pin that the pins require,
// so that a set can be asked whether these still fit. It reports false while
// facts are lacking. What fits nowhere already is nobody's fault later.
func (s *Solver) prepare() bool {
	if s.ready {
		return len(s.missing) == 0 || !s.unsettled
	}
	if len(s.missing) > 0 {
		return false // the pins themselves come first
	}
	s.ready = true
	s.unsettled = true
	st := s.now()
	s.refused(st, nil, true) // makes variables of the names without a pin
	free := s.wanted(s.now())
	x := s.newSearch(Options{}, s.now())
	x.pending = free
	got := x.dfs(0)
	if x.lacking {
		s.ready = false
		s.forget()
		return false
	}
	if got == found {
		s.settleOn(x.st)
	} else if !s.oneByOne(free) {
		s.ready = false
		s.forget()
		return false
	}
	s.unsettled = false
	return true
}

// forget takes back the variables of names without a pin, to be made again
// when more is known.
func (s *Solver) forget() {
	for _, v := range s.vars[s.pins:] {
		delete(s.at, groupKey{v.Group, v.Key})
	}
	s.vars, s.scratch = s.vars[:s.pins], nil
	s.lost = map[int]bool{}
}

// wanted lists the free variables as goals, with the versions that nothing
// present refuses.
func (s *Solver) wanted(st *state) []Goal {
	var out []Goal
	for j := s.pins; j < len(s.vars); j++ {
		versions, know := s.f.Releases(s.vars[j].Key)
		if know == Missing {
			s.need(Need{Key: s.vars[j].Key, Page: true})
		}
		var specs []pep440.Specifiers
		ask := func(i int) {
			for _, r := range s.outgoing(st, i, j, nil) {
				specs = append(specs, r.req.spec)
			}
		}
		for _, i := range s.rev[groupKey{s.vars[j].Group, s.vars[j].Key}] {
			ask(i)
		}
		for i := range s.roots {
			ask(-1 - i)
		}
		g := Goal{Pin: j}
		for _, v := range versions {
			if !slices.ContainsFunc(specs, func(s pep440.Specifiers) bool { return !s.Contains(v) }) {
				g.To = append(g.To, Candidate{Version: v})
			}
		}
		out = append(out, g)
	}
	return out
}

// settleOn takes over what a search chose for the names without a pin.
func (s *Solver) settleOn(st *state) {
	for _, j := range st.order {
		if s.vars[j].free {
			s.vars[j].rel = st.cur[j]
			s.index(j)
		}
	}
	s.scratch = nil
	s.extras = s.usedExtras(s.now())
}

// oneByOne chooses releases for one name after the other, where not all fit
// together. It reports false when facts are lacking.
func (s *Solver) oneByOne(free []Goal) bool {
	for _, g := range free {
		if s.vars[g.Pin].rel != nil {
			continue
		}
		x := s.newSearch(Options{}, s.now())
		x.pending = []Goal{g}
		got := x.dfs(0)
		if x.lacking {
			return false
		}
		if got == found {
			s.settleOn(x.st)
		} else {
			s.lost[g.Pin] = true
		}
	}
	return true
}

// Conflicts lists the requirements that the pins refuse as they are, by
// requirer, name and environment.
func (s *Solver) Conflicts() []Edge {
	st := s.now()
	var out []Edge
	for _, r := range s.refused(st, nil, true) {
		if !s.vars[r.to].free {
			out = append(out, s.edge(st, r))
		}
	}
	if s.prepare() {
		st = s.now()
		for j := s.pins; j < len(s.vars); j++ {
			if s.lost[j] {
				out = append(out, s.by(st, j))
			}
		}
	}
	return sortEdges(out)
}

// Unpinned lists the names that pins and roots require and that have no pin.
func (s *Solver) Unpinned() []Unpinned {
	s.prepare()
	st := s.now()
	var out []Unpinned
	for j := s.pins; j < len(s.vars); j++ {
		v := &s.vars[j]
		if s.needed(st, j, nil) {
			out = append(out, Unpinned{v.Key, v.Group, s.by(st, j)})
		}
	}
	slices.SortFunc(out, func(a, b Unpinned) int {
		if a.Group != b.Group {
			return cmp.Compare(a.Group, b.Group)
		}
		return cmp.Compare(a.Key, b.Key)
	})
	return out
}

// Added lists what moves would refuse beyond what the pins refuse already.
func (s *Solver) Added(moves []Move) []Edge {
	s.prepare()
	x := s.newSearch(Options{}, s.fresh())
	for _, m := range moves {
		s.known(s.vars[m.Pin].Key, m.To)
		x.st.assign(s, m.Pin, s.release(s.vars[m.Pin].Key, m.To))
	}
	var out []Edge
	for _, r := range s.refused(x.st, x.st.order, false) {
		if !s.vars[r.to].free && (r.from < 0 || !s.vars[r.from].free) {
			out = append(out, s.edge(x.st, r))
		}
	}
	if len(out) == 0 && s.ready && x.dfs(0) == fail && len(x.unread) == 0 {
		out = x.why
	}
	return sortEdges(out)
}

// Removed lists what the pins refuse and would not after moves.
func (s *Solver) Removed(moves []Move) []Edge {
	if len(s.broken) == 0 {
		return nil
	}
	st := s.now()
	before := s.refused(st, nil, true)
	for _, m := range moves {
		st.assign(s, m.Pin, s.release(s.vars[m.Pin].Key, m.To))
	}
	s.refreshExtras(st)
	still := map[edgeKey]bool{}
	for _, r := range s.refused(st, nil, true) {
		still[r.key()] = true
	}
	old := s.now()
	var out []Edge
	for _, r := range before {
		if s.broken[r.key()] && !still[r.key()] && !s.vars[r.to].free {
			out = append(out, s.edge(old, r))
		}
	}
	return sortEdges(out)
}

// sortEdges orders edges and leaves out repetitions.
func sortEdges(edges []Edge) []Edge {
	compare := func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), a.FromVersion.Compare(b.FromVersion), cmp.Compare(a.To, b.To),
			cmp.Compare(a.Requirement, b.Requirement), cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.ToVersion.String(), b.ToVersion.String()))
	}
	slices.SortFunc(edges, compare)
	return slices.CompactFunc(edges, func(a, b Edge) bool { return compare(a, b) == 0 })
}
