package operation

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// clocks is how far GitLab's clock may be behind ours.
const clocks = 2 * time.Minute

// Jobs lists the jobs of a pipeline, by name, each with all its attempts. Jobs that
// start another pipeline, wait for a person or have an environment are marked as not to
// be run again. If GitLab does not tell which jobs have an environment, all are.
func (c *Client) Jobs(ctx context.Context, run plan.GateRun) ([]plan.GateJob, error) {
	attempts, err := c.gl.Attempts(ctx, run.Project, run.ID)
	if err != nil {
		return nil, err
	}
	slices.Reverse(attempts) // oldest first
	all, err := c.gl.Jobs(ctx, run.Project, run.ID)
	if err != nil {
		return nil, err
	}
	for _, j := range all {
		if j.Trigger {
			attempts = append(attempts, j)
		}
	}
	out, failed := joined(attempts)
	if failed {
		err = c.never(ctx, run, attempts, out)
	}
	return out, err
}

// joined makes one job of all attempts with one name; the attempts begin with the oldest. It
// reports whether a job failed that may not.
func joined(attempts []gitlab.Job) (out []plan.GateJob, failed bool) {
	for _, a := range attempts {
		at := slices.IndexFunc(out, func(j plan.GateJob) bool { return j.Name == a.Name })
		if at < 0 {
			at, out = len(out), append(out, plan.GateJob{Name: a.Name})
		}
		j := &out[at]
		j.ID, j.Result, j.MayFail, j.Active = a.ID, ResultOf(a.Status), a.MayFail, slices.Contains(activeStates, a.Status)
		j.Attempts++
		j.Once = j.Once || a.Trigger || a.Status == "manual"
		if j.Result == plan.Failed {
			j.Failures++
			failed = failed || !a.MayFail
		}
	}
	slices.SortFunc(out, func(a, b plan.GateJob) int { return cmp.Compare(a.Name, b.Name) })
	return out, failed
}

// activeStates are the states of a job that goes on by itself.
var activeStates = []string{"pending", "preparing", "waiting_for_resource", "waiting_for_callback", "running", "canceling"}

// never marks the jobs that have an environment: they deploy, so they must not run again.
func (c *Client) never(ctx context.Context, run plan.GateRun, attempts []gitlab.Job, jobs []plan.GateJob) error {
	deploys, err := c.gl.Deploys(ctx, run.Project, run.Started.Add(-clocks))
	hidden := gitlab.Unreadable(err) || errors.Is(err, gitlab.ErrTooLarge)
	if err != nil && !hidden {
		return err
	}
	for i := range jobs {
		deploying := slices.ContainsFunc(attempts, func(a gitlab.Job) bool { return a.Name == jobs[i].Name && deploys[a.ID] })
		jobs[i].Once = jobs[i].Once || hidden || deploying
	}
	return nil
}
