package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file looks at what deployments need.

// productionSubject is what a line about the token is about.
const productionSubject = "production"

// production looks at the token of deployments, and at every project whose branch it
// moves. It writes nothing.
func (d *doctor) production(ctx context.Context) {
	soft := d.config.Software.Deploy
	if !soft.Configured() {
		return
	}
	members, err := d.members(d.config)
	if err != nil {
		d.say(wrong, productionSubject, "%s", sentence(err))
		return
	}
	if _, err := d.config.DeployToken(d.env); err != nil {
		d.say(doubt, productionSubject, "%s; in the jobs that deploy it has to be set", sentence(err))
		return
	}
	client, err := d.deployClient(d.config, false)
	if err != nil {
		d.say(wrong, productionSubject, "%s", sentence(err))
		return
	}
	if !d.deployToken(ctx, client) {
		return
	}
	d.setsProject(ctx, client)
	for _, path := range members {
		if ctx.Err() == nil {
			d.productionOf(ctx, client, path)
		}
	}
}

// deployToken looks at the scopes of the token. It reports whether GitLab knows it.
func (d *doctor) deployToken(ctx context.Context, client *gitlab.Client) bool {
	u, err := client.Whoami(ctx)
	if err != nil {
		d.say(wrong, productionSubject, "%s", sentence(err))
		return false
	}
	t, err := client.Token(ctx)
	switch {
	case err != nil:
		d.say(doubt, productionSubject, "the token of %s works, but what it may do cannot be read (%v): it needs the scopes api and write_repository", u.Username, err)
	case !slices.Contains(t.Scopes, "api"), !slices.Contains(t.Scopes, "write_repository"):
		d.say(wrong, productionSubject, "the token of %s has the scopes %s: make one with the scopes api and write_repository", u.Username, strings.Join(t.Scopes, ", "))
	case !t.Expires.IsZero() && t.Expires.Sub(d.now) < soon:
		d.say(doubt, productionSubject, "the token of %s expires on %s: rotate it before", u.Username, t.Expires.Format(time.DateOnly))
	default:
		d.say(good, productionSubject, "the token of %s has the scopes api and write_repository", u.Username)
	}
	return true
}

// setsProject looks at the project of the sets.
func (d *doctor) setsProject(ctx context.Context, client *gitlab.Client) {
	at := d.config.Software.Deploy.Sets
	p, err := client.Project(ctx, at.Project, 0)
	if err != nil {
		d.say(wrong, at.Project, "%s", sentence(err))
		return
	}
	branch := at.Branch
	if branch == "" {
		branch = p.DefaultBranch
	}
	if p.Empty || branch == "" {
		d.say(wrong, at.Project, "has no branch yet, so no set can be written: add a README")
		return
	}
	if _, err := client.Head(ctx, p.ID, branch); err != nil {
		d.say(wrong, at.Project, "%s", sentence(err))
		return
	}
	_, level, err := client.ForcePushable(ctx, p.ID, branch)
	need := max(level, int(plan.Developer))
	switch {
	case p.Archived:
		d.say(wrong, at.Project, "is archived: name another project in software.deploy.sets")
	case err == nil && p.AccessLevel != 0 && p.AccessLevel < need:
		d.say(wrong, at.Project, "the token's user may not push to %s, where sets are kept: let its role do so in Settings > Repository > Protected branches", branch)
	default:
		d.say(good, at.Project, "sets can be written to %s", branch)
	}
}

// productionOf looks at whether the branch of a project can be moved, and moved back.
func (d *doctor) productionOf(ctx context.Context, client *gitlab.Client, path string) {
	branch := d.config.Software.Deploy.Branch
	p, err := client.Project(ctx, path, 0)
	if err != nil {
		d.say(wrong, path, "%s", sentence(err))
		return
	}
	head, err := client.CanPush(ctx, p.Path, branch)
	if err != nil {
		d.say(wrong, path, "the branch %s cannot be moved: %s", branch, sentence(err))
		return
	}
	may, level, err := client.ForcePushable(ctx, p.ID, branch)
	switch {
	case err != nil:
		d.say(doubt, path, "the rules for the branch %s cannot be read (%v)", branch, err)
	case p.AccessLevel != 0 && p.AccessLevel < level:
		d.say(wrong, path, "the token's user may not push to the protected branch %s: let its role do so in Settings > Repository > Protected branches", branch)
	case !may:
		d.say(doubt, path, "the protected branch %s may not be force pushed, so a rollback is refused: allow it in Settings > Repository > Protected branches", branch)
	case level == 0:
		d.say(doubt, path, "the branch %s is not protected, so every Developer may move it: protect it in Settings > Repository > Protected branches", branch)
	case head == "":
		d.say(good, path, "has no branch %s yet; the first deployment makes it", branch)
	default:
		d.say(good, path, "the branch %s can be moved, and moved back", branch)
	}
	d.defaultBranchOf(ctx, client, p)
	d.environmentOf(ctx, client, p, head)
}

// defaultBranchOf says who decides what is deployed: whoever may push to the default
// branch of a project.
func (d *doctor) defaultBranchOf(ctx context.Context, client *gitlab.Client, p gitlab.Project) {
	may, level, err := client.ForcePushable(ctx, p.ID, p.DefaultBranch)
	switch {
	case err != nil: // the line about the other branch says so
	case may && level == 0:
		d.say(doubt, p.Path, "the default branch %s is not protected, so what any Developer pushes there is deployed without a review: protect it in Settings > Repository > Protected branches", p.DefaultBranch)
	case level > 0 && level <= int(plan.Developer):
		d.say(doubt, p.Path, "Developers may push to the default branch %s, so what they push is deployed without a review: let Maintainers or no one push to it in Settings > Repository > Protected branches", p.DefaultBranch)
	default:
		d.say(good, p.Path, "the default branch %s is protected", p.DefaultBranch)
	}
}

// environmentOf compares what GitLab's environment page shows with what is in production.
func (d *doctor) environmentOf(ctx context.Context, client *gitlab.Client, p gitlab.Project, head string) {
	name := d.config.Software.Deploy.Environment
	sha, found, err := client.NewestDeployment(ctx, p.ID, name)
	switch {
	case err != nil:
		d.say(doubt, p.Path, "its environment %s cannot be read (%s)", name, sentence(err))
	case !found:
		d.say(good, p.Path, "its environment %s has no deployment yet", name)
	case sha != head:
		d.say(doubt, p.Path, "its environment %s shows %.12s, and production is at %s: somebody moved the branch beside pinwheel, or a merged result was deployed", name, sha, orNone(head))
	default:
		d.say(good, p.Path, "its environment %s shows %.12s, which is in production", name, sha)
	}
}
