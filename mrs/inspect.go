package mrs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

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

// Settings reads the settings of the project id: what can be asked at the same time
// is.
func (c *Client) Settings(ctx context.Context, id int64) (Settings, error) {
	var p gitlab.Project
	var under []*api.Branch
	var rules []*api.ProtectedBranch
	var errs [3]error
	var reads sync.WaitGroup
	reads.Go(func() { p, errs[0] = c.gl.Project(ctx, fmt.Sprint(id), id) })
	reads.Go(func() { under, errs[1] = c.branchesUnder(ctx, id) })
	reads.Go(func() { rules, errs[2] = c.protectingRules(ctx, id) })
	reads.Wait()
	if errs[0] != nil {
		return Settings{}, errs[0]
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
	if errs[1] != nil {
		return Settings{}, errs[1]
	}
	if i := slices.IndexFunc(under, func(b *api.Branch) bool { return b.Protected }); i >= 0 {
		out.ProtectedUnder = under[i].Name
		return out, nil
	}
	role := plan.Role(p.AccessLevel)
	if role == plan.NoRole {
		role = plan.Owner // an administrator has no role of its own
	}
	out.ProtectedUnder = c.protecting(rules, role)
	return out, errs[2]
}

// branchesUnder lists the first branches under the prefix.
func (c *Client) branchesUnder(ctx context.Context, id int64) ([]*api.Branch, error) {
	prefix := "^" + c.opt.BranchPrefix
	under, _, err := c.gl.API.Branches.ListBranches(id, &api.ListBranchesOptions{Search: &prefix, ListOptions: api.ListOptions{PerPage: onePage}}, api.WithContext(ctx))
	return under, gitlab.Fail(err, "list the branches under %s", c.opt.BranchPrefix)
}

// protectingRules lists the rules for protected branches, none if they are not for
// this role to read.
// https://docs.gitlab.com/api/protected_branches/#list-protected-branches
func (c *Client) protectingRules(ctx context.Context, id int64) ([]*api.ProtectedBranch, error) {
	rules, _, err := c.gl.API.ProtectedBranches.ListProtectedBranches(id, &api.ListProtectedBranchesOptions{ListOptions: api.ListOptions{PerPage: onePage}}, api.WithContext(ctx))
	err = gitlab.Fail(err, "list the protected branches of project %d", id)
	if gitlab.Unreadable(err) {
		return nil, nil
	}
	return rules, err
}

// protecting is the first rule with a wildcard that is for a branch under the prefix
// and lets no role as low as role push.
func (c *Client) protecting(rules []*api.ProtectedBranch, role plan.Role) string {
	for _, r := range rules {
		begin, _, wild := strings.Cut(r.Name, "*")
		if !wild || !strings.HasPrefix(c.opt.BranchPrefix, begin) && !strings.HasPrefix(begin, c.opt.BranchPrefix) {
			continue
		}
		if !slices.ContainsFunc(r.PushAccessLevels, func(l *api.BranchAccessDescription) bool {
			return l.UserID != 0 || l.GroupID != 0 || l.AccessLevel != 0 && plan.Role(l.AccessLevel) <= role
		}) {
			return r.Name
		}
	}
	return ""
}
