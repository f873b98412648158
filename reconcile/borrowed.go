package reconcile

import (
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/renovate"
)

// This file runs a project by Renovate's configuration, where the operator says so and the
// project has no file of its own.

// borrowPolicy follows Renovate's configuration, read as pinwheel import reads it. What the
// reader refuses stops the project. Presets that stand elsewhere are not read: a run reads no
// other project.
func (r *observer) borrowPolicy(operators config.Project) {
	r.snap.Own = plan.OwnPolicy{}
	name, data, found, _ := renovate.File(func(name string) ([]byte, bool, error) {
		f, read := r.files.ByPath[name]
		return f.Data, read && !f.Absent, nil
	})
	if !found {
		r.snap.Own.Problems = []plan.Problem{{Stopping: true, Text: "`policy: renovate` asks for a configuration of Renovate, and " + r.snap.Project.DefaultBranch + " has none",
			Next: "write one, such as `renovate.json`, or `" + config.OwnFile + "`, or take `policy: renovate` out"}}
		r.follow(operators)
		return
	}
	laid, err := renovate.Lay(operators, name, data, r.snap.Project.DefaultBranch)
	r.snap.Own = plan.OwnPolicy{Path: name, Text: laid.Text, Keys: laid.Keys}
	if err != nil {
		r.snap.Own.Problems = policyProblems(name, err)
		laid.Project = operators
	}
	r.follow(laid.Project)
}
