package solve

import "slices"

// position is the state of a search: its goals, and what is decided so far.
type position struct {
	s     *Solver
	st    *state
	o     Options
	goals []target // as far as they are narrowed down
	goal  []int16  // of each node, its goal plus one
	level []int16  // of each node, where it was decided; 0: not yet
	flaws []flaw   // that the search is to end
}

// search searches for a set of moves, depth first. It chooses a violated edge, one of
// whose ends must move, tries the options of that end, and goes on with the edges that
// the move violates. Every choice has a level, and a dead end returns the levels on
// which it depends, so that choices which have no part in it are not tried again.
// Without a bound on the size of the set and with all facts known it is complete: it
// finds a set if there is one.
type search struct {
	position
	wished []target

	limit  int  // how many other members the set may have
	cut    bool // something was not tried because of the limit
	nodes  int  // states visited so far
	budget int  // states that may be visited
	spent  bool // the budget, or the steps of the question, were spent

	guesses []guess // options of the state whose facts are not known
	lacking bool
	unread  []string

	why   []conflict // what made each level move something
	found *solution
	best  bool // go on to the set that ends the most conflicts

	naming bool // with best: go on to the set that comes first by name
}

// target is a goal with the options it may take.
type target struct {
	node int32
	opts []int32
}

// guess is an option of a list that was taken although its requirements are not known.
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
	ended  int
	names  []string // of search.naming
}

type pair struct{ node, opt int32 }

// verdict is how a part of the search ended.
type verdict int8

const (
	dead    verdict = iota
	solved          // x.found is the set
	stopped         // facts are lacking, or the budget is spent
)

// levels is a set of levels. Those from 64 on share a bit.
type levels uint64

const allLevels = ^levels(0)

// levelBit is the set of one level; empty for 0.
func levelBit(level int16) levels {
	if level <= 0 {
		return 0
	}
	return 1 << min(level-1, 63)
}

// newSearch prepares a search. It uses the scratch state and the buffers of the search
// before, which must not go on then.
func (s *Solver) newSearch(goals []target, o Options) *search {
	if s.levelOf == nil {
		s.goalOf, s.levelOf = make([]int16, len(s.nodes)), make([]int16, len(s.nodes))
	}
	clear(s.goalOf)
	clear(s.levelOf)
	x := &search{
		position: position{s: s, st: s.scratch(), o: o, goals: slices.Clone(goals), goal: s.goalOf, level: s.levelOf},
		wished:   goals, budget: o.Nodes, limit: len(s.nodes),
	}
	for k, g := range goals {
		x.goal[g.node] = int16(k + 1)
	}
	return x
}

// newPass prepares another pass with the same goals.
func (x *search) newPass(limit, budget int) {
	x.st.reset()
	clear(x.level)
	x.limit, x.cut, x.spent, x.budget = limit, false, false, x.nodes+budget
	x.guesses, x.why = x.guesses[:0], x.why[:0]
	x.found = nil
}

// list lists the options that a node may move to, in order of preference.
func (x *position) list(i int32) []int32 {
	if k := x.goal[i]; k > 0 {
		return x.goals[k-1].opts
	}
	return x.s.allowed(i, x.o)
}

// allowed lists the candidates of a node that the Options permit.
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
func (x *position) free(i int32) bool { return x.level[i] == 0 && len(x.list(i)) > 0 }

// movable lists the nodes that may still move and of which one must move to end a
// conflict, and the levels of the decided ones. The next call overwrites the list.
func (x *position) movable(c *conflict) (out []int32, decided levels) {
	out = x.s.movableBuffer[:0]
	defer func() { x.s.movableBuffer = out }()
	add := func(i int32) {
		switch {
		case i < 0:
		case !x.free(i):
			decided |= levelBit(x.level[i])
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

// dfs chooses what to move at a level, and goes on below it. It returns how that ended,
// and for a dead end the levels on which it depends.
func (x *search) dfs(level int16) (verdict, levels) {
	if x.nodes++; x.nodes > x.budget || x.s.mustEnd() {
		x.spent = true
		return stopped, 0
	}
	b, done, out, lv := x.next()
	if done {
		return out, lv
	}
	if b.nodes == nil {
		if k := slices.IndexFunc(x.goals, func(g target) bool { return x.level[g.node] == 0 }); k >= 0 {
			b = branch{nodes: []int32{x.goals[k].node}, lists: [][]int32{x.goals[k].opts}, why: conflict{from: -1, to: -1}}
		} else if b, done, out, lv = x.leaf(); done {
			return out, lv
		}
	}
	return x.try(level, b)
}

// others counts the members that are no goals.
func (x *position) others() int {
	n := 0
	for _, i := range x.st.moved {
		if x.goal[i] == 0 {
			n++
		}
	}
	return n
}

// leaf judges a state in which no pin refuses another. It returns a choice if open
// names do not fit, else how the search ends here.
func (x *search) leaf() (b branch, done bool, out verdict, lv levels) {
	fit := x.st.fits(nil)
	if fit.spent {
		x.spent = true
		return b, true, stopped, 0
	}
	if c := fit.clash; c != nil {
		ends, decided := x.movable(c)
		if len(ends) == 0 {
			return b, true, dead, decided
		}
		if x.others()+1 > x.limit {
			x.cut = true
			return b, true, dead, allLevels
		}
		return branch{nodes: slices.Clone(ends), decided: decided, why: *c}, false, 0, 0
	}
	if len(x.guesses) > 0 {
		return b, true, x.needGuesses(), allLevels
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
	return b, true, x.keepSolution(), allLevels
}

// needGuesses adds to the needs the facts that the state only guesses.
func (x *search) needGuesses() verdict {
	for _, g := range x.guesses {
		if x.best && x.s.trainOf(g.node) != nil {
			return dead // a set that ends more conflicts is not worth the requests
		}
		opt := x.s.load(g.node, g.list[g.at])
		if opt.known == NotChecked {
			x.unread = append(x.unread, x.s.nodes[g.node].key)
			return stopped
		}
		x.lacking = true
		x.ask(g.node, g.list, g.at)
	}
	return stopped
}

// keepSolution keeps the state as a solution. A search for the best set goes on after
// that, as if the state were a dead end.
func (x *search) keepSolution() verdict {
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
	if found.ended = x.s.endedIn(x.st); x.found == nil || found.ended > x.found.ended {
		x.found = found
	}
	return dead
}

// try tries each option of each node of a branch.
func (x *search) try(level int16, b branch) (verdict, levels) {
	failed := b.decided
	defer func(n int) {
		x.why = x.why[:n]
		for _, i := range b.nodes {
			x.level[i] = 0
		}
	}(len(x.why))
	x.why = append(x.why, b.why)
	for k, i := range b.nodes {
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
			if lv&levelBit(level) == 0 {
				return dead, lv
			}
			failed |= lv
		}
	}
	if level <= 63 {
		failed &^= levelBit(level)
	}
	return dead, failed
}

// take moves a node to the option of a list at an index, and goes on below that.
func (x *search) take(level int16, i int32, list []int32, at int) (verdict, levels) {
	o := list[at]
	opt := x.s.load(i, o)
	if !x.s.mayBeTaken(opt) {
		return dead, levelBit(level)
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
