package mrs

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// OpenMergeRequests lists the open merge requests whose source is a branch of
// this very project under the prefix, and those of another bot, oldest first. GitLab answers from a
// cache: HasConflicts may be out of date, [Client.MergeRequest] tells better.
// https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests
func (c *Client) OpenMergeRequests(ctx context.Context, id int64) ([]plan.MergeRequest, error) {
	return c.list(ctx, id, "list open merge requests", &api.ListProjectMergeRequestsOptions{
		State: new("opened"), OrderBy: new("created_at"), Sort: new("asc"),
		// Refreshes conflicts for a later read, where the role allows it.
		WithMergeStatusRecheck: new(true),
	})
}

// UpdatedMergeRequests lists the merge requests from such branches that are
// not open and were updated at or after since, oldest first. A zero since
// means all there ever were.
func (c *Client) UpdatedMergeRequests(ctx context.Context, id int64, since time.Time) ([]plan.MergeRequest, error) {
	// The order is by creation, so that no row moves to another page meanwhile.
	opt := &api.ListProjectMergeRequestsOptions{State: new("all"), OrderBy: new("created_at"), Sort: new("asc")}
	if !since.IsZero() {
		opt.UpdatedAfter = new(since.UTC())
	}
	all, err := c.list(ctx, id, "list updated merge requests", opt)
	var out []plan.MergeRequest
	for _, m := range all {
		if m.State != plan.Opened {
			out = append(out, m)
		}
	}
	return out, err
}

// ChangedMergeRequests lists those that changed after an instant, those that are open
// apart from the others. A check for conflicts is asked for as in OpenMergeRequests.
func (c *Client) ChangedMergeRequests(ctx context.Context, id int64, since time.Time) (open, others []plan.MergeRequest, err error) {
	all, err := c.list(ctx, id, "list changed merge requests", &api.ListProjectMergeRequestsOptions{
		State: new("all"), OrderBy: new("created_at"), Sort: new("asc"), UpdatedAfter: new(since.UTC()), WithMergeStatusRecheck: new(true),
	})
	for _, m := range all {
		if m.State == plan.Opened {
			open = append(open, m)
		} else {
			others = append(others, m)
		}
	}
	return open, others, err
}

func (c *Client) list(ctx context.Context, id int64, doing string, opt *api.ListProjectMergeRequestsOptions) ([]plan.MergeRequest, error) {
	all, err := gitlab.List(func(page api.ListOptions) ([]*api.BasicMergeRequest, *api.Response, error) {
		opt.ListOptions = page
		return c.gl.API.MergeRequests.ListProjectMergeRequests(id, opt, api.WithContext(ctx))
	})
	if err != nil {
		return nil, gitlab.Fail(err, "%s", doing)
	}
	var out []plan.MergeRequest
	at := map[int64]int{} // a row that moved to a later page is listed twice
	for _, raw := range all {
		m := mergeRequestOf(raw)
		if i, again := at[m.IID]; again {
			out[i] = m
		} else if m.SameProject && (c.Inside(m.Branch) || m.OfOtherBot()) {
			at[m.IID] = len(out)
			out = append(out, m)
		}
	}
	return out, nil
}

// MergeRequest reads one merge request and makes GitLab look for conflicts
// again; the result of that may be seen only by a later read.
// https://docs.gitlab.com/api/merge_requests/#retrieve-a-merge-request
func (c *Client) MergeRequest(ctx context.Context, id, iid int64) (plan.MergeRequest, error) {
	m, _, err := c.mergeRequest(ctx, id, iid)
	return m, err
}

// mergeRequest also gives the description as stored.
func (c *Client) mergeRequest(ctx context.Context, id, iid int64) (plan.MergeRequest, string, error) {
	m, _, err := c.gl.API.MergeRequests.GetMergeRequest(id, iid, nil, api.WithContext(ctx))
	if err != nil {
		return plan.MergeRequest{}, "", gitlab.Fail(err, "read merge request !%d", iid)
	}
	return mergeRequestOf(&m.BasicMergeRequest), m.Description, nil
}

// pushNote is what GitLab writes below a merge request at a push.
var pushNote = regexp.MustCompile(`^added \d+ commits?\b`)

// pushPages is how many pages of notes are looked through for the last push.
const pushPages = 5

// Pusher is the username of who pushed to a merge request's branch last: the author of
// the newest note that GitLab wrote of a push. It is "" if the newest notes have none,
// or if our own user pushed last.
// https://docs.gitlab.com/api/notes/#list-all-merge-request-notes
func (c *Client) Pusher(ctx context.Context, id, iid int64, bot plan.User) (string, error) {
	var push *gitlab.Note
	_, err := c.gl.Notes(ctx, thread(id, iid), gitlab.NoteQuery{Pages: pushPages}, func(n gitlab.Note) bool {
		if push == nil && n.System && pushNote.MatchString(n.Body) {
			push = &n
		}
		return push == nil
	})
	if err != nil || push == nil || push.Author.ID == bot.ID {
		return "", err
	}
	return push.Author.Username, nil
}

// thread is where the notes of a merge request stand.
func thread(id, iid int64) gitlab.Thread {
	return gitlab.Thread{Project: id, On: gitlab.OnMergeRequest, IID: iid, Name: fmt.Sprintf("merge request !%d", iid)}
}

func mergeRequestOf(m *api.BasicMergeRequest) plan.MergeRequest {
	merger := m.MergeUser
	if merger == nil {
		merger = m.MergedBy // instances before 14.7
	}
	return plan.MergeRequest{
		IID: m.IID, Branch: m.SourceBranch, Target: m.TargetBranch, Title: m.Title, State: plan.MergeRequestState(m.State),
		HeadSHA: m.SHA, WebURL: m.WebURL, SameProject: m.SourceProjectID != 0 && m.SourceProjectID == m.TargetProjectID,
		HasConflicts: m.HasConflicts, Unchecked: unchecked(m), Labels: m.Labels, Author: userOf(m.Author),
		CreatedAt: gitlab.Instant(m.CreatedAt), UpdatedAt: gitlab.Instant(m.UpdatedAt), ClosedAt: gitlab.Instant(m.ClosedAt), ClosedBy: userOf(m.ClosedBy),
		MergedAt: gitlab.Instant(m.MergedAt), MergedBy: userOf(merger), Note: ParseBody(m.Description), Notes: int(m.UserNotesCount),
		MergeCommit: cmp.Or(m.MergeCommitSHA, m.SquashCommitSHA),
	}
}

// unchecked reports whether GitLab has not looked for conflicts yet. That is the case
// in the first states of a merge request, and in that of a conflict which GitLab checks
// again.
// https://docs.gitlab.com/api/merge_requests/#merge-status
func unchecked(m *api.BasicMergeRequest) bool {
	switch m.DetailedMergeStatus {
	case "preparing", "unchecked", "checking":
		return true
	case "conflict":
		return !m.HasConflicts
	}
	return false
}

func userOf(u *api.BasicUser) plan.User {
	if u == nil {
		return plan.User{}
	}
	return plan.User{ID: u.ID, Username: u.Username, Name: u.Name}
}

// Inside reports whether a branch is under the prefix.
func (c *Client) Inside(branch string) bool {
	p := c.opt.BranchPrefix
	return p != "" && len(branch) > len(p) && strings.HasPrefix(branch, p)
}
