package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// serve shows what runs stored, and nothing of strangers' texts comes through as HTML.
func TestServeShowsThePage(t *testing.T) {
	w := newWorld(t)
	w.env["GITLAB_USER_LOGIN"] = "ann"
	at := freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {page: %q, page_access: proxy}\n", at))
	page := "http://" + at
	body := until(t, page+"/", "<h2><a href=\"/projects/group/project\">group/project</a></h2>", "pins behind")
	has(t, body, "Open merge requests", `role="search"`, `<html lang="en">`)
	has(t, until(t, page+"/projects/group/project", "What waits for what"), "Update dependency boto3", "As it stands on GitLab", "boto3")
	has(t, until(t, page+"/packages", ">urllib3</a>"), ">boto3</a>")
	has(t, until(t, page+"/packages/urllib3?version=2", "group/project"), "2.1.0")
	has(t, until(t, page+"/fleet", "127.0.0.1"), "Nobody waits.")
	for path, want := range map[string]int{"/projects/group/none": 404, "/packages/none": 404, "/x": 404, "/healthz": 200, "/style.css": 200, "/?q=%3Cb%3E": 200} {
		if status, body := answer(t, page+path); status != want || strings.Contains(body, "<b>") {
			t.Errorf("%s answers %d, want %d: %s", path, status, want, body)
		}
	}
	resp, err := http.Post(page+"/", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("a POST is answered with %d, %v", resp.StatusCode, resp.Header)
	}
	for _, path := range []string{"/", "/projects/group/project", "/packages", "/fleet"} {
		_, body := answer(t, page+path)
		for _, what := range []string{"<script", " style=", "onclick", "javascript:", w.env["PINWHEEL_GITLAB_TOKEN"]} {
			if strings.Contains(body, what) {
				t.Errorf("%s holds %q", path, what)
			}
		}
	}
	w.serving = nil
	code, _, complaints := w.configured("pause", "--all", "--reason", "<i>now</i>")
	w.want(code, exitDone, complaints)
	has(t, until(t, page+"/", "Everything is paused"), "by ann: &lt;i&gt;now&lt;/i&gt;")
	if code, complaints := stop(); code != exitDone {
		t.Errorf("exit code %d:\n%s", code, complaints)
	}
}
