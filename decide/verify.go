package decide

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Verify judges the pins as they are. It is total, as Decide is.
func Verify(s plan.Snapshot) plan.Verification {
	addPythons(&s)
	d := newDecider(&s, plan.At(s.Now))
	var v plan.Verification
	d.files, v.Problems = parseFiles(&s)
	var left []plan.Unmanaged
	d.slots, left = findSlots(&s, d.files)
	for _, u := range left {
		if _, twice := u.Why.(plan.OtherLine); twice {
			v.Findings = append(v.Findings, plan.Finding{File: u.File, Line: u.Line, Kind: plan.FoundConflict, Text: u.Text + ": " + u.Reason})
		}
	}
	d.judge, d.spelled = newJudge(&s, d.now), map[string]string{}
	for _, sl := range d.slots {
		pkg, known := s.Packages[sl.p.Key]
		d.outcomes = append(d.outcomes, d.judge.judgeSlot(sl, pkg, known))
	}
	v.Pins = len(d.slots)
	d.solver = solve.New(d.universe())
	conflicts := d.solver.Conflicts()
	for _, e := range conflicts {
		file, line := d.place(e)
		v.Findings = append(v.Findings, plan.Finding{File: file, Line: line, Kind: plan.FoundConflict, Text: d.sentence(e)})
	}
	edges, texts := d.unchecked()
	for i, text := range texts {
		file, line := d.place(edges[i])
		v.Findings = append(v.Findings, plan.Finding{File: file, Line: line, Kind: plan.FoundNotChecked, Text: text})
	}
	for _, u := range d.solver.Unpinned() {
		if slices.ContainsFunc(conflicts, func(e solve.Edge) bool { return e.ToMissing && e.To == u.Key && e.Group == u.Group }) {
			continue // no release of it fits, so a pin would not help
		}
		v.Findings = append(v.Findings, plan.Finding{File: d.files[u.Group].Path, Kind: plan.FoundUnpinned, Text: requires(u.By) + "; " + u.Key + " has no pin"})
	}
	for i := range d.slots {
		v.Findings = append(v.Findings, d.findings(i)...)
	}
	for _, r := range s.Roots {
		if r.Failure != "" {
			v.Findings = append(v.Findings, plan.Finding{Kind: plan.FoundNotChecked, Text: fmt.Sprintf("root %s could not be read: %s", r.Name, r.Failure)})
		}
	}
	for _, sl := range d.slots {
		v.Findings = append(v.Findings, sl.outside()...)
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

// place is the file and line of the pin from which an edge comes.
func (d *pins) place(e solve.Edge) (string, int) {
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

// findings lists what is wrong with one pin by itself.
func (d *facts) findings(i int) []plan.Finding {
	sl, o := d.slots[i], d.outcomes[i]
	name := sl.p.Name + " " + sl.p.Version.String()
	found := func(kind plan.FindingKind, text string) []plan.Finding {
		return []plan.Finding{{File: sl.path, Line: sl.p.Line, Kind: kind, Text: text}}
	}
	pkg := d.s.Packages[sl.p.Key]
	switch {
	case o.blocks, o.off != nil && (o.unknown || o.absent):
		return nil
	case !o.owned, o.unknown:
		return found(plan.FoundNotChecked, name+": "+plan.Markdown(o.note))
	case pkg.Status == "quarantined":
		return found(plan.FoundYanked, name+" is "+plan.Markdown(o.note))
	case o.note != nil:
		return found(plan.FoundGone, plan.Markdown(o.note))
	}
	r := pkg.Release(sl.p.Version)
	if r == nil || o.gone {
		return found(plan.FoundGone, fmt.Sprintf("%s is not on %s", name, plan.SpokenIndex(pkg.Index)))
	}
	var out []plan.Finding
	if o.stale && o.off == nil {
		out = found(plan.FoundNotChecked, name+": "+plan.SpokenIndex(pkg.Index)+" could not be read in this run: "+pkg.Failure)
	}
	if o.yanked != nil {
		out = append(out, found(plan.FoundYanked, name+" is "+plan.Markdown(o.yanked))...)
	} else if _, reason := d.judge.usable(sl, r); reason != nil {
		if _, python := reason.(plan.RequiresPython); python {
			out = append(out, found(plan.FoundPython, name+" "+plan.Markdown(reason)+", and the configuration has "+strings.Join(sl.pythons, ", "))...)
		} else {
			out = append(out, found(plan.FoundNoFile, name+" has "+plan.Markdown(reason))...)
		}
	}
	switch m := d.metadataOf(sl.p.Key, sl.p.Version); m.Status {
	case plan.MetadataUnknown, plan.MetadataRefused, plan.MetadataWithheld:
		out = append(out, found(plan.FoundUnverified, "what "+name+" requires is not known: "+m.Reason)...)
	case plan.MetadataFailed:
		out = append(out, found(plan.FoundNotChecked, "what "+name+" requires could not be read: "+m.Reason)...)
	case plan.MetadataKnown:
	}
	return out
}
