package gitlab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Pipelines lists pipelines of a project, newest first, in the structs of
// client-go; opt says which.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) Pipelines(ctx context.Context, project int64, opt api.ListProjectPipelinesOptions) ([]*api.PipelineInfo, error) {
	opt.OrderBy, opt.Sort = new("id"), new("desc")
	list, err := List(func(page api.ListOptions) ([]*api.PipelineInfo, *api.Response, error) {
		opt.ListOptions = page
		return c.API.Pipelines.ListProjectPipelines(project, &opt, api.WithContext(ctx))
	})
	return list, Fail(err, "list pipelines")
}

// LatestPipelines lists the hundred pipelines of a project that changed last, at or
// after since, in one request. Which changed last is first.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) LatestPipelines(ctx context.Context, project int64, since time.Time) ([]*api.PipelineInfo, error) {
	list, _, err := c.API.Pipelines.ListProjectPipelines(project, &api.ListProjectPipelinesOptions{
		ListOptions: api.ListOptions{Page: 1, PerPage: perPage}, UpdatedAfter: new(since.UTC()), OrderBy: new("updated_at"), Sort: new("desc"),
	}, api.WithContext(ctx))
	return list, Fail(err, "list pipelines")
}

// recentRuns is how many pipelines Recent lists.
const recentRuns = 20

// Recent lists the newest pipelines of a branch, or those of one commit of it, newest
// first, without those that are made of nothing but commit statuses.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) Recent(ctx context.Context, project int64, branch, sha string) ([]Run, error) {
	opt := &api.ListProjectPipelinesOptions{ListOptions: api.ListOptions{PerPage: recentRuns}, Ref: &branch, OrderBy: new("id"), Sort: new("desc")}
	if sha != "" {
		opt.SHA = &sha
	}
	list, _, err := c.API.Pipelines.ListProjectPipelines(project, opt, api.WithContext(ctx))
	var out []Run
	for _, p := range list {
		if p.Source != "external" {
			out = append(out, RunOf(p))
		}
	}
	return out, Fail(err, "list the pipelines of %s", branch)
}

// Job is a job of a pipeline, or a pipeline that it started in another project.
type Job struct {
	Name    string
	Status  string
	MayFail bool
	ID      int64
	Trigger bool // starts a pipeline elsewhere
	Created time.Time
}

// Jobs lists the jobs of a pipeline, and then the pipelines that it started
// elsewhere. With states only those that are in one of them.
// https://docs.gitlab.com/api/jobs/#list-all-jobs-for-a-pipeline
func (c *Client) Jobs(ctx context.Context, project, pipeline int64, states ...api.BuildStateValue) ([]Job, error) {
	opt := api.ListJobsOptions{}
	if len(states) > 0 {
		opt.Scope = &states
	}
	out, err := c.jobs(ctx, project, pipeline, opt)
	if err != nil {
		return nil, err
	}
	bridges, err := List(func(page api.ListOptions) ([]*api.Bridge, *api.Response, error) {
		opt.ListOptions = page
		return c.API.Jobs.ListPipelineBridges(project, pipeline, &opt, api.WithContext(ctx))
	})
	if err != nil {
		return nil, Fail(err, "list the bridges of pipeline %d", pipeline)
	}
	for _, b := range bridges {
		out = append(out, Job{b.Name, b.Status, b.AllowFailure, b.ID, true, Instant(b.CreatedAt)})
	}
	return out, nil
}

// Attempts lists the jobs of a pipeline with those that were retried, so that it has a
// name as often as that job ran, the newest first. Pipelines that were started
// elsewhere are not among them.
func (c *Client) Attempts(ctx context.Context, project, pipeline int64) ([]Job, error) {
	out, err := c.jobs(ctx, project, pipeline, api.ListJobsOptions{IncludeRetried: new(true)})
	slices.SortFunc(out, func(a, b Job) int { return cmp.Compare(b.ID, a.ID) })
	return out, err
}

func (c *Client) jobs(ctx context.Context, project, pipeline int64, opt api.ListJobsOptions) ([]Job, error) {
	list, err := List(func(page api.ListOptions) ([]*api.Job, *api.Response, error) {
		opt.ListOptions = page
		return c.API.Jobs.ListPipelineJobs(project, pipeline, &opt, api.WithContext(ctx))
	})
	var out []Job
	for _, j := range list {
		out = append(out, Job{j.Name, j.Status, j.AllowFailure, j.ID, false, Instant(j.CreatedAt)})
	}
	return out, Fail(err, "list the jobs of pipeline %d", pipeline)
}

