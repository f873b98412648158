package main

import (
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

// lines are the lines of a doctor's output that hold every part.
func lines(out string, parts ...string) (found []string) {
	for line := range strings.Lines(out) {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(line, part)
		}
		if all {
			found = append(found, line)
		}
	}
	return found
}

func (w *world) doctored(want int, parts ...[]string) {
	w.t.Helper()
	w.gitlab.ForgetRequests()
	code, out, said := w.configured("doctor")
	w.want(code, want, said+out)
	for _, p := range parts {
		if len(lines(out, p...)) != 1 {
			w.t.Errorf("%d lines hold %q:\n%s", len(lines(out, p...)), p, out)
		}
	}
	shape := regexp.MustCompile(`^(ok     |warning|error  )  [^:]+: `)
	for line := range strings.Lines(out) {
		if !shape.MatchString(line) {
			w.t.Errorf("a line of another shape: %s", line)
		}
	}
	if n := len(w.gitlab.Writes(time.Time{})); n > 0 {
		w.t.Errorf("the doctor wrote %d times", n)
	}
}

func TestDoctorFindsNothing(t *testing.T) {
	w := newWorld(t)
	w.index.Load("pip 25.0 2025-01-01") //nolint:errcheck // one line
	w.gitlab.Expire(w.env["PINWHEEL_GITLAB_TOKEN"], instant(t, "2026-12-01T00:00:00Z"))
	w.doctored(exitDone,
		[]string{"ok ", "database", "is not there yet"},
		[]string{"ok ", "token: of pinwheel-bot has the scope api and expires on 2026-12-01"},
		[]string{"ok ", "clock: agrees with GitLab's"},
		[]string{"ok ", "group/project: the token's user is a Developer"},
		[]string{"ok ", "issues are enabled"},
		[]string{"ok ", "the merge method is merge"},
		[]string{"ok ", "main is protected from the token"},
		[]string{"ok ", "no branch under pinwheel/ is protected"},
		[]string{"ok ", "constraints.txt holds 2 pins"},
		[]string{"ok ", "schedule and window meet next on Sat 3 Jan 2026 00:00 Europe/Prague"},
		[]string{"ok ", "the index: answers at", "knows all of its 2 pins"})
	if _, err := os.Stat(w.path("pinwheel.db")); err == nil {
		t.Error("the doctor made a database")
	}
	code, _, said := w.configured("run")
	w.want(code, exitDone, said)
	w.doctored(exitDone, []string{"ok ", "pinwheel.db: is whole"})
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(w *world)
		code  int
		want  []string
	}{
		"no end":    {func(*world) {}, exitDone, []string{"warning", "token", "never expires"}},
		"near end":  {func(w *world) { w.gitlab.Expire(w.env["PINWHEEL_GITLAB_TOKEN"], instant(t, "2026-01-10T00:00:00Z")) }, exitDone, []string{"warning", "expires on 2026-01-10: rotate it before"}},
		"at an end": {func(w *world) { w.gitlab.Expire(w.env["PINWHEEL_GITLAB_TOKEN"], instant(t, "2026-01-01T00:00:00Z")) }, exitFailed, []string{"error", "token: GitLab does not accept the token"}},
		"scope":     {func(w *world) { w.env["PINWHEEL_GITLAB_TOKEN"] = w.gitlab.Token("pinwheel-bot", "read_api") }, exitFailed, []string{"error", "has the scopes read_api: make one with the scope api"}},
		"none":      {func(w *world) { delete(w.env, "PINWHEEL_GITLAB_TOKEN") }, exitFailed, []string{"error", "token: ", "PINWHEEL_GITLAB_TOKEN"}},
		"role":      {func(w *world) { w.project.SetRole("pinwheel-bot", gitlabsim.Reporter) }, exitFailed, []string{"error", "is less than a Developer"}},
		"much":      {func(w *world) { w.project.SetRole("pinwheel-bot", gitlabsim.Maintainer) }, exitDone, []string{"warning", "is more than a Developer"}},
		"stranger":  {func(w *world) { w.project.SetRole("pinwheel-bot", gitlabsim.NoAccess) }, exitFailed, []string{"error", "group/project: ", "there is no such project"}},
		"issues":    {func(w *world) { w.project.SetIssuesEnabled(false) }, exitFailed, []string{"error", "issues are disabled"}},
		"mrs":       {func(w *world) { w.project.Set(gitlabsim.Settings{MRsDisabled: true}) }, exitFailed, []string{"error", "group/project: merge requests are off: turn them on"}},
		"empty":     {func(w *world) { w.project.Empty() }, exitFailed, []string{"error", "group/project: the repository is empty: push a first commit that holds constraints.txt"}},
		"guest":     {func(w *world) { w.project.SetRole("pinwheel-bot", gitlabsim.Guest) }, exitFailed, []string{"error", "has the role Guest here and may not read the repository: give it the role Developer"}},
		"archived":  {func(w *world) { w.project.Set(gitlabsim.Settings{Archived: true}) }, exitFailed, []string{"error", "is archived"}},
		"ff":        {func(w *world) { w.project.Set(gitlabsim.Settings{MergeMethod: "ff"}) }, exitDone, []string{"warning", "the merge method ff"}},
		"open main": {func(w *world) { w.project.Unprotect("main") }, exitDone, []string{"warning", "may push to main"}},
		"prefix": {func(w *world) {
			w.project.Protect("pinwheel/*", gitlabsim.Maintainer, gitlabsim.Maintainer)
			if err := w.project.CreateBranch("maintainer", "pinwheel/x", "main"); err != nil {
				t.Fatal(err)
			}
		}, exitFailed, []string{"error", "pinwheel/x is protected, so it cannot be rebuilt"}},
		"rule": {func(w *world) { w.project.Protect("pin*", gitlabsim.Maintainer, gitlabsim.Maintainer) }, exitFailed, []string{"error", "pin* is protected, so it cannot be rebuilt"}},
		"rule for us": {func(w *world) { w.project.Protect("pinwheel/*", gitlabsim.Developer, gitlabsim.Maintainer) }, exitDone,
			[]string{"ok ", "no branch under pinwheel/ is protected"}},
		"file": {func(w *world) {
			w.edit("projects:\n  - {", "projects:\n  - {files: [{path: other.txt}], ")
		}, exitFailed, []string{"error", "other.txt is not on main"}},
		"own": {func(w *world) {
			if _, err := w.project.Push("maintainer", "main", "Policy", map[string]string{".gitlab/pinwheel.yaml": "# ours\nlables: [a]\n"}); err != nil {
				t.Fatal(err)
			}
		}, exitFailed, []string{"error", "group/project: .gitlab/pinwheel.yaml:2: lables: unknown key, did you mean labels?"}},
		"own, good": {func(w *world) {
			if _, err := w.project.Push("maintainer", "main", "Policy", map[string]string{".gitlab/pinwheel.yaml": "files: [{path: other.txt}]\n"}); err != nil {
				t.Fatal(err)
			}
		}, exitFailed, []string{"error", "other.txt is not on main"}},
		"Renovate's": {func(w *world) {
			w.edit("projects:\n  - {", "projects:\n  - {policy: renovate, ")
			if _, err := w.project.Push("maintainer", "main", "Policy", map[string]string{"renovate.json": "{\n  \"registryUrls\": [\"https://pypi.example/simple\"]\n}\n"}); err != nil {
				t.Fatal(err)
			}
		}, exitFailed, []string{"error", "group/project: renovate.json:2: registryUrls: refused: "}},
		"Renovate's, good": {func(w *world) {
			w.edit("projects:\n  - {", "projects:\n  - {policy: renovate, ")
			if _, err := w.project.Push("maintainer", "main", "Policy", map[string]string{".renovaterc": "{labels: ['a']}\n"}); err != nil {
				t.Fatal(err)
			}
		}, exitDone, []string{"ok ", "group/project: .renovaterc sets "}},
		"Renovate's, none": {func(w *world) { w.edit("projects:\n  - {", "projects:\n  - {policy: renovate, ") }, exitFailed,
			[]string{"error", "group/project: policy: renovate asks for a configuration of Renovate, and main has none"}},
		"index": {func(w *world) {
			dead := httptest.NewServer(nil)
			dead.Close()
			w.edit("index: {url: ", "indexes: [{name: dead, packages: [x], url: \""+dead.URL+"/simple/\"}]\n#")
		}, exitFailed, []string{"error", "index dead"}},
		"two kinds of pipelines": {func(w *world) { w.merging("push", "!1") }, exitDone,
			[]string{"warning", "!1 has pipelines of the merge request and of its branch: GitLab judges it by those of the merge request alone, so the others' jobs do not count for \"Pipelines must succeed\""}},
		"a pipeline on request beside": {func(w *world) {
			w.edit("projects:\n  - {", "projects:\n  - {on_open: {pipeline: {}}, ")
			w.merging("!1")
		}, exitDone, []string{"warning", "on_open.pipeline starts pipelines of branches, which GitLab does not show where a merge request has pipelines of its own, as !1"}},
		"a pipeline on request instead": {func(w *world) {
			w.edit("projects:\n  - {", "projects:\n  - {on_open: {pipeline: {}}, ")
			w.merging("push")
		}, exitDone, []string{"warning", "on_open.pipeline starts another pipeline of a branch that has one, as that of !1, and takes its place"}},
		"one kind of pipelines": {func(w *world) { w.merging("!1") }, exitDone, []string{"ok ", "no open merge request has two kinds of pipelines"}},
		"never":                 {func(w *world) { w.edit("store:", "schedule: \"0 12 * * MON\"\nstore:") }, exitFailed, []string{"error", "never falls into the window"}},
		"database":              {func(w *world) { w.edit("/pinwheel.db", "/no/such/folder.db") }, exitFailed, []string{"error", "database", "does not exist: create it"}},
		"damage":                {func(w *world) { w.write("pinwheel.db", strings.Repeat("\x00", 8192)) }, exitDone, []string{"warning", "database", "was damaged and is kept as"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.spoil(w)
			w.doctored(tt.code, tt.want)
		})
	}
}

