package solve

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file saves requests for the metadata of long trains of releases, such as daily
// ones. The bounds that a package sets on another one rise from release to release: a
// newer release asks for at least as much, and an older one permits at most as much. The
// search relies on that. It assumes of an unread release the lower bounds of the nearest
// known older release and the upper bounds of the nearest known newer one. If the
// release does not fit even then, nobody has to read it. If it fits, the release is
// read, or one that halves the unread ones beside it. A version that is offered was
// always read.

// shortList is up to how many candidates of a pin, or releases of an open name, the
// search may read each.
const shortList = 8

// train is the options of a pin by version, each with the nearest known ones.
type train struct {
	order []int32 // options, oldest first
	older []int32 // of each option, the nearest known older one, -1 for none
	newer []int32
}

// trainOf returns the train of a node; nil if it has few options.
func (s *graph) trainOf(i int32) *train {
	n := &s.nodes[i]
	s.trail.visit(n.name)
	if n.train != nil || len(n.options)-1 <= shortList {
		return n.train
	}
	t := &train{}
	for o := range n.options {
		if !n.options[o].stray {
			t.order = append(t.order, int32(o))
		}
	}
	if len(t.order)-1 <= shortList {
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
		if s.load(i, o).known == Known {
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

// assumed is what an option whose requirements are not known requires at least.
func (s *graph) assumed(i, o int32) *release {
	t := s.trainOf(i)
	if t == nil || int(o) >= len(t.older) || t.older[o] < 0 && t.newer[o] < 0 {
		return noRequirements
	}
	var older, newer *release
	if k := t.older[o]; k >= 0 {
		older = s.nodes[i].options[k].rel
	}
	if k := t.newer[o]; k >= 0 {
		newer = s.nodes[i].options[k].rel
	}
	if older == nil || newer == nil {
		return noRequirements // with one side alone a requirement may have come or gone
	}
	return s.blend(older, newer)
}

// blend is what every release between two others requires at least.
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
			case low == "" || high == "": // the bound came or went in between
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

// bounds is the clauses of specifiers that bound a version from below, or from above,
// each after a comma.
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

// ask adds to the needs the release to read so that the option at an index of a list
// can be judged. The list is in order of preference.
func (x *position) ask(i int32, list []int32, at int) {
	s := x.s
	n := &s.nodes[i]
	wanted := list[at]
	if at > 0 && s.trainOf(i) != nil {
		end := at + 1
		for end < len(list) && s.load(i, list[end]).known == Missing && n.options[list[end]].v.Compare(n.options[list[end-1]].v) < 0 {
			end++
		}
		if gap := list[at:end]; len(gap) > 2 {
			wanted = x.optionToRead(i, gap, end < len(list))
		}
	}
	s.release(n.name, n.options[wanted].v, true)
}

// optionToRead chooses which of some unread options, newest first, to read. It is the
// one with the version of another moved node; else the middle one if an older
// option is known, and the oldest if none is.
func (x *position) optionToRead(i int32, gap []int32, known bool) int32 {
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
