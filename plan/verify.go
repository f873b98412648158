package plan

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan/solve"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// Verification is what is wrong with pins as they stand.
type Verification struct {
	Findings []Finding // 1. by file and line; 2. by kind; 3. by text
	Problems []Problem // files that cannot be read
	Pins     int
	Missing  []Need // facts to fetch before this counts; sorted
}

// Finding is one sentence about a pin, or about what the roots need.
type Finding struct {
	File string
	Line int // 0: no line is at fault
	Kind FindingKind
	Text string
}

// FindingKind says what sort of finding it is.
type FindingKind string

// The kinds. A conflict makes a verification fail, since pip would stop at it,
// and so does a release that is not there or of which too little is known.
const (
	FoundConflict   FindingKind = "conflict"     // pins that cannot be installed together
	FoundPython     FindingKind = "python"       // a release that does not admit a configured Python
	FoundNoFile     FindingKind = "no-file"      // no file for an environment
	FoundYanked     FindingKind = "yanked"       // taken back by its authors, or quarantined
	FoundGone       FindingKind = "not-on-index" // the index does not have it
	FoundUnpinned   FindingKind = "unpinned"     // required by a root or a pin, without a pin
	FoundUnverified FindingKind = "unverified"   // what it requires cannot be known
	FoundNotChecked FindingKind = "not-checked"  // could not be read now
)

// Conflicts reports how many findings are conflicts.
func (v Verification) Conflicts() int {
	n := 0
	for _, f := range v.Findings {
		if f.Kind == FoundConflict {
			n++
		}
	}
	return n
}

// Failed reports whether anything was found that lets the pins not pass.
func (v Verification) Failed() bool {
	return slices.ContainsFunc(v.Findings, func(f Finding) bool {
		switch f.Kind {
		case FoundConflict, FoundYanked, FoundGone, FoundNotChecked:
			return true
		case FoundPython, FoundNoFile, FoundUnpinned, FoundUnverified:
		}
		return false
	})
}

// Verify judges the pins as they are. It is total, as Decide is.
func Verify(s Snapshot) Verification {
	d := newDecider(&s)
	var v Verification
	d.files, v.Problems = parseFiles(&s)
	var left []Unmanaged
	d.slots, left = findSlots(&s, d.files)
	for _, u := range left {
		if strings.Contains(u.Reason, otherVersion) {
			v.Findings = append(v.Findings, Finding{u.File, u.Line, FoundConflict, u.Text + ": " + u.Reason})
		}
	}
	d.judge, d.free, d.spelled = newJudge(&s), map[string][]pep440.Version{}, map[string]string{}
	for _, sl := range d.slots {
		pkg, known := s.Packages[sl.p.Key]
		d.outcomes = append(d.outcomes, d.judge.look(sl, pkg, known))
	}
	v.Pins = len(d.slots)
	d.solver = solve.New(d.universe())
	for _, e := range d.solver.Conflicts() {
		file, line := d.place(e)
		v.Findings = append(v.Findings, Finding{file, line, FoundConflict, d.sentence(e)})
	}
	edges, texts := d.unchecked()
	for i, text := range texts {
		file, line := d.place(edges[i])
		v.Findings = append(v.Findings, Finding{file, line, FoundNotChecked, text})
	}
	for _, u := range d.solver.Unpinned() {
		v.Findings = append(v.Findings, Finding{File: d.files[u.Group].Path, Kind: FoundUnpinned, Text: requires(u.By) + "; " + u.Key + " has no pin"})
	}
	for i := range d.slots {
		v.Findings = append(v.Findings, d.findings(i)...)
	}
	for _, r := range s.Roots {
		if r.Failure != "" {
			v.Findings = append(v.Findings, Finding{Kind: FoundNotChecked, Text: fmt.Sprintf("root %s could not be read: %s", r.Name, r.Failure)})
		}
	}
	v.Missing = d.needs()
	sort.SliceStable(v.Findings, func(i, j int) bool {
		a, b := v.Findings[i], v.Findings[j]
		switch {
		case a.File != b.File:
			return a.File < b.File
		case a.Line != b.Line:
			return a.Line < b.Line
		case a.Kind != b.Kind:
			return a.Kind < b.Kind
		}
		return a.Text < b.Text
	})
	v.Findings = slices.Compact(v.Findings)
	return v
}

// sentence is a violated edge with where it holds: "botocore 1.34.39 requires
// urllib3<2.1 on Python 3.12; urllib3 is pinned at 2.2.1".
func (d *decider) sentence(e solve.Edge) string {
	on := ""
	if e.Environment >= 0 && e.Environment < len(d.envs) {
		env := d.envs[e.Environment]
		on = " on Python " + env.python
		if len(platforms(d.s.Policy)) > 1 {
			on += ", " + strings.TrimPrefix(env.platform, "linux/")
		}
	}
	if e.ToMissing {
		return requires(e) + on + ", and no release of " + e.To + " fits the pins"
	}
	return requires(e) + on + "; " + pinnedAt(e)
}

// place is the line of the pin that an edge comes from.
func (d *decider) place(e solve.Edge) (string, int) {
	for _, sl := range d.slots {
		if sl.p.Key == e.From && !e.FromRoot && sl.p.Version.Equal(e.FromVersion) {
			return sl.path, sl.p.Line
		}
	}
	for _, sl := range d.slots {
		if sl.p.Key == e.To {
			return sl.path, sl.p.Line
		}
	}
	return "", 0
}

// findings are what is wrong with one pin by itself.
func (d *decider) findings(i int) []Finding {
	sl, o := d.slots[i], d.outcomes[i]
	name := sl.p.Name + " " + sl.p.Version.String()
	found := func(kind FindingKind, text string) []Finding {
		return []Finding{{sl.path, sl.p.Line, kind, text}}
	}
	pkg := d.s.Packages[sl.p.Key]
	switch {
	case o.blocks, o.off != nil && (o.unknown || o.absent):
		return nil
	case !o.owned, o.unknown:
		return found(FoundNotChecked, name+": "+o.note)
	case pkg.Status == "quarantined":
		return found(FoundYanked, name+" is "+o.note)
	case o.note != "":
		return found(FoundGone, o.note)
	}
	r := pkg.release(sl.p.Version)
	if r == nil || o.gone {
		return found(FoundGone, fmt.Sprintf("%s is not on %s", name, SpokenIndex(pkg.Index)))
	}
	var out []Finding
	if o.stale && o.off == nil {
		out = found(FoundNotChecked, name+": "+SpokenIndex(pkg.Index)+" could not be read in this run: "+pkg.Failure)
	}
	if o.yanked != "" {
		out = append(out, found(FoundYanked, name+" is "+o.yanked)...)
	} else if _, reason := d.judge.usable(sl, r); reason != "" {
		kind := FoundNoFile
		if strings.HasPrefix(reason, "requires Python") {
			kind = FoundPython
			reason += ", and the configuration has " + strings.Join(sl.pythons, ", ")
		} else {
			reason = "has " + reason
		}
		out = append(out, found(kind, name+" "+reason)...)
	}
	switch m := d.metadataOf(sl.p.Key, sl.p.Version); m.Status {
	case MetadataUnknown, MetadataRefused, MetadataWithheld:
		out = append(out, found(FoundUnverified, "what "+name+" requires is not known: "+m.Reason)...)
	case MetadataFailed:
		out = append(out, found(FoundNotChecked, "what "+name+" requires could not be read: "+m.Reason)...)
	case MetadataKnown:
	}
	return out
}
