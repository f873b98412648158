package mrs

import (
	"context"
	"errors"
	"net/http"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// Token is what GitLab says of the token in use.
type Token struct {
	Scopes  []string
	Expires time.Time // the day on which it ends, in UTC; zero for never
	Server  time.Time // GitLab's clock as it answered; zero if it does not say
}

// Token asks GitLab about the token in use. It may be asked with any scope.
// ErrNotFound: it is none of the kinds that can be asked about, such as a job's.
// https://docs.gitlab.com/api/personal_access_tokens/#self-inform
func (c *Client) Token(ctx context.Context) (Token, error) {
	t, resp, err := c.gl.PersonalAccessTokens.GetSinglePersonalAccessToken(gitlab.WithContext(ctx))
	if err != nil {
		return Token{}, fail(err, "read what the token may do")
	}
	out := Token{Scopes: t.Scopes}
	if t.ExpiresAt != nil {
		out.Expires = time.Time(*t.ExpiresAt)
	}
	if resp != nil {
		out.Server, _ = http.ParseTime(resp.Header.Get("Date")) // zero if there is none
	}
	return out, nil
}

// Settings are what a project's settings mean for merge requests of ours.
type Settings struct {
	MergeRequests bool   // they are enabled
	MergeMethod   string // merge, rebase_merge or ff
	Protected     bool   // the default branch is
	CanPush       bool   // the token's user may push to the default branch
	// ProtectedUnder is a branch under the prefix that is protected, empty
	// when none is. A rule for branches that do not exist yet is not seen.
	ProtectedUnder string
}

// Settings reads the settings of the project id.
func (c *Client) Settings(ctx context.Context, id int64) (Settings, error) {
	p, _, err := c.gl.Projects.GetProject(id, nil, gitlab.WithContext(ctx))
	if err != nil {
		return Settings{}, fail(err, "read the settings of project %d", id)
	}
	out := Settings{MergeRequests: p.MergeRequestsAccessLevel != gitlab.DisabledAccessControl, MergeMethod: string(p.MergeMethod)}
	b, _, err := c.gl.Branches.GetBranch(id, p.DefaultBranch, gitlab.WithContext(ctx))
	if err != nil && !errors.Is(err, gitlab.ErrNotFound) {
		return Settings{}, fail(err, "read branch %s", p.DefaultBranch)
	}
	if err == nil {
		out.Protected, out.CanPush = b.Protected, b.CanPush
	}
	prefix := "^" + c.opt.BranchPrefix
	under, _, err := c.gl.Branches.ListBranches(id, &gitlab.ListBranchesOptions{Search: &prefix, ListOptions: gitlab.ListOptions{PerPage: perPage}}, gitlab.WithContext(ctx))
	if err != nil {
		return Settings{}, fail(err, "list the branches under %s", c.opt.BranchPrefix)
	}
	for _, b := range under {
		if b.Protected && out.ProtectedUnder == "" {
			out.ProtectedUnder = b.Name
		}
	}
	return out, nil
}
