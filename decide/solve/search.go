package solve

import "slices"

// ground is where a search stands: what it is for, and what is decided so far.
type ground struct {
	s     *Solver
	st    *state
	o     Options
	goals []target // as far as they are narrowed down
	goal  []int16  // of each node, its goal plus one
	level []int16  // of each node, where it was decided; 0: not yet
	flaws []flaw   // to be ended
}

// search looks for a set of moves, depth first. It takes up a violated edge,
// of which one end must move, tries what that end may move to, and goes on
// with what that violates in turn. Every choice has a level, and a dead end
// reports the levels it depends on, so that choices which have no part in it
// are not tried again. Without a bound on the size and with all facts known it
// is complete: it finds a set if there is one.
type search struct {
	ground
	wished []target

	limit  int  // other members at most
	cut    bool // the limit kept something from being tried
	nodes  int
	budget int
	spent  bool

	guesses []guess // options on the way whose facts are not known
	lacking bool
	unread  []string

	why   []conflict // what made each level move something
	found *solution
	best  bool // go on for the set that cures most

	naming bool // of the best, the first by name
}

// target is a goal with the options it may take.
type target struct {
	node int32
	opts []int32
}

// guess is an option that was taken without knowing what it requires.
type guess struct {
	node int32
	list []int32
	at   int
}

// solution is a set that was found.
type solution struct {
	moves  []pair
	why    []conflict
	others int
	cured  int
	names  []string // where the first by name is looked for
}

type pair struct{ node, opt int32 }

// verdict is how a part of the search ended.
type verdict int8

const (
	dead    verdict = iota
	solved          // x.found is the set
	stopped         // facts are lacking, or the budget is spent
)

// levels is a set of levels; those beyond 62 share a bit.
type levels uint64

const allLevels = ^levels(0)

func bit(level int16) levels {
	if level <= 0 {
		return 0
	}
	return 1 << min(level-1, 63)
}

// newSearch prepares a search. It takes over the scratch state and the buffers
// of the one before, which is over then.
func (s *Solver) newSearch(goals []target, o Options) *search {
	if s.levels == nil {
		s.goals, s.levels = make([]int16, len(s.nodes)), make([]int16, len(s.nodes))
	}
	clear(s.goals)
	clear(s.levels)
	x := &search{
		ground: ground{s: s, st: s.scratch(), o: o, goals: slices.Clone(goals), goal: s.goals, level: s.levels},
		wished: goals, budget: o.Nodes, limit: len(s.nodes),
	}
	for k, g := range goals {
		x.goal[g.node] = int16(k + 1)
	}
	return x
}

// again prepares for another pass with the same goals.
func (x *search) again(limit, budget int) {
	x.st.reset()
	clear(x.level)
	x.limit, x.cut, x.spent, x.budget = limit, false, false, x.nodes+budget
	x.guesses, x.why = x.guesses[:0], x.why[:0]
	x.found = nil
}

// list is what a node may move to, in order of preference.
func (x *ground) list(i int32) []int32 {
	if k := x.goal[i]; k > 0 {
		return x.goals[k-1].opts
	}
	return x.s.allowed(i, x.o)
}

// allowed are the candidates of a node that some options let it take.
func (s *Solver) allowed(i int32, o Options) []int32 {
	all := s.candidates(i)
	if len(all) == 0 || !o.NoMajor && !o.NoYoung {
		return all
	}
	kind := 0
	if o.NoMajor {
		kind |= 1
	}
	if o.NoYoung {
		kind |= 2
	}
	if s.lists[kind] == nil {
		s.lists[kind] = make([][]int32, len(s.nodes))
	}
	list := &s.lists[kind][i]
	if *list == nil {
		*list = make([]int32, 0, len(all))
		for _, c := range all {
			if opt := &s.nodes[i].options[c]; !(o.NoMajor && opt.major || o.NoYoung && opt.young) {
				*list = append(*list, c)
			}
		}
	}
	return *list
}

// free reports whether a node may still move.
func (x *ground) free(i int32) bool { return x.level[i] == 0 && len(x.list(i)) > 0 }

// ends are the nodes one of which must move for a conflict to go, and the
// levels of those that are decided. The list holds until the next question.
func (x *ground) ends(c *conflict) (out []int32, decided levels) {
	out = x.s.ends[:0]
	defer func() { x.s.ends = out }()
	add := func(i int32) {
		switch {
		case i < 0:
		case !x.free(i):
			decided |= bit(x.level[i])
		case !slices.Contains(out, i):
			out = append(out, i)
		}
	}
	if c.to >= 0 {
		add(c.from)
		add(c.to)
	}
	for _, i := range c.nodes {
		add(i)
	}
	return out, decided
}

