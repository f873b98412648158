package plan

import (
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// IsBuild reports whether a release is a build of a version without a label.
func IsBuild(r *Release, v pep440.Version) bool {
	return r.Version.Local() != "" && SamePublic(r.Version, v)
}

// SamePublic reports whether two versions are equal but for their labels. A version
// that cannot be read without its label equals none.
func SamePublic(a, b pep440.Version) bool {
	p, err := pep440.Parse(a.Public())
	if err != nil {
		return false
	}
	q, err := pep440.Parse(b.Public())
	return err == nil && p.Equal(q)
}

// Release finds a version among what an index tells of a package.
func (p Package) Release(v pep440.Version) *Release {
	i, found := slices.BinarySearchFunc(p.Releases, v, func(r Release, v pep440.Version) int { return r.Version.Compare(v) })
	if found {
		return &p.Releases[i]
	}
	// A pin without a label means a build, too: builds stand right after it, and
	// the last of them is the one that pip takes.
	var build *Release
	for ; i < len(p.Releases) && v.Local() == "" && IsBuild(&p.Releases[i], v); i++ {
		build = &p.Releases[i]
	}
	return build
}

// Package is what its index says of one name (PEP 691, 700, 792).
type Package struct {
	Name  string // normalised, PEP 503
	Index string // the name of the Index that owns it
	// Known is false when the index answered that it has no such project.
	Known        bool
	Status       string // PEP 792: active, archived, quarantined, deprecated
	StatusReason string
	Releases     []Release // ascending by version
	// Failure is one clause, as it reads after "could not be read: ", when the index did not answer in this run; the
	// releases are then the last good ones, or none.
	Failure string
	// Withheld is one sentence when the index answered in this run that it
	// gives no page of this name alone, such as with a 403; the releases are
	// then the last good ones, or none, and the name does not move.
	Withheld string
	// HasFacts is false when nothing was ever learnt of this name.
	HasFacts bool
}

// Release is one version with its files. A version without files has none.
type Release struct {
	Version pep440.Version
	Files   []DistFile
}

// DistFile is one distribution file of a release (PEP 691, 700).
type DistFile struct {
	Name           string // file name
	RequiresPython string
	Uploaded       time.Time // zero: the index does not tell
	Yanked         bool
	YankedReason   string
	SHA256         string // hex; empty when the index gives none or nobody needs it
	// Says tells files of a release apart by their metadata: those with one
	// number say the same. It is 0 for all of them where no two differ, and for
	// those of which the index gives no digest.
	Says uint8
}

// Differ reports whether files of a release say different things.
func (r *Release) Differ() bool {
	return slices.ContainsFunc(r.Files, func(f DistFile) bool { return f.Says != 0 })
}
