package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// botWorld is a configuration with the bot alone, and a merge request of its package.
func botWorld(t *testing.T) (w *world, file string) {
	t.Helper()
	w = newWorld(t)
	data, err := os.ReadFile(w.path("pinwheel.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(data), "projects:")
	file = w.write("bot.yaml", before+`software:
  namespace: group
  packages: [lib]
  bot:
    marks: {KIND: test}
    pipelines: [{name: quick, project: group/pipes, ref: main}]
    default: [quick]
    projects: [{name: lib}]
`)
	lib := w.gitlab.AddProject("group/lib", "main", map[string]string{"lib.py": "x"})
	pipes := w.gitlab.AddProject("group/pipes", "main", map[string]string{"README": "x"})
	for _, p := range []*gitlabsim.Project{lib, pipes} {
		w.gitlab.AddMember(p, "maintainer", gitlabsim.Maintainer)
		w.gitlab.AddMember(p, "pinwheel-bot", gitlabsim.Maintainer)
	}
	if _, err := lib.Push("maintainer", "fix", "Fix", map[string]string{"lib.py": "y"}); err != nil {
		t.Fatal(err)
	}
	if _, err := lib.CreateMR("maintainer", "fix", "main", "Fix", ""); err != nil {
		t.Fatal(err)
	}
	if err := pipes.Script("inputs lib_pip_url KIND operation_id\nname test {operation_id}\njob build takes 20m"); err != nil {
		t.Fatal(err)
	}
	return w, file
}

// A token of its own makes the bot a user of its own, and doctor looks at that one.
func TestBotWithATokenOfItsOwn(t *testing.T) {
	w, file := botWorld(t)
	w.gitlab.AddBot("tester", "Tester")
	w.env["PINWHEEL_BOT_TOKEN"] = w.gitlab.Token("tester")
	code, out, _ := w.pinwheel("doctor", "--config", file)
	w.want(code, exitFailed, out)
	has(t, out, "group/lib: bot: it cannot be read", "token of the bot: of tester")
	for _, path := range []string{"group/lib", "group/pipes"} {
		w.gitlab.AddMember(w.gitlab.Project(path), "tester", gitlabsim.Maintainer)
	}
	code, _, said := w.pinwheel("bot", "--config", file)
	w.want(code, exitDone, said)
	m, _ := w.gitlab.Project("group/lib").MR(1)
	if n := m.Notes[len(m.Notes)-1]; n.Author != "tester" || !strings.Contains(n.Body, "`@tester test`") {
		t.Errorf("%s wrote %s", n.Author, n.Body)
	}
	w.env["PINWHEEL_BOT_TOKEN"] = "two words"
	code, _, said = w.pinwheel("bot", "--config", file)
	w.want(code, exitUsage, said)
	has(t, said, "PINWHEEL_BOT_TOKEN holds more than one word")
	delete(w.env, "PINWHEEL_BOT_TOKEN")
	with, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	file = w.write("tokenfile.yaml", strings.Replace(string(with), "    marks:", "    token_file: "+w.path("none")+"\n    marks:", 1))
	code, _, said = w.pinwheel("bot", "--config", file)
	w.want(code, exitUsage, said)
	has(t, said, "software.bot.token_file: ", "cannot be read")
}

// Doctor reads which inputs a pipeline declares, and names the ones that are missing.
func TestDoctorLooksAtTheInputsOfPipelines(t *testing.T) {
	w, file := botWorld(t)
	pipes := w.gitlab.Project("group/pipes")
	check := func(ci string, want ...string) {
		t.Helper()
		if ci != "" {
			if _, err := pipes.Push("maintainer", "main", "CI", map[string]string{".gitlab-ci.yml": ci}); err != nil {
				t.Fatal(err)
			}
		}
		_, out, _ := w.pinwheel("doctor", "--config", file)
		has(t, out, want...)
	}
	check("", "group/pipes: pipeline quick: there is no .gitlab-ci.yml on main, so nothing tells whether it declares the inputs KIND, lib_pip_url")
	check("build: {script: make}\n", "group/pipes: pipeline quick: .gitlab-ci.yml on main does not declare KIND, lib_pip_url")
	check("spec:\n  inputs:\n    KIND: {default: a}\n---\nbuild: {script: make}\n", "group/pipes: pipeline quick: .gitlab-ci.yml on main does not declare lib_pip_url")
	check("spec:\n  inputs:\n    KIND:\n    lib_pip_url: {default: ''}\n---\nbuild: {script: make}\n", "group/pipes: pipeline quick can start on main")
}

// doctor looks for the pipeline that like takes variables of, and whether the bot may read them.
func TestDoctorLooksAtWhatAPipelineIsLike(t *testing.T) {
	w, file := botWorld(t)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	file = w.write("like.yaml", strings.Replace(string(data), "ref: main}", "ref: main, like: {ref: main}}", 1))
	pipes := w.gitlab.Project("group/pipes")
	if err := pipes.Script("variables developer\njob build"); err != nil {
		t.Fatal(err)
	}
	code, out, _ := w.pinwheel("doctor", "--config", file)
	w.want(code, exitFailed, out)
	has(t, out, "error    group/pipes: pipeline quick: no pipeline passed on main, so there is none to be like: start one there")
	if err := pipes.Pipeline("maintainer", "main", "success"); err != nil {
		t.Fatal(err)
	}
	_, out, _ = w.pinwheel("doctor", "--config", file)
	has(t, out, "ok       group/pipes: pipeline quick can start on main")
	w.gitlab.AddMember(pipes, "pinwheel-bot", gitlabsim.Developer)
	pipes.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
	code, out, _ = w.pinwheel("doctor", "--config", file)
	w.want(code, exitFailed, out)
	has(t, out, "error    group/pipes: pipeline quick: the token's user may not read the variables of the pipeline that passed last on main: make it a Maintainer there, or write variables in place of like")
}

// A second answerer is told to the operator, too, and is no failure.
func TestBotTellsOfASecondAnswerer(t *testing.T) {
	w, file := botWorld(t)
	code, _, said := w.pinwheel("bot", "--config", file)
	w.want(code, exitDone, said)
	if err := w.gitlab.Project("group/lib").CommentMR("pinwheel-bot", 1, "I start pipelines."); err != nil {
		t.Fatal(err)
	}
	code, _, said = w.pinwheel("bot", "--config", file)
	w.want(code, exitDone, said)
	has(t, said, "pinwheel: group/lib: !1: another program writes comments as pinwheel-bot there, and may answer the same words: switch it off for group/lib")
	code, out, said := w.pinwheel("bot", "--json", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, `"notes":["!1: another program`)
}

// Of a project with the bot alone the audit says that nothing was done, and what was.
func TestAuditOfTheBot(t *testing.T) {
	w, file := botWorld(t)
	code, _, said := w.pinwheel("bot", "--look", "--config", file)
	w.want(code, exitDone, said)
	code, out, said := w.pinwheel("audit", "group/lib", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, "nothing was done yet")
	code, _, said = w.pinwheel("bot", "--config", file)
	w.want(code, exitDone, said)
	code, out, said = w.pinwheel("audit", "group/lib", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, "began BotComment bot !1", "ended BotComment bot !1: done")
	code, _, said = w.pinwheel("audit", "group/other", "--config", file)
	w.want(code, exitUsage, said)
}

// Metrics tell of looks and tests, after a look and while pinwheel serves.
func TestMetricsOfTheBot(t *testing.T) {
	w, file := botWorld(t)
	prom := w.path("bot.prom")
	code, _, said := w.pinwheel("bot", "--metrics", prom, "--config", file)
	w.want(code, exitDone, said)
	data, err := os.ReadFile(prom)
	if err != nil {
		t.Fatal(err)
	}
	has(t, string(data), `pinwheel_bot_looks_total{project="group/lib"} 1`, `pinwheel_bot_looks_failed_total{project="group/lib"} 0`,
		`pinwheel_bot_tests{project="group/lib",state="running"} 0`, `pinwheel_bot_merge_requests_open{project="group/lib"} 1`)
}

// A comment is answered within the interval of serve's --watch, also before the first look that
// the schedule begins.
func TestServeLooksAtCommentsFromTheStart(t *testing.T) {
	w, file := botWorld(t)
	answered := false
	w.serving = func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		w.gitlab.AfterRequest(func(c gitlabsim.Call) {
			if c.Method == "POST" && strings.HasSuffix(c.Route, "/notes") {
				answered = true
				cancel()
			}
		})
		return ctx, cancel
	}
	code, _, said := w.pinwheel("serve", "--watch", "10ms", "--config", file)
	w.want(code, exitDone, said)
	if !answered {
		t.Errorf("no look began: %s", said)
	}
}

// A project that has only the bot can be paused, a look then says so and does nothing, and resumed.
func TestPauseOfTheBot(t *testing.T) {
	w, file := botWorld(t)
	code, out, said := w.pinwheel("pause", "Group/lib", "--reason", "a freeze", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, "group/lib: paused since")
	code, out, said = w.pinwheel("bot", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, "group/lib: paused by an operator, nothing to change")
	if m, _ := w.gitlab.Project("group/lib").MR(1); len(m.Notes) > 0 {
		t.Errorf("a paused bot wrote %v", m.Notes)
	}
	code, out, said = w.pinwheel("bot", "--json", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, `"notes":["an operator paused this project: pinwheel resume ends that"]`)
	code, out, said = w.pinwheel("resume", "group/lib", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, "group/lib: resumed")
	code, out, said = w.pinwheel("bot", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, "group/lib: 1 merge request open")
	code, _, said = w.pinwheel("pause", "group/other", "--reason", "a freeze", "--config", file)
	w.want(code, exitUsage, said)
	has(t, said, "group/other")
}
