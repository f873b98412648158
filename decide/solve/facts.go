package solve

import (
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Facts is all that a search knows. A Solver only reads it. As long as a Solver is in
// use, each function must give the same answer to the same question.
type Facts struct {
	// Environments are those in which the pins must fit. The index of one is its bit
	// in Pin.Active. Only the first 64 count.
	Environments []pep508.Environment
	Pins         []Pin
	// Roots are what people install. Their requirements are edges like those of pins. A
	// pin that none of them reaches is not needed.
	Roots []Root
	// Extras are the extras that count as used everywhere, by the normalised name of
	// their package.
	Extras map[string][]string
	// IgnoreEdges are requirements that do not count.
	IgnoreEdges []IgnoredEdge
	// Metadata returns what one release of a name in normal form requires.
	Metadata func(key string, v pep440.Version) (*Metadata, Knowledge)
	// Releases lists the releases that an open name may take, newest first.
	Releases func(key string) ([]pep440.Version, Knowledge)
	// Rest reports whether Releases left out older releases that nobody judged. Then a
	// search does not conclude that no release fits. Nil is false.
	Rest func(key string) bool
	// Admits returns the environments in which a release of Releases can be installed;
	// nil stands for all of them.
	Admits func(key string, v pep440.Version) uint64
	// Skip reports whether an open name of a group is not to be judged as the pins are,
	// since that took too many steps before; nil is false.
	Skip func(group int, key string) bool
	// Unverified permits releases whose requirements cannot be known. They count as
	// having none.
	Unverified bool
}

// Knowledge says how much is known of a fact that was asked for.
type Knowledge string

// The kinds of knowledge.
const (
	// Known: the answer has the fact.
	Known Knowledge = "known"
	// Missing: nobody has fetched the fact yet. Solver.Missing lists it.
	Missing Knowledge = "missing"
	// NotChecked: the fact could not be read in this run.
	NotChecked Knowledge = "not-checked"
	// Unknown: nobody can read the fact from a file without running code.
	Unknown Knowledge = "unknown"
	// Absent: the index has no such name or release.
	Absent Knowledge = "absent"
)

// Pin is one line of a constraints file.
type Pin struct {
	// Key is the name in normal form.
	Key string
	// Group is the number of the file. Only pins of one group require each other.
	Group   int
	Version pep440.Version
	// Extras are those that the line itself asks for: they count where it is active.
	Extras []string
	// Active are the environments in which the marker of the line may hold.
	Active uint64
	// Mute pins keep no other pin from moving if their requirements could not be read.
	Mute bool
	// Fixed pins do not move, whatever Up lists.
	Fixed bool
	// Blocks says that the pin names a version that no release has, on purpose. What
	// requires the name cannot be installed, and the pin requires nothing.
	Blocks bool
	// Up lists what the pin may move to for the sake of another pin, in order of
	// preference. Candidates that are older than Version are skipped.
	Up []Candidate
	// More lists candidates that are not in Up and that a goal may name. They are
	// listed here so that a search reads the same releases of a long train whichever
	// goals came before.
	More []Candidate
}

// Candidate is a release that a pin may move to.
type Candidate struct {
	Version pep440.Version
	Major   bool // beyond the line of majors that the pin is on
	Young   bool // not old enough yet
	Down    bool // older than the pin; only a goal may take it
}

// Metadata is what one release requires. If its files differ in that, Parts says what
// they require by environment, and Requires does not count.
type Metadata struct {
	Requires []pep508.Requirement
	Parts    []Part
}

// Part is what a release requires in some environments, a bit for each.
type Part struct {
	Environments uint64
	Requires     []pep508.Requirement
}

// Root is something that people install. It has requirements, and nothing requires it.
type Root struct {
	Name string
	// Group is the file whose pins it is installed with, -1 for every file.
	Group    int
	Requires []pep508.Requirement
	// Extras are the root's own extras that are installed.
	Extras []string
}

// IgnoredEdge names requirements that do not count, because the metadata is
// wrong. The names may have any spelling.
type IgnoredEdge struct {
	From, To string
	// FromVersion limits it to some versions of From; an empty set stands for all.
	FromVersion pep440.Specifiers
}

// Need is a fact that a search lacks: with Page the list of releases of an open name,
// else the metadata of one release.
type Need struct {
	Key     string
	Version pep440.Version
	Page    bool
}

// Edge is one requirement between two releases, with all that a sentence about it needs.
type Edge struct {
	// From has the requirement. With FromRoot it is the name of a root and has no
	// version.
	From        string
	FromVersion pep440.Version
	FromRoot    bool
	// Requirement is what is asked for, without its marker: "urllib3<2.1".
	Requirement string
	// To is the name that is required. With ToMissing it has no pin and no release of
	// it fits; ToVersion is then the zero Version. With ToMoved ToVersion is the
	// version to which the search moved To, else the version of its pin.
	To        string
	ToVersion pep440.Version
	ToMissing bool
	ToMoved   bool
	// ToBlocks says that the pin of To blocks its package, see Pin.Blocks.
	ToBlocks bool
	// Environment is the first environment of the edge, and Environments are all of
	// them, a bit for each.
	Environment  int
	Environments uint64
	// Extra is the extra of From that makes the requirement count, "" for none.
	Extra string
	Group int
}

// Unchecked is an open name of which it is not known whether a release fits the pins
// as they are.
type Unchecked struct {
	Unpinned
	// Spent says that judging it took too many steps; else a fact could not be read in
	// this run.
	Spent bool
}

// Unpinned is an open name: some environment requires it and no pin meets it there.
type Unpinned struct {
	Key   string
	Group int
	By    Edge
}
