package plan

import "slices"

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
