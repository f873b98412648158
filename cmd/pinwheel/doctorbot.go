package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/bot"
	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/operation"
	"gitlab.com/cki-project/pinwheel/plan"
)

// botsAlone does what bots does for a configuration without projects, and looks at the token
// first.
func (d *doctor) botsAlone(ctx context.Context) {
	if len(d.config.Software.Bot.Projects) == 0 {
		return
	}
	if err := d.gitlab(d.config, &d.options); err != nil {
		d.say(wrong, "token", "%s", sentence(err))
	} else if d.token(ctx, "token") {
		d.version(ctx, nil)
		d.bots(ctx)
	}
}

// bots looks whether comments can be answered in the projects that have the bot, and
// whether the pipelines that they ask for can be started.
func (d *doctor) bots(ctx context.Context) {
	projects := round.Projects(d.config.Software)
	if len(projects) == 0 {
		return
	}
	gl, ok := d.botToken(ctx)
	if !ok {
		return
	}
	b := botDoctor{doctor: d, gl: gl, client: mrs.New(gl, mrs.Options{}), projects: projects}
	seen := map[string]bool{}
	for _, p := range projects {
		if ctx.Err() != nil {
			return
		}
		path := p.Member.Path
		found, err := gl.Project(ctx, path, 0)
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
				b.pipeline(ctx, one)
			}
			seen[one.Name] = true
		}
	}
}

// botToken is the connection of the bot; it looks at its token, where that is one of its
// own.
func (d *doctor) botToken(ctx context.Context) (gl *gitlab.Client, ok bool) {
	const subject = "token of the bot"
	gl, err := d.botClient(d.config, d.options.GitLab)
	if err != nil {
		d.say(wrong, subject, "%s", sentence(err))
		return nil, false
	}
	if gl == d.options.GitLab {
		return gl, true
	}
	user, err := gl.Whoami(ctx)
	if err != nil {
		d.say(wrong, subject, "%s", sentence(err))
		return nil, false
	}
	t, err := gl.Token(ctx)
	if err != nil {
		d.say(doubt, subject, "of %s works, but what it may do cannot be read (%v)", user.Username, err)
		return gl, true
	}
	d.scopes(subject, user.Username, t)
	return gl, true
}

// botDoctor looks at the pipelines of the bot.
type botDoctor struct {
	*doctor
	gl       *gitlab.Client
	client   *mrs.Client
	projects []round.Project
}

// pipeline looks whether a pipeline can be started with what it gets.
func (d *botDoctor) pipeline(ctx context.Context, one bot.Pipeline) {
	there, ref := one.Spec.Project, one.Spec.Ref
	found, err := d.gl.Project(ctx, there, 0)
	if err != nil {
		d.say(wrong, there, "pipeline %s: it cannot be read: %s", one.Name, sentence(err))
		return
	}
	right, err := d.client.GateRights(ctx, mrs.ProjectOf(found), ref)
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
		d.inputs(ctx, found, one)
	}
}

// inputs looks whether a pipeline declares the inputs that it gets.
func (d *botDoctor) inputs(ctx context.Context, there gitlab.Project, one bot.Pipeline) {
	const file = ".gitlab-ci.yml"
	needs, ref := d.handedOver(one), one.Spec.Ref
	data, found, err := d.gl.File(ctx, there.ID, file, ref)
	switch {
	case len(needs) == 0:
	case err != nil:
		d.say(doubt, there.Path, "pipeline %s: %s on %s cannot be read: %s", one.Name, file, ref, sentence(err))
		return
	case !found:
		d.say(doubt, there.Path, "pipeline %s: there is no %s on %s, so nothing tells whether it declares the inputs %s", one.Name, file, ref, strings.Join(needs, ", "))
		return
	default:
		declared, whole := operation.Declared(data)
		lacks := slices.DeleteFunc(needs, func(name string) bool { return slices.Contains(declared, name) })
		if len(lacks) > 0 && whole {
			d.say(wrong, there.Path, "pipeline %s: %s on %s does not declare %s: add each below spec: inputs, or write overrides: variables", one.Name, file, ref, strings.Join(lacks, ", "))
			return
		}
	}
	if d.like(ctx, there, one) {
		d.say(good, there.Path, "pipeline %s can start on %s", one.Name, ref)
	}
}

// like looks whether the variables of the pipeline that another one is like can be read. It reports
// true for a pipeline without like.
func (d *botDoctor) like(ctx context.Context, there gitlab.Project, one bot.Pipeline) bool {
	ref := one.Spec.Like.Ref
	if ref == "" {
		return true
	}
	newest, found, err := d.gl.NewestPassed(ctx, there.ID, ref)
	if err == nil && found {
		_, err = d.gl.PipelineVariables(ctx, there.ID, newest.ID)
	}
	switch {
	case errors.Is(err, gitlab.ErrForbidden):
		d.say(wrong, there.Path, "pipeline %s: the token's user may not read the variables of the pipeline that passed last on %s: make it a Maintainer there, or write variables in place of like", one.Name, ref)
	case err != nil:
		d.say(doubt, there.Path, "pipeline %s: what passed last on %s cannot be read: %s", one.Name, ref, sentence(err))
	case !found:
		d.say(wrong, there.Path, "pipeline %s: no pipeline passed on %s, so there is none to be like: start one there", one.Name, ref)
	default:
		return true
	}
	return false
}

// handedOver are the inputs that a pipeline may get: its own, and with overrides as
// inputs those of all projects that ask for it, the marks and what a comment may set.
func (d *botDoctor) handedOver(one bot.Pipeline) []string {
	names := map[string]bool{}
	for _, in := range one.Spec.Inputs {
		names[in.Name] = true
	}
	for _, p := range d.projects {
		if !one.Inputs || !slices.ContainsFunc(p.Policy.Pipelines, func(o bot.Pipeline) bool { return o.Name == one.Name }) {
			continue
		}
		names[p.Member.Override] = true
		for _, v := range p.Policy.Marks {
			names[v.Name] = true
		}
		for _, name := range p.Policy.Allow {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
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
