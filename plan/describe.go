package plan

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan/solve"
	"gitlab.com/cki-project/pinwheel/pypi/pep440"
	"gitlab.com/cki-project/pinwheel/pypi/pep508"
)

// This file puts the answers of the search into words.

// requires is one edge as a clause: "botocore 1.34.39 requires urllib3<2.1".
func requires(e solve.Edge) string {
	if !e.FromRoot {
		if e.Extra != "" {
			return e.From + "[" + e.Extra + "] " + e.FromVersion.String() + " requires " + e.Requirement
		}
		return e.From + " " + e.FromVersion.String() + " requires " + e.Requirement
	}
	if r, err := pep508.Parse(e.From); err == nil && r.Key() == e.To {
		return "the roots ask for " + e.From // a root that is a requirement line
	}
	return e.From + " requires " + e.Requirement
}

// violated is an edge that does not hold, with what it meets.
func violated(e solve.Edge) string {
	if e.ToMissing {
		return requires(e) + ", and no release of " + e.To + " fits"
	}
	return requires(e) + "; " + e.To + " is pinned at " + e.ToVersion.String()
}

// blockers says what stands against a version: the first edge, then why the
// package that asks for it does not move out of the way, at most three links.
func (d *decider) blockers(key string, why []solve.Edge) string {
	// That a newer requirer asks for the same is said by the tail.
	why = slices.CompactFunc(slices.Clone(why), func(a, b solve.Edge) bool { return a.From == b.From && a.To == b.To })
	var parts []string
	for i, e := range why {
		if i == 3 {
			parts = append(parts, "and more")
			break
		}
		if e.To == key && !e.ToMissing {
			parts = append(parts, requires(e))
		} else {
			parts = append(parts, violated(e))
		}
	}
	if len(why) == 0 {
		return ""
	}
	last := why[min(len(why), 3)-1]
	text := strings.Join(parts, "; ")
	if tail := d.stuck(last, key); tail != "" {
		text += ", and " + tail
	}
	return text
}

// stuck says why the end of an edge that could mend it does not move.
func (d *decider) stuck(e solve.Edge, key string) string {
	name := e.From
	if name == key || e.FromRoot {
		name = e.To
	}
	if name == key || e.ToMissing {
		return ""
	}
	for i, sl := range d.slots {
		if sl.p.Key != name {
			continue
		}
		if len(d.candidates(i)) > 0 {
			if name == e.From && e.To == key {
				return "no newer " + name + " accepts it"
			}
			return "no newer " + name + " mends that"
		}
		for _, l := range d.outcomes[i].lines {
			for _, v := range l.judged {
				if v.young || v.reason == "" {
					return name + " " + v.release.Version.String() + " was refused by closing its merge request"
				}
				if !l.down {
					return name + " " + v.release.Version.String() + " " + d.clause(v.reason)
				}
			}
		}
		return "there is no newer " + name
	}
	return ""
}

// clause makes a judge's reason follow a name and a version.
func (d *decider) clause(reason string) string {
	for _, verb := range []string{"is ", "has ", "requires ", "would "} {
		if strings.HasPrefix(reason, verb) {
			return reason
		}
	}
	return "is not taken (" + reason + ")"
}

// whyHeld says for a wish that is not granted whether it cannot be or is not
// checked yet, and the reason as a sentence.
func (d *decider) whyHeld(g *goal, behind *set) (State, string) {
	r := g.result
	switch {
	case behind != nil:
		leader := d.spelled[d.leader(behind)]
		return Incompatible, fmt.Sprintf("Does not fit together with the update of %s, with which it shares a package. Moves when that one is merged.", leader)
	case r.Status == solve.Lacking:
		return NotChecked, "Not checked yet: its requirements are not read."
	case r.Status == solve.Unread:
		what := "a package"
		if len(r.Names) > 0 {
			what = strings.Join(r.Names[:min(3, len(r.Names))], ", ")
		}
		return NotChecked, "Not checked yet: what " + what + " requires could not be read. Tried again every run."
	case r.Status == solve.GaveUp:
		return Incompatible, fmt.Sprintf("The search for pins that fit it gave up after %d steps.", r.Nodes)
	}
	to := g.lines[0].newest()
	m := d.metadataOf(g.key, to)
	switch {
	case m.Status == MetadataRefused:
		return Incompatible, fmt.Sprintf("The metadata of %s is refused: %s.", to, m.Reason)
	case m.Status == MetadataUnknown && d.s.Policy.Unverified == HoldUnverified:
		return Incompatible, fmt.Sprintf("What %s requires is not known (%s), and `unverified: hold` holds that.", to, m.Reason)
	}
	if text := d.blockers(g.key, r.Why); text != "" {
		return Incompatible, text + "."
	}
	return Incompatible, "No set of newer pins fits it."
}

