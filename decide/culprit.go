package decide

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file separates what was proven to break tests from what requires it. A part of a batch may
// require another part, and cannot be tested without it even if that one is guilty.

// layered splits a part into those that install without the others, required ones first. A part
// whose pins need each other, or whose metadata is not known, is not split.
func (d *hunting) layered(p part) []part {
	keys := slices.Compact(sorted(slices.Clone(p.keys)))
	needs := map[string]map[string]bool{}
	for _, k := range keys {
		if needs[k] = d.required(k, p); needs[k] == nil {
			return []part{p}
		}
	}
	sort.SliceStable(keys, func(i, j int) bool { return len(needs[keys[i]]) < len(needs[keys[j]]) })
	var out []part
	of := map[string]int{} // the part of a key
	for _, k := range keys {
		at := slices.IndexFunc(out, func(o part) bool { return needs[k][o.keys[0]] && needs[o.keys[0]][k] })
		if at < 0 {
			at, out = len(out), append(out, part{})
		}
		out[at].keys, of[k] = append(out[at].keys, k), at
	}
	if len(out) == 1 {
		return []part{p}
	}
	for i := range out {
		out[i].moves = slices.DeleteFunc(slices.Clone(p.moves), func(m plan.Move) bool { return !slices.Contains(out[i].keys, m.Key) })
		out[i].id = nameOf(out[i].moves)
	}
	for i := range out {
		for _, k := range keys {
			if j := of[k]; j != i && needs[out[i].keys[0]][k] && !slices.Contains(out[i].requires, out[j].id) {
				out[i].requires = append(out[i].requires, out[j].id)
			}
		}
	}
	return out
}

// nameOf is the id of a part that makes moves.
func nameOf(moves []plan.Move) string {
	var id []string
	for _, m := range moves {
		id = append(id, m.Key+":"+m.From+":"+m.To)
	}
	return strings.Join(slices.Compact(sorted(id)), "+")
}

// required lists the keys of a part without which one of them does not install, with that key
// itself; nil if that is not known.
func (d *hunting) required(key string, p part) map[string]bool {
	in := map[string]bool{key: true}
	for {
		moves := slices.DeleteFunc(slices.Clone(p.moves), func(m plan.Move) bool { return !in[m.Key] })
		edges := d.solver.Added(d.solved(moves))
		if d.solver.Spent() {
			return nil
		}
		if len(edges) == 0 {
			return in
		}
		before := len(in)
		for _, e := range edges {
			for _, name := range []string{e.From, e.To} {
				if k := pep508.NormalizeName(name); slices.Contains(p.keys, k) {
					in[k] = true
				}
			}
		}
		if len(in) == before {
			return nil // it clashes with something else
		}
	}
}

// withRequired is a part joined with all that it requires.
func (h *hunt) withRequired(id string) part {
	p := h.partOf(id)
	out := part{id: p.id, keys: slices.Clone(p.keys), moves: slices.Clone(p.moves)}
	for left := slices.Clone(p.requires); len(left) > 0; left = left[1:] {
		more := h.partOf(left[0])
		if len(more.keys) == 0 || slices.Contains(out.keys, more.keys[0]) {
			continue
		}
		out.keys, out.moves = append(out.keys, more.keys...), append(out.moves, more.moves...)
		left = append(left, more.requires...)
	}
	return out
}

// culprit is what was proven to break tests, with the wishes that concern it.
type culprit struct {
	to   map[string]string // the version of each key
	own  []*goal           // wishes for it
	need []*goal           // wishes that need it
}

type culprits []*culprit

// culprits are the guilty parts of batches that were taken apart, and the updates that left a batch
// and are open now.
func (d *joiner) culprits() (out culprits) {
	add := func(keys []string, moves []plan.Move) {
		c := &culprit{to: map[string]string{}}
		for _, m := range moves {
			if len(keys) == 0 || slices.Contains(keys, m.Key) {
				c.to[m.Key] = m.To
			}
		}
		out = append(out, c)
	}
	for _, name := range sorted(keysOf(d.hunts)) {
		h := d.hunts[name]
		if !h.answer.Done {
			continue
		}
		for _, g := range h.answer.Guilty {
			add(h.partOf(g.ID).keys, h.partOf(g.ID).moves)
		}
	}
	for _, b := range d.s.Branches {
		mr, open := d.world.open[b.Name]
		if t, ours := b.Ours(d.world.us); open && ours && t.Breaks != nil && slices.Contains(mr.Labels, plan.BreaksLabel) {
			add(t.Breaks.Of, t.Moves)
		}
	}
	return out
}

// has reports whether a wish is for a culprit or needs one, and adds it to that culprit.
func (all culprits) has(d *joiner, g *goal) bool {
	for _, c := range all {
		held := false
		for _, m := range g.result.Moves {
			to, is := c.to[d.slots[m.Pin].p.Key]
			held = held || is && to == m.To.String()
		}
		_, own := c.to[g.key]
		switch {
		case held && own:
			c.own = append(c.own, g)
			return true
		case held:
			c.need = append(c.need, g)
			return true
		}
	}
	return false
}

// apartFor makes the set of a culprit. Wishes that need it wait.
func (d *joiner) apartFor(c *culprit, waiting map[*goal]*set) (sets []*set) {
	var s *set
	if len(c.own) > 0 {
		if s = d.unite(c.own, waiting); s != nil {
			s.culprit = c.keys()
			sets = append(sets, s)
		}
	}
	for _, g := range c.need {
		if s == nil {
			s = d.newSet([]*goal{g}, g.result)
		}
		if d.lacks == nil {
			d.lacks = map[*goal]*culprit{}
		}
		waiting[g], d.lacks[g] = s, c
	}
	return sets
}

func (c *culprit) keys() []string { return slices.Sorted(maps.Keys(c.to)) }

// reason says which release something waits for.
func (c *culprit) reason(d *joiner) plan.Reason {
	first := c.keys()[0]
	return plan.WaitsForCulprit{Package: d.spelled[first], Version: c.to[first]}
}
