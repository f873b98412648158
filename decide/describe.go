package decide

import (
	"fmt"
	"slices"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file fills in what texts say about a set besides its moves, and the lines that it adds and
// removes.

// describe fills in what texts say about a set besides its moves.
func (d *offering) describe(dr *offer, s *set, leader string) {
	d.retell(dr)
	d.leaves(dr)
	d.changedLines(dr, s)
	dr.Labels = append(dr.extraLabels(), d.ruleLabels(dr.Moves)...)
	for _, g := range s.goals {
		if g.key == leader {
			dr.NotTaken = d.notTaken(dr, g)
		}
	}
}

// leaves fills in which pins of an update leave a release that was taken back.
func (d *offering) leaves(dr *offer) {
	for _, i := range dr.slots {
		if why := d.outcomes[i].yanked; why != nil {
			dr.Yanked = append(dr.Yanked, fmt.Sprintf("%s %s is %s", d.slots[i].p.Name, d.slots[i].p.Version, plan.Markdown(why)))
		}
	}
}

// tied lists the requirements because of which moves go together. They are those of a new
// version that refuse the old version of another member, and those of an old version that
// refuse the new one.
func (d *facts) tied(moves []plan.Move) []plan.Claim {
	var out []plan.Claim
	said := map[[2]string]bool{}
	byKey := map[string][]plan.Move{}
	for _, m := range moves {
		byKey[m.Key] = append(byKey[m.Key], m)
	}
	ask := func(m plan.Move, at string, refuses func(plan.Move) string) {
		v, err := pep440.Parse(at)
		if err != nil {
			return
		}
		for _, r := range d.metadataOf(m.Key, v).Requires {
			for _, other := range byKey[r.Key()] {
				pair := [2]string{m.Key, other.Key}
				if other.Key == m.Key || other.File != m.File || said[pair] || !d.mayHoldAnywhere(r.Marker) {
					continue
				}
				if stood, err := pep440.Parse(refuses(other)); err == nil && !r.Specifiers.Contains(stood) {
					said[pair], said[[2]string{other.Key, m.Key}] = true, true
					asks := r.Name + r.Specifiers.String()
					out = append(out, plan.Claim{
						Text: m.Name + " " + at + " requires " + asks, File: m.File, From: m.Key, FromVersion: at, Requirement: asks, To: other.Key,
					})
				}
			}
		}
	}
	for _, m := range moves {
		ask(m, m.To, func(o plan.Move) string { return o.From })
	}
	for _, m := range moves {
		ask(m, m.From, func(o plan.Move) string { return o.To })
	}
	return out
}

// unverified names the packages whose new release does not say what it requires.
func (d *facts) unverified(moves []plan.Move) []string {
	var out []string
	for _, m := range moves {
		if v, err := pep440.Parse(m.To); err == nil && d.metadataOf(m.Key, v).Status == plan.MetadataUnknown && !slices.Contains(out, m.Key) {
			out = append(out, m.Key)
		}
	}
	return out
}

func (dr *offer) extraLabels() []string {
	var out []string
	if len(dr.Together) > 0 || (dr.Group == "" && slices.ContainsFunc(dr.Moves, func(m plan.Move) bool { return m.Key != dr.Moves0().Key })) {
		out = append(out, "lock-step")
	}
	if len(dr.Yanked) > 0 {
		out = append(out, "yanked")
	}
	if len(dr.Unverified) > 0 {
		out = append(out, "unverified")
	}
	return out
}

// changedLines fills in the names without a pin that come along. If the roots of the project are
// known, the file has to hold all that is installed: then these names become lines, and the pins
// that nothing needs any more are removed.
func (d *offering) changedLines(dr *offer, s *set) {
	whole := len(d.s.Roots) > 0
	for _, a := range s.result.Along {
		c := plan.LineChange{File: d.files[a.Group].Path, Key: a.Key, Name: a.Key, Version: a.Version.String(), By: d.claim(a.By, requires(a.By))}
		if !whole {
			dr.Along = append(dr.Along, c)
			continue
		}
		if d.hashed(a.Group) {
			if r := d.s.Packages[a.Key].Release(a.Version); r != nil {
				c.SHA256 = hashes(r)
			}
		}
		dr.Lines = append(dr.Lines, c)
	}
	if !whole {
		return
	}
	if len(dr.Lines) > 0 {
		if refused := d.fitsWhole(dr, s.result.Moves); refused != "" {
			dr.held, dr.heldFor = plan.Incompatible, plan.LinesDoNotFit{Says: refused}
			return
		}
	}
	for _, i := range s.result.Unneeded {
		if slices.ContainsFunc(s.result.Moves, func(m solve.Move) bool { return m.Pin == i }) {
			continue // it moves first, and is removed later if nothing needs it then
		}
		sl := d.slots[i]
		dr.Lines = append(dr.Lines, plan.LineChange{File: sl.path, Pin: sl.pin, Key: sl.p.Key, Name: sl.p.Name, Version: sl.p.Version.String(), Removed: true})
	}
}

// fitsWhole judges a file with its added lines as pins, since a line has one version for every
// environment, while pip would choose one for each. It returns what does not fit; empty if all
// does.
func (d *offering) fitsWhole(dr *offer, moves []solve.Move) string {
	f := d.renewed(d.memory.universe, nil)
	for _, m := range moves {
		f.Pins[m.Pin].Version = m.To
	}
	for _, l := range dr.Lines {
		v, err := pep440.Parse(l.Version)
		if err != nil || l.Removed {
			continue
		}
		group := slices.IndexFunc(d.files, func(f plan.ParsedFile) bool { return f.Path == l.File })
		f.Pins = append(f.Pins, solve.Pin{Key: l.Key, Group: group, Version: v, Active: ^uint64(0), Fixed: true})
	}
	whole := solve.New(f)
	known := d.solver.Conflicts()
	for _, e := range whole.Conflicts() {
		if !slices.ContainsFunc(known, e.Same) {
			e.ToMoved = !e.ToMissing && !slices.ContainsFunc(d.versions(e.To), e.ToVersion.Equal)
			return d.sentence(e)
		}
	}
	d.lacking = append(d.lacking, whole.Missing()...)
	return ""
}

// hashed reports whether the pins of a file carry hashes.
func (d *pins) hashed(file int) bool {
	for _, p := range d.files[file].Parsed.Pins {
		if p.HasHashes {
			return true
		}
	}
	return false
}
