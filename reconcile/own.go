package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file brings what is known of the jobs of merge requests' own pipelines up to
// date, and of the pipelines of the default branch with which they are compared.

// keepOwn keeps of a memory the runs of pipelines that open merge requests have
// themselves, and what these are compared with.
func (r *observer) keepOwn(known plan.GateMemory, tests []gated) {
	wanted := map[string]bool{}
	for _, t := range tests {
		wanted[plan.OwnOperation(t.head)], wanted[plan.MainOperation(t.base)] = true, true
	}
	for _, run := range known.Runs {
		if run.Onto != "" && wanted[run.Operation] {
			wanted[plan.MainOperation(run.Onto)] = true
		}
	}
	for _, run := range known.Runs {
		if !run.OfGate() && wanted[run.Operation] {
			r.memory.Gates.Runs = append(r.memory.Gates.Runs, run)
		}
	}
}

// observeOwn reads the jobs of each own pipeline that ended, and of a failed one the
// pipeline that it is compared with. What cannot be read leaves what was known.
func (r *observer) observeOwn(ctx context.Context, tests []gated) {
	if r.news.failed || r.snap.Silent || r.snap.Project.PipelinesOff {
		return
	}
	for _, t := range tests {
		run, ok := r.ownRun(ctx, t)
		if !ok {
			continue
		}
		base := t.base
		if run.Onto != "" {
			base = run.Onto
		}
		if run.Result == plan.Failed && r.staleMain(base) {
			r.mainRun(ctx, base, run.Started)
		}
	}
}

// ownRun is what is known of the pipeline of a head now; false if there is none, or
// it could not be read.
func (r *observer) ownRun(ctx context.Context, t gated) (plan.GateRun, bool) {
	op := plan.OwnOperation(t.head)
	old := r.ownKnown(op)
	p, ok := r.ownNow(t, old)
	switch {
	case !ok && old != nil:
		return *old, true
	case !ok:
		return plan.GateRun{}, false
	case old != nil && old.ID == p.ID && old.Result == p.Result && old.Updated.Equal(p.Updated):
		return *old, true
	}
	run := plan.GateRun{
		Operation: op, Gate: plan.OwnGate, Commit: t.head, Project: r.snap.Project.ID, ID: p.ID, Result: p.Result, Started: p.Began, Updated: p.Updated,
		Kind: p.Kind, Onto: p.Onto, URL: fmt.Sprintf("%s/-/pipelines/%d", r.snap.Project.WebURL, p.ID),
	}
	if run.Started.IsZero() {
		run.Started = t.at
	}
	if old != nil && old.ID == run.ID {
		run.Jobs = old.Jobs
	}
	if run.Result == plan.Passed || run.Result == plan.Failed {
		jobs, err := r.gitlab.GateJobs(ctx, run)
		if err != nil {
			return plan.GateRun{}, r.gateMissed(err)
		}
		if run.Jobs = keptOnce(jobs, run.Jobs); run.Active() {
			run.Result, run.Updated = plan.Unsettled, time.Time{} // the answers do not agree, so it is read again
		}
	}
	r.keepRun(run)
	return run, true
}

// ownNow is how the pipeline of a head stands as GitLab tells now; false if it tells
// nothing new. What is known of a merge request keeps its last result while a job runs
// again, and a verdict may not.
func (r *observer) ownNow(t gated, old *plan.GateRun) (plan.Pipeline, bool) {
	p := r.snap.Pipelines[t.mr.IID]
	if p.Head != t.head || p.ID == 0 {
		return plan.Pipeline{}, false
	}
	if fresh, read := r.news.fresh[t.mr.IID]; read && fresh.Head == t.head {
		if fresh.ID != p.ID {
			return plan.Pipeline{}, false
		}
		if fresh.Updated.IsZero() {
			fresh.Result = plan.Unsettled
		}
		return fresh, true
	}
	row, listed := r.news.rows[p.ID]
	switch {
	case listed && row.Result == plan.Unsettled:
		p.Result, p.Updated = plan.Unsettled, row.At
		return p, true
	case listed, old == nil:
		return p, true
	}
	return plan.Pipeline{}, false
}

func (r *observer) ownKnown(op string) *plan.GateRun {
	at := slices.IndexFunc(r.memory.Gates.Runs, func(o plan.GateRun) bool { return o.Operation == op })
	if at < 0 {
		return nil
	}
	return &r.memory.Gates.Runs[at]
}

// keepRun keeps a run in place of what was known under its operation.
func (r *observer) keepRun(run plan.GateRun) {
	if old := r.ownKnown(run.Operation); old != nil {
		*old = run
		return
	}
	r.memory.Gates.Runs = append(r.memory.Gates.Runs, run)
}

// staleMain reports whether the pipeline with which what stands on a commit is compared
// has to be read: it is not known, was under way, or another one of that commit began.
func (r *observer) staleMain(base string) bool {
	known := r.ownKnown(plan.MainOperation(base))
	if known == nil || known.ID != 0 && known.Result == plan.Unsettled {
		return true
	}
	for _, row := range r.news.rows {
		of := row.SHA == base && (row.Ref == r.snap.Project.DefaultBranch || slices.Contains(r.mergedAs(base), row.Ref))
		if (row.ID == known.ID || of) && !(row.ID == known.ID && row.At.Equal(known.Updated)) {
			return true
		}
	}
	return false
}

// mergedAs lists the refs on which merge requests of ours ran that are on the default branch
// as the very commit that was tested, as a fast-forward leaves it.
func (r *observer) mergedAs(commit string) (refs []string) {
	for _, m := range r.snap.MergeRequests {
		if m.State == plan.Merged && m.HeadSHA == commit {
			refs = append(refs, fmt.Sprintf("refs/merge-requests/%d/head", m.IID))
		}
	}
	return refs
}

// mainRun reads that pipeline. There being none is kept, too.
func (r *observer) mainRun(ctx context.Context, base string, before time.Time) {
	run, err := r.gitlab.Baseline(ctx, r.snap.Project.ID, mrs.Compared{Branch: r.snap.Project.DefaultBranch, Commit: base, Before: before, Merged: r.mergedAs(base)})
	if err != nil {
		r.gateMissed(err)
		return
	}
	run.Operation, run.Gate, run.Project = plan.MainOperation(base), plan.OwnGate, r.snap.Project.ID
	r.keepRun(run)
}
