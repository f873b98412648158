package solve

import (
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Facts is the universe that a search works on. It is only read, and the two
// functions must answer the same question alike as long as a Solver lives.
type Facts struct {
	// Environments are the targets that pins must fit, at most 64; the index
	// is the bit in Pin.Active. Further ones are ignored.
	Environments []pep508.Environment
	Pins         []Pin
	// Roots are what is installed: their requirements are edges like those of
	// pins, and what none of them reaches is not needed.
	Roots []Root
	// Extras are those counted as used everywhere, by the normalised name of
	// their package.
	Extras map[string][]string
	// IgnoreEdges are requirements that do not count.
	IgnoreEdges []IgnoredEdge
	// Metadata tells what one release of a name in normal form requires.
	Metadata func(key string, v pep440.Version) (*Metadata, Knowledge)
	// Releases lists what a name without a pin may take, newest first.
	Releases func(key string) ([]pep440.Version, Knowledge)
	// Rest reports whether Releases left out older ones that nobody judged, so
	// that the name is not known to fit nowhere; nil is false.
	Rest func(key string) bool
	// Admits tells in which environments a release of Releases can be
	// installed; nil is in all of them.
	Admits func(key string, v pep440.Version) uint64
	// Skip names those without a pin, by group, that are not judged as the pins
	// are, since that took too many steps before; nil is none.
	Skip func(group int, key string) bool
	// Unverified lets releases be taken whose requirements cannot be known:
	// they count as having none. Without it such a release cannot be taken.
	Unverified bool
}

// Knowledge says how much is known of a fact that was asked for.
type Knowledge string

// The kinds of knowledge.
const (
	// Known: the fact came with the answer.
	Known Knowledge = "known"
	// Missing: nobody has asked for the fact yet. It lands in Solver.Missing.
	Missing Knowledge = "missing"
	// NotChecked: the fact could not be read in this run.
	NotChecked Knowledge = "not-checked"
	// Unknown: no file tells it without running code.
	Unknown Knowledge = "unknown"
	// Absent: the index has no such name or release.
	Absent Knowledge = "absent"
)

// Pin is one line of a constraints file.
type Pin struct {
	// Key is the name in normal form.
	Key string
	// Group is the file: edges hold between the pins of one group only.
	Group   int
	Version pep440.Version
	// Active are the environments in which the marker of the line may hold.
	Active uint64
	// Mute pins hold nobody while it cannot be read what they require.
	Mute bool
	// Fixed pins do not move, whatever Up says.
	Fixed bool
	// Blocks says that no release is Version, on purpose: whatever requires the
	// name cannot be installed, and nothing is required by it.
	Blocks bool
	// Up lists what the pin may move to on account of others, in order of
	// preference. Candidates that are older than Version are passed over.
	Up []Candidate
	// More are candidates that are none of Up and that a goal may name. What a
	// search reads of a long train does not depend on which goals came before.
	More []Candidate
}

// Candidate is a release that a pin may move to.
type Candidate struct {
	Version pep440.Version
	Major   bool // beyond the line of majors that the pin is on
	Young   bool // not old enough yet
	Down    bool // older than the pin; for a goal's own list alone
}

// Metadata is what one release requires. Where its files for some environments
// require something else than those for others there are Parts, and Requires does
// not count.
type Metadata struct {
	Requires []pep508.Requirement
	Parts    []Part
}

// Part is what a release requires in some environments, a bit for each.
type Part struct {
	Environments uint64
	Requires     []pep508.Requirement
}

// Root is something that is installed: it requires, and nothing requires it.
type Root struct {
	Name string
	// Group is the file whose pins it is installed with, -1 for each of them.
	Group    int
	Requires []pep508.Requirement
	// Extras are those of the root's own requirements that are installed.
	Extras []string
}

// IgnoredEdge names requirements that do not count, because the metadata is
// wrong. The names may stand in any spelling.
type IgnoredEdge struct {
	From, To string
	// FromVersion limits it to some versions of From; the empty set is each.
	FromVersion pep440.Specifiers
}

// Need is a fact that a search lacks: the release list of a name without a pin
// where Page is set, and otherwise the metadata of one release.
type Need struct {
	Key     string
	Version pep440.Version
	Page    bool
}

// Edge is one requirement between two releases, as a sentence needs it.
type Edge struct {
	// From requires; it is the name of a root where FromRoot is set, and then
	// has no version.
	From        string
	FromVersion pep440.Version
	FromRoot    bool
	// Requirement is what is asked for, without its marker: "urllib3<2.1".
	Requirement string
	// To is what it meets. ToMissing says that To has no pin and that no
	// release of it fits; ToVersion is then the zero Version. ToMoved says that
	// ToVersion is where the search took To, and not where its pin stands.
	To        string
	ToVersion pep440.Version
	ToMissing bool
	ToMoved   bool
	// ToBlocks says that the pin of To blocks it.
	ToBlocks bool
	// Environment is the first one in which it is so, and Environments are all
	// of them, a bit for each.
	Environment  int
	Environments uint64
	// Extra is the extra of From on account of which it counts, "" for none.
	Extra string
	Group int
}

// Unchecked is a name without a pin of which is not known whether the pins fit
// it as they are.
type Unchecked struct {
	Unpinned
	// Spent says that to find out took too many steps; else something could not
	// be read in this run.
	Spent bool
}

// Unpinned is a name that is required, in some environment, and has no pin.
type Unpinned struct {
	Key   string
	Group int
	By    Edge
}
