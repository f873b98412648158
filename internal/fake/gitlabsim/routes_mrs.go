package gitlabsim

import (
	"slices"
	"strings"
	"time"
)

func mrRoutes() []*route {
	const all = "/projects/:id/merge_requests"
	const one = all + "/:iid"
	const texts = "title description labels assignee_id assignee_ids reviewer_ids remove_source_branch squash allow_collaboration "
	return []*route{
		{method: "GET", pattern: all, handle: listMRs, query: paging + windows + "iids[] state scope author_id author_username source_branch " +
			"target_branch order_by sort labels with_merge_status_recheck draft"},
		{method: "POST", pattern: all, handle: postMR, body: texts + "source_branch target_branch"},
		{method: "GET", pattern: one, handle: mrCall(getMR), query: "include_diverged_commits_count include_rebase_in_progress render_html"},
		{method: "PUT", pattern: one, handle: mrCall(putMR), body: texts + "add_labels remove_labels state_event target_branch discussion_locked"},
		{method: "PUT", pattern: one + "/merge", handle: mrCall(putMerge), body: "sha squash squash_commit_message merge_commit_message should_remove_source_branch auto_merge merge_when_pipeline_succeeds"},
		{method: "GET", pattern: one + "/commits", query: paging, handle: mrCall(mrCommits)},
		{method: "GET", pattern: one + "/diffs", query: paging + "unidiff", handle: mrCall(mrDiffs)},
		{method: "GET", pattern: one + "/versions", query: paging, handle: mrCall(mrVersions)},
		{method: "GET", pattern: one + "/notes", query: paging + "order_by sort", handle: mrCall(mrNotes)},
		{method: "POST", pattern: one + "/notes", body: "body internal", handle: mrCall(postMRNote)},
		{method: "GET", pattern: one + "/notes/:note_id", handle: mrCall(getMRNote)},
		{method: "PUT", pattern: one + "/notes/:note_id", body: "body", handle: mrCall(putMRNote)},
	}
}

// mrCall finds the merge request of a call.
func mrCall(next func(*call, *mergeRequest) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		m := c.p.mr(c.number("iid"))
		if m == nil || !c.p.mrsEnabled || !c.p.public && c.p.level(c.user) < Planner {
			return nil, refuse(404, "404 Not found")
		}
		return next(c, m)
	}
}

func listMRs(c *call) (*reply, error) {
	if !c.p.mrsEnabled || !c.p.public && c.p.level(c.user) < Planner {
		return nil, refuse(403, "403 Forbidden")
	}
	state, err := c.oneOf("state", "all", "opened", "closed", "locked", "merged")
	if err != nil {
		return nil, err
	}
	match, err := c.itemFilter()
	if err != nil {
		return nil, err
	}
	found := []*mergeRequest{}
	for _, m := range c.p.listedMRs() {
		if (state == "all" || m.state == state) && match(&m.noteable) && c.asksFor(m) {
			found = append(found, m)
		}
	}
	by, err := c.order()
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b *mergeRequest) int { return by(&a.noteable, &b.noteable) })
	out, err := listed(c, found, true, (*mergeRequest).wire)
	if err == nil && c.query.Get("with_merge_status_recheck") == "true" && c.p.level(c.user) >= Developer {
		for _, m := range found {
			if current := c.p.mr(m.iid); current.state == "opened" {
				current.observe() // asked for here, seen by a later read
			}
		}
	}
	return out, err
}

// asksFor reports whether a merge request is among those that a list is asked for.
func (c *call) asksFor(m *mergeRequest) bool {
	q := c.query
	return (!q.Has("source_branch") || m.source == q.Get("source_branch")) &&
		(!q.Has("target_branch") || m.target == q.Get("target_branch")) &&
		(!q.Has("draft") || m.draft() == (q.Get("draft") == "true"))
}

// itemFilter reads what both lists filter by.
func (c *call) itemFilter() (func(*noteable) bool, error) {
	scope, err := c.oneOf("scope", "all", "created_by_me", "assigned_to_me")
	if err != nil {
		return nil, err
	}
	w, err := c.window()
	if err != nil {
		return nil, err
	}
	q := c.query
	labels := strings.Split(q.Get("labels"), ",")
	return func(n *noteable) bool {
		return n.labelled(labels) && w.holds(n.created, n.updated) &&
			(scope != "created_by_me" || n.author == c.user) &&
			(scope != "assigned_to_me" || slices.Contains(n.assignees, c.user)) &&
			(!q.Has("author_id") || itoa(n.author.id) == q.Get("author_id")) &&
			(!q.Has("author_username") || n.author.username == q.Get("author_username")) &&
			(!q.Has("iids[]") || slices.Contains(q["iids[]"], itoa(int64(n.iid))))
	}, nil
}

