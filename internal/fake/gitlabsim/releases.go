package gitlabsim

import (
	"cmp"
	"slices"
	"time"
)

// Release is one on the page of a project's releases.
// https://docs.gitlab.com/api/releases/
type Release struct {
	Tag         string
	Name        string // "" is Tag
	Description string
	At          time.Time // zero is now
}

// Publish adds a release, in place of the one with its tag.
func (p *Project) Publish(r Release) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if r.At.IsZero() {
		r.At = p.s.now()
	}
	p.releases = slices.DeleteFunc(p.releases, func(o Release) bool { return o.Tag == r.Tag })
	p.releases = slices.Insert(p.releases, 0, r)
	slices.SortStableFunc(p.releases, func(a, b Release) int { return b.At.Compare(a.At) })
}

func releaseRoutes() []*route {
	return []*route{
		{method: "GET", pattern: "/projects/:id/releases", query: paging + "order_by sort include_html_description", handle: listReleases},
	}
}

// listReleases lists them by the day of the release, newest first. Guests of a private project see none, and nobody but
// members where only they may.
func listReleases(c *call) (*reply, error) {
	level := c.p.level(c.user)
	switch c.p.releasesAccess {
	case "disabled":
		return nil, refuse(403, "403 Forbidden")
	case "private":
		if level == NoAccess {
			return nil, refuse(403, "403 Forbidden")
		}
	}
	if !c.p.public && !c.p.internal && level < Reporter {
		return nil, refuse(403, "403 Forbidden")
	}
	return listed(c, c.p.releases, true, func(r Release) object {
		return object{"tag_name": r.Tag, "name": cmp.Or(r.Name, r.Tag), "description": r.Description, "created_at": stamp(r.At), "released_at": stamp(r.At),
			"upcoming_release": r.At.After(c.s.now()), "commit_path": "", "tag_path": ""}
	})
}
