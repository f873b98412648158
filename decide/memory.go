package decide

import (
	"hash/maphash"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Memory keeps what one decision worked out for the next one, which knows more
// facts: the files as they were read, how the releases of pinned packages were
// judged, and the search with its answers. What it keeps changes no decision.
//
// It is for snapshots of one instant that differ in Metadata and in the Packages of
// names without a pin alone. The zero Memory is empty; it is not for several
// goroutines at once.
type Memory struct {
	now      *plan.Instant // of all rounds
	judge    *judge
	outcomes map[slotID]outcome

	read      bool
	files     []plan.ParsedFile
	problems  []plan.Problem
	slots     []slot
	unmanaged []plan.Unmanaged

	// tired are the wishes, by branch, and the names without a pin, by file, that
	// took too many steps; skipped says that some were left out for that.
	tired   map[string]bool
	skipped bool
	steps   int // that searches took, in all rounds

	contents map[string]made // by what changes in each file

	solver    *solve.Solver
	universe  *solve.Facts // what the solver works on
	rested    int          // tired names without a pin when it was made
	loose     loose
	metadata  map[string]uint64 // what the last decision knew, by name
	packages  map[string]packageStamp
	seed      maphash.Seed
	forgetful bool // the solver is made anew each time, as a test wants it
	seeking   bool // what is missing ends the decision, see Seek
}

// loose is what was worked out of names without a pin, by name.
type loose struct {
	free     map[string][]pep440.Version  // the releases that one may take
	rest     map[string]bool              // of which older ones were not looked at
	admitted map[string]map[string]uint64 // and the environments each is for
	heard    map[*plan.Release][]voice    // voices of any release, of pinned packages too
}

func newLoose() loose {
	return loose{map[string][]pep440.Version{}, map[string]bool{}, map[string]map[string]uint64{}, map[*plan.Release][]voice{}}
}

// metadataStamp tells two answers about a release apart.
type metadataStamp struct {
	version  string
	status   plan.MetadataStatus
	from     string
	requires *pep508.Requirement // the first
	n        int
}

// stampOf sums up what is known of a name's releases in one number, since of
// thousands of names some bytes for each release are many. It holds for this memory
// alone. That two differ and have the same is as likely as a digest that repeats.
func (m *Memory) stampOf(releases map[string]plan.Metadata) (sum uint64) {
	for version, metadata := range releases {
		sum += m.stampOne(version, metadata)
		for _, other := range metadata.More {
			sum += 3 * m.stampOne(version, other)
		}
	}
	return sum
}

func (m *Memory) stampOne(version string, metadata plan.Metadata) uint64 {
	s := metadataStamp{version: version, status: metadata.Status, from: metadata.From, n: len(metadata.Requires)}
	if s.n > 0 {
		s.requires = &metadata.Requires[0]
	}
	return maphash.Comparable(m.seed, s)
}

// packageStamp tells two answers about a package apart.
type packageStamp struct {
	known, hasFacts           bool
	status, failure, withheld string
	releases                  *plan.Release // the first
	n                         int
}

func stampOfPackage(p plan.Package) packageStamp {
	s := packageStamp{known: p.Known, hasFacts: p.HasFacts, status: p.Status, failure: p.Failure, withheld: p.Withheld, n: len(p.Releases)}
	if s.n > 0 {
		s.releases = &p.Releases[0]
	}
	return s
}

// changes are the names of which the snapshot tells something else than the last
// one did. With the first snapshot nothing is compared, and with the second all is
// new: most decisions have no second.
func (m *Memory) changes(s *plan.Snapshot) map[string]bool {
	changed := map[string]bool{}
	if m.solver == nil {
		return changed
	}
	if m.metadata == nil {
		m.metadata, m.packages, m.seed = make(map[string]uint64, len(s.Metadata)), make(map[string]packageStamp, len(s.Packages)), maphash.MakeSeed()
	}
	for key, releases := range s.Metadata {
		if stamp := m.stampOf(releases); m.metadata[key] != stamp {
			m.metadata[key], changed[key] = stamp, true
		}
	}
	for key, p := range s.Packages {
		if stamp := stampOfPackage(p); m.packages[key] != stamp {
			m.packages[key], changed[key] = stamp, true
		}
	}
	return changed
}

// search returns the solver for a decision: that of the last one where what it
// found still stands, or a new one. The answers are the same.
func (m *Memory) search(d *searcher) *solve.Solver {
	changed := m.changes(d.s)
	if m.loose.free == nil {
		m.loose = newLoose()
	}
	d.loose = m.loose
	for key := range changed {
		delete(d.free, key)
		delete(d.rest, key)
		delete(d.admitted, key)
	}
	rested := m.tiredNames()
	if m.solver != nil && !m.forgetful && m.rested == rested {
		m.universe = d.renewed(m.universe, changed)
		if m.solver.Renew(m.universe, changed) {
			return m.solver
		}
	}
	m.universe = d.universe()
	m.solver, m.rested = solve.New(m.universe), rested
	return m.solver
}

// instant is the instant of the snapshots, which keeps what all decisions asked.
func (m *Memory) instant(s *plan.Snapshot) *plan.Instant {
	if m.now == nil || !m.now.Is(s.Now) {
		m.now = plan.At(s.Now)
	}
	return m.now
}

// Instant is the instant of the decisions, of which [plan.Instant.Changes] is when
// time alone may make them others; nil before the first.
func (m *Memory) Instant() *plan.Instant { return m.now }

// parse reads the files once.
func (m *Memory) parse(s *plan.Snapshot) {
	if m.read {
		return
	}
	m.read = true
	m.files, m.problems = parseFiles(s)
	m.slots, m.unmanaged = findSlots(s, m.files)
}

// slotID is the place of a pin.
type slotID struct{ file, pin int }

// Decide is [Decide] with what the memory keeps.
func (m *Memory) Decide(s plan.Snapshot) plan.Plan {
	p := decide(&s, m)
	if m.skipped && len(p.Missing) == 0 {
		// With all that is known the outcome is that of a decision that remembers
		// nothing.
		m.tired, m.skipped = nil, false
		p = decide(&s, m)
	}
	return p
}

// Seek is Decide for a run that fetches what is missing: while there is anything,
// the plan tells of that alone. What depends on states, such as approvals, is asked
// for once the packages are known.
func (m *Memory) Seek(s plan.Snapshot) plan.Plan {
	m.seeking = true
	defer func() { m.seeking = false }()
	return m.Decide(s)
}

func (m *Memory) judgeOf(s *plan.Snapshot) *judge {
	if m.judge == nil {
		m.judge, m.outcomes = newJudge(s, m.instant(s)), map[slotID]outcome{}
	}
	return m.judge
}

// look judges a slot once.
func (m *Memory) look(sl slot, pkg plan.Package, known bool) outcome {
	id := slotID{sl.file, sl.pin}
	o, ok := m.outcomes[id]
	if !ok {
		o = m.judge.look(sl, pkg, known)
		m.outcomes[id] = o
	}
	return o
}
