package solve

import "gitlab.com/cki-project/pinwheel/python/pep440"

// Move takes a pin, by its index in Facts.Pins, to another version.
type Move struct {
	Pin                int
	To                 pep440.Version
	Major, Young, Down bool
}

// Goal wants a pin to reach the first of To that can be reached.
type Goal struct {
	Pin int
	To  []Candidate
}

// Options limits a search. With the zero value other members of the set may take
// every candidate.
type Options struct {
	NoMajor bool // other members may not take candidates that are Major
	NoYoung bool // other members may not take candidates that are Young
	// Any accepts the first set that is found, which need not be the smallest.
	Any bool
	// Brief leaves out the reasons: Why of a result that is Held, and Lowered.
	Brief bool
	// Nodes bounds the states of a pass; 0 stands for a default that grows with the
	// number of goals and is never reached with twelve names.
	Nodes int
	// Steps bounds what the search costs; see [Result.Steps]. 0 stands for a bound that
	// a small world never reaches.
	Steps int
}

// bound is how many steps the options allow.
func (o Options) bound() int {
	if o.Steps > 0 {
		return o.Steps
	}
	return mostSteps
}

// Status says how a search ended.
type Status string

// The ways in which a search ends.
const (
	// Solved: Moves is a set that adds no violated edge.
	Solved Status = "solved"
	// Held: there is none.
	Held Status = "held"
	// Lacking: the caller has to fetch facts first, see Solver.Missing.
	Lacking Status = "lacking"
	// Unread: a fact could not be read in this run, see Result.Names.
	Unread Status = "unread"
	// GaveUp: no set was found within the budget, and none was ruled out.
	GaveUp Status = "gave-up"
)

// Result is the answer to Reach.
type Result struct {
	Status Status
	// Moves is sorted by pin and includes those of the goals.
	Moves []Move
	// Along are the open names that become needed, by name.
	Along []Along
	// Unneeded are the pins that roots reached before the moves and do not reach after
	// them.
	Unneeded []int
	// Unverified names the members whose requirements cannot be known, sorted.
	Unverified []string
	// Why has, of a Solved result, the edges that make other members move, in the order
	// in which the search found them; of a Held one, the edges that stand against the
	// newest candidate, one leading to the next, at most eight.
	Why []Edge
	// Lowered are the candidates before the one that was reached, in the order
	// of the goals and of their lists, at most eight of each goal.
	Lowered []Lowered
	// Names are, of Unread, the packages whose facts could not be read, sorted.
	Names []string
	// Nodes is how many states the search visited, and Steps what that cost: about one
	// step for each requirement that it judged.
	Nodes, Steps int
}

// Along is an open name that comes along with a set: By requires it.
type Along struct {
	Key     string
	Group   int
	Version pep440.Version
	By      Edge
}

// Lowered is a candidate that could not be reached, and what stands against it.
type Lowered struct {
	Pin     int
	Version pep440.Version
	Why     []Edge
}
