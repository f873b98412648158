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

// mayMerge says whether pinwheel can merge in a project that lets it: by the project's method, and
// by what its user, or that of the token that merges, may do. An open merge request of ours tells
// that; else the user's role is said.
func (d *doctor) mayMerge(ctx context.Context, client *mrs.Client, project config.Project, p plan.Project) {
	policy := project.Policy
	if !policy.Merges() || policy.Mode != plan.Full {
		return
	}
	switch m := policy.Merging; {
	case m.Method != "" && p.MergeMethod != m.Method:
		d.say(wrong, project.Path, "merge.method is %s and the project merges by %s, so pinwheel merges nothing: correct one of them", m.Method, p.MergeMethod)
	case !p.MergeMethod.Exact() && !m.Stale:
		d.say(wrong, project.Path, "the project makes merge commits, which may stand on a newer commit than the one that was tested, so pinwheel merges nothing: merge by fast-forward there, or write merge.stale: accept")
	}
	token, who := "token", d.bot
	if d.options.GitLab.MergesApart() {
		if d.merger.ID == 0 {
			return // it does not work, which is said
		}
		token, who, ctx = mergeToken, d.merger, gitlab.AsMerger(ctx)
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
		may, err := d.options.GitLab.MayMerge(ctx, p.ID, m.IID)
		switch {
		case err != nil:
			d.say(wrong, project.Path, "the %s cannot read !%d: %s", token, m.IID, sentence(err))
		case !may:
			d.say(wrong, project.Path, "the %s may not merge into %s: let the role of %s do so in Settings > Repository > Protected branches", token, p.DefaultBranch, who.Username)
		default:
			d.say(good, project.Path, "the %s may merge into %s", token, p.DefaultBranch)
		}
		return
	}
	role, err := client.Role(ctx, p.ID, who.ID, d.now)
	if err != nil {
		d.say(doubt, project.Path, "the role of %s, which merges, cannot be read: %s", who.Username, sentence(err))
		return
	}
	d.say(good, project.Path, "%s, which merges, has %s here; an open merge request will show whether that is enough", who.Username, roleWords(role))
}

// roleWords names a role in a sentence.
func roleWords(role plan.Role) string {
	if role < plan.Guest {
		return role.String()
	}
	return "the role " + role.String()
}
