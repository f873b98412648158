package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"unsafe"

	"gitlab.com/cki-project/pinwheel/plan"
)

// kept is what a run holds of the pages that it read. If that is too much, the largest
// packages are dropped and not checked. Which these are does not depend on the order in
// which the pages came. 650 pins of usual packages take a third of the default bound.
type kept struct {
	most int // bytes
	all  []keptPackage
	size int
}

type keptPackage struct {
	name string
	size int
}

// add holds a package, and returns the names of those that go.
func (k *kept) add(name string, size int) (gone []string) {
	if at := slices.IndexFunc(k.all, func(p keptPackage) bool { return p.name == name }); at >= 0 { // it was read anew
		k.size -= k.all[at].size
		k.all = slices.Delete(k.all, at, at+1)
	}
	k.all = append(k.all, keptPackage{name, size})
	k.size += size
	for k.size > k.most {
		at := 0
		for i, p := range k.all {
			if cmp.Or(cmp.Compare(p.size, k.all[at].size), cmp.Compare(p.name, k.all[at].name)) > 0 {
				at = i
			}
		}
		gone = append(gone, k.all[at].name)
		k.size -= k.all[at].size
		k.all = slices.Delete(k.all, at, at+1)
	}
	return gone
}

// hold notes that a package of so many bytes is in the snapshot, and takes out
// what does not fit beside it.
func (r *indexReader) hold(name string, size int) {
	for _, name := range r.pages.kept.add(name, size) {
		r.packages[name] = r.tooMuch(name)
	}
}

// held is about how many bytes a package takes.
func held(pkg plan.Package) int {
	n := 0
	for i := range pkg.Releases {
		r := &pkg.Releases[i]
		n += int(unsafe.Sizeof(*r)) + 2*len(r.Version.Raw())
		for j := range r.Files {
			f := &r.Files[j]
			n += int(unsafe.Sizeof(*f)) + len(f.Name) + len(f.SHA256)
		}
	}
	return n
}

// tooMuch is what is known of a package that does not fit.
func (r *indexReader) tooMuch(name string) plan.Package {
	index := r.packages[name].Index
	return plan.Package{Name: name, Index: index, Withheld: fmt.Sprintf(
		"not checked: what %s says of %s does not fit into the %d MiB that a run holds of all packages, and it is among the largest", plan.SpokenIndex(index), name, r.Limits.PackagesMiB)}
}
