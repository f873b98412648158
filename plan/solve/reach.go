package solve

import (
	"cmp"
	"slices"

	"gitlab.com/cki-project/pinwheel/pypi/pep440"
)

// patience is how many versions of a goal are tried one after the other before
// the rest is bisected.
const patience = 4

// Reach finds, for one goal, the dearest version that can be reached and the
// fewest other upgrades it needs; for several goals one set in which all of
// them move. The first goal matters most.
func (s *Solver) Reach(goals []Goal, o Options) Result {
	if len(goals) == 0 || slices.ContainsFunc(goals, func(g Goal) bool { return len(g.To) == 0 }) {
		return Result{Status: Held}
	}
	if !s.prepare() {
		for _, g := range goals { // ask for this in the same round
			s.known(s.vars[g.Pin].Key, g.To[0].Version)
		}
		return Result{Status: Lacking}
	}
	if len(s.blind) > 0 {
		return Result{Status: Unread, Names: s.blind}
	}
	if len(goals) == 1 {
		return s.reachOne(goals[0], o)
	}
	return s.reachAll(goals, o)
}

// known asks for a release's metadata unless it is there.
func (s *Solver) known(key string, v pep440.Version) bool {
	if s.release(key, v).load(s) == Missing {
		s.need(Need{Key: key, Version: v})
		return false
	}
	return true
}

// reachOne tries the versions of one goal, the dearest first. Of a train it
// tries a few and then bisects: where an older version fails, a newer one
// hardly ever fits.
func (s *Solver) reachOne(g Goal, o Options) Result {
	g, lowered := s.walls(g, o)
	tried := map[int]Result{}
	nodes := 0
	try := func(i int) Result {
		if r, ok := tried[i]; ok {
			return r
		}
		r := s.attempt([]Goal{{g.Pin, g.To[i : i+1]}}, o)
		nodes += r.Nodes
		tried[i] = r
		return r
	}
	best, last := -1, -1
	stop := len(g.To)
	if stop > long {
		stop = patience
	}
	for i := 0; i < stop && best < 0; i++ {
		switch r := try(i); r.Status {
		case Lacking, Unread:
			return r
		case Solved:
			best = i
		case Held, GaveUp:
			last = i
		}
	}
	if best < 0 && stop < len(g.To) {
		var r Result
		if best, last, r = gallop(last, len(g.To), try); r.Status == Lacking || r.Status == Unread {
			return r
		}
	}
	out := Result{Status: Held}
	if best >= 0 {
		out = tried[best]
	}
	for i := range g.To {
		r, ok := tried[i]
		if !ok || i == best || (best >= 0 && i > best) {
			continue
		}
		if best < 0 && r.Status == GaveUp {
			out.Status = GaveUp
		}
		lowered = append(lowered, Lowered{g.Pin, g.To[i].Version, r.Why})
	}
	out.Lowered, out.Nodes = lowered, nodes
	if best < 0 && len(lowered) > 0 {
		slices.SortStableFunc(lowered, func(a, b Lowered) int { return b.Version.Compare(a.Version) })
		out.Why = lowered[0].Why
	}
	return out
}

// gallop finds the first version after last that can be reached, on the
// assumption that all after it can.
func gallop(last, n int, try func(int) Result) (best, fails int, r Result) {
	best, fails = -1, last
	for step := 1; best < 0 && fails < n-1; step *= 2 {
		i := min(fails+step, n-1)
		switch r = try(i); r.Status {
		case Lacking, Unread:
			return best, fails, r
		case Solved:
			best = i
		case Held, GaveUp:
			fails = i
		}
	}
	for best > fails+1 {
		i := (best + fails) / 2
		switch r = try(i); r.Status {
		case Lacking, Unread:
			return best, fails, r
		case Solved:
			best = i
		case Held, GaveUp:
			fails = i
		}
	}
	return best, fails, Result{}
}

