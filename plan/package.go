package plan

import (
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

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
