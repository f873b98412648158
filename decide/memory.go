package decide

import "gitlab.com/cki-project/pinwheel/plan"

// Memory keeps the files as they were read and how the releases of pinned
// packages were judged, so that one run need not do that anew each time a
// decision asked for more facts. It is
// for snapshots of one instant that differ in Metadata and in the Packages of
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
