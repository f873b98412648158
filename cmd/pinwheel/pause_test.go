package main

import (
	"strings"
	"sync"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

func TestPauseAndResume(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		args []string
		code int
		want string // on stdout, or on stderr if it failed
	}{
		{[]string{"pause"}, exitDone, ""},
		{[]string{"pause", "--all"}, exitUsage, "add --reason TEXT"},
		{[]string{"pause", "--reason", "x"}, exitUsage, "name the projects, or give --all"},
		{[]string{"pause", "--reason", "x", "--all", "group/project"}, exitUsage, "name projects or give --all"},
		{[]string{"pause", "--reason", "x", "group/none"}, exitUsage, `has no project "group/none"`},
		{[]string{"pause", "--reason", "a\nb", "--all"}, exitUsage, "longer than one line"},
		{[]string{"resume"}, exitUsage, "name the projects, or give --all"},
		{[]string{"pause", "--reason", "the index moves", "Group/Project"}, exitDone, "group/project: paused since 2026-01-02T09:00:00Z by ann: the index moves\n"},
		{[]string{"pause", "--reason", "holidays", "--all"}, exitDone, "all projects: paused since 2026-01-02T09:00:00Z by ann: holidays\n"},
		{[]string{"pause", "--json"}, exitDone, `{"all":true,"paused":true,"reason":"holidays","by":"ann","since":"2026-01-02T09:00:00Z"}` + "\n" +
			`{"project":"group/project","all":false,"paused":true,"reason":"the index moves","by":"ann","since":"2026-01-02T09:00:00Z"}` + "\n"},
		{[]string{"run", "--at", saturday}, exitDone, "group/project: paused by an operator, 1 change made\n"},
		{[]string{"run", "--at", saturday}, exitDone, "group/project: paused by an operator, nothing to change\n"},
		{[]string{"resume", "--all"}, exitDone, "all projects: resumed\ngroup/project: paused since"},
		{[]string{"resume", "group/project"}, exitDone, "group/project: resumed\n"},
		{[]string{"resume", "group/project"}, exitDone, "group/project: was not paused\n"},
		{[]string{"pause"}, exitDone, ""},
	} {
		w.env["GITLAB_USER_LOGIN"] = "ann"
		code, out, complaints := w.configured(c.args...)
		w.want(code, c.code, complaints)
		has(t, out+complaints, c.want)
		delete(w.env, "GITLAB_USER_LOGIN")
	}
	if len(w.project.MRs()) > 0 {
		t.Error("a paused project got a merge request")
	}
	code, _, complaints := w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	if len(w.project.MRs()) == 0 {
		t.Error("a project that was resumed got no merge request")
	}
}

// A run that is at work when the pause comes begins no other change.
func TestAPauseStopsARunAtWork(t *testing.T) {
	w := newWorld(t)
	w.project.Push("maintainer", "main", "two that move", map[string]string{"constraints.txt": strings.ReplaceAll(pins, "urllib3==2.1.0", "urllib3==2.0.0")}) //nolint:errcheck // it is looked at below
	if err := w.index.Load("urllib3 2.0.0 2023-10-13\n"); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	w.gitlab.OnRequest(func(c gitlabsim.Call) {
		if c.Method == "POST" && strings.HasSuffix(c.Route, "/repository/commits") {
			once.Do(func() {
				if code, _, complaints := w.configured("pause", "--all", "--reason", "now"); code != exitDone {
					t.Error(complaints)
				}
			})
		}
	})
	code, _, complaints := w.configured("run", "--at", saturday)
	w.want(code, exitFailed, complaints)
	has(t, complaints, "it was paused while it was at work")
	if n := len(w.project.Branches()); n != 2 {
		t.Errorf("%d branches, want main and the one that was under way", n)
	}
	code, out, complaints := w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "paused by an operator")
	code, _, complaints = w.configured("resume", "--all")
	w.want(code, exitDone, complaints)
	code, _, complaints = w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	if n := len(w.project.MRs()); n != 2 {
		t.Errorf("%d merge requests after the pause, want 2", n)
	}
}
