// Package solve finds which pins go together: what the requirements of a set
// of releases refuse, and the smallest set of upgrades under which a package
// reaches the newest release it can.
//
// Its invariant: the same Facts and the same question give the same answer, and
// no answer adds a refused requirement to those that the pins have already. A
// search is bounded; one that was cut short says so.
//
// It fetches nothing (what it lacks it lists in Missing), knows no age, yank or
// file, and renders no text.
package solve

import (
	"cmp"
	"slices"

	"gitlab.com/cki-project/pinwheel/pypi/pep440"
	"gitlab.com/cki-project/pinwheel/pypi/pep508"
)

// Facts is the universe a search works on. It is only read.
type Facts struct {
	Environments []pep508.Environment // at most 64; the index is the bit in a mask
	Pins         []Pin
	Roots        []Root
	Extras       map[string][]string // extras counted as used, by normalised name
	IgnoreEdges  []IgnoredEdge
	// Metadata is what a release requires; nil unless Known.
	Metadata func(key string, v pep440.Version) (*Metadata, Knowledge)
	// Releases are what a name without a pin may be, newest first.
	Releases func(key string) ([]pep440.Version, Knowledge)
	// Unverified lets a release be taken whose requirements are Unknown, as if
	// it had none.
	Unverified bool
}

// Knowledge says how much is known of a name or a release.
type Knowledge string

// The degrees of knowledge.
const (
	Known      Knowledge = "known"
	Missing    Knowledge = "missing"     // may be asked for, see Solver.Missing
	NotChecked Knowledge = "not-checked" // could not be read in this run
	Unknown    Knowledge = "unknown"     // nobody can tell
	Absent     Knowledge = "absent"      // there is no such name
)

// Pin is one line of a constraints file.
type Pin struct {
	Key     string // normalised
	Group   int    // its file: requirements meet pins of their own group alone
	Version pep440.Version
	Active  uint64 // environments in which the line's marker may hold
	Fixed   bool   // it may not move
	// Up are the versions it may go to, in the order of preference.
	Up []Candidate
}

// Candidate is a version that a pin may go to.
type Candidate struct {
	Version pep440.Version
	Major   bool // beyond the pin's own line
	Young   bool // not old enough yet
	Down    bool // older than the pin; for a goal's own list alone
}

// Metadata is what one release requires (core metadata, Requires-Dist).
type Metadata struct{ Requires []pep508.Requirement }

// Root is something that is installed and is no pin. Group -1 is every group.
type Root struct {
	Name     string
	Group    int
	Requires []pep508.Requirement
}

// IgnoredEdge is a requirement in wrong metadata that does not count, between
// normalised names.
type IgnoredEdge struct {
	From, To    string
	FromVersion pep440.Specifiers // empty: of every version
}

// Need is a fact to fetch: the releases of a name, or one release's metadata.
type Need struct {
	Key     string
	Version pep440.Version
	Page    bool
}

// Edge is one requirement as a sentence needs it.
type Edge struct {
	From        string // a normalised name, or a root's name
	FromVersion pep440.Version
	FromRoot    bool
	Requirement string // "urllib3<2.1"
	To          string
	ToVersion   pep440.Version
	ToMissing   bool // no release of To, which has no pin, fits
	Environment int  // the first in which it holds
}

// Move is one pin's step.
type Move struct {
	Pin                int
	To                 pep440.Version
	Major, Young, Down bool
}

// Goal is a pin with the versions it should reach, the dearest first.
type Goal struct {
	Pin int
	To  []Candidate
}

// Options bound a search. NoMajor and NoYoung speak of the other members of a
// set, not of the goals.
type Options struct {
	NoMajor bool
	NoYoung bool
	Nodes   int // 0: by the size of the world
}

// Status is how a search ended.
type Status string

// The ways a search ends. What is Missing is to be fetched and asked again.
const (
	Solved  Status = "solved"
	Held    Status = "held"    // there is no such set
	Unread  Status = "unread"  // it would need what could not be read in this run
	Lacking Status = "lacking" // it needs what is in Missing
	GaveUp  Status = "gave-up" // the budget was spent
)

// Result is the answer to Reach.
type Result struct {
	Status Status
	Moves  []Move // by pin, the goals' among them
	// Along are names without a pin that become needed, by name.
	Along []Along
	// Unneeded are pins that the roots reached before and do not after.
	Unneeded   []int
	Unverified []string // members of which nobody can tell what they require
	// Why is, for a Held result, what stands against the dearest version: the
	// first refusal, then what keeps it from being mended.
	Why     []Edge
	Lowered []Lowered // the goals' versions that could not be reached
	Names   []string  // Unread: what could not be read
	Nodes   int
}

