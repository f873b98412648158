package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
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
	serving func(context.Context) (context.Context, context.CancelFunc)
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
		out: &stdout, err: &stderr, env: func(k string) string { return w.env[k] },
		now:     func() time.Time { return instant(w.t, friday) },
		version: "1.2.3", instance: newInstance(), untilSignal: w.serving,
	}
	if p.untilSignal == nil {
		p.untilSignal = func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
	}
	code = p.main(w.t.Context(), args)
	for name, secret := range w.env {
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

func TestRun(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("run")
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: done, 1 behind of 2 pins, 0 merge requests open, 1 change made")
	if n := len(w.project.Issues()); n != 1 {
		t.Fatalf("%d issues, want the dashboard", n)
	}
	code, out, complaints = w.configured("run", "group/project", "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "1 merge request open")
	all := w.project.MRs()
	if len(all) != 1 {
		t.Fatalf("merge requests %v, want one", all)
	}
	has(t, w.project.Diff("main", all[0].SourceBranch), "-boto3==1.34.0", "+boto3==1.3")
	code, out, complaints = w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "nothing to change")
}

func TestRunStopsAtAMalformedFile(t *testing.T) {
	w := newWorld(t)
	if _, err := w.project.EditFile("maintainer", "constraints.txt", "boto3==1.34.0\nboto3 = 2\n"); err != nil {
		t.Fatal(err)
	}
	code, out, complaints := w.configured("run")
	w.want(code, exitStopped, complaints)
	has(t, out, "group/project: stopped")
	has(t, complaints, "pinwheel: group/project: constraints.txt:2: ")
	code, _, complaints = w.configured("plan")
	w.want(code, exitStopped, complaints)
}

func TestPlan(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("plan", "group/project")
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: 2 pins, 1 current, 1 behind, 1 line not managed, the window opens Sat 2026-01-03 00:00 Europe/Prague",
		"PACKAGE", "boto3", "1.35.0", "awaiting-schedule")
	code, out, complaints = w.configured("plan", "--at", saturday, "--diff")
	w.want(code, exitDone, complaints)
	has(t, out, "--- constraints.txt\n+++ constraints.txt\n@@ -1,3 +1,3 @@\n-boto3==1.34.0\n+boto3==1.35.0\n urllib3==2.1.0\n")
	code, out, complaints = w.configured("plan", "--dashboard")
	w.want(code, exitDone, complaints)
	has(t, out, "## Awaiting Schedule", "unschedule-branch=")
	if n := len(w.gitlab.Writes(time.Time{})); n != 0 {
		t.Errorf("%d writes to GitLab, want none", n)
	}
	// What plan prints is what run writes.
	w.configured("run")
	if issue, _ := w.project.Issue(1); strings.TrimSpace(out) != strings.TrimSpace(issue.Description) {
		t.Errorf("plan --dashboard printed\n%s\nrun wrote\n%s", out, issue.Description)
	}
}

func TestPlanJSON(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("plan", "--json", "--at", saturday)
	w.want(code, exitDone, complaints)
	var got []planOut
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in:\n%s", err, out)
	}
	if len(got) != 1 || len(got[0].Updates) != 1 || len(got[0].Actions) != 2 || len(got[0].Unmanaged) != 1 {
		t.Fatalf("unexpected plan:\n%s", out)
	}
	move := got[0].Updates[0].Moves[0]
	if move.Package != "boto3" || move.From != "1.34.0" || move.To != "1.35.0" || move.Line != 1 {
		t.Errorf("unexpected move %+v", move)
	}
}

// With --file neither a token nor a GitLab is needed.
func TestPlanOfAFile(t *testing.T) {
	w := newWorld(t)
	w.env = nil
	file := w.write("constraints.txt", pins)
	for _, twin := range []string{"", "variables:\n  PYTHON_CONSTRAINTS: old\n"} {
		args := []string{"plan", "--file", file, "--derived", w.path("twin.yml"), "--diff", "--at", saturday}
		if twin != "" {
			w.write("twin.yml", twin)
		}
		code, out, complaints := w.configured(args...)
		w.want(code, exitDone, complaints)
		has(t, out, file+": 2 pins, 1 current, 1 behind", "boto3", "+boto3==1.35.0", "+    boto3==1.35.0")
	}
	if n := len(w.gitlab.Requests()); n != 0 {
		t.Errorf("%d requests to GitLab, want none", n)
	}
	if _, err := os.Stat(w.path("pinwheel.db")); err == nil {
		t.Error("the store of the configuration was made")
	}
}

