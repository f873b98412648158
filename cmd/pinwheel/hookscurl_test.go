package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// sent are events as GitLab 19 sends them: the headers, and the bodies of its documentation
// shortened to what stands in every one.
// https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers
var sent = map[string]struct {
	event, body string
	wakes       bool
}{
	"issue": {"Issue Hook", `{"object_kind":"issue","event_type":"issue","user":{"id":2,"name":"A Maintainer","username":"maintainer","email":"[REDACTED]"},
		"project":{"id":1,"name":"project","web_url":"https://gitlab.example.com/group/project","namespace":"group","visibility_level":0,"path_with_namespace":"group/project","default_branch":"main"},
		"object_attributes":{"id":301,"iid":1,"title":"Dependency Dashboard","description":"- [x] a","state":"opened","action":"update"},"changes":{"description":{"previous":"- [ ] a","current":"- [x] a"}},"labels":[]}`, true},
	"confidential issue of a group": {"Confidential Issue Hook", `{"object_kind":"issue","event_type":"confidential_issue","user":{"username":"maintainer"},"project":{"path_with_namespace":"Group/Project","default_branch":"main"},"object_attributes":{"iid":1}}`, true},
	"comment": {"Note Hook", `{"object_kind":"note","event_type":"note","user":{"username":"maintainer"},"project_id":1,"project":{"path_with_namespace":"group/project","default_branch":"main"},
		"object_attributes":{"id":1244,"note":"later 30d: no time","noteable_type":"MergeRequest","action":"create"},"merge_request":{"iid":1}}`, true},
	"merge request":       {"Merge Request Hook", `{"object_kind":"merge_request","event_type":"merge_request","user":{"username":"maintainer"},"project":{"path_with_namespace":"group/project","default_branch":"main"},"object_attributes":{"iid":1,"action":"merge","state":"merged"}}`, true},
	"system hook":         {"System Hook", `{"object_kind":"merge_request","event_type":"merge_request","user":{"username":"maintainer"},"project":{"path_with_namespace":"group/project","default_branch":"main"},"object_attributes":{"iid":1,"action":"close"}}`, true},
	"another project":     {"Issue Hook", `{"object_kind":"issue","user":{"username":"maintainer"},"project":{"path_with_namespace":"group/other"}}`, false},
	"a user who was made": {"System Hook", `{"event_name":"user_create","username":"new","created_at":"2026-01-01T00:00:00Z"}`, false},
}

// curl sends what GitLab sends, and returns the status and how long the answer took.
func curl(t *testing.T, url, event, token, body string) (status string, seconds float64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testenv.Command(t, "curl"), "--silent", "--show-error", "--output", "/dev/null", "--write-out", "%{http_code} %{time_total}", "--max-time", "10",
		"--header", "Content-Type: application/json", "--header", "User-Agent: GitLab/19.5.0", "--header", "X-Gitlab-Event: "+event, "--header", "X-Gitlab-Token: "+token,
		"--header", "X-Gitlab-Instance: https://gitlab.example.com", "--header", "X-Gitlab-Webhook-UUID: 4f1c02cc-7f0a-4a31-9d3c-0c1f5a4b8a10", "--header", "X-Gitlab-Event-UUID: 13792a34-cac6-4fda-95a8-c58e00a3954e",
		"--header", "Idempotency-Key: f5e57e1f-2c4e-4b5f-9b5e-0d9a7a6c1b11", "--data-binary", "@-", url)
	cmd.Stdin = strings.NewReader(body)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	if _, err := fmt.Sscan(string(out), &status, &seconds); err != nil {
		t.Fatalf("curl says %q", out)
	}
	return status, seconds
}

// Each event wakes its project once, as GitLab sends it. Whoever has no token is refused, and
// what is too large is not read.
func TestServeTakesWebhooksByCurl(t *testing.T) {
	testenv.Command(t, "curl")
	w := newWorld(t)
	w.env["PINWHEEL_HOOKS_TOKEN"] = "a-token-of-hooks"
	metrics, hooks := freeAddress(t), freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q, hooks: %q}\n", metrics, hooks), "--watch", "0")
	at := "http://" + hooks + "/hooks/gitlab"
	runs := func(n int) string { return fmt.Sprintf(`pinwheel_runs_total{project="group/project"} %d`+"\n", n) }
	until(t, "http://"+metrics+"/metrics", runs(1))
	n, slowest := 1, 0.0
	for name, e := range sent {
		status, took := curl(t, at, e.event, "a-token-of-hooks", e.body)
		if status != "202" {
			t.Errorf("%s is answered with %s", name, status)
		}
		slowest = max(slowest, took)
		if e.wakes {
			n++
		}
		until(t, "http://"+metrics+"/metrics", runs(n))
	}
	// The answer does not wait for the look. The bound is that of the issue; a machine that is
	// busy with other tests gets ten times as much.
	if slowest > 0.5 {
		t.Errorf("the slowest answer took %.3f s", slowest)
	}
	t.Logf("the slowest of %d answers took %.1f ms", len(sent), 1000*slowest)
	issue := sent["issue"]
	for name, c := range map[string]struct{ token, body, want string }{
		"another token": {"a-token-of-hookz", issue.body, "401"}, "a part of the token": {"a-token-of-hook", issue.body, "401"}, "no token": {"", issue.body, "401"},
		"2 MiB": {"a-token-of-hooks", strings.Replace(issue.body, "- [x] a", strings.Repeat("a", 2<<20), 1), "413"}, "no JSON": {"a-token-of-hooks", "<html>", "400"},
	} {
		if status, _ := curl(t, at, issue.event, c.token, c.body); status != c.want {
			t.Errorf("%s is answered with %s, want %s", name, status, c.want)
		}
	}
	for _, path := range []string{"/", "/hooks/gitlab/x", "/metrics"} {
		if status, _ := curl(t, "http://"+hooks+path, issue.event, "a-token-of-hooks", issue.body); status != "404" {
			t.Errorf("%s is answered with %s", path, status)
		}
	}
	if code, complaints := stop(); code != exitDone || strings.Contains(complaints, "a-token-of-hooks") {
		t.Errorf("exit code %d:\n%s", code, complaints)
	}
}
