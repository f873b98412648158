package decide

import (
	"maps"
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file adds to the pages of indexes what metadata says of Python. Many indexes say nothing of it, and pip
// refuses a release whose metadata does not admit its Python.

// addPythons replaces the packages of a snapshot of which metadata says more than their page does. told is how
// many releases of each name that are.
func addPythons(s *plan.Snapshot) (told map[string]int) {
	for key, releases := range s.Metadata {
		pkg, n := packageWithPythons(s.Packages[key], releases)
		if n == 0 {
			continue
		}
		if told == nil {
			told, s.Packages = map[string]int{}, maps.Clone(s.Packages)
		}
		told[key], s.Packages[key] = n, pkg
	}
	return told
}

// packageWithPythons is a package with what the metadata of its releases says of Python, and of how many of them that
// is more than its page says.
func packageWithPythons(pkg plan.Package, releases map[string]plan.Metadata) (out plan.Package, n int) {
	for version, m := range releases {
		v, err := pep440.Parse(version)
		if err != nil || m.RequiresPython == "" && len(m.More) == 0 {
			continue
		}
		at, found := slices.BinarySearchFunc(pkg.Releases, v, func(r plan.Release, v pep440.Version) int { return r.Version.Compare(v) })
		if !found {
			continue
		}
		files, changed := withPythons(&pkg.Releases[at], m)
		if !changed {
			continue
		}
		if n++; n == 1 {
			pkg.Releases = slices.Clone(pkg.Releases)
		}
		pkg.Releases[at].Files = files
	}
	return pkg, n
}

// withPythons are the files of a release with what metadata says of their Pythons. Files that say the same in
// their metadata are for the same Pythons. pip takes one file of a release and looks at no other, so what a wheel
// says counts for a source distribution of which nothing is known, too.
func withPythons(r *plan.Release, m plan.Metadata) (files []plan.DistFile, changed bool) {
	files = r.Files
	for i := range r.Files {
		text := says(r, &r.Files[i], m)
		both := bothPythons(r.Files[i].RequiresPython, text)
		if both == r.Files[i].RequiresPython {
			continue
		}
		if !changed {
			files, changed = slices.Clone(files), true
		}
		files[i].RequiresPython = both
	}
	return files, changed
}

// says is what the metadata that stands for a file says of Python.
func says(r *plan.Release, f *plan.DistFile, m plan.Metadata) string {
	if f.Says == 0 && len(m.More) == 0 {
		return m.RequiresPython // the usual case, and cheap
	}
	for _, one := range append([]plan.Metadata{m}, m.More...) {
		at := slices.IndexFunc(r.Files, func(o plan.DistFile) bool { return o.Name == one.From })
		if at >= 0 && r.Files[at].Says == f.Says {
			return one.RequiresPython
		}
	}
	if f.Says == 0 {
		return m.RequiresPython
	}
	return ""
}

// bothPythons are the Pythons that a page and metadata admit. A text that is no set of versions counts for nothing,
// as in pip.
func bothPythons(page, metadata string) string {
	if metadata == "" || metadata == page {
		return page
	}
	if _, err := pep440.ParseSpecifiers(metadata); err != nil {
		return page
	}
	if page == "" {
		return metadata
	}
	if _, err := pep440.ParseSpecifiers(page); err != nil {
		return metadata
	}
	return page + "," + metadata
}

// rejudge forgets the verdicts on names of whose releases more is known of Python than at the last decision.
func (m *Memory) rejudge(told map[string]int) {
	for i := range m.slots {
		if sl := &m.slots[i]; m.told[sl.p.Key] != told[sl.p.Key] {
			delete(m.outcomes, slotID{sl.file, sl.pin})
		}
	}
	m.told = told
}
