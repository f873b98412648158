package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

func (w *world) hooking() {
	w.write("pinwheel.yaml", w.read("pinwheel.yaml")+"listen: {hooks_url: \"https://pinwheel.example.com/hooks/gitlab\"}\n")
	w.env["PINWHEEL_HOOKS_TOKEN"] = "a-token-of-hooks"
	w.env["PINWHEEL_GITLAB_MAINTAINER_TOKEN"] = w.gitlab.Token("maintainer")
}

func TestHooksAreInstalledOnceAndChecked(t *testing.T) {
	w := newWorld(t)
	w.hooking()
	code, out, complaints := w.configured("hooks", "check")
	w.want(code, exitFailed, complaints)
	has(t, out, "group/project: there is no webhook: pinwheel hooks install makes it\n")
	code, out, complaints = w.configured("hooks", "install")
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: the webhook was made\n")
	code, out, complaints = w.configured("hooks", "check", "group/project")
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: the webhook is there\n")
	code, out, complaints = w.configured("hooks", "install", "--json")
	w.want(code, exitDone, complaints)
	has(t, out, `{"of":"group/project","group":false,"state":"changed"}`)
	code, out, complaints = w.configured("hooks", "install", "--group", "group")
	w.want(code, exitFailed, complaints)
	has(t, out+complaints, "the token's user may not list the webhooks of the group group: use the token of its Owner in PINWHEEL_GITLAB_MAINTAINER_TOKEN")
	w.gitlab.AddMember(w.project, "maintainer", gitlabsim.Owner)
	code, out, complaints = w.configured("hooks", "install", "--group", "group")
	w.want(code, exitDone, complaints)
	has(t, out, "group: the webhook was made\n")
	code, out, complaints = w.configured("hooks", "check", "--group", "group")
	w.want(code, exitDone, complaints)
	has(t, out, "group: the webhook is there\n")
}

func TestHooksSayWhatTheyNeed(t *testing.T) {
	for name, c := range map[string]struct {
		keys string
		env  map[string]string
		args []string
		code int
		want string
	}{
		"nothing to do": {"", nil, []string{"hooks"}, exitUsage, "pinwheel hooks install, or pinwheel hooks check"},
		"no address":    {"", nil, []string{"hooks", "check"}, exitUsage, "add listen.hooks_url, such as https://pinwheel.example.com/hooks/gitlab"},
		"no token":      {"listen: {hooks_url: \"https://p.example.com/hooks/gitlab\"}\n", nil, []string{"hooks", "check"}, exitUsage, "set PINWHEEL_HOOKS_TOKEN or listen.hooks_token_file"},
		"no maintainer": {
			"listen: {hooks_url: \"https://p.example.com/hooks/gitlab\"}\n", map[string]string{"PINWHEEL_HOOKS_TOKEN": "abc-secret"},
			[]string{"hooks", "check"}, exitUsage, "set PINWHEEL_GITLAB_MAINTAINER_TOKEN for this command",
		},
		"serve without a token": {"listen: {hooks: \"127.0.0.1:1\"}\n", nil, []string{"serve"}, exitUsage, "listen.hooks needs a token that webhooks carry"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("pinwheel.yaml", w.read("pinwheel.yaml")+c.keys)
			maps.Copy(w.env, c.env)
			code, _, complaints := w.configured(c.args...)
			w.want(code, c.code, complaints)
			has(t, complaints, c.want)
		})
	}
}

// serve takes an event as GitLab sends it, and looks at the project at once.
func TestServeTakesWebhooks(t *testing.T) {
	w := newWorld(t)
	w.env["PINWHEEL_HOOKS_TOKEN"] = "a-token-of-hooks"
	metrics, hooks := freeAddress(t), freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q, hooks: %q}\n", metrics, hooks), "--watch", "0")
	until(t, "http://"+metrics+"/metrics", `pinwheel_runs_total{project="group/project"} 1`)
	for token, want := range map[string]int{"": 401, "wrong": 401, "a-token-of-hooks": 202} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+hooks+"/hooks/gitlab", bytes.NewBufferString(`{"object_kind":"issue","user":{"username":"maintainer"},"project":{"path_with_namespace":"Group/project"}}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Gitlab-Event", "Issue Hook")
		req.Header.Set("X-Gitlab-Token", token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("the token %q is answered with %d, want %d", token, resp.StatusCode, want)
		}
	}
	body := until(t, "http://"+metrics+"/metrics", `pinwheel_runs_total{project="group/project"} 2`)
	if strings.Contains(body, "a-token-of-hooks") {
		t.Error("the metrics hold the token")
	}
	if code, complaints := stop(); code != exitDone {
		t.Errorf("exit code %d:\n%s", code, complaints)
	}
}
