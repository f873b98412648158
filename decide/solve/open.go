package solve

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file keeps the names without a pin: which there are as the pins are,
// and whether releases of them still fit when some pins have moved.

// openGroup is what a group requires without pinning it.
type openGroup struct {
	demands []demand  // of the pins as they are
	envs    []openEnv // by environment, empty while nothing is demanded
	settled bool
	missing bool // some page or metadata was not asked for yet
}

// openEnv is a choice of releases for one environment.
type openEnv struct {
	picks  []pick // in the order they were needed
	broken []int32
	spent  []int32 // of the broken, those of which that is not known
	// extras says that a pick asks for extras of a pin, so that moving any pin
	// may matter.
	extras bool
	unread []string
}

// pick is a release chosen for a name without a pin. Its version is zero where
// the facts to choose one are not there.
type pick struct {
	name  int32
	v     pep440.Version
	rel   *release
	used  []int32 // its extras that are asked for
	by    cause
	known Knowledge
	at    int // in its line
}

// cause is who requires an open name first: a node, or else an open name.
type cause struct {
	node, name int32
	v          pep440.Version
	req        *require
	extra      int32
}

// demand is a requirement of a node on a name without a pin.
type demand struct {
	node int32
	req  *require
	mask uint64
}

// unfit are the broken names of which that is known.
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

// demandsOf appends the requirements of one node that no pin of its group
// meets.
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

// baseline notes what the pins as they are violate, and what they require
// without pinning it.
func (s *present) baseline() {
	st := newState(&s.graph)
	var out []conflict
	for i := range s.nodes {
		out = st.outgoing(int32(i), out)
		g := s.groups[s.nodes[i].group]
		g.open.demands = st.demandsOf(int32(i), g.open.demands)
	}
	s.now = out
	for _, c := range out {
		s.violated[broken{c.from, c.to, c.req}] |= c.mask
	}
}

// settle chooses releases for the open names of every group. It is done once,
// before the first question.
func (s *present) settle() {
	if s.settling > 0 {
		s.trail.begin()
		return
	}
	needs := s.base.needs
	s.trail.begin()
	s.choose()
	s.base = trail{names: s.trail.names, needs: append(needs, s.trail.needs...)}
	s.trail.begin()
}

