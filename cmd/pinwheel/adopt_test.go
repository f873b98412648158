package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// renovated is a world in which another bot left a dashboard, an open merge request and
// one that a person closed.
func renovated(t *testing.T, keys string) *world {
	t.Helper()
	w := newWorld(t)
	w.gitlab.AddBot("renovate-bot", "Renovate Bot")
	w.gitlab.AddMember(w.project, "renovate-bot", gitlabsim.Developer)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.project.CreateIssue("renovate-bot", "Dependency Dashboard", "## Open\n\n - [ ] <!-- rebase-branch=renovate/boto3-1.x -->[Update dependency boto3 to v1.35.0](!1)\n")
	must(err)
	_, err = w.project.Push("renovate-bot", "renovate/boto3-1.x", "Update dependency boto3 to v1.35.0", map[string]string{"constraints.txt": strings.Replace(pins, "1.34.0", "1.35.0", 1)})
	must(err)
	_, err = w.project.CreateMR("renovate-bot", "renovate/boto3-1.x", "main", "Update dependency boto3 to v1.35.0", "<!--renovate-debug:e30=-->")
	must(err)
	_, err = w.project.Push("renovate-bot", "renovate/urllib3-3.x", "Update dependency urllib3 to v3", map[string]string{"constraints.txt": strings.Replace(pins, "2.1.0", "3.0.0", 1)})
	must(err)
	_, err = w.project.CreateMR("renovate-bot", "renovate/urllib3-3.x", "main", "Update dependency urllib3 to v3", "")
	must(err)
	must(w.project.CloseMR("maintainer", 2))
	w.write("pinwheel.yaml", strings.Replace(w.read("pinwheel.yaml"), "{path: group/project,", "{path: group/project, "+keys, 1))
	return w
}

func TestAdoptSaysWhatItTakesOverAndDoesItWhenAsked(t *testing.T) {
	w := renovated(t, "adopt: {authors: [renovate-bot]}, ")
	before := len(w.gitlab.Writes(time.Time{}))
	code, out, complaints := w.pinwheel("adopt", "--config", w.path("pinwheel.yaml"))
	for _, part := range []string{
		`dashboard 1`, `"Dependency Dashboard" of renovate-bot becomes pinwheel's`,
		`renovate/boto3-1.x`, `is taken over with boto3 1.34.0 -> 1.35.0`,
		`a no to "Update dependency urllib3 to v3", by maintainer on 2026-01-02`, "Nothing was written",
	} {
		if !strings.Contains(out, part) {
			t.Errorf("adopt does not say %q: it says %q, %q (%d)", part, out, complaints, code)
		}
	}
	if wrote := w.gitlab.Writes(time.Time{})[before:]; code != exitDone || len(wrote) > 0 {
		t.Errorf("adopt ended with %d and wrote %v: a dry run is the default", code, wrote)
	}
	if code, out, complaints = w.pinwheel("adopt", "--yes", "--config", w.path("pinwheel.yaml")); code != exitDone {
		t.Fatalf("adopt --yes ended with %d: %q %q", code, out, complaints)
	}
	if m, _ := w.project.MR(1); !strings.Contains(m.Description, "pinwheel:mr v=1") || m.State != "opened" {
		t.Errorf("the merge request is %s and reads %q", m.State, m.Description)
	}
	if i := w.project.Issues(); len(i) != 1 || !strings.Contains(i[0].Description, "pinwheel:dashboard") {
		t.Errorf("the issues are %+v", i)
	}
	if len(w.project.MRs()) != 2 {
		t.Errorf("there are %d merge requests, want the two of the other bot", len(w.project.MRs()))
	}
	before = len(w.gitlab.Writes(time.Time{}))
	if code, _, _ := w.pinwheel("run", "--config", w.path("pinwheel.yaml")); code != exitDone || len(w.gitlab.Writes(time.Time{})) != before {
		t.Errorf("a second run ended with %d and wrote %v", code, w.gitlab.Writes(time.Time{})[before:])
	}
	code, out, complaints = w.pinwheel("adopt", "--config", w.path("pinwheel.yaml"))
	if code != exitDone || strings.Contains(out, "becomes pinwheel's") || !strings.Contains(out, "a no to") || !strings.HasSuffix(out, "\nNothing is left to take over.\n") {
		t.Errorf("a later call ended with %d and says %q, %q", code, out, complaints)
	}
}

func TestAdoptSaysWhatToWriteWhereNoBotIsNamed(t *testing.T) {
	w := renovated(t, "")
	code, _, complaints := w.pinwheel("adopt", "--config", w.path("pinwheel.yaml"))
	if code != exitUsage || !strings.Contains(complaints, "add adopt: {authors: [renovate-bot]} to the project") {
		t.Errorf("adopt ended with %d and said %q", code, complaints)
	}
}

func TestPlanComparesWithRenovate(t *testing.T) {
	w := renovated(t, "adopt: {authors: [renovate-bot]}, ")
	configured := []string{"plan", "--compare", "--config", w.path("pinwheel.yaml")}
	before := len(w.gitlab.Writes(time.Time{}))
	code, out, said := w.pinwheel(configured...)
	if want := "group/project: Renovate by its dashboard #1 of 2026-01-02T09:00:00Z and its open merge requests\n0 differences, and 1 alike. Nothing was written.\n"; code != exitDone || out != want || said != "" {
		t.Errorf("it ended with %d, %q, %q; want %q", code, out, said, want)
	}
	// A policy that takes no such step says so, with its line.
	w.edit("adopt: ", "rules: [{packages: [boto3], allowed: \"<1.35\"}], adopt: ")
	code, out, said = w.pinwheel(configured...)
	for _, part := range []string{
		"renovate/boto3-1.x: Update dependency boto3 to v1.35.0\n  Renovate  Open in !1: boto3 1.34.0 -> 1.35.0\n", "pinwheel.yaml:", "1 difference, and 0 alike.",
	} {
		if code != exitDone || !strings.Contains(out, part) {
			t.Errorf("it ended with %d and does not say %q: %q, %q", code, part, out, said)
		}
	}
	code, out, said = w.pinwheel(append(configured, "--json")...)
	var got comparedOut
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitDone {
		t.Fatalf("it ended with %d, %v: %q, %q", code, err, out, said)
	}
	if got.Project != "group/project" || got.Branch != "renovate/boto3-1.x" || got.Other == nil || got.Other.MR != 1 || !strings.Contains(got.Why, "boto3 1.35.0") {
		t.Errorf("got %+v", got)
	}
	if wrote := w.gitlab.Writes(time.Time{})[before:]; len(wrote) > 0 {
		t.Errorf("it wrote %v", wrote)
	}
	for flags, want := range map[string]string{
		"--diff": "--compare excludes --diff", "--dashboard": "--compare excludes", "--against x": "--compare excludes", "--file x": "--compare needs a project on GitLab",
	} {
		code, _, said := w.pinwheel(append(configured, strings.Fields(flags)...)...)
		if code != exitUsage || !strings.Contains(said, want) {
			t.Errorf("with %s it ended with %d and said %q, want %q", flags, code, said, want)
		}
	}
	w.edit("adopt: {authors: [renovate-bot]}, ", "")
	if code, _, said := w.pinwheel(configured...); code != exitUsage || !strings.Contains(said, "add adopt: {authors: [renovate-bot]} to the project") {
		t.Errorf("without a name it ended with %d and said %q", code, said)
	}
}
