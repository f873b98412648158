package plan

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/pypi/pep440"
)

// This file compares what a branch holds with what main pins and what the
// index offers.

func heldText(moves []Move) string {
	parts := make([]string, len(moves))
	for i, m := range moves {
		parts[i] = m.Key + " " + m.To
	}
	return strings.Join(parts, ", ") + " or newer"
}

// reached reports whether main made the step without us: no slot is where the
// step began and one is at its end or beyond.
func (d *decider) reached(m Move) bool {
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

// wentBack reports whether main pins the name below the step's end, though it
// was merged.
func (d *decider) wentBack(m Move) bool {
	to, err := pep440.Parse(m.To)
	vs := d.versions(m.Key)
	return err == nil && len(vs) > 0 && !slices.ContainsFunc(vs, func(v pep440.Version) bool { return v.Compare(to) >= 0 })
}

func (d *decider) versions(key string) []pep440.Version {
	var out []pep440.Version
	for _, f := range d.files {
		for _, i := range f.parsed.Slots(key) {
			out = append(out, f.parsed.Pins[i].Version)
		}
	}
	return out
}

func (d *decider) pinned(key string) bool { return len(d.versions(key)) > 0 }

func (d *decider) fresh(moves []Move) bool {
	return !slices.ContainsFunc(moves, func(m Move) bool {
		p, ok := d.s.Packages[m.Key]
		return !ok || !p.HasFacts || p.Failure != ""
	})
}

// gone names a held version that its index took back: yanked, or not there. A
// project that is quarantined or unknown shows no release at all, for a while
// perhaps: that says nothing of one.
func (d *decider) gone(held []Move) string {
	if !d.fresh(held) {
		return ""
	}
	for _, m := range held {
		pkg := d.s.Packages[m.Key]
		to, err := pep440.Parse(m.To)
		if err != nil || !pkg.Known || pkg.Status == "quarantined" {
			continue
		}
		i := slices.IndexFunc(pkg.Releases, func(r Release) bool { return r.Version.Equal(to) })
		if i < 0 {
			return fmt.Sprintf("%s %s is no longer on index %s", m.Key, m.To, pkg.Index)
		}
		files := pkg.Releases[i].Files
		if len(files) > 0 && !slices.ContainsFunc(files, func(f DistFile) bool { return !f.Yanked }) {
			return fmt.Sprintf("%s %s was yanked%s", m.Key, m.To, because(files[0].YankedReason))
		}
	}
	return ""
}

// ahead reports whether any wanted step ends above the one that is held, or
// moves a name that is not held.
func ahead(want, held []Move) bool {
	at := map[string]pep440.Version{}
	for _, m := range held {
		if v, err := pep440.Parse(m.To); err == nil && (at[m.Key].IsZero() || v.Compare(at[m.Key]) > 0) {
			at[m.Key] = v
		}
	}
	return slices.ContainsFunc(want, func(m Move) bool {
		v, err := pep440.Parse(m.To)
		return err == nil && (at[m.Key].IsZero() || v.Compare(at[m.Key]) > 0)
	})
}

// heldMoves are the moves of the update at the versions its branch holds.
func (d *decider) heldMoves(dr *draft) []Move {
	to := map[string]string{}
	for _, h := range dr.trailer.Moves {
		to[h.Key+":"+h.From] = h.To
		if _, ok := to[h.Key]; !ok {
			to[h.Key] = h.To
		}
	}
	var out []Move
	for i, m := range dr.want {
		v, ok := to[m.Key+":"+m.From]
		if !ok {
			v, ok = to[m.Key]
		}
		if !ok {
			continue
		}
		if v != m.To {
			m = d.retarget(m, dr.slots[i], v)
		}
		out = append(out, m)
	}
	return out
}

// retarget points a move at another version of the same package.
func (d *decider) retarget(m Move, slotIndex int, version string) Move {
	sl := d.slots[slotIndex]
	to, err := pep440.Parse(version)
	if err != nil {
		return m
	}
	st := step{to: &Release{Version: to}, kind: m.Kind}
	for i, r := range d.s.Packages[m.Key].Releases {
		if r.Version.Equal(to) {
			st.to = &d.s.Packages[m.Key].Releases[i]
			st.released = earliest(st.to.Files)
		}
	}
	if m.Kind != Calendar {
		st.kind = kindOf(sl.p.Version, to)
	}
	return d.move(slotIndex, sl, st)
}
