package operation

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Compared says with which pipelines of a branch what stands on a commit of it is
// compared.
type Compared struct {
	Branch string
	Commit string
	Before time.Time // when the pipeline began that is compared
}

// Baseline reads what ran on a branch by itself, to compare what stands on a commit
// with: the newest pipeline of that commit or, if it has none, the newest settled one
// of those that began earlier. Its jobs are listed as far as they are, and none of them is
// ever to be run again. A run with the number 0 and the result None: there is none.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) Baseline(ctx context.Context, id int64, of Compared) (plan.GateRun, error) {
	run := plan.GateRun{Result: plan.None}
	list, err := c.gl.Recent(ctx, id, of.Branch, of.Commit)
	if err != nil {
		return run, err
	}
	at := slices.IndexFunc(list, func(p gitlab.Run) bool { return isOver(p.Status) })
	if at < 0 && len(list) > 0 {
		at = 0
	}
	if at < 0 {
		if list, err = c.gl.Recent(ctx, id, of.Branch, ""); err != nil {
			return run, err
		}
		at = slices.IndexFunc(list, func(p gitlab.Run) bool {
			return isOver(p.Status) && p.Created.Before(of.Before)
		})
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

// isOver reports whether a pipeline ended with jobs that can be compared.
func isOver(status string) bool {
	r := ResultOf(status)
	return r == plan.Passed || r == plan.Failed
}
