package decide

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file compares what a branch holds with what the default branch pins and what the index
// offers.

// every reports whether something holds of all elements of a list, as it does of none.
func every[T any](list []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(list, func(one T) bool { return !holds(one) })
}

// hasStep reports whether some moves take a package to the version to which m takes it.
func hasStep(moves []plan.Move, m plan.Move) bool {
	return slices.ContainsFunc(moves, func(o plan.Move) bool { return o.Key == m.Key && o.To == m.To })
}

// heldPins lists the pins at the end of the steps of a branch.
func heldPins(moves []plan.Move) []string {
	parts := make([]string, len(moves))
	for i, m := range moves {
		parts[i] = m.Key + " " + m.To
	}
	return parts
}

// reached reports whether the default branch made a step without us: no slot is at its beginning,
// and one is at its end or beyond.
func (d *pins) reached(m plan.Move) bool {
	from, err1 := pep440.Parse(m.From)
	to, err2 := pep440.Parse(m.To)
	if err1 != nil || err2 != nil {
		return false
	}
	beyond := false
	for _, v := range d.versions(m.Key) {
		if v.Equal(from) {
			return false
		}
		beyond = beyond || v.Compare(to) >= 0
	}
	return beyond
}

// wentBack reports whether the default branch pins the name below the end of a step that was
// merged.
func (d *pins) wentBack(m plan.Move) bool {
	to, err := pep440.Parse(m.To)
	vs := d.versions(m.Key)
	return err == nil && len(vs) > 0 && !slices.ContainsFunc(vs, func(v pep440.Version) bool { return v.Compare(to) >= 0 })
}

func (d *pins) versions(key string) []pep440.Version {
	var out []pep440.Version
	for _, f := range d.files {
		for _, i := range f.Parsed.Slots(key) {
			out = append(out, f.Parsed.Pins[i].Version)
		}
	}
	return out
}

func (d *pins) pinned(key string) bool { return len(d.versions(key)) > 0 }

func (d *scene) fresh(moves []plan.Move) bool {
	return !slices.ContainsFunc(moves, func(m plan.Move) bool {
		p, ok := d.s.Packages[m.Key]
		return !ok || !p.HasFacts || p.Failure != ""
	})
}

// gone says why a version that a branch holds is not offered any more: its index yanked or removed
// it, a rule forbids it, or it is another build than the pins ask for. It is nil if none is gone. A
// project that is quarantined or unknown has no releases, perhaps only for a while, so that nothing
// follows for a single one.
func (d *facts) gone(held []plan.Move) plan.Reason {
	if !d.fresh(held) {
		return nil
	}
	for _, m := range held {
		pkg := d.s.Packages[m.Key]
		to, err := pep440.Parse(m.To)
		if err != nil || !pkg.Known || pkg.Status == "quarantined" {
			continue
		}
		if reason := d.unfitKindFor(m.Key, to); reason != nil {
			return plan.Gone{Package: m.Key, Version: m.To, Why: plan.Inner[plan.ReleaseReason]{R: reason}}
		}
		if reason := d.ruledOut(m.Key, to); reason != nil {
			return plan.Gone{Package: m.Key, Version: m.To, Why: plan.Inner[plan.ReleaseReason]{R: reason}}
		}
		i := slices.IndexFunc(pkg.Releases, func(r plan.Release) bool { return r.Version.Equal(to) })
		if i < 0 {
			return plan.GoneFromIndex{Package: m.Key, Version: m.To, Index: plan.SpokenIndex(pkg.Index)}
		}
		files := pkg.Releases[i].Files
		if len(files) > 0 && every(files, func(f plan.DistFile) bool { return f.Yanked }) {
			return plan.GoneYanked{Package: m.Key, Version: m.To, Says: shortened(files[0].YankedReason)}
		}
	}
	return nil
}

// ahead reports whether some wanted step ends above the held one, or moves a package that is not
// held.
func ahead(want, held []plan.Move) bool {
	at := map[string]pep440.Version{}
	for _, m := range held {
		if v, err := pep440.Parse(m.To); err == nil && (at[m.Key].IsZero() || v.Compare(at[m.Key]) > 0) {
			at[m.Key] = v
		}
	}
	return slices.ContainsFunc(want, func(m plan.Move) bool {
		v, err := pep440.Parse(m.To)
		return err == nil && (at[m.Key].IsZero() || v.Compare(at[m.Key]) > 0)
	})
}

