package gitlabsim

import (
	"cmp"
	"fmt"
	"time"
)

// object is a JSON object; encoding/json sorts its keys.
type object = map[string]any

func stamp(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UTC().Format("2006-01-02T15:04:05.000Z")
}

func (s *Server) userWire(u *user) any {
	if u == nil {
		return nil
	}
	return object{"id": u.id, "username": u.username, "name": u.name, "state": cmp.Or(u.state, "active"), "locked": false, "avatar_url": nil,
		"web_url": s.opt.BaseURL + "/" + u.username}
}

func (s *Server) usersWire(users []*user) []any {
	out := []any{}
	for _, u := range users {
		out = append(out, s.userWire(u))
	}
	return out
}

func (p *Project) memberWire(m *member) object {
	out := p.s.userWire(m.user).(object)
	out["access_level"], out["expires_at"], out["created_at"], out["membership_state"] = m.level, nil, stamp(p.created), "active"
	if !m.expires.IsZero() {
		out["expires_at"] = m.expires.UTC().Format("2006-01-02")
	}
	if m.awaiting {
		out["membership_state"] = "awaiting"
	}
	return out
}

func enabled(on bool) string {
	if on {
		return "enabled"
	}
	return "disabled"
}

func (p *Project) wire(u *user) object {
	visibility := "private"
	switch {
	case p.public:
		visibility = "public"
	case p.internal:
		visibility = "internal"
	}
	var access any
	if level := p.level(u); level > NoAccess {
		access = object{"access_level": level, "notification_level": 3}
	}
	return object{"id": p.id, "name": p.name(), "path": p.name(), "path_with_namespace": p.path, "name_with_namespace": p.path,
		"default_branch": p.defaultBranch, "visibility": visibility, "web_url": p.webURL(), "http_url_to_repo": p.webURL() + ".git",
		"created_at": stamp(p.created), "last_activity_at": stamp(p.created), "empty_repo": len(p.repo.branches) == 0, "archived": p.archived,
		"permissions":    object{"project_access": access, "group_access": nil},
		"issues_enabled": p.issuesEnabled, "issues_access_level": enabled(p.issuesEnabled),
		"merge_requests_enabled": p.mrsEnabled, "merge_requests_access_level": enabled(p.mrsEnabled),
		"repository_access_level": "enabled", "releases_access_level": cmp.Or(p.releasesAccess, "enabled"), "builds_access_level": enabled(!p.ciDisabled), "can_create_merge_request_in": p.mrsEnabled && p.level(u) >= Developer,
		"merge_method": p.mergeMethod, "squash_option": cmp.Or(p.squashOption, "default_off"), "autoclose_referenced_issues": p.autoClose,
		"only_allow_merge_if_pipeline_succeeds":            p.pipelinesRequired,
		"allow_merge_on_skipped_pipeline":                  false,
		"only_allow_merge_if_all_discussions_are_resolved": p.discussionsRequired, "remove_source_branch_after_merge": true,
		"ci_pipeline_variables_minimum_override_role": p.script.variablesRole()}
}

// commitWire is a commit; lists of branches leave its parents out, the worse
// of what the facts leave open.
func (p *Project) commitWire(c *commit, parents bool) object {
	ids := []string{}
	if parents {
		for _, parent := range c.parents {
			ids = append(ids, parent.id)
		}
	}
	return object{"id": c.id, "short_id": c.id[:8], "title": title(c.message), "message": c.message, "parent_ids": ids,
		"author_name": c.author.name, "author_email": c.author.email, "authored_date": stamp(c.at),
		"committer_name": c.committer.name, "committer_email": c.committer.email, "committed_date": stamp(c.at),
		"created_at": stamp(c.at), "trailers": object{}, "extended_trailers": object{},
		"web_url": p.webURL() + "/-/commit/" + c.id}
}

func (p *Project) branchWire(u *user, b *branch, parents bool) object {
	push, merge, protected := p.protection(b.name)
	main := p.repo.branches[p.defaultBranch]
	return object{"name": b.name, "commit": p.commitWire(b.head, parents), "protected": protected, "default": b.name == p.defaultBranch,
		"merged": b != main && main != nil && isAncestor(b.head, main.head), "can_push": p.canPush(u, b.name),
		"developers_can_push": push <= Developer, "developers_can_merge": protected && merge <= Developer,
		"web_url": p.webURL() + "/-/tree/" + b.name}
}

