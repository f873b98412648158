package gitlabsim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// This file is what people do to commits that others made.

// Amended is a commit that somebody makes anew in the place of a branch's head.
// What is empty stays as it was.
type Amended struct {
	Author    string // the author's name
	Committer string // the committer's name
	Message   string
	Onto      string            // a branch or commit that becomes the parent
	Files     map[string]string // on top of what the head holds; Gone deletes
}

// Amend makes the head of a branch anew and pushes it by force, as git commit
// --amend or git rebase with settings of one's own do. Without Onto the parent
// stays. It returns the new head.
func (p *Project) Amend(username, branchName string, a Amended) (sha string, err error) {
	err = p.acting(username, func(u *user) error {
		b := p.repo.branches[branchName]
		if b == nil || !p.canPush(u, branchName) {
			return refuse(403, "403 Forbidden")
		}
		made := commit{parents: b.head.parents, tree: maps.Clone(b.head.tree), message: b.head.message, author: b.head.author, committer: identityOf(u), at: p.s.now()}
		if a.Onto != "" {
			onto := p.resolve(a.Onto)
			if onto == nil {
				return fmt.Errorf("no commit %s", a.Onto)
			}
			content, clean := mergeTrees(b.head.parents[0].tree, onto.tree, b.head.tree)
			if !clean {
				return fmt.Errorf("%s conflicts with %s", branchName, a.Onto)
			}
			made.parents, made.tree = []*commit{onto}, content
		}
		for path, text := range a.Files {
			if delete(made.tree, path); text != Gone {
				made.tree[path] = newBlob(text, b.head.tree[path].exec)
			}
		}
		made.author.name = cmp.Or(a.Author, made.author.name)
		made.committer.name = cmp.Or(a.Committer, made.committer.name)
		made.message = cmp.Or(a.Message, made.message)
		c := p.repo.newCommit(made)
		p.moveBranch(u, branchName, c)
		sha = c.id
		return nil
	})
	return sha, err
}

// RebaseMR presses the rebase button of a merge request: its commits stand on
// the target's head then, with their authors, and whoever pressed it as the
// committer. https://docs.gitlab.com/topics/git/git_rebase/
func (p *Project) RebaseMR(username string, iid int) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		source, target := p.repo.branches[m.source], p.repo.branches[m.target]
		if m.state != "opened" || source == nil || target == nil || !p.canPush(u, m.source) {
			return refuse(403, "403 Forbidden")
		}
		onto := target.head
		own := commitsBetween(target.head, source.head)
		for _, c := range slices.Backward(own) {

			if len(c.parents) != 1 {
				continue // git rebase leaves merges out
			}
			content, clean := mergeTrees(c.parents[0].tree, onto.tree, c.tree)
			if !clean {
				return fmt.Errorf("rebase of !%d: conflict", iid)
			}
			if maps.Equal(content, onto.tree) {
				continue // what the target has already is dropped
			}
			onto = p.repo.newCommit(commit{parents: []*commit{onto}, tree: content, message: c.message, author: c.author, committer: identityOf(u), at: p.s.now()})
		}
		p.moveBranch(u, m.source, onto)
		return nil
	})
}

// Tag makes a tag at a branch or commit, or moves it. Whoever may push to any
// branch may make one. A tag wins over a branch of its name wherever GitLab
// hands a name to git. gitlab.md 7.7.
func (p *Project) Tag(username, name, ref string) error {
	return p.acting(username, func(u *user) error {
		to := p.resolve(ref)
		if to == nil || p.level(u) < Developer || badBranchName(name) != "" {
			return refuse(403, "403 Forbidden")
		}
		p.repo.tags[name] = to
		p.s.event(p, u, "tag", name, to.id)
		return nil
	})
}

// TagFiles makes a commit on no branch, on top of a ref, and a tag for it.
func (p *Project) TagFiles(username, name, ref string, files map[string]string) (sha string, err error) {
	err = p.acting(username, func(u *user) error {
		start := p.resolve(ref)
		if start == nil || p.level(u) < Developer || badBranchName(name) != "" {
			return refuse(403, "403 Forbidden")
		}
		content := maps.Clone(start.tree)
		for path, text := range files {
			if delete(content, path); text != Gone {
				content[path] = newBlob(text, start.tree[path].exec)
			}
		}
		who := identityOf(u)
		made := p.repo.newCommit(commit{parents: []*commit{start}, tree: content, message: "Tag " + name, author: who, committer: who, at: p.s.now()})
		p.repo.tags[name] = made
		p.s.event(p, u, "tag", name, made.id)
		sha = made.id
		return nil
	})
	return sha, err
}

// SwitchDefault makes another branch the default one, at the present head where
// it is not there yet, and protects it; the old one stays.
func (p *Project) SwitchDefault(to string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.beforeMRChange()
	if p.repo.branches[to] == nil {
		p.repo.branches[to] = &branch{name: to, head: p.repo.branches[p.defaultBranch].head, created: p.s.now()}
	}
	p.protected = append(p.protected, protection{to, Maintainer, Maintainer, false})
	p.defaultBranch = to
}