// labelled reports whether an item has every label of a list, where None and Any
// are of all labels.
func (n *noteable) labelled(labels []string) bool {
	for _, label := range labels {
		if label == "None" && len(n.labels) > 0 || label == "Any" && len(n.labels) == 0 ||
			label != "" && label != "None" && label != "Any" && !slices.Contains(n.labels, label) {
			return false
		}
	}
	return true
}

func (c *call) order() (func(a, b *noteable) int, error) {
	by, err := c.oneOf("order_by", "created_at", "updated_at", "title")
	if err != nil {
		return nil, err
	}
	direction, err := c.oneOf("sort", "desc", "asc")
	if err != nil {
		return nil, err
	}
	return func(a, b *noteable) int {
		order := 0
		switch by {
		case "created_at":
			order = a.created.Compare(b.created)
		case "updated_at":
			order = a.updated.Compare(b.updated)
		case "title":
			order = strings.Compare(a.title, b.title)
		}
		if order == 0 {
			order = int(a.id - b.id)
		}
		if direction == "desc" {
			order = -order
		}
		return order
	}, nil
}

func getMR(c *call, m *mergeRequest) (*reply, error) {
	m.observe()
	out := m.fullWire(c.user)
	if c.query.Get("include_rebase_in_progress") == "true" {
		out["rebase_in_progress"] = false
	}
	if source, target := c.p.repo.branches[m.source], c.p.repo.branches[m.target]; source != nil && target != nil &&
		c.query.Get("include_diverged_commits_count") == "true" {
		out["diverged_commits_count"] = len(commitsBetween(source.head, target.head))
	}
	return ok(out)
}

func postMR(c *call) (*reply, error) {
	if err := c.require("source_branch", "target_branch", "title"); err != nil {
		return nil, err
	}
	title, description := c.str("title"), c.str("description")
	if c.invalid != "" {
		return nil, nil
	}
	m, err := c.p.openMR(c.user, newMR{c.str("source_branch"), c.str("target_branch"), title, description})
	if err != nil {
		return nil, err
	}
	c.setPeople(&m.noteable)
	m.addLabels(c.user, c.list("labels"))
	m.removeSource, m.squash = c.boolean("remove_source_branch"), c.boolean("squash")
	return created(m.fullWire(c.user))
}

func (c *call) setPeople(n *noteable) {
	if c.has("assignee_ids") {
		n.assignees = c.people("assignee_ids")
	}
	if m := c.p.mr(n.iid); n.sigil == "!" && c.has("reviewer_ids") {
		m.reviewers = c.people("reviewer_ids")
	}
}

func (c *call) people(key string) (out []*user) {
	for _, id := range c.ints(key) {
		if u := c.s.userByID(id); u != nil {
			out = append(out, u)
		}
	}
	return out
}

func putMR(c *call, m *mergeRequest) (*reply, error) {
	if len(c.body) == 0 {
		return nil, invalidRequest("title, description, labels, state_event are missing, at least one parameter must be provided")
	}
	if !m.canEdit(c.user) {
		return nil, refuse(403, "403 Forbidden")
	}
	if target := c.str("target_branch"); c.has("target_branch") && c.p.repo.branches[target] == nil {
		return nil, refuse(400, []string{"target_branch \"" + target + "\" does not exist"})
	}
	c.p.beforeMRChange()
	if err := c.edit(&m.noteable); err != nil {
		return nil, err
	}
	c.p.commandTarget(&m.noteable, c.str("target_branch"))
	if c.has("remove_source_branch") {
		m.removeSource = c.boolean("remove_source_branch")
	}
	if c.has("squash") {
		m.squash = c.boolean("squash")
	}
	m.touch()
	return ok(m.fullWire(c.user))
}

// edit carries out what both PUTs share; nothing is changed if it fails.
func (c *call) edit(n *noteable) error {
	title, description, event := c.str("title"), c.str("description"), c.str("state_event")
	labels, add, remove := c.list("labels"), c.list("add_labels"), c.list("remove_labels")
	if c.invalid != "" {
		return nil
	}
	if event != "" && event != "close" && event != "reopen" {
		return invalidRequest("state_event does not have a valid value")
	}
	if c.has("title") && strings.TrimSpace(title) == "" {
		return refuse(400, map[string][]string{"title": {"can't be blank"}})
	}
	if err := checkTexts(title, description); err != nil {
		return err
	}
	switch event { // before the description: gitlab.md 7.8
	case "close":
		c.p.setState(c.user, n, "closed")
	case "reopen":
		c.p.setState(c.user, n, "opened")
	}
	if c.has("title") {
		c.p.editTitle(c.user, n, title)
	}
	if _, sent := c.body["description"]; sent {
		c.p.editDescription(c.user, n, description)
	}
	if c.has("labels") {
		n.setLabels(c.user, labels)
	}
	n.addLabels(c.user, add)
	n.removeLabels(c.user, remove)
	c.setPeople(n)
	if c.has("discussion_locked") {
		n.locked = c.boolean("discussion_locked")
	}
	return nil
}

