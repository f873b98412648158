package gitlabsim

import (
	"fmt"
	"maps"
)

// Gone deletes a file: it stands for the content of a file in a push.
const Gone = "\x00gone"

// acting runs what a person does, with the lock held.
func (p *Project) acting(username string, do func(*user) error) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := do(p.s.mustUser(username)); err != nil {
		return fmt.Errorf("%s in %s: %w", username, p.path, err)
	}
	return nil
}

// Push commits files on top of a branch, as git push by a person does. A
// branch that does not exist starts at the default branch. It returns the new
// head. The same content makes an empty commit.
func (p *Project) Push(username, branchName, message string, files map[string]string) (sha string, err error) {
	err = p.acting(username, func(u *user) error {
		var start *commit // none in an empty repository
		for _, name := range []string{branchName, p.defaultBranch} {
			if b := p.repo.branches[name]; b != nil && start == nil {
				start = b.head
			}
		}
		sha, err = p.pushOnto(u, branchName, start, message, files)
		return err
	})
	return sha, err
}

// ForcePush replaces a branch by one commit on top of base, a branch or an id.
func (p *Project) ForcePush(username, branchName, base, message string, files map[string]string) (sha string, err error) { //nolint:revive // what git commit and git push are given
	err = p.acting(username, func(u *user) error {
		start := p.resolve(base)
		if start == nil {
			return fmt.Errorf("no commit %s", base)
		}
		if _, _, protected := p.protection(branchName); protected && !u.admin {
			return refuse(403, "You are not allowed to force push code to a protected branch on this project.")
		}
		sha, err = p.pushOnto(u, branchName, start, message, files)
		return err
	})
	return sha, err
}

// PushRef points a branch at a commit that exists, forced if need be, as git
// push COMMIT:BRANCH does.
func (p *Project) PushRef(username, branchName, ref string) error {
	return p.acting(username, func(u *user) error {
		to := p.resolve(ref)
		if to == nil || !p.canPush(u, branchName) || badBranchName(branchName) != "" {
			return refuse(403, "403 Forbidden")
		}
		p.moveBranch(u, branchName, to)
		return nil
	})
}

func (p *Project) pushOnto(u *user, branchName string, start *commit, message string, files map[string]string) (string, error) { //nolint:revive // what git commit and git push are given
	if !p.canPush(u, branchName) || p.archived {
		return "", refuse(403, "You are not allowed to push code to protected branches on this project.")
	}
	if bad := badBranchName(branchName); bad != "" || p.repo.branches[branchName] == nil && p.shadowed(branchName) {
		return "", refuse(400, "bad branch name "+branchName)
	}
	content, parents := tree{}, []*commit(nil)
	if start != nil {
		content, parents = maps.Clone(start.tree), []*commit{start}
	}
	for path, text := range files {
		if text == Gone {
			delete(content, path)
			continue
		}
		content[path] = newBlob(text, content[path].exec)
	}
	who := identityOf(u)
	made := p.repo.newCommit(commit{parents: parents, tree: content, message: message, author: who, committer: who, at: p.s.now()})
	p.moveBranch(u, branchName, made)
	return made.id, nil
}

// EditFile is the web editor: one file on the default branch.
func (p *Project) EditFile(username, path, text string) (sha string, err error) {
	return p.Push(username, p.defaultBranch, "Edit "+path, map[string]string{path: text})
}

// Revert is the revert button of a merged merge request, merged at once: the
// target has the content of before the merge again, in one commit. It fails
// if the files changed since.
func (p *Project) Revert(username string, iid int) (sha string, err error) {
	err = p.acting(username, func(u *user) error {
		m := p.mr(iid)
		if m == nil || m.state != "merged" {
			return refuse(404, "no merged merge request")
		}
		target := m.target
		if p.repo.branches[target] == nil {
			target = p.defaultBranch // it was renamed
		}
		head := p.repo.branches[target].head
		content, clean := mergeTrees(m.mergeCommit.tree, head.tree, m.mergeCommit.parents[0].tree)
		if !clean || !p.canPush(u, target) {
			return refuse(400, "Sorry, we cannot revert this merge request automatically.")
		}
		who := identityOf(u)
		message := fmt.Sprintf("Revert \"%s\"\n\nThis reverts merge request !%d", m.title, iid)
		made := p.repo.newCommit(commit{parents: []*commit{head}, tree: content, message: message, author: who, committer: who, at: p.s.now()})
		p.moveBranch(u, target, made)
		sha = made.id
		return nil
	})
	return sha, err
}

// CreateBranch makes a branch at a ref.
func (p *Project) CreateBranch(username, name, ref string) error {
	return p.acting(username, func(u *user) error { return p.createBranch(u, name, ref) })
}

// DeleteBranch deletes a branch; its open merge requests close.
func (p *Project) DeleteBranch(username, name string) error {
	return p.acting(username, func(u *user) error { return p.deleteBranch(u, name) })
}

// CreateMR opens a merge request and returns its iid.
func (p *Project) CreateMR(username, source, target, title, description string) (iid int, err error) { //nolint:revive // the person and the fields of the page
	err = p.acting(username, func(u *user) error {
		m, err := p.openMR(u, newMR{source, target, title, description})
		if err == nil {
			iid = m.iid
		}
		return err
	})
	return iid, err
}

// MergeMR presses the merge button.
func (p *Project) MergeMR(username string, iid int) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error { return p.merge(u, m, mergeCall{}) })
}

// CloseMR closes a merge request.
func (p *Project) CloseMR(username string, iid int) error {
	return p.onItem(username, "!", iid, func(u *user, n *noteable) { p.setState(u, n, "closed") })
}