func TestExplain(t *testing.T) {
	w := newWorld(t)
	file := w.write("constraints.txt", pins)
	for _, args := range [][]string{{"explain", "Boto3"}, {"explain", "boto3", "--file", file}} {
		code, out, complaints := w.configured(args...)
		w.want(code, exitDone, complaints)
		has(t, out, "boto3 1.34.0 (", "1.36.0  2026-01-01  ", "1.35.0  2024-08-01  taken", "1.34.1  2023-12-14  ")
		if strings.Index(out, "1.36.0") > strings.Index(out, "1.34.1") {
			t.Errorf("not newest first:\n%s", out)
		}
	}
}

func TestDerive(t *testing.T) {
	w := newWorld(t)
	file, twin := w.write("constraints.txt", "boto3==1.34.0\n"), w.path("twin.yml")
	code, _, complaints := w.pinwheel("derive", file, twin, "--check")
	w.want(code, exitFailed, complaints)
	has(t, complaints, twin+" is absent")
	code, out, complaints := w.pinwheel("derive", file, twin)
	w.want(code, exitDone, complaints)
	has(t, out, "twin.yml written")
	has(t, w.read("twin.yml"), "variables:\n  PYTHON_CONSTRAINTS: |\n    boto3==1.34.0\n")
	code, _, complaints = w.pinwheel("derive", "--check", file, twin)
	w.want(code, exitDone, complaints)
	w.write("constraints.txt", "boto3==1.35.0\n")
	code, _, complaints = w.pinwheel("derive", file, "--check", twin)
	w.want(code, exitFailed, complaints)
	has(t, complaints, "does not hold the pins")
	w.write("list.yml", "# kept\nother: 1\npins:\n  python: []\n")
	code, _, complaints = w.pinwheel("derive", file, w.path("list.yml"), "--format", "list", "--key", "pins.python")
	w.want(code, exitDone, complaints)
	has(t, w.read("list.yml"), "# kept\nother: 1\npins:\n  python:", "boto3==1.35.0")
	left, err := filepath.Glob(w.path(".pinwheel-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestValidate(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("validate")
	w.want(code, exitDone, complaints)
	has(t, out, "is valid: 1 project, 1 index")
	bad := w.write("bad.yaml", "projcts: []\nprojects:\n  - path: group/project\n    mode: half\n")
	w.write("own.yaml", "labels: [a]\n")
	if code, out, said := w.pinwheel("validate", "--own", w.path("own.yaml")); code != exitDone || !strings.Contains(out, "is valid: it sets labels") {
		t.Errorf("a good file of a project: %d %s %s", code, out, said)
	}
	w.write("own.yaml", "path: a/b\n")
	if code, _, said := w.pinwheel("validate", "--own", w.path("own.yaml")); code != exitUsage || !strings.Contains(said, "1: path: unknown key") {
		t.Errorf("a bad file of a project: %d %s", code, said)
	}
	code, _, complaints = w.pinwheel("validate", bad)
	w.want(code, exitUsage, complaints)
	has(t, complaints, bad+":1: projcts", bad+":4: ")
}

// serve looks at the projects, and a stop lets it end well.
func TestServe(t *testing.T) {
	w := newWorld(t)
	w.serving = func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		w.gitlab.AfterRequest(func(c gitlabsim.Call) {
			if c.Method == "POST" && strings.HasSuffix(c.Route, "/issues") {
				cancel() // in the middle of the run, which is then finished
			}
		})
		return ctx, cancel
	}
	code, out, complaints := w.configured("serve", "--now", "--textfile-metrics", w.path("pinwheel.prom"))
	w.want(code, exitDone, complaints)
	figures, err := os.ReadFile(w.path("pinwheel.prom"))
	if err != nil {
		t.Fatal(err)
	}
	has(t, string(figures), `pinwheel_runs_total{project="group/project"} 1`, `pinwheel_last_good_run_timestamp_seconds{project="group/project"} `,
		`pinwheel_pins{project="group/project"} `, "# TYPE pinwheel_updates gauge", `state="awaiting-schedule"`)
	if strings.Contains(string(figures), w.env["PINWHEEL_GITLAB_TOKEN"]) {
		t.Error("the metrics hold the token")
	}
	if out != "" {
		t.Errorf("serve printed %q", out)
	}
	has(t, complaints, `"msg":"stopped","runs":1,"failed":0`)
	for line := range strings.Lines(complaints) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

// history tells what was offered and what became of it, also from a database
// that was filled again.
func TestHistory(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("history")
	w.want(code, exitUsage, out)
	has(t, complaints, "there is no history yet")
	at := func(time string) {
		t.Helper()
		code, _, complaints := w.configured("run", "--at", time)
		w.want(code, exitDone, complaints)
	}
	at("2026-01-03T09:00:00Z")
	mrs := w.project.MRs()
	if len(mrs) != 1 {
		t.Fatalf("%d merge requests", len(mrs))
	}
	if err := w.project.MergeMR("maintainer", mrs[0].IID); err != nil {
		t.Fatal(err)
	}
	at("2026-01-03T10:00:00Z")
	code, first, complaints := w.configured("history")
	w.want(code, exitDone, complaints)
	has(t, first, "OFFERED", "!1 ", " merged ", "maintainer", "\ngroup/project: 2 pins, 1 current, 1 behind, 1 line not managed\n")
	_, lines, _ := w.configured("history", "--json")
	for line := range strings.Lines(lines) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Project != "group/project" || len(e.Moves) == 0 || !strings.Contains(line, `"standings":{"behind":1,`) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if err := os.Remove(w.path("pinwheel.db")); err != nil {
		t.Fatal(err)
	}
	at("2026-01-03T11:00:00Z")
	if _, again, _ := w.configured("history"); again != first {
		t.Errorf("after the database was lost:\n%s\nbefore:\n%s", again, first)
	}
	code, out, _ = w.configured("history", "no-such-package")
	w.want(code, exitDone, out)
	has(t, out, "nothing was offered yet")
}

// health tells recent runs from old ones, failed ones and none.
func TestHealth(t *testing.T) {
	w := newWorld(t)
	healthy := func(want int, says string, args ...string) {
		t.Helper()
		code, out, complaints := w.configured(append([]string{"health"}, args...)...)
		w.want(code, want, complaints+out)
		has(t, out, says)
	}
	healthy(exitFailed, "group/project: no good run yet")
	code, _, complaints := w.configured("run", "--at", "2026-01-02T08:00:00Z")
	w.want(code, exitDone, complaints)
	healthy(exitDone, "the last good run ended 2026-01-02T08:00:00Z", "--at", "2026-01-02T10:59:00Z")
	healthy(exitFailed, "more than 3h0m0s ago", "--at", "2026-01-02T11:01:00Z")
	w.project.SetIssuesEnabled(false)
	if code, _, _ := w.configured("run", "--at", "2026-01-02T12:00:00Z"); code != exitFailed {
		t.Fatalf("a run without issues ended with %d", code)
	}
	healthy(exitFailed, "more than 3h0m0s ago: issues are disabled", "--at", "2026-01-02T12:01:00Z")
	healthy(exitDone, "the last run ended 2026-01-02T12:00:00Z", "--at", "2026-01-02T12:01:00Z", "--any")
	healthy(exitFailed, "more than 30s ago", "--at", "2026-01-02T12:01:00Z", "--any", "--within", "30s")
}

// Completion knows every command and its flags, and bash understands it.
func TestCompletion(t *testing.T) {
	w := newWorld(t)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, out, complaints := w.pinwheel("completion", shell)
		w.want(code, exitDone, complaints)
		for _, c := range commands() {
			has(t, out, c.name)
		}
		has(t, out, "config", "textfile-metrics", "exit-codes")
	}
	bash := testenv.Command(t, "bash")
	_, out, _ := w.pinwheel("completion", "bash")
	ask := func(line string) string {
		t.Helper()
		words := strings.Split(line, " ")
		script := out + fmt.Sprintf("\nCOMP_WORDS=(%s); COMP_CWORD=%d; [ -n \"${COMP_WORDS[%d]}\" ] || COMP_WORDS[%d]=; _pinwheel; echo \"${COMPREPLY[@]}\"", line, len(words)-1, len(words)-1, len(words)-1)
		said, err := exec.CommandContext(t.Context(), bash, "-c", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return strings.TrimSpace(string(said))
	}
	for line, want := range map[string]string{
		"pinwheel ru": "run", "pinwheel serve --n": "--now", "pinwheel completion f": "fish", "pinwheel help exi": "exit-codes", "pinwheel health --wi": "--within",
	} {
		if got := ask(line); got != want {
			t.Errorf("%q is completed to %q", line, got)
		}
	}
}

func TestTopics(t *testing.T) {
	w := newWorld(t)
	for _, topic := range topics() {
		code, out, complaints := w.pinwheel("help", topic.name)
		w.want(code, exitDone, complaints)
		has(t, out, topic.summary)
		for line := range strings.Lines(out) {
			if len(line) > 82 {
				t.Errorf("%s: a line of %d characters: %s", topic.name, len(line), line)
			}
		}
	}
}

func TestDemo(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.pinwheel("demo", "--once")
	w.want(code, exitDone, complaints)
	if out == "" || complaints != "" {
		t.Errorf("stdout has %d bytes, stderr %q", len(out), complaints)
	}
	code, _, complaints = w.pinwheel("demo", "--port", "70000")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "--port 70000 is no port")
	w.serving = func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, stop := context.WithCancel(ctx)
		stop()
		return ctx, stop
	}
	code, _, complaints = w.pinwheel("demo")
	w.want(code, exitDone, complaints)
}

