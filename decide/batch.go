package decide

import (
	"slices"
	"sort"
	"time"

	"gitlab.com/cki-project/pinwheel/decide/bisect"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file finds out from what GitLab holds how far each red batch is taken apart.

// hunt is a red batch that is taken apart. Each decision reads all of it anew: the commit of the
// batch says which parts it has, and each probe is a merge request whose commit says which parts it
// tests.
type hunt struct {
	group   string
	branch  plan.Branch
	trailer plan.Trailers
	mr      plan.MergeRequest
	files   []plan.ParsedFile // at the commit on which the batch stands
	parts   []part
	probes  []trial // by branch
	fits    bool    // files and parts give the commit of the batch again
	answer  bisect.Answer
	jobs    []string // that failed in the pipeline of the batch
	// untold says that nothing of it was ever green, and that no pipeline shows whether what
	// it stands on is: then nobody is blamed.
	untold bool
}

// trial is a probe that exists.
type trial struct {
	plan.Probe
	branch  plan.Branch
	trailer plan.Trailers
	ours    bool
	mr      *plan.MergeRequest
	result  bisect.Result
	jobs    []string
	retries []plan.Action // of jobs that run again before they count
}

// runTime is how long a probe may take. After that it counts as not run.
const runTime = 24 * time.Hour

// findHunts finds the red batches.
func (d *hunting) findHunts() {
	d.hunts = map[string]*hunt{}
	for _, b := range d.s.Branches {
		mr, open := d.world.open[b.Name]
		group := d.groupAt(b.Name)
		t, ours := b.Ours(d.world.us)
		if !open || !ours || len(t.Parts) == 0 || !d.s.Policy.Bisects(group) || mr.HeadSHA != b.Head.SHA || d.words.postpone(mr.IID) {
			continue
		}
		result, jobs, _ := d.resultOf(mr, b)
		if result != bisect.Red {
			continue
		}
		h := &hunt{group: group, branch: b, trailer: t, mr: mr, jobs: jobs}
		d.hunts[b.Name] = h
		if h.files, h.fits = d.filesAt(t.Base); !h.fits {
			continue // they are not read yet
		}
		h.parts = d.partsAt(t, h.files)
		if h.fits = h.whole(); h.fits {
			h.probes = d.trials(h)
			h.answer = bisect.Next(d.problem(h), h.history())
			if h.answer.Done && len(h.answer.Guilty) > 0 && !h.green() && !d.mainPasses(h) {
				h.untold, h.answer = true, bisect.Answer{}
			}
		}
	}
}

// green reports whether a pipeline of a part was.
func (h *hunt) green() bool {
	return slices.ContainsFunc(h.probes, func(t trial) bool { return t.result == bisect.Green })
}

// mainPasses reports whether the jobs that are red in a batch are known to pass on the
// default branch.
func (d *hunting) mainPasses(h *hunt) bool {
	a, _, _ := d.ownGate(ownHead{&h.mr, h.mr.HeadSHA, h.trailer.Base})
	return !slices.ContainsFunc(a.verdict.Jobs, func(j plan.JudgedJob) bool {
		return slices.Contains(h.jobs, j.Name) && j.Main != plan.Passed
	})
}

// resultOf is the verdict on the own pipeline of a merge request as a result of a hunt, the jobs
// that regressed, and the retries of jobs that are needed for a verdict.
func (d *scene) resultOf(mr plan.MergeRequest, b plan.Branch) (bisect.Result, []string, []plan.Action) {
	t, _ := plan.ParseTrailers(b.Head.Message)
	a, run, judged := d.ownGate(ownHead{&mr, mr.HeadSHA, t.Base})
	if !judged {
		return bisect.Running, nil, nil
	}
	switch v := a.verdict; v.State {
	case plan.GatePassed, plan.GateFlaky, plan.GateEverywhere:
		return bisect.Green, nil, nil
	case plan.GateRegressed:
		if jobs := v.Blamed(); len(jobs) > 0 {
			return bisect.Red, jobs, nil
		}
		return bisect.NotRun, nil, nil // it has no job that could fail
	case plan.GateTimedOut:
		return bisect.NotRun, nil, nil
	case plan.GateRunning:
		return bisect.Running, nil, retriesOf(mr.IID, b.Name, run, a.againOf)
	case plan.GateWaiting:
	}
	if a.verdict.Waits() {
		return bisect.Running, nil, nil
	}
	return bisect.NotRun, nil, nil
}

// problem is the batch as package bisect sees it. A part of a set may require another part. Whether
// parts install together without the others is asked of the solver.
func (d *hunting) problem(h *hunt) bisect.Problem {
	p := bisect.Problem{Consistent: func(ids []string) bool {
		return len(d.solver.Added(d.solved(h.movesOf(ids)))) == 0 && !d.solver.Spent()
	}}
	for _, e := range h.parts {
		p.Elements = append(p.Elements, bisect.Element{ID: e.id, Requires: e.requires})
	}
	return p
}

// trials lists the probes of a batch that exist. One that is not proven ours, or that tests
// something else than its name says, counts as not run.
func (d *scene) trials(h *hunt) (out []trial) {
	of := plan.Probe{Group: h.group, Head: h.branch.Head.SHA}
	for _, b := range d.s.Branches {
		probe, ok := of.ParseProbe(d.s.Policy.BranchPrefix, b.Name)
		if !ok {
			continue
		}
		t := trial{Probe: probe, branch: b, result: bisect.Running}
		t.trailer, t.ours = b.Ours(d.world.us)
		mr, open := d.world.probes[b.Name]
		switch {
		case !t.ours || t.trailer.Probe != h.branch.Head.SHA || t.trailer.Base != h.trailer.Base || h.setOf(t.trailer.Moves) != probe.Set || !h.holds(t):
			t.ours, t.result = false, bisect.NotRun
		case open:
			t.mr = &mr
			t.result, t.jobs, t.retries = d.resultOf(mr, b)
			if mr.HeadSHA != b.Head.SHA {
				t.result = bisect.Running // GitLab does not show the push yet
			}
			if t.result == bisect.Running && d.now.Passed(t.trailer.At.Add(runTime)) {
				t.result = bisect.NotRun
			}
		case d.world.probed[b.Name]:
			t.result = bisect.NotRun // a person closed it
		}
		out = append(out, t)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].branch.Name < out[j].branch.Name })
	return out
}

