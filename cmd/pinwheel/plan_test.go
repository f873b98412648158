package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

func TestPlan(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("plan", "group/project")
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: 2 pins, 1 current, 1 behind, 1 line not managed, the window opens Sat 2026-01-03 00:00 Europe/Prague",
		"PACKAGE", "boto3", "1.35.0", "awaiting-schedule")
	code, out, complaints = w.configured("plan", "--at", saturday, "--diff")
	w.want(code, exitDone, complaints)
	has(t, out, "--- constraints.txt\n+++ constraints.txt\n@@ -1,3 +1,3 @@\n-boto3==1.34.0\n+boto3==1.35.0\n urllib3==2.1.0\n")
	code, out, complaints = w.configured("plan", "--dashboard")
	w.want(code, exitDone, complaints)
	has(t, out, "## Awaiting Schedule", "unschedule-branch=")
	if n := len(w.gitlab.Writes(time.Time{})); n != 0 {
		t.Errorf("%d writes to GitLab, want none", n)
	}
	// What plan prints is what run writes.
	w.configured("run")
	if issue, _ := w.project.Issue(1); strings.TrimSpace(out) != strings.TrimSpace(issue.Description) {
		t.Errorf("plan --dashboard printed\n%s\nrun wrote\n%s", out, issue.Description)
	}
}

func TestPlanJSON(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("plan", "--json", "--at", saturday)
	w.want(code, exitDone, complaints)
	var got []planOut
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in:\n%s", err, out)
	}
	if len(got) != 1 || len(got[0].Updates) != 1 || len(got[0].Actions) != 2 || len(got[0].Unmanaged) != 1 {
		t.Fatalf("unexpected plan:\n%s", out)
	}
	move := got[0].Updates[0].Moves[0]
	if move.Package != "boto3" || move.From != "1.34.0" || move.To != "1.35.0" || move.Line != 1 {
		t.Errorf("unexpected move %+v", move)
	}
}

// With --file neither a token nor a GitLab is needed.
func TestPlanOfAFile(t *testing.T) {
	w := newWorld(t)
	w.env = nil
	file := w.write("constraints.txt", pins)
	for _, twin := range []string{"", "variables:\n  PYTHON_CONSTRAINTS: old\n"} {
		args := []string{"plan", "--file", file, "--derived", w.path("twin.yml"), "--diff", "--at", saturday}
		if twin != "" {
			w.write("twin.yml", twin)
		}
		code, out, complaints := w.configured(args...)
		w.want(code, exitDone, complaints)
		has(t, out, file+": 2 pins, 1 current, 1 behind", "boto3", "+boto3==1.35.0", "+    boto3==1.35.0")
	}
	if n := len(w.gitlab.Requests()); n != 0 {
		t.Errorf("%d requests to GitLab, want none", n)
	}
	if _, err := os.Stat(w.path("pinwheel.db")); err == nil {
		t.Error("the store of the configuration was made")
	}
}
