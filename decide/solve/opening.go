package solve

import (
	"slices"
	"strings"
)

// opening chooses, for one state and one environment, releases of the names
// without a pin: those that pins require, what these require in turn, and so
// on, such that all of it fits the pins. It backtracks, and jumps back over
// choices that a dead end does not depend on.
type opening struct {
	s     *graph
	st    *state
	group int32
	bit   uint64

	before  *openEnv
	broken  []int32
	only    []int32 // if set, only these are required by pins
	direct  []demand
	vars    map[int32]*openVar
	order   []*openVar
	extras  []pinExtra
	trail   []func()
	pins    []int32 // those that could mend the dead end
	by      cause   // what failed first
	spent   bool    // the question ended before this was known
	missing bool
}

// pinExtra is an extra of a pin that an open name asks for.
type pinExtra struct{ node, extra int32 }

// openVar is one open name.
type openVar struct {
	name    int32
	demands []openDemand
	extras  []int32
	chosen  *pick
	level   int
}

type openDemand struct {
	req *require
	by  cause
	why reason
}

// reason is what a requirement or a dead end depends on: choices, by level,
// and pins, of which one would have to move.
type reason struct {
	levels []int
	pins   []int32
	by     cause // the requirement that failed first, for a dead end
}

// and is both reasons together.
func (r reason) and(q reason) reason {
	if r.by.req == nil {
		r.by = q.by
	}
	return reason{merge(r.levels, q.levels), merge(r.pins, q.pins), r.by}
}

// merge appends what is new, and never writes into what a shares with others.
func merge[T comparable](a, b []T) []T {
	a = slices.Clip(a)
	for _, l := range b {
		if !slices.Contains(a, l) {
			a = append(a, l)
		}
	}
	return a
}

func newOpening(st *state, at place, broken []int32) *opening {
	st.refresh()
	st.s.steps += len(st.s.groups[at.group].open.demands)
	o := &opening{
		s: st.s, st: st, group: at.group, bit: 1 << at.env, before: at.before, broken: broken,
		vars: map[int32]*openVar{},
	}
	for _, d := range st.s.groups[at.group].open.demands {
		if !st.isMoved(d.node) && !slices.Contains(st.grown, d.node) && d.mask&o.bit != 0 {
			o.direct = append(o.direct, d)
		}
	}
	for _, d := range st.newDemands(at.group) {
		if d.mask&o.bit != 0 {
			o.direct = append(o.direct, d)
		}
	}
	return o
}

// roots are the names that pins require and that are not broken, sorted.
func (o *opening) roots() []int32 {
	var out []int32
	for _, d := range o.direct {
		if !slices.Contains(o.broken, d.req.name) && !slices.Contains(out, d.req.name) &&
			(o.only == nil || slices.Contains(o.only, d.req.name)) {
			out = append(out, d.req.name)
		}
	}
	slices.SortFunc(out, func(a, b int32) int { return strings.Compare(o.s.names[a], o.s.names[b]) })
	return out
}

func (o *opening) run() bool {
	for _, name := range o.roots() {
		o.variable(name)
	}
	ok, why := o.dfs()
	if ok {
		o.learn()
	}
	o.pins, o.by = why.pins, why.by
	return ok
}

// learn asks for what was only guessed of the choice that was made.
func (o *opening) learn() {
	for _, v := range o.order {
		if v.chosen == nil || v.chosen.known != Missing {
			continue
		}
		o.missing = true
		if line := o.s.line(v.name); line.known == Missing {
			o.s.need(Need{Key: o.s.names[v.name], Page: true})
		} else {
			o.s.release(v.name, line.versions[o.probeLine(line, v)], true)
		}
	}
}

// variable finds or makes an open name; pins' requirements on it come with it.
func (o *opening) variable(name int32) *openVar {
	if v, ok := o.vars[name]; ok {
		return v
	}
	v := &openVar{name: name}
	o.vars[name] = v
	o.order = append(o.order, v)
	o.s.steps += len(o.direct)
	for _, d := range o.direct {
		if d.req.name != name {
			continue
		}
		extra := o.s.via(d.req, o.st.used[d.node], o.bit)
		why := reason{pins: []int32{d.node}}
		if extra >= 0 {
			why.pins = o.st.actors(d.node, extra, o.bit, why.pins)
		}
		by := cause{node: d.node, name: -1, v: o.st.option(d.node).v, req: d.req, extra: extra}
		v.demands = append(v.demands, openDemand{req: d.req, by: by, why: why})
		v.ask(d.req.asks)
	}
	return v
}

func (v *openVar) ask(extras []int32) (added []int32) {
	for _, x := range extras {
		if !slices.Contains(v.extras, x) {
			v.extras = append(v.extras, x)
			added = append(added, x)
		}
	}
	return added
}

