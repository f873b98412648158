package decide

import (
	"maps"
	"slices"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file turns the snapshot into the facts of the search. Every slot is a pin of solve, in the
// order of pins.slots.

// universe makes the facts of the search.
func (d *searcher) universe() *solve.Facts {
	f := d.answering(solve.Facts{Extras: d.s.Policy.Extras, Unverified: d.s.Policy.Unverified != plan.HoldUnverified})
	for _, env := range d.envs {
		f.Environments = append(f.Environments, env.markers)
	}
	for _, e := range d.s.Policy.IgnoreEdges {
		versions, err := pep440.ParseSpecifiers(e.Versions)
		if err != nil {
			continue // the configuration refuses such a text
		}
		f.IgnoreEdges = append(f.IgnoreEdges, solve.IgnoredEdge{From: e.From, To: e.To, FromVersion: versions})
	}
	for _, r := range d.s.Roots {
		f.Roots = append(f.Roots, solve.Root{Name: r.Name, Group: -1, Requires: r.Requires})
	}
	f.Pins = make([]solve.Pin, 0, len(d.slots))
	for i, sl := range d.slots {
		up := d.candidates(i)
		f.Pins = append(f.Pins, solve.Pin{
			Key: sl.p.Key, Group: sl.file, Version: sl.p.Version, Extras: sl.p.Extras, Active: d.active(sl), Up: up, More: d.further(i, up),
			Mute: d.judge.disabled(sl), Blocks: d.outcomes[i].blocks,
		})
	}
	return f
}

// answering gives facts the functions that read this decision's snapshot.
func (d *searcher) answering(f solve.Facts) *solve.Facts {
	f.Metadata, f.Releases, f.Skip = d.metadata, d.unpinned, d.skips
	f.Rest = func(key string) bool { return d.rest[key] }
	f.Admits = func(key string, v pep440.Version) uint64 { return d.admitted[key][v.String()] }
	return &f
}

// renewed are the facts of an earlier decision, with what is known now of the names that changed.
func (d *searcher) renewed(old *solve.Facts, changed map[string]bool) *solve.Facts {
	f := d.answering(*old)
	f.Pins = slices.Clone(f.Pins)
	for i, sl := range d.slots {
		if changed[sl.p.Key] {
			f.Pins[i].Up = d.candidates(i)
			f.Pins[i].More = d.further(i, f.Pins[i].Up)
		}
	}
	return f
}

// active is the set of environments in which the slot's marker may hold.
func (d *pins) active(sl slot) uint64 {
	var mask uint64
	for i, env := range d.envs {
		if sl.p.Marker.IsZero() || sl.p.Marker.MayHold(env.markers) {
			mask |= 1 << i
		}
	}
	return mask
}

// candidates lists where a slot may go for the sake of a set, its own line before the majors: the
// releases that the judge takes or will take. It leaves out what a person refused, and all of a
// line whose branch a person took over.
func (d *facts) candidates(i int) []solve.Candidate {
	var out []solve.Candidate
	for _, l := range d.outcomes[i].lines {
		if l.down {
			continue
		}
		out = append(out, d.candidatesOf(i, l, true)...)
	}
	return out
}

// further lists what else a goal of the slot may name: releases that people refused, and older ones
// that the pin may go back to.
func (d *facts) further(i int, up []solve.Candidate) []solve.Candidate {
	o := &d.outcomes[i]
	if o.down == nil && !d.world.refuses() {
		return nil
	}
	lines := o.lines
	if o.down != nil && !slices.Contains(lines, o.down) {
		lines = append(slices.Clip(lines), o.down)
	}
	var out []solve.Candidate
	for _, l := range lines {
		for _, c := range d.candidatesOf(i, l, false) {
			if !slices.ContainsFunc(up, func(u solve.Candidate) bool { return u.Version == c.Version }) {
				out = append(out, c)
			}
		}
	}
	return out
}

// candidatesOf lists the candidates of one line, newest first. With forOthers it leaves out what
// people refused.
func (d *facts) candidatesOf(at int, l *line, forOthers bool) []solve.Candidate {
	out := make([]solve.Candidate, 0, len(l.judged))
	for i := range l.judged {
		v := &l.judged[i]
		if v.reason != nil && !v.young {
			continue
		}
		to := v.release.Version
		switch d.statusOf(d.slots[at].p.Key, v.release) {
		case plan.MetadataRefused:
			continue
		case plan.MetadataWithheld:
			if !d.offered(d.slots[at].p.Key, to) {
				continue
			}
		case plan.MetadataKnown, plan.MetadataUnknown, plan.MetadataFailed:
		}
		if forOthers && d.refusedVersion(at, l, to) {
			continue
		}
		out = append(out, solve.Candidate{Version: to, Major: l.major, Young: v.young, Down: l.down})
	}
	return out
}

// refusedVersion reports whether a closed merge request refuses a version, so that it must not move
// for the sake of another package.
func (d *facts) refusedVersion(i int, l *line, to pep440.Version) bool {
	if !d.world.refuses() {
		return false
	}
	sl := d.slots[i]
	branch := plan.BranchName(d.s.Policy.BranchPrefix, d.spelled[sl.p.Key], to.Major())
	for _, r := range d.world.refusals(plan.Update{Branch: branch, Name: d.spelled[sl.p.Key]}, d.wentBack) {
		if len(r.moves) == 0 || r.moves[0].Key != sl.p.Key {
			continue
		}
		refused, err := pep440.Parse(r.moves[0].To)
		if err != nil {
			continue
		}
		// Of a refused minor the versions below it are refused as well: a set
		// must not go round a person's no by taking an older one.
		if l.major || to.Compare(refused) <= 0 || (!r.merged && (r.closing == plan.RefusesPackage || r.closing == plan.RefusesLine && majorOf(refused.String()) == majorOf(to.String()))) {
			return true
		}
	}
	return false
}

// metadataOf is what is known of a release, for all environments together; the zero Metadata if
// nothing is.
func (d *facts) metadataOf(key string, v pep440.Version) plan.Metadata {
	m, _, _ := d.readMetadata(key, v)
	return m
}

// statusOf is how much is known of a release that the index lists.
func (d *facts) statusOf(key string, r *plan.Release) plan.MetadataStatus {
	if r.Differ() {
		return d.metadataOf(key, r.Version).Status
	}
	return d.s.Metadata[key][r.Version.String()].Status
}

// metadata is solve.Facts.Metadata.
func (d *facts) metadata(key string, v pep440.Version) (*solve.Metadata, solve.Knowledge) {
	m, parts, ok := d.readMetadata(key, v)
	if !ok {
		pkg, known := d.s.Packages[key]
		switch {
		case !known || !pkg.HasFacts:
			if pkg.Failure != "" {
				return nil, solve.NotChecked
			}
			return nil, solve.Unknown // no index of the configuration has it
		case !pkg.Known || pkg.Release(v) == nil || len(pkg.Release(v).Files) == 0:
			return nil, solve.Unknown
		}
		return nil, solve.Missing
	}
	switch m.Status {
	case plan.MetadataKnown:
		return &solve.Metadata{Requires: m.Requires, Parts: parts}, solve.Known
	case plan.MetadataFailed:
		return nil, solve.NotChecked
	case plan.MetadataUnknown, plan.MetadataRefused, plan.MetadataWithheld:
	}
	return nil, solve.Unknown
}

// unpinned lists the releases that pip could choose for a name without a pin, newest first.
func (d *searcher) unpinned(key string) ([]pep440.Version, solve.Knowledge) {
	if d.memory != nil {
		d.memory.looked[key] = true
	}
	pkg, known := d.s.Packages[key]
	index, owned := d.s.Policy.IndexOf(key)
	switch {
	case !owned:
		return nil, solve.Absent
	case !known || (!pkg.HasFacts && pkg.Failure == "" && pkg.Withheld == ""):
		return nil, solve.Missing
	case !pkg.HasFacts && pkg.Withheld == "":
		return nil, solve.NotChecked
	case !pkg.Known || pkg.Status == "quarantined":
		return nil, solve.Absent
	}
	if vs, ok := d.free[key]; ok {
		return vs, solve.Known
	}
	ranges, chooses := d.ranges(key), chooses(pkg, len(d.s.Roots) > 0)
	var out []pep440.Version
	d.admitted[key] = map[string]uint64{}
	refused := 0
	for i := len(pkg.Releases) - 1; i >= 0; i-- {
		r := &pkg.Releases[i]
		if r.Version.IsPrerelease() || len(r.Files) == 0 || !chooses(r) || !allContain(ranges, r.Version) {
			continue
		}
		if s := d.statusOf(key, r); s == plan.MetadataRefused || s == plan.MetadataWithheld {
			if refused++; refused >= mostRefused {
				d.rest[key] = true
				break
			}
			continue
		}
		files, mask := d.admits(r)
		if mask == 0 || !d.oldEnough(r, files, index) {
			continue
		}
		out = append(out, r.Version)
		d.admitted[key][r.Version.String()] = mask
	}
	d.free[key] = out
	return out, solve.Known
}

// oldEnough reports whether a release may become a line of the file. Without roots it becomes none:
// then pip takes the newest release, whatever its age.
func (d *facts) oldEnough(r *plan.Release, files []*plan.DistFile, index plan.Index) bool {
	if len(d.s.Roots) == 0 {
		return true
	}
	v := verdict{release: r, released: earliest(r.Files)}
	d.judge.age(&v, files, index, d.s.Policy.MinimumAge)
	return v.reason == nil
}

func allContain(ranges []pep440.Specifiers, v pep440.Version) bool {
	return every(ranges, func(s pep440.Specifiers) bool { return s.Contains(v) })
}

// mostRefused is how many releases with broken metadata are skipped of a name without a pin. Older
// ones are not read, since the broken releases of one author must not take everybody's rounds.
const mostRefused = 32

// admits returns the environments in which a release can be installed, and the files for them.
func (d *facts) admits(r *plan.Release) (files []*plan.DistFile, mask uint64) {
	good, reason := unyanked(r)
	switch {
	case reason != nil:
		return nil, 0
	case len(d.s.Policy.Pythons) == 0:
		return good, 1<<len(d.envs) - 1 // not checked
	}
	targets := make([]target, len(d.envs))
	for i, env := range d.envs {
		targets[i] = target{env.python, env.platform}
	}
	return d.judge.fitting(good, targets)
}

// ranges are the specifiers for a name on lines that pinwheel does not move.
func (d *pins) ranges(key string) []pep440.Specifiers {
	var out []pep440.Specifiers
	for _, f := range d.files {
		for _, u := range f.Parsed.Unmanaged {
			if u.Key == key && !u.Specifiers.IsEmpty() && d.mayHoldAnywhere(u.Marker) {
				out = append(out, u.Specifiers)
			}
		}
	}
	return out
}

func (d *pins) mayHoldAnywhere(m pep508.Marker) bool {
	return m.IsZero() || slices.ContainsFunc(d.envs, func(e environment) bool { return m.MayHold(e.markers) })
}

// Required lists the names that the pinned releases are known to require in
// some environment, without any extra, sorted.
func Required(s plan.Snapshot) []string {
	d := newDecider(&s, plan.At(s.Now))
	d.judge = newJudge(&s, d.now)
	seen := map[string]bool{}
	for _, f := range s.Files {
		parsed, err := f.Parse()
		if f.Absent || err != nil || linkProblem(f.Path, f.Data, false) != nil {
			continue
		}
		for _, p := range parsed.Pins {
			for _, r := range d.metadataOf(p.Key, p.Version).Requires {
				if key := r.Key(); !seen[key] && len(r.Marker.Extras()) == 0 && d.mayHoldAnywhere(r.Marker) {
					seen[key] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
