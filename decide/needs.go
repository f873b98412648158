package decide

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file lists the facts that a decision lacks.

// needs are the facts that the search needs, as an edge can fetch them.
func (d *searcher) needs() []plan.Need {
	l := needList{d: d, seen: map[string]bool{}}
	for _, n := range append(d.solver.Missing(), d.lacking...) {
		if n.Page {
			l.add(plan.Need{Name: n.Key, Page: true})
			continue
		}
		fresh := false
		for _, need := range d.needsOf(n.Key, n.Version) {
			fresh = l.add(need) || fresh
		}
		if fresh {
			l.afterRefused(d.s.Packages[n.Key], n)
		}
	}
	return l.out
}

// needList lists needs, each once.
type needList struct {
	d    *searcher
	seen map[string]bool
	out  []plan.Need
}

func (l *needList) add(n plan.Need) bool {
	key := strings.Join(append([]string{n.Name, n.Version}, n.Files...), "\n")
	if l.seen[key] {
		return false
	}
	l.seen[key] = true
	l.out = append(l.out, n)
	return true
}

// afterRefused adds as many older releases of a name as there are newer ones with refused metadata or metadata that
// says more of Python than the page,
// so that few rounds are needed.
func (l *needList) afterRefused(pkg plan.Package, n solve.Need) {
	d := l.d
	at := slices.IndexFunc(pkg.Releases, func(r plan.Release) bool { return r.Version.Equal(n.Version) })
	if at < 0 {
		return
	}
	more := 0
	if d.memory != nil {
		more = d.memory.told[n.Key]
	}
	for _, r := range pkg.Releases[at+1:] {
		if s := d.metadataOf(n.Key, r.Version).Status; s == plan.MetadataRefused || s == plan.MetadataWithheld {
			more++
		}
	}
	pinned := d.slotsOf(n.Key)
	for i := at - 1; i >= 0 && more > 0; i-- {
		r := &pkg.Releases[i]
		if slices.ContainsFunc(pinned, func(k int) bool { return r.Version.Compare(d.slots[k].p.Version) <= 0 }) {
			return
		}
		version := r.Version.String()
		if _, known := d.s.Metadata[n.Key][version]; known || len(r.Files) == 0 || r.Version.IsPrerelease() {
			continue
		}
		for _, need := range d.needsOf(n.Key, r.Version) {
			l.add(need)
		}
		more--
	}
}
