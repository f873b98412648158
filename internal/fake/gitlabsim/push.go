package gitlabsim

import (
	"fmt"
	"strings"
)

// moveBranch points a branch at a commit, making it if need be, and does what
// follows a push: merge requests learn of it, closing words on the default
// branch close issues. The caller has checked the rights.
func (p *Project) moveBranch(actor *user, name string, to *commit) {
	p.beforeMRChange()
	b := p.repo.branches[name]
	var old *commit
	kind := "branch-create"
	if b == nil {
		b = &branch{name: name, created: p.s.now(), lag: p.s.opt.BranchLag}
		p.repo.branches[name] = b
	} else {
		old, kind = b.head, "push"
		if !isAncestor(old, to) {
			kind = "force-push"
		}
	}
	b.head = to
	detail := to.id
	if old != nil {
		detail = old.id + ".." + to.id
	}
	p.s.event(p, actor, kind, name, detail)
	p.react(actor, name, to, nil)
	if old != nil {
		p.afterPush(actor, name, old, to)
	}
}

func (p *Project) afterPush(actor *user, name string, old, to *commit) {
	fresh := commitsBetween(old, to)
	for _, c := range fresh {
		p.commitReferences(actor, c)
	}
	if name == p.defaultBranch {
		for _, c := range fresh {
			p.closeReferenced(actor, c.message, "closed via commit "+c.id)
		}
	}
	for _, m := range p.mrs {
		if m.state != "opened" {
			continue
		}
		if m.source == name {
			p.mrPushed(actor, m, to, len(fresh))
		}
		if m.target == name {
			m.mergeStatus, m.check = "unchecked", nil
			p.mergedByHand(actor, m, to, fresh)
		}
	}
}

// mergedByHand marks a merge request merged when its head was pushed to the
// target some other way.
func (p *Project) mergedByHand(actor *user, m *mergeRequest, to *commit, fresh []*commit) {
	for _, c := range fresh {
		if c == m.newestHead() {
			p.markMerged(actor, m, to)
			p.closeByMR(actor, m)
			return
		}
	}
}

// deleteBranch removes a branch; its open merge requests close a while after
// it. gitlab.md 2.4, 7.8.
func (p *Project) deleteBranch(actor *user, name string) error {
	b := p.repo.branches[name]
	_, _, protected := p.protection(name)
	switch {
	case b == nil:
		return refuse(404, "404 Branch Not Found")
	case p.level(actor) < Developer:
		return refuse(403, "403 Forbidden")
	case !p.canPush(actor, name):
		return refuse(405, "You dont have push access to repo")
	case name == p.defaultBranch:
		return refuse(400, "13:cannot delete the default branch.")
	case protected:
		return refuse(400, "13:cannot delete a protected branch.")
	}
	p.beforeMRChange()
	delete(p.repo.branches, name)
	p.s.event(p, actor, "branch-delete", name, b.head.id)
	for _, m := range p.mrs {
		if m.source == name && m.state == "opened" {
			m.settle()
			m.closing = &ending{p.late(), actor}
		}
	}
	return nil
}

// createBranch is the branch API and a person's "new branch".
func (p *Project) createBranch(actor *user, name, ref string) error {
	if !p.canPush(actor, name) {
		return refuse(403, "403 Forbidden")
	}
	if bad := badBranchName(name); bad != "" {
		return refuse(400, bad)
	}
	if p.repo.branches[name] != nil {
		return refuse(400, "Branch already exists")
	}
	if p.shadowed(name) {
		return refuse(400, "Failed to create branch '"+name+"': invalid reference name")
	}
	c := p.resolve(ref)
	if c == nil {
		return refuse(400, "Invalid reference name: "+ref)
	}
	p.moveBranch(actor, name, c)
	return nil
}

// shadowed says that a name is a folder of another branch or below one, which
// git can not store.
func (p *Project) shadowed(name string) bool {
	for other := range p.repo.branches {
		if strings.HasPrefix(other, name+"/") || strings.HasPrefix(name, other+"/") {
			return true
		}
	}
	return false
}

// identityOf is how a user signs commits.
func identityOf(u *user) identity {
	return identity{u.name, fmt.Sprintf("%s@users.noreply.gitlab.example", u.username)}
}