// describe fills what the texts say of a set beyond its moves.
func (d *decider) describe(dr *draft, s *set, leader string) {
	dr.Together = d.tied(dr.Moves)
	dr.Unverified = d.unverified(dr.Moves)
	for _, e := range d.solver.Removed(s.result.Moves) {
		if text := violated(e); !slices.Contains(dr.Cures, text) {
			dr.Cures = append(dr.Cures, text)
		}
	}
	d.leaves(dr)
	d.changedLines(dr, s)
	dr.Labels = dr.extraLabels()
	for _, g := range s.goals {
		if g.key == leader {
			dr.NotTaken = d.notTaken(dr, g)
		}
	}
}

// leaves notes which of the draft's pins were taken back.
func (d *decider) leaves(dr *draft) {
	for _, i := range dr.slots {
		if why := d.outcomes[i].yanked; why != "" {
			dr.Yanked = append(dr.Yanked, fmt.Sprintf("%s %s is %s", d.slots[i].p.Name, d.slots[i].p.Version, why))
		}
	}
}

// tied lists the requirements for the sake of which moves go together: those
// of a new version that refuse where another member stood, and those of an old
// version that refuse where it goes.
func (d *decider) tied(moves []Move) []string {
	var out []string
	said := map[[2]string]bool{}
	ask := func(m Move, at string, refuses func(Move) string) {
		v, err := pep440.Parse(at)
		if err != nil {
			return
		}
		for _, r := range d.metadataOf(m.Key, v).Requires {
			for _, other := range moves {
				pair := [2]string{m.Key, other.Key}
				if other.Key != r.Key() || other.Key == m.Key || other.File != m.File || said[pair] || !d.mayHoldAnywhere(r.Marker) {
					continue
				}
				if stood, err := pep440.Parse(refuses(other)); err == nil && !r.Specifiers.Contains(stood) {
					said[pair], said[[2]string{other.Key, m.Key}] = true, true
					out = append(out, m.Name+" "+at+" requires "+r.Name+r.Specifiers.String())
				}
			}
		}
	}
	for _, m := range moves {
		ask(m, m.To, func(o Move) string { return o.From })
	}
	for _, m := range moves {
		ask(m, m.From, func(o Move) string { return o.To })
	}
	return out
}

// unverified names the packages whose new release does not tell what it
// requires.
func (d *decider) unverified(moves []Move) []string {
	var out []string
	for _, m := range moves {
		if v, err := pep440.Parse(m.To); err == nil && d.metadataOf(m.Key, v).Status == MetadataUnknown && !slices.Contains(out, m.Key) {
			out = append(out, m.Key)
		}
	}
	return out
}

