package mrs

import (
	"context"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/operation"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Options are what a Client needs to know of the project it works in.
type Options struct {
	// BranchPrefix is the only place where branches are written or deleted
	// and merge requests listed or changed. Empty allows no effect at all.
	BranchPrefix string
	// FormerUsers are names of users that pinwheel had before, as commits show
	// them.
	FormerUsers []string
}

// Client reads one project and carries out actions in it. It keeps no state but its
// options and GitLab's version. It is made once a run, when the policy is read. Only one
// goroutine may use it.
type Client struct {
	gl         *gitlab.Client
	opt        Options
	operations *operation.Client
}

// New returns a Client that uses gl.
func New(gl *gitlab.Client, opt Options) *Client {
	return &Client{gl: gl, opt: opt, operations: operation.New(gl)}
}

// ProjectOf is a project in the nouns of plan. Head stays empty; the caller fills it.
func ProjectOf(p gitlab.Project) plan.Project {
	return plan.Project{
		ID: p.ID, Path: p.Path, WebURL: p.WebURL, DefaultBranch: p.DefaultBranch, Archived: p.Archived, Empty: p.Empty, Private: p.Private,
		IssuesEnabled: p.IssuesEnabled, MergeRequestsOff: p.MergeRequestsOff, PipelinesOff: p.PipelinesOff, AccessLevel: p.AccessLevel,
		MergeMethod: plan.MergeMethod(p.MergeMethod),
	}
}

// Head is the SHA a branch points at. ErrNotFound: there is no such branch.
func (c *Client) Head(ctx context.Context, id int64, branch string) (string, error) {
	head, err := c.gl.Head(ctx, id, branch)
	return head.SHA, err
}

func (c *Client) head(ctx context.Context, id int64, branch string) (plan.Commit, error) {
	head, err := c.gl.Head(ctx, id, branch)
	return plan.Commit(head), err
}

// Branches lists the branches whose names begin with prefix, and the head of the
// default branch in the same list. Digest and Known are left to the caller. See
// [gitlab.Client.Branches].
func (c *Client) Branches(ctx context.Context, id int64, prefix, defaultBranch string) (under []plan.Branch, head string, err error) {
	list, head, err := c.gl.Branches(ctx, id, prefix, defaultBranch)
	for _, b := range list {
		under = append(under, plan.Branch{Name: b.Name, Head: plan.Commit(b.Head)})
	}
	return under, head, err
}

// Commit reads one commit.
func (c *Client) Commit(ctx context.Context, id int64, sha string) (plan.Commit, error) {
	k, err := c.gl.Commit(ctx, id, sha)
	return plan.Commit(k), err
}

// Role is what a user may do in the project at an instant, RoleUnknown where that
// could not be read. See [gitlab.Client.Role].
func (c *Client) Role(ctx context.Context, id, user int64, now time.Time) (plan.Role, error) {
	level, err := c.gl.Role(ctx, id, user, now)
	if err != nil {
		return plan.RoleUnknown, err
	}
	return plan.Role(level), nil
}
