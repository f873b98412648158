package gitlab

import (
	"context"
	"errors"
	"fmt"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Release is one on the page of a project's releases.
type Release struct {
	Tag  string
	Name string
	Text string // a stranger's Markdown
	At   time.Time
}

// ReleasesShown says who may read the releases of a project.
type ReleasesShown struct {
	Path   string // of the project, which may have moved
	Public bool   // everybody, without an account
}

// Bounds of [Client.Releases]. Notes may have a megabyte each, so a page is short.
const (
	releasesPerPage = 20
	releasePages    = 3
)

// ReleasesShown reads who may read the releases of a project. GitLabs that do not say it count as those that show
// them to members alone.
// https://docs.gitlab.com/api/projects/#retrieve-a-project
func (c *Client) ReleasesShown(ctx context.Context, path string) (ReleasesShown, error) {
	p, _, err := c.API.Projects.GetProject(path, nil, api.WithContext(ctx))
	if errors.Is(err, api.ErrNotFound) {
		err = fmt.Errorf("%w: %w", ErrProjectNotFound, err)
	}
	if err != nil {
		return ReleasesShown{}, Fail(err, "read project %s", path)
	}
	return ReleasesShown{
		Path:   p.PathWithNamespace,
		Public: p.Visibility == api.PublicVisibility && p.ReleasesAccessLevel == api.EnabledAccessControl,
	}, nil
}

// Releases reads the newest releases of a project, newest first, page by page, until more returns false for one of a
// page or sixty were read.
// https://docs.gitlab.com/api/releases/#list-releases
func (c *Client) Releases(ctx context.Context, path string, more func(Release) bool) ([]Release, error) {
	var all []Release
	for page := range int64(releasePages) {
		rows, resp, err := c.API.Releases.ListReleases(path, &api.ListReleasesOptions{ListOptions: api.ListOptions{Page: page + 1, PerPage: releasesPerPage}}, api.WithContext(ctx))
		if err != nil {
			return nil, Fail(err, "read the releases of %s", path)
		}
		on := true
		for _, row := range rows {
			if row == nil {
				continue
			}
			r := Release{Tag: row.TagName, Name: row.Name, Text: row.Description, At: Instant(row.ReleasedAt)}
			all, on = append(all, r), more(r) && on
		}
		if !on || resp == nil || resp.NextPage == 0 {
			break
		}
	}
	return all, nil
}