func mrCommits(c *call, m *mergeRequest) (*reply, error) {
	m.observe()
	var own []*commit
	if n := len(m.versions); n > 0 {
		own = commitsBetween(m.versions[n-1].start, m.versions[n-1].head)
	}
	return listed(c, own, true, func(k *commit) object { return c.p.commitWire(k, true) })
}

func mrDiffs(c *call, m *mergeRequest) (*reply, error) {
	m.observe()
	var changes []fileChange
	if n := len(m.versions); n > 0 {
		changes = changesOf(m.versions[n-1].baseTree(), m.versions[n-1].head.tree)
	}
	return listed(c, changes, true, diffWire)
}

func mrVersions(c *call, m *mergeRequest) (*reply, error) {
	m.observe()
	newest := slices.Clone(m.versions)
	slices.Reverse(newest)
	return listed(c, newest, true, m.versionWire)
}

func mrNotes(c *call, m *mergeRequest) (*reply, error)    { return c.listNotes(&m.noteable) }
func postMRNote(c *call, m *mergeRequest) (*reply, error) { return c.postNote(&m.noteable) }
func getMRNote(c *call, m *mergeRequest) (*reply, error)  { return c.getNote(&m.noteable) }
func putMRNote(c *call, m *mergeRequest) (*reply, error)  { return c.putNote(&m.noteable) }

// listNotes takes away what the user may not read after it has cut the page, so
// that a page may be short though more follow. gitlab.md 7.5.
func (c *call) listNotes(n *noteable) (*reply, error) {
	by, err := c.oneOf("order_by", "created_at", "updated_at")
	if err != nil {
		return nil, err
	}
	direction, err := c.oneOf("sort", "desc", "asc")
	if err != nil {
		return nil, err
	}
	filter, err := c.oneOf("activity_filter", "all_notes", "only_comments", "only_activity")
	if err != nil {
		return nil, err
	}
	notes := slices.DeleteFunc(slices.Clone(n.listed()), func(n *note) bool {
		return filter == "only_comments" && n.system || filter == "only_activity" && !n.system
	})
	slices.SortStableFunc(notes, func(a, b *note) int {
		at := func(n *note) time.Time {
			if by == "updated_at" {
				return n.updated
			}
			return n.created
		}
		order := at(a).Compare(at(b))
		if order == 0 {
			order = int(a.id - b.id)
		}
		if direction == "desc" {
			order = -order
		}
		return order
	})
	some, header, err := page(c, notes, true)
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, one := range some {
		if (!one.internal || c.p.level(c.user) >= Planner) && (!one.private || one.author == c.user) {
			out = append(out, one.wire())
		}
	}
	return &reply{status: 200, header: header, body: out}, nil
}

func (c *call) note(n *noteable) (*note, error) {
	for _, one := range n.notes {
		if one.id == int64(c.number("note_id")) {
			return one, nil
		}
	}
	return nil, refuse(404, "404 Not found")
}

func (c *call) getNote(n *noteable) (*reply, error) {
	one, err := c.note(n)
	if err != nil {
		return nil, err
	}
	return ok(one.wire())
}

func (c *call) postNote(n *noteable) (*reply, error) {
	if err := c.require("body"); err != nil {
		return nil, err
	}
	made, commands, err := c.p.addNote(c.user, n, c.str("body"))
	if err != nil {
		return nil, err
	}
	if made == nil {
		changes := object{}
		for _, command := range commands {
			changes[command.name] = command.arg
		}
		return &reply{status: 202, body: object{"commands_changes": changes, "summary": []string{}}}, nil
	}
	made.internal = c.boolean("internal")
	return created(made.wire())
}

func (c *call) putNote(n *noteable) (*reply, error) {
	one, err := c.note(n)
	if err != nil {
		return nil, err
	}
	if err := c.p.editNote(c.user, one, c.str("body")); err != nil {
		return nil, err
	}
	return ok(one.wire())
}
