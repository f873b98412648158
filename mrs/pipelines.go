package mrs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/operation"
	"gitlab.com/cki-project/pinwheel/plan"
)

// News is a pipeline that changed: its ref, how it ended if it did, and when.
type News struct {
	ID     int64
	Ref    string
	SHA    string
	Result plan.Result
	At     time.Time
}

// UpdatedPipelines lists the pipelines of a project that changed at or after
// since, newest first.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) UpdatedPipelines(ctx context.Context, id int64, since time.Time) ([]News, error) {
	list, err := c.gl.Pipelines(ctx, id, api.ListProjectPipelinesOptions{UpdatedAfter: new(since.UTC())})
	return newsOf(list), err
}

// LatestPipelines lists the hundred pipelines of a project that changed last, at or
// after since, in one request. Which changed last is first.
func (c *Client) LatestPipelines(ctx context.Context, id int64, since time.Time) ([]News, error) {
	list, err := c.gl.LatestPipelines(ctx, id, since)
	return newsOf(list), err
}

func newsOf(list []*api.PipelineInfo) []News {
	var out []News
	for _, p := range list {
		out = append(out, News{ID: p.ID, Ref: p.Ref, SHA: p.SHA, Result: resultOf(p.Status), At: gitlab.Instant(p.UpdatedAt)})
	}
	return out
}

// Of reports whether a pipeline is one of a merge request or of its branch.
func (n News) Of(iid int64, branch string) bool {
	return n.Ref == branch || strings.HasPrefix(n.Ref, fmt.Sprintf("refs/merge-requests/%d/", iid))
}

// HeadPipeline reads how the pipeline of a merge request's head ended. After a push
// GitLab shows the pipeline of the old head for a while; that counts as none. Red is
// judged by the pipelines that were created at or after since. Updated is zero if the
// answers do not agree, as those of a replica that lags; then it has to be read again.
// https://docs.gitlab.com/api/merge_requests/#retrieve-a-merge-request
func (c *Client) HeadPipeline(ctx context.Context, id, iid int64, since time.Time) (plan.Pipeline, error) {
	m, _, err := c.gl.API.MergeRequests.GetMergeRequest(id, iid, nil, api.WithContext(ctx))
	if err != nil {
		return plan.Pipeline{}, gitlab.Fail(err, "read merge request !%d", iid)
	}
	out := plan.Pipeline{Head: m.SHA, Since: since}
	red, listed, err := c.redSince(ctx, id, iid, since)
	if out.Red = red; err != nil {
		return out, err
	}
	for _, status := range listed {
		out.Ran++
		if resultOf(status) == plan.Failed {
			out.RedRuns++
		}
	}
	p := m.HeadPipeline
	if p == nil {
		return out, nil
	}
	onto, mine, err := c.runsOn(ctx, id, p, m.SHA)
	if err != nil || !mine {
		return out, err
	}
	out.Kind, out.Onto, out.Began = plan.KindOfRef(p.Ref), onto, gitlab.Instant(p.CreatedAt)
	out.ID, out.Updated, out.Started, out.Result = p.ID, gitlab.Instant(p.UpdatedAt), true, resultOf(p.Status)
	if out.At = gitlab.Instant(p.FinishedAt); out.At.IsZero() {
		out.At = gitlab.Instant(p.UpdatedAt)
	}
	if out.Result == plan.Failed {
		if out.Jobs, err = c.failedJobs(ctx, id, p.ID); err == nil && len(out.Jobs) == 0 {
			if out.Result, err = c.withoutGates(ctx, id, p); out.Result == plan.Passed {
				out.Red, red = time.Time{}, time.Time{} // the list of pipelines does not tell that
			}
		}
	}
	if listed[p.ID] != p.Status || out.Result == plan.Failed && (len(out.Jobs) == 0 || red.IsZero()) {
		out.Updated = time.Time{}
	}
	return out, err
}

// clocks is how far GitLab's clock may be behind ours.
const clocks = 2 * time.Minute

// redSince is when the first pipeline of a merge request was created that failed after
// the last one that passed, the zero time if none failed. It also returns the state of
// each pipeline, by its number.
// https://docs.gitlab.com/api/merge_requests/#list-merge-request-pipelines
func (c *Client) redSince(ctx context.Context, id, iid int64, since time.Time) (time.Time, map[int64]string, error) {
	// One page is enough: it has the newest twenty.
	list, _, err := c.gl.API.MergeRequests.ListMergeRequestPipelines(id, iid, api.WithContext(ctx))
	if err != nil {
		return time.Time{}, nil, gitlab.Fail(err, "list the pipelines of merge request !%d", iid)
	}
	listed := map[int64]string{}
	for _, p := range list {
		listed[p.ID] = p.Status
	}
	slices.SortFunc(list, func(a, b *api.PipelineInfo) int { return cmp.Compare(b.ID, a.ID) })
	var red time.Time
	for _, p := range list {
		result := resultOf(p.Status)
		if result == plan.Passed || gitlab.Instant(p.CreatedAt).Before(since.Add(-clocks)) {
			break
		}
		if result == plan.Failed {
			red = gitlab.Instant(p.CreatedAt)
		}
	}
	return red, listed, nil
}

