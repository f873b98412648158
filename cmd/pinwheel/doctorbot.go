package main

import (
	"context"

	"gitlab.com/cki-project/pinwheel/bot"
	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// bots looks whether comments can be answered in the projects that have the bot, and
// whether the pipelines that they ask for can be started.
func (d *doctor) bots(ctx context.Context) {
	client := mrs.New(d.options.GitLab, mrs.Options{})
	seen := map[string]bool{}
	for _, p := range round.Projects(d.config.Software) {
		if ctx.Err() != nil {
			return
		}
		path := p.Member.Path
		found, err := d.options.GitLab.Project(ctx, path, 0)
		switch {
		case err != nil:
			d.say(wrong, path, "bot: it cannot be read: %s", sentence(err))
		case found.Archived, found.MergeRequestsOff:
			d.say(wrong, path, "bot: it is archived, or merge requests are off: remove it from software.bot.projects")
		case plan.Role(found.AccessLevel) < plan.Developer && found.AccessLevel != 0:
			d.say(wrong, path, "bot: the token's user may not set commit statuses there: make it a Developer")
		default:
			d.say(good, path, "bot: comments on its merge requests can be answered")
		}
		for _, one := range p.Policy.Pipelines {
			if !seen[one.Name] {
				d.botPipeline(ctx, client, one)
			}
			seen[one.Name] = true
		}
	}
}

// botPipeline looks whether a pipeline can be started with what it gets.
func (d *doctor) botPipeline(ctx context.Context, client *mrs.Client, one bot.Pipeline) {
	there, ref := one.Spec.Project, one.Spec.Ref
	found, err := d.options.GitLab.Project(ctx, there, 0)
	if err != nil {
		d.say(wrong, there, "pipeline %s: it cannot be read: %s", one.Name, sentence(err))
		return
	}
	right, err := client.GateRights(ctx, mrs.ProjectOf(found), ref)
	switch {
	case err != nil:
		d.say(doubt, there, "pipeline %s: %s cannot be read: %s", one.Name, ref, sentence(err))
	case right == mrs.GateNoRef:
		d.say(wrong, there, "pipeline %s: it has no branch or tag %s: name another ref in software.bot.pipelines", one.Name, ref)
	case right == mrs.GateNoRight:
		d.say(wrong, there, "pipeline %s: the token's user may not start pipelines of %s: make it a Developer there, and let Developers merge into or push to that branch", one.Name, ref)
	case right == mrs.GateOff:
		d.say(wrong, there, "pipeline %s: CI/CD is off: enable it under Settings > General > Visibility", one.Name)
	case setsVariables(one) && !variablesAllowed(found):
		d.say(wrong, there, "pipeline %s: the token's user may not set variables of pipelines: allow it under Settings > CI/CD > Variables, or describe it with inputs alone and declare them", one.Name)
	default:
		d.say(good, there, "pipeline %s can start on %s", one.Name, ref)
	}
}

// setsVariables reports whether a pipeline is started with variables.
func setsVariables(one bot.Pipeline) bool {
	return !one.Inputs || len(one.Spec.Variables) > 0 || one.Spec.Like.Ref != ""
}

// variablesAllowed reports whether the token's user may set variables of pipelines, as
// far as the project's page tells.
func variablesAllowed(p gitlab.Project) bool {
	switch p.VariablesRole {
	case "no_one_allowed":
		return false
	case "maintainer":
		return p.AccessLevel == 0 || plan.Role(p.AccessLevel) >= plan.Maintainer
	case "owner":
		return p.AccessLevel == 0 || plan.Role(p.AccessLevel) >= plan.Owner
	}
	return true
}
