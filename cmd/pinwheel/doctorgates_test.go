package main

import (
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// doctor says what would keep a gate's pipeline from being started with what it gets, or from being
// found again.
func TestDoctorLooksAtWhatAGateGets(t *testing.T) {
	w := gated(t)
	tests := w.gitlab.Project("group/tests")
	declare := func(text string) {
		t.Helper()
		if _, err := tests.Push("maintainer", "main", "ci", map[string]string{".gitlab-ci.yml": text}); err != nil {
			t.Fatal(err)
		}
	}
	says := func(want ...string) {
		t.Helper()
		_, out, _ := w.configured("doctor")
		has(t, out, want...)
	}
	w.gitlab.AddMember(tests, "maintainer", gitlabsim.Maintainer)
	declare("spec:\n  inputs:\n    other: {}\n---\njob: {script: x}\n")
	says("error    group/project: gate integration: .gitlab-ci.yml on main of group/tests does not declare sha: add each below spec: inputs")
	declare("spec:\n  inputs:\n    sha: {}\n    operation_id: {default: ''}\n---\njob: {script: x}\n")
	says("does not show the input operation_id in workflow:name, so a lost answer or a lost database can start a pipeline twice", "ok       group/project: gate integration can start")
	declare("spec:\n  inputs:\n    sha: {}\n    operation_id: {default: ''}\n---\nworkflow: {name: '$[[ inputs.operation_id ]]'}\njob: {script: x}\n")
	says("ok       group/project: gate integration can start")
	w.gitlab.SetVersion("17.5.0")
	says("GitLab 17.5.0 would start it without its inputs: update GitLab to 17.10")
	w.gitlab.SetVersion("19.0.0")
	w.edit(`inputs: {sha: "{sha}"}`, `variables: {SHA: "{sha}"}`)
	says("the token's user may not set variables of pipelines in group/tests")
	if err := tests.Script("variables developer\njob unit"); err != nil {
		t.Fatal(err)
	}
	w.edit(`variables: {SHA: "{sha}"}`, `variables: {SHA: "{sha}"}, like: {ref: main, newest: success}`)
	says("no pipeline passed on main of group/tests, so there is none to be like")
	if err := tests.Pipeline("maintainer", "main", "success"); err != nil {
		t.Fatal(err)
	}
	says("may not read the variables of the pipeline that passed last on main of group/tests: make it a Maintainer there")
}

// doctor says whether pinwheel can merge where the configuration lets it.
func TestDoctorLooksWhetherItMayMerge(t *testing.T) {
	w := mergingApart(t)
	says := func(want ...string) {
		t.Helper()
		_, out, _ := w.configured("doctor")
		has(t, out, want...)
	}
	says("error    group/project: the token may not merge into main: let the role of pinwheel-bot do so in Settings > Repository > Protected branches")
	w.project.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
	says("ok       group/project: the token may merge into main")
	w.project.SetRole("pinwheel-bot", gitlabsim.Maintainer)
	says("ok       group/project: the token's user is more than a Developer, and merges")
	w.project.Set(gitlabsim.Settings{MergeMethod: "merge"})
	says("the project makes merge commits", "write merge.stale: accept")
	w.edit("merge: {}", "merge: {method: ff}")
	says("merge.method is ff and the project merges by merge, so pinwheel merges nothing")
}
