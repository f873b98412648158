package dashboard

import (
	"context"
	"fmt"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// Changed is when each issue of the token's user last changed, its notes included, for
// the issues that changed after an instant. With an error it has what was read before.
func (p *Publisher) Changed(ctx context.Context, since time.Time) (map[Key]time.Time, error) {
	opt := &api.ListIssuesOptions{Scope: new("created_by_me"), State: new("all"), UpdatedAfter: &since, OrderBy: new("updated_at"), Sort: new("desc")}
	out := map[Key]time.Time{}
	_, err := gitlab.Walk(maxChanged, func(page api.ListOptions) ([]*api.Issue, *api.Response, error) {
		opt.ListOptions = page
		return p.gl.API.Issues.ListIssues(opt, api.WithContext(ctx))
	}, func(raw *api.Issue) bool {
		out[Key{raw.ProjectID, raw.IID}] = gitlab.Instant(raw.UpdatedAt)
		return true
	})
	return out, explain(err, "list changed", 0)
}

// mostOpen bounds the pages of a list of all open issues.
const mostOpen = 500

// Open is when each open issue of the token's user last changed. An error gives no part of
// the list.
func (p *Publisher) Open(ctx context.Context) (map[Key]time.Time, error) {
	opt := &api.ListIssuesOptions{Scope: new("created_by_me"), State: new("opened"), OrderBy: new("created_at"), Sort: new("asc")}
	out := map[Key]time.Time{}
	whole, err := gitlab.Walk(mostOpen, func(page api.ListOptions) ([]*api.Issue, *api.Response, error) {
		opt.ListOptions = page
		return p.gl.API.Issues.ListIssues(opt, api.WithContext(ctx))
	}, func(raw *api.Issue) bool {
		out[Key{raw.ProjectID, raw.IID}] = gitlab.Instant(raw.UpdatedAt)
		return true
	})
	if err == nil && !whole {
		err = fmt.Errorf("%w: more than %d pages", gitlab.ErrTooLarge, mostOpen)
	}
	if err != nil {
		return nil, explain(err, "list open", 0)
	}
	return out, nil
}
