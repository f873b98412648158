package main

import (
	"context"
	"fmt"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/plan"
)

// files reads the constraints files and what is derived from them, remembers what
// they pin, and says what of the configuration has no effect on them.
func (d *doctor) files(ctx context.Context, project config.Project, p plan.Project) {
	var files []plan.File
	var names, asked []string
	whole := true
	for _, f := range project.Policy.Files {
		file := plan.File{Path: f.Path, Use: f.Use}
		parsed := d.constraints(ctx, project, p, f)
		if parsed == nil {
			whole = false
			continue
		}
		for _, pin := range parsed.Pins {
			names = append(names, pin.Key)
			if !decide.Blocks(pin.Version) {
				asked = append(asked, pin.Key)
			}
		}
		if f.Derived != nil {
			file.Derived = d.derived(ctx, project, p, pair{*f.Derived, parsed})
		}
		files = append(files, file)
	}
	d.pins = append(d.pins, asked...)
	if !whole {
		d.shared.partly = true // what they pin is not known
		return
	}
	d.shared.see(project.Policy, names)
	for _, e := range decide.WithoutEffect(project.Policy, files, names) {
		d.say(doubt, project.Path, "%s", plan.Problem{File: e.File, Line: e.Line, Text: plan.Plainly(e.Why), Next: e.Next}.InOneLine())
	}
}

// constraints reads one constraints file, nil if it cannot.
func (d *doctor) constraints(ctx context.Context, project config.Project, p plan.Project, of plan.FilePolicy) *constraints.File {
	name := of.Path
	data, found, err := d.options.GitLab.File(ctx, p.ID, name, p.Head)
	switch {
	case err != nil:
		d.say(wrong, project.Path, "%s", sentence(err))
		return nil
	case !found:
		d.say(wrong, project.Path, "%s is not on %s: add it or correct files in the configuration", name, p.DefaultBranch)
		return nil
	}
	if to, ok := constraints.LinkTarget(data); ok {
		d.say(wrong, project.Path, "%s is a symbolic link to %s: set files[].path to the file that it leads to", name, to)
		return nil
	}
	parsed, err := constraints.Read(name, data, of.Use)
	if err != nil {
		for _, line := range mistakes(err) {
			d.say(wrong, project.Path, "%s", line)
		}
		return nil
	}
	d.say(good, project.Path, "%s holds %s", name, count(len(parsed.Pins), "pin"))
	return parsed
}

// pair is a derived file by its policy, and the file it is derived from.
type pair struct {
	policy plan.Derived
	from   *constraints.File
}

// derived reads a derived file and says whether it can be kept.
func (d *doctor) derived(ctx context.Context, project config.Project, p plan.Project, of pair) *plan.DerivedFile {
	policy, parsed := of.policy, of.from
	data, found, err := d.options.GitLab.File(ctx, p.ID, policy.Path, p.Head)
	if err != nil {
		d.say(wrong, project.Path, "%s", sentence(err))
		return nil
	}
	if !found {
		return &plan.DerivedFile{Path: policy.Path, Absent: true}
	}
	same, err := constraints.InSync(parsed, data, constraints.Derivation{Path: policy.Path, Format: constraints.Format(policy.Format), Key: policy.Key})
	switch {
	case err != nil:
		d.say(wrong, project.Path, "%v", err)
	case !same:
		d.say(doubt, project.Path, "%s does not hold the pins of %s: the next run offers to mend it", policy.Path, parsed.Path)
	default:
		d.say(good, project.Path, "%s holds the pins of %s", policy.Path, parsed.Path)
	}
	return &plan.DerivedFile{Path: policy.Path, Data: data}
}

// people looks for those whom the configuration asks for reviews.
func (d *doctor) people(ctx context.Context, project config.Project) {
	names, at := project.Policy.People()
	unknown, err := d.options.GitLab.Strangers(ctx, names)
	if err != nil {
		d.say(doubt, project.Path, "%s", sentence(err))
	}
	for _, name := range unknown {
		d.say(doubt, project.Path, "%s", fmt.Sprintf("%s: %s is asked for a review, and GitLab knows no such user: correct the name or remove it", at[name], name))
	}
}
