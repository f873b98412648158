package solve

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file finds which extras count in a state, and which nodes the roots reach.

// use is an extra of a node that counts in some environments, and who asks for it.
type use struct {
	extra int32
	mask  uint64
	by    []actor
}

// actor is a node that asks for an extra; -1 is the configuration. If it asks because
// of an extra of its own, via is that extra, else -1.
type actor struct {
	node, via int32
	mask      uint64
}

// actors appends the nodes because of which an extra of p counts in one environment.
// As long as none of them moves, it counts.
func (st *moves) actors(p, extra int32, bit uint64, out []int32) []int32 {
	for _, u := range st.used[p] {
		if u.extra != extra {
			continue
		}
		for _, a := range u.by {
			if a.mask&bit == 0 {
				continue
			}
			if a.node < 0 {
				return out
			}
			out = append(out, a.node)
			if a.via >= 0 {
				return st.actors(a.node, a.via, bit, out)
			}
			return out
		}
	}
	return out
}

// refresh brings the used extras up to date if a move may have changed them.
func (st *moves) refresh() {
	if !st.stale {
		return
	}
	st.stale = false
	st.used, st.grown = st.s.used, st.grown[:0]
	var groups []int32
	for _, p := range st.moved {
		n := &st.s.nodes[p]
		if (st.rel[p].asks || n.options[0].rel.asks) && !slices.Contains(groups, n.group) {
			groups = append(groups, n.group)
		}
	}
	if len(groups) == 0 {
		return
	}
	st.used = st.s.flood(st, nil).used
	for _, g := range groups {
		for _, i := range st.s.groups[g].nodes {
			if !st.isMoved(i) && !sameUse(st.used[i], st.s.used[i]) {
				st.grown = append(st.grown, i)
			}
		}
	}
}

func sameUse(a, b []use) bool {
	return slices.EqualFunc(a, b, func(x, y use) bool { return x.extra == y.extra && x.mask == y.mask })
}

// flooded is what a flood found so far.
type flooded struct {
	s    *graph
	st   *moves
	used [][]use
	// reached gives for each node the environments in which a root needs it; nil if
	// every pin counts as installed.
	reached []uint64
	queue   []int32
	queued  []bool
	open    *openReach
}

// flood follows requirements from node to node and finds the extras that count in a
// state; nil is the pins as they are. If open is nil, every pin counts as installed,
// else those alone that a root reaches.
func (s *graph) flood(st *moves, open *openReach) *flooded {
	s.steps += len(s.nodes) / 8
	f := &flooded{s: s, st: st, used: make([][]use, len(s.nodes)), queued: make([]bool, len(s.nodes)), open: open}
	if open != nil {
		f.reached = make([]uint64, len(s.nodes))
	}
	f.seed()
	for len(f.queue) > 0 {
		p := f.queue[len(f.queue)-1]
		f.queue = f.queue[:len(f.queue)-1]
		f.queued[p] = false
		f.spread(p)
	}
	return f
}

func (f *flooded) seed() {
	for i := range f.s.nodes {
		n := &f.s.nodes[i]
		extras := n.extras
		if !n.root && len(f.s.f.Extras) > 0 {
			extras = slices.Concat(extras, f.s.f.Extras[n.key])
		}
		for _, x := range extras {
			f.addUse(int32(i), f.s.number(pep508.NormalizeName(x)), n.active, actor{node: -1, mask: n.active})
		}
		if n.root && f.reached != nil {
			f.reached[i] = n.active
		}
		if n.root || (f.reached == nil && f.releaseOf(int32(i)).asks) {
			f.push(int32(i))
		}
	}
}

func (f *flooded) push(i int32) {
	if !f.queued[i] {
		f.queued[i] = true
		f.queue = append(f.queue, i)
	}
}

func (f *flooded) releaseOf(i int32) *release {
	if f.st != nil {
		return f.st.release(i)
	}
	return f.s.nodes[i].options[0].rel
}

// spread follows the requirements of p.
func (f *flooded) spread(p int32) {
	n := &f.s.nodes[p]
	active := n.active
	if f.reached != nil {
		active = f.reached[p]
	}
	g := f.s.groups[n.group]
	f.s.steps += len(f.releaseOf(p).reqs)
	for _, r := range f.releaseOf(p).reqs {
		if f.reached == nil && len(r.asks) == 0 {
			continue
		}
		m := f.s.mask(r, active, f.used[p])
		if m == 0 {
			continue
		}
		if len(r.asks) == 0 {
			f.reach(g, r, m, actor{})
			continue
		}
		// In each environment another extra may make p ask.
		for left := m; left != 0; left &= left - 1 {
			bit := left & -left
			f.reach(g, r, bit, actor{node: p, via: f.s.via(r, f.used[p], bit)})
		}
	}
}

// reach follows a requirement that counts in the environments of m.
func (f *flooded) reach(g *group, r *require, m uint64, by actor) {
	left := m
	for _, b := range g.pinned(r.name) {
		at := m & f.s.nodes[b].active
		if at == 0 {
			continue
		}
		left &^= at
		if f.reached != nil && at&^f.reached[b] != 0 {
			f.reached[b] |= at
			f.push(b)
		}
		for _, x := range r.asks {
			by.mask = at
			if f.addUse(b, x, at, by) {
				f.push(b)
			}
		}
	}
	if left != 0 && f.open != nil {
		f.openName(g, r, left)
	}
}

// addUse adds an extra that counts. It reports whether that is new.
func (f *flooded) addUse(i, extra int32, m uint64, by actor) bool {
	list := f.used[i]
	at, found := slices.BinarySearchFunc(list, extra, func(u use, x int32) int { return int(u.extra - x) })
	if !found {
		f.used[i] = slices.Insert(list, at, use{extra: extra, mask: m, by: []actor{by}})
		return true
	}
	u := &list[at]
	more := m &^ u.mask
	if more == 0 {
		return false
	}
	u.mask |= more
	by.mask = more
	u.by = append(u.by, by)
	return true
}

// openReach lets a flood pass through the releases that were chosen for open names.
type openReach struct {
	env  func(group int32, e int) *openEnv // what was chosen in an environment
	seen map[[2]int32]uint64               // by group and name, the environments followed so far
}

// openName follows the requirements of the release that was chosen for an open name.
func (f *flooded) openName(g *group, r *require, m uint64) {
	group := f.s.groupAt[g.number]
	key := [2]int32{group, r.name}
	m &^= f.open.seen[key]
	f.open.seen[key] |= m
	for ; m != 0; m &= m - 1 {
		env := f.open.env(group, lowest(m))
		if env == nil {
			continue
		}
		p := env.pick(r.name)
		if p == nil {
			continue
		}
		bit := m & -m
		for _, q := range p.rel.reqs {
			if p.counts(f.s, q, bit) {
				f.reach(g, q, bit, actor{node: -1})
			}
		}
	}
}
