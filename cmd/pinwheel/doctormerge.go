package main

import (
	"context"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file looks at the token that merges, where that is one of its own.

const mergeToken = "token that merges"

// mergeToken says whose that token is and what it may do.
func (d *doctor) mergeToken(ctx context.Context) {
	if !d.options.GitLab.MergesApart() {
		return
	}
	ctx = gitlab.AsMerger(ctx)
	user, err := d.options.GitLab.Whoami(ctx)
	if err != nil {
		d.say(wrong, mergeToken, "%s", sentence(err))
		return
	}
	d.merger = plan.User(user)
	t, err := d.options.GitLab.Token(ctx)
	if err != nil {
		d.say(doubt, mergeToken, "of %s works, but what it may do cannot be read (%v)", user.Username, err)
		return
	}
	d.scopes(mergeToken, user.Username, t)
}

// mayMerge says whether that token may merge in a project, as an open merge request of
// ours tells, or which role its user has.
func (d *doctor) mayMerge(ctx context.Context, client *mrs.Client, project config.Project, p plan.Project) {
	if d.merger.ID == 0 || !project.Policy.Merges() {
		return
	}
	open, err := client.OpenMergeRequests(ctx, p.ID)
	if err != nil {
		d.say(doubt, project.Path, "open merge requests cannot be read: %s", sentence(err))
		return
	}
	for _, m := range open {
		if m.Target != p.DefaultBranch {
			continue
		}
		may, err := d.options.GitLab.MayMerge(gitlab.AsMerger(ctx), p.ID, m.IID)
		switch {
		case err != nil:
			d.say(wrong, project.Path, "the token that merges cannot read !%d: %s", m.IID, sentence(err))
		case !may:
			d.say(wrong, project.Path, "the token that merges may not merge into %s: let the role of %s do so in Settings > Repository > Protected branches", p.DefaultBranch, d.merger.Username)
		default:
			d.say(good, project.Path, "the token that merges may merge into %s", p.DefaultBranch)
		}
		return
	}
	role, err := client.Role(ctx, p.ID, d.merger.ID, d.now)
	if err != nil {
		d.say(doubt, project.Path, "the role of %s, whose token merges, cannot be read: %s", d.merger.Username, sentence(err))
		return
	}
	d.say(good, project.Path, "%s, whose token merges, has %s here; an open merge request will show whether that is enough", d.merger.Username, roleWords(role))
}

// roleWords names a role in a sentence.
func roleWords(role plan.Role) string {
	if role < plan.Guest {
		return role.String()
	}
	return "the role " + role.String()
}
