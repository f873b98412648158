package bisect

import (
	"slices"
)

// Next says what to test next, or how it ended. The history may be in any order and may have
// pipelines of sets that are not needed. The ID of a pipeline identifies it; each counts once.
//
// Next goes the whole way from the beginning each time and looks up every test in the history. If
// one is missing, it cannot go on, and that test is the answer.
func Next(p Problem, history []Pipeline) Answer {
	h := &hunt{problem: p, order: arrange(p.Elements), runs: map[string][]Pipeline{}, sets: map[string][]string{}, requires: map[string][]string{}}
	for _, e := range h.order {
		h.requires[e.ID] = e.Requires
	}
	h.read(history)
	h.hunt()
	return h.conclude()
}

// hunt is one pass through a history.
type hunt struct {
	problem  Problem
	order    []Element
	requires map[string][]string
	runs     map[string][]Pipeline // by set, by ID
	running  int
	sets     map[string][]string // the sets that were looked up, by digest
	wanted   []Probe
	stuck    *Probe

	good   []string  // green together, in the order in which they were added
	out    []suspect // in the order in which they were found
	done   bool
	answer Answer
}

// suspect is an element that was red on a part of the batch that was green without it.
type suspect struct {
	id     string
	before []string // the part
}

// read sorts the history by sets.
func (h *hunt) read(history []Pipeline) {
	sorted := slices.Clone(history)
	slices.SortStableFunc(sorted, func(a, b Pipeline) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
	sorted = slices.CompactFunc(sorted, func(a, b Pipeline) bool { return a.ID == b.ID })
	for _, r := range sorted {
		h.runs[r.Set] = append(h.runs[r.Set], r)
		if r.Result == Running {
			h.running++
		}
	}
}

// hunt finds suspects, as far as the history reaches.
func (h *hunt) hunt() {
	for !h.done {
		rest := h.grow()
		switch h.status(join(h.good, rest...)) {
		case Green:
			h.good = join(h.good, rest...)
			if !h.settle() {
				return
			}
		case Red:
			if !h.part(rest) {
				h.alone()
				return
			}
		case Running, NotRun:
			h.alone()
			return
		}
	}
}

// grow lists, in order, what can be added to the good part, without the suspects. Every beginning
// of the list is consistent.
func (h *hunt) grow() (rest []string) {
	at, in := slices.Clone(h.good), setOf(h.good)
	left := slices.DeleteFunc(h.names(), func(id string) bool { return in[id] || h.suspected(id) })
	for grew := true; grew; {
		grew = false
		for _, id := range left {
			if in[id] || slices.ContainsFunc(h.requires[id], func(r string) bool { return !in[r] }) || !h.consistent(append(at, id)) {
				continue
			}
			at, in[id], grew = append(at, id), true, true
			rest = append(rest, id)
		}
	}
	return rest
}

// part finds the shortest beginning of rest that is red on the good part. All of it but the last
// element is good then, and the last one is a suspect. It reports whether the history reaches that
// far.
func (h *hunt) part(rest []string) bool {
	n, ok := h.shortest(h.good, rest)
	if !ok {
		return false
	}
	h.good = join(h.good, rest[:n-1]...)
	h.out = append(h.out, suspect{rest[n-1], h.good})
	return true
}

// shortest finds the least n for which the first n of rest are red on base; base is green and all
// of rest is red. Of the elements in question it tests the first ones, as many as the largest power
// of two that is less than all. So the last elements, which are the likely culprits, are separated
// first, and no search takes longer than a balanced one.
func (h *hunt) shortest(base, rest []string) (n int, ok bool) {
	green, red := 0, len(rest)
	for red-green > 1 {
		half := 1
		for 2*half < red-green {
			half *= 2
		}
		at := join(base, rest[:green+half]...)
		if !h.consistent(at) {
			green += half
			continue
		}
		switch h.status(at) {
		case Green:
			green += half
		case Red:
			red = green + half
		case Running, NotRun:
			return 0, false
		}
	}
	return red, true
}

// alone adds probes of suspects with nothing beside them while another probe runs, since these are
// needed in any case.
func (h *hunt) alone() {
	for _, s := range h.out {
		h.status(h.least(s))
	}
}

// status is the result of a set. One green pipeline makes it green, since a broken set is never
// green and a sound one may be red by chance. Running means that it is not known yet, and a probe
// is added; NotRun means that it cannot be known.
func (h *hunt) status(ids []string) Result {
	if len(ids) == 0 {
		return Green // the head of the target branch, on which the batch stands
	}
	digest := Digest(ids)
	h.sets[digest] = ids
	out := NotRun
	for _, r := range h.runs[digest] {
		if r.Result == Green {
			return Green
		}
		if r.Result == Red {
			out = Red
		}
	}
	if out == NotRun {
		return h.want(digest)
	}
	return out
}

// again reports whether n pipelines of a set have ended, and adds a probe if not. A set that does
// not run any more gets no further one.
func (h *hunt) again(ids []string, n int) bool {
	digest := Digest(ids)
	h.sets[digest] = ids
	settled := 0
	for _, r := range h.runs[digest] {
		if r.Result == Green || r.Result == Red {
			settled++
		}
	}
	if settled >= n {
		return true
	}
	h.want(digest)
	return false
}

// want adds a probe of a set, unless one runs.
func (h *hunt) want(digest string) Result {
	failed := 0
	for _, r := range h.runs[digest] {
		if r.Result == Running {
			return Running
		}
		if r.Result == NotRun {
			failed++
		}
	}
	probe := Probe{Set: digest, IDs: h.sets[digest], Attempt: len(h.runs[digest]) + 1}
	if failed >= tries {
		h.stuck = &probe
		return NotRun
	}
	if !slices.ContainsFunc(h.wanted, func(p Probe) bool { return p.Set == digest }) {
		h.wanted = append(h.wanted, probe)
	}
	return Running
}

// conclude makes the answer.
func (h *hunt) conclude() Answer {
	a := h.answer
	a.Running = h.running
	switch {
	case h.stuck != nil:
		a.Stuck = h.stuck
	case h.done:
		a.Done, a.Good = true, h.good
		for _, r := range h.runs[Digest(h.good)] {
			if r.Result == Green {
				a.Green = r.ID
			}
		}
	default:
		a = Answer{Running: h.running}
		a.Probes = h.wanted[:min(len(h.wanted), max(Limit-h.running, 0))]
	}
	return a
}

// names lists all elements in order.
func (h *hunt) names() []string {
	out := make([]string, 0, len(h.order))
	for _, e := range h.order {
		out = append(out, e.ID)
	}
	return out
}

func (h *hunt) suspected(id string) bool {
	return slices.ContainsFunc(h.out, func(s suspect) bool { return s.id == id })
}

func (h *hunt) consistent(ids []string) bool {
	return h.problem.Consistent == nil || h.problem.Consistent(ids)
}

// closure is elements with all that they require, in order.
func (h *hunt) closure(ids ...string) []string {
	in := setOf(ids)
	for _, e := range slices.Backward(h.order) { // required elements come earlier
		if in[e.ID] {
			for _, r := range e.Requires {
				in[r] = true
			}
		}
	}
	return slices.DeleteFunc(h.names(), func(id string) bool { return !in[id] })
}

// join is a set with further elements, those of the set first, none of them twice.
func join(set []string, more ...string) []string {
	out, in := slices.Clip(set), setOf(set)
	for _, id := range more {
		if !in[id] {
			out = append(out, id)
		}
	}
	return out
}

func setOf(ids []string) map[string]bool {
	out := make(map[string]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out
}
