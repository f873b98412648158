package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// An index may hide something for one run, perhaps by mistake. This file makes ticks wait for
// a run that sees it again, and keeps open merge requests as they are.

// offered reports whether an open merge request of ours holds a version of a package. Then the
// release was judged when the index still gave its files.
func (d *scene) offered(key string, v pep440.Version) bool {
	for _, mr := range d.world.open {
		if slices.ContainsFunc(mr.Note.Moves, func(m plan.Move) bool {
			to, err := pep440.Parse(m.To)
			return m.Key == key && err == nil && to.Equal(v)
		}) {
			return true
		}
	}
	return false
}

// hidden reports whether the index shows less of a package than before: it has no page, or a
// release lacks its files.
func (d *scene) hidden(key string) bool {
	if pkg, ok := d.s.Packages[key]; ok && (pkg.Withheld != "" || pkg.HasFacts && !pkg.Known) {
		return true
	}
	for _, m := range d.s.Metadata[key] {
		if m.Status == plan.MetadataWithheld {
			return true
		}
	}
	return false
}

// doubted reports whether an update may be different if nothing were hidden of its packages, or of
// those in its way: it is held back, or moves less far than it could.
func (d *searcher) doubted(dr *offer) bool {
	if len(dr.Moves) == 0 {
		return false
	}
	keys := map[string]bool{}
	for _, m := range dr.Moves {
		keys[m.Key] = true
	}
	edges := func(list []solve.Edge) {
		for _, e := range list {
			keys[e.From], keys[e.To] = true, true
		}
	}
	for _, g := range d.wishes {
		if !dr.takes(g.key) {
			continue
		}
		edges(g.result.Why)
		for _, low := range g.result.Lowered {
			edges(low.Why)
		}
	}
	for key := range keys {
		if d.hidden(key) {
			return true
		}
	}
	return false
}

// waits reports whether a tick waits for a run in which nothing of its update is hidden. A tick on
// the update as it is now does not wait, since it asks for just that.
func (d *searcher) waits(t plan.Tick, dr *draft) bool {
	if dr.State == plan.Open || dr.State == plan.Edited || dr.held == "" && d.s.Asked[t.ID] == dr.Title {
		return false
	}
	return d.doubted(&dr.offer)
}
