package solve

import (
	"cmp"
	"slices"
	"strings"
)

const (
	// few is how many names a world may have for its search to be unbounded.
	few = 16
	// budgets of a pass, in states looked at
	unbounded   = 50_000_000
	findBudget  = 4000
	leastBudget = 1000
	cureBudget  = 200
	// deepest is how many other members are tried when the first pass gave up.
	deepest = 8
)

// Reach searches for the newest versions that goals can reach. For one goal it
// is the first of its candidates for which there is a set, and the set has the
// fewest other members that move; for several it is one set of all of them, in
// which the first goal is as new as possible, then the second, and so on.
// Without goals, or with one that has no candidate, it is Held.
//
// Where a fact is missing the result is Lacking, and Missing says more than
// before; the same question is to be asked again with these facts.
func (s *Solver) Reach(goals []Goal, o Options) Result {
	targets, ok := s.targets(goals)
	if !ok {
		return Result{Status: Held}
	}
	s.settle()
	q := question(goals[0].Pin)
	if a := s.recall(q, goals, o); a != nil {
		return a.result
	}
	a := &answer{goals: goals, options: o, result: s.reach(targets, o)}
	s.keep(q, a)
	return a.result
}

// reach is Reach once the open names are settled.
func (s *Solver) reach(targets []target, o Options) Result {
	if r, ok := s.ready(targets); !ok {
		return r
	}
	from := s.steps
	s.within(o.bound())
	s.measured(o, findEach)
	x := s.newSearch(targets, o)
	if x.budget == 0 {
		x.budget = s.patience(targets, findBudget)
	}
	x.limit = len(s.nodes)
	out, _ := x.dfs(1)
	if out == stopped && x.spent {
		out = x.deepen()
	}
	if out == solved && !o.Any {
		s.measured(o, leastEach)
		out = x.least()
	}
	r := x.result(out)
	if r.Status == Lacking {
		s.lacking(targets)
	}
	r.Steps = s.steps - from
	return r
}

// targets finds the options of the goals.
func (s *graph) targets(goals []Goal) ([]target, bool) {
	var out []target
	for _, g := range goals {
		if g.Pin < 0 || g.Pin >= len(s.f.Pins) || s.nodes[g.Pin].fixed ||
			slices.ContainsFunc(out, func(t target) bool { return int(t.node) == g.Pin }) {
			return nil, false
		}
		t := target{node: int32(g.Pin)} //nolint:gosec // an index of a pin
		for _, c := range g.To {
			if o := s.option(t.node, c); o != 0 && !slices.Contains(t.opts, o) {
				t.opts = append(t.opts, o)
			}
		}
		if len(t.opts) == 0 {
			return nil, false
		}
		out = append(out, t)
	}
	return out, len(out) > 0
}

// ready reports whether the pins as they are are known well enough to judge
// anything; if not, it says how that ends.
func (s *present) ready(targets []target) (Result, bool) {
	var unread []string
	missing := false
	for _, t := range targets {
		g := s.groups[s.nodes[t.node].group]
		missing = missing || g.missing || g.open.missing
		unread = append(unread, s.holders(t.node, func(u int32) bool {
			return slices.ContainsFunc(targets, func(t target) bool { return t.node == u })
		})...)
	}
	if missing {
		s.lacking(targets)
		return Result{Status: Lacking}, false
	}
	if len(unread) > 0 {
		slices.Sort(unread)
		return Result{Status: Unread, Names: slices.Compact(unread)}, false
	}
	return Result{}, true
}

// lacking asks for the newest candidate of each goal in the same round.
func (s *present) lacking(targets []target) {
	for _, t := range targets {
		n := &s.nodes[t.node]
		for _, o := range t.opts {
			if s.refused(t.node, o) {
				continue
			}
			s.release(n.name, n.options[o].v, true)
			break
		}
	}
}

// refused reports whether something that does not move keeps a node from an
// option, so that nobody need read what that requires.
func (s *graph) refused(i, o int32) bool {
	n := &s.nodes[i]
	for _, e := range s.groups[n.group].requirers(n.name) {
		q := &s.nodes[e.node]
		if e.req.loose || e.node == i || len(s.candidates(e.node)) > 0 {
			continue
		}
		if e.req.base&q.active&n.active != 0 && !e.req.spec.Contains(n.options[o].v) {
			return true
		}
	}
	return false
}

// patience is a budget: without bound for small worlds.
func (s *graph) patience(targets []target, budget int) int {
	for _, t := range targets {
		if b := s.patienceIn(s.nodes[t.node].group, budget); b < unbounded {
			return b + 40*len(targets)
		}
	}
	return unbounded
}

// patienceIn is patience in one group.
func (s *graph) patienceIn(group int32, budget int) int {
	if len(s.groups[group].nodes) > few {
		return budget
	}
	return unbounded
}

// deepen looks for small sets where the search without a bound gave up.
func (x *search) deepen() verdict {
	if x.o.Nodes > 0 {
		return stopped
	}
	for limit := 0; limit <= deepest; limit++ {
		x.again(limit, findBudget/deepest)
		out, _ := x.dfs(1)
		if out == solved || out == stopped && !x.spent {
			return out
		}
		if out == dead && !x.cut {
			return dead
		}
	}
	x.spent = true
	return stopped
}

