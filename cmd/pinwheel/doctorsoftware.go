package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/prepare"
)

// softwareAlone looks at a set where nothing is kept up to date: what it needs of
// GitLab is less, and the token of a job will do.
func (d *doctor) softwareAlone(ctx context.Context) {
	if d.config.Software.Registry.Project != "" {
		client, err := d.packagesClient(d.config)
		if err != nil {
			d.say(wrong, "token", "%s", sentence(err))
		}
		d.options.GitLab = client
	}
	d.software(ctx)
}

// software looks at what pinwheel prepare needs, where a set is configured.
func (d *doctor) software(ctx context.Context) {
	soft := d.config.Software
	installs := soft.Constraints != "" || len(soft.Images) > 0 || soft.Registry != config.SoftwareRegistry{}
	if len(soft.Packages)+len(soft.Data) == 0 || !installs && (soft.Deploy.Configured() || len(soft.Bot.Projects) > 0) {
		return // the names are those of what is deployed or tested on request
	}
	version, err := prepare.GitVersion(ctx)
	if err != nil {
		d.say(wrong, "software", "%s", sentence(err))
		return
	}
	d.say(good, "software", "git %s is there", version)
	d.interpreters(ctx)
	s := &software{p: d.program, options: &options{config: d.config.Path}}
	w, err := s.wanted(d.config)
	if err != nil {
		d.say(wrong, "software", "%s", sentence(err))
		return
	}
	d.say(good, "software", "the constraints are those of %s", w.Constraints.Source)
	if len(d.pins) == 0 {
		d.pins = w.Constraints.Names() // for these indexes are asked
	}
	d.overridden()
	members, err := prepare.Look(ctx, w, prepare.Locking{Credential: s.credential(d.config), CAFile: d.config.CAFile})
	if err != nil {
		d.say(wrong, "software", "%s", sentence(err))
	}
	for _, m := range members {
		switch {
		case m.Err != nil:
			d.say(wrong, m.Project, "%s", sentence(m.Err))
		case m.SHA == "":
			d.say(good, m.Project, "can be read, for the commit %.12s", m.Ref)
		default:
			d.say(good, m.Project, "can be read: %s is at %.12s", m.Ref, m.SHA)
		}
	}
	d.registry(ctx)
}

// interpreters looks at those that are on this machine. Those of images may be elsewhere.
func (d *doctor) interpreters(ctx context.Context) {
	for _, i := range d.config.Software.Images {
		python, err := prepare.LookAtPython(ctx, i.Python)
		if err != nil {
			d.say(doubt, "image "+i.Name, "on this machine %s (run doctor in the image to know)", sentence(err))
			continue
		}
		d.say(good, "image "+i.Name, "on this machine its interpreter is %s, which makes virtual environments", python.Words())
	}
}

// overridden says whose software a variable may install.
func (d *doctor) overridden() {
	allowed := d.config.Software.Allowed
	wide := slices.DeleteFunc(slices.Clone(allowed), func(a string) bool { return strings.Contains(strings.TrimRight(a, "/"), "/") })
	switch {
	case len(wide) > 0:
		d.say(doubt, "software", "overrides may name any project of %s: whoever may set a variable of a pipeline has its code run; name namespaces in software.overrides.allowed", strings.Join(wide, ", "))
	case allowed == nil:
		d.say(good, "software", "overrides may name projects of the set's own namespace")
	case len(allowed) == 0:
		d.say(good, "software", "overrides are not allowed")
	default:
		d.say(good, "software", "overrides may name projects of %s", strings.Join(allowed, ", "))
	}
}

// registry says what the token may do where builds are kept.
func (d *doctor) registry(ctx context.Context) {
	r := d.config.Software.Registry
	switch {
	case r.Folder != "":
		if info, err := os.Stat(r.Folder); err == nil && !info.IsDir() || err != nil && !errors.Is(err, os.ErrNotExist) {
			d.say(wrong, "software.registry", "%s is no folder that can be read: correct software.registry.folder", r.Folder)
			return
		}
		d.say(good, "software.registry", "builds are kept in the folder %s", r.Folder)
		return
	case r.Project == "":
		d.say(doubt, "software.registry", "no builds are kept, so a pipeline has none to fall back to: set software.registry")
		return
	}
	if d.options.GitLab == nil {
		return // the token was said
	}
	p, err := d.options.GitLab.Project(ctx, r.Project, 0)
	if err != nil {
		d.say(wrong, r.Project, "%s", sentence(err))
		return
	}
	image := "python"
	if images := d.config.Software.Images; len(images) > 0 {
		image = images[0].Name
	}
	newest, err := prepare.Newest(ctx, prepare.OnGitLab(d.options.GitLab, p.ID), image)
	found := "none of " + image + " yet"
	if err == nil && newest.Key != "" {
		found = "the newest of " + image + " since " + newest.Created.UTC().Format(time.RFC3339)
	}
	switch role := plan.Role(p.AccessLevel); {
	case gitlab.Unreadable(err):
		d.say(wrong, r.Project, "its package registry cannot be read: turn it on under Settings > General > Visibility, and give the token's user the role Developer")
	case err != nil:
		d.say(wrong, r.Project, "%s", sentence(err))
	case p.AccessLevel != 0 && role < plan.Developer:
		d.say(wrong, r.Project, "the token's user is less than a Developer, so prepare push may not keep builds: give it the role Developer")
	case p.AccessLevel != 0 && role < plan.Maintainer:
		d.say(good, r.Project, "builds are kept in its package registry, %s; prepare push may, and prepare prune needs the role Maintainer", found)
	default:
		d.say(good, r.Project, "builds are kept in its package registry, %s; prepare push and prepare prune may", found)
	}
}
