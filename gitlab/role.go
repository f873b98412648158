package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// NoRole is the access level of somebody who is no member.
const NoRole = 0

// member is a membership as GitLab tells it. client-go lacks its state.
// https://docs.gitlab.com/api/project_members/
type member struct {
	ID              int64        `json:"id"`
	State           string       `json:"state"` // of the user
	AccessLevel     int          `json:"access_level"`
	MembershipState string       `json:"membership_state"` // older versions tell none
	ExpiresAt       *api.ISOTime `json:"expires_at"`
}

// level is the access level of a member at an instant: NoRole while the user is not
// active or the membership is not accepted yet, and after it has ended.
func (m member) level(now time.Time) int {
	over := m.ExpiresAt != nil && !now.Before(time.Time(*m.ExpiresAt))
	if m.State != "active" || m.MembershipState != "" && m.MembershipState != "active" || over {
		return NoRole
	}
	return m.AccessLevel
}

// Role is the access level of a user in a project at an instant, inherited and
// invited ones included. Somebody who is no member, or whose membership is not in
// force, has NoRole. Before it says that somebody is no member it asks in two ways.
func (c *Client) Role(ctx context.Context, project, user int64, now time.Time) (int, error) {
	var one member
	_, err := c.get(ctx, fmt.Sprintf("projects/%d/members/all/%d", project, user), nil, &one)
	if err == nil && one.ID != user {
		err = fmt.Errorf("%w: a membership of somebody else", ErrNotGitLab)
	}
	err = Fail(err, "read the role of user %d", user)
	if !Missing(err) {
		return one.level(now), err
	}
	var all []member
	opt := &api.ListProjectMembersOptions{UserIDs: &[]int64{user}, ListOptions: api.ListOptions{PerPage: perPage}}
	if _, err := c.get(ctx, fmt.Sprintf("projects/%d/members/all", project), opt, &all); err != nil {
		return NoRole, Fail(err, "read the role of user %d", user)
	}
	level := NoRole
	for _, m := range all {
		if m.ID == user {
			level = max(level, m.level(now))
		}
	}
	return level, nil
}

// get reads what client-go has no type or no option for.
func (c *Client) get(ctx context.Context, path string, opt, into any) (*api.Response, error) {
	req, err := c.API.NewRequest(http.MethodGet, path, opt, []api.RequestOptionFunc{api.WithContext(ctx)})
	if err != nil {
		return nil, err
	}
	return c.API.Do(req, into)
}
