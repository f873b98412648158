package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file says of every release why it is not taken.

// notTaken lists what is newer on the leader's line than what it goes to.
func (d *joiner) notTaken(dr *offer, g *goal) []plan.Considered {
	to, err := pep440.Parse(dr.Moves0().To)
	if err != nil {
		return nil
	}
	var out []plan.Considered
	for _, v := range g.lines[0].judged {
		if v.release.Version.Compare(to) <= 0 {
			break
		}
		c := d.consider(g.slots[0], v)
		// What another slot of the package takes is not "not taken".
		if c.Why != nil && !slices.ContainsFunc(dr.Moves, func(m plan.Move) bool { return m.To == c.Version }) {
			out = append(out, c)
		}
	}
	return out
}

// consider is a judged release with the one reason why it is not taken, from the judge or from the
// search.
func (d *joiner) consider(slot int, v verdict) plan.Considered {
	c := plan.Considered{Version: v.release.Version.String(), Released: v.released}
	var why plan.Reason
	if v.reason != nil {
		why = v.reason
	} else {
		switch m := d.metadataOf(d.slots[slot].p.Key, v.release.Version); m.Status {
		case plan.MetadataRefused:
			why = plan.BadMetadata{Says: m.Reason}
		case plan.MetadataWithheld:
			why = plan.CannotBeHad{Says: m.Reason}
		case plan.MetadataKnown, plan.MetadataUnknown, plan.MetadataFailed:
			why = d.against[slot][c.Version]
		default: // not asked for
			why = d.against[slot][c.Version]
		}
	}
	c.Why, c.Reason = why, plan.Markdown(why)
	return c
}

// collectReasons collects the search's reasons against single versions, for texts.
func (d *joiner) collectReasons(goals []*goal, waiting map[*goal]*set) {
	d.against = make([]map[string]plan.Reason, len(d.slots))
	for _, g := range goals {
		for k, i := range g.slots {
			if d.against[i] == nil {
				d.against[i] = map[string]plan.Reason{}
			}
			d.collectSlotReasons(g, i)
			if g.result.Status == solve.Solved && waiting[g] == nil {
				continue
			}
			_, reason := d.whyHeld(g, waiting[g])
			for _, v := range g.lines[k].judged {
				version := v.release.Version.String()
				if v.reason == nil && d.against[i][version] == nil {
					d.against[i][version] = reason
				}
			}
		}
	}
}

// collectSlotReasons collects what one wish alone has against versions of one of its slots.
func (d *joiner) collectSlotReasons(g *goal, i int) {
	if g.result.Status == solve.Solved && g.young {
		d.collectYoung(g, i)
	}
	for _, low := range g.result.Lowered {
		if why := d.blockers(g.key, low.Why); why != nil {
			d.against[i][low.Version.String()] = why
		}
	}
}

// collectYoung says against a slot's version in a set which member of the set is too young.
func (d *joiner) collectYoung(g *goal, i int) {
	for _, m := range g.result.Moves {
		for _, l := range d.outcomes[m.Pin].lines {
			for _, v := range l.judged {
				if !v.young || !v.release.Version.Equal(m.To) {
					continue
				}
				for _, own := range g.result.Moves {
					if own.Pin == i {
						d.against[i][own.To.String()] = plan.WaitsForMember{Package: d.slots[m.Pin].p.Name, Version: m.To.String(), Eligible: v.eligible.In(d.zone)}
					}
				}
			}
		}
	}
}

// tally counts the pins, and explains why some do not reach the newest release.
func (d *decider) tally() {
	d.plan.Libyears = d.libyears()
	d.plan.Lag, d.plan.Merged = d.lag()
	d.countRuns()
	d.plan.Samples = d.sample()
	ends := d.ends()
	for i := range d.slots {
		o := d.outcomes[i]
		if o.blocks {
			continue
		}
		d.why(i, o, ends[i])
		if o.off != nil {
			continue
		}
		d.plan.Pins++
		if slices.ContainsFunc(o.lines, func(l *line) bool { return l.offers() || l.ruled() }) {
			d.plan.Behind++
		}
	}
}

// ends is, for each slot, the newest version to which a draft moves it; the pinned one if none
// does.
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
			if to, err := pep440.Parse(dr.Moves[k].To); err == nil && (to.Compare(out[i]) > 0 || dr.Kind == plan.Downgrade) {
				out[i] = to
			}
		}
	}
	return out
}

