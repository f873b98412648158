package gitlab

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// User is an account. The zero value means "nobody known".
type User struct {
	ID       int64
	Username string
	Name     string // as commits show it
}

// Whoami is the token's own user.
// https://docs.gitlab.com/api/users/#retrieve-the-current-user
func (c *Client) Whoami(ctx context.Context) (User, error) {
	u, _, err := c.API.Users.CurrentUser(api.WithContext(ctx))
	if err != nil {
		return User{}, Fail(err, "read the token's own user")
	}
	return User{ID: u.ID, Username: u.Username, Name: u.Name}, nil
}

// Token is what GitLab says of the token in use.
type Token struct {
	Scopes  []string
	Expires time.Time // the day on which it ends, in UTC; zero for never
	Server  time.Time // GitLab's clock as it answered; zero if it does not say
}

// Token asks GitLab about the token in use. That needs no particular scope.
// ErrNotFound: GitLab tells nothing about tokens of this kind, such as those of jobs.
// https://docs.gitlab.com/api/personal_access_tokens/#self-inform
func (c *Client) Token(ctx context.Context) (Token, error) {
	t, resp, err := c.API.PersonalAccessTokens.GetSinglePersonalAccessToken(api.WithContext(ctx))
	if err != nil {
		return Token{}, Fail(err, "read what the token may do")
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

// maxPeople bounds how many users are looked for, with one request each.
const maxPeople = 20

// Strangers returns those of some usernames whom GitLab does not know, of the
// first 20.
func (c *Client) Strangers(ctx context.Context, names []string) ([]string, error) {
	var out []string
	for _, name := range names[:min(len(names), maxPeople)] {
		found, err := c.UserIDs(ctx, []string{name})
		if err != nil {
			return out, err
		}
		if len(found) == 0 {
			out = append(out, name)
		}
	}
	return out, nil
}

// UserIDs finds active users by their exact names, of the first 20 names. Users who
// do not exist are left out: a merge request without a reviewer is better than none.
// https://docs.gitlab.com/api/users/#list-all-users
func (c *Client) UserIDs(ctx context.Context, names []string) ([]int64, error) {
	var out []int64
	for _, name := range names[:min(len(names), maxPeople)] {
		found, _, err := c.API.Users.ListUsers(&api.ListUsersOptions{Username: &name}, api.WithContext(ctx))
		if err != nil {
			return nil, Fail(err, "look for user %s", name)
		}
		for _, u := range found {
			if strings.EqualFold(u.Username, name) && u.State == "active" && !slices.Contains(out, u.ID) {
				out = append(out, u.ID)
			}
		}
	}
	return out, nil
}
