package solve

import (
	"math/bits"
	"slices"
)

// state is an assignment of releases to the variables in the making: the pins
// as they are, changed where decided.
type state struct {
	cur     []*release
	decided []bool
	order   []int // decided variables, as they were decided
	used    map[groupKey]map[string]bool
}

// now is the state in which nothing has moved.
func (s *Solver) now() *state {
	st := &state{cur: make([]*release, len(s.vars)), decided: make([]bool, len(s.vars)), used: s.extras}
	for i := range s.vars {
		st.cur[i] = s.vars[i].rel
	}
	return st
}

// fresh is the state in which nothing has moved, the same one each time: a copy
// for every question would make many questions quadratic. It is the caller's
// until the next call.
func (s *Solver) fresh() *state {
	if s.scratch == nil {
		s.scratch = s.now()
	}
	st := s.scratch
	for len(st.order) > 0 {
		st.undo(s)
	}
	st.grow(len(s.vars))
	st.used = s.extras
	return st
}

// grow makes room for names without a pin that turned up since.
func (st *state) grow(n int) {
	for len(st.cur) < n {
		st.cur, st.decided = append(st.cur, nil), append(st.decided, false)
	}
}

func (st *state) assign(s *Solver, i int, r *release) {
	st.grow(len(s.vars))
	st.cur[i], st.decided[i] = r, true
	st.order = append(st.order, i)
}

func (st *state) undo(s *Solver) {
	i := st.order[len(st.order)-1]
	st.order = st.order[:len(st.order)-1]
	st.cur[i], st.decided[i] = s.vars[i].rel, false
}

// usedExtras is the fixed point of who asks for which extras: the policy, the
// roots, and what is installed, extras included (PEP 508, "Extras").
func (s *Solver) usedExtras(st *state) map[groupKey]map[string]bool {
	used := map[groupKey]map[string]bool{}
	var queue []groupKey
	add := func(k groupKey, extras []string) {
		for _, e := range extras {
			if used[k] == nil {
				used[k] = map[string]bool{}
			}
			if !used[k][e] {
				used[k][e] = true
				queue = append(queue, k)
			}
		}
	}
	for _, g := range s.groups {
		for key, extras := range s.f.Extras {
			add(groupKey{g, key}, extras)
		}
		for i, r := range s.roots {
			if s.f.Roots[i].Group < 0 || s.f.Roots[i].Group == g {
				for _, q := range r.reqs {
					if q.mask.plain != 0 {
						add(groupKey{g, q.key}, q.extras)
					}
				}
			}
		}
	}
	visit := func(i int) {
		if r := st.cur[i]; r != nil && r.asks {
			k := groupKey{s.vars[i].Group, s.vars[i].Key}
			for j := range r.reqs {
				if q := &r.reqs[j]; len(q.extras) > 0 && q.mask.in(used[k])&s.vars[i].Active != 0 {
					add(groupKey{k.group, q.key}, q.extras)
				}
			}
		}
	}
	for i := range st.cur {
		visit(i)
	}
	for len(queue) > 0 {
		k := queue[0]
		queue = queue[1:]
		for _, i := range s.at[k] {
			visit(i)
		}
	}
	return used
}

// refreshExtras brings the used extras in line after a decision that may have
// changed them. It reports the names for which they changed.
func (s *Solver) refreshExtras(st *state) []groupKey {
	asks := false
	for _, i := range st.order {
		old, r := s.vars[i].rel, st.cur[i]
		asks = asks || (old != nil && old.asks) || (r != nil && r.asks)
	}
	if !asks {
		st.used = s.extras
		return nil
	}
	st.used = s.usedExtras(st)
	var changed []groupKey
	for k, extras := range st.used {
		if len(extras) != len(s.extras[k]) {
			changed = append(changed, k)
			continue
		}
		for e := range extras {
			if !s.extras[k][e] {
				changed = append(changed, k)
				break
			}
		}
	}
	slices.SortFunc(changed, func(a, b groupKey) int {
		if a.group != b.group {
			return a.group - b.group
		}
		if a.key < b.key {
			return -1
		}
		return 1
	})
	return changed
}

// refusal is a requirement that the state does not meet. from is -1-i for root
// i.
type refusal struct {
	from, to int
	req      *requirement
	envs     uint64
}

func (r refusal) key() edgeKey { return edgeKey{r.from, r.to} }

// refused lists what the state refuses: everything, or what the decided
// variables take part in, without what the pins refuse as they are.
func (s *Solver) refused(st *state, decided []int, all bool) []refusal {
	var out []refusal
	if all {
		for i := range s.vars[:s.pins] {
			out = s.outgoing(st, i, -1, out)
		}
		for i := range s.roots {
			out = s.outgoing(st, -1-i, -1, out)
		}
		return out
	}
	changed := s.refreshExtras(st)
	for _, i := range decided {
		if !s.vars[i].free || s.needed(st, i, nil) {
			out = s.outgoing(st, i, -1, out)
		}
	}
	for _, j := range decided {
		out = s.incoming(st, j, out)
	}
	for _, k := range changed {
		for _, i := range s.at[k] {
			if !st.decided[i] {
				out = s.outgoing(st, i, -1, out)
			}
		}
	}
	return slices.DeleteFunc(out, func(r refusal) bool {
		return s.broken[r.key()] || (s.vars[r.to].free && s.lost[r.to]) || (r.from >= 0 && s.vars[r.from].free && s.lost[r.from])
	})
}

