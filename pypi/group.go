package pypi

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// group is one spelling of a version with the number of its files.
type group struct {
	version pep440.Version
	files   int
	release int32
}

// build sorts what was read into releases. It skips a version that is none (PEP 440), and a file
// whose name is none of a distribution or belongs to another project. Spellings of one version are
// one release, in the spelling that is first in the page's versions list.
func (p *page) build() plan.Package {
	text := string(p.arena)
	for _, s := range p.versions {
		raw := s.of(text)
		if _, ok := p.groupOf[raw]; ok {
			continue
		}
		if v, err := pep440.Parse(raw); err == nil {
			p.addGroup(raw, v)
		}
	}
	kept := p.assign(text)
	releases, counts := p.releases()
	room := make([]plan.DistFile, kept)
	for i, n := range counts {
		if n > 0 {
			releases[i].Files, room = room[:0:n], room[n:]
		}
	}
	for i := range p.files {
		f := &p.files[i]
		if f.group < 0 {
			continue
		}
		f.DistFile.Name, f.DistFile.SHA256 = f.name.of(text), f.sha.of(text)
		r := &releases[p.groups[f.group].release]
		r.Files = append(r.Files, f.DistFile)
	}
	p.numberMetadata(releases)
	return plan.Package{
		Name: p.asked, Known: true, HasFacts: true,
		Status: cmp.Or(p.status, "active"), StatusReason: p.reason,
		Releases: releases,
	}
}

// differing has each release whose files do not all have metadata of one digest, with the index of
// its first digest. It is nil, without an allocation, if there is no such release, as on nearly
// every page.
func (p *page) differing(releases []plan.Release) (found map[int32][]uint32) {
	p.told = append(p.told[:0], make([]uint32, len(releases))...)
	for i := range p.files {
		if p.files[i].group < 0 || p.fetches[i].metadata == 0 {
			continue
		}
		r, sum := p.groups[p.files[i].group].release, p.fetches[i].metadata
		switch first := p.told[r]; {
		case first == 0:
			p.told[r] = sum
		case !bytes.Equal(p.sumAt(first), p.sumAt(sum)) && found[r] == nil:
			if found == nil {
				found = map[int32][]uint32{}
			}
			found[r] = []uint32{first}
		}
	}
	return found
}

// numberMetadata gives the files of a release numbers by the digest of their metadata. If no two
// digests differ, all have 0.
func (p *page) numberMetadata(releases []plan.Release) {
	if p.details == nil {
		return
	}
	differing := p.differing(releases)
	if differing == nil {
		return
	}
	at := map[int32]int{} // how many files of a release were seen
	for i := range p.files {
		if p.files[i].group < 0 {
			continue
		}
		r := p.groups[p.files[i].group].release
		f := &releases[r].Files[at[r]]
		at[r]++
		sums, sum := differing[r], p.fetches[i].metadata
		if len(sums) == 0 || sum == 0 {
			continue
		}
		n := slices.IndexFunc(sums, func(s uint32) bool { return bytes.Equal(p.sumAt(s), p.sumAt(sum)) })
		if n < 0 && len(sums) < math.MaxUint8 {
			n, differing[r] = len(sums), append(sums, sum)
		}
		f.Says = uint8(n + 1) //nolint:gosec // there are at most math.MaxUint8 sums
	}
}

func (p *page) addGroup(raw string, v pep440.Version) int32 {
	i := int32(len(p.groups)) //nolint:gosec // at most maxEntries files and as many versions
	p.groups = append(p.groups, group{version: v})
	p.groupOf[raw] = i
	return i
}

// assign gives every file its group, -1 if it has none, and counts those that have one. Files of
// one version mostly follow each other.
func (p *page) assign(text string) (kept int) {
	last, lastGroup := "", int32(-1)
	for i := range p.files {
		f := &p.files[i]
		f.group = -1
		parsed, err := dist.ParseFor(p.asked, f.name.of(text))
		if err != nil {
			continue
		}
		raw := parsed.Version.Raw()
		if lastGroup < 0 || raw != last {
			g, ok := p.groupOf[raw]
			if !ok {
				g = p.addGroup(raw, parsed.Version)
			}
			last, lastGroup = raw, g
		}
		f.group = lastGroup
		p.groups[lastGroup].files++
		kept++
	}
	return kept
}

// releases makes one release of each version, ascending, and counts the files of each.
func (p *page) releases() ([]plan.Release, []int) {
	for i := range p.groups {
		p.order = append(p.order, int32(i))
	}
	slices.SortStableFunc(p.order, func(a, b int32) int {
		return p.groups[a].version.Compare(p.groups[b].version)
	})
	p.counts = p.counts[:0]
	if len(p.groups) == 0 {
		return nil, p.counts
	}
	releases := make([]plan.Release, 0, len(p.groups))
	for _, i := range p.order {
		g := &p.groups[i]
		if n := len(releases); n == 0 || !releases[n-1].Version.Equal(g.version) {
			releases = append(releases, plan.Release{Version: g.version})
			p.counts = append(p.counts, 0)
		}
		g.release = int32(len(releases) - 1) //nolint:gosec // there are as many as groups at most
		p.counts[g.release] += g.files
	}
	return releases, p.counts
}
