package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/decide/bisect"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file has what texts alone say about a red batch: what was tested, and how it ended.

// tests lists the pipelines for a batch, its own first; none if its parts are not known.
func (h *hunt) tests() []plan.PartTest {
	if !h.fits {
		return nil
	}
	out := []plan.PartTest{{All: len(h.parts), Result: plan.Failed, Jobs: h.jobs}}
	for _, t := range h.probes {
		if !t.ours || t.mr == nil {
			continue
		}
		out = append(out, plan.PartTest{MR: t.mr.IID, Packages: h.names(h.partsIn(t.trailer.Moves)), Result: resultOf(t.result), Jobs: t.jobs})
	}
	slices.SortStableFunc(out, func(a, b plan.PartTest) int { return int(a.MR - b.MR) })
	return out
}

// resultOf is a result of a hunt as a result of a pipeline.
func resultOf(r bisect.Result) plan.Result {
	switch r {
	case bisect.Green:
		return plan.Passed
	case bisect.Red:
		return plan.Failed
	case bisect.Running:
		return plan.Unsettled
	case bisect.NotRun:
	}
	return plan.None
}

// whereabouts says for each update of a batch whether a pipeline with it was green, else which
// probe tests it now, else neither.
func (h *hunt) whereabouts() (good []string, tested []plan.PartTest, neither []string) {
	seen := map[string]bool{}
	fresh := func(t trial) (out []string) {
		for _, id := range h.partsIn(t.trailer.Moves) {
			if !seen[id] {
				out = append(out, id)
				seen[id] = true
			}
		}
		return out
	}
	var green []string
	for _, t := range h.probes {
		if t.ours && t.result == bisect.Green {
			green = append(green, fresh(t)...)
		}
	}
	for _, t := range h.probes {
		if !t.ours || t.mr == nil || t.result != bisect.Running {
			continue
		}
		if ids := fresh(t); len(ids) > 0 {
			tested = append(tested, plan.PartTest{MR: t.mr.IID, Packages: h.names(ids)})
		}
	}
	var rest []string
	for _, id := range h.ids() {
		if !seen[id] {
			rest = append(rest, id)
		}
	}
	return h.names(green), tested, h.names(rest)
}