// walls drops the versions that a pin refuses which has nowhere to go: that
// needs nobody's metadata but the pins'.
func (s *Solver) walls(g Goal, o Options) (Goal, []Lowered) {
	v := &s.vars[g.Pin]
	st := s.fresh()
	x := s.newSearch(o, st)
	type wall struct {
		spec pep440.Specifiers
		edge Edge
	}
	var walls []wall
	look := func(i int) {
		rel := st.cur[g.Pin]
		st.cur[g.Pin] = nil // so that everything asked of it shows
		refused := s.outgoing(st, i, g.Pin, nil)
		st.cur[g.Pin] = rel
		for _, r := range refused {
			if !s.broken[r.key()] {
				walls = append(walls, wall{r.req.spec, s.edge(st, r)})
			}
		}
	}
	for _, i := range s.rev[groupKey{v.Group, v.Key}] {
		if !s.vars[i].free && i != g.Pin && !x.open(i) {
			look(i)
		}
	}
	for i := range s.roots {
		look(-1 - i)
	}
	var lowered []Lowered
	out := Goal{Pin: g.Pin}
	for _, c := range g.To {
		at := slices.IndexFunc(walls, func(w wall) bool { return !w.spec.Contains(c.Version) })
		if at < 0 {
			out.To = append(out.To, c)
			continue
		}
		lowered = append(lowered, Lowered{g.Pin, c.Version, []Edge{walls[at].edge}})
	}
	return out, lowered
}

// absent is the assignment without one variable.
func absent(cur []*release, i int) []*release {
	out := slices.Clone(cur)
	out[i] = nil
	return out
}

// reachAll moves all goals in one set: each to its dearest version, or else as
// dear as goes.
func (s *Solver) reachAll(goals []Goal, o Options) Result {
	first := slices.Clone(goals)
	for i := range first {
		first[i].To = first[i].To[:1]
	}
	r := s.attempt(first, o)
	if r.Status != Held && r.Status != GaveUp {
		return r
	}
	short := slices.Clone(goals)
	for i := range short {
		short[i].To = short[i].To[:min(len(short[i].To), long)]
	}
	low := s.attempt(short, o)
	if low.Status == Held || low.Status == GaveUp {
		low.Why = r.Why
	}
	return low
}

// attempt looks for the smallest set in which every goal takes one of its
// versions. A goal of one version is decided at once.
func (s *Solver) attempt(goals []Goal, o Options) Result {
	var x *search
	nodes := 0
	for moves := 0; ; moves++ {
		x = s.newSearch(o, s.fresh())
		x.budget -= nodes
		var open []Goal
		for _, g := range goals {
			if len(g.To) > 1 {
				open = append(open, g)
			}
		}
		x.pending = open
		got := x.start(goals, moves+len(open))
		nodes += x.nodes
		switch {
		case got == found:
			r := s.result(x)
			r.Nodes = nodes
			return r
		case x.lacking:
			return Result{Status: Lacking, Nodes: nodes}
		case got == abort:
			return Result{Status: GaveUp, Why: x.why, Nodes: nodes}
		case x.cut:
			continue
		case len(x.unread) > 0:
			slices.Sort(x.unread)
			return Result{Status: Unread, Names: slices.Compact(x.unread), Nodes: nodes}
		}
		return Result{Status: Held, Why: x.why, Nodes: nodes}
	}
}

// start decides the goals of one version and searches from there.
func (x *search) start(goals []Goal, moves int) outcome {
	for _, g := range goals {
		if len(g.To) != 1 {
			continue
		}
		r := x.s.release(x.s.vars[g.Pin].Key, g.To[0].Version)
		switch r.load(x.s) {
		case Missing:
			x.s.need(Need{Key: r.key, Version: r.version})
			x.lacking = true
		case NotChecked:
			x.unread = append(x.unread, r.key)
		case Unknown:
			if !x.s.f.Unverified {
				return fail
			}
		case Known, Absent:
		}
		x.st.assign(x.s, g.Pin, r)
	}
	switch {
	case x.lacking:
		return abort
	case len(x.unread) > 0:
		return fail
	}
	return x.dfs(moves)
}

