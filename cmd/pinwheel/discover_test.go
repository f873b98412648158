package main

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// discovering makes the world's configuration one that finds projects.
func discovering(t *testing.T, keys string) *world {
	t.Helper()
	w := newWorld(t)
	text, _, _ := strings.Cut(w.read("pinwheel.yaml"), "projects:")
	w.write("pinwheel.yaml", text+"defaults: {timezone: Europe/Prague}\ndiscover: "+keys+"\n")
	return w
}

// add makes a project of which pinwheel's user is a member.
func (w *world) add(path string, files map[string]string) {
	w.t.Helper()
	p := w.gitlab.AddProject(path, "main", files)
	p.SetCI(false)
	w.gitlab.AddMember(p, "pinwheel-bot", gitlabsim.Developer)
	w.gitlab.AddMember(p, "maintainer", gitlabsim.Maintainer)
}

const ownFile = "timezone: Europe/Prague\n"

// Run looks at the projects that are found, and offers pinwheel to the others once.
func TestRunFindsProjectsAndOffersPinwheelToOthersOnce(t *testing.T) {
	w := discovering(t, "{groups: [group], onboard: true}")
	w.add("group/own", map[string]string{"constraints.txt": pins, config.OwnFile: ownFile})
	w.add("group/nothing", map[string]string{"README": "nothing"})
	code, out, complaints := w.configured("run")
	w.want(code, exitDone, complaints)
	has(t, out, "group/own: done, ")
	if strings.Contains(out, "group/project") || strings.Contains(out, "group/nothing") {
		t.Errorf("it ran\n%s", out)
	}
	mr, ok := w.project.MR(1)
	if !ok || mr.SourceBranch != onboarding || mr.Title != "Keep the pins moving with pinwheel" {
		t.Fatalf("the merge request is %+v", mr)
	}
	if text, ok := w.project.File(onboarding, config.OwnFile); !ok || !strings.Contains(text, "constraints.txt") {
		t.Errorf("it adds %q", text)
	}
	_, out, _ = w.configured("audit", "--json", "group/project")
	has(t, out, `"onboard"`, onboarding)
	if err := w.project.CloseMR("maintainer", 1); err != nil {
		t.Fatal(err)
	}
	if err := w.project.DeleteBranch("maintainer", onboarding); err != nil {
		t.Fatal(err)
	}
	writes := len(w.gitlab.Writes(time.Time{}))
	code, _, complaints = w.configured("run")
	w.want(code, exitDone, complaints)
	if n := len(w.gitlab.Writes(time.Time{})) - writes; n != 0 {
		t.Errorf("the second run wrote %d times", n)
	}
}

// While all is paused nobody is offered anything.
func TestAPauseOffersNothing(t *testing.T) {
	w := discovering(t, "{groups: [group], onboard: true}")
	code, _, complaints := w.configured("pause", "--all", "--reason", "quiet")
	w.want(code, exitDone, complaints)
	code, _, complaints = w.configured("run")
	w.want(code, exitDone, complaints)
	if n := len(w.gitlab.Writes(time.Time{})); n != 0 {
		t.Errorf("it wrote %d times", n)
	}
}

// A list that fails is a failure that is said, and what ran before is run.
func TestAListThatFailsLosesNothing(t *testing.T) {
	w := discovering(t, "{groups: [group], topics: [pinwheel]}")
	w.project.SetTopics("pinwheel")
	code, _, complaints := w.configured("run")
	w.want(code, exitDone, complaints)
	if err := w.gitlab.Inject("GET /projects 403 always"); err != nil {
		t.Fatal(err)
	}
	code, out, complaints := w.configured("run")
	w.want(code, exitFailed, complaints)
	has(t, out, "group/project: done, ")
	has(t, complaints, "projects were not looked for")
	code, out, complaints = w.configured("plan", "group/project")
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: ")
	code, _, complaints = w.configured("plan")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "lists no projects, it finds them: name those that you mean")
}
