package bisect

import (
	"maps"
	"slices"
)

// This file proves which suspects are guilty, once all that is left is green.

// settle judges every suspect on the whole good part. It reports whether the hunt goes on: a
// suspect that is green there stops being one, or all is proven and the hunt is done.
func (h *hunt) settle() bool {
	var guilty []Guilty
	var unclear []string
	whole := true
	for _, s := range h.out {
		g, v := h.prove(s)
		switch v {
		case innocent:
			h.good = join(h.good, s.id)
			h.out = slices.DeleteFunc(h.out, func(o suspect) bool { return o.id == s.id })
			return true
		case unknown:
			whole = false
		case proven:
			guilty = append(guilty, g)
		case doubtful:
			unclear = append(unclear, s.id)
		}
	}
	if !whole {
		return false
	}
	h.done = true
	h.answer.Guilty, h.answer.Unclear, h.answer.Waits = guilty, unclear, h.waiting()
	return true
}

// verdict is the judgement on one suspect.
type verdict int

const (
	unknown  verdict = iota // tests are missing
	innocent                // it is green on the good part
	proven
	doubtful // red, and never in the same job
)

// prove judges one suspect. Its proofs are pipelines that were red with nothing but the suspect and
// elements of the good part. Two that failed in a common job are enough, unless it is green by
// itself.
func (h *hunt) prove(s suspect) (Guilty, verdict) {
	alone, whole := h.least(s), join(h.good, s.id)
	if !h.consistent(whole) {
		whole = join(s.before, s.id)
	}
	single := h.status(alone)
	needed := 2
	if single == Green {
		needed = 3 // first rule out that it is red by chance, before others are searched that only fail with it
	}
	jobs, red := h.evidence(s, alone)
	for n := 1; len(red) < needed; n++ {
		if n > tries {
			return Guilty{}, doubtful
		}
		if h.status(whole) == Green {
			return Guilty{}, innocent
		}
		if !h.again(whole, n) {
			return Guilty{}, unknown
		}
		jobs, red = h.evidence(s, alone)
	}
	with, ok := []string(nil), single == Red
	if single == Green {
		with, ok = h.partners(s)
	}
	if !ok {
		return Guilty{}, unknown
	}
	return Guilty{ID: s.id, With: with, Jobs: jobs, Red: h.withAlone(red, s, with)}, proven
}

// evidence lists the pipelines that were red in a common job with nothing but the suspect on a part
// of the good part, or beside nothing. Of several jobs it takes the one that failed most often.
func (h *hunt) evidence(s suspect, alone []string) (jobs []string, red []int64) {
	failed, most := h.failures(s, alone), 0
	for _, ids := range failed {
		most = max(most, len(ids))
	}
	for _, j := range slices.Sorted(maps.Keys(failed)) {
		if ids := slices.Sorted(slices.Values(failed[j])); len(ids) == most {
			jobs = append(jobs, j)
			if len(jobs) == 1 {
				red = ids
			}
		}
	}
	return jobs, red
}

// failures lists these pipelines by job.
func (h *hunt) failures(s suspect, alone []string) map[string][]int64 {
	good := setOf(append(slices.Clone(h.good), s.id))
	first, single := Digest(join(s.before, s.id)), Digest(alone)
	failed := map[string][]int64{}
	for digest, ids := range h.sets {
		beside := slices.ContainsFunc(ids, func(id string) bool { return !good[id] })
		if beside || !slices.Contains(ids, s.id) || digest == single && digest != first {
			continue
		}
		for _, r := range h.runs[digest] {
			if r.Result != Red {
				continue
			}
			for _, j := range names(r) {
				failed[j] = append(failed[j], r.ID)
			}
		}
	}
	return failed
}

// names are the jobs of a red pipeline. If they are not known, it counts as one job without a name.
func names(r Pipeline) []string {
	if len(r.Jobs) == 0 {
		return []string{""}
	}
	return slices.Compact(slices.Sorted(slices.Values(r.Jobs)))
}

// partners finds the fewest elements, of the part on which a suspect was red, that are red with it.
// It reports whether the history reaches that far. It adds elements from the end: a beginning that
// is shorter than the shortest red one is green.
func (h *hunt) partners(s suspect) (with []string, ok bool) {
	rest := s.before
	core := []string{s.id}
	for {
		base := h.least(s, core[1:]...)
		switch h.status(base) {
		case Red:
			slices.Reverse(with)
			return with, true
		case Running, NotRun:
			return nil, false
		case Green:
		}
		rest = slices.DeleteFunc(slices.Clone(rest), func(id string) bool { return slices.Contains(base, id) })
		if len(rest) == 0 {
			return with, true
		}
		n, ok := h.shortest(base, rest)
		if !ok {
			return nil, false
		}
		with, core = append(with, rest[n-1]), append(core, rest[n-1])
		rest = rest[:n-1]
	}
}

// withAlone adds to the pipelines of a proof those that tested nothing but the guilty elements.
func (h *hunt) withAlone(red []int64, s suspect, with []string) []int64 {
	out := slices.Clone(red)
	for _, r := range h.runs[Digest(h.least(s, with...))] {
		if r.Result == Red {
			out = append(out, r.ID)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// least is a suspect and some elements of the part on which it was red, with what they require and
// as little else of that part as they need to install.
func (h *hunt) least(s suspect, with ...string) []string {
	base := h.closure(append([]string{s.id}, with...)...)
	for n := 0; n < len(s.before) && !h.consistent(base); n++ {
		base = join(base, s.before[n])
	}
	return base
}

// waiting lists what could not be added, and which elements are in its way.
func (h *hunt) waiting() (out []Waiting) {
	good := setOf(h.good)
	for _, id := range h.names() {
		if good[id] || h.suspected(id) {
			continue
		}
		w := Waiting{ID: id}
		needs := setOf(h.closure(id))
		for _, s := range h.out {
			if needs[s.id] {
				w.For = append(w.For, s.id)
			}
		}
		if len(w.For) == 0 {
			for _, s := range h.out {
				w.For = append(w.For, s.id)
			}
		}
		out = append(out, w)
	}
	return out
}
