package solve

import (
	"cmp"
	"encoding/binary"
	"slices"

	"gitlab.com/cki-project/pinwheel/pypi/pep440"
)

// search looks for releases of undecided variables under which nothing is
// refused: it takes a refused requirement, lets one of its ends go elsewhere,
// and so on, depth first, with a bound on how many pins move. Names without a
// pin go anywhere at no cost.
type search struct {
	s       *Solver
	o       Options
	st      *state
	pending []Goal // goals that may take any of their versions
	nodes   int
	budget  int
	dead    map[string]failed
	trail   []Edge // the refusals taken up on the way here
	why     []Edge // the trail to the first dead end
	cut     bool   // the bound on moves kept something from being tried
	spent   bool
	lacking bool
	unread  []string
}

// failed is what a memo of dead assignments knows: the bound under which one
// failed, and whether that was for the bound alone.
type failed struct {
	moves int
	cut   bool
}

func (s *Solver) newSearch(o Options, st *state) *search {
	x := &search{s: s, o: o, st: st, dead: map[string]failed{}, budget: o.Nodes}
	if x.budget == 0 {
		x.budget = 4_000
		if len(s.vars) <= 24 {
			x.budget = 400_000
		}
	}
	return x
}

// outcome of a step.
type outcome int

const (
	found outcome = iota
	fail
	abort // facts are lacking, or the budget is spent
)

// dfs decides until nothing is refused, with at most moves more pins.
func (x *search) dfs(moves int) outcome {
	x.nodes++
	if x.nodes > x.budget {
		x.spent = true
		return abort
	}
	refused := x.s.refused(x.st, x.st.order, false)
	if len(refused) == 0 {
		return x.settle(moves)
	}
	id := x.memo()
	if known, ok := x.dead[id]; ok && known.moves >= moves {
		x.cut = x.cut || known.cut
		return fail
	}
	outer := x.cut
	x.cut = false
	got := x.mend(refused, moves)
	if got == fail {
		x.dead[id] = failed{moves, x.cut}
	}
	x.cut = x.cut || outer
	return got
}

// settle is reached when nothing is refused: the goals that are still open are
// decided.
func (x *search) settle(moves int) outcome {
	for _, g := range x.pending {
		if x.st.decided[g.Pin] {
			continue
		}
		if !x.s.vars[g.Pin].free {
			if moves--; moves < 0 {
				x.cut = true
				return fail
			}
		}
		return x.branch(g.Pin, g.To, moves)
	}
	return found
}

// mend takes up the refusal that leaves the least choice.
func (x *search) mend(refused []refusal, moves int) outcome {
	best, bestChoice := -1, 0
	forced := map[int]bool{}
	for n, r := range refused {
		from, to := x.open(r.from), x.open(r.to)
		choice := 0
		if to {
			choice += x.choices(r.to)
		}
		if from {
			choice += x.choices(r.from)
		}
		if from != to {
			end := r.to
			if from {
				end = r.from
			}
			if !x.s.vars[end].free {
				forced[end] = true
			}
		}
		if best < 0 || choice < bestChoice {
			best, bestChoice = n, choice
		}
	}
	r := refused[best]
	x.trail = append(x.trail, x.s.edge(x.st, r))
	defer func() { x.trail = x.trail[:len(x.trail)-1] }()
	if bestChoice == 0 {
		x.deadEnd()
		return fail
	}
	if len(forced) > moves {
		x.cut = true
		return fail
	}
	for _, end := range []int{r.to, r.from} {
		if !x.open(end) {
			continue
		}
		left := moves
		if !x.s.vars[end].free {
			if left--; left < 0 {
				x.cut = true
				continue
			}
		}
		options := x.options(end, r)
		if x.lacking {
			return abort
		}
		if got := x.branch(end, options, left); got != fail {
			return got
		}
	}
	x.deadEnd()
	return fail
}

func (x *search) deadEnd() {
	if x.why == nil {
		x.why = slices.Clone(x.trail)
	}
}

// branch tries each version for a variable.
func (x *search) branch(i int, to []Candidate, moves int) outcome {
	for _, c := range to {
		r := x.s.release(x.s.vars[i].Key, c.Version)
		switch r.load(x.s) {
		case Missing:
			x.s.need(Need{Key: r.key, Version: c.Version})
			x.lacking = true
			return abort
		case NotChecked:
			x.unread = append(x.unread, r.key)
			continue
		case Unknown:
			if !x.s.f.Unverified {
				continue
			}
		case Known, Absent:
		}
		x.st.assign(x.s, i, r)
		got := x.dfs(moves)
		if got == found || got == abort {
			return got
		}
		x.st.undo(x.s)
	}
	return fail
}

// open reports whether a variable may still be decided.
func (x *search) open(i int) bool {
	if i < 0 || x.st.decided[i] {
		return false
	}
	v := &x.s.vars[i]
	return v.free || (!v.Fixed && x.choices(i) > 0)
}

// choices bounds how many versions a variable may take.
func (x *search) choices(i int) int {
	if x.s.vars[i].free {
		return 1000 // it costs nothing, but anything may follow
	}
	if g := x.goal(i); g != nil {
		return len(g.To)
	}
	n := 0
	for _, c := range x.s.vars[i].Up {
		if x.allowed(c) {
			n++
		}
	}
	return n
}

func (x *search) goal(i int) *Goal {
	for n := range x.pending {
		if x.pending[n].Pin == i {
			return &x.pending[n]
		}
	}
	return nil
}

func (x *search) allowed(c Candidate) bool {
	return !c.Down && !(x.o.NoMajor && c.Major) && !(x.o.NoYoung && c.Young)
}

