package mrs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sort"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/plan"
)

// News is a pipeline that changed: its ref, how it ended if it did, and when.
type News struct {
	ID     int64
	Ref    string
	Result plan.Result
	At     time.Time
}

// UpdatedPipelines lists the pipelines of a project that changed at or after
// since, newest first.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) UpdatedPipelines(ctx context.Context, id int64, since time.Time) ([]News, error) {
	list, err := c.pipelines(ctx, id, gitlab.ListProjectPipelinesOptions{UpdatedAfter: gitlab.Ptr(since.UTC())})
	if err != nil {
		return nil, fail(err, "list pipelines")
	}
	var out []News
	for _, p := range list {
		out = append(out, News{ID: p.ID, Ref: p.Ref, Result: resultOf(p.Status), At: instant(p.UpdatedAt)})
	}
	return out, nil
}

func (c *Client) pipelines(ctx context.Context, id int64, opt gitlab.ListProjectPipelinesOptions) ([]*gitlab.PipelineInfo, error) {
	opt.OrderBy, opt.Sort = gitlab.Ptr("id"), gitlab.Ptr("desc")
	return pages(func(page gitlab.ListOptions) ([]*gitlab.PipelineInfo, error) {
		opt.ListOptions = page
		list, _, err := c.gl.Pipelines.ListProjectPipelines(id, &opt, gitlab.WithContext(ctx))
		return list, err
	})
}

// HeadPipeline reads how the pipeline of a merge request's head ended. That of
// another head, which GitLab goes on showing for a while after a push, is none.
// Red is judged by the pipelines that were created at or after since. Updated is
// zero where the answers do not agree, as those of a replica that lags: then it
// is to be read again.
// https://docs.gitlab.com/api/merge_requests/#retrieve-a-merge-request
func (c *Client) HeadPipeline(ctx context.Context, id, iid int64, since time.Time) (plan.Pipeline, error) {
	m, _, err := c.gl.MergeRequests.GetMergeRequest(id, iid, nil, gitlab.WithContext(ctx))
	if err != nil {
		return plan.Pipeline{}, fail(err, "read merge request !%d", iid)
	}
	out := plan.Pipeline{Head: m.SHA, Since: since}
	red, listed, err := c.redSince(ctx, id, iid, since)
	if out.Red = red; err != nil {
		return out, err
	}
	p := m.HeadPipeline
	if p == nil {
		return out, nil
	}
	if mine, err := c.runsOn(ctx, id, p, m.SHA); err != nil || !mine {
		return out, err
	}
	out.ID, out.Updated, out.Started, out.Result = p.ID, instant(p.UpdatedAt), true, resultOf(p.Status)
	if out.At = instant(p.FinishedAt); out.At.IsZero() {
		out.At = instant(p.UpdatedAt)
	}
	if out.Result == plan.Failed {
		out.Jobs, err = c.failedJobs(ctx, id, p.ID)
	}
	if listed[p.ID] != p.Status || out.Result == plan.Failed && (len(out.Jobs) == 0 || red.IsZero()) {
		out.Updated = time.Time{}
	}
	return out, err
}

// clocks is how far GitLab's clock may be behind ours.
const clocks = 2 * time.Minute

// redSince is when the first of a merge request's pipelines was created that
// failed since the last one that passed, the zero time where none did, and how
// far each of them is, by its number.
// https://docs.gitlab.com/api/merge_requests/#list-merge-request-pipelines
func (c *Client) redSince(ctx context.Context, id, iid int64, since time.Time) (time.Time, map[int64]string, error) {
	// One page: the newest twenty tell.
	list, _, err := c.gl.MergeRequests.ListMergeRequestPipelines(id, iid, gitlab.WithContext(ctx))
	if err != nil {
		return time.Time{}, nil, fail(err, "list the pipelines of merge request !%d", iid)
	}
	listed := map[int64]string{}
	for _, p := range list {
		listed[p.ID] = p.Status
	}
	slices.SortFunc(list, func(a, b *gitlab.PipelineInfo) int { return cmp.Compare(b.ID, a.ID) })
	var red time.Time
	for _, p := range list {
		result := resultOf(p.Status)
		if result == plan.Passed || instant(p.CreatedAt).Before(since.Add(-clocks)) {
			break
		}
		if result == plan.Failed {
			red = instant(p.CreatedAt)
		}
	}
	return red, listed, nil
}

