package reconcile

import (
	"errors"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/renovate"
)

// This file runs a project by Renovate's configuration, where the operator says so and the
// project has no file of its own.

// borrowPolicy follows Renovate's configuration, read as pinwheel import reads it. What the
// reader refuses stops the project, since without that key it would be run otherwise than its
// file says. Presets that stand elsewhere are not read: a run reads no other project.
func (r *observer) borrowPolicy(operators config.Project) {
	r.snap.Own = plan.OwnPolicy{}
	stop := func(problems ...plan.Problem) {
		r.snap.Own.Problems = problems
		r.follow(operators)
	}
	name, data, found := r.renovateFile()
	if !found {
		stop(plan.Problem{Stopping: true, Text: "`policy: renovate` asks for a configuration of Renovate, and " + r.snap.Project.DefaultBranch + " has none",
			Next: "write one, such as `renovate.json`, or `" + config.OwnFile + "`, or take `policy: renovate` out"})
		return
	}
	r.snap.Own.Path = name
	var paths []string
	for _, f := range operators.Policy.Files {
		paths = append(paths, f.Path)
	}
	res, err := renovate.Read(name, data, renovate.Options{Files: paths, Project: operators.Path, Branch: r.snap.Project.DefaultBranch})
	if wrong, ok := errors.AsType[*renovate.SyntaxError](err); ok {
		stop(plan.Problem{File: name, Line: wrong.Line, Text: wrong.Text, Next: "correct it", Stopping: true})
		return
	}
	if res.Refused() {
		stop(refusals(name, res.Lines)...)
		return
	}
	own, keys, err := operators.OwnFrom(name, res.Own, res.From)
	if r.snap.Own.Keys, r.snap.Own.Text = keys, string(res.Own); err != nil {
		stop(policyProblems(name, err)...)
		return
	}
	r.follow(own)
}

// renovateFile is the first of the files that Renovate looks for.
func (r *observer) renovateFile() (name string, data []byte, found bool) {
	for _, name := range renovate.FileNames() {
		if f, read := r.files.ByPath[name]; read && !f.Absent && renovate.Counts(name, f.Data) {
			return name, f.Data, true
		}
	}
	return "", nil, false
}

// refusals are the problems of what the reader refused.
func refusals(file string, lines []renovate.Line) (out []plan.Problem) {
	for _, l := range lines {
		if l.Verdict != renovate.Refused {
			continue
		}
		if len(out) == maxProblems {
			return append(out, plan.Problem{File: file, Text: "and more keys are refused: `pinwheel import --check` lists them", Stopping: true})
		}
		out = append(out, plan.Problem{File: file, Line: l.Line, Text: fmt.Sprintf("`%s` is refused: %s", strings.ReplaceAll(l.Key, "`", "'"), l.Says), Stopping: true})
	}
	return out
}
