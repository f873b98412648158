package mrs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/plan"
)

// member is a membership as GitLab tells it. client-go lacks its state.
// https://docs.gitlab.com/api/project_members/
type member struct {
	ID              int64           `json:"id"`
	State           string          `json:"state"` // of the user
	AccessLevel     int             `json:"access_level"`
	MembershipState string          `json:"membership_state"` // older versions tell none
	ExpiresAt       *gitlab.ISOTime `json:"expires_at"`
}

// role is what a member may do at an instant: nothing while the user is not
// active, the membership is awaited, or it is over.
func (m member) role(now time.Time) plan.Role {
	over := m.ExpiresAt != nil && !now.Before(time.Time(*m.ExpiresAt))
	if m.State != "active" || m.MembershipState != "" && m.MembershipState != "active" || over {
		return plan.NoRole
	}
	return plan.Role(m.AccessLevel)
}

// Role is a user's role in the project at an instant, inherited and invited ones
// included; someone who is no member, or whose membership is not in force, has
// NoRole. That somebody is no member is asked in two ways before it is believed.
func (c *Client) Role(ctx context.Context, id, userID int64, now time.Time) (plan.Role, error) {
	var one member
	err := c.get(ctx, fmt.Sprintf("projects/%d/members/all/%d", id, userID), nil, &one)
	switch {
	case err == nil:
		return one.role(now), nil
	case !errors.Is(err, gitlab.ErrNotFound) || errors.Is(err, ErrProjectNotFound):
		return plan.RoleUnknown, fail(err, "read the role of user %d", userID)
	}
	var all []member
	opt := &gitlab.ListProjectMembersOptions{UserIDs: &[]int64{userID}, ListOptions: gitlab.ListOptions{PerPage: perPage}}
	if err := c.get(ctx, fmt.Sprintf("projects/%d/members/all", id), opt, &all); err != nil {
		return plan.RoleUnknown, fail(err, "read the role of user %d", userID)
	}
	role := plan.NoRole
	for _, m := range all {
		if m.ID == userID {
			role = max(role, m.role(now))
		}
	}
	return role, nil
}

// get reads what client-go has no type for.
func (c *Client) get(ctx context.Context, path string, opt, into any) error {
	req, err := c.gl.NewRequest(http.MethodGet, path, opt, []gitlab.RequestOptionFunc{gitlab.WithContext(ctx)})
	if err != nil {
		return err
	}
	_, err = c.gl.Do(req, into)
	return err
}
