package gitlab

import (
	"context"
	"fmt"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Listed is a project in the list of those of which a user is a member.
type Listed struct {
	Project
	Topics []string
	// Active is about when somebody last did something in it: GitLab notes it at most once
	// an hour.
	Active time.Time
}

// mostListed bounds the pages of that list.
const mostListed = 200

// Membership lists the projects of which the token's user is a member, of itself or by a
// group, by their numbers and without archived ones. A list of more than 20,000 is
// ErrTooLarge; an error gives no part of the list. Every page begins behind the last number
// of the one before, so that a project that comes or goes meanwhile hides no other one.
// https://docs.gitlab.com/api/projects/#list-all-projects
func (c *Client) Membership(ctx context.Context) ([]Listed, error) {
	var out []Listed
	after := int64(0)
	for range mostListed {
		opt := &api.ListProjectsOptions{
			ListOptions: api.ListOptions{Pagination: "keyset", PerPage: perPage}, Membership: new(true), Archived: new(false), OrderBy: new("id"), Sort: new("asc"),
		}
		if after > 0 {
			opt.IDAfter = &after
		}
		rows, _, err := c.API.Projects.ListProjects(opt, api.WithContext(ctx))
		if err != nil {
			return nil, Fail(err, "list the projects of pinwheel's user")
		}
		if len(rows) == 0 { // a short page need not be the last
			return out, nil
		}
		for _, p := range rows {
			if p.ID <= after {
				return nil, Fail(fmt.Errorf("%w: a list of projects is not in order", ErrNotGitLab), "list the projects of pinwheel's user")
			}
			after = p.ID
			out = append(out, Listed{Project: projectOf(p), Topics: p.Topics, Active: Instant(p.LastActivityAt)})
		}
	}
	return nil, Fail(fmt.Errorf("%w: more than %d rows", ErrTooLarge, mostListed*perPage), "list the projects of pinwheel's user")
}