// least looks for the smallest set with the goals at the versions found, and
// among those of that size for the one that cures most.
func (x *search) least() verdict {
	found := x.found
	for k := range x.goals {
		at := slices.IndexFunc(found.moves, func(p pair) bool { return p.node == x.goals[k].node })
		x.goals[k].opts = []int32{found.moves[at].opt}
	}
	budget := leastBudget
	if x.budget > findBudget*10 {
		budget = x.budget
	}
	for limit := range found.others {
		x.again(limit, budget)
		out, _ := x.dfs(1)
		if out == solved {
			found = x.found
			break
		}
		if out == stopped && !x.spent {
			return stopped
		}
	}
	if found.others > 0 && x.curedBy(found) < x.s.curable(x.goals) {
		x.again(found.others, cureBudget)
		x.best = true
		out, _ := x.dfs(1)
		x.best = false
		if out == stopped && !x.spent {
			return stopped
		}
		if x.found != nil && x.found.cured > x.curedBy(found) {
			found = x.found
		}
	}
	x.found = found
	return solved
}

func (x *ground) curedBy(f *solution) int {
	x.restore(f)
	n := x.s.cured(x.st)
	x.st.reset()
	return n
}

// curable counts what the pins violate in the groups of some goals.
func (s *present) curable(goals []target) int {
	n := 0
	for i := range s.now {
		g := s.nodes[s.now[i].from].group
		if slices.ContainsFunc(goals, func(t target) bool { return s.nodes[t.node].group == g }) {
			n++
		}
	}
	return n
}

// restore brings the state back to a solution.
func (x *ground) restore(f *solution) {
	x.st.reset()
	for _, p := range f.moves {
		x.st.move(p.node, p.opt, x.s.look(p.node, p.opt).rel)
	}
}

// result writes down how the search ended.
func (x *search) result(out verdict) Result {
	r := Result{Nodes: x.nodes}
	s := x.s
	s.within(explainSteps)
	switch {
	case out == dead:
		r.Status = Held
		if x.o.Brief {
			return r
		}
		for _, t := range x.wished {
			if r.Why = s.against([]target{t}, x.o); r.Why != nil {
				return r
			}
		}
		r.Why = s.against(x.wished, x.o)
		return r
	case out == stopped && x.lacking:
		r.Status = Lacking
		return r
	case out == stopped && len(x.unread) > 0:
		r.Status = Unread
		slices.Sort(x.unread)
		r.Names = slices.Compact(x.unread)
		return r
	case out == stopped:
		r.Status = GaveUp
		return r
	}
	r.Status = Solved
	f := x.found
	for _, p := range f.moves {
		opt := s.look(p.node, p.opt)
		c := &s.nodes[p.node].options[p.opt]
		r.Moves = append(r.Moves, Move{Pin: int(p.node), To: c.v, Major: c.major, Young: c.young, Down: c.down})
		if opt.known == Unknown {
			r.Unverified = append(r.Unverified, s.nodes[p.node].key)
		}
	}
	slices.SortFunc(r.Moves, func(a, b Move) int { return cmp.Compare(a.Pin, b.Pin) })
	slices.Sort(r.Unverified)
	r.Unverified = slices.Compact(r.Unverified)
	x.restore(f)
	for i := range f.why {
		if f.why[i].req != nil {
			r.Why = append(r.Why, x.edgeBefore(&f.why[i]))
		}
	}
	x.around(&r)
	x.st.reset()
	if !x.o.Brief {
		r.Lowered = x.lowered(f)
	}
	return r
}

// edgeBefore describes an edge as it was when it forced a member to move: that
// member where it stood before, the others where the set takes them.
func (x *ground) edgeBefore(c *conflict) Edge {
	e := x.st.edge(c)
	to := c.to
	if to < 0 {
		to = x.s.slot(c.group, c.req.name, c.mask)
	}
	if c.from < 0 || slices.Contains(x.st.release(c.from).reqs, c.req) {
		// The requirer is where the set takes it: its target was not.
		if to >= 0 {
			e.ToVersion = x.s.nodes[to].options[0].v
		}
		return e
	}
	e.FromVersion = x.s.nodes[c.from].options[0].v
	return e
}

// around fills in what the set does besides its moves: names that come along,
// and pins that no root needs any more.
func (x *ground) around(r *Result) {
	s := x.s
	var chosen []chosenEnv
	x.st.fits(&chosen)
	seen := map[edgeKey]bool{}
	for _, c := range chosen {
		for i := range c.open.picks {
			p := &c.open.picks[i]
			k := edgeKey{c.group, p.name, 0}
			if seen[k] || s.groups[c.group].open.knows(p.name) {
				continue
			}
			seen[k] = true
			by := s.byOf(p, 1<<c.env)
			by.Group = s.groups[c.group].number
			r.Along = append(r.Along, Along{Key: s.names[p.name], Group: by.Group, Version: p.v, By: by})
		}
	}
	slices.SortFunc(r.Along, func(a, b Along) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), strings.Compare(a.Key, b.Key))
	})
	r.Unneeded = x.st.unneeded(chosen, x.s.reachedAsIs)
}

// knows reports whether the pins as they are require a name, in some way.
func (o *openGroup) knows(name int32) bool {
	return slices.ContainsFunc(o.demands, func(d demand) bool { return d.req.name == name }) ||
		slices.ContainsFunc(o.envs, func(e openEnv) bool { return e.pick(name) != nil })
}

// lowered says of the candidates that the goals could not have what stands
// against them.
func (x *search) lowered(f *solution) []Lowered {
	var out []Lowered
	for _, t := range x.wished {
		n := &x.s.nodes[t.node]
		at := slices.IndexFunc(f.moves, func(p pair) bool { return p.node == t.node })
		for k, o := range t.opts {
			if o == f.moves[at].opt || k == longest {
				break
			}
			why := []Edge(nil)
			if k < explained {
				why = x.s.against([]target{{t.node, []int32{o}}}, x.o)
			}
			out = append(out, Lowered{Pin: int(t.node), Version: n.options[o].v, Why: why})
		}
	}
	return out
}

// explained is how many candidates of a goal are explained.
const explained = 4
