package main

import (
	"context"

	"gitlab.com/cki-project/pinwheel/config"
)

// This file looks at every token that is used for projects, and at these projects with it, as
// run does.

// tokens looks at pinwheel's own token, if anything needs it, and at those of projects' own, each
// followed by its projects. It reports whether GitLab accepts pinwheel's own, or any where that one is
// not needed.
func (d *doctor) tokens(ctx context.Context, projects []config.Project) (accepted bool) {
	base, bot, versioned := d.options.GitLab, d.bot, false
	defer func() { d.options.GitLab, d.bot = base, bot }()
	sources := sourcesOf(d.config)
	if needsOwn(d.config) {
		sources = append([]config.TokenSource{{}}, sources...)
	}
	for _, source := range sources {
		with := projectsWith(projects, source)
		if ctx.Err() != nil || source.Own() && len(with) == 0 {
			continue
		}
		client, err := d.options.Own(source)
		if err != nil {
			d.say(wrong, subjectOf(source), "%s", sentence(err))
			continue
		}
		d.options.GitLab = client
		if !d.token(ctx, subjectOf(source)) {
			continue
		}
		if accepted = accepted || !source.Own() || !needsOwn(d.config); !source.Own() {
			bot = d.bot
		}
		if !versioned {
			d.version(ctx, projects)
			versioned = true
		}
		for _, project := range with {
			if ctx.Err() == nil {
				d.project(ctx, project)
			}
		}
	}
	return accepted
}

// projectsWith are those that are spoken to with a token.
func projectsWith(projects []config.Project, source config.TokenSource) (out []config.Project) {
	for _, project := range projects {
		if project.Token.Key() == source.Key() {
			out = append(out, project)
		}
	}
	return out
}

// subjectOf is what a line about a token is of.
func subjectOf(source config.TokenSource) string {
	if !source.Own() {
		return "token"
	}
	return "token in " + source.Key()
}
