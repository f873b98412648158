package decide

import (
	"hash/maphash"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Memory keeps what one decision worked out for the next one, which has more facts: the parsed
// files, the verdicts on releases of pinned packages, and the search with its answers. It never
// changes a decision.
//
// The snapshots must be of one instant and differ only in Metadata and in the Packages of names
// without a pin. The zero Memory is empty. Only one goroutine may use it at a time.
type Memory struct {
	now      *plan.Instant // of all rounds
	judge    *judge
	outcomes map[slotID]outcome
	told     map[string]int // of how many releases of a name metadata says more of Python than their page

	read      bool
	files     []plan.ParsedFile
	problems  []plan.Problem
	slots     []slot
	unmanaged []plan.Unmanaged

	// costly are the wishes, by branch, and the names without a pin, by file, that took too many
	// steps. skipped says that some were left out because of that.
	costly  map[string]bool
	skipped bool
	steps   int // that searches took, in all rounds

	contents map[string]made // by what changes in each file

	solver        *solve.Solver
	universe      *solve.Facts // the facts of the solver
	costlyAtStart int          // costlyNames when the solver was made
	loose         loose
	looked        map[string]bool   // names without a pin whose releases some decision looked at
	metadata      map[string]uint64 // what the last decision knew of each name, as a digest
	packages      map[string]packageStamp
	seed          maphash.Seed
	forgetful     bool // for tests: the solver is made anew each time
	seeking       bool // the decision ends if something is missing, see Seek
}

// loose is what was worked out for names without a pin, by name.
type loose struct {
	free     map[string][]pep440.Version  // the releases that one may take
	rest     map[string]bool              // whether older releases were not judged
	admitted map[string]map[string]uint64 // the environments of each release
	voicesOf map[*plan.Release][]voice    // voices of any release, of pinned packages too
}

func newLoose() loose {
	return loose{map[string][]pep440.Version{}, map[string]bool{}, map[string]map[string]uint64{}, map[*plan.Release][]voice{}}
}

// metadataStamp identifies an answer about a release.
type metadataStamp struct {
	version  string
	status   plan.MetadataStatus
	from     string
	requires *pep508.Requirement // the first
	n        int
}

// stampOf is a digest of what is known of a name's releases, since some bytes for each release of
// thousands of names are too many. It is valid only for this memory. Two answers have one stamp
// only by chance, as with any digest.
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

// packageStamp identifies an answer about a package.
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

// changes lists the names of which the snapshot knows something else than the last one. The first
// snapshot is not kept for that, since most decisions have no second one; with the second one all
// names count as changed.
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

// search returns the solver of the last decision if its answers are still valid, else a new one.
// The answers are the same either way.
func (m *Memory) search(d *searcher) *solve.Solver {
	changed := m.changes(d.s)
	if m.loose.free == nil {
		m.loose = newLoose()
	}
	d.loose = m.loose
	if m.looked == nil {
		m.looked = map[string]bool{}
	}
	for key := range changed {
		delete(d.free, key)
		delete(d.rest, key)
		delete(d.admitted, key)
	}
	rested := m.costlyNames()
	kept := m.solver != nil && !m.forgetful
	if kept && m.costlyAtStart == rested {
		m.universe = d.renewed(m.universe, changed)
		if m.solver.Renew(m.universe, changed) {
			return m.solver
		}
	}
	m.universe, m.costlyAtStart = d.universe(), rested
	if kept {
		m.solver = m.solver.Again(m.universe, changed)
	} else {
		m.solver = solve.New(m.universe)
	}
	return m.solver
}

// instant is the instant of the snapshots. It records which instants all decisions depended on.
func (m *Memory) instant(s *plan.Snapshot) *plan.Instant {
	if m.now == nil || !m.now.Is(s.Now) {
		m.now = plan.At(s.Now)
	}
	return m.now
}

// Looked reports whether some decision looked at the releases of a name without a pin.
func (m *Memory) Looked(name string) bool { return m.looked[name] }

// Instant is the instant of the decisions; [plan.Instant.Changes] says when time alone may change
// them. It is nil before the first decision.
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

// slotID identifies a pin by its file and its number in that.
type slotID struct{ file, pin int }

// Decide is [Decide] with what the memory keeps.
func (m *Memory) Decide(s plan.Snapshot) plan.Plan {
	m.rejudge(addPythons(&s))
	p := decide(&s, m)
	if m.skipped && len(p.Missing) == 0 {
		// Nothing is missing any more, so decide as a Memory that is empty would.
		m.costly, m.skipped = nil, false
		p = decide(&s, m)
	}
	return p
}

// Seek is Decide for a run that fetches what is missing. As long as facts of packages are missing,
// the plan lists only these. Facts that depend on states, such as approvals, are asked for after
// that.
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

// outcomeOf judges a slot, once.
func (m *Memory) outcomeOf(sl slot, pkg plan.Package, known bool) outcome {
	id := slotID{sl.file, sl.pin}
	o, ok := m.outcomes[id]
	if !ok {
		o = m.judge.judgeSlot(sl, pkg, known)
		m.outcomes[id] = o
	}
	return o
}
