package plan

import (
	"slices"
	"strings"
	"time"
)

// This file has the gate that needs no configuration of its own: the pipeline that a
// merge request has itself, compared with what ran on the default branch.

// OwnGate is the name of that gate. No configured gate can have it.
const OwnGate = "own pipeline"

// ownTimeout is how long such a pipeline may be under way.
const ownTimeout = 24 * time.Hour

// OwnGate is the gate of a merge request's own pipeline. judged is false if nobody
// asked for its verdict: without gates, merging, a batch or `retries` the pipeline is
// shown as it ended, and nothing more is read.
func (p Policy) OwnGate() (g Gate, judged bool) {
	bisects := p.Batch != "" || slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Bisect == Yes })
	gated := len(p.Gates) > 0 || slices.ContainsFunc(p.Rules, func(r Rule) bool { return len(r.Gates) > 0 })
	g = Gate{Name: OwnGate, Baseline: true, Required: p.Merges(), Timeout: ownTimeout, Retries: 1}
	if p.HasRetries {
		g.Retries = p.Retries
	}
	return g, bisects || gated || p.Merges() || p.HasRetries
}

// OwnOperation names the run of the pipeline that a head has itself.
func OwnOperation(head string) string { return "own:" + head }

// MainOperation names the run of the default branch with which what stands on a commit is
// compared.
func MainOperation(base string) string { return "main:" + base }

// OfGate reports whether a run was started for a gate: the others begin by themselves.
func (r GateRun) OfGate() bool { return r.Gate != OwnGate }

// Active reports whether a job is under way, so that the pipeline has not ended, whatever
// a list says of it.
func (r GateRun) Active() bool {
	return slices.ContainsFunc(r.Jobs, func(j GateJob) bool { return j.Active })
}

// PipelineKind says what the pipeline of a merge request's head runs on.
type PipelineKind string

// The kinds.
const (
	BranchPipeline       PipelineKind = "branch"
	MergeRequestPipeline PipelineKind = "merge request"
	MergedResultPipeline PipelineKind = "merged result"
)

// KindOfRef is the kind of a pipeline by its ref. A train's is one of a merged result.
func KindOfRef(ref string) PipelineKind {
	switch {
	case !strings.HasPrefix(ref, "refs/merge-requests/"):
		return BranchPipeline
	case strings.HasSuffix(ref, "/head"):
		return MergeRequestPipeline
	}
	return MergedResultPipeline
}

// Plain reports whether a verdict says no more than GitLab's own page: the merge
// request's own pipeline runs for the first time, or it passed.
func (v GateVerdict) Plain() bool {
	if v.Gate != OwnGate {
		return false
	}
	runs, is := v.Why.(GateRuns)
	_, awaited := v.Why.(GateAwaited)
	return v.State == GatePassed || awaited || is && len(runs.Again) == 0
}

// Told are the verdicts that texts show. Of an update that was proven to break tests the
// proof says more than its own pipeline, and one that did not run GitLab shows itself.
func (u Update) Told() []GateVerdict {
	return slices.DeleteFunc(slices.Clone(u.Gates), func(v GateVerdict) bool {
		return v.Plain() || v.Gate == OwnGate && (u.Breaks != nil || v.State == GateWaiting)
	})
}

// Blamed are the jobs of a verdict that regressed, by name.
func (v GateVerdict) Blamed() (names []string) {
	for _, j := range v.Jobs {
		if v.State == GateRegressed && j.Result == Failed && j.Main != Failed {
			names = append(names, j.Name)
		}
	}
	return names
}