func (n *noteable) wire(where string) object {
	s := n.p.s
	labels := n.labels
	if labels == nil {
		labels = []string{}
	}
	done, boxes := 0, tasksOf(n.description)
	for _, box := range boxes {
		if box.done {
			done++
		}
	}
	var first any
	if len(n.assignees) > 0 {
		first = s.userWire(n.assignees[0])
	}
	comments := 0
	for _, note := range n.notes {
		if !note.system {
			comments++
		}
	}
	return object{"id": n.id, "iid": n.iid, "project_id": n.p.id, "title": n.title, "description": n.description, "state": n.state,
		"created_at": stamp(n.created), "updated_at": stamp(n.updated), "closed_at": stamp(n.closedAt), "closed_by": s.userWire(n.closedBy),
		"labels": labels, "author": s.userWire(n.author), "assignees": s.usersWire(n.assignees), "assignee": first,
		"user_notes_count": comments, "discussion_locked": n.locked, "milestone": nil, "upvotes": 0, "downvotes": 0,
		"task_completion_status": object{"count": len(boxes), "completed_count": done},
		"references":             object{"short": n.ref(), "relative": n.ref(), "full": n.p.path + n.ref()},
		"web_url":                fmt.Sprintf("%s/-/%s/%d", n.p.webURL(), where, n.iid)}
}

func (i *issue) wire() object {
	out := i.noteable.wire("issues")
	out["confidential"], out["issue_type"], out["type"], out["weight"] = i.confidential, "issue", "ISSUE", nil
	out["moved_to_id"] = nil
	if i.movedTo != 0 {
		out["moved_to_id"] = i.movedTo
	}
	return out
}

// wire is a merge request as a list shows it.
func (m *mergeRequest) wire() object {
	s := m.p.s
	out := m.noteable.wire("merge_requests")
	out["source_branch"], out["target_branch"] = m.source, m.target
	out["source_project_id"], out["target_project_id"] = m.sourceProject(), m.p.id
	out["draft"], out["work_in_progress"] = m.draft(), m.draft()
	out["sha"], out["merge_commit_sha"], out["squash_commit_sha"] = m.head.id, nil, nil
	if m.mergeCommit != nil && len(m.mergeCommit.parents) > 1 { // null after a fast-forward
		out["merge_commit_sha"] = m.mergeCommit.id
	}
	out["merged_at"], out["merged_by"], out["merge_user"] = stamp(m.mergedAt), s.userWire(m.mergedBy), s.userWire(m.mergedBy)
	out["merge_status"], out["detailed_merge_status"] = m.mergeStatus, m.detailedStatus()
	out["has_conflicts"] = m.mergeStatus == "cannot_be_merged"
	out["prepared_at"] = stamp(m.preparedAt)
	out["merge_when_pipeline_succeeds"], out["merge_after"] = false, nil
	if m.squashCommit != nil {
		out["squash_commit_sha"] = m.squashCommit.id
	}
	out["should_remove_source_branch"], out["force_remove_source_branch"] = nil, m.removeSource
	out["reviewers"], out["squash"], out["squash_on_merge"] = s.usersWire(m.reviewers), m.squash, m.squashes()
	out["blocking_discussions_resolved"], out["imported"] = m.threads == 0, false
	return out
}

// fullWire is what the single GET adds. gitlab.md 2.4: empty until prepared.
func (m *mergeRequest) fullWire(u *user) object {
	out := m.wire()
	out["user"] = object{"can_merge": m.p.canMerge(u, m.target)}
	out["changes_count"], out["diff_refs"], out["head_pipeline"], out["pipeline"], out["merge_error"] = nil, nil, m.headPipelineWire(), nil, nil
	if n := len(m.versions); n > 0 {
		last := m.versions[n-1]
		out["changes_count"] = fmt.Sprint(len(changesOf(last.baseTree(), last.head.tree)))
		out["diff_refs"] = object{"base_sha": idOf(last.base), "head_sha": last.head.id, "start_sha": idOf(last.start)}
	}
	return out
}

func (v *version) baseTree() tree {
	if v.base == nil {
		return nil
	}
	return v.base.tree
}

func idOf(c *commit) any {
	if c == nil {
		return nil
	}
	return c.id
}

func (m *mergeRequest) versionWire(v *version) object {
	return object{"id": v.id, "head_commit_sha": v.head.id, "base_commit_sha": idOf(v.base), "start_commit_sha": idOf(v.start),
		"created_at": stamp(v.at), "merge_request_id": m.id, "state": "collected",
		"real_size": fmt.Sprint(len(changesOf(v.baseTree(), v.head.tree)))}
}

func diffWire(c fileChange) object {
	mode := func(b blob, absent bool) string {
		switch {
		case absent:
			return "0"
		case b.exec:
			return "100755"
		}
		return "100644"
	}
	return object{"old_path": c.path, "new_path": c.path, "a_mode": mode(c.old, c.added), "b_mode": mode(c.new, c.deleted),
		"new_file": c.added, "renamed_file": false, "deleted_file": c.deleted, "generated_file": false,
		"collapsed": false, "too_large": false, "diff": unified(c.old.text, c.new.text)}
}

func (n *note) wire() object {
	kind := "Issue"
	if n.on.sigil == "!" {
		kind = "MergeRequest"
	}
	return object{"id": n.id, "type": nil, "body": n.body, "author": n.on.p.s.userWire(n.author), "system": n.system,
		"created_at": stamp(n.created), "updated_at": stamp(n.updated), "noteable_id": n.on.id, "noteable_iid": n.on.iid,
		"noteable_type": kind, "project_id": n.on.p.id, "resolvable": false, "internal": n.internal, "confidential": n.internal}
}
