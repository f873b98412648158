package solve

import "slices"

// This file judges whether releases of the open names still fit after some pins have
// moved.

// openOutcome says whether releases of the open names fit a state.
type openOutcome struct {
	missing bool
	spent   bool // the question ended before this was known
	unread  []string
	clash   *conflict // to is -1; nodes are all who could mend it
}

// fits judges the open names in a state. It appends to chosen, unless that is nil, the
// choices that differ from those of the pins as they are.
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

// fitsIn is fits for one group. It reports false if the open names of this group do not
// fit, or took too many steps: then the others do not matter.
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

// fitsAt chooses releases for the open names of a place. If they do not fit, or that
// took too many steps, it returns nil and fills in out.
func (st *state) fitsAt(at place, excused []int32, out *openOutcome) *openEnv {
	if out.clash = st.known(at.group, at.env); out.clash != nil {
		return nil
	}
	o := newOpening(st, at, excused)
	defer o.free()
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

// clash is a dead end of the open names that a search ran into. It stays one as long as
// its nodes have the options, and the requirements, that they had then.
type clash struct {
	group int32
	env   int
	opts  []int32
	rels  []*release
	why   *conflict
}

// known finds a dead end of before that the state has, too; nil for none. An environment
// of -1 stands for all.
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

// newDemands lists the demands of the nodes that moved, or whose used extras changed.
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

// excusedNames lists the names of which no release fits as the pins are, and on which
// the state has no new requirement.
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

// stillFits reports whether the choice of the pins as they are fits the state, too.
func (st *state) stillFits(at place, excused []int32, demands []demand) bool {
	bit, before := uint64(1)<<at.env, at.before
	st.s.steps += len(demands) + len(st.moved)*len(before.picks)
	if before.extras {
		return false
	}
	for _, d := range demands {
		if d.mask&bit != 0 && !slices.Contains(excused, d.req.name) && !before.satisfies(d.req) {
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

// satisfies reports whether the choice meets a requirement, with its extras.
func (e *openEnv) satisfies(r *require) bool {
	p := e.pick(r.name)
	return p != nil && !p.v.IsZero() && r.spec.Contains(p.v) &&
		!slices.ContainsFunc(r.asks, func(x int32) bool { return !slices.Contains(p.used, x) })
}

// acceptedBy reports whether no chosen release refuses the option that a node has now.
func (st *moves) acceptedBy(env *openEnv, q int32, bit uint64) bool {
	name := st.s.nodes[q].name
	for i := range env.picks {
		for _, r := range env.picks[i].rel.reqs {
			if r.name == name && !r.loose && !r.spec.Contains(st.option(q).v) && env.picks[i].counts(st.s, r, bit) {
				return false
			}
		}
	}
	return true
}
