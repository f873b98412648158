package main

import (
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("validate")
	w.want(code, exitDone, complaints)
	has(t, out, "is valid: 1 project, 1 index")
	bad := w.write("bad.yaml", "projcts: []\nprojects:\n  - path: group/project\n    mode: half\n")
	w.write("own.yaml", "labels: [a]\n")
	if code, out, said := w.pinwheel("validate", "--own", w.path("own.yaml")); code != exitDone || !strings.Contains(out, "is valid: it sets labels") {
		t.Errorf("a good file of a project: %d %s %s", code, out, said)
	}
	w.write("own.yaml", "path: a/b\n")
	if code, _, said := w.pinwheel("validate", "--own", w.path("own.yaml")); code != exitUsage || !strings.Contains(said, "own.yaml:1: path: this key stands only in the operator's pinwheel.yaml: remove it") || strings.Contains(said, ".gitlab") {
		t.Errorf("a bad file of a project: %d %s", code, said)
	}
	code, _, complaints = w.pinwheel("validate", bad)
	w.want(code, exitUsage, complaints)
	has(t, complaints, bad+":1: projcts", bad+":4: ")
}

// validate says of each key of a project what it is and where it comes from.
func TestSettings(t *testing.T) {
	w := newWorld(t)
	w.edit("projects:\n", "enforce: {minimum_release_age: 5d}\ndefaults: {draft: true, labels: [a, \"b c\"]}\nprojects:\n")
	w.write("own.yaml", "labels: [\"b c\"]\n")
	code, out, complaints := w.configured("validate", "--settings", "group/project")
	w.want(code, exitDone, complaints)
	row := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	has(t, row(out), "labels [a, \"b c\"] (pinwheel.yaml:5, defaults)", "draft true (pinwheel.yaml:5, defaults)", "timezone Europe/Prague (pinwheel.yaml:7, project)",
		"minimum_release_age 5d (pinwheel.yaml:4, enforce)", `window "* * * * SAT,SUN" (built in)`, "dashboard {title: Dependency Dashboard} (built in)")
	code, out, complaints = w.configured("validate", "--settings", "group/project", "--own", w.path("own.yaml"))
	w.want(code, exitDone, complaints)
	has(t, row(out), `labels ["b c"] (`+w.path("own.yaml")+`:1, repository)`, "draft true (pinwheel.yaml:5, defaults)")
	code, out, complaints = w.configured("validate", "--settings", "group/project", "--json")
	w.want(code, exitDone, complaints)
	has(t, out, `{"key":"draft","value":"true","source":"pinwheel.yaml:5","layer":"defaults"}`)
	code, _, complaints = w.configured("validate", "--settings", "group/absent")
	w.want(code, exitUsage, complaints)
	has(t, complaints, `no project "group/absent"`)
}
