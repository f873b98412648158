package reconcile

import (
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/renovate"
)

// This file runs a project by Renovate's configuration, where the operator says so and the
// project has no file of its own.

// borrowPolicy follows Renovate's configuration, read as pinwheel import reads it, with the
// presets that are known. What the reader refuses stops the project, and so does a preset that
// could not be read.
func (r *observer) borrowPolicy(operators config.Project) {
	r.snap.Own = plan.OwnPolicy{}
	from, found := r.renovates()
	if !found {
		r.snap.Own.Problems = []plan.Problem{{Stopping: true, Text: "`policy: renovate` asks for a configuration of Renovate, and " + r.snap.Project.DefaultBranch + " has none",
			Next: "write one, such as `renovate.json`, or `" + config.OwnFile + "`, or take `policy: renovate` out"}}
		r.follow(operators)
		return
	}
	from.Preset = r.preset
	laid, err := renovate.Lay(operators, from)
	r.snap.Own = plan.OwnPolicy{Path: from.File, Text: laid.Text, Keys: laid.Keys}
	if unread := r.unreadPresets(from.File); len(unread) > 0 {
		r.snap.Own.Problems = unread
		laid.Project = operators
	} else if err != nil {
		r.snap.Own.Problems = policyProblems(from.File, err)
		laid.Project = operators
	}
	r.follow(laid.Project)
}

// renovates is the configuration of Renovate at the commit of the run.
func (r *observer) renovates() (from renovate.Source, found bool) {
	name, data, found, _ := renovate.File(func(name string) ([]byte, bool, error) {
		f, read := r.files.ByPath[name]
		return f.Data, read && !f.Absent, nil
	})
	return renovate.Source{File: name, Data: data, Branch: r.snap.Project.DefaultBranch}, found
}