// deployPages is how many pages of deployments are read for those of one pipeline.
const deployPages = 3

// Deploys are the numbers of the jobs created since an instant that deploy. No answer
// about a job tells that; the list of deployments does. If there are more than can be
// read, that is an error, so that no deploying job is taken for another one.
// https://docs.gitlab.com/api/deployments/#list-project-deployments
func (c *Client) Deploys(ctx context.Context, project int64, since time.Time) (map[int64]bool, error) {
	out := map[int64]bool{}
	opt := &api.ListProjectDeploymentsOptions{OrderBy: new("id"), Sort: new("desc")}
	whole, err := Walk(deployPages, func(page api.ListOptions) ([]*api.Deployment, *api.Response, error) {
		opt.ListOptions = page
		return c.API.Deployments.ListProjectDeployments(project, opt, api.WithContext(ctx))
	}, func(d *api.Deployment) bool {
		out[d.Deployable.ID] = true
		return !Instant(d.CreatedAt).Before(since)
	})
	if err == nil && !whole {
		err = fmt.Errorf("%w: more than %d rows", ErrTooLarge, deployPages*perPage)
	}
	if err != nil {
		return nil, Fail(err, "list deployments")
	}
	return out, nil
}

// RetryJob starts a job again and returns the new one. If somebody retried the job
// already, it returns that attempt and starts none. ErrForbidden: the token's user
// may not retry it, or it cannot be retried.
// https://docs.gitlab.com/api/jobs/#retry-a-job
func (c *Client) RetryJob(ctx context.Context, project, pipeline int64, old Job) (Job, error) {
	var again Job
	there := func() (bool, error) {
		all, err := c.Attempts(ctx, project, pipeline)
		at := slices.IndexFunc(all, func(j Job) bool { return j.Name == old.Name && j.ID > old.ID })
		if at < 0 || err != nil {
			return false, err
		}
		again = all[at]
		return true, nil
	}
	if found, err := there(); found || err != nil {
		return again, err
	}
	j, _, err := c.API.Jobs.RetryJob(project, old.ID, api.WithContext(ctx))
	if err == nil && j.ID != 0 {
		return Job{j.Name, j.Status, j.AllowFailure, j.ID, false, Instant(j.CreatedAt)}, nil
	}
	if err == nil {
		err = fmt.Errorf("%w: a job without a number", ErrNotGitLab)
	}
	if err = Settle(ctx, Fail(err, "retry job %s", old.Name), there); err != nil {
		return Job{}, err
	}
	return again, nil
}

// Starter says whose pipelines of a ref are listed: those that a user started over the
// API and that changed at or after an instant.
type Starter struct {
	Ref, Username string
	Since         time.Time
}

// StartedBy lists pipelines, oldest first.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) StartedBy(ctx context.Context, project int64, s Starter) ([]Run, error) {
	opt := api.ListProjectPipelinesOptions{Ref: &s.Ref, Source: new("api"), Username: &s.Username, UpdatedAfter: new(s.Since.UTC())}
	list, err := c.Pipelines(ctx, project, opt)
	var out []Run
	for _, p := range slices.Backward(list) {
		out = append(out, RunOf(p))
	}
	return out, err
}

// NewestPassed is the newest pipeline that passed on a ref, as a row of the list shows
// it. found is false if there is none.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) NewestPassed(ctx context.Context, project int64, ref string) (run Run, found bool, err error) {
	opt := &api.ListProjectPipelinesOptions{ListOptions: api.ListOptions{PerPage: 1}, Ref: &ref, Status: new(api.Success), OrderBy: new("id"), Sort: new("desc")}
	list, _, err := c.API.Pipelines.ListProjectPipelines(project, opt, api.WithContext(ctx))
	if err != nil || len(list) == 0 {
		return Run{}, false, Fail(err, "look for a pipeline of %s that passed", ref)
	}
	return RunOf(list[0]), true, nil
}

// LatestRuns is LatestPipelines in the nouns of this package.
func (c *Client) LatestRuns(ctx context.Context, project int64, since time.Time) ([]Run, error) {
	list, err := c.LatestPipelines(ctx, project, since)
	var out []Run
	for _, p := range list {
		out = append(out, RunOf(p))
	}
	return out, err
}
