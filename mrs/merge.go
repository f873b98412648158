package mrs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Mergeable reads what GitLab says of a merge request that may be merged: from its
// own page, since lists know nothing of pipelines, and of a merged result with which
// head of the target it was tested. If a token of its own merges, this does not say
// whether that one may.
// https://docs.gitlab.com/api/merge_requests/#retrieve-a-merge-request
func (c *Client) Mergeable(ctx context.Context, id, iid int64) (plan.Mergeable, error) {
	m, _, err := c.gl.API.MergeRequests.GetMergeRequest(id, iid, nil, api.WithContext(ctx))
	if err != nil {
		return plan.Mergeable{}, gitlab.Fail(err, "read merge request !%d", iid)
	}
	out := plan.Mergeable{State: plan.MergeRequestState(m.State), Head: m.SHA, Target: m.TargetBranch, Status: m.DetailedMergeStatus, MayNot: !m.User.CanMerge && !c.gl.MergesApart(), Result: plan.None}
	if out.Approvals, err = c.approvalsLeft(ctx, id, iid, m.DetailedMergeStatus); err != nil {
		return plan.Mergeable{}, err
	}
	p := m.HeadPipeline
	switch {
	case p == nil:
		return out, nil
	case p.SHA == m.SHA:
	case !strings.HasPrefix(p.Ref, fmt.Sprintf("refs/merge-requests/%d/", iid)):
		return out, nil // the pipeline is of an older head
	default:
		merge, err := c.Commit(ctx, id, p.SHA)
		if gitlab.Missing(err) {
			return out, nil // the merge of an older head is gone
		}
		if err != nil {
			return plan.Mergeable{}, err
		}
		if len(merge.Parents) != 2 || merge.Parents[1] != m.SHA {
			return out, nil
		}
		out.Onto = merge.Parents[0]
	}
	out.Result, out.Pipeline = resultOf(p.Status), p.ID
	return out, nil
}

// approvalsLeft is how many approvals a merge request lacks that is not approved; 0 where
// GitLab counts none or does not tell.
// https://docs.gitlab.com/api/merge_request_approvals/#single-merge-request-approval
func (c *Client) approvalsLeft(ctx context.Context, id, iid int64, status string) (int, error) {
	if status != "not_approved" {
		return 0, nil
	}
	a, _, err := c.gl.API.MergeRequestApprovals.GetConfiguration(id, iid, api.WithContext(ctx))
	if err = gitlab.Fail(err, "read the approvals of merge request !%d", iid); gitlab.Unreadable(err) || gitlab.Missing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return int(a.ApprovalsLeft), nil
}

// merge merges a merge request at the head that was tested. It reads once more what the
// decision depends on. ErrMoved: something of it has changed, so nothing was done. What the
// target holds then is read by AfterMerge and Altered.
func (e effect) merge(ctx context.Context, a plan.Merge) (Outcome, error) {
	m, _, err := e.ownMergeRequest(ctx, a.IID, a.Branch)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{MR: &m}
	moved := func(what string) (Outcome, error) {
		return out, fmt.Errorf("merge !%d: %w: %s", a.IID, ErrMoved, what)
	}
	switch {
	case m.State != plan.Opened:
		return out, nil
	case m.HeadSHA != a.Head:
		return moved("its head is " + m.HeadSHA)
	case m.Target != a.Target:
		return moved("it goes into another branch")
	case m.Paused():
		return moved("a label asks to leave it as it is")
	}
	target, err := e.Head(ctx, e.id, a.Target)
	switch {
	case err != nil:
		return out, err
	case target != a.Base && !a.Stale:
		return moved(a.Target + " is at " + target)
	}
	done, err := e.gl.Merge(ctx, e.id, gitlab.Merge{IID: a.IID, SHA: a.Head})
	switch {
	case errors.Is(err, gitlab.ErrHeadMoved):
		return moved("somebody pushed to it")
	case errors.Is(err, gitlab.ErrUnavailable):
		m.State = plan.Locked // GitLab may be at work on it: the next run reads whether it is
		return out, err
	case err != nil:
		return out, err
	}
	out.Wrote, out.Merged = true, done.Commit
	if now, err := e.MergeRequest(ctx, e.id, a.IID); err == nil {
		out.MR = &now
		if now.Target != a.Target {
			return out, fmt.Errorf("merge !%d: somebody sent it into %s in that instant, and it was merged there at the head that was tested", a.IID, now.Target)
		}
	}
	return out, nil
}
