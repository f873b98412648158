package mrs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Settings are what a project's settings mean for merge requests of ours.
type Settings struct {
	MergeMethod string // merge, rebase_merge or ff
	// PipelinesRequired: "Pipelines must succeed".
	PipelinesRequired bool
	Protected         bool // the default branch is
	CanPush           bool // the token's user may push to the default branch
	// ProtectedUnder is a protected branch under the prefix, or a rule by which the
	// token's user may not push to branches under it that do not exist yet; empty if
	// there is none. If the role may not read the rules, only existing branches count.
	ProtectedUnder string
}

// onePage is how many branches and rules are looked at.
const onePage = 100

// Settings reads the settings of the project id.
func (c *Client) Settings(ctx context.Context, id int64) (Settings, error) {
	p, err := c.gl.Project(ctx, fmt.Sprint(id), id)
	if err != nil {
		return Settings{}, err
	}
	out := Settings{MergeMethod: p.MergeMethod, PipelinesRequired: p.PipelinesRequired}
	b, _, err := c.gl.API.Branches.GetBranch(id, p.DefaultBranch, api.WithContext(ctx))
	err = gitlab.Fail(err, "read branch %s", p.DefaultBranch)
	switch {
	case err == nil:
		out.Protected, out.CanPush = b.Protected, b.CanPush
	case !gitlab.Missing(err):
		return Settings{}, err
	}
	prefix := "^" + c.opt.BranchPrefix
	under, _, err := c.gl.API.Branches.ListBranches(id, &api.ListBranchesOptions{Search: &prefix, ListOptions: api.ListOptions{PerPage: onePage}}, api.WithContext(ctx))
	if err != nil {
		return Settings{}, gitlab.Fail(err, "list the branches under %s", c.opt.BranchPrefix)
	}
	for _, b := range under {
		if b.Protected && out.ProtectedUnder == "" {
			out.ProtectedUnder = b.Name
		}
	}
	if out.ProtectedUnder == "" {
		role := plan.Role(p.AccessLevel)
		if role == plan.NoRole {
			role = plan.Owner // an administrator has no role of its own
		}
		out.ProtectedUnder, err = c.protectingRule(ctx, id, role)
	}
	return out, err
}

// protectingRule is the first rule with a wildcard that is for a branch under the
// prefix and lets no role as low as role push.
// https://docs.gitlab.com/api/protected_branches/#list-protected-branches
func (c *Client) protectingRule(ctx context.Context, id int64, role plan.Role) (string, error) {
	rules, _, err := c.gl.API.ProtectedBranches.ListProtectedBranches(id, &api.ListProtectedBranchesOptions{ListOptions: api.ListOptions{PerPage: onePage}}, api.WithContext(ctx))
	err = gitlab.Fail(err, "list the protected branches of project %d", id)
	switch {
	case gitlab.Unreadable(err):
		return "", nil // this role may not read the rules
	case err != nil:
		return "", err
	}
	for _, r := range rules {
		begin, _, wild := strings.Cut(r.Name, "*")
		if !wild || !strings.HasPrefix(c.opt.BranchPrefix, begin) && !strings.HasPrefix(begin, c.opt.BranchPrefix) {
			continue
		}
		if !slices.ContainsFunc(r.PushAccessLevels, func(l *api.BranchAccessDescription) bool {
			return l.UserID != 0 || l.GroupID != 0 || l.AccessLevel != 0 && plan.Role(l.AccessLevel) <= role
		}) {
			return r.Name, nil
		}
	}
	return "", nil
}