// why adds a row for a pin that does not reach the newest release.
func (d *decider) why(i int, o outcome, to pep440.Version) {
	sl := d.slots[i]
	row := plan.WhyNot{File: sl.path, Name: sl.p.Name, From: sl.p.Version.String(), Newest: o.newest, To: to.String()}
	switch {
	case o.note != nil:
		row.Why = o.note
	case o.yanked != nil && row.To == row.From:
		row.Why = plan.PinTakenBack{Package: row.Name, Version: row.From, How: plan.Inner[plan.Reason]{R: o.yanked}}
	case row.To != o.newest && o.newest != "":
		row.Why = passed(d.considered(i), row.To)
	case o.archived != nil:
		row.Why = o.archived
	}
	if row.Because = plan.Markdown(row.Why); row.Because != "" {
		d.plan.Why = append(d.plan.Why, row)
	}
}

// considered lists every release newer than the slot's pin, newest first. If an update of the slot
// is held back, that reason is given for the version to which it would go, even if there are
// others, and for lower versions that have no other reason, since that has to change first.
func (d *offering) considered(i int) []plan.Considered {
	var out []plan.Considered
	for _, own := range []bool{false, true} {
		for _, l := range d.outcomes[i].lines {
			if l.down || l.major == own {
				continue
			}
			held, to := d.heldOn(i, l)
			for _, v := range l.judged {
				c := d.consider(i, v)
				if held != nil && (c.Why == nil || c.Version == to) {
					c.Why, c.Reason = held, plan.Markdown(held)
				}
				out = append(out, c)
			}
		}
	}
	return out
}

// heldOn says why the update is held back that would move a slot along a line, and to which
// version; nil if none is. A reason of a rule is given for its releases instead.
func (d *offering) heldOn(slot int, l *line) (why plan.Reason, to string) {
	for _, dr := range d.drafts {
		k := slices.Index(dr.slots, slot)
		if k < 0 || dr.held == "" || dr.held == plan.Ignored || l.step(d.slots[slot], dr.versions[k]) == nil {
			continue
		}
		return dr.heldFor, dr.Moves[k].To
	}
	return nil, ""
}

// Explain lists every release newer than each pin of name, newest first, with
// the one reason why it was not taken.
func Explain(s plan.Snapshot, name string) []plan.Explanation {
	addPythons(&s)
	d := newDecider(&s, plan.At(s.Now))
	d.files, _ = parseFiles(&s)
	d.slots, _ = findSlots(&s, d.files)
	all := d.slots
	d.makeOffers(new(Memory))
	var out []plan.Explanation
	for _, sl := range all {
		if sl.p.Key != name {
			continue
		}
		index, _ := s.Policy.IndexOf(name)
		e := plan.Explanation{
			Pin:   plan.Pin{File: sl.path, Line: sl.p.Line, Name: sl.p.Name, Version: sl.p.Version.String()},
			Index: index.Name, Pythons: sl.pythons, Settings: d.settings(sl),
		}
		i := slices.IndexFunc(d.slots, func(o slot) bool { return o.file == sl.file && o.pin == sl.pin })
		if i < 0 || d.outcomes[i].blocks {
			e.Why, e.Note = plan.OnPurpose{}, onPurpose
		} else {
			d.explain(&e, i)
		}
		out = append(out, e)
	}
	return out
}

func (d *decider) explain(e *plan.Explanation, i int) {
	o := d.outcomes[i]
	e.Why = o.note
	if o.archived != nil {
		e.Why = o.archived
	}
	e.Note = plan.Markdown(e.Why)
	for _, c := range d.considered(i) {
		if c.Why == nil && !d.takes(i, c.Version) {
			c.Why = plan.NewerTaken{}
			c.Reason = plan.Markdown(c.Why)
		}
		e.Releases = append(e.Releases, c)
	}
}

// takes reports whether a draft moves the slot to that version.
func (d *offering) takes(slot int, version string) bool {
	return slices.ContainsFunc(d.drafts, func(dr *draft) bool {
		k := slices.Index(dr.slots, slot)
		return k >= 0 && dr.held == "" && dr.Moves[k].To == version
	})
}
