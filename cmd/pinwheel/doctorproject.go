package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/renovate"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file looks at one project.

// project looks at the rights, the settings and the files of one project.
func (d *doctor) project(ctx context.Context, project config.Project) {
	policy := project.Policy
	if policy.Mode == plan.Off {
		d.say(good, project.Path, "is off by the configuration")
		return
	}
	client := mrs.New(d.options.GitLab, mrs.Options{BranchPrefix: policy.BranchPrefix})
	found, err := d.options.GitLab.Project(ctx, project.Path, 0)
	if err != nil {
		d.say(wrong, project.Path, "%s", sentence(err))
		return
	}
	p := mrs.ProjectOf(found)
	switch role := plan.Role(p.AccessLevel); {
	case p.AccessLevel == 0:
		d.say(doubt, project.Path, "GitLab tells no role of the token's user, as for administrators: make it a member with the role Developer")
	case role < plan.Developer:
		d.say(wrong, project.Path, "the token's user is less than a Developer: give it the role Developer")
	case role > plan.Developer && policy.Merges() && !d.options.GitLab.MergesApart():
		d.say(good, project.Path, "the token's user is more than a Developer, and merges")
	case role > plan.Developer:
		d.say(doubt, project.Path, "the token's user is more than a Developer, which pinwheel does not need: lower its role")
	default:
		d.say(good, project.Path, "the token's user is a Developer")
	}
	if p.Archived {
		d.say(wrong, project.Path, "is archived: remove it from the configuration")
	}
	blocks := mrs.Blocks(p, d.bot, policy.Mode == plan.Full)
	for _, b := range blocks {
		d.say(wrong, project.Path, "%s: %s", b.Text, b.Next)
	}
	if p.IssuesEnabled {
		d.say(good, project.Path, "issues are enabled")
	} else {
		d.say(wrong, project.Path, "issues are disabled, so there is no dashboard: enable them under Settings > General > Visibility")
	}
	if len(blocks) > 0 {
		return
	}
	s, err := client.Settings(ctx, p.ID)
	if err != nil {
		d.say(wrong, project.Path, "%s", sentence(err))
		return
	}
	if p.Head, err = client.Head(ctx, p.ID, p.DefaultBranch); err != nil {
		d.say(wrong, project.Path, "%s", sentence(err))
		return
	}
	project = d.own(ctx, project, p)
	d.settings(project, p, s)
	d.pipelines(ctx, client, project, p)
	d.gates(ctx, client, project)
	d.mayMerge(ctx, client, project, p)
	d.people(ctx, project)
	d.files(ctx, project, p)
}

// pipelines looks whether merge requests have pipelines of two kinds, of which
// GitLab judges by one alone, and whether those that are asked for count.
func (d *doctor) pipelines(ctx context.Context, client *mrs.Client, project config.Project, p plan.Project) {
	if p.PipelinesOff {
		return
	}
	kinds, err := client.KindsOfPipelines(ctx, p.ID)
	if err != nil {
		d.say(doubt, project.Path, "which pipelines merge requests have cannot be read: %s", sentence(err))
		return
	}
	asks := project.Policy.OnOpen.Pipeline && project.Policy.Mode == plan.Full
	both, own, branch := int64(0), int64(0), int64(0)
	for _, k := range kinds {
		switch {
		case k.Own && k.Branch:
			both = k.IID
		case k.Own:
			own = k.IID
		case k.Branch:
			branch = k.IID
		}
	}
	switch {
	case both != 0:
		d.say(doubt, project.Path, "!%d has pipelines of the merge request and of its branch: GitLab judges it by those of the merge request alone, so the others' jobs do not count for \"Pipelines must succeed\"; give all jobs rules for one kind (docs/running.md, A gate)", both)
	case asks && own != 0:
		d.say(doubt, project.Path, "on_open.pipeline starts pipelines of branches, which GitLab does not show where a merge request has pipelines of its own, as !%d: ask with on_open.comment, or let its jobs run for branches", own)
	case asks && branch != 0:
		d.say(doubt, project.Path, "on_open.pipeline starts another pipeline of a branch that has one, as that of !%d, and takes its place: let the jobs of the first run there too", branch)
	case len(kinds) > 0:
		d.say(good, project.Path, "no open merge request has two kinds of pipelines")
	}
}

// own lays the project's own file over the configuration and says whether it
// is good.
func (d *doctor) own(ctx context.Context, project config.Project, p plan.Project) config.Project {
	read := func(name string) ([]byte, bool, error) { return d.options.GitLab.File(ctx, p.ID, name, p.Head) }
	name := config.OwnFile
	data, found, err := read(name)
	if err == nil && !found && project.Policy.From == plan.FromRenovate {
		if name, data, found, err = renovate.File(read); err == nil && !found {
			err = fmt.Errorf("policy: renovate asks for a configuration of Renovate, and %s has none: write one or take policy: renovate out", p.DefaultBranch)
		}
	}
	if err != nil {
		d.say(wrong, project.Path, "%s", sentence(err))
	}
	if err != nil || !found {
		return project
	}
	own, keys, err := ownOf(project, renovate.Source{File: name, Data: data, Branch: p.DefaultBranch, Preset: func(name string) ([]byte, bool) {
		preset, err := reconcile.ReadPreset(ctx, d.options.GitLab, reconcile.WantedPreset{Name: name, Project: project.Path})
		if _, _, _, local := renovate.PresetFiles(name); local && err != nil {
			d.say(wrong, project.Path, "the preset %s could not be read: %s", text.Plain(name, 100), sentence(err))
		}
		return []byte(preset.Text), err == nil
	}})
	var mistakes config.Errors
	switch {
	case errors.As(err, &mistakes):
		for _, e := range mistakes {
			d.say(wrong, project.Path, "%v", e)
		}
		return project
	case err != nil:
		d.say(wrong, project.Path, "%v", err)
		return project
	}
	d.say(good, project.Path, "%s sets %s", name, strings.Join(keys, ", "))
	for _, o := range own.Overrides {
		if o.Kept {
			d.say(good, project.Path, "%s", o)
		} else {
			d.say(doubt, project.Path, "%s: enforce.keep can keep it", o)
		}
	}
	return own
}

// ownOf is a project with the file that has its policy, its own or Renovate's.
func ownOf(project config.Project, from renovate.Source) (config.Project, []string, error) {
	if from.File == config.OwnFile {
		return project.Own(from.Data)
	}
	laid, err := renovate.Lay(project, from)
	return laid.Project, laid.Keys, err
}

func (d *doctor) settings(project config.Project, p plan.Project, s mrs.Settings) {
	switch s.MergeMethod {
	case "ff", "rebase_merge":
		d.say(doubt, project.Path, "the merge method %s asks for a rebase after every other merge: pinwheel rebuilds a branch only on a conflict or when its rebase box is ticked", s.MergeMethod)
	default:
		d.say(good, project.Path, "the merge method is %s", s.MergeMethod)
	}
	switch {
	case s.CanPush:
		d.say(doubt, project.Path, "the token may push to %s, which pinwheel never does: protect that branch", p.DefaultBranch)
	case s.Protected:
		d.say(good, project.Path, "%s is protected from the token", p.DefaultBranch)
	}
	if s.ProtectedUnder != "" {
		d.say(wrong, project.Path, "%s is protected, so it cannot be rebuilt: let the token's role push to the branches that begin with %s (Settings > Repository > Protected branches)", s.ProtectedUnder, project.Policy.BranchPrefix)
	} else {
		d.say(good, project.Path, "no branch under %s is protected", project.Policy.BranchPrefix)
	}
}
