package gitlabsim

import (
	"slices"
	"strings"
)

func issueRoutes() []*route {
	const all = "/projects/:id/issues"
	const one = all + "/:iid"
	return []*route{
		{method: "GET", pattern: "/issues", handle: listEveryIssue, query: paging + windows + "state scope order_by sort"},
		{method: "GET", pattern: all, handle: listIssues, query: paging + windows + "iids[] state scope author_id author_username " +
			"order_by sort labels confidential issue_type search in"},
		{method: "POST", pattern: all, handle: postIssue, body: "title description labels confidential assignee_id assignee_ids issue_type"},
		{method: "GET", pattern: one, handle: issueCall(getIssue)},
		{method: "PUT", pattern: one, handle: issueCall(putIssue),
			body: "title description labels add_labels remove_labels state_event confidential assignee_id assignee_ids discussion_locked"},
		{method: "GET", pattern: one + "/notes", query: paging + "order_by sort activity_filter", handle: issueCall(issueNotes)},
		{method: "POST", pattern: one + "/notes", body: "body internal", handle: issueCall(postIssueNote)},
		{method: "GET", pattern: one + "/notes/:note_id", handle: issueCall(getIssueNote)},
		{method: "PUT", pattern: one + "/notes/:note_id", body: "body", handle: issueCall(putIssueNote)},
	}
}

func (i *issue) hiddenFrom(u *user) bool {
	return !i.p.issuesEnabled || i.confidential && i.p.level(u) < Planner && i.author != u
}

func issueCall(next func(*call, *issue) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		i := c.p.issue(c.number("iid"))
		if i == nil || i.hiddenFrom(c.user) {
			return nil, refuse(404, "404 Not found")
		}
		return next(c, i)
	}
}

// listIssues answers an empty list where issues are switched off, the worse
// of that and an error: it looks as if the issue were gone.
func listIssues(c *call) (*reply, error) {
	state, err := c.oneOf("state", "all", "opened", "closed")
	if err != nil {
		return nil, err
	}
	match, err := c.itemFilter()
	if err != nil {
		return nil, err
	}
	by, err := c.order()
	if err != nil {
		return nil, err
	}
	q := c.query
	found := []*issue{}
	for _, i := range c.p.issues {
		if !i.hiddenFrom(c.user) && (state == "all" || i.state == state) && match(&i.noteable) &&
			(!q.Has("confidential") || i.confidential == (q.Get("confidential") == "true")) &&
			(!q.Has("search") || strings.Contains(strings.ToLower(i.title), strings.ToLower(q.Get("search")))) &&
			(!q.Has("issue_type") || q.Get("issue_type") == "issue") {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b *issue) int { return by(&a.noteable, &b.noteable) })
	return listed(c, found, true, (*issue).wire)
}

// listEveryIssue lists those of all projects that a user may see.
func listEveryIssue(c *call) (*reply, error) {
	state, err := c.oneOf("state", "all", "opened", "closed")
	if err != nil {
		return nil, err
	}
	match, err := c.itemFilter()
	if err != nil {
		return nil, err
	}
	by, err := c.order()
	if err != nil {
		return nil, err
	}
	found := []*issue{}
	for _, p := range c.s.projects {
		for _, i := range p.issues {
			if !i.hiddenFrom(c.user) && (state == "all" || i.state == state) && match(&i.noteable) {
				found = append(found, i)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *issue) int { return by(&a.noteable, &b.noteable) })
	return listed(c, found, true, (*issue).wire)
}

func getIssue(_ *call, i *issue) (*reply, error) { return ok(i.wire()) }

func postIssue(c *call) (*reply, error) {
	if err := c.require("title"); err != nil {
		return nil, err
	}
	title, description, labels := c.str("title"), c.str("description"), c.list("labels")
	if c.invalid != "" {
		return nil, nil
	}
	i, err := c.p.openIssue(c.user, title, description, labels)
	if err != nil {
		return nil, err
	}
	c.setPeople(&i.noteable)
	if c.has("confidential") {
		i.confidential = c.boolean("confidential")
	}
	return created(i.wire())
}

func putIssue(c *call, i *issue) (*reply, error) {
	if len(c.body) == 0 {
		return nil, invalidRequest("title, description, labels, state_event are missing, at least one parameter must be provided")
	}
	if !i.canEdit(c.user) {
		return nil, refuse(403, "403 Forbidden")
	}
	if err := c.edit(&i.noteable); err != nil {
		return nil, err
	}
	if c.has("confidential") {
		i.confidential = c.boolean("confidential")
	}
	i.touch()
	return ok(i.wire())
}

func issueNotes(c *call, i *issue) (*reply, error)    { return c.listNotes(&i.noteable) }
func postIssueNote(c *call, i *issue) (*reply, error) { return c.postNote(&i.noteable) }
func getIssueNote(c *call, i *issue) (*reply, error)  { return c.getNote(&i.noteable) }
func putIssueNote(c *call, i *issue) (*reply, error)  { return c.putNote(&i.noteable) }