// choose is settle.
func (s *present) choose() {
	if s.settling == 0 {
		s.settling = settleSteps
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

// place is where open names are chosen: for a group in an environment, beside what
// was chosen before, in another one or as the pins are.
type place struct {
	group  int32
	env    int
	before *openEnv
}

// settleIn chooses for one environment. What cannot be had together is broken:
// the names that come first keep what they need. A name that takes too many
// steps is left out, so that the others are judged.
func (s *present) settleIn(st *state, at place, now *openEnv) {
	open := &s.groups[at.group].open
	if s.f.Skip != nil {
		for _, name := range newOpening(st, at, nil).roots() {
			if s.f.Skip(s.groups[at.group].number, s.names[name]) {
				now.broken, now.spent = append(now.broken, name), append(now.spent, name)
			}
		}
	}
	o := newOpening(st, at, now.broken)
	share := nameSteps + 20*len(o.direct)
	from := s.steps
	s.within(min(s.settling, share))
	ok := o.run()
	s.settled(from)
	if !ok {
		o = s.oneByOne(st, at, now, share)
	}
	open.missing = open.missing || o.missing
	o.result(now)
}

// oneByOne adds one required name after the other, as far as they fit.
func (s *present) oneByOne(st *state, at place, now *openEnv, share int) *opening {
	open := &s.groups[at.group].open
	o := newOpening(st, at, now.broken)
	var kept []int32
	roots := o.roots()
	for i, name := range roots {
		try := newOpening(st, at, nil)
		try.only = append(slices.Clone(kept), name)
		from := s.steps
		s.within(min(share, max(leastSteps, s.settling/(len(roots)-i))))
		if try.run() {
			kept, o = try.only, try
		} else {
			now.broken = append(now.broken, name)
			if try.spent {
				now.spent = append(now.spent, name)
			}
		}
		s.settled(from)
		open.missing = open.missing || try.missing
	}
	return o
}

// openOutcome says whether open names fit a state.
type openOutcome struct {
	missing bool
	spent   bool // the question ended before this was known
	unread  []string
	clash   *conflict // to is -1; nodes are all who could mend it
}

// fits judges the open names in a state, and fills envs with what was chosen
// anew, by group and environment.
func (st *state) fits(chosen *[]chosenEnv) openOutcome {
	st.refresh()
	var out openOutcome
	for gi := range st.s.groups {
		if !st.fitsIn(int32(gi), chosen, &out) {
			break
		}
	}
	return out
}

// fitsIn is fits for one group. It reports false where the answer is known.
func (st *state) fitsIn(gi int32, chosen *[]chosenEnv, out *openOutcome) bool {
	open := &st.s.groups[gi].open
	touched := slices.ContainsFunc(st.moved, func(p int32) bool { return st.s.nodes[p].group == gi })
	wanted := slices.ContainsFunc(st.wanted, func(o openName) bool { return o.group == gi })
	if !touched && !wanted {
		return true
	}
	out.missing = out.missing || open.missing
	demands := st.newDemands(gi)
	if len(demands) == 0 && len(open.envs) == 0 {
		return true
	}
	for e := range st.s.envs {
		at := place{gi, e, &openEnv{}}
		if len(open.envs) > 0 {
			at.before = &open.envs[e]
		}
		excused := st.excusedNames(at, demands)
		if !(wanted && len(excused) < len(at.before.broken)) && st.stillFits(at, excused, demands) {
			continue
		}
		now := st.fitsAt(at, excused, out)
		if now == nil {
			return false
		}
		if chosen != nil {
			*chosen = append(*chosen, chosenEnv{gi, e, now})
		}
	}
	return true
}

// fitsAt chooses the open names of a place anew. It returns nil, and says in out
// why, where they do not fit or that took too many steps.
func (st *state) fitsAt(at place, excused []int32, out *openOutcome) *openEnv {
	if out.clash = st.known(at.group, at.env); out.clash != nil {
		return nil
	}
	o := newOpening(st, at, excused)
	ok := o.run()
	out.missing = out.missing || o.missing
	switch {
	case o.spent:
		out.spent = true
		return nil
	case !ok:
		out.clash = o.clash()
		st.remember(at.group, at.env, out.clash)
		return nil
	}
	now := &openEnv{}
	o.result(now)
	out.unread = append(out.unread, now.unread...)
	return now
}

// clash is what was found to be a dead end for open names: it is one as long
// as the nodes require what they required then.
type clash struct {
	group int32
	env   int
	opts  []int32
	rels  []*release
	why   *conflict
}

// known finds a dead end that the state runs into again.
func (st *state) known(group int32, e int) *conflict {
	for i := range st.clashes {
		c := &st.clashes[i]
		if c.group == group && (e < 0 || c.env == e) && st.repeats(c) {
			return c.why
		}
	}
	return nil
}

func (st *state) repeats(c *clash) bool {
	for k, i := range c.why.nodes {
		if st.opt[i] != c.opts[k] || st.release(i) != c.rels[k] {
			return false
		}
	}
	return true
}

func (st *state) remember(group int32, e int, why *conflict) {
	c := clash{group: group, env: e, why: why}
	for _, i := range why.nodes {
		c.opts, c.rels = append(c.opts, st.opt[i]), append(c.rels, st.release(i))
	}
	st.clashes = append(st.clashes, c)
}

type chosenEnv struct {
	group int32
	env   int
	open  *openEnv
}

// newDemands are those of the nodes whose requirements are others now.
func (st *moves) newDemands(group int32) []demand {
	var out []demand
	for _, list := range [2][]int32{st.moved, st.grown} {
		for _, p := range list {
			if st.s.nodes[p].group == group {
				out = st.demandsOf(p, out)
			}
		}
	}
	return out
}

// excusedNames are the names of which no release fits as the pins are, and
// which nothing requires in the state that does not do so there.
func (st *state) excusedNames(at place, demands []demand) []int32 {
	if len(at.before.broken) == 0 {
		return nil
	}
	bit, g := uint64(1)<<at.env, st.s.groups[at.group]
	return slices.DeleteFunc(slices.Clone(at.before.broken), func(name int32) bool {
		return slices.Contains(st.wanted, openName{at.group, name}) || slices.ContainsFunc(demands, func(d demand) bool {
			return d.req.name == name && d.mask&bit != 0 && !slices.ContainsFunc(g.open.demands, func(o demand) bool {
				return !st.isMoved(d.node) && o.node == d.node && o.req == d.req && o.mask&bit != 0
			})
		})
	})
}

// stillFits reports whether what was chosen as the pins are fits the state too.
func (st *state) stillFits(at place, excused []int32, demands []demand) bool {
	bit, before := uint64(1)<<at.env, at.before
	st.s.steps += len(demands) + len(st.moved)*len(before.picks)
	if before.extras {
		return false
	}
	for _, d := range demands {
		if d.mask&bit != 0 && !slices.Contains(excused, d.req.name) && !before.meets(d.req) {
			return false
		}
	}
	for _, q := range st.moved {
		if n := &st.s.nodes[q]; n.group == at.group && n.active&bit != 0 && !st.acceptedBy(before, q, bit) {
			return false
		}
	}
	return true
}

// meets reports whether what was chosen is what a requirement asks for.
func (e *openEnv) meets(r *require) bool {
	p := e.pick(r.name)
	return p != nil && !p.v.IsZero() && r.spec.Contains(p.v) &&
		!slices.ContainsFunc(r.asks, func(x int32) bool { return !slices.Contains(p.used, x) })
}

// acceptedBy reports whether nothing that was chosen refuses where a node is now.
func (st *moves) acceptedBy(env *openEnv, q int32, bit uint64) bool {
	name := st.s.nodes[q].name
	for i := range env.picks {
		for _, r := range env.picks[i].rel.reqs {
			if r.name == name && !r.loose && !r.spec.Contains(st.option(q).v) && env.picks[i].holds(st.s, r, bit) {
				return false
			}
		}
	}
	return true
}

// holds reports whether a requirement of the pick counts in an environment.
func (p *pick) holds(s *graph, r *require, bit uint64) bool {
	return s.holdsWith(r, bit, p.used)
}

func (s *clauses) holdsWith(r *require, bit uint64, used []int32) bool {
	if r.base&bit != 0 {
		return true
	}
	for i := range r.cond {
		c := &r.cond[i]
		if !slices.Contains(used, c.extra) {
			continue
		}
		if !c.done {
			s.hold(r, c)
		}
		if c.mask&bit != 0 {
			return true
		}
	}
	return false
}

// openReach lets a flood pass through open names.
type openReach struct {
	env  func(group int32, e int) *openEnv
	seen map[[2]int32]uint64
}

// openName follows what was chosen for an open name.
func (f *flooded) openName(g *group, r *require, m uint64) {
	group := f.s.groupAt[g.number]
	key := [2]int32{group, r.name}
	m &^= f.open.seen[key]
	f.open.seen[key] |= m
	for ; m != 0; m &= m - 1 {
		env := f.open.env(group, first(m))
		if env == nil {
			continue
		}
		p := env.pick(r.name)
		if p == nil {
			continue
		}
		bit := m & -m
		for _, q := range p.rel.reqs {
			if p.holds(f.s, q, bit) {
				f.reach(g, q, bit, actor{node: -1})
			}
		}
	}
}
