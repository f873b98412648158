package main

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

func TestRun(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("run")
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: done, 1 behind of 2 pins, 0 merge requests open, 1 change made")
	if n := len(w.project.Issues()); n != 1 {
		t.Fatalf("%d issues, want the dashboard", n)
	}
	code, out, complaints = w.configured("run", "group/project", "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "1 merge request open")
	all := w.project.MRs()
	if len(all) != 1 {
		t.Fatalf("merge requests %v, want one", all)
	}
	has(t, w.project.Diff("main", all[0].SourceBranch), "-boto3==1.34.0", "+boto3==1.3")
	code, out, complaints = w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "nothing to change")
}

func TestRunStopsAtAMalformedFile(t *testing.T) {
	w := newWorld(t)
	if _, err := w.project.EditFile("maintainer", "constraints.txt", "boto3==1.34.0\nboto3 = 2\n"); err != nil {
		t.Fatal(err)
	}
	code, out, complaints := w.configured("run")
	w.want(code, exitStopped, complaints)
	has(t, out, "group/project: stopped")
	has(t, complaints, "pinwheel: group/project: constraints.txt:2: ")
	code, _, complaints = w.configured("plan")
	w.want(code, exitStopped, complaints)
}

// A project that is off or paused is done, and says why nothing happens.
func TestRunOfAProjectThatRests(t *testing.T) {
	w := newWorld(t)
	code, _, complaints := w.configured("run")
	w.want(code, exitDone, complaints)
	must(t, w.project.CloseIssue("maintainer", 1))
	code, out, complaints := w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: paused, since a person closed its dashboard")
	w.write("pinwheel.yaml", w.read("pinwheel.yaml")+"defaults: {mode: \"off\"}\n")
	code, out, complaints = w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: off by the configuration")
	if all := w.project.MRs(); len(all) > 0 {
		t.Errorf("merge requests %v, want none", all)
	}
}

// Of several projects each is looked at, and the worst code counts.
func TestRunOfTwoProjects(t *testing.T) {
	w := newWorld(t)
	good := w.gitlab.AddProject("group/good", "main", map[string]string{"constraints.txt": pins})
	w.gitlab.AddMember(good, "pinwheel-bot", gitlabsim.Developer)
	w.write("pinwheel.yaml", strings.Replace(w.read("pinwheel.yaml"), "projects:\n", "projects:\n  - {path: group/absent, timezone: UTC}\n  - {path: group/good, timezone: UTC}\n", 1))
	code, out, complaints := w.configured("run")
	w.want(code, exitStopped, complaints)
	has(t, complaints, "pinwheel: group/absent: could not ", "no such project")
	has(t, out, "group/good: done", "group/project: done")
	code, _, complaints = w.configured("plan", "--dashboard")
	w.want(code, exitUsage, complaints)
	code, out, complaints = w.configured("plan", "group/good", "--dashboard")
	w.want(code, exitDone, complaints)
	has(t, out, "## Awaiting Schedule")
}
