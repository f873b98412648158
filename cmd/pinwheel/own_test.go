package main

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// Who runs pinwheel for others learns what a project's own file says against
// them, from doctor on GitLab and from validate before a merge.
func TestWhatAnOwnFileOverrides(t *testing.T) {
	const own = "labels: [mine]\nrules: []\n"
	for name, keep := range map[string]string{"kept": "enforce: {keep: [labels, approvals]}\n", "replaced": ""} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.edit("projects:\n  - {", keep+"projects:\n  - {labels: [security], rules: [{packages: [boto3], approval: true}], ")
			if _, err := w.project.Push("maintainer", "main", "Policy", map[string]string{".gitlab/pinwheel.yaml": own}); err != nil {
				t.Fatal(err)
			}
			_, out, complaints := w.configured("doctor")
			file := w.write("own.yaml", own)
			code, checked, said := w.configured("validate", "--own", file, "group/project")
			w.want(code, exitDone, said)
			want := []string{":1: labels leaves out security", ":2: rules leaves out the approval of pinwheel.yaml:"}
			for _, text := range want {
				for file, printed := range map[string]string{".gitlab/pinwheel.yaml": out, file: checked} {
					found := lines(printed, file+text)
					if len(found) != 1 || strings.Contains(found[0], "enforce keeps it") != (name == "kept") {
						t.Errorf("%d lines hold %q:\n%s%s", len(found), text, printed, complaints)
					}
				}
			}
			if code, _, said = w.configured("validate", "--own", file, "group/other"); code != exitUsage || !strings.Contains(said, `no project "group/other"`) {
				t.Errorf("another project: %d, %s", code, said)
			}
		})
	}
}

// A label that is built in is nobody's wish, so that an own file without it overrides nothing.
func TestAnOwnFileMayLeaveOutWhatIsBuiltIn(t *testing.T) {
	w := newWorld(t)
	code, out, said := w.configured("validate", "--own", w.write("own.yaml", "labels: []\n"))
	if w.want(code, exitDone, said); strings.Count(out, "\n") != 1 {
		t.Errorf("validate says %q", out)
	}
}

// What the configuration says without effect is a warning of doctor, with the
// line where there is one.
func TestDoctorFindsWhatHasNoEffect(t *testing.T) {
	w := newWorld(t)
	w.gitlab.AddUser("reviewer", "R", false)
	w.edit("projects:\n  - {path: group/project, timezone: Europe/Prague}", `projects:
  - path: group/project
    timezone: Europe/Prague
    python: ["3.12", "3.99"]
    reviewers: [reviewer, nobody-here]
    files:
      - {path: constraints.txt, derived: {path: pipeline/absent.yml}}
    rules:
      - {packages: [boto3], labels: [aws]}
      - {packages: [django, "flask*"], ignore: too new}
      - {files: [other.txt], approval: true}
      - {packages: [urllib3], assignees: [gone-user]}
`)
	w.doctored(exitDone,
		[]string{"warning", "pinwheel.yaml:13", "no pin is django or flask*"},
		[]string{"warning", "pinwheel.yaml:14", "no file is other.txt"},
		[]string{"warning", "pinwheel.yaml:8", "nobody-here", "GitLab knows no such user"},
		[]string{"warning", "gone-user", "GitLab knows no such user"},
		[]string{"warning", "Python 3.99", "not released"},
		[]string{"warning", "pipeline/absent.yml is not there", "the first merge request makes it"},
	)
	_, out, _ := w.configured("doctor")
	if all := lines(out, "warning", "pinwheel.yaml:12"); len(all) > 0 {
		t.Errorf("a rule with an effect is warned of: %q", all)
	}
	if all := lines(out, "reviewer:"); len(all) > 0 {
		t.Errorf("a user that is there is warned of: %q", all)
	}
}

// A rule of the defaults is for all projects, so that it is warned of when none of
// them has a pin or file for it, and only when all of them were looked at.
func TestDoctorFindsDefaultsWithoutEffect(t *testing.T) {
	w := newWorld(t)
	other := w.gitlab.AddProject("group/other", "main", map[string]string{"constraints.txt": "urllib3==2.1.0\n"})
	w.gitlab.AddMember(other, "pinwheel-bot", gitlabsim.Developer)
	w.edit("projects:\n", `defaults:
  rules:
    - {packages: [boto3], labels: [aws]}
    - {packages: [django, "flask*"], ignore: too new}
    - {files: [other.txt], approval: true}
    - {kinds: [major], approval: true}
projects:
  - {path: group/other, timezone: UTC}
`)
	_, out, complaints := w.configured("doctor")
	for _, want := range [][]string{
		{"warning", "defaults: pinwheel.yaml:7: the rule has no effect in any project", "no pin is django or flask*"},
		{"warning", "defaults: pinwheel.yaml:8: the rule has no effect in any project", "no file is other.txt"},
	} {
		if len(lines(out, want...)) != 1 {
			t.Errorf("%q is not there once:\n%s%s", want, out, complaints)
		}
	}
	for _, line := range []string{"pinwheel.yaml:6", "pinwheel.yaml:9"} {
		if all := lines(out, "warning", line); len(all) > 0 {
			t.Errorf("a rule with an effect is warned of: %q", all)
		}
	}
	if _, out, _ := w.configured("doctor", "group/other"); len(lines(out, "defaults:")) > 0 {
		t.Errorf("one project of two is judged for both:\n%s", out)
	}
	w.edit("{path: group/other, timezone: UTC}", "{path: group/other, timezone: UTC, rules: []}")
	w.edit("{path: group/project, timezone: Europe/Prague}", "{path: group/project, timezone: Europe/Prague, rules: []}")
	if _, out, _ := w.configured("doctor"); len(lines(out, "defaults:", "has no effect")) != 4 {
		t.Errorf("rules that every project replaces are not warned of:\n%s", out)
	}
	if _, err := other.EditFile("maintainer", "constraints.txt", "urllib3 = 1\n"); err == nil {
		w.edit("timezone: UTC, rules: []", "timezone: UTC")
		if _, out, _ := w.configured("doctor"); len(lines(out, "defaults:")) > 0 {
			t.Errorf("a project that could not be read is judged:\n%s", out)
		}
	}
}
