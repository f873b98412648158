package decide

import (
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file adds the notes of the dashboard, which belong to no update.

// conflicts lists the pins that already conflict on the default branch.
func (d *searcher) conflicts() {
	_, unchecked := d.unchecked()
	for i, text := range unchecked {
		if i == 3 {
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("And %d more that are not checked, see `pinwheel verify`.", len(unchecked)-i))
			break
		}
		d.plan.Notes = append(d.plan.Notes, "Not checked on "+d.s.Project.DefaultBranch+": "+text+".")
	}
	all := d.solver.Conflicts()
	for i, e := range all {
		if i == 3 {
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("And %d more conflicts, see `pinwheel verify`.", len(all)-i))
			return
		}
		d.plan.Notes = append(d.plan.Notes, "A conflict between pins on "+d.s.Project.DefaultBranch+": "+d.sentence(e)+".")
	}
}

// addNotes adds the notes: what is not checked, and what else people should know.
func (d *decider) addNotes() {
	if own := d.s.Own; len(own.Keys) > 0 {
		d.plan.Notes = append(d.plan.Notes, "`"+own.Path+"` sets "+strings.Join(own.Keys, ", ")+"; what decides about a pin, `pinwheel explain` says with its line.")
	}
	d.capabilities()
	if len(d.s.Policy.Roots) == 0 {
		d.plan.Notes = append(d.plan.Notes, "Checked pin against pin only: set `roots:` in the configuration to say what is installed.")
	}
	for _, e := range d.s.Policy.IgnoreEdges {
		of := e.From
		if e.Versions != "" {
			of += e.Versions
		}
		d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("What %s requires of %s does not count (ignore_edges): %s", of, e.To, e.Reason))
	}
	if d.s.Silent {
		d.plan.Notes = append(d.plan.Notes, "How pipelines end is not shown: GitLab does not let the token read them.")
	}
	d.expired()
	d.conflicts()
	for _, r := range d.s.Roots {
		if r.Failure != "" {
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("Root %s could not be read, so nothing new is offered: %s.", r.Name, r.Failure))
		}
	}
	if len(d.s.Policy.Pythons) == 0 {
		d.plan.Notes = append(d.plan.Notes, "Python versions are not checked: set `python:` in the configuration.")
	}
	kept := plan.KeptPrefix(d.s.Policy.BranchPrefix)
	for _, b := range d.s.Branches {
		if strings.HasPrefix(b.Name, kept) {
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("Branch `%s` keeps commits that a rebuild replaced; delete it when you have them.", b.Name))
		}
	}
}
