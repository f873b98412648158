package solve

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file saves questions about long trains of releases, such as daily ones.
// The bounds that a package sets on another only ever rise from release to
// release: what a release asks for at least, the newer ones ask for too, and
// what it allows at most, the older ones do not exceed. So of a release that
// nobody has read the search may assume the lower bounds of the nearest older
// one that is known and the upper bounds of the nearest newer one. If even that
// does not fit, the release need not be read; if it does, it is read, or rather
// one that halves those left. What is offered in the end was always read.

// short is how many candidates a pin may have for each to be read, if need be.
const short = 8

// train is a pin's options by version, with the nearest known ones.
type train struct {
	order []int32 // options, oldest first
	older []int32 // of each option, the nearest known one, -1 for none
	newer []int32
}

// trainOf returns the train of a node; nil where it is short.
func (s *graph) trainOf(i int32) *train {
	n := &s.nodes[i]
	s.trail.visit(n.name)
	if n.train != nil || len(n.options)-1 <= short {
		return n.train
	}
	t := &train{}
	for o := range n.options {
		if !n.options[o].stray {
			t.order = append(t.order, int32(o))
		}
	}
	if len(t.order)-1 <= short {
		return nil
	}
	t.older, t.newer = make([]int32, len(n.options)), make([]int32, len(n.options))
	for o := range n.options {
		t.older[o], t.newer[o] = -1, -1
	}
	slices.SortStableFunc(t.order, func(a, b int32) int { return n.options[a].v.Compare(n.options[b].v) })
	last := int32(-1)
	for _, o := range t.order {
		t.older[o] = last
		if s.look(i, o).known == Known {
			last = o
		}
	}
	last = -1
	for _, o := range slices.Backward(t.order) {
		t.newer[o] = last
		if n.options[o].known == Known {
			last = o
		}
	}
	n.train = t
	return t
}

// assumed is what an option requires at least that is not known.
func (s *graph) assumed(i, o int32) *release {
	t := s.trainOf(i)
	if t == nil || int(o) >= len(t.older) || t.older[o] < 0 && t.newer[o] < 0 {
		return nothing
	}
	var older, newer *release
	if k := t.older[o]; k >= 0 {
		older = s.nodes[i].options[k].rel
	}
	if k := t.newer[o]; k >= 0 {
		newer = s.nodes[i].options[k].rel
	}
	if older == nil || newer == nil {
		return nothing // one side alone says nothing of what was dropped
	}
	return s.blend(older, newer)
}

// blend makes what every release between two requires at least.
func (s *clauses) blend(older, newer *release) *release {
	key := [2]*release{older, newer}
	if r, ok := s.blends[key]; ok {
		return r
	}
	out := &release{}
	s.blends[key] = out
	for _, a := range older.reqs {
		if a.loose || a.base == 0 {
			continue
		}
		at := slices.IndexFunc(newer.reqs, func(b *require) bool { return b.name == a.name && b.base&a.base != 0 && !b.loose })
		if at < 0 {
			continue
		}
		b := newer.reqs[at]
		var text strings.Builder
		for _, below := range []bool{true, false} {
			low, high := bounds(a.spec, below), bounds(b.spec, below)
			switch {
			case low == "" || high == "": // it came or went in between
			case below:
				text.WriteString(low)
			default:
				text.WriteString("," + high)
			}
		}
		spec, err := pep440.ParseSpecifiers(text.String())
		if err != nil || spec.IsEmpty() {
			continue
		}
		out.reqs = append(out.reqs, &require{name: a.name, spec: spec, base: a.base & b.base, text: s.names[a.name] + spec.String()})
	}
	return out
}

// bounds keeps the clauses of a set that bound it from below, or from above.
func bounds(spec pep440.Specifiers, below bool) string {
	var out strings.Builder
	for _, c := range spec.Clauses() {
		v, wild := c.Bound()
		switch c.Op {
		case pep440.OpGreaterEqual, pep440.OpGreater:
			if below {
				out.WriteString("," + c.String())
			}
		case pep440.OpLessEqual, pep440.OpLess:
			if !below {
				out.WriteString("," + c.String())
			}
		case pep440.OpEqual, pep440.OpArbitrary, pep440.OpCompatible:
			if v.IsZero() {
				continue
			}
			if below {
				out.WriteString(",>=" + v.Public())
			} else if c.Op != pep440.OpCompatible && !wild {
				out.WriteString(",<=" + v.Public())
			}
		case pep440.OpNotEqual: // bounds nothing
		}
	}
	return out.String()
}

// ask notes which release should be read so that an option of a list can be
// judged. The list is in order of preference, and at is where the option
// stands in it.
func (x *ground) ask(i int32, list []int32, at int) {
	s := x.s
	n := &s.nodes[i]
	wanted := list[at]
	if at > 0 && s.trainOf(i) != nil {
		end := at + 1
		for end < len(list) && s.look(i, list[end]).known == Missing && n.options[list[end]].v.Compare(n.options[list[end-1]].v) < 0 {
			end++
		}
		if gap := list[at:end]; len(gap) > 2 {
			wanted = x.probe(i, gap, end < len(list))
		}
	}
	s.release(n.name, n.options[wanted].v, true)
}

// probe picks from options that nobody has read, newest first, the one to read.
// That is the one of the same version as another member of the set, else the
// oldest, where nothing older is known to fit so far, else the one that halves.
func (x *ground) probe(i int32, gap []int32, known bool) int32 {
	n := &x.s.nodes[i]
	for _, q := range x.st.moved {
		if q == i {
			continue
		}
		v := x.st.option(q).v
		for _, o := range gap {
			if n.options[o].v.Equal(v) {
				return o
			}
		}
	}
	if !known {
		return gap[len(gap)-1]
	}
	return gap[len(gap)/2]
}