// result reads a finished search.
func (s *Solver) result(x *search) Result {
	r := Result{Status: Solved}
	st := x.st
	for _, i := range st.order {
		v := &s.vars[i]
		if v.free {
			continue
		}
		m := Move{Pin: i, To: st.cur[i].version, Down: st.cur[i].version.Compare(v.Version) < 0}
		for _, c := range v.Up {
			if c.Version.Equal(m.To) {
				m.Major, m.Young = c.Major, c.Young
			}
		}
		r.Moves = append(r.Moves, m)
		if st.cur[i].know == Unknown {
			r.Unverified = append(r.Unverified, v.Key)
		}
	}
	slices.SortFunc(r.Moves, func(a, b Move) int { return cmp.Compare(a.Pin, b.Pin) })
	slices.Sort(r.Unverified)
	r.Unverified = slices.Compact(r.Unverified)
	s.along(st, &r)
	s.unneeded(st, &r)
	return r
}

// along lists the names without a pin that are needed now and were not.
func (s *Solver) along(st *state, r *Result) {
	for _, i := range st.order {
		v := &s.vars[i]
		if !v.free || st.cur[i] == nil || !s.needed(st, i, nil) || (v.rel != nil && s.needed(s.now(), i, nil)) {
			continue
		}
		r.Along = append(r.Along, Along{Key: v.Key, Group: v.Group, Version: st.cur[i].version, By: s.by(st, i)})
	}
	slices.SortFunc(r.Along, func(a, b Along) int {
		if c := cmp.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		return cmp.Compare(a.Group, b.Group)
	})
}

// by is the first requirement for the sake of which a free variable is there.
func (s *Solver) by(st *state, j int) Edge {
	without := &state{cur: absent(st.cur, j), decided: st.decided, order: st.order, used: st.used}
	for _, i := range st.order {
		for _, r := range s.outgoing(without, i, j, nil) {
			return s.edge(st, r)
		}
	}
	for _, i := range s.rev[groupKey{s.vars[j].Group, s.vars[j].Key}] {
		for _, r := range s.outgoing(without, i, j, nil) {
			return s.edge(st, r)
		}
	}
	for i := range s.roots {
		for _, r := range s.outgoing(without, -1-i, j, nil) {
			return s.edge(st, r)
		}
	}
	return Edge{To: s.vars[j].Key, ToMissing: true}
}

// unneeded lists the pins that the roots reach in the present state and not in
// the new one.
func (s *Solver) unneeded(st *state, r *Result) {
	if len(s.roots) == 0 {
		return
	}
	before, after := s.reached(s.now()), s.reached(st)
	for i := range s.vars[:s.pins] {
		if before[i] && !after[i] {
			r.Unneeded = append(r.Unneeded, i)
		}
	}
}

// reached marks the variables that the roots need, directly or not.
func (s *Solver) reached(st *state) []bool {
	st.grow(len(s.vars))
	out := make([]bool, len(s.vars))
	var queue []int
	visit := func(group int, q *requirement, envs uint64) {
		for _, j := range s.at[groupKey{group, q.key}] {
			if !out[j] && envs&s.vars[j].Active != 0 {
				out[j] = true
				queue = append(queue, j)
			}
		}
	}
	for i, r := range s.roots {
		for _, g := range s.groups {
			if s.f.Roots[i].Group < 0 || s.f.Roots[i].Group == g {
				for n := range r.reqs {
					visit(g, &r.reqs[n], r.reqs[n].mask.plain)
				}
			}
		}
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		rel := st.cur[i]
		if rel == nil {
			continue
		}
		v := &s.vars[i]
		used := st.used[groupKey{v.Group, v.Key}]
		for n := range rel.reqs {
			q := &rel.reqs[n]
			if envs := q.mask.in(used) & v.Active; envs != 0 {
				visit(v.Group, q, envs)
			}
		}
	}
	return out
}