// outgoing appends what variable or root i refuses, of variable only alone
// unless that is negative.
func (s *Solver) outgoing(st *state, i, only int, out []refusal) []refusal {
	if i < 0 {
		root := s.f.Roots[-1-i]
		r := &s.roots[-1-i]
		for _, g := range s.groups {
			if root.Group < 0 || root.Group == g {
				for j := range r.reqs {
					out = s.meet(st, i, g, &r.reqs[j], r.reqs[j].mask.plain, only, out)
				}
			}
		}
		return out
	}
	v, r := &s.vars[i], st.cur[i]
	if r == nil {
		return out
	}
	used := st.used[groupKey{v.Group, v.Key}]
	for j := range r.reqs {
		q := &r.reqs[j]
		if envs := q.mask.in(used) & v.Active; envs != 0 {
			out = s.meet(st, i, v.Group, q, envs, only, out)
		}
	}
	return out
}

// meet holds one requirement against the variables of its name.
func (s *Solver) meet(st *state, from, group int, q *requirement, envs uint64, only int, out []refusal) []refusal {
	if q.url {
		return out
	}
	k := groupKey{group, q.key}
	if only < 0 && s.ready && len(s.at[k]) == 0 {
		s.introduce(k)
		st.grow(len(s.vars))
	}
	for _, j := range s.at[k] {
		if only >= 0 && j != only {
			continue
		}
		v := &s.vars[j]
		r := st.cur[j]
		if envs&v.Active == 0 || (r != nil && q.spec.Contains(r.version)) {
			continue
		}
		out = append(out, refusal{from, j, q, envs & v.Active})
	}
	return out
}

// incoming appends what the undecided variables and the roots refuse of j.
func (s *Solver) incoming(st *state, j int, out []refusal) []refusal {
	v := &s.vars[j]
	for _, i := range s.rev[groupKey{v.Group, v.Key}] {
		if !st.decided[i] && (!s.vars[i].free || s.needed(st, i, nil)) {
			out = s.outgoing(st, i, j, out)
		}
	}
	for i := range s.roots {
		out = s.outgoing(st, -1-i, j, out)
	}
	return out
}

// introduce makes a variable of a name that has no pin in its group. The search
// chooses its release; nobody's line is moved by that.
func (s *Solver) introduce(k groupKey) {
	s.at[k] = append(s.at[k], len(s.vars))
	s.vars = append(s.vars, variable{Pin: Pin{Key: k.key, Group: k.group, Active: s.all}, free: true})
}

// needed reports whether anything that is there requires the free variable j.
func (s *Solver) needed(st *state, j int, seen map[int]bool) bool {
	if seen[j] {
		return false
	}
	if seen == nil {
		seen = map[int]bool{}
	}
	seen[j] = true
	k := groupKey{s.vars[j].Group, s.vars[j].Key}
	asks := func(i int) bool {
		r := st.cur[i]
		if r == nil || (s.vars[i].free && !s.needed(st, i, seen)) {
			return false
		}
		used := st.used[groupKey{s.vars[i].Group, s.vars[i].Key}]
		return slices.ContainsFunc(r.reqs, func(q requirement) bool {
			return q.key == k.key && q.mask.in(used)&s.vars[i].Active != 0
		})
	}
	for _, i := range s.rev[k] {
		if !st.decided[i] && asks(i) {
			return true
		}
	}
	for _, i := range st.order {
		if s.vars[i].Group == k.group && asks(i) {
			return true
		}
	}
	for i, r := range s.roots {
		if g := s.f.Roots[i].Group; g >= 0 && g != k.group {
			continue
		}
		if slices.ContainsFunc(r.reqs, func(q requirement) bool { return q.key == k.key && q.mask.plain != 0 }) {
			return true
		}
	}
	return false
}

// edge is a refusal as a sentence needs it.
func (s *Solver) edge(st *state, r refusal) Edge {
	e := Edge{Requirement: r.req.text, To: r.req.key, Environment: bits.TrailingZeros64(r.envs)}
	if r.from < 0 {
		e.From, e.FromRoot = s.f.Roots[-1-r.from].Name, true
	} else {
		e.From = s.vars[r.from].Key
		if rel := st.cur[r.from]; rel != nil {
			e.FromVersion = rel.version
		}
	}
	if rel := st.cur[r.to]; rel != nil && !s.vars[r.to].free {
		e.ToVersion = rel.version
	} else {
		e.ToMissing = true
	}
	return e
}
