package main

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// signing adds a page to the configuration that people sign in to, and returns its keys.
func (w *world) signing(at string) string {
	app := w.gitlab.AddApplication([]string{"http://" + at + "/sign-in/callback"}, []string{gitlab.ReaderScope})
	w.env["PINWHEEL_PAGE_SECRET"] = app.Secret
	return fmt.Sprintf("listen: {page: %q, page_access: gitlab, page_url: \"http://%s\", page_application: %s}\n", at, at, app.ID)
}

// From the first look without a session to the page of a project, over GitLab's own pages.
func TestServeLetsReadersIn(t *testing.T) {
	w := newWorld(t)
	w.gitlab.AddUser("reader", "A Reader", false)
	w.gitlab.AddMember(w.project, "reader", gitlabsim.Reporter)
	w.gitlab.AddUser("stranger", "A Stranger", false)
	at := freeAddress(t)
	stop := w.serve(w.signing(at))
	page := "http://" + at
	until(t, page+"/", "Sign in with GitLab")
	w.gitlab.Browse("reader", true)
	browser := func() *http.Client {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return &http.Client{Jar: jar}
	}
	reads := func(c *http.Client, path string) string {
		resp, err := c.Get(page + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return bodyOf(t, resp)
	}
	reader := browser()
	reads(reader, "/sign-in")
	for !strings.Contains(reads(reader, "/projects/group/project"), "What waits for what") { // the first run is about to end
		time.Sleep(20 * time.Millisecond)
	}
	has(t, reads(reader, "/sign-in?to=/projects/group/project"), "What waits for what", "Update dependency boto3", ">reader<", "Sign out")
	w.gitlab.Browse("stranger", true)
	if body := reads(browser(), "/sign-in?to=/projects/group/project"); strings.Contains(body, "boto3") || !strings.Contains(body, "GitLab shows you the code and the dashboard of none") {
		t.Errorf("a stranger reads:\n%s", body)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/packages": 401, "/fleet": 401, "/metrics": 401} {
		if status, body := answer(t, page+path); status != want || strings.Contains(body, "boto3") {
			t.Errorf("%s answers %d, want %d", path, status, want)
		}
	}
	if code, complaints := stop(); code != exitDone {
		t.Errorf("exit code %d:\n%s", code, complaints)
	}
}

func TestServeNeedsTheSecretOfSignIns(t *testing.T) {
	w := newWorld(t)
	w.write("pinwheel.yaml", w.read("pinwheel.yaml")+w.signing("127.0.0.1:1"))
	delete(w.env, "PINWHEEL_PAGE_SECRET")
	code, _, complaints := w.configured("serve")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "page_access: gitlab needs the secret of the application: set PINWHEEL_PAGE_SECRET or listen.page_secret_file")
}
