package solve

import (
	"cmp"
	"slices"
	"strings"
)

// This file searches for moves that end conflicts of the pins as they are.

// Repair is what can be done about conflicts that have a pin in common.
type Repair struct {
	// Result is Solved if some of the conflicts can be ended. Its moves end as many as
	// possible, then are as few as possible, then come first by name. They add no
	// conflict.
	Result
	// Ends are the conflicts that it ends, and Left those that it does not, sorted. If
	// it is not Solved, all are in Left.
	Ends, Left []Edge
	// Unsure says that a search gave up, so that it may be possible to end more.
	Unsure bool
}

// flaw is one thing that the pins violate as they are: a requirement on a pin,
// or an open name of which no release fits.
type flaw struct {
	conflict
	name int32 // the open name, -1 for none
}

// openName is an open name in one group.
type openName struct{ group, name int32 }

const (
	// mostTogether is up to how many conflicts with a pin in common every combination is
	// tried. Of more, one after the other is added as long as all can be ended together.
	mostTogether = 6
	// namingBudget bounds the search for the first set by name.
	namingBudget = 2000
)

// Repairs searches a repair for every group of conflicts that have a pin in common. The
// groups come in the order of the pins. If facts are missing, a result is Lacking, and
// Missing lists them.
func (s *Solver) Repairs(o Options) []Repair {
	s.settle()
	if a := s.recall(-1, nil, o); a != nil {
		return slices.Clone(a.repairs)
	}
	a := &answer{options: o, repairs: s.mend(o)}
	s.keepAnswer(-1, a)
	return slices.Clone(a.repairs)
}

// mend is Repairs after settle, without kept answers.
func (s *Solver) mend(o Options) []Repair {
	var out []Repair
	left := o.bound()
	clusters := s.clusters()
	for i, cluster := range clusters {
		from := s.steps
		o.Steps = max(1, left/(len(clusters)-i))
		out = append(out, s.repair(cluster, o))
		left -= s.steps - from
	}
	return out
}

// clusters groups the flaws: two that have a pin in common which may move are in one
// cluster.
func (s *present) clusters() [][]flaw {
	var out [][]flaw
	at := map[int32]int{} // node -> cluster
	for _, f := range s.flaws() {
		into := -1
		nodes := f.nodes
		if f.name < 0 {
			nodes = append([]int32{f.from, f.to}, nodes...)
		}
		for _, n := range nodes {
			c, taken := at[n]
			switch {
			case !taken || c == into || s.nodes[n].fixed:
			case into < 0:
				into = c
			default:
				out[into] = append(out[into], out[c]...)
				out[c] = nil
				rename(at, c, into)
			}
		}
		if into < 0 {
			into = len(out)
			out = append(out, nil)
		}
		out[into] = append(out[into], f)
		for _, n := range nodes {
			at[n] = into
		}
	}
	return slices.DeleteFunc(out, func(c []flaw) bool { return len(c) == 0 })
}

// rename puts the nodes of one cluster into another.
func rename(at map[int32]int, from, to int) {
	for k, v := range at {
		if v == from {
			at[k] = to
		}
	}
}

// flaws are what the pins violate as they are, each once.
func (s *present) flaws() []flaw {
	var out []flaw
	seen := map[violatedEdge]bool{}
	for _, c := range s.conflictsNow {
		if k := (violatedEdge{c.from, c.to, c.req}); !seen[k] {
			seen[k] = true
			out = append(out, flaw{c, -1})
		}
	}
	for gi, g := range s.groups {
		for _, name := range g.unfit() {
			f := flaw{conflict{from: -1, to: -1, group: int32(gi)}, name}
			for _, d := range g.open.demands {
				if d.req.name == name && !slices.Contains(f.nodes, d.node) {
					f.nodes = append(f.nodes, d.node)
				}
			}
			out = append(out, f)
		}
	}
	return out
}