// dfs chooses for the first name that has no release yet. Where it fails it
// returns what the failure depends on.
func (o *opening) dfs() (bool, reason) {
	at := slices.IndexFunc(o.order, func(v *openVar) bool { return v.chosen == nil })
	if at < 0 {
		return true, reason{}
	}
	v := o.order[at]
	v.level = 1
	for _, w := range o.order {
		if w.chosen != nil && w.level >= v.level {
			v.level = w.level + 1
		}
	}
	var failed reason
	for p := range o.releases(v) {
		if o.s.steps += 1 + len(o.order)/8; o.s.over() {
			o.spent = true
			return false, reason{}
		}
		mark, orders := len(o.trail), len(o.order)
		ok, why := o.take(v, &p)
		if ok {
			if ok, why = o.dfs(); ok {
				return true, reason{}
			}
		}
		o.undo(mark, orders)
		v.chosen = nil
		if o.spent {
			return false, reason{}
		}
		o.s.steps += len(why.pins) + len(why.levels)
		if !slices.Contains(why.levels, v.level) {
			return false, why
		}
		failed = failed.and(why)
	}
	for _, d := range v.demands {
		failed = failed.and(d.why)
	}
	if failed.by.req == nil {
		failed.by = v.demands[0].by
	}
	failed.levels = slices.DeleteFunc(slices.Clone(failed.levels), func(l int) bool { return l == v.level })
	return false, failed
}

// take chooses a release and follows what it requires.
func (o *opening) take(v *openVar, p *pick) (bool, reason) {
	v.chosen = p
	for _, r := range p.rel.reqs {
		if !o.s.holdsWith(r, o.bit, v.extras) {
			continue
		}
		why := reason{levels: []int{v.level}}
		if r.base&o.bit == 0 {
			why = v.why()
		}
		by := cause{node: -1, name: v.name, v: p.v, req: r, extra: -1}
		if ok, bad := o.require(r, by, why); !ok {
			return false, bad
		}
	}
	return true, reason{}
}

// why is the choice itself and all that require it.
func (v *openVar) why() reason {
	out := reason{levels: []int{v.level}}
	for _, d := range v.demands {
		out = out.and(d.why)
	}
	return out
}

// require notes that a requirement counts, for a reason.
func (o *opening) require(r *require, by cause, why reason) (bool, reason) {
	o.s.steps += 1 + len(why.levels)/4
	pinned := false
	for _, b := range o.s.groups[o.group].pinned(r.name) {
		if o.s.nodes[b].active&o.bit == 0 {
			continue
		}
		pinned = true
		if !r.loose && !o.s.takes(b, o.st.opt[b], r) && (by.node < 0 || o.st.excused(by.node, b, r)&o.bit == 0) {
			return false, why.and(reason{pins: []int32{b}, by: by})
		}
		if ok, bad := o.askPin(b, r.asks, why); !ok {
			return false, bad
		}
	}
	if pinned || r.loose {
		return true, reason{}
	}
	return o.requireOpen(r, by, why)
}

// askPin follows extras of a pin that nothing else asks for.
func (o *opening) askPin(b int32, extras []int32, why reason) (bool, reason) {
	for _, x := range extras {
		e := pinExtra{b, x}
		counts := slices.ContainsFunc(o.st.used[b], func(u use) bool { return u.extra == x && u.mask&o.bit != 0 })
		if counts || slices.Contains(o.extras, e) {
			continue
		}
		o.extras = append(o.extras, e)
		o.trail = append(o.trail, func() { o.extras = o.extras[:len(o.extras)-1] })
		for _, r := range o.st.release(b).reqs {
			if r.base&o.bit == 0 && o.s.holdsWith(r, o.bit, []int32{x}) {
				by := cause{node: b, name: -1, v: o.st.option(b).v, req: r, extra: x}
				if ok, bad := o.require(r, by, why.and(reason{pins: []int32{b}})); !ok {
					return false, bad
				}
			}
		}
	}
	return true, reason{}
}

func (o *opening) requireOpen(r *require, by cause, why reason) (bool, reason) {
	w := o.variable(r.name)
	n, asked := len(w.demands), w.extras
	w.demands = append(w.demands, openDemand{req: r, by: by, why: why})
	w.extras = slices.Clone(asked)
	added := w.ask(r.asks)
	o.trail = append(o.trail, func() { w.demands, w.extras = w.demands[:n], asked })
	if w.chosen == nil {
		return true, reason{}
	}
	if !w.chosen.v.IsZero() && !r.spec.Contains(w.chosen.v) {
		return false, w.why().and(why).and(reason{by: by})
	}
	for _, q := range w.chosen.rel.reqs {
		if len(added) > 0 && !o.s.holdsWith(q, o.bit, asked) && o.s.holdsWith(q, o.bit, w.extras) {
			from := cause{node: -1, name: w.name, v: w.chosen.v, req: q, extra: -1}
			if ok, bad := o.require(q, from, w.why()); !ok {
				return false, bad
			}
		}
	}
	return true, reason{}
}

func (o *opening) undo(mark, orders int) {
	for len(o.trail) > mark {
		o.trail[len(o.trail)-1]()
		o.trail = o.trail[:len(o.trail)-1]
	}
	for len(o.order) > orders {
		delete(o.vars, o.order[len(o.order)-1].name)
		o.order = o.order[:len(o.order)-1]
	}
}

// result writes down what was chosen.
func (o *opening) result(e *openEnv) {
	e.extras = len(o.extras) > 0
	for _, v := range o.order {
		if v.chosen == nil {
			continue
		}
		p := *v.chosen
		p.used = v.extras
		e.picks = append(e.picks, p)
		if p.known == NotChecked {
			e.unread = append(e.unread, o.s.names[p.name])
		}
	}
}

// clash is the dead end, with all nodes that could mend it.
func (o *opening) clash() *conflict {
	return &conflict{
		from: o.by.node, to: -1, req: o.by.req, mask: o.bit, extra: o.by.extra, open: o.by, group: o.group, nodes: o.pins,
	}
}
