package mrs

import (
	"cmp"
	"context"
	"slices"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// AfterMerge reads the result of a merge of ours: on which commit of the target it
// stands, and how the next pipeline of the target ended, compared with the one before.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) AfterMerge(ctx context.Context, id int64, m plan.MergeRequest) (plan.AfterMerge, error) {
	out := plan.AfterMerge{IID: m.IID, Branch: m.Branch, Target: m.Target, At: m.MergedAt}
	full, _, err := c.gl.API.MergeRequests.GetMergeRequest(id, m.IID, nil, api.WithContext(ctx))
	if err != nil {
		return out, gitlab.Fail(err, "read merge request !%d", m.IID)
	}
	out.Commit = cmp.Or(full.MergeCommitSHA, full.SquashCommitSHA, full.SHA)
	if err := c.nextPipeline(ctx, id, &out); err != nil {
		return out, err
	}
	if full.MergeCommitSHA == "" && len(out.Broke) == 0 {
		return out, nil
	}
	head, err := c.Commit(ctx, id, full.SHA)
	if err != nil {
		return out, err
	}
	t, ok := plan.ParseTrailers(head.Message)
	if !ok {
		return out, nil
	}
	out.Made = t
	out.Subject, _, _ = strings.Cut(head.Message, "\n")
	if full.MergeCommitSHA == "" {
		return out, nil
	}
	merge, err := c.Commit(ctx, id, full.MergeCommitSHA)
	if err == nil && len(merge.Parents) == 2 {
		out.Tested, out.Onto = t.Base, merge.Parents[0]
	}
	return out, err
}

// nextPipeline reads the first pipeline of the target after a merge, and what failed
// there that passed in the one before. It is over as soon as a later one passed.
func (c *Client) nextPipeline(ctx context.Context, id int64, out *plan.AfterMerge) error {
	opt := &api.ListProjectPipelinesOptions{ListOptions: api.ListOptions{PerPage: recent}, Ref: &out.Target, OrderBy: new("id"), Sort: new("desc")}
	list, _, err := c.gl.API.Pipelines.ListProjectPipelines(id, opt, api.WithContext(ctx))
	if err != nil {
		return gitlab.Fail(err, "list the pipelines of %s", out.Target)
	}
	next, before := -1, -1
	for i, p := range list { // newest first
		after := p.SHA == out.Commit || !gitlab.Instant(p.CreatedAt).Before(out.At)
		switch {
		case after:
			next = i
		case before < 0 && (resultOf(p.Status) == plan.Passed || resultOf(p.Status) == plan.Failed):
			before = i
		}
	}
	if next < 0 {
		return nil
	}
	out.Next, out.Pipeline = resultOf(list[next].Status), list[next].ID
	passed := slices.ContainsFunc(list[:next], func(p *api.PipelineInfo) bool { return resultOf(p.Status) == plan.Passed })
	if out.Next != plan.Failed || passed {
		out.Mended = passed
		return nil
	}
	failed, err := c.failedJobs(ctx, id, out.Pipeline)
	if err != nil || before < 0 {
		return err
	}
	old, err := c.gl.Jobs(ctx, id, list[before].ID)
	for _, j := range failed {
		if slices.ContainsFunc(old, func(o gitlab.Job) bool { return o.Name == j.Name && resultOf(o.Status) == plan.Passed }) {
			out.Broke = append(out.Broke, j.Name)
		}
	}
	return err
}
