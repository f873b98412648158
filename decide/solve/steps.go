package solve

// This file bounds what a question costs. A step is about one requirement that is
// judged. Steps are counted instead of time, so that the same facts give the same
// answer on any machine.

const (
	// mostSteps bounds a search whose options have no bound.
	mostSteps = 50_000_000
	// settleSteps bounds the choice for all open names as the pins are together. One
	// environment may take nameSteps and some for each requirement of a pin on open
	// names. If names are added one by one, each may take at least leastSteps.
	settleSteps, nameSteps, leastSteps = 4_000_000, 20_000, 500
	// judgeSteps bounds the judgement of one set of moves.
	judgeSteps = 100_000
	// explainSteps bounds the reasons of one result.
	explainSteps = 40_000
)

// A question whose caller sets a bound may take freeSteps, and for each requirement of
// the releases that it reads some more, up to that bound: findEach to find a set, and
// leastEach in all to make it the smallest. After the first firstOnes requirements it
// may take an eighth of that for each. So a world of twice the size costs at most twice
// as much, where an exhaustive search would take a thousand times as long. Measured on
// 4,217 updates of recorded pins: to find a set one update takes 64,000 steps, with 355
// requirements, and the others take 11 steps for each requirement; in all one update
// takes 405,000 steps, with 863 requirements.
const freeSteps, findEach, leastEach, firstOnes = 60_000, 64, 700, 512

// boundBySize bounds a question by the requirements that it reads, if its caller sets
// a bound: it may take each steps for each of them.
func (s *budget) boundBySize(o Options, each int) {
	if o.Steps > 0 {
		s.each = each
	}
}

// count adds the requirements of a release to the size of the question, once.
func (s *clauses) count(met *uint32, rel **release) {
	if *met != s.trail.round {
		*met = s.trail.round
		s.size += 1 + len((*rel).reqs)
	}
}

// beginQuestion begins a question that may take so many steps.
func (s *budget) beginQuestion(steps int) {
	s.endAt, s.spent, s.beganAt, s.size, s.each = s.steps+steps, false, s.steps, 0, 0
}

// allowed is how many steps the question may take for what it read.
func (s *budget) allowed() int {
	return freeSteps + s.each*min(s.size, firstOnes) + s.each/8*max(0, s.size-firstOnes)
}

// mustEnd reports whether the present question has to end.
func (s *budget) mustEnd() bool {
	s.spent = s.spent || s.steps > s.endAt || s.each > 0 && s.steps-s.beganAt > s.allowed()
	return s.spent
}

// Steps is what all questions took so far. A kept answer takes none.
func (s *Solver) Steps() int { return s.steps }

// Spent reports whether the last question ended before its answer was known.
func (s *Solver) Spent() bool { return s.spent }

// chargeSettling subtracts the steps since from from those that are left for open
// names. At least one is left.
func (s *budget) chargeSettling(from int) { s.settlingLeft = max(1, s.settlingLeft-(s.steps-from)) }
