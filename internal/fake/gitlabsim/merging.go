package gitlabsim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// This file is when a merge request may be merged, and its merging.

// mergeCall is what a merge is asked for with. The zero value is the button.
type mergeCall struct {
	sha          string
	squash       *bool
	message      string
	removeSource bool
}

func putMerge(c *call, m *mergeRequest) (*reply, error) {
	in := mergeCall{sha: c.str("sha"), message: c.str("merge_commit_message"), removeSource: c.boolean("should_remove_source_branch")}
	if c.has("squash") {
		squash := c.boolean("squash")
		in.squash = &squash
	}
	if c.boolean("auto_merge") || c.boolean("merge_when_pipeline_succeeds") {
		// Without a pipeline GitLab merges at once, with one it merges what nobody
		// told it of. gitlab.md 2.4.
		c.s.failures = append(c.s.failures, "an automatic merge was asked for, which merges what it was not told of")
	}
	switch {
	case c.invalid != "":
		return nil, nil
	case !c.p.canMerge(c.user, m.target):
		return nil, refuse(401, "401 Unauthorized")
	case c.p.shaRequired && in.sha == "":
		return nil, refuse(400, "SHA must be provided when merging")
	case in.sha != "" && in.sha != m.newestHead().id:
		return nil, refuse(409, "SHA does not match HEAD of source branch: "+m.newestHead().id)
	}
	if err := c.p.merge(c.user, m, in); err != nil {
		return nil, err
	}
	return ok(m.fullWire(c.user))
}

// merge merges, or says why not. GitLab looks at everything anew first.
// gitlab.md 2.4.
func (p *Project) merge(actor *user, m *mergeRequest, in mergeCall) error {
	m.settle()
	if !p.canMerge(actor, m.target) || p.archived {
		return refuse(401, "401 Unauthorized")
	}
	if m.state == "opened" {
		m.recheck()
	}
	if in.squash != nil {
		m.squash = *in.squash
	}
	if m.detailedStatus() != "mergeable" {
		return refuse(405, "405 Method Not Allowed")
	}
	if p.failing > 0 {
		p.failing--
		if !p.s.since(17, 0) {
			return refuse(406, "Branch cannot be merged")
		}
		return refuse(422, "Branch cannot be merged")
	}
	if h := p.hanging; h != nil {
		p.hanging = nil
		m.state, m.lock = "locked", &lock{hang: *h, from: p.s.now(), actor: actor, in: in}
		return refuse(504, "the request took too long")
	}
	merged, _ := p.mergeResult(m)
	merged = maps.Clone(merged)
	maps.Copy(merged, p.altering)
	p.altering = nil
	p.beforeMRChange()
	source, target := p.repo.branches[m.source], p.repo.branches[m.target]
	to, who := source.head, identityOf(actor)
	if m.squashes() {
		onto := mergeBase(source.head, target.head)
		to = p.repo.newCommit(commit{parents: []*commit{onto}, tree: source.head.tree, message: m.title, author: identityOf(m.author), committer: who, at: p.s.now()})
		m.squashCommit = to
	}
	if p.mergeMethod != "ff" {
		message := cmp.Or(in.message, fmt.Sprintf("Merge branch '%s' into '%s'\n\n%s\n\nSee merge request %s!%d", m.source, m.target, m.title, p.path, m.iid))
		to = p.repo.newCommit(commit{parents: []*commit{target.head, to}, tree: merged, message: message, author: who, committer: who, at: p.s.now()})
	}
	p.markMerged(actor, m, to)
	p.moveBranch(actor, m.target, to)
	p.closeByMR(actor, m)
	if (m.removeSource || in.removeSource) && m.source != p.defaultBranch && p.repo.branches[m.source] == source {
		p.beforeMRChange()
		delete(p.repo.branches, m.source)
		p.s.event(p, actor, "branch-delete", m.source, source.head.id)
	}
	return nil
}

// FailMerges lets the next n merges fail that nothing is in the way of, as where a hook of the
// server refuses them.
func (p *Project) FailMerges(n int) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.failing = n
}

// hang is a merge that takes longer than its request.
type hang struct {
	takes time.Duration
	fails bool
}

// lock is that of a merge request while such a merge is under way.
type lock struct {
	hang
	from  time.Time
	actor *user
	in    mergeCall
}

// HangMerge lets the next merge take longer than its request. The merge request is locked for that
// time. Then it is merged, or open again if that fails.
func (p *Project) HangMerge(takes time.Duration, fails bool) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.hanging = &hang{takes, fails}
}

// unlock ends a merge that took long.
func (m *mergeRequest) unlock() {
	l := m.lock
	if l == nil || m.p.s.now().Before(l.from.Add(l.takes)) {
		return
	}
	m.state, m.lock = "opened", nil
	if !l.fails {
		_ = m.p.merge(l.actor, m, l.in) // it is open if that fails
	}
}

// AlterMerge makes the next merge commit hold another content of a file than the one that
// the merge gives, as a server with a hook or a merge driver of its own may do.
func (p *Project) AlterMerge(path, content string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	altering := tree{path: newBlob(content, false)}
	maps.Copy(altering, p.altering)
	p.altering = altering
}

// squashes reports whether a merge makes one commit of all.
func (m *mergeRequest) squashes() bool {
	switch m.p.squashOption {
	case "always":
		return true
	case "never":
		return false
	}
	return m.squash
}