// unfit lists the open names of which no release fits in some environment, each once.
func (g *group) unfit() []int32 {
	var names []int32
	for e := range g.open.envs {
		for _, name := range g.open.envs[e].unfit() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// groupOf is the group of a flaw.
func (s *graph) groupOf(f *flaw) int32 {
	if f.name >= 0 {
		return f.group
	}
	return s.nodes[f.from].group
}

// repair ends as many of the flaws as it can.
func (s *Solver) repair(all []flaw, o Options) Repair {
	r := Repair{Result: Result{Status: Held}, Left: s.flawEdges(all)}
	g := s.groups[s.groupOf(&all[0])]
	end := s.steps + o.Steps
	switch {
	case g.missing || g.open.missing:
		r.Status = Lacking
		return r
	case len(g.unread) > 0:
		r.Status = Unread
		return r
	}
	for size := len(all); size > 0; size-- {
		if size < len(all) && len(all) > mostTogether {
			return s.greedy(all, o, r)
		}
		best := Result{Status: Held}
		for _, some := range combinations(all, size) {
			o.Steps = max(1, end-s.steps)
			got := s.endFlaws(some, o)
			if got.Status == Lacking {
				r.Result = got
				return r
			}
			r.Unsure = r.Unsure || got.Status == GaveUp
			if got.Status == Solved && (best.Status != Solved || s.before(&got, &best)) {
				best = got
			}
		}
		if best.Status == Solved {
			r.Result = best
			break
		}
	}
	return s.split(all, r)
}

// greedy adds one flaw after the other as long as all can be ended together.
func (s *Solver) greedy(all []flaw, o Options, r Repair) Repair {
	var some []flaw
	end := s.steps + o.Steps
	for i := range all {
		o.Steps = max(1, (end-s.steps)/(len(all)-i))
		got := s.endFlaws(append(slices.Clip(some), all[i]), o)
		if got.Status == Lacking {
			r.Result = got
			return r
		}
		r.Unsure = r.Unsure || got.Status == GaveUp
		if got.Status == Solved {
			some, r.Result = append(some, all[i]), got
		}
	}
	return s.split(all, r)
}

// combinations lists the subsets of a size, in the order of their members.
func combinations(all []flaw, size int) [][]flaw {
	if size == 0 {
		return [][]flaw{nil}
	}
	var out [][]flaw
	for i := 0; i+size <= len(all); i++ {
		for _, rest := range combinations(all[i+1:], size-1) {
			out = append(out, append([]flaw{all[i]}, rest...))
		}
	}
	return out
}

// before reports whether a solution comes before another one: it has fewer moves, or
// as many and comes first by name.
func (s *graph) before(a, b *Result) bool {
	names := func(r *Result) (out []string) {
		for _, m := range r.Moves {
			out = append(out, s.nodes[m.Pin].key)
		}
		slices.Sort(out)
		return out
	}
	return cmp.Or(cmp.Compare(len(a.Moves), len(b.Moves)), slices.Compare(names(a), names(b))) < 0
}

// endFlaws searches for moves that end all of some flaws.
func (s *Solver) endFlaws(some []flaw, o Options) Result {
	o.Brief = true
	s.beginQuestion(o.bound())
	s.boundBySize(o, findEach)
	x := s.newSearch(nil, o)
	x.flaws = some
	group := s.groupOf(&some[0])
	for i := range some {
		if some[i].name >= 0 {
			x.st.wanted = append(x.st.wanted, openName{some[i].group, some[i].name})
		}
	}
	if x.budget == 0 {
		x.budget = s.patienceIn(group, findBudget)
	}
	out, _ := x.dfs(1)
	if out == stopped && x.spent {
		out = x.deepen()
	}
	if out == solved {
		out = x.least()
	}
	if out == solved {
		out = x.firstByName()
	}
	return x.result(out)
}

// firstByName searches the sets of the size that was found for the one whose names come
// first.
func (x *search) firstByName() verdict {
	found := x.found
	x.newPass(found.others, namingBudget)
	x.best, x.naming = true, true
	out, _ := x.dfs(1)
	x.best, x.naming = false, false
	if out == stopped && !x.spent {
		return stopped
	}
	if x.found == nil || slices.Compare(x.found.names, x.namesOf(found)) >= 0 {
		x.found = found
	}
	return solved
}

func (x *position) namesOf(f *solution) []string {
	var out []string
	for _, p := range f.moves {
		out = append(out, x.s.nodes[p.node].key)
	}
	slices.SortFunc(out, strings.Compare)
	return out
}

// unrepaired appends the flaws that the search is to end and that the state still has.
// It leaves out open names, which a leaf judges.
func (x *position) unrepaired(out []conflict) []conflict {
	for i := range x.flaws {
		if x.flaws[i].name >= 0 {
			continue
		}
		if c, there := x.st.stillViolated(&x.flaws[i].conflict); there {
			out = append(out, c)
		}
	}
	return out
}

// split fills in which flaws a repair ends and which it leaves.
func (s *Solver) split(all []flaw, r Repair) Repair {
	s.beginQuestion(judgeSteps)
	st := s.apply(r.Moves)
	var ended, left []flaw
	for i := range all {
		f := &all[i]
		if f.name < 0 {
			if st.ends(&f.conflict) {
				ended = append(ended, *f)
			} else {
				left = append(left, *f)
			}
			continue
		}
		st.wanted = []openName{{f.group, f.name}}
		if st.fits(nil).clash == nil {
			ended = append(ended, *f)
		} else {
			left = append(left, *f)
		}
		st.wanted = nil
	}
	r.Ends, r.Left = s.flawEdges(ended), s.flawEdges(left)
	st.reset()
	return r
}

// flawEdges describes flaws as edges of the pins as they are.
func (s *present) flawEdges(all []flaw) []Edge {
	st := newState(&s.graph)
	var out []conflict
	for i := range all {
		if all[i].name < 0 {
			out = append(out, all[i].conflict)
			continue
		}
		out = append(out, s.brokenName(all[i].group, all[i].name)...)
	}
	return st.edges(out)
}
