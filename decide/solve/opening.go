package solve

import (
	"cmp"
	"slices"
	"strings"
)

// opening chooses releases of the open names, for one state and one environment: of
// the names that pins require, of those that these releases require, and so on, so
// that all of them fit the pins. It backtracks, and skips choices on which a dead end
// does not depend.
type opening struct {
	s     *graph
	st    *state
	group int32
	bit   uint64

	before  *openEnv
	broken  []int32
	only    []int32    // if not nil, other names that pins require are left out
	direct  []demand   // by name, and of one name in the order in which pins are
	order   []*openVar // those that have a release come first, in the order of their levels
	extras  []pinExtra
	undos   []undo
	pins    []int32 // nodes of which one must move to end the dead end
	by      cause   // the requirement that failed first
	spent   bool    // the question ended before the answer was known
	missing bool    // some list or metadata was not fetched yet
}

// pinExtra is an extra of a pin that an open name asks for.
type pinExtra struct{ node, extra int32 }

// openVar is one open name.
type openVar struct {
	name    int32
	demands []openDemand
	extras  []int32
	chosen  *pick // nil, or held
	held    pick
	level   int
}

type openDemand struct {
	req *require
	by  cause
	why reason
}

// undo is what a choice added: a requirement of v, which had so many demands and these extras
// before, or an extra of a pin if v is nil.
type undo struct {
	v       *openVar
	demands int
	extras  []int32
}

// reason is what a requirement or a dead end depends on: the levels of choices, and
// pins, of which one must move to change it.
type reason struct {
	levels []int
	pins   []int32
	by     cause // the requirement that failed first, for a dead end
}

// and joins two reasons.
func (r reason) and(q reason) reason {
	if r.by.req == nil {
		r.by = q.by
	}
	return reason{merge(r.levels, q.levels), merge(r.pins, q.pins), r.by}
}

// merge appends to a the elements of b that it has not. It never writes into the array
// of a, which others may share.
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
	o := st.s.openings.opening()
	o.s, o.st, o.group, o.bit, o.before, o.broken = st.s, st, at.group, 1<<at.env, at.before, broken
	for _, d := range st.s.groups[at.group].open.byName() {
		if !st.isMoved(d.node) && !slices.Contains(st.grown, d.node) && d.mask&o.bit != 0 {
			o.direct = append(o.direct, d)
		}
	}
	if more := st.newDemands(at.group); len(more) > 0 {
		for _, d := range more {
			if d.mask&o.bit != 0 {
				o.direct = append(o.direct, d)
			}
		}
		slices.SortStableFunc(o.direct, compareDemands)
	}
	return o
}

// roots lists the names that pins require and that are not broken, sorted.
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
	ok, why := o.dfs(0)
	if ok {
		o.needGuesses()
	}
	for _, v := range o.order {
		o.s.openings.at[v.name] = nil
	}
	o.pins, o.by = why.pins, why.by
	return ok
}

// needGuesses adds to the needs the facts that the choice only guessed.
func (o *opening) needGuesses() {
	for _, v := range o.order {
		if v.chosen == nil || v.chosen.known != Missing {
			continue
		}
		o.missing = true
		if line := o.s.listOf(v.name); line.known == Missing {
			o.s.need(Need{Key: o.s.names[v.name], Page: true})
		} else {
			o.s.release(v.name, line.versions[o.entryToRead(line, v)], true)
		}
	}
}

// variable finds an open name, or adds it with the requirements that pins have on it.
func (o *opening) variable(name int32) *openVar {
	spares := &o.s.openings
	if v := spares.find(name); v != nil {
		return v
	}
	v := spares.variable(name)
	o.order = append(o.order, v)
	first, _ := slices.BinarySearchFunc(o.direct, name, func(d demand, name int32) int { return cmp.Compare(d.req.name, name) })
	for _, d := range o.direct[first:] {
		if d.req.name != name {
			break
		}
		o.s.steps++
		extra := o.s.via(d.req, o.st.used[d.node], o.bit)
		why := reason{pins: spares.only(d.node)}
		if extra >= 0 {
			why.pins = o.st.actors(d.node, extra, o.bit, why.pins)
		}
		by := cause{node: d.node, name: -1, v: &o.st.option(d.node).v, req: d.req, extra: extra}
		v.demands = append(v.demands, openDemand{req: d.req, by: by, why: why})
		v.ask(d.req.asks)
	}
	return v
}

// ask adds extras that are asked for, and returns those that are new.
func (v *openVar) ask(extras []int32) (added []int32) {
	for _, x := range extras {
		if !slices.Contains(v.extras, x) {
			v.extras = append(v.extras, x)
			added = append(added, x)
		}
	}
	return added
}