// heldMoves are the moves that a branch holds, as steps of the present pins: one for each slot at
// the beginning of a step, and for each slot that the draft moves and that is below the end of a
// step.
func (d *holding) heldMoves(dr *standing) []plan.Move {
	var out []plan.Move
	taken := map[int]bool{}
	for _, exact := range []bool{true, false} {
		for _, h := range dr.trailer.Moves {
			to, err := pep440.Parse(h.To)
			for _, i := range d.slotsOf(h.Key) {
				if err == nil && !taken[i] && d.holds(dr, h, i, exact) {
					taken[i] = true
					out = append(out, d.moveTo(i, to))
				}
			}
		}
	}
	lead := slices.IndexFunc(out, func(m plan.Move) bool { return strings.EqualFold(m.Name, dr.Name) })
	if lead > 0 {
		first := out[lead]
		out = slices.Insert(slices.Delete(out, lead, lead+1), 0, first)
	}
	return out
}

// holds reports whether a step that a branch holds is one of a slot. With exact the slot must be at
// the beginning of the step.
func (d *holding) holds(dr *standing, h plan.Move, i int, exact bool) bool {
	to, err1 := pep440.Parse(h.To)
	from, err2 := pep440.Parse(h.From)
	if err1 != nil || err2 != nil {
		return false
	}
	at, mine := d.slots[i].p.Version, slices.Contains(dr.slots, i)
	if !exact {
		return at.Compare(to) < 0 && (mine || len(d.slotsOf(h.Key)) == 1)
	}
	return at.Equal(from) && (mine || len(dr.slots) == 0 || !slices.ContainsFunc(dr.want, func(m plan.Move) bool { return m.Key == h.Key }))
}

// heldLines are the lines that a branch adds and removes. Its commit does not say why, nor has it
// hashes; these come from what is offered now.
func (d *holding) heldLines(dr *standing) []plan.LineChange {
	var out []plan.LineChange
	for _, l := range dr.trailer.Lines {
		for _, w := range dr.wantLines {
			if w.Key == l.Key && w.File == l.File && w.Removed == l.Removed {
				l.By = w.By // if the branch shows that it is true, see Update.True
			}
		}
		i := slices.IndexFunc(d.files, func(f plan.ParsedFile) bool { return f.Path == l.File })
		v, err := pep440.Parse(l.Version)
		if !l.Removed && i >= 0 && err == nil && d.hashed(i) {
			if r := d.s.Packages[l.Key].Release(v); r != nil {
				l.SHA256 = hashes(r)
			}
		}
		out = append(out, l)
	}
	return out
}

// heldAlong are the names that come along with what a branch holds, if they would come along today,
// too.
func (d *holding) heldAlong(dr *standing) []plan.LineChange {
	if plan.MovesText(dr.Update.Moves) == plan.MovesText(dr.want) {
		return dr.wantAlong
	}
	return nil
}

// slotsOf lists the slots of a package in their order. The caller must not change the list.
func (d *pins) slotsOf(key string) []int {
	if d.ofKey == nil {
		d.ofKey = map[string][]int{}
		for i, sl := range d.slots {
			d.ofKey[sl.p.Key] = append(d.ofKey[sl.p.Key], i)
		}
	}
	return d.ofKey[key]
}

// slotOf is the slot of a move, -1 if it has none.
func (d *pins) slotOf(m plan.Move) int {
	for _, i := range d.slotsOf(m.Key) {
		if sl := d.slots[i]; sl.path == m.File && sl.pin == m.Pin {
			return i
		}
	}
	return -1
}

// moveTo is a slot's step to a version, whether or not the slot may take that.
func (d *facts) moveTo(i int, to pep440.Version) plan.Move {
	sl := d.slots[i]
	for _, l := range d.outcomes[i].lines {
		if st := l.step(sl, to); st != nil {
			return d.move(sl, *st)
		}
	}
	return d.move(sl, step{to: &plan.Release{Version: to}, kind: kindOf(sl.p.Version, to)})
}

// takes reports whether the draft moves a package.
func (dr *offer) takes(key string) bool {
	return slices.ContainsFunc(dr.Moves, func(m plan.Move) bool { return m.Key == key })
}
