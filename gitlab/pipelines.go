package gitlab

import (
	"context"

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

// Job is a job of a pipeline, or a pipeline that it started in another project.
type Job struct {
	Name    string
	Status  string
	MayFail bool
}

// Jobs lists the jobs of a pipeline, and then the pipelines that it started
// elsewhere. With states only those that are in one of them.
// https://docs.gitlab.com/api/jobs/#list-all-jobs-for-a-pipeline
func (c *Client) Jobs(ctx context.Context, project, pipeline int64, states ...api.BuildStateValue) ([]Job, error) {
	opt := api.ListJobsOptions{}
	if len(states) > 0 {
		opt.Scope = &states
	}
	var out []Job
	list, err := List(func(page api.ListOptions) ([]*api.Job, *api.Response, error) {
		opt.ListOptions = page
		return c.API.Jobs.ListPipelineJobs(project, pipeline, &opt, api.WithContext(ctx))
	})
	if err != nil {
		return nil, Fail(err, "list the jobs of pipeline %d", pipeline)
	}
	for _, j := range list {
		out = append(out, Job{j.Name, j.Status, j.AllowFailure})
	}
	bridges, err := List(func(page api.ListOptions) ([]*api.Bridge, *api.Response, error) {
		opt.ListOptions = page
		return c.API.Jobs.ListPipelineBridges(project, pipeline, &opt, api.WithContext(ctx))
	})
	if err != nil {
		return nil, Fail(err, "list the bridges of pipeline %d", pipeline)
	}
	for _, b := range bridges {
		out = append(out, Job{b.Name, b.Status, b.AllowFailure})
	}
	return out, nil
}
