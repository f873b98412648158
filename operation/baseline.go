package operation

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Compared says with which pipelines of a branch a pipeline is compared that ran on one of its
// commits.
type Compared struct {
	Branch string
	Commit string
	Merged []string  // refs of the pipelines of merge requests that brought that commit to the branch
	Before time.Time // when the compared pipeline began
}

// Baseline reads the pipeline with which one on top of a commit is compared. It is one of that commit,
// on the branch or else of a merge request that brought the commit there; of several it is the newest
// that ended. If that commit has none, it is the newest of the branch that ended and began before
// of.Before. Its jobs are listed as they are by now, all marked as not to be run again. If there is no
// such pipeline, the run has the number 0 and the result None.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) Baseline(ctx context.Context, id int64, of Compared) (plan.GateRun, error) {
	run := plan.GateRun{Result: plan.None}
	list, at, err := c.ranOn(ctx, id, of)
	if err == nil && at < 0 {
		list, err = c.gl.Recent(ctx, id, of.Branch, "")
		at = slices.IndexFunc(list, func(p gitlab.Run) bool { return isOver(p.Status) && p.Created.Before(of.Before) })
	}
	if err != nil {
		return run, err
	}
	if at < 0 {
		return run, nil
	}
	p := list[at]
	run.Commit, run.ID, run.URL, run.Result, run.Started, run.Updated = p.SHA, p.ID, p.URL, ResultOf(p.Status), p.Created, p.Updated
	jobs, err := c.gl.Jobs(ctx, id, p.ID)
	if err != nil {
		return run, err
	}
	slices.SortStableFunc(jobs, func(a, b gitlab.Job) int { return cmp.Compare(a.ID, b.ID) })
	run.Jobs, _ = joined(jobs)
	for i := range run.Jobs {
		run.Jobs[i].Once = true
	}
	return run, nil
}

// ranOn lists the pipelines of the commit on the first ref that has any, and the index of the one
// that counts: the newest that ended, else the newest; -1 if there is none.
func (c *Client) ranOn(ctx context.Context, id int64, of Compared) (list []gitlab.Run, at int, err error) {
	for _, ref := range append([]string{of.Branch}, of.Merged...) {
		if list, err = c.gl.Recent(ctx, id, ref, of.Commit); err != nil {
			return nil, -1, err
		}
		if len(list) > 0 {
			return list, max(0, slices.IndexFunc(list, func(p gitlab.Run) bool { return isOver(p.Status) })), nil
		}
	}
	return nil, -1, nil
}

// isOver reports whether a pipeline ended with jobs that can be compared.
func isOver(status string) bool {
	r := ResultOf(status)
	return r == plan.Passed || r == plan.Failed
}
