package main

import (
	"fmt"
	"maps"
	"net"
	"testing"
)

func TestDoctorLooksAtAddresses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		keys string
		env  map[string]string
		code int
		want []string
	}{
		"free":             {fmt.Sprintf("listen: {metrics: %q}\n", freeAddress(t)), nil, exitDone, []string{"ok ", "listen.metrics: ", "is free"}},
		"taken":            {fmt.Sprintf("listen: {metrics: %q}\n", taken.Addr()), nil, exitDone, []string{"warning", "listen.metrics: ", "is in use: that is right if serve runs here"}},
		"of another host":  {"listen: {metrics: \"192.0.2.7:9465\"}\n", nil, exitFailed, []string{"error", "listen.metrics: ", "192.0.2.7:9465 cannot be opened on this machine"}},
		"an open page":     {fmt.Sprintf("listen: {page: \":%s\", page_access: proxy}\n", portOf(t)), nil, exitDone, []string{"warning", "listen.page: ", "let nobody reach it past the proxy"}},
		"hooks, no token":  {fmt.Sprintf("listen: {hooks: %q}\n", freeAddress(t)), nil, exitFailed, []string{"error", "listen.hooks: ", "set PINWHEEL_HOOKS_TOKEN"}},
		"a short token":    {fmt.Sprintf("listen: {hooks: %q}\n", freeAddress(t)), map[string]string{"PINWHEEL_HOOKS_TOKEN": "short-secret"}, exitDone, []string{"warning", "less than 16 characters"}},
		"hooks, no url":    {fmt.Sprintf("listen: {hooks: %q}\n", freeAddress(t)), map[string]string{"PINWHEEL_HOOKS_TOKEN": "a-token-of-some-length"}, exitDone, []string{"warning", "add listen.hooks_url"}},
		"hooks elsewhere":  {fmt.Sprintf("listen: {hooks: %q, hooks_url: \"https://p.example.com/\"}\n", freeAddress(t)), map[string]string{"PINWHEEL_HOOKS_TOKEN": "a-token-of-some-length"}, exitDone, []string{"warning", "does not end with /hooks/gitlab"}},
		"hooks as they go": {fmt.Sprintf("listen: {hooks: %q, hooks_url: \"https://p.example.com/hooks/gitlab\"}\n", freeAddress(t)), map[string]string{"PINWHEEL_HOOKS_TOKEN": "a-token-of-some-length"}, exitDone, []string{"ok ", "listen.hooks: the token is there"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("pinwheel.yaml", w.read("pinwheel.yaml")+c.keys)
			maps.Copy(w.env, c.env)
			w.doctored(c.code, c.want)
		})
	}
}

// portOf is a port on which nobody listens.
func portOf(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestDoctorLooksAtSignIns(t *testing.T) {
	w := newWorld(t)
	w.write("pinwheel.yaml", w.read("pinwheel.yaml")+w.signing(freeAddress(t)))
	secret := w.env["PINWHEEL_PAGE_SECRET"]
	w.doctored(exitDone, []string{"ok ", "listen.page: GitLab knows the application; its redirect URI has to be http://127.0.0.1:", "/sign-in/callback, and its scope read_api"})
	w.env["PINWHEEL_PAGE_SECRET"] = "gloas-another-secret"
	w.doctored(exitFailed, []string{"error", "listen.page: GitLab does not know the application", "with this secret"})
	delete(w.env, "PINWHEEL_PAGE_SECRET")
	w.doctored(exitFailed, []string{"error", "listen.page: ", "set PINWHEEL_PAGE_SECRET or listen.page_secret_file"})
	w.env["PINWHEEL_PAGE_SECRET"] = secret
	if err := w.gitlab.Inject("POST /oauth/token 502 always"); err != nil {
		t.Fatal(err)
	}
	code, out, complaints := w.configured("doctor")
	w.want(code, exitDone, complaints+out)
	has(t, out, "listen.page: whether GitLab knows the application", "cannot be read")
}