// dfs chooses a release for the first name that has none, which is the one at that place of
// the order, then for the others. If that fails, it returns what the failure depends on.
func (o *opening) dfs(at int) (bool, reason) {
	if at == len(o.order) {
		return true, reason{}
	}
	v := o.order[at]
	v.level = at + 1
	var failed reason
	for p := range o.releases(v) {
		v.held = p
		if o.s.steps += 1 + len(o.order)/8; o.s.mustEnd() {
			o.spent = true
			return false, reason{}
		}
		mark, orders := len(o.undos), len(o.order)
		ok, why := o.take(v, &v.held)
		if ok {
			if ok, why = o.dfs(at + 1); ok {
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

// take chooses a release and adds its requirements. If they cannot be met, it returns
// what that depends on.
func (o *opening) take(v *openVar, p *pick) (bool, reason) {
	v.chosen = p
	alone := reason{levels: o.s.openings.level(v.level)}
	for _, r := range p.rel.reqs {
		if !o.s.countsWith(r, o.bit, v.extras) {
			continue
		}
		why := alone
		if r.base&o.bit == 0 {
			why = o.why(v)
		}
		by := cause{node: -1, name: v.name, v: p.version, req: r, extra: -1}
		if ok, bad := o.require(r, by, why); !ok {
			return false, bad
		}
	}
	return true, reason{}
}

// why is the choice itself, with the reasons of all who require the name.
func (o *opening) why(v *openVar) reason {
	out := reason{levels: o.s.openings.level(v.level)}
	for _, d := range v.demands {
		out = out.and(d.why)
	}
	return out
}

// require adds a requirement that counts for a reason. If it cannot be met, it returns
// what that depends on.
func (o *opening) require(r *require, by cause, why reason) (bool, reason) {
	o.s.steps += 1 + len(why.levels)/4
	pinned := false
	for _, b := range o.s.groups[o.group].pinned(r.name) {
		if o.s.nodes[b].active&o.bit == 0 {
			continue
		}
		pinned = true
		if !r.loose && !o.s.accepts(b, o.st.opt[b], r) && (by.node < 0 || o.st.excused(by.node, b, r)&o.bit == 0) {
			return false, why.and(reason{pins: o.s.openings.only(b), by: by})
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

// askPin adds what a pin requires because of extras that nothing else asks for.
func (o *opening) askPin(b int32, extras []int32, why reason) (bool, reason) {
	for _, x := range extras {
		e := pinExtra{b, x}
		counts := slices.ContainsFunc(o.st.used[b], func(u use) bool { return u.extra == x && u.mask&o.bit != 0 })
		if counts || slices.Contains(o.extras, e) {
			continue
		}
		o.extras = append(o.extras, e)
		o.undos = append(o.undos, undo{})
		for _, r := range o.st.release(b).reqs {
			if r.base&o.bit == 0 && o.s.countsWith(r, o.bit, []int32{x}) {
				by := cause{node: b, name: -1, v: &o.st.option(b).v, req: r, extra: x}
				if ok, bad := o.require(r, by, why.and(reason{pins: o.s.openings.only(b)})); !ok {
					return false, bad
				}
			}
		}
	}
	return true, reason{}
}

// requireOpen is require for a name that no pin has.
func (o *opening) requireOpen(r *require, by cause, why reason) (bool, reason) {
	w := o.variable(r.name)
	asked := w.extras
	o.undos = append(o.undos, undo{w, len(w.demands), asked})
	w.demands = append(w.demands, openDemand{req: r, by: by, why: why})
	w.extras = slices.Clip(asked) // what is asked for before must stay as it is
	added := w.ask(r.asks)
	if w.chosen == nil {
		return true, reason{}
	}
	if !w.chosen.v.IsZero() && !r.spec.Contains(w.chosen.v) {
		return false, o.why(w).and(why).and(reason{by: by})
	}
	for _, q := range w.chosen.rel.reqs {
		if len(added) > 0 && !o.s.countsWith(q, o.bit, asked) && o.s.countsWith(q, o.bit, w.extras) {
			from := cause{node: -1, name: w.name, v: w.chosen.version, req: q, extra: -1}
			if ok, bad := o.require(q, from, o.why(w)); !ok {
				return false, bad
			}
		}
	}
	return true, reason{}
}

// undo takes back all that was added after mark, and the names after the first orders.
func (o *opening) undo(mark, orders int) {
	for len(o.undos) > mark {
		switch u := o.undos[len(o.undos)-1]; u.v {
		case nil:
			o.extras = o.extras[:len(o.extras)-1]
		default:
			u.v.demands, u.v.extras = u.v.demands[:u.demands], u.extras
		}
		o.undos = o.undos[:len(o.undos)-1]
	}
	for len(o.order) > orders {
		v := o.order[len(o.order)-1]
		o.order = o.order[:len(o.order)-1]
		o.s.openings.at[v.name] = nil
		o.s.openings.keep(v)
	}
}

// result fills in the choice.
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

// clash is the dead end, with all nodes of which one must move to end it.
func (o *opening) clash() *conflict {
	return &conflict{
		from: o.by.node, to: -1, req: o.by.req, mask: o.bit, extra: o.by.extra, open: o.by, group: o.group, nodes: o.pins,
	}
}