// runsOn reports whether a pipeline is for a head: on it, or on its merge into
// the target, of which it is a parent.
func (c *Client) runsOn(ctx context.Context, id int64, p *gitlab.Pipeline, head string) (bool, error) {
	if p.SHA == head || !strings.HasPrefix(p.Ref, "refs/merge-requests/") {
		return p.SHA == head, nil
	}
	merge, err := c.Commit(ctx, id, p.SHA)
	if errors.Is(err, ErrNotFound) && !errors.Is(err, ErrProjectNotFound) {
		return false, nil // the merge of an older head is gone
	}
	return slices.Contains(merge.Parents, head), err
}

// failedJobs are the jobs that made a pipeline fail, by name: those that may
// not fail, or, where there are none, the pipelines it started elsewhere.
// https://docs.gitlab.com/api/jobs/#list-all-jobs-for-a-pipeline
func (c *Client) failedJobs(ctx context.Context, id, pipeline int64) ([]plan.Job, error) {
	var out []plan.Job
	err := c.jobs(ctx, id, pipeline, []gitlab.BuildStateValue{gitlab.Failed}, func(name, _ string, allowed bool) {
		if !allowed && !slices.ContainsFunc(out, func(j plan.Job) bool { return j.Name == name }) {
			out = append(out, plan.Job{Name: name})
		}
	})
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, err
}

// jobs calls note for each job of a pipeline, and for each pipeline it started
// in another project.
func (c *Client) jobs(ctx context.Context, id, pipeline int64, scope []gitlab.BuildStateValue, note func(name, status string, allowed bool)) error {
	opt := gitlab.ListJobsOptions{}
	if scope != nil {
		opt.Scope = &scope
	}
	list, err := pages(func(page gitlab.ListOptions) ([]*gitlab.Job, error) {
		opt.ListOptions = page
		list, _, err := c.gl.Jobs.ListPipelineJobs(id, pipeline, &opt, gitlab.WithContext(ctx))
		return list, err
	})
	if err != nil {
		return fail(err, "list the jobs of pipeline %d", pipeline)
	}
	for _, j := range list {
		note(j.Name, j.Status, j.AllowFailure)
	}
	bridges, err := pages(func(page gitlab.ListOptions) ([]*gitlab.Bridge, error) {
		opt.ListOptions = page
		list, _, err := c.gl.Jobs.ListPipelineBridges(id, pipeline, &opt, gitlab.WithContext(ctx))
		return list, err
	})
	if err != nil {
		return fail(err, "list the bridges of pipeline %d", pipeline)
	}
	for _, b := range bridges {
		note(b.Name, b.Status, b.AllowFailure)
	}
	return nil
}

// recent is how many pipelines of the default branch are looked at for one that
// is settled.
const recent = 20

// BranchJobs is how the jobs of the newest settled pipeline of a branch ended,
// and when that was; the zero time where there is none.
func (c *Client) BranchJobs(ctx context.Context, id int64, branch string) (map[string]plan.Result, time.Time, error) {
	opt := &gitlab.ListProjectPipelinesOptions{ListOptions: gitlab.ListOptions{PerPage: recent}, Ref: &branch, OrderBy: gitlab.Ptr("id"), Sort: gitlab.Ptr("desc")}
	list, _, err := c.gl.Pipelines.ListProjectPipelines(id, opt, gitlab.WithContext(ctx))
	if err != nil {
		return nil, time.Time{}, fail(err, "list the pipelines of %s", branch)
	}
	at := slices.IndexFunc(list, func(p *gitlab.PipelineInfo) bool {
		return resultOf(p.Status) == plan.Passed || resultOf(p.Status) == plan.Failed
	})
	if at < 0 {
		return nil, time.Time{}, nil
	}
	out := map[string]plan.Result{}
	err = c.jobs(ctx, id, list[at].ID, nil, func(name, status string, _ bool) {
		if r := resultOf(status); r == plan.Passed || r == plan.Failed {
			out[name] = r
		}
	})
	return out, instant(list[at].UpdatedAt), err
}

// resultOf translates GitLab's word. manual may be a pipeline that is over or
// one that waits for a person, so it is unsettled like all that runs.
func resultOf(status string) plan.Result {
	switch status {
	case "success":
		return plan.Passed
	case "failed":
		return plan.Failed
	case "canceled":
		return plan.Canceled
	case "skipped":
		return plan.Skipped
	}
	return plan.Unsettled
}

// Approved reports whether anybody approves a merge request.
// https://docs.gitlab.com/api/merge_request_approvals/#retrieve-approval-state-for-a-merge-request
func (c *Client) Approved(ctx context.Context, id, iid int64) (bool, error) {
	a, _, err := c.gl.MergeRequestApprovals.GetConfiguration(id, iid, gitlab.WithContext(ctx))
	if err != nil {
		return false, fail(err, "read the approvals of merge request !%d", iid)
	}
	return len(a.ApprovedBy) > 0, nil
}
