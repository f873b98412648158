package solve

import (
	"maps"
	"slices"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file keeps a Solver while facts are added. An answer depends on the pins
// as they are, on the names whose facts were looked at on the way to it, and on
// the question. As long as none of these changed it is given again.

// trail is what a question looked at and asked for.
type trail struct {
	names []int32 // whose facts were looked at, each once
	needs []Need  // facts that it lacks
	mark  []uint32
	round uint32 // a name with this mark is among names
}

// begin starts a trail.
func (t *trail) begin() {
	t.round++
	t.names, t.needs = nil, nil
}

// visit notes that the facts of a name were looked at.
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
	repairs []Repair // in place of result
	spent   bool
	names   []int32
	needs   []Need
}

// question is whom an answer is kept for: the first goal's pin, -1 for repairs.
type question int

// recall finds a kept answer and asks again for what it lacks.
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

// keep notes an answer with the trail that led to it.
func (s *Solver) keep(q question, a *answer) {
	a.spent, a.names, a.needs = s.spent, s.trail.names, s.trail.needs
	s.answers[q] = append(s.answers[q], a)
}

// Renew goes on with facts that differ from those of before for some names alone:
// in what their releases require, and in the releases of names without a pin. What
// was answered without them stands. It reports false where the pins as they are
// are not what they were; then the Solver is of no more use, and [New] makes
// another. Either way the answers are those of a new Solver.
func (s *Solver) Renew(f *Facts, changed map[string]bool) bool {
	if len(f.Pins) != len(s.f.Pins) || len(f.Roots) != len(s.f.Roots) {
		return false
	}
	before := s.f
	s.f = f
	names := make(map[int32]bool, len(changed))
	for key := range changed {
		if name, ok := s.numbers[key]; ok {
			names[name] = true
		}
	}
	for _, name := range s.base.names {
		if names[name] {
			return false
		}
	}
	for name := range names {
		if !s.renewPins(name, before) {
			return false
		}
		delete(s.lines, name)
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

// renewPins forgets what is known of the options of a name's pins. It reports
// false where the pins themselves require something else, or may move elsewhere.
func (s *graph) renewPins(name int32, before *Facts) bool {
	for _, g := range s.groups {
		for _, i := range g.pinned(name) {
			n, was, is := &s.nodes[i], &before.Pins[i], &s.f.Pins[i]
			if !slices.Equal(was.Up, is.Up) || !slices.Equal(was.More, is.More) {
				return false
			}
			if !is.Blocks {
				m, known := s.told(name, is.Version)
				if now := s.releases[releaseKey{name, is.Version.String()}]; known != now.known || !sameMetadata(m, now.told) {
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

// sameMetadata reports whether two answers about a release are one: the same
// requirements in the same memory.
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
