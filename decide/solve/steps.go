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

// within begins a question that may take so many steps.
func (s *budget) within(steps int) { s.fence, s.spent = s.steps+steps, false }

// over reports whether the present question has to end.
func (s *budget) over() bool {
	s.spent = s.spent || s.steps > s.fence
	return s.spent
}

// Steps is what all questions took so far. A kept answer takes none.
func (s *Solver) Steps() int { return s.steps }

// Spent reports whether the last question ended before its answer was known.
func (s *Solver) Spent() bool { return s.spent }

// settled takes the steps of a question off what is left for names without a
// pin.
func (s *budget) settled(from int) { s.settling = max(1, s.settling-(s.steps-from)) }
