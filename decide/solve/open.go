package solve

import (
	"cmp"
	"slices"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file chooses releases for the open names that the pins require as they are.
// openfits.go judges whether these releases still fit after some pins have moved.

// openGroup is what is known of the open names of a group.
type openGroup struct {
	demands []demand  // of the pins as they are
	sorted  []demand  // the same by name, once asked for
	envs    []openEnv // by environment, empty while nothing is demanded
	settled bool
	missing bool // some page or metadata was not asked for yet
}

// openEnv is the choice of a release for every open name in one environment. Of a
// broken name no release fits, or, if it is spent, that took too many steps to judge.
type openEnv struct {
	picks  []pick // in the order they were needed
	broken []int32
	spent  []int32 // of the broken, those of which that is not known
	// extras says that a pick asks for extras of a pin. Then any move may matter.
	extras bool
	unread []string // picks whose requirements could not be read
}

// pick is the release that was chosen for an open name. Its version is zero if the
// facts to choose one are missing.
type pick struct {
	name  int32
	v     pep440.Version
	rel   *release
	used  []int32 // its extras that are asked for
	by    cause
	known Knowledge
	at    int // in its line
	// version points to v where it does not change as long as the facts are used; nil for
	// the zero Version.
	version *pep440.Version
}

// cause is the first requirement of an open name: of a node, or if node is -1, of
// another open name in version v. It points to the version, since a search makes many.
type cause struct {
	node, name int32
	v          *pep440.Version
	req        *require
	extra      int32
}

// version is that of the cause, zero if it has none.
func (c *cause) version() pep440.Version {
	if c.v == nil {
		return pep440.Version{}
	}
	return *c.v
}

// byName are the demands in the order of their names, and of one name in the order of the
// nodes.
func (o *openGroup) byName() []demand {
	if len(o.sorted) < len(o.demands) {
		o.sorted = slices.Clone(o.demands)
		slices.SortStableFunc(o.sorted, compareDemands)
	}
	return o.sorted
}

func compareDemands(a, b demand) int { return cmp.Compare(a.req.name, b.req.name) }

// demand is a requirement of a node on an open name, in the environments of mask.
type demand struct {
	node int32
	req  *require
	mask uint64
}

// unfit lists the names of which no release is known to fit: the broken ones that are
// not spent.
func (e *openEnv) unfit() []int32 {
	if len(e.spent) == 0 {
		return e.broken
	}
	return slices.DeleteFunc(slices.Clone(e.broken), func(n int32) bool { return slices.Contains(e.spent, n) })
}

func (e *openEnv) pick(name int32) *pick {
	for i := range e.picks {
		if e.picks[i].name == name {
			return &e.picks[i]
		}
	}
	return nil
}

// demandsOf appends the requirements of one node on names that no pin of its group has.
func (st *moves) demandsOf(p int32, out []demand) []demand {
	n := &st.s.nodes[p]
	g := st.s.groups[n.group]
	st.s.steps += len(st.release(p).reqs)
	for _, r := range st.release(p).reqs {
		if r.loose {
			continue
		}
		left := st.s.mask(r, n.active, st.used[p])
		for _, b := range g.pinned(r.name) {
			left &^= st.s.nodes[b].active
		}
		if left != 0 {
			out = append(out, demand{p, r, left})
		}
	}
	return out
}

// baseline finds what the pins violate as they are, and which open names they require.
func (s *present) baseline() {
	st := newState(&s.graph)
	var out []conflict
	for i := range s.nodes {
		out = st.outgoing(int32(i), out)
		g := s.groups[s.nodes[i].group]
		g.open.demands = st.demandsOf(int32(i), g.open.demands)
	}
	s.conflictsNow = out
	for _, c := range out {
		s.violated[violatedEdge{c.from, c.to, c.req}] |= c.mask
	}
}

// settle chooses releases for the open names of every group, once, before the first
// question. After that it only begins a new trail.
func (s *present) settle() {
	if s.settlingLeft > 0 {
		s.trail.begin()
		return
	}
	needs := s.base.needs
	s.trail.begin()
	s.chooseAll()
	s.base = trail{names: s.trail.names, needs: append(needs, s.trail.needs...)}
	s.trail.begin()
}

// chooseAll chooses releases for the open names of every group whose pins are known.
func (s *present) chooseAll() {
	if s.settlingLeft == 0 {
		s.settlingLeft = settleSteps
	}
	for i, g := range s.groups {
		if g.open.settled || g.missing || len(g.open.demands) == 0 {
			continue
		}
		g.open.settled = true
		g.open.envs = make([]openEnv, len(s.envs))
		st := newState(&s.graph)
		var before *openEnv
		for e := range s.envs {
			now := &g.open.envs[e]
			s.settleIn(st, place{int32(i), e, before}, now)
			before = now
		}
	}
}

// place is where open names are chosen: a group, an environment, and the choice to keep
// as far as possible, which is that of the environment before or of the pins as they are.
type place struct {
	group  int32
	env    int
	before *openEnv
}

// settleIn chooses for one environment. If not every name finds a release, names are
// added in their order, and those that do not fit beside the ones before are broken. A
// name that takes too many steps is left out, so that the others are judged.
func (s *present) settleIn(st *state, at place, now *openEnv) {
	open := &s.groups[at.group].open
	if s.f.Skip != nil {
		o := newOpening(st, at, nil)
		roots := o.roots()
		o.free()
		for _, name := range roots {
			if s.f.Skip(s.groups[at.group].number, s.names[name]) {
				now.broken, now.spent = append(now.broken, name), append(now.spent, name)
			}
		}
	}
	o := newOpening(st, at, now.broken)
	share := nameSteps + 20*len(o.direct)
	from := s.steps
	s.beginQuestion(min(s.settlingLeft, share))
	ok := o.run()
	s.chargeSettling(from)
	if !ok {
		o.free()
		o = s.oneByOne(st, at, now, share)
	}
	open.missing = open.missing || o.missing
	o.result(now)
	o.free()
}

// oneByOne adds one required name after the other. A name that does not fit beside those
// before it is broken.
func (s *present) oneByOne(st *state, at place, now *openEnv, share int) *opening {
	open := &s.groups[at.group].open
	o := newOpening(st, at, now.broken)
	var kept []int32
	roots := o.roots()
	for i, name := range roots {
		try := newOpening(st, at, nil)
		try.only = append(slices.Clone(kept), name)
		from := s.steps
		s.beginQuestion(min(share, max(leastSteps, s.settlingLeft/(len(roots)-i))))
		ok := try.run()
		s.chargeSettling(from)
		open.missing = open.missing || try.missing
		if ok {
			kept = try.only
			o, try = try, o
		} else {
			now.broken = append(now.broken, name)
			if try.spent {
				now.spent = append(now.spent, name)
			}
		}
		try.free()
	}
	return o
}

// counts reports whether a requirement of the pick counts in an environment.
func (p *pick) counts(s *graph, r *require, bit uint64) bool {
	return s.countsWith(r, bit, p.used)
}

func (s *clauses) countsWith(r *require, bit uint64, used []int32) bool {
	if r.base&bit != 0 {
		return true
	}
	for i := range r.cond {
		c := &r.cond[i]
		if !slices.Contains(used, c.extra) {
			continue
		}
		if !c.done {
			s.evaluate(r, c)
		}
		if c.mask&bit != 0 {
			return true
		}
	}
	return false
}
