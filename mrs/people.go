package mrs

import (
	"context"
	"slices"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// maxPeople bounds who is asked, and so the requests that looks for them.
const maxPeople = 20

// Strangers returns those of some usernames whom GitLab does not know, of the
// first 20.
func (c *Client) Strangers(ctx context.Context, names []string) ([]string, error) {
	var out []string
	for _, name := range names[:min(len(names), maxPeople)] {
		found, err := c.ids(ctx, []string{name})
		if err != nil {
			return out, err
		}
		if len(found) == 0 {
			out = append(out, name)
		}
	}
	return out, nil
}

// ids finds users by name, exactly. Who is not there is left out: a merge
// request without a reviewer is better than none.
// https://docs.gitlab.com/api/users/#list-all-users
func (c *Client) ids(ctx context.Context, names []string) ([]int64, error) {
	var out []int64
	for _, name := range names[:min(len(names), maxPeople)] {
		found, _, err := c.gl.Users.ListUsers(&gitlab.ListUsersOptions{Username: &name}, gitlab.WithContext(ctx))
		if err != nil {
			return nil, fail(err, "look for user %s", name)
		}
		for _, u := range found {
			if strings.EqualFold(u.Username, name) && u.State == "active" && !slices.Contains(out, u.ID) {
				out = append(out, u.ID)
			}
		}
	}
	return out, nil
}
