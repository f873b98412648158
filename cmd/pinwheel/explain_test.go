package main

import (
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	w := newWorld(t)
	file := w.write("constraints.txt", pins)
	for _, args := range [][]string{{"explain", "Boto3"}, {"explain", "boto3", "--file", file}} {
		code, out, complaints := w.configured(args...)
		w.want(code, exitDone, complaints)
		has(t, out, "boto3 1.34.0 (", "1.36.0  2026-01-01  ", "1.35.0  2024-08-01  offered", "1.34.1  2023-12-14  a newer release of its line is offered")
		if update := strings.Contains(out, "  Update dependency boto3 to v1.35.0: awaiting-schedule. Opens "); update != (len(args) == 2) {
			t.Errorf("%v: how the update stands is said: %v\n%s", args, update, out)
		}
		if state := strings.Contains(out, "1.35.0  2024-08-01  offered: opens "); state != (len(args) == 2) {
			t.Errorf("%v: the state of what is offered is said: %v\n%s", args, state, out)
		}
		if strings.Index(out, "1.36.0") > strings.Index(out, "1.34.1") {
			t.Errorf("not newest first:\n%s", out)
		}
	}
}

// explain names each key that decided something for a package, with its value, the
// line where it stands and the layer that has it.
func TestExplainNamesWhereEachKeyStands(t *testing.T) {
	w := newWorld(t)
	w.edit("index: {url: ", "indexes:\n  - {name: main, url: ")
	w.edit("projects:\n  - {path: group/project, timezone: Europe/Prague}", `enforce: {minimum_release_age: 5d}
defaults:
  python: ["3.9"]
  max_new_per_window: 2
  rules:
    - {packages: [boto3], kinds: [major], ignore: breaks our stack}
projects:
  - path: group/project
    timezone: Europe/Prague
    max_open_merge_requests: 7
    freeze: [{from: 2026-12-20, to: 2027-01-03, reason: year end}]
    ignore_edges:
      - {from: boto3, to: urllib3, reason: it lies}
      - {from: other, to: thing, reason: it lies}
`)
	code, out, complaints := w.configured("explain", "boto3")
	w.want(code, exitDone, complaints)
	row := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	has(t, row(out),
		`window * * * * SAT,SUN, Europe/Prague (built in)`, `timezone Europe/Prague (pinwheel.yaml:13, project)`,
		`freeze 2026-12-20 to 2027-01-03: year end (pinwheel.yaml:15, project)`,
		`minimum_release_age 5d (pinwheel.yaml:5, enforce)`, `max_open_merge_requests 7 (pinwheel.yaml:14, project)`,
		`max_new_per_window 2 (pinwheel.yaml:8, defaults)`, `python 3.9 (pinwheel.yaml:7, defaults)`, `platforms linux/x86_64 (built in)`,
		`indexes main, http://`, `(pinwheel.yaml:3, configuration)`,
		`rule for major: ignore: breaks our stack (pinwheel.yaml:10, defaults)`,
		`ignore_edges boto3 to urllib3: it lies (pinwheel.yaml:17, project)`)
	if strings.Contains(out, "thing") {
		t.Errorf("a key is named that is for another package:\n%s", out)
	}
	code, out, complaints = w.configured("explain", "boto3", "--json")
	w.want(code, exitDone, complaints)
	has(t, out, `{"key":"max_open_merge_requests","value":"7","source":"pinwheel.yaml:14","layer":"project"}`, `{"key":"platforms","value":"linux/x86_64","source":"built in","layer":"built-in"}`)

	// A project's own file is a layer of its own, and its rules take the place of others.
	own := "minimum_release_age: 9d\nrules:\n  - {packages: [boto3], group: aws, approval: true}\n"
	if _, err := w.project.Push("maintainer", "main", "Policy", map[string]string{".gitlab/pinwheel.yaml": own}); err != nil {
		t.Fatal(err)
	}
	code, out, complaints = w.configured("explain", "boto3")
	w.want(code, exitDone, complaints)
	has(t, row(out), `minimum_release_age 9d (.gitlab/pinwheel.yaml:1, repository)`, `rule group: aws; approval: true (.gitlab/pinwheel.yaml:3, repository)`)
	if strings.Contains(out, "breaks our stack") {
		t.Errorf("a rule is named that does not count:\n%s", out)
	}
}
