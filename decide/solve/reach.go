package solve

import (
	"cmp"
	"slices"
	"strings"
)

const (
	// fewNames is up to how many nodes of a group the search has no bound.
	fewNames = 16
	// budgets of a pass, in states
	unbounded   = 50_000_000
	findBudget  = 4000
	leastBudget = 1000
	endBudget   = 200
	// deepestLimit is up to how many other members are tried after the first pass gave up.
	deepestLimit = 8
)

// Reach searches for the newest versions that goals can reach. One goal reaches the
// first of its candidates for which there is a set, and the set has as few other
// members as possible. Several goals reach one set of all of them, in which the
// first goal is as new as possible, then the second, and so on. Without goals, or
// with a goal that has no candidate, the result is Held.
//
// If a fact is missing, the result is Lacking, and Missing lists the fact. The caller
// asks the same question again when it has it.
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
	s.keepAnswer(q, a)
	return a.result
}

// reach is Reach after settle, without kept answers.
func (s *Solver) reach(targets []target, o Options) Result {
	if r, ok := s.ready(targets); !ok {
		return r
	}
	from := s.steps
	s.beginQuestion(o.bound())
	s.boundBySize(o, findEach)
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
		s.boundBySize(o, leastEach)
		out = x.least()
	}
	r := x.result(out)
	if r.Status == Lacking {
		s.lacking(targets)
	}
	r.Steps = s.steps - from
	return r
}

// targets finds the options of the goals. It reports false for no goals, an unknown or
// fixed pin, a pin that two goals name, and a goal without candidates.
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

// ready reports whether enough is known of the pins as they are to judge the goals. If
// not, it returns the result.
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

// lacking adds to the needs the metadata of the newest candidate of each goal, so that
// it is fetched in the same round.
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

// refused reports whether a node that cannot move refuses an option of another node.
// Then nobody has to read what that option requires.
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

// patience is the budget of a pass; groups of few nodes have no bound.
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
	if len(s.groups[group].nodes) > fewNames {
		return budget
	}
	return unbounded
}

// deepen searches for small sets after the search for a set of any size gave up.
func (x *search) deepen() verdict {
	if x.o.Nodes > 0 {
		return stopped
	}
	for limit := 0; limit <= deepestLimit; limit++ {
		x.newPass(limit, findBudget/deepestLimit)
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

// least searches for the smallest set with the goals at the versions that were found,
// and among the sets of that size for the one that ends the most conflicts.
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
		x.newPass(limit, budget)
		out, _ := x.dfs(1)
		if out == solved {
			found = x.found
			break
		}
		if out == stopped && !x.spent {
			return stopped
		}
	}
	if found.others > 0 && x.endedBy(found) < x.s.endable(x.goals) {
		x.newPass(found.others, endBudget)
		x.best = true
		out, _ := x.dfs(1)
		x.best = false
		if out == stopped && !x.spent {
			return stopped
		}
		if x.found != nil && x.found.ended > x.endedBy(found) {
			found = x.found
		}
	}
	x.found = found
	return solved
}

// endedBy counts the conflicts of the pins as they are that a solution ends.
func (x *position) endedBy(f *solution) int {
	x.restore(f)
	n := x.s.endedIn(x.st)
	x.st.reset()
	return n
}

// endable counts what the pins violate as they are in the groups of some goals.
func (s *present) endable(goals []target) int {
	n := 0
	for i := range s.conflictsNow {
		g := s.nodes[s.conflictsNow[i].from].group
		if slices.ContainsFunc(goals, func(t target) bool { return s.nodes[t.node].group == g }) {
			n++
		}
	}
	return n
}

// restore makes the moves of a solution in the state.
func (x *position) restore(f *solution) {
	x.st.reset()
	for _, p := range f.moves {
		x.st.move(p.node, p.opt, x.s.load(p.node, p.opt).rel)
	}
}

// result describes how the search ended.
func (x *search) result(out verdict) Result {
	r := Result{Nodes: x.nodes}
	s := x.s
	s.beginQuestion(explainSteps)
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
		opt := s.load(p.node, p.opt)
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

// edgeBefore describes an edge as it was when it made a member move: that member in its
// old version, the other end in the version that the set has.
func (x *position) edgeBefore(c *conflict) Edge {
	e := x.st.edge(c)
	to := c.to
	if to < 0 {
		to = x.s.pinIn(c.group, c.req.name, c.mask)
	}
	if c.from < 0 || slices.Contains(x.st.release(c.from).reqs, c.req) {
		// The new version of the one that requires made its target move.
		if to >= 0 {
			e.ToVersion = x.s.nodes[to].options[0].v
		}
		return e
	}
	e.FromVersion = x.s.nodes[c.from].options[0].v
	return e
}

// around fills in what the set does besides its moves: the open names that become
// needed, and the pins that no root needs any more.
func (x *position) around(r *Result) {
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

// knows reports whether the pins require a name as they are, directly or through others.
func (o *openGroup) knows(name int32) bool {
	return slices.ContainsFunc(o.demands, func(d demand) bool { return d.req.name == name }) ||
		slices.ContainsFunc(o.envs, func(e openEnv) bool { return e.pick(name) != nil })
}

// lowered lists the candidates that come before the one that a goal reached, with what
// stands against them.
func (x *search) lowered(f *solution) []Lowered {
	var out []Lowered
	for _, t := range x.wished {
		n := &x.s.nodes[t.node]
		at := slices.IndexFunc(f.moves, func(p pair) bool { return p.node == t.node })
		for k, o := range t.opts {
			if o == f.moves[at].opt || k == longestChain {
				break
			}
			why := []Edge(nil)
			if k < mostExplained {
				why = x.s.against([]target{{t.node, []int32{o}}}, x.o)
			}
			out = append(out, Lowered{Pin: int(t.node), Version: n.options[o].v, Why: why})
		}
	}
	return out
}

// mostExplained is for how many candidates of a goal the reason is searched.
const mostExplained = 4