func (dr *draft) extraLabels() []string {
	var out []string
	if slices.ContainsFunc(dr.Moves, func(m Move) bool { return m.Key != dr.Moves0().Key }) {
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

// changedLines lists names without a pin that come along. Where the project's
// roots are known the file is kept whole: they become lines, and pins that
// nothing needs any more go.
func (d *decider) changedLines(dr *draft, s *set) {
	whole := len(d.s.Roots) > 0
	for _, a := range s.result.Along {
		c := LineChange{File: d.files[a.Group].Path, Key: a.Key, Name: a.Key, Version: a.Version.String(), By: requires(a.By)}
		if !whole {
			dr.Along = append(dr.Along, c)
			continue
		}
		if d.hashed(a.Group) {
			if r := d.s.Packages[a.Key].release(a.Version); r != nil {
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
			dr.held, dr.heldFor = Incompatible, "The file needs lines for it that do not fit everywhere: "+refused+"."
			return
		}
	}
	for _, i := range s.result.Unneeded {
		if slices.ContainsFunc(s.result.Moves, func(m solve.Move) bool { return m.Pin == i }) {
			continue // it moves; that nothing needs it shows when it did
		}
		sl := d.slots[i]
		dr.Lines = append(dr.Lines, LineChange{File: sl.path, Pin: sl.pin, Key: sl.p.Key, Name: sl.p.Name, Version: sl.p.Version.String(), Removed: true})
	}
}

// fitsWhole judges a file with added lines as pins, since a line holds one
// version for every environment where pip would choose one for each. It says
// what would be refused, if anything.
func (d *decider) fitsWhole(dr *draft, moves []solve.Move) string {
	f := d.universe()
	for _, m := range moves {
		f.Pins[m.Pin].Version = m.To
	}
	for _, l := range dr.Lines {
		v, err := pep440.Parse(l.Version)
		if err != nil || l.Removed {
			continue
		}
		group := slices.IndexFunc(d.files, func(f parsedFile) bool { return f.Path == l.File })
		f.Pins = append(f.Pins, solve.Pin{Key: l.Key, Group: group, Version: v, Active: ^uint64(0), Fixed: true})
	}
	whole := solve.New(f)
	known := map[[2]string]bool{}
	for _, e := range d.solver.Conflicts() {
		known[[2]string{e.From, e.To}] = true
	}
	for _, e := range whole.Conflicts() {
		if !known[[2]string{e.From, e.To}] {
			return d.sentence(e)
		}
	}
	d.lacking = append(d.lacking, whole.Missing()...)
	return ""
}

// hashed reports whether the pins of a file carry hashes.
func (d *decider) hashed(file int) bool {
	for _, p := range d.files[file].parsed.Pins {
		if p.HasHashes {
			return true
		}
	}
	return false
}

// notTaken lists what is newer on the leader's line than what it goes to.
func (d *decider) notTaken(dr *draft, g *goal) []Considered {
	to, err := pep440.Parse(dr.Moves0().To)
	if err != nil {
		return nil
	}
	var out []Considered
	for _, v := range g.lines[0].judged {
		if v.release.Version.Compare(to) <= 0 {
			break
		}
		c := d.consider(g.slots[0], v)
		// What another slot of the package takes is not "not taken".
		if c.Reason != "" && !slices.ContainsFunc(dr.Moves, func(m Move) bool { return m.To == c.Version }) {
			out = append(out, c)
		}
	}
	return out
}

// consider is a judged release with the one reason why it is not taken, which
// is the judge's or the search's.
func (d *decider) consider(slot int, v verdict) Considered {
	c := Considered{Version: v.release.Version.String(), Released: v.released, Reason: v.reason}
	if c.Reason == "" {
		if m := d.metadataOf(d.slots[slot].p.Key, v.release.Version); m.Status == MetadataRefused {
			c.Reason = "its metadata is refused: " + m.Reason
		} else {
			c.Reason = d.against[slot][c.Version]
		}
	}
	return c
}

// note the search's reasons against single versions, for texts.
func (d *decider) weigh(goals []*goal, waiting map[*goal]*set) {
	d.against = make([]map[string]string, len(d.slots))
	for _, g := range goals {
		for k, i := range g.slots {
			if d.against[i] == nil {
				d.against[i] = map[string]string{}
			}
			if g.result.Status == solve.Solved && g.young {
				d.againstYoung(g, i)
			}
			for _, low := range g.result.Lowered {
				if text := d.blockers(g.key, low.Why); text != "" {
					d.against[i][low.Version.String()] = text
				}
			}
			if g.result.Status == solve.Solved && waiting[g] == nil {
				continue
			}
			_, reason := d.whyHeld(g, waiting[g])
			for _, v := range g.lines[k].judged {
				version := v.release.Version.String()
				if v.reason == "" && d.against[i][version] == "" {
					d.against[i][version] = strings.TrimSuffix(reason, ".")
				}
			}
		}
	}
}

// againstYoung notes for what a slot of a set waits that is too young.
func (d *decider) againstYoung(g *goal, i int) {
	for _, m := range g.result.Moves {
		for _, l := range d.outcomes[m.Pin].lines {
			for _, v := range l.judged {
				if !v.young || !v.release.Version.Equal(m.To) {
					continue
				}
				for _, own := range g.result.Moves {
					if own.Pin == i {
						d.against[i][own.To.String()] = fmt.Sprintf("waits for %s %s, %s", d.slots[m.Pin].p.Name, m.To, v.reason)
					}
				}
			}
		}
	}
}

// tally counts the pins and explains those that do not reach the newest.
func (d *decider) tally() {
	ends := d.ends()
	for i, sl := range d.slots {
		o := d.outcomes[i]
		if o.blocks {
			continue
		}
		d.plan.Pins++
		d.why(i, o, ends[i])
		if slices.ContainsFunc(o.lines, func(l *line) bool { return l.offers() }) {
			d.plan.Behind++
			continue
		}
		d.plan.Current = append(d.plan.Current, Pin{sl.path, sl.p.Line, sl.p.Name, sl.p.Version.String()})
	}
}

// ends is, for each slot, the newest version a draft takes it to, the pin's if
// none does.
func (d *decider) ends() []pep440.Version {
	out := make([]pep440.Version, len(d.slots))
	for i, sl := range d.slots {
		out[i] = sl.p.Version
	}
	for _, dr := range d.drafts {
		if dr.young || dr.held != "" {
			continue
		}
		for k, i := range dr.slots {
			if to, err := pep440.Parse(dr.Moves[k].To); err == nil && (to.Compare(out[i]) > 0 || dr.Kind == Downgrade) {
				out[i] = to
			}
		}
	}
	return out
}

// why adds a row for a pin that does not reach the newest release.
func (d *decider) why(i int, o outcome, to pep440.Version) {
	sl := d.slots[i]
	row := WhyNot{File: sl.path, Name: sl.p.Name, From: sl.p.Version.String(), Newest: o.newest, To: to.String()}
	switch {
	case o.note != "":
		row.Because = o.note
	case row.To != o.newest && o.newest != "":
		row.Because = reasons(d.considered(i), row.To)
	case o.archived != "":
		row.Because = o.archived
	}
	if row.Because != "" {
		d.plan.Why = append(d.plan.Why, row)
	}
}

// considered lists every release newer than the slot's pin, newest first.
func (d *decider) considered(i int) []Considered {
	var out []Considered
	for _, own := range []bool{false, true} {
		for _, l := range d.outcomes[i].lines {
			if l.down || l.major == own {
				continue
			}
			for _, v := range l.judged {
				out = append(out, d.consider(i, v))
			}
		}
	}
	return out
}

// Explain lists every release newer than each pin of name, newest first, with
// the one reason why it was not taken.
func Explain(s Snapshot, name string) []Explanation {
	d := newDecider(&s)
	d.files, _ = parseFiles(&s)
	d.slots, _ = findSlots(&s, d.files)
	all := d.slots
	d.look()
	var out []Explanation
	for _, sl := range all {
		if sl.p.Key != name {
			continue
		}
		index, _ := s.Policy.indexOf(name)
		e := Explanation{
			Pin:   Pin{sl.path, sl.p.Line, sl.p.Name, sl.p.Version.String()},
			Index: index.Name, Pythons: sl.pythons,
		}
		i := slices.IndexFunc(d.slots, func(o slot) bool { return o.file == sl.file && o.pin == sl.pin })
		if i < 0 || d.outcomes[i].blocks {
			e.Note = "larger than every release: it blocks the package on purpose"
		} else {
			d.explain(&e, i)
		}
		out = append(out, e)
	}
	return out
}

func (d *decider) explain(e *Explanation, i int) {
	o := d.outcomes[i]
	e.Note = o.note
	if o.archived != "" {
		e.Note = o.archived
	}
	for _, c := range d.considered(i) {
		if c.Reason == "" && !d.takes(i, c.Version) {
			c.Reason = "a newer release of its line is taken"
		}
		e.Releases = append(e.Releases, c)
	}
}

// takes reports whether a draft moves the slot to that version.
func (d *decider) takes(slot int, version string) bool {
	return slices.ContainsFunc(d.drafts, func(dr *draft) bool {
		k := slices.Index(dr.slots, slot)
		return k >= 0 && dr.held == "" && dr.Moves[k].To == version
	})
}
