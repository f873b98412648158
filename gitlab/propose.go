package gitlab

import (
	"context"
	"encoding/base64"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/text"
)

// Proposal is a merge request of files into the default branch.
type Proposal struct {
	Branch             string
	Title, Description string // one line each
	Files              []Write
}

// Proposed reports whether there is a merge request of a branch, or was one.
func (c *Client) Proposed(ctx context.Context, p Project, branch string) (bool, error) {
	opt := &api.ListProjectMergeRequestsOptions{SourceBranch: &branch, State: new("all")}
	list, _, err := c.API.MergeRequests.ListProjectMergeRequests(p.ID, opt, api.WithContext(ctx))
	return len(list) > 0, Fail(err, "list the merge requests of branch %s", branch)
}

// Propose makes a branch on the default branch with one commit of files, and opens a
// merge request of it. What is there already stays as it is, so that doing it again does
// nothing. It returns the number of the merge request.
// https://docs.gitlab.com/api/merge_requests/#create-a-merge-request
func (c *Client) Propose(ctx context.Context, p Project, what Proposal) (int64, error) {
	subject := text.Inline(what.Title, maxSubject)
	_, err := c.Head(ctx, p.ID, what.Branch)
	if Missing(err) {
		opt := &api.CreateCommitOptions{Branch: &what.Branch, StartBranch: &p.DefaultBranch, CommitMessage: &subject}
		for _, f := range what.Files {
			action := &api.CommitActionOptions{Action: new(api.FileUpdate), FilePath: &f.Path, Content: new(base64.StdEncoding.EncodeToString(f.Data)), Encoding: new("base64")}
			if f.Last == "" {
				action.Action = new(api.FileCreate)
			}
			opt.Actions = append(opt.Actions, action)
		}
		_, _, err = c.API.Commits.CreateCommit(p.ID, opt, api.WithContext(ctx))
		err = Settle(ctx, Fail(err, "commit to branch %s", what.Branch), func() (bool, error) {
			_, err := c.Head(ctx, p.ID, what.Branch)
			if Missing(err) {
				return false, nil
			}
			return err == nil, err
		})
	}
	if err != nil {
		return 0, err
	}
	var iid int64
	there := func() (bool, error) {
		opt := &api.ListProjectMergeRequestsOptions{SourceBranch: &what.Branch, State: new("all")}
		list, _, err := c.API.MergeRequests.ListProjectMergeRequests(p.ID, opt, api.WithContext(ctx))
		if err != nil || len(list) == 0 {
			return false, Fail(err, "list the merge requests of branch %s", what.Branch)
		}
		iid = list[0].IID
		return true, nil
	}
	if found, err := there(); found || err != nil {
		return iid, err
	}
	m, _, err := c.API.MergeRequests.CreateMergeRequest(p.ID, &api.CreateMergeRequestOptions{
		SourceBranch: &what.Branch, TargetBranch: &p.DefaultBranch, Title: &subject, Description: new(text.Inline(what.Description, maxSubject)), RemoveSourceBranch: new(true),
	}, api.WithContext(ctx))
	if err == nil {
		return m.IID, nil
	}
	return iid, Settle(ctx, Fail(err, "open a merge request of branch %s", what.Branch), there)
}