// ReopenMR reopens a merge request; one whose branch is gone stays closed.
func (p *Project) ReopenMR(username string, iid int) error {
	return p.onItem(username, "!", iid, func(u *user, n *noteable) { p.setState(u, n, "opened") })
}

// EditMRTitle changes the title of a merge request.
func (p *Project) EditMRTitle(username string, iid int, title string) error {
	return p.onItem(username, "!", iid, func(u *user, n *noteable) { p.editTitle(u, n, title) })
}

// RetargetMR lets a merge request go into another branch.
func (p *Project) RetargetMR(username string, iid int, target string) error {
	return p.onMR(username, iid, func(_ *user, m *mergeRequest) error {
		if p.repo.branches[target] == nil {
			return fmt.Errorf("there is no branch %s", target)
		}
		p.commandTarget(&m.noteable, target)
		return nil
	})
}

// EditMRDescription replaces the description of a merge request.
func (p *Project) EditMRDescription(username string, iid int, text string) error {
	return p.onItem(username, "!", iid, func(u *user, n *noteable) { p.editDescription(u, n, text) })
}

// LabelMR adds labels to a merge request.
func (p *Project) LabelMR(username string, iid int, labels ...string) error {
	return p.onItem(username, "!", iid, func(u *user, n *noteable) { n.addLabels(u, labels) })
}

// UnlabelMR takes labels from a merge request.
func (p *Project) UnlabelMR(username string, iid int, labels ...string) error {
	return p.onItem(username, "!", iid, func(u *user, n *noteable) { n.removeLabels(u, labels) })
}

// CommentMR comments on a merge request; quick actions run.
func (p *Project) CommentMR(username string, iid int, body string) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		_, _, err := p.addNote(u, &m.noteable, body)
		return err
	})
}

// TickMR and UntickMR tick the one box of a description whose line holds part.
func (p *Project) TickMR(username string, iid int, part string) error {
	return p.onPage(username, "!", iid, toggled(part, true))
}

// UntickMR is the reverse of TickMR.
func (p *Project) UntickMR(username string, iid int, part string) error {
	return p.onPage(username, "!", iid, toggled(part, false))
}

// CreateIssue opens an issue and returns its iid.
func (p *Project) CreateIssue(username, title, body string) (iid int, err error) {
	err = p.acting(username, func(u *user) error {
		i, err := p.openIssue(u, title, body, nil)
		if err == nil {
			iid = i.iid
		}
		return err
	})
	return iid, err
}

// CloseIssue closes an issue.
func (p *Project) CloseIssue(username string, iid int) error {
	return p.onItem(username, "#", iid, func(u *user, n *noteable) { p.setState(u, n, "closed") })
}

// MoveIssue moves an issue to a project that is not simulated: here a closed
// one stays that names the other.
func (p *Project) MoveIssue(username string, iid int) error {
	return p.onItem(username, "#", iid, func(u *user, n *noteable) {
		p.issue(iid).movedTo = p.s.nextID("issue")
		p.systemNote(u, n, "moved to elsewhere#1")
		p.setState(u, n, "closed")
	})
}

// ReopenIssue reopens an issue.
func (p *Project) ReopenIssue(username string, iid int) error {
	return p.onItem(username, "#", iid, func(u *user, n *noteable) { p.setState(u, n, "opened") })
}

// DeleteIssue deletes an issue for good; its iid is not used again.
func (p *Project) DeleteIssue(username string, iid int) error {
	return p.acting(username, func(u *user) error {
		i := p.issue(iid)
		if i == nil || p.level(u) < Owner && i.author != u {
			return refuse(403, "403 Forbidden")
		}
		p.issues = deleteItem(p.issues, i)
		p.s.event(p, u, "issue-delete", i.ref(), i.title)
		return nil
	})
}

// EditIssueTitle changes the title of an issue.
func (p *Project) EditIssueTitle(username string, iid int, title string) error {
	return p.onItem(username, "#", iid, func(u *user, n *noteable) { p.editTitle(u, n, title) })
}

// EditIssueDescription replaces the description of an issue, as saving a page
// does: a stale page puts an old text back.
func (p *Project) EditIssueDescription(username string, iid int, text string) error {
	return p.onItem(username, "#", iid, func(u *user, n *noteable) { p.editDescription(u, n, text) })
}

// LabelIssue adds labels to an issue.
func (p *Project) LabelIssue(username string, iid int, labels ...string) error {
	return p.onItem(username, "#", iid, func(u *user, n *noteable) { n.addLabels(u, labels) })
}

// Comment comments on an issue; quick actions run.
func (p *Project) Comment(username string, iid int, body string) error {
	return p.acting(username, func(u *user) error {
		i := p.issue(iid)
		if i == nil {
			return refuse(404, "404 Not found")
		}
		_, _, err := p.addNote(u, &i.noteable, body)
		return err
	})
}

func (p *Project) onMR(username string, iid int, do func(*user, *mergeRequest) error) error {
	return p.acting(username, func(u *user) error {
		m := p.mr(iid)
		if m == nil {
			return refuse(404, "404 Not found")
		}
		return do(u, m)
	})
}

func (p *Project) onItem(username, sigil string, iid int, do func(*user, *noteable)) error {
	return p.acting(username, func(u *user) error {
		n := p.noteable(fmt.Sprint(sigil, iid))
		if n == nil {
			return refuse(404, "404 Not found")
		}
		if !n.canEdit(u) {
			return refuse(403, "403 Forbidden")
		}
		p.beforeMRChange()
		do(u, n)
		return nil
	})
}

func deleteItem[T comparable](all []T, one T) []T {
	out := make([]T, 0, len(all))
	for _, other := range all {
		if other != one {
			out = append(out, other)
		}
	}
	return out
}
