package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// mergingApart is a world in which pinwheel's own user may not merge into main, and
// another one may: it has a pipeline that passed for the one merge request.
func mergingApart(t *testing.T) *world {
	w := newWorld(t)
	w.gitlab.AddUser("merger", "A Merger", false)
	w.gitlab.AddMember(w.project, "merger", gitlabsim.Maintainer)
	w.edit("Europe/Prague}", "Europe/Prague, merge: {}}")
	w.project.SetCI(true)
	w.project.Set(gitlabsim.Settings{MergeMethod: "ff"})
	w.project.Protect("main", gitlabsim.Maintainer, gitlabsim.Maintainer)
	code, _, complaints := w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	if err := w.project.Pipeline("maintainer", "!1", "success"); err != nil {
		t.Fatal(err)
	}
	return w
}

// The token that merges, from a variable or a file, makes the one call that merges, and
// no other request of a run. Its absence changes nothing.
func TestATokenOfItsOwnMerges(t *testing.T) {
	for _, from := range []string{"variable", "file"} {
		w := mergingApart(t)
		code, _, complaints := w.configured("run", "--at", "2026-01-03T10:00:00Z")
		w.want(code, exitDone, complaints)
		if mr, _ := w.project.MR(1); mr.State != "opened" {
			t.Fatalf("it is %s without the token", mr.State)
		}
		token := w.gitlab.Token("merger")
		if from == "file" {
			w.edit("gitlab: {url: ", "gitlab: {merge_token_file: "+w.write("merge-token", token+"\n")+", url: ")
			w.env["NOT_A_VARIABLE_OF_OURS"] = token // so that it may not show
		} else {
			w.env["PINWHEEL_GITLAB_MERGE_TOKEN"] = token
		}
		code, _, complaints = w.configured("run", "--at", "2026-01-03T11:00:00Z")
		w.want(code, exitDone, complaints)
		if mr, _ := w.project.MR(1); mr.State != "merged" {
			t.Errorf("%s: it is %s", from, mr.State)
		}
		merges := 0
		for _, r := range w.gitlab.Requests() {
			switch merge := r.Method == http.MethodPut && strings.HasSuffix(r.Path, "/merge_requests/1/merge"); {
			case merge && r.User == "merger":
				merges++
			case merge, r.User == "merger":
				t.Errorf("%s: %s by %s", from, r, r.User)
			}
		}
		if merges != 1 {
			t.Errorf("%s: %d merges by the token's user", from, merges)
		}
	}
}

// A token that merges and is not accepted is a failure that names it and no secret, and
// nothing is merged by the other token.
func TestATokenThatMayNotMerge(t *testing.T) {
	w := mergingApart(t)
	w.env["PINWHEEL_GITLAB_MERGE_TOKEN"] = "glpat-unknown-to-this-gitlab"
	code, out, complaints := w.configured("run", "--at", "2026-01-03T11:00:00Z")
	w.want(code, exitFailed, complaints)
	has(t, out+complaints, "PINWHEEL_GITLAB_MERGE_TOKEN")
	if mr, _ := w.project.MR(1); mr.State != "opened" {
		t.Errorf("it is %s", mr.State)
	}
	w.env["PINWHEEL_GITLAB_MERGE_TOKEN"] = "glpat-one glpat-two"
	if code, out, complaints = w.configured("run"); code != exitUsage || !strings.Contains(out+complaints, "PINWHEEL_GITLAB_MERGE_TOKEN holds more than one word") {
		t.Errorf("%d: %s%s", code, out, complaints)
	}
}

// The token that merges goes to the GitLab of the configuration and to no host that
// this one sends it to.
func TestTheTokenThatMergesStaysWithItsGitLab(t *testing.T) {
	w := mergingApart(t)
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Private-Token"))
	}))
	t.Cleanup(other.Close)
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/merge") {
			http.Redirect(rw, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		w.gitlab.ServeHTTP(rw, r)
	}))
	t.Cleanup(front.Close)
	w.gitlab.SetBaseURL(front.URL)
	config, err := os.ReadFile(w.path("pinwheel.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(config), "\n")
	w.write("pinwheel.yaml", "gitlab: {url: \""+front.URL+"\"}\n"+rest)
	w.env["PINWHEEL_GITLAB_MERGE_TOKEN"] = w.gitlab.Token("merger")
	code, _, complaints := w.configured("run", "--at", "2026-01-03T11:00:00Z")
	w.want(code, exitFailed, complaints)
	if len(seen) != 0 {
		t.Errorf("another host got %d requests, with the token %q", len(seen), seen)
	}
}

func TestDoctorSaysWhatTheTokenThatMergesCanDo(t *testing.T) {
	w := mergingApart(t)
	w.env["PINWHEEL_GITLAB_MERGE_TOKEN"] = w.gitlab.Token("merger")
	w.doctored(exitDone, []string{"token that merges", "of merger has the scope api"}, []string{"group/project: the token that merges may merge into main"})
	w.env["PINWHEEL_GITLAB_MERGE_TOKEN"] = w.gitlab.Token("merger", "read_api")
	w.doctored(exitFailed, []string{"error", "token that merges", "has the scopes read_api: make one with the scope api"})
	w.env["PINWHEEL_GITLAB_MERGE_TOKEN"] = w.gitlab.Token("pinwheel-bot")
	w.doctored(exitFailed, []string{"error", "group/project: the token that merges may not merge into main"})
	w.env["PINWHEEL_GITLAB_MERGE_TOKEN"] = "glpat-unknown-to-this-gitlab"
	w.doctored(exitFailed, []string{"error", "token that merges: GitLab does not accept the token"})
	delete(w.env, "PINWHEEL_GITLAB_MERGE_TOKEN")
	if _, out, _ := w.configured("doctor"); strings.Contains(out, "token that merges") {
		t.Errorf("a token that is not there is told of:\n%s", out)
	}
}
