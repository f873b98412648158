package config

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// Limits bound what strangers' index pages, releases and files may cost a run. They
// are the operator's alone. In the zero value nothing is set; DefaultLimits has what
// holds without keys.
type Limits struct {
	PageMiB        int // an index page, packed and unpacked
	PageEntries    int // its files, and its versions
	PageMemoryMiB  int // what these take in memory
	PagesMemoryMiB int // what all pages in flight take without waiting
	FileMiB        int // a file that has to be read whole

	NamesWithoutPin    int // whose pages a run asks for
	Releases           int // whose metadata a run reads
	ReleasesOfAPackage int // of these those of one package
	PackagesMiB        int // what a run holds of all packages
	RequirementsMiB    int // what a run holds of what releases require
}

// limit is one key of limits: a whole number.
type limit struct {
	key                   string
	standard, least, most int
	text                  string
	of                    func(*Limits) *int
}

// limits are the keys, in the order of the table.
func limits() []limit {
	return []limit{
		{"page_mib", 64, 1, 256, "The MiB of an index page, packed and unpacked. A larger one is not read: its package is not checked",
			func(l *Limits) *int { return &l.PageMiB }},
		{"page_entries", 100_000, 1000, 1_000_000, "The files, and the versions, of a page. One with more is not read",
			func(l *Limits) *int { return &l.PageEntries }},
		{"page_memory_mib", 24, 1, 256, "The MiB that files and versions of a page take in memory. One with more is not read",
			func(l *Limits) *int { return &l.PageMemoryMiB }},
		{"pages_memory_mib", 32, 8, 1024, "The MiB that the pages in flight take together. A page that takes more than its share waits until no other such page is being read",
			func(l *Limits) *int { return &l.PagesMemoryMiB }},
		{"file_mib", 32, 1, 256, "The MiB of a file that has to be read whole. What a release with a larger one requires is not known",
			func(l *Limits) *int { return &l.FileMiB }},
		{"names_without_pin", 2000, 10, 100_000, "The names without a pin whose pages a run asks for. The others are not checked in that run",
			func(l *Limits) *int { return &l.NamesWithoutPin }},
		{"releases", 20_000, 100, 1_000_000, "The releases whose metadata a run reads. The others are not checked in that run",
			func(l *Limits) *int { return &l.Releases }},
		{"releases_of_a_package", 2000, 10, 100_000, "The releases of one package whose metadata a run reads. The others are not checked in that run",
			func(l *Limits) *int { return &l.ReleasesOfAPackage }},
		{"packages_mib", 64, 1, 4096, "The MiB that a run holds of all packages. The largest that do not fit are not checked",
			func(l *Limits) *int { return &l.PackagesMiB }},
		{"requirements_mib", 64, 1, 4096, "The MiB that a run holds of what releases require. Each requirement counts as 100 bytes and ten times its text. " +
			"The releases that are asked for last are not checked",
			func(l *Limits) *int { return &l.RequirementsMiB }},
	}
}

// DefaultLimits are those that hold where no key says otherwise.
func DefaultLimits() (l Limits) {
	for _, one := range limits() {
		*one.of(&l) = one.standard
	}
	return l
}

// limits reads the mapping over what l holds.
func (r *reader) limits(n *yaml.Node, at string, l *Limits) {
	var fields []field
	for _, one := range limits() {
		fields = append(fields, field{
			key: one.key,
			says: says{fmt.Sprintf("number, %d to %d", one.least, one.most), strconv.Itoa(one.standard),
				fmt.Sprintf(`{"type":"integer","minimum":%d,"maximum":%d}`, one.least, one.most), one.text},
			read: func(n *yaml.Node, at string) { *one.of(l) = r.number(n, at, one.least, one.most) },
		})
	}
	r.mapping(n, at, fields)
}
