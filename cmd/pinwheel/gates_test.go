package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// gated is a world whose project has a gate in another one.
func gated(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	tests := w.gitlab.AddProject("group/tests", "main", map[string]string{"README.md": "tests"})
	tests.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
	w.gitlab.AddMember(tests, "pinwheel-bot", gitlabsim.Developer)
	if err := tests.Script("inputs sha operation_id\nname {operation_id}\njob unit"); err != nil {
		t.Fatal(err)
	}
	if err := w.project.Script("on merge-request\njob lint"); err != nil {
		t.Fatal(err)
	}
	w.edit("timezone: Europe/Prague}", `timezone: Europe/Prague, gates: [{name: integration, project: group/tests, ref: main, inputs: {sha: "{sha}"}, required: true}]}`)
	return w
}

func TestGatesPrintsHowTheyStand(t *testing.T) {
	w := gated(t)
	code, out, complaints := w.configured("gates", "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "no open merge request of pinwheel's has a gate")
	code, _, complaints = w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	writes := len(w.gitlab.Writes(time.Time{}))
	for _, args := range [][]string{{"gates"}, {"gates", "1"}, {"gates", "!1", "group/project"}} {
		code, out, complaints = w.configured(append(args, "--at", saturday)...)
		w.want(code, exitDone, complaints)
		has(t, out, "PROJECT", "BASELINE", "group/project  !1", "integration (required)", "running", "/group/tests/-/pipelines/")
	}
	code, out, complaints = w.configured("gates", "--json", "--at", saturday)
	w.want(code, exitDone, complaints)
	var got gatedOut
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in:\n%s", err, out)
	}
	if got.Project != "group/project" || got.MergeRequest != 1 || got.Name != "integration" || !got.Required || got.State != "running" || got.Why.Kind != "gate-running" || got.Head == "" || got.Base == "" || got.Jobs == nil {
		t.Errorf("%+v", got)
	}
	code, _, complaints = w.configured("gates", "7", "--at", saturday)
	w.want(code, exitUsage, complaints)
	has(t, complaints, "!7 is no open merge request of pinwheel's with a gate")
	if n := len(w.gitlab.Writes(time.Time{})); n != writes {
		t.Errorf("%d writes to GitLab by looking", n-writes)
	}
}

func TestPlanJSONHasGates(t *testing.T) {
	w := gated(t)
	code, _, complaints := w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	code, out, complaints := w.configured("plan", "--json", "--at", saturday)
	w.want(code, exitDone, complaints)
	var got []planOut
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in:\n%s", err, out)
	}
	if g := got[0].Updates[0].Gates; len(g) != 1 || g[0].Name != "integration" || g[0].State != "running" || !strings.Contains(g[0].Pipeline, "/pipelines/") {
		t.Errorf("%+v", g)
	}
}

func TestDoctorLooksWhetherGatesCanStart(t *testing.T) {
	w := gated(t)
	_, out, _ := w.configured("doctor")
	has(t, out, "ok       group/project: gate integration can start pipelines of main of group/tests")
	tests := w.gitlab.Project("group/tests")
	tests.Protect("main", gitlabsim.Maintainer, gitlabsim.Maintainer)
	_, out, _ = w.configured("doctor")
	has(t, out, "gate integration", "may not start pipelines of main of group/tests")
	w.edit("ref: main", "ref: gone")
	_, out, _ = w.configured("doctor")
	has(t, out, "gate integration", "group/tests has no branch or tag gone")
	w.edit("project: group/tests", "project: group/hidden")
	_, out, _ = w.configured("doctor")
	has(t, out, "gate integration", "group/hidden cannot be read")
}