// detailedStatus is the first thing that is in the way of a merge, in GitLab's
// order. gitlab.md 2.4.
func (m *mergeRequest) detailedStatus() string {
	approved := len(m.approvedBy) >= m.p.approvals
	switch {
	case m.state != "opened":
		return "not_open"
	case m.preparedAt.IsZero():
		return "preparing"
	case m.mergeStatus == "unchecked" || m.mergeStatus == "checking":
		return m.mergeStatus
	case m.blocked == "merge_time" || m.blocked == "title_regex":
		return m.blocked
	case m.draft():
		return "draft_status"
	case m.p.discussionsRequired && m.threads > 0:
		return "discussions_not_resolved"
	case m.p.pipelinesRequired && m.ci() != "":
		return m.ci()
	case m.commitless():
		return "commits_status"
	case m.blocked != "":
		return m.blocked
	case !approved:
		return "not_approved"
	case m.mergeStatus == "cannot_be_merged":
		return "conflict"
	case m.p.mergeMethod != "merge" && m.behind():
		return "need_rebase"
	}
	return "mergeable"
}

// ci is what "Pipelines must succeed" says of the pipeline: one that is missing or
// skipped did not succeed.
func (m *mergeRequest) ci() string {
	l := m.headPipeline()
	switch {
	case l == nil || !m.onHead(l):
		return "ci_must_pass"
	case slices.Contains(finals, l.status) && l.status != "success", l.status == "manual":
		return "ci_must_pass"
	case l.status != "success":
		return "ci_still_running"
	}
	return ""
}

// commitless reports whether there is nothing to merge: the branch is gone, or the target
// holds all of it.
func (m *mergeRequest) commitless() bool {
	source, target := m.p.repo.branches[m.source], m.p.repo.branches[m.target]
	return source == nil || target != nil && isAncestor(source.head, target.head)
}

// behind reports whether the target has commits that the source has not.
func (m *mergeRequest) behind() bool {
	source, target := m.p.repo.branches[m.source], m.p.repo.branches[m.target]
	return source != nil && target != nil && !isAncestor(target.head, source.head)
}

// OpenThread opens a thread in a merge request that somebody has to resolve, and
// ResolveThread resolves one.
func (p *Project) OpenThread(username string, iid int) error {
	return p.onMR(username, iid, func(_ *user, m *mergeRequest) error {
		m.threads++
		return nil
	})
}

// ResolveThread is the reverse of OpenThread.
func (p *Project) ResolveThread(username string, iid int) error {
	return p.onMR(username, iid, func(_ *user, m *mergeRequest) error {
		m.threads = max(m.threads-1, 0)
		return nil
	})
}

// others are the words of detailed_merge_status for rules that are not simulated, with
// those of older versions. gitlab.md 2.4.
var others = strings.Fields(`approvals_syncing jira_association_missing locked_lfs_files locked_paths merge_request_blocked
	merge_time requested_changes security_policy_pipeline_check security_policy_violations status_checks_must_pass title_regex
	broken_status blocked_status external_status_checks policies_denied`)

// BlockMR gives a merge request a detailed_merge_status that is in the way of a
// merge, as rules do that are not simulated; "" takes it away. A word that GitLab does
// not have is an error, but for something_new, which stands for a later version's.
func (p *Project) BlockMR(username string, iid int, status string) error {
	return p.onMR(username, iid, func(_ *user, m *mergeRequest) error {
		if status != "" && !slices.Contains(others, status) && status != "something_new" {
			return fmt.Errorf("no detailed_merge_status %q", status)
		}
		m.blocked = status
		return nil
	})
}

// revertCommit makes a commit on a branch that takes another one's change back; of
// a merge it is the change to the first parent.
// https://docs.gitlab.com/api/commits/#revert-a-commit
func revertCommit(c *call) (*reply, error) {
	if err := c.require("branch"); err != nil {
		return nil, err
	}
	of := c.p.resolve(c.params["sha"])
	b := c.p.repo.branches[c.str("branch")]
	switch {
	case of == nil:
		return nil, refuse(404, "404 Commit Not Found")
	case b == nil:
		return nil, refuse(404, "404 Branch Not Found")
	case !c.p.canPush(c.user, b.name):
		return nil, refuse(403, "403 Forbidden - You are not allowed to push into this branch")
	}
	refused := func(why string) error {
		return &refusal{400, object{"error_code": why, "message": "Sorry, we cannot revert this commit automatically. " +
			"This commit may already have been reverted, or a more recent commit may have updated some of its content."}}
	}
	if len(of.parents) == 0 {
		return nil, refused("conflict")
	}
	content, clean := mergeTrees(of.tree, b.head.tree, of.parents[0].tree)
	switch {
	case !clean:
		return nil, refused("conflict")
	case maps.Equal(content, b.head.tree):
		return nil, refused("empty")
	case c.boolean("dry_run"):
		return ok(object{"dry_run": "success"})
	}
	message := fmt.Sprintf("Revert \"%s\"\n\nThis reverts commit %s", title(of.message), of.id)
	for _, m := range c.p.mrs {
		if m.mergeCommit == of && len(of.parents) > 1 {
			message = fmt.Sprintf("Revert \"%s\"\n\nThis reverts merge request !%d", title(of.message), m.iid)
		}
	}
	who := identityOf(c.user)
	made := c.p.repo.newCommit(commit{parents: []*commit{b.head}, tree: content, message: message, author: who, committer: who, at: c.s.now()})
	c.p.moveBranch(c.user, b.name, made)
	return created(c.p.commitWire(made, true))
}
