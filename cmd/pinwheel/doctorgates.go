package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/operation"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file looks whether the pipelines of gates can be started, and found again.

// gates looks whether the pipelines of gates can be started where they run.
func (d *doctor) gates(ctx context.Context, client *mrs.Client, project config.Project) {
	all := slices.Clone(project.Policy.Gates)
	for _, r := range project.Policy.Rules {
		all = append(all, r.Gates...)
	}
	seen := map[string]bool{}
	for _, g := range all {
		at := g.Name + "\n" + g.Pipeline.Project + "\n" + g.Pipeline.Ref
		if !seen[at] {
			gateDoctor{d, client, project.Path}.gate(ctx, g)
		}
		seen[at] = true
	}
}

// gateDoctor looks at the gates of one project.
type gateDoctor struct {
	*doctor
	client *mrs.Client
	of     string
}

func (d gateDoctor) gate(ctx context.Context, g plan.Gate) {
	there, ref := g.Pipeline.Project, g.Pipeline.Ref
	found, err := d.options.GitLab.Project(ctx, there, 0)
	if err != nil {
		d.say(wrong, d.of, "gate %s: %s cannot be read: %s", g.Name, there, sentence(err))
		return
	}
	right, err := d.client.GateRights(ctx, mrs.ProjectOf(found), ref)
	switch {
	case err != nil:
		d.say(doubt, d.of, "gate %s: %s of %s cannot be read: %s", g.Name, ref, there, sentence(err))
	case right == mrs.GateNoRef:
		d.say(wrong, d.of, "gate %s: %s has no branch or tag %s: name another ref (%s)", g.Name, there, ref, g.At)
	case right == mrs.GateNoRight:
		d.say(wrong, d.of, "gate %s: the token's user may not start pipelines of %s of %s: make it a Developer there, and let Developers merge into or push to that branch", g.Name, ref, there)
	case right == mrs.GateOff:
		d.say(wrong, d.of, "gate %s: CI/CD is off in %s: enable it under Settings > General > Visibility", g.Name, there)
	case givesVariables(g.Pipeline) && !variablesAllowed(found):
		d.say(wrong, d.of, "gate %s: the token's user may not set variables of pipelines in %s: allow it there under Settings > CI/CD > Variables, or describe the gate with inputs alone", g.Name, there)
	case d.inputs(ctx, found, g) && d.like(ctx, found, g):
		d.say(good, d.of, "gate %s can start pipelines of %s of %s", g.Name, ref, there)
	}
}

func givesVariables(s plan.PipelineSpec) bool { return len(s.Variables) > 0 || s.Like.Ref != "" }

// inputs looks whether a gate's pipeline takes the inputs that it gets, and shows its operation. It
// reports false if it cannot start. What includes declare is not known.
func (d gateDoctor) inputs(ctx context.Context, there gitlab.Project, g plan.Gate) bool {
	ref := g.Pipeline.Ref
	if v, err := d.options.GitLab.Version(ctx); err == nil && len(g.Pipeline.Inputs) > 0 && v.Before(gitlab.Inputs) {
		d.say(wrong, d.of, "gate %s: GitLab %s would start it without its inputs: update GitLab to %s or newer, or describe the gate with variables", g.Name, v, gitlab.Inputs)
		return false
	}
	data, found, err := d.options.GitLab.File(ctx, there.ID, ciFile, ref)
	if err != nil || !found {
		return true
	}
	declared, whole := operation.Declared(data)
	if !whole {
		return true
	}
	var lacks []string
	for _, in := range g.Pipeline.Inputs {
		if !slices.Contains(declared, in.Name) {
			lacks = append(lacks, in.Name)
		}
	}
	if len(lacks) > 0 {
		d.say(wrong, d.of, "gate %s: %s on %s of %s does not declare %s: add each below spec: inputs", g.Name, ciFile, ref, there.Path, strings.Join(lacks, ", "))
		return false
	}
	if !givesVariables(g.Pipeline) && !(slices.Contains(declared, plan.OperationInput) && strings.Contains(string(data), "inputs."+plan.OperationInput)) {
		d.say(doubt, d.of, "gate %s: %s on %s of %s does not show the input %s in workflow:name, so a lost answer or a lost database can start a pipeline twice", g.Name, ciFile, ref, there.Path, plan.OperationInput)
	}
	return true
}

// like looks whether the variables of the pipeline that a gate is like can be read. It reports true
// for a gate without like.
func (d gateDoctor) like(ctx context.Context, there gitlab.Project, g plan.Gate) bool {
	ref := g.Pipeline.Like.Ref
	if ref == "" {
		return true
	}
	newest, found, err := d.options.GitLab.NewestPassed(ctx, there.ID, ref)
	if err == nil && found {
		_, err = d.options.GitLab.PipelineVariables(ctx, there.ID, newest.ID)
	}
	switch {
	case errors.Is(err, gitlab.ErrForbidden):
		d.say(wrong, d.of, "gate %s: the token's user may not read the variables of the pipeline that passed last on %s of %s: make it a Maintainer there, or write variables in place of like", g.Name, ref, there.Path)
	case err != nil:
		d.say(doubt, d.of, "gate %s: what passed last on %s of %s cannot be read: %s", g.Name, ref, there.Path, sentence(err))
	case !found:
		d.say(wrong, d.of, "gate %s: no pipeline passed on %s of %s, so there is none to be like: start one there", g.Name, ref, there.Path)
	default:
		return true
	}
	return false
}