// dfs decides what is next at a level.
func (x *search) dfs(level int16) (verdict, levels) {
	if x.nodes++; x.nodes > x.budget || x.s.over() {
		x.spent = true
		return stopped, 0
	}
	b, end, out, lv := x.next()
	if end {
		return out, lv
	}
	if b.ends == nil {
		if k := slices.IndexFunc(x.goals, func(g target) bool { return x.level[g.node] == 0 }); k >= 0 {
			b = branch{ends: []int32{x.goals[k].node}, lists: [][]int32{x.goals[k].opts}, why: conflict{from: -1, to: -1}}
		} else if b, end, out, lv = x.leaf(); end {
			return out, lv
		}
	}
	return x.try(level, b)
}

// others counts the members that are no goals.
func (x *ground) others() int {
	n := 0
	for _, i := range x.st.moved {
		if x.goal[i] == 0 {
			n++
		}
	}
	return n
}

// leaf judges a state in which no pin refuses another.
func (x *search) leaf() (b branch, end bool, out verdict, lv levels) {
	fit := x.st.fits(nil)
	if fit.spent {
		x.spent = true
		return b, true, stopped, 0
	}
	if c := fit.clash; c != nil {
		ends, decided := x.ends(c)
		if len(ends) == 0 {
			return b, true, dead, decided
		}
		if x.others()+1 > x.limit {
			x.cut = true
			return b, true, dead, allLevels
		}
		return branch{ends: slices.Clone(ends), decided: decided, why: *c}, false, 0, 0
	}
	if len(x.guesses) > 0 {
		return b, true, x.learn(), allLevels
	}
	if fit.missing {
		x.lacking = true
		return b, true, stopped, 0
	}
	for _, i := range x.st.moved {
		fit.unread = append(fit.unread, x.s.holders(i, x.st.isMoved)...)
	}
	if len(fit.unread) > 0 {
		x.unread = append(x.unread, fit.unread...)
		return b, true, stopped, 0
	}
	return b, true, x.keep(), allLevels
}

// learn asks for what was only guessed on the way here.
func (x *search) learn() verdict {
	for _, g := range x.guesses {
		if x.best && x.s.trainOf(g.node) != nil {
			return dead // this is not worth so much reading
		}
		opt := x.s.look(g.node, g.list[g.at])
		if opt.known == NotChecked {
			x.unread = append(x.unread, x.s.nodes[g.node].key)
			return stopped
		}
		x.lacking = true
		x.ask(g.node, g.list, g.at)
	}
	return stopped
}

// keep notes the state as a solution.
func (x *search) keep() verdict {
	found := &solution{others: x.others(), why: slices.Clone(x.why)}
	for _, i := range x.st.moved {
		found.moves = append(found.moves, pair{i, x.st.opt[i]})
	}
	if !x.best {
		x.found = found
		return solved
	}
	if x.naming {
		if found.names = x.namesOf(found); x.found == nil || slices.Compare(found.names, x.found.names) < 0 {
			x.found = found
		}
		return dead
	}
	if found.cured = x.s.cured(x.st); x.found == nil || found.cured > x.found.cured {
		x.found = found
	}
	return dead
}

// try goes through the ways out of a branch.
func (x *search) try(level int16, b branch) (verdict, levels) {
	failed := b.decided
	defer func(n int) {
		x.why = x.why[:n]
		for _, i := range b.ends {
			x.level[i] = 0
		}
	}(len(x.why))
	x.why = append(x.why, b.why)
	for k, i := range b.ends {
		var list []int32
		if k < len(b.lists) {
			list = b.lists[k]
		} else {
			var refused levels
			list, refused = x.accepted(i)
			failed |= refused
		}
		x.level[i] = level
		for at := range list {
			out, lv := x.take(level, i, list, at)
			if out != dead {
				return out, lv
			}
			if lv&bit(level) == 0 {
				return dead, lv
			}
			failed |= lv
		}
	}
	if level <= 63 {
		failed &^= bit(level)
	}
	return dead, failed
}

// take moves a node to the option of a list that is at a place, and goes on.
func (x *search) take(level int16, i int32, list []int32, at int) (verdict, levels) {
	o := list[at]
	opt := x.s.look(i, o)
	if !x.s.takable(opt) {
		return dead, bit(level)
	}
	rel := opt.rel
	unknown := opt.known == Missing || opt.known == NotChecked
	if unknown {
		rel = x.s.assumed(i, o)
		x.guesses = append(x.guesses, guess{i, list, at})
	}
	x.st.move(i, o, rel)
	out, lv := x.dfs(level + 1)
	if unknown {
		x.guesses = x.guesses[:len(x.guesses)-1]
	}
	x.st.undo()
	return out, lv
}