func TestVersionAndHelp(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.pinwheel("version")
	w.want(code, exitDone, complaints)
	has(t, out, "pinwheel 1.2.3 (go")
	for _, c := range commands() {
		for _, args := range [][]string{{"help", c.name}, {c.name, "--help"}, {c.name, "-h"}} {
			code, out, complaints = w.pinwheel(args...)
			w.want(code, exitDone, complaints)
			has(t, out, "Usage: pinwheel "+c.name)
		}
	}
	for _, args := range [][]string{{"help"}, {"--help"}} {
		code, out, complaints = w.pinwheel(args...)
		w.want(code, exitDone, complaints)
		has(t, out, "pinwheel demo", "derive", "Exit codes")
	}
}

// A project that is off or paused is done, and says why nothing happens.
func TestRunOfAProjectThatRests(t *testing.T) {
	w := newWorld(t)
	code, _, complaints := w.configured("run")
	w.want(code, exitDone, complaints)
	must(t, w.project.CloseIssue("maintainer", 1))
	code, out, complaints := w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: paused, since a person closed its dashboard")
	w.write("pinwheel.yaml", w.read("pinwheel.yaml")+"defaults: {mode: \"off\"}\n")
	code, out, complaints = w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: off by the configuration")
	if all := w.project.MRs(); len(all) > 0 {
		t.Errorf("merge requests %v, want none", all)
	}
}