func TestDoctorFindsTheClockOff(t *testing.T) {
	w := newWorld(t)
	w.gitlab = gitlabsim.New(gitlabsim.Options{Now: func() time.Time { return instant(t, friday).Add(10 * time.Minute) }})
	w.gitlab.AddBot("pinwheel-bot", "pinwheel")
	w.project = w.gitlab.AddProject("group/project", "main", map[string]string{"constraints.txt": pins})
	w.gitlab.AddMember(w.project, "pinwheel-bot", gitlabsim.Developer)
	server := httptest.NewServer(w.gitlab)
	defer server.Close()
	w.gitlab.SetBaseURL(server.URL)
	w.env["PINWHEEL_GITLAB_TOKEN"] = w.gitlab.Token("pinwheel-bot")
	w.write("pinwheel.yaml", regexp.MustCompile(`gitlab: .*`).ReplaceAllString(w.read("pinwheel.yaml"), "gitlab: {url: \""+server.URL+"\"}"))
	w.doctored(exitFailed, []string{"error", "clock: this machine is 10m0s off GitLab's clock"})
}

// merging opens a merge request of a person's with pipelines of its branch
// ("push") or of its own ("!1").
func (w *world) merging(pipelines ...string) {
	w.t.Helper()
	ok := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	w.project.SetCI(true)
	_, err := w.project.Push("maintainer", "work", "Work", map[string]string{"x": "y"})
	ok(err)
	_, err = w.project.CreateMR("maintainer", "work", "main", "Work", "")
	ok(err)
	for _, of := range pipelines {
		if of == "push" {
			of = "work"
		}
		ok(w.project.Pipeline("maintainer", of, "success"))
	}
}

