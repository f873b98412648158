package mrs

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/plan"
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
	MergeMethod string // merge, rebase_merge or ff
	// PipelinesRequired: "Pipelines must succeed".
	PipelinesRequired bool
	Protected         bool // the default branch is
	CanPush           bool // the token's user may push to the default branch
	// ProtectedUnder is a branch under the prefix that is protected, or a rule
	// for branches under it that are not there yet and that the token's user
	// may not push to; empty when there is none. Where the role may not read
	// the rules, the branches that are there count alone.
	ProtectedUnder string
}

// Settings reads the settings of the project id.
func (c *Client) Settings(ctx context.Context, id int64) (Settings, error) {
	p, _, err := c.gl.Projects.GetProject(id, nil, gitlab.WithContext(ctx))
	if err != nil {
		return Settings{}, fail(err, "read the settings of project %d", id)
	}
	out := Settings{MergeMethod: string(p.MergeMethod), PipelinesRequired: p.OnlyAllowMergeIfPipelineSucceeds}
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
	if out.ProtectedUnder == "" {
		out.ProtectedUnder, err = c.protectingRule(ctx, id, roleIn(p))
	}
	return out, err
}

// protectingRule is the first rule with a wildcard that is for a branch under the
// prefix and lets no role as low as role push.
// https://docs.gitlab.com/api/protected_branches/#list-protected-branches
func (c *Client) protectingRule(ctx context.Context, id int64, role plan.Role) (string, error) {
	rules, resp, err := c.gl.ProtectedBranches.ListProtectedBranches(id, &gitlab.ListProtectedBranchesOptions{ListOptions: gitlab.ListOptions{PerPage: perPage}}, gitlab.WithContext(ctx))
	switch {
	case resp != nil && (resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusNotFound):
		return "", nil // not for this role to read
	case err != nil:
		return "", fail(err, "list the protected branches of project %d", id)
	}
	for _, r := range rules {
		begin, _, wild := strings.Cut(r.Name, "*")
		if !wild || !strings.HasPrefix(c.opt.BranchPrefix, begin) && !strings.HasPrefix(begin, c.opt.BranchPrefix) {
			continue
		}
		if !slices.ContainsFunc(r.PushAccessLevels, func(l *gitlab.BranchAccessDescription) bool {
			return l.UserID != 0 || l.GroupID != 0 || l.AccessLevel != 0 && plan.Role(l.AccessLevel) <= role
		}) {
			return r.Name, nil
		}
	}
	return "", nil
}

// roleIn is the token's own role in a project, owner where GitLab tells none.
func roleIn(p *gitlab.Project) plan.Role {
	role := plan.NoRole
	if p.Permissions == nil {
		return plan.Owner
	}
	if a := p.Permissions.ProjectAccess; a != nil {
		role = max(role, plan.Role(a.AccessLevel))
	}
	if a := p.Permissions.GroupAccess; a != nil {
		role = max(role, plan.Role(a.AccessLevel))
	}
	if role == plan.NoRole {
		return plan.Owner // an administrator has no role of its own
	}
	return role
}
