package plan

import (
	"fmt"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/pypi/pep440"
)

// outcome is what the index says for one slot: at most one step on its own
// major, one to the newest major, and why nothing newer than those.
type outcome struct {
	steps    []step
	newest   string // newest final release on the index
	why      []Considered
	note     string // why nothing was considered
	archived string
	blocks   bool // the pin is meant to make the package uninstallable
	stale    bool // the index did not answer in this run
	unknown  bool // nothing is known of this name
}

// step is one candidate for one slot.
type step struct {
	to       *Release
	kind     Kind
	released time.Time
	eligible time.Time
	since    time.Time
	young    bool
	notTaken []Considered
}

// look judges the slot's package. It evaluates releases only as far as a line
// needs: newest first until one is taken.
func (j *judge) look(sl slot, pkg Package, known bool) outcome {
	index, owned := j.policy.indexOf(sl.p.Key)
	o := outcome{stale: pkg.Failure != "", unknown: !known || !pkg.HasFacts}
	switch {
	case !owned:
		o.note = "no index of the configuration owns this name (indexes[].packages)"
		return o
	case o.unknown:
		o.note = "not read yet: " + pkg.Failure
		return o
	case !pkg.Known:
		o.note = fmt.Sprintf("%s is not on index %s", sl.p.Name, index.Name)
		return o
	case pkg.Status == "quarantined":
		o.note = fmt.Sprintf("quarantined on index %s%s", index.Name, because(pkg.StatusReason))
		return o
	}
	if pkg.Status == "archived" || pkg.Status == "deprecated" {
		o.archived = fmt.Sprintf("%s on index %s%s", pkg.Status, index.Name, because(pkg.StatusReason))
	}
	newer, pinned := split(pkg.Releases, sl.p.Version)
	if pinned == nil {
		if len(newer) == 0 && len(pkg.Releases) > 0 {
			o.blocks = true
			return o
		}
		o.note = fmt.Sprintf("%s %s is not on index %s", sl.p.Name, sl.p.Version, index.Name)
		return o
	}
	o.newest = newestFinal(pkg.Releases)
	j.lines(&o, sl, index, pinned, newer)
	return o
}

// split returns the releases above the pin, newest first, and the pinned one.
// A pin without a local part also finds a release that has one (PEP 440).
func split(releases []Release, pin pep440.Version) (newer []*Release, pinned *Release) {
	for i := len(releases) - 1; i >= 0; i-- {
		r := &releases[i]
		switch c := r.Version.Compare(pin); {
		case c == 0:
			return newer, r
		case c > 0:
			if r.Version.Local() != "" && r.Version.Public() == pin.Public() {
				pinned = r
				continue
			}
			newer = append(newer, r)
		case c < 0:
			return newer, pinned
		}
	}
	return newer, pinned
}

func newestFinal(releases []Release) string {
	for i := len(releases) - 1; i >= 0; i-- {
		if !releases[i].Version.IsPrerelease() && len(releases[i].Files) > 0 {
			return releases[i].Version.String()
		}
	}
	return ""
}

// lines fills steps and why. A package with calendar versions has one line:
// its years are not majors that somebody may want to stay on.
func (j *judge) lines(o *outcome, sl slot, index Index, pinned *Release, newer []*Release) {
	pin := sl.p.Version
	calendar := isCalendar(pin, earliest(pinned.Files)) &&
		slices.ContainsFunc(newer, func(r *Release) bool { return isCalendar(r.Version, earliest(r.Files)) })
	var own, major []*Release
	for _, r := range newer {
		if calendar || (r.Version.Epoch() == pin.Epoch() && r.Version.Major() == pin.Major()) {
			own = append(own, r)
		} else {
			major = append(major, r)
		}
	}
	for _, line := range [][]*Release{major, own} {
		st, rejected := j.line(sl, index, line)
		o.why = append(o.why, rejected...)
		if st == nil {
			continue
		}
		st.kind = kindOf(pin, st.to.Version)
		if calendar && st.kind == Major {
			st.kind = Calendar
		}
		o.steps = append(o.steps, *st)
	}
	slices.Reverse(o.steps) // the own line first
}

// line picks the newest release that is taken, or else the one that is old
// enough first. rejected are those above the choice, newest first.
func (j *judge) line(sl slot, index Index, releases []*Release) (*step, []Considered) {
	var rejected []Considered
	var young *verdict
	for _, r := range releases {
		v := j.release(sl, index, r)
		if v.reason == "" {
			st := &step{to: r, released: v.released, eligible: v.eligible, notTaken: rejected}
			st.since = j.since(sl, index, releases, v.eligible)
			return st, rejected
		}
		rejected = append(rejected, Considered{Version: r.Version.String(), Released: v.released, Reason: v.reason})
		if v.young && (young == nil || v.eligible.Before(young.eligible)) {
			young = &v
		}
	}
	if young == nil {
		return nil, rejected
	}
	return &step{to: young.release, released: young.released, eligible: young.eligible, since: young.eligible, young: true}, rejected
}

// since is when the line first had something to offer: the least instant at
// which any release above the pin became old enough.
func (j *judge) since(sl slot, index Index, releases []*Release, least time.Time) time.Time {
	for i := len(releases) - 1; i >= 0; i-- {
		if v := j.release(sl, index, releases[i]); v.reason == "" {
			if v.eligible.Before(least) {
				return v.eligible
			}
			return least
		}
	}
	return least
}

// Explain lists every release newer than each pin of name, newest first, with
// the one reason why it was not taken.
func Explain(s Snapshot, name string) []Explanation {
	files, _ := parseFiles(&s)
	slots, _ := findSlots(&s, files)
	j := newJudge(&s)
	var out []Explanation
	for _, sl := range slots {
		if sl.p.Key != name {
			continue
		}
		pkg, known := s.Packages[name]
		index, _ := s.Policy.indexOf(name)
		e := Explanation{
			Pin:   Pin{sl.path, sl.p.Line, sl.p.Name, sl.p.Version.String()},
			Index: index.Name, Pythons: sl.pythons,
		}
		o := j.look(sl, pkg, known)
		e.Note = o.note
		if o.archived != "" {
			e.Note = o.archived
		}
		if o.blocks {
			e.Note = "larger than every release: it blocks the package on purpose"
		}
		if o.note == "" && !o.blocks {
			e.Releases = j.considered(sl, index, pkg, o)
		}
		out = append(out, e)
	}
	return out
}

func (j *judge) considered(sl slot, index Index, pkg Package, o outcome) []Considered {
	newer, _ := split(pkg.Releases, sl.p.Version)
	var out []Considered
	for _, r := range newer {
		v := j.release(sl, index, r)
		c := Considered{Version: r.Version.String(), Released: v.released, Reason: v.reason}
		if c.Reason == "" && !slices.ContainsFunc(o.steps, func(st step) bool { return st.to == r }) {
			c.Reason = "a newer release of its line is taken"
		}
		out = append(out, c)
	}
	return out
}
