package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file makes updates that end conflicts between pins on the default branch.

// findRepairs searches first for moves that end conflicts of the pins as they are. It takes a major
// only if fewer conflicts are left then.
func (d *searcher) findRepairs() {
	d.repairs = d.solver.Repairs(solve.Options{NoMajor: true, NoYoung: true, Steps: repairSteps})
	if !slices.ContainsFunc(d.repairs, func(r solve.Repair) bool { return len(r.Left) > 0 }) {
		return
	}
	for i, r := range d.solver.Repairs(solve.Options{NoYoung: true, Steps: repairSteps}) {
		if len(r.Left) < len(d.repairs[i].Left) {
			d.repairs[i] = r
		}
	}
}

// repair moves the goals of packages that end a conflict to where that ends it, unless what the
// goals reach by themselves ends it, too.
func (d *searcher) repair(goals []*goal) {
	for i := range d.repairs {
		r := &d.repairs[i]
		if r.Status != solve.Solved || d.endedBy(goals, d.solver.Removed(r.Moves)) {
			continue
		}
		major := slices.ContainsFunc(r.Moves, func(m solve.Move) bool { return m.Major })
		for _, g := range goals {
			d.take(g, r.Result, major)
		}
	}
}

// endedBy reports whether goals that can open end each conflict.
func (d *searcher) endedBy(goals []*goal, conflicts []solve.Edge) bool {
	for _, g := range goals {
		if g.result.Status != solve.Solved || g.young || g.closed || len(conflicts) == 0 {
			continue
		}
		ended := d.solver.Removed(g.result.Moves)
		conflicts = slices.DeleteFunc(conflicts, func(e solve.Edge) bool { return slices.ContainsFunc(ended, e.Same) })
	}
	return len(conflicts) == 0
}

// take makes a repair the result of a goal. Slots that the repair does not move wait.
func (d *searcher) take(g *goal, r solve.Result, major bool) {
	var slots []int
	var lines []*line
	for k, i := range g.slots {
		if slices.ContainsFunc(r.Moves, func(m solve.Move) bool { return m.Pin == i && g.lines[k].step(d.slots[i], m.To) != nil }) {
			slots, lines = append(slots, i), append(lines, g.lines[k])
		}
	}
	if len(slots) == 0 || g.closed {
		return
	}
	g.slots, g.lines, g.result, g.exact, g.young, g.major = slots, lines, r, true, false, major
}

// solved are the moves of an update as the search has them.
func (d *searcher) solved(moves []plan.Move) []solve.Move {
	var out []solve.Move
	for _, m := range moves {
		i := d.slotOf(m)
		to, err := pep440.Parse(m.To)
		if i >= 0 && err == nil && !to.Equal(d.slots[i].p.Version) {
			out = append(out, solve.Move{Pin: i, To: to})
		}
	}
	return out
}

// retell says anew which moves of an update go together, and what they end and leave, after the
// moves changed.
func (d *offering) retell(dr *offer) {
	dr.Together, dr.Unverified = d.tied(dr.Moves), d.unverified(dr.Moves)
	dr.Cures, dr.Leaves = nil, nil
	if len(d.repairs) == 0 {
		return
	}
	ended := d.solver.Removed(d.solved(dr.Moves))
	for _, e := range ended {
		dr.Cures = append(dr.Cures, d.claim(e, violated(e)))
	}
	for _, r := range d.repairs {
		// What an update leaves is said if it ends another conflict of the same repair.
		if r.Unsure || !slices.ContainsFunc(ended, func(e solve.Edge) bool { return slices.ContainsFunc(r.Ends, e.Same) }) {
			continue
		}
		for _, e := range r.Left {
			if !slices.ContainsFunc(ended, e.Same) {
				dr.Leaves = append(dr.Leaves, d.claim(e, violated(e)))
			}
		}
	}
}