// Of several projects each is looked at, and the worst code counts.
func TestRunOfTwoProjects(t *testing.T) {
	w := newWorld(t)
	good := w.gitlab.AddProject("group/good", "main", map[string]string{"constraints.txt": pins})
	w.gitlab.AddMember(good, "pinwheel-bot", gitlabsim.Developer)
	w.write("pinwheel.yaml", strings.Replace(w.read("pinwheel.yaml"), "projects:\n", "projects:\n  - {path: group/absent, timezone: UTC}\n  - {path: group/good, timezone: UTC}\n", 1))
	code, out, complaints := w.configured("run")
	w.want(code, exitStopped, complaints)
	has(t, complaints, "pinwheel: group/absent: could not ", "no such project")
	has(t, out, "group/good: done", "group/project: done")
	code, _, complaints = w.configured("plan", "--dashboard")
	w.want(code, exitUsage, complaints)
	code, out, complaints = w.configured("plan", "group/good", "--dashboard")
	w.want(code, exitDone, complaints)
	has(t, out, "## Awaiting Schedule")
}

func TestUnified(t *testing.T) {
	tests := []struct{ from, to, want string }{
		{"a\n", "a\n", ""},
		{"", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"a\n", "", "@@ -1,1 +0,0 @@\n-a\n"},
		{"1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\n4\nx\n6\n7\n", "@@ -2,6 +2,6 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n"},
		{
			"a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\n",
			"@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+B\n",
		},
		{"a\n1\n2\n3\nb\n", "1\n2\n3\n\x1b[2J\n", "@@ -1,5 +1,4 @@\n-a\n 1\n 2\n 3\n-b\n+?[2J\n"},
	}
	for _, tt := range tests {
		want := tt.want
		if want != "" {
			want = "--- f\n+++ f\n" + want
		}
		if got := unified("f", []byte(tt.from), []byte(tt.to), true); got != want {
			t.Errorf("unified(%q, %q) =\n%s\nwant\n%s", tt.from, tt.to, got, want)
		}
	}
	if got, want := (&program{colour: true}).coloured("-a\n b\n"), "\x1b[31m-a\x1b[0m\n b\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
