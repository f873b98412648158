package solve

import (
	"maps"
	"slices"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file keeps the answers of a Solver when facts are added. An answer depends on
// the pins as they are, on the names whose facts were read for it, and on the
// question. As long as none of these changes, the kept answer is given again.

// trail is what a question read, and what it lacks.
type trail struct {
	names []int32 // whose facts were read, each once
	needs []Need  // facts that it lacks
	mark  []uint32
	round uint32 // of this question; a name with this mark is among names
}

// begin starts a trail.
func (t *trail) begin() {
	t.round++
	t.names, t.needs = nil, nil
}

// visit adds a name whose facts were read.
func (t *trail) visit(name int32) {
	if int(name) >= len(t.mark) {
		t.mark = append(t.mark, make([]uint32, int(name)+1-len(t.mark)+len(t.mark)/2)...)
	}
	if t.mark[name] != t.round {
		t.mark[name] = t.round
		t.names = append(t.names, name)
	}
}

// answer is a result with what it depends on.
type answer struct {
	goals   []Goal
	options Options
	result  Result
	repairs []Repair // of Repairs, in place of result
	spent   bool
	names   []int32
	needs   []Need
}

// question is the key of kept answers: the pin of the first goal, -1 for repairs.
type question int

// recall finds a kept answer, and adds to the needs what that one lacks; nil for none.
func (s *Solver) recall(q question, goals []Goal, o Options) *answer {
	for _, a := range s.answers[q] {
		if a.options == o && slices.EqualFunc(a.goals, goals, sameGoal) {
			for _, n := range a.needs {
				s.need(n)
			}
			s.spent = a.spent
			return a
		}
	}
	return nil
}

func sameGoal(a, b Goal) bool { return a.Pin == b.Pin && slices.Equal(a.To, b.To) }

// keepAnswer keeps an answer with its trail.
func (s *Solver) keepAnswer(q question, a *answer) {
	a.spent, a.names, a.needs = s.spent, s.trail.names, s.trail.needs
	s.answers[q] = append(s.answers[q], a)
}

// Renew replaces the facts. The new ones may differ only for the names in changed, in
// what their releases require and in the releases of open names. Answers that did not
// depend on these names are kept. It reports false if the pins as they are changed, too:
// then this Solver must not be used any more, and [Solver.Again] or [New] makes another one.
// In each case the answers are those that a new Solver would give.
func (s *Solver) Renew(f *Facts, changed map[string]bool) bool {
	if len(f.Pins) != len(s.f.Pins) || len(f.Roots) != len(s.f.Roots) {
		return false
	}
	before := s.f
	s.f = f
	names := s.numbersOf(changed)
	for _, name := range s.base.names {
		if names[name] {
			return false
		}
	}
	for name := range names {
		if !s.renewPins(name, before) {
			return false
		}
		delete(s.openLists, name)
	}
	maps.DeleteFunc(s.releases, func(k releaseKey, _ knownRelease) bool { return names[k.name] })
	for q, list := range s.answers {
		s.answers[q] = slices.DeleteFunc(list, func(a *answer) bool {
			return slices.ContainsFunc(a.names, func(n int32) bool { return names[n] })
		})
	}
	clear(s.needs)
	for _, n := range s.base.needs {
		s.need(n)
	}
	return true
}

// Again returns a new Solver, as [New] does, of facts that differ from those of s no more
// than [Solver.Renew] says. It takes over what s found of the releases of names that did not
// change; s must not be used any more.
func (s *Solver) Again(f *Facts, changed map[string]bool) *Solver {
	c := s.clauses
	c.f, c.budget, c.needs = f, budget{}, map[string]Need{}
	c.trail.begin()
	names := c.numbersOf(changed)
	for name := range names {
		delete(c.openLists, name)
	}
	maps.DeleteFunc(c.releases, func(k releaseKey, _ knownRelease) bool { return names[k.name] })
	for _, r := range c.requires {
		r.accepted = nil // options have new numbers
	}
	clear(c.blends) // so have those that these accept
	return newSolver(c)
}

// numbersOf is the set of the numbers that some names have.
func (s *clauses) numbersOf(keys map[string]bool) map[int32]bool {
	out := make(map[int32]bool, len(keys))
	for key := range keys {
		if name, ok := s.numbers[key]; ok {
			out[name] = true
		}
	}
	return out
}

// renewPins drops what is known of the options of the pins of a name. It reports false
// if the pins now require something else, or may move to other versions.
func (s *graph) renewPins(name int32, before *Facts) bool {
	for _, g := range s.groups {
		for _, i := range g.pinned(name) {
			n, was, is := &s.nodes[i], &before.Pins[i], &s.f.Pins[i]
			if !slices.Equal(was.Up, is.Up) || !slices.Equal(was.More, is.More) {
				return false
			}
			if !is.Blocks {
				m, known := s.metadataOf(name, is.Version)
				if now := s.releases[releaseKey{name, is.Version.String()}]; known != now.known || !sameMetadata(m, now.metadata) {
					return false
				}
			}
			for o := range n.options[1:] {
				opt := &n.options[o+1]
				opt.rel, opt.known = nil, ""
			}
			n.train = nil
		}
	}
	return true
}

// sameMetadata reports whether two answers about a release have the same requirements
// in the same memory.
func sameMetadata(a, b *Metadata) bool {
	if a == nil || b == nil {
		return a == b
	}
	return sameList(a.Requires, b.Requires) && slices.EqualFunc(a.Parts, b.Parts, func(p, q Part) bool {
		return p.Environments == q.Environments && sameList(p.Requires, q.Requires)
	})
}

func sameList(a, b []pep508.Requirement) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
