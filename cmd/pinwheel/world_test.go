package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

const pins = "boto3==1.34.0\nurllib3==2.1.0\n-c other.txt\n"

const releases = `
boto3 1.34.0 2023-12-13
boto3 1.34.1 2023-12-14
boto3 1.35.0 2024-08-01
boto3 1.36.0 2026-01-01
urllib3 2.1.0 2023-11-13
`

// friday is outside the default window, saturday in it.
const (
	friday   = "2026-01-02T09:00:00Z"
	saturday = "2026-01-03T09:00:00Z"
)

// world is a GitLab, an index and a folder with a configuration.
type world struct {
	t       *testing.T
	gitlab  *gitlabsim.Server
	project *gitlabsim.Project
	index   *pypisim.Server
	dir     string
	env     map[string]string
	environ []string // variables that are found by the ends of their names
	serving func(context.Context) (context.Context, context.CancelFunc)
	poll    time.Duration // how often serve looks at its files
}

func newWorld(t *testing.T) *world {
	t.Helper()
	now := func() time.Time { return instant(t, friday) }
	w := &world{t: t, gitlab: gitlabsim.New(gitlabsim.Options{Now: now}), index: pypisim.New(pypisim.Options{Now: now}), dir: t.TempDir()}
	if err := w.index.Load(releases); err != nil {
		t.Fatal(err)
	}
	w.gitlab.AddBot("pinwheel-bot", "pinwheel")
	w.gitlab.AddUser("maintainer", "A Maintainer", false)
	w.project = w.gitlab.AddProject("group/project", "main", map[string]string{"constraints.txt": pins})
	w.project.SetCI(false)
	w.gitlab.AddMember(w.project, "pinwheel-bot", gitlabsim.Developer)
	w.gitlab.AddMember(w.project, "maintainer", gitlabsim.Maintainer)
	w.env = map[string]string{"PINWHEEL_GITLAB_TOKEN": w.gitlab.Token("pinwheel-bot")}
	gitlab, index := httptest.NewServer(w.gitlab), httptest.NewServer(w.index)
	t.Cleanup(gitlab.Close)
	t.Cleanup(index.Close)
	w.gitlab.SetBaseURL(gitlab.URL)
	w.write("pinwheel.yaml", fmt.Sprintf(`gitlab: {url: %q}
index: {url: %q}
store: %q
projects:
  - {path: group/project, timezone: Europe/Prague}
`, gitlab.URL, index.URL+"/simple/", filepath.Join(w.dir, "pinwheel.db")))
	t.Cleanup(func() {
		for _, f := range w.gitlab.Failures() {
			t.Errorf("the GitLab saw: %s", f)
		}
	})
	return w
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, text string) string {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return w.path(name)
}

// elsewhere writes a file into a folder of its own, beside which no configuration lies.
func (w *world) elsewhere(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w *world) read(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// pinwheel runs one command line on Friday. No secret may show.
func (w *world) pinwheel(args ...string) (code int, out, complaints string) {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{
		out: &stdout, err: &stderr, env: func(k string) string { return w.env[k] }, environ: func() []string { return w.environ },
		now:     func() time.Time { return instant(w.t, friday) },
		version: "1.2.3", instance: newInstance(), untilSignal: w.serving, poll: w.poll,
	}
	if p.untilSignal == nil {
		p.untilSignal = context.WithCancel
	}
	code = p.main(w.t.Context(), args)
	for name, secret := range w.env {
		if strings.HasPrefix(name, "CI_") && !strings.HasSuffix(name, "_TOKEN") {
			continue // what GitLab tells every job
		}
		if name == "GITLAB_USER_LOGIN" {
			continue // no secret
		}
		if strings.HasPrefix(name, "PIP_") && !strings.Contains(secret, "@") {
			continue // where pip looks, without a password
		}
		if strings.Contains(stdout.String()+stderr.String(), secret) {
			w.t.Errorf("%s shows in the output of pinwheel %s", name, strings.Join(args, " "))
		}
	}
	return code, stdout.String(), stderr.String()
}

// configured is pinwheel with the world's configuration.
func (w *world) configured(args ...string) (code int, out, complaints string) {
	w.t.Helper()
	return w.pinwheel(append(args, "--config", w.path("pinwheel.yaml"))...)
}

func (w *world) want(code, want int, complaints string) {
	w.t.Helper()
	if code != want {
		w.t.Fatalf("exit code %d, want %d; stderr:\n%s", code, want, complaints)
	}
}

func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// commandNames are the names of all commands.
func commandNames() []string {
	var out []string
	for _, c := range (&program{}).root().Commands() {
		out = append(out, c.Name())
	}
	return append(out, "help")
}
