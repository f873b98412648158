package decide

import (
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file says how the pipelines of open merge requests ended, and what follows.

// redFor is how long a merge request may fail without a newer version before it does not count for
// the limit any more.
const redFor = 7 * 24 * time.Hour

// pipelineOf is what is known of the pipeline of a merge request's present head.
func (d *holding) pipelineOf(dr *standing) plan.Pipeline {
	if p := d.s.Pipelines[dr.mr.IID]; p.Head == dr.mr.HeadSHA {
		return p
	}
	return plan.Pipeline{}
}

// pipelineReason says how the pipeline of an open merge request ended, or what the verdict on it
// says beyond that; nil as long as it has not ended.
func (d *holding) pipelineReason(dr *standing) plan.Reason {
	if why := d.ownReason(dr); why != nil {
		return why
	}
	p := d.pipelineOf(dr)
	r := plan.PipelineEnded{Result: p.Result}
	switch p.Result {
	case plan.Unsettled:
		return nil
	case plan.None:
		return r
	case plan.Passed, plan.Canceled, plan.Skipped, plan.Failed:
	}
	r.At = p.At.In(d.zone)
	if p.Result != plan.Failed {
		return r
	}
	r.DefaultBranch, r.MainAt = d.s.Project.DefaultBranch, p.MainAt.In(d.zone)
	for _, j := range p.Jobs {
		r.Jobs = append(r.Jobs, plan.FailedJob{Name: j.Name, DefaultBranch: j.Main})
	}
	return r
}

// countRuns counts pipelines and culprits of all merge requests, for metrics.
func (d *scene) countRuns() {
	for _, mr := range d.s.MergeRequests {
		d.plan.Runs += mr.Ran
		d.plan.RedRuns += mr.RedRuns
		if slices.Contains(mr.Labels, plan.BreaksLabel) {
			d.plan.Culprits++
		}
	}
}

// givesUp says from when on a merge request that fails without a newer version does not count for
// the limit; nil if it always counts.
func (d *holding) givesUp(dr *draft) plan.Reason {
	p := d.s.Pipelines[dr.mr.IID]
	if p.Red.IsZero() || !p.Since.Equal(dr.mr.Note.At) {
		return nil
	}
	from := p.Red.Add(redFor)
	dr.placeUntil = from
	r := plan.FailsLong{From: from.In(d.zone)}
	if p.Result != plan.Failed || p.Head != dr.mr.HeadSHA || day(p.Red, d.zone) != day(p.At, d.zone) {
		r.Since = p.Red.In(d.zone)
	}
	return r
}
