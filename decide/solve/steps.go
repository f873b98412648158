package solve

// This file bounds what a question costs. A step is about one requirement
// looked at; steps and not time are counted, so that the same facts give the
// same answer on any machine.

const (
	// mostSteps bounds a search whose options name no bound.
	mostSteps = 50_000_000
	// settleSteps bounds what names without a pin take as the pins are, over all
	// of them; a name takes nameSteps and a little for each requirement on such
	// names, and where many do not fit at least leastSteps.
	settleSteps, nameSteps, leastSteps = 4_000_000, 20_000, 500
	// judgeSteps bounds what one set of moves takes to judge.
	judgeSteps = 100_000
	// explainSteps bounds what the reasons of one result take.
	explainSteps = 40_000
)

// A question whose caller names a bound may take freeSteps and, below that bound, so
// many more for each requirement of the first releases that it looked at: findEach
// to find a set, leastEach in all to make it the smallest. For what is beyond the
// first ones it may take an eighth each. So whoever makes a world of twice the size,
// which an exhaustive search would take a thousand times as long for, makes it
// twice as dear at most. Of 4,217 updates of recorded pins one takes 64,000 steps
// until a set is found, among 355 requirements, the others 11 for each; one takes
// 405,000 steps in all, among 863.
const freeSteps, findEach, leastEach, firstOnes = 60_000, 64, 700, 512

// measured lets a question take steps for each requirement that it looks at, where
// its caller bounds it.
func (s *budget) measured(o Options, each int) {
	if o.Steps > 0 {
		s.each = each
	}
}

// meet counts a release once in a question.
func (s *clauses) meet(met *uint32, rel **release) {
	if *met != s.trail.round {
		*met = s.trail.round
		s.size += 1 + len((*rel).reqs)
	}
}

// within begins a question that may take so many steps.
func (s *budget) within(steps int) {
	s.fence, s.spent, s.began, s.size, s.each = s.steps+steps, false, s.steps, 0, 0
}

// allowed is how many steps are in proportion to what the question looked at.
func (s *budget) allowed() int {
	return freeSteps + s.each*min(s.size, firstOnes) + s.each/8*max(0, s.size-firstOnes)
}

// over reports whether the present question has to end.
func (s *budget) over() bool {
	s.spent = s.spent || s.steps > s.fence || s.each > 0 && s.steps-s.began > s.allowed()
	return s.spent
}

// Steps is what all questions took so far. A kept answer takes none.
func (s *Solver) Steps() int { return s.steps }

// Spent reports whether the last question ended before its answer was known.
func (s *Solver) Spent() bool { return s.spent }

// settled takes the steps of a question off what is left for names without a
// pin.
func (s *budget) settled(from int) { s.settling = max(1, s.settling-(s.steps-from)) }