// Along is a release of a name without a pin.
type Along struct {
	Key     string
	Group   int
	Version pep440.Version
	By      Edge
}

// Lowered is a version of a goal that was tried in vain.
type Lowered struct {
	Pin     int
	Version pep440.Version
	Why     []Edge
}

// Unpinned is a name that is required and has no pin in its group.
type Unpinned struct {
	Key   string
	Group int
	By    Edge
}

// groupKey is a name within a file.
type groupKey struct {
	group int
	key   string
}

// Solver answers questions about one universe.
type Solver struct {
	f         *Facts
	all       uint64 // every environment
	vars      []variable
	pins      int                // the first so many variables are pins
	at        map[groupKey][]int // variables of a name
	groups    []int
	roots     []release // compiled, by Facts.Roots
	rev       map[groupKey][]int
	rels      map[string]map[string]*release
	markers   map[string]mask
	missing   map[string]Need
	blind     []string // pins whose requirements could not be read
	scratch   *state   // the one that fresh hands out
	extras    map[groupKey]map[string]bool
	broken    map[edgeKey]bool // refused by the pins as they are
	lost      map[int]bool     // names without a pin that fit nowhere already
	ready     bool             // the names without a pin have been looked at
	unsettled bool             // and nothing was chosen for them yet
}

// edgeKey names a refused requirement between variables; from is -1-i for
// root i.
type edgeKey struct{ from, to int }

// variable is a pin, or a name without one, which may be any release or, while
// nobody requires it, none.
type variable struct {
	Pin
	free bool
	rel  *release // nil: a free one that is not there
}

// New prepares the universe. It is cheap enough to be done for each decision.
func New(f *Facts) *Solver {
	s := &Solver{
		f: f, pins: len(f.Pins), at: map[groupKey][]int{}, rev: map[groupKey][]int{},
		rels: map[string]map[string]*release{}, markers: map[string]mask{}, missing: map[string]Need{},
		broken: map[edgeKey]bool{}, lost: map[int]bool{},
	}
	for i := range f.Environments {
		s.all |= 1 << i
	}
	for i, p := range f.Pins {
		k := groupKey{p.Group, p.Key}
		s.at[k] = append(s.at[k], i)
		if !slices.Contains(s.groups, p.Group) {
			s.groups = append(s.groups, p.Group)
		}
		s.vars = append(s.vars, variable{Pin: p, rel: s.release(p.Key, p.Version)})
	}
	slices.Sort(s.groups)
	for _, r := range f.Roots {
		s.roots = append(s.roots, s.compile("", pep440.Version{}, r.Requires))
	}
	for i := range s.vars {
		v := &s.vars[i]
		switch v.rel.load(s); v.rel.know {
		case Missing:
			s.need(Need{Key: v.Key, Version: v.Version})
		case NotChecked:
			s.blind = append(s.blind, v.Key)
		}
		s.index(i)
	}
	slices.Sort(s.blind)
	s.blind = slices.Compact(s.blind)
	s.extras = s.usedExtras(s.now())
	for _, r := range s.refused(s.now(), nil, true) {
		s.broken[r.key()] = true
	}
	return s
}

// index notes what a variable's present release requires.
func (s *Solver) index(i int) {
	v := &s.vars[i]
	if v.rel == nil {
		return
	}
	seen := map[string]bool{}
	for j := range v.rel.reqs {
		key := v.rel.reqs[j].key
		if !seen[key] {
			seen[key] = true
			k := groupKey{v.Group, key}
			s.rev[k] = append(s.rev[k], i)
		}
	}
}

func (s *Solver) need(n Need) {
	id := n.Key
	if !n.Page {
		id += "==" + n.Version.String()
	}
	s.missing[id] = n
}

// Missing lists the facts that questions so far lacked, pages first, then by
// name and version.
func (s *Solver) Missing() []Need {
	var out []Need
	for _, n := range s.missing {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b Need) int {
		if a.Page != b.Page {
			if a.Page {
				return -1
			}
			return 1
		}
		if c := cmp.Compare(a.Key, b.Key); c != 0 || a.Page {
			return c
		}
		return a.Version.Compare(b.Version)
	})
	return out
}