// holds reports whether a probe changes exactly what pinwheel would write for its moves. Whoever
// may push can write another change, with its digest, in our user's name.
func (h *hunt) holds(t trial) bool {
	m := h.made(t.branch.Name, h.movesOf(h.partsIn(t.trailer.Moves)))
	return m.err == nil && m.digest == t.trailer.Digest
}

// history lists the pipelines that ran. The number of its merge request identifies a pipeline,
// since each has one merge request of its own.
func (h *hunt) history() []bisect.Pipeline {
	out := []bisect.Pipeline{{Set: bisect.Digest(h.ids()), ID: h.mr.IID, Result: bisect.Red, Jobs: h.jobs}}
	for i, t := range h.probes {
		run := bisect.Pipeline{Set: t.Set, ID: -int64(i) - 1, Result: t.result, Jobs: t.jobs}
		if t.mr != nil {
			run.ID = t.mr.IID
		}
		out = append(out, run)
	}
	return out
}

// breakOf is the proof against a set, if a hunt has ended and blames exactly that set; nil if none
// does.
func (d *hunting) breakOf(s *set) *plan.Break {
	for _, name := range sorted(keysOf(d.hunts)) {
		h := d.hunts[name]
		if !h.answer.Done {
			continue
		}
		for _, g := range h.answer.Guilty {
			if d.makes(s, h.withRequired(g.ID)) {
				return h.breakOf(g)
			}
		}
	}
	return nil
}

func (h *hunt) breakOf(g bisect.Guilty) *plan.Break {
	return &plan.Break{Of: h.partOf(g.ID).keys, Batch: h.mr.IID, With: h.names(g.With), Jobs: g.Jobs, Probes: g.Red, Without: h.answer.Green}
}

func keysOf(hunts map[string]*hunt) (out []string) {
	for name := range hunts {
		out = append(out, name)
	}
	return out
}