// runsOn reports whether a pipeline is for a head: on it, or on its merge into
// the target, of which it is a parent. onto is that commit of the target, empty for one
// that runs on the head.
func (c *Client) runsOn(ctx context.Context, id int64, p *api.Pipeline, head string) (onto string, is bool, err error) {
	if p.SHA == head || !strings.HasPrefix(p.Ref, "refs/merge-requests/") {
		return "", p.SHA == head, nil
	}
	merge, err := c.Commit(ctx, id, p.SHA)
	if gitlab.Missing(err) {
		return "", false, nil // the merge of an older head is gone
	}
	if len(merge.Parents) == 2 && merge.Parents[1] == head {
		onto = merge.Parents[0]
	}
	return onto, slices.Contains(merge.Parents, head), err
}

// failedJobs are the jobs that made a pipeline fail, by name: the failed ones that may
// not fail or, if there are none, the pipelines that it started elsewhere.
func (c *Client) failedJobs(ctx context.Context, id, pipeline int64) ([]plan.Job, error) {
	all, err := c.gl.Jobs(ctx, id, pipeline, api.Failed)
	var out []plan.Job
	for _, j := range all {
		if !j.MayFail && !slices.ContainsFunc(out, func(other plan.Job) bool { return other.Name == j.Name }) {
			out = append(out, plan.Job{Name: j.Name})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, err
}

// withoutGates is how a pipeline ended that failed in no job. It passed if only our own
// statuses failed, since the gates speak for those.
func (c *Client) withoutGates(ctx context.Context, id int64, p *api.Pipeline) (plan.Result, error) {
	list, err := c.gl.Statuses(ctx, id, p.SHA, p.ID)
	result := plan.Failed
	for _, s := range list {
		if s.State == string(api.Failed) || s.State == string(api.Canceled) {
			if !strings.HasPrefix(s.Name, plan.StatusPrefix) {
				return plan.Failed, nil
			}
			result = plan.Passed
		}
	}
	return result, err
}

// recent is how many pipelines of the default branch are looked at for one that
// is settled.
const recent = 20

// BranchJobs is how the jobs of the newest settled pipeline of a branch ended,
// and when that was; the zero time where there is none.
func (c *Client) BranchJobs(ctx context.Context, id int64, branch string) (map[string]plan.Result, time.Time, error) {
	opt := &api.ListProjectPipelinesOptions{ListOptions: api.ListOptions{PerPage: recent}, Ref: &branch, OrderBy: new("id"), Sort: new("desc")}
	list, _, err := c.gl.API.Pipelines.ListProjectPipelines(id, opt, api.WithContext(ctx))
	if err != nil {
		return nil, time.Time{}, gitlab.Fail(err, "list the pipelines of %s", branch)
	}
	at := slices.IndexFunc(list, func(p *api.PipelineInfo) bool {
		return resultOf(p.Status) == plan.Passed || resultOf(p.Status) == plan.Failed
	})
	if at < 0 {
		return nil, time.Time{}, nil
	}
	all, err := c.gl.Jobs(ctx, id, list[at].ID)
	out := map[string]plan.Result{}
	for _, j := range all {
		if r := resultOf(j.Status); r == plan.Passed || r == plan.Failed {
			out[j.Name] = r
		}
	}
	return out, gitlab.Instant(list[at].UpdatedAt), err
}

// resultOf is [operation.ResultOf].
func resultOf(status string) plan.Result { return operation.ResultOf(status) }

// Approved reports whether anybody approves a merge request.
// https://docs.gitlab.com/api/merge_request_approvals/#retrieve-approval-state-for-a-merge-request
func (c *Client) Approved(ctx context.Context, id, iid int64) (bool, error) {
	a, _, err := c.gl.API.MergeRequestApprovals.GetConfiguration(id, iid, api.WithContext(ctx))
	if err != nil {
		return false, gitlab.Fail(err, "read the approvals of merge request !%d", iid)
	}
	return len(a.ApprovedBy) > 0, nil
}
