package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// pagesOfLists are the routes that a run reads page by page.
var pagesOfLists = []string{
	"/projects/:id/merge_requests", "/projects/:id/issues", "/projects/:id/issues/:iid/notes", "/projects/:id/repository/branches", "/projects/:id/protected_branches",
}

// beyondLists counts what was read beyond pages of lists, and the routes.
func (w *world) beyondLists(since time.Time) (n int, by map[string]int) {
	by = map[string]int{}
	for _, route := range w.reads(since) {
		by[route]++
	}
	for _, route := range pagesOfLists {
		delete(by, route)
	}
	for _, times := range by {
		n += times
	}
	return n, by
}

// Two hundred merge requests of another bot's are taken over by two reads for each: what
// its branch changes, and the merge request itself before its text is written. The run after
// it reads none of them.
func TestTwoHundredMergeRequestsAreTakenOverByTwoReadsEach(t *testing.T) {
	testenv.Unraced(t, "it counts requests, and the other tests of taking over run under it")
	const all = 200
	w := newWorld(t)
	w.gitlab.AddBot("renovate-bot", "Renovate Bot")
	w.gitlab.AddMember(w.project, "renovate-bot", gitlabsim.Developer)
	var pins, index strings.Builder
	for i := range all {
		fmt.Fprintf(&pins, "p%03d==1.0\n", i)
		fmt.Fprintf(&index, "p%03d 1.0 2023-11-25T15:00Z\np%03d 1.1 2025-11-25T15:00Z\n", i, i)
	}
	if err := w.index.Load(index.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.project.EditFile("alice", "constraints.txt", pins.String()); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		branch, step := fmt.Sprintf("renovate/p%03d-1.x", i), strings.Replace(pins.String(), fmt.Sprintf("p%03d==1.0", i), fmt.Sprintf("p%03d==1.1", i), 1)
		if _, err := w.project.Push("renovate-bot", branch, "Update", map[string]string{"constraints.txt": step}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.project.CreateMR("renovate-bot", branch, "main", fmt.Sprintf("Update dependency p%03d to v1.1", i), "<!--renovate-debug:e30=-->"); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if w.config, err = config.Parse("pinwheel.yaml", []byte("gitlab: {url: https://gitlab.example}\nprojects:\n  - path: cki/pipe\n    timezone: UTC\n    adopt: {authors: [renovate-bot]}\n")); err != nil {
		t.Fatal(err)
	}
	since := w.now
	report := w.run()
	if report.Status != "done" || len(w.project.MRs()) != all {
		t.Fatalf("the run ended %s with %q, and there are %d merge requests", report.Status, report.Failures, len(w.project.MRs()))
	}
	for _, m := range w.project.MRs() {
		if !strings.Contains(m.Description, "pinwheel:mr v=1") {
			t.Errorf("!%d was not taken over: %q", m.IID, m.Description)
			break
		}
	}
	// In a project's first run there are its rights and its files to read, too: the token, the
	// project again, the default branch and the pins.
	const first = 4
	if n, by := w.beyondLists(since); n > 3+2*all+first {
		t.Errorf("it reads %d times beyond pages of lists, want at most %d: %v", n, 3+2*all+first, by)
	}
	w.now = w.now.Add(time.Hour)
	since = w.now
	if report := w.run(); report.Wrote != 0 {
		t.Errorf("the run after it made %d changes", report.Wrote)
	}
	if n, by := w.beyondLists(since); n > 3 {
		t.Errorf("the run after it reads %d times beyond pages of lists, want at most 3: %v", n, by)
	}
	// People push to seven of the branches: each of these is looked at, and no other one. If pinwheel
	// itself makes branches anew, it reads four times for each, since each effect reads its
	// precondition, and what it replaced: that is no part of this.
	const few = 7
	w.now = w.now.Add(time.Hour)
	for i := range few {
		if _, err := w.project.Push("bob", fmt.Sprintf("renovate/p%03d-1.x", 20*i), "Note", map[string]string{"NOTES": "mine"}); err != nil {
			t.Fatal(err)
		}
	}
	since = w.now
	w.run()
	n, by := w.beyondLists(since)
	if n > 3+2*few || n < few {
		t.Errorf("with %d new heads it reads %d times beyond pages of lists, want at most %d: %v", few, n, 3+2*few, by)
	}
}