// options are the versions of an undecided end that may mend a refusal, in the
// order in which they are tried.
func (x *search) options(i int, r refusal) []Candidate {
	v := &x.s.vars[i]
	var all []Candidate
	switch {
	case v.free:
		versions, know := x.s.f.Releases(v.Key)
		switch know {
		case Missing:
			x.s.need(Need{Key: v.Key, Page: true})
			x.lacking = true
		case NotChecked:
			x.unread = append(x.unread, v.Key)
		case Known, Unknown, Absent:
		}
		for _, version := range versions {
			all = append(all, Candidate{Version: version})
		}
	case x.goal(i) != nil:
		all = x.goal(i).To
	default:
		for _, major := range []bool{false, true} {
			for _, c := range v.Up {
				if c.Major == major && x.allowed(c) {
					all = append(all, c)
				}
			}
		}
	}
	all = x.admitted(i, all)
	if i == r.from {
		return x.accepting(i, all, r)
	}
	return x.shorten(all, r.from)
}

// admitted keeps the versions that no decided variable and no root refuses.
func (x *search) admitted(i int, all []Candidate) []Candidate {
	v := &x.s.vars[i]
	k := groupKey{v.Group, v.Key}
	var specs []pep440.Specifiers
	for _, j := range x.st.order {
		o := &x.s.vars[j]
		if r := x.st.cur[j]; r != nil && o.Group == v.Group && !x.s.broken[edgeKey{j, i}] {
			used := x.st.used[groupKey{o.Group, o.Key}]
			for n := range r.reqs {
				if q := &r.reqs[n]; q.key == k.key && !q.url && q.mask.in(used)&o.Active&v.Active != 0 {
					specs = append(specs, q.spec)
				}
			}
		}
	}
	for n, r := range x.s.roots {
		if g := x.s.f.Roots[n].Group; g >= 0 && g != v.Group || x.s.broken[edgeKey{-1 - n, i}] {
			continue
		}
		for m := range r.reqs {
			if q := &r.reqs[m]; q.key == k.key && !q.url && q.mask.plain&v.Active != 0 {
				specs = append(specs, q.spec)
			}
		}
	}
	var out []Candidate
	for _, c := range all {
		if !slices.ContainsFunc(specs, func(s pep440.Specifiers) bool { return !s.Contains(c.Version) }) {
			out = append(out, c)
		}
	}
	return out
}

// long is the number of versions from which on a package is a train: not every
// one of them is looked at.
const long = 16

// shorten keeps of a train what matters: the version of the other end, since
// trains that run together carry one number, and the newest few.
func (x *search) shorten(all []Candidate, other int) []Candidate {
	if len(all) <= long {
		return all
	}
	out := slices.Clone(all[:6])
	if other >= 0 && x.st.cur[other] != nil {
		at := slices.IndexFunc(all, func(c Candidate) bool { return c.Version.Equal(x.st.cur[other].version) })
		if at >= len(out) {
			out = slices.Insert(out, 0, all[at])
		}
	}
	return append(out, all[len(all)-1])
}

// accepting are the versions of a requirer that accept the decided end of r. A
// train's bounds rise with its versions, so they are found by bisection, which
// reads the metadata of few; the last of them is verified by the search.
func (x *search) accepting(i int, all []Candidate, r refusal) []Candidate {
	if len(all) <= long {
		return all
	}
	end := x.st.cur[r.to]
	if end == nil {
		return x.shorten(all, r.to)
	}
	var out []Candidate
	if at := slices.IndexFunc(all, func(c Candidate) bool { return c.Version.Equal(end.version) }); at >= 0 {
		out = append(out, all[at])
	}
	// all is newest first: [0, n) want something newer than end.
	n, found := slices.BinarySearchFunc(all, end, func(c Candidate, end *release) int {
		switch x.bound(i, c, r.req.key, end.version) {
		case 1:
			return -1
		default:
			return 1
		}
	})
	_ = found
	for ; n < len(all) && len(out) < 4; n++ {
		if x.bound(i, all[n], r.req.key, end.version) != 0 {
			break
		}
		if !slices.ContainsFunc(out, func(c Candidate) bool { return c.Version.Equal(all[n].Version) }) {
			out = append(out, all[n])
		}
	}
	return out
}

// bound says how a version's requirement on key stands to a version of that:
// 0 it accepts it, 1 it wants a newer one, -1 an older one. What it lacks it
// asks for.
func (x *search) bound(i int, c Candidate, key string, at pep440.Version) int {
	r := x.s.release(x.s.vars[i].Key, c.Version)
	switch r.load(x.s) {
	case Missing:
		if !x.lacking {
			x.s.need(Need{Key: r.key, Version: c.Version})
			x.lacking = true
		}
		return 0
	case NotChecked:
		x.unread = append(x.unread, r.key)
	case Known, Unknown, Absent:
	}
	for n := range r.reqs {
		q := &r.reqs[n]
		if q.key != key || q.spec.Contains(at) || q.mask.plain == 0 {
			continue
		}
		for _, clause := range q.spec.Clauses() {
			if b, _ := clause.Bound(); !clause.Contains(at) && b.Compare(at) > 0 {
				return 1
			}
		}
		return -1
	}
	return 0
}

// memo names the decisions so far.
func (x *search) memo() string {
	order := slices.Clone(x.st.order)
	slices.SortFunc(order, cmp.Compare)
	var b []byte
	for _, i := range order {
		b = binary.AppendUvarint(b, uint64(i))
		b = append(b, x.st.cur[i].version.String()...)
		b = append(b, 0)
	}
	return string(b)
}