func TestDoctorSaysWhichGitLabThisIs(t *testing.T) {
	for version, want := range map[string][]string{
		"19.5.0-ee": {"ok ", "gitlab: is 19.5.0-ee"},
		"16.11.2":   {"warning", "gitlab: is 16.11.2, and pinwheel is made for 17.0 and newer: update it"},
		"17.5.0":    {"error", "gitlab: is 17.5.0, which does not know inputs of pipelines: update it to 17.10 or newer, or take on_open.pipeline.inputs out of group/project"},
		"17.10.0":   {"ok ", "gitlab: is 17.10.0"},
	} {
		w := newWorld(t)
		w.gitlab.SetVersion(version)
		code := exitDone
		if version == "17.5.0" {
			code = exitFailed
			w.edit("projects:\n  - {", "projects:\n  - {on_open: {pipeline: {inputs: {suite: canary}}}, ")
		}
		w.doctored(code, want)
	}
}

// edit changes the configuration.
func (w *world) edit(from, to string) {
	w.t.Helper()
	text := w.read("pinwheel.yaml")
	if !strings.Contains(text, from) {
		w.t.Fatalf("the configuration does not hold %q", from)
	}
	w.write("pinwheel.yaml", strings.Replace(text, from, to, 1))
}

func TestMeet(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ schedule, window, want string }{
		{"@hourly", "* * * * SAT,SUN", "2026-01-02T23:00:00Z"},
		{"30 12 * * *", "* * * * SUN", "2026-01-04T12:30:00Z"},
		{"@hourly", "* * 1 3 *", "2026-02-28T23:00:00Z"},
		{"0 12 * * MON", "* * * * SAT,SUN", ""},
		{"@hourly", "30 * * * *", ""},
		{"0 12 29 2 *", "* * * * SAT", ""}, // 2028 and 2032 bring no Saturday in time
	} {
		w, err := plan.ParseWindow([]string{tt.window}, prague)
		if err != nil {
			t.Fatal(err)
		}
		at, ok := meet(tt.schedule, w, instant(t, friday))
		if got := at.Format(time.RFC3339); ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%s and %s meet at %s, %v; want %q", tt.schedule, tt.window, got, ok, tt.want)
		}
	}
}
