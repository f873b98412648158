package main

import (
	"os"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// A configuration with the bot alone works, run and bot look alike, and doctor says
// what is missing until nothing is.
func TestBot(t *testing.T) {
	w := newWorld(t)
	data, err := os.ReadFile(w.path("pinwheel.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(data), "projects:")
	file := w.write("bot.yaml", before+`software:
  namespace: group
  packages: [lib]
  bot:
    pipelines: [{name: quick, project: group/pipes, ref: main, overrides: variables}]
    default: [quick]
    projects: [{name: lib}]
`)
	lib := w.gitlab.AddProject("group/lib", "main", map[string]string{"lib.py": "x"})
	pipes := w.gitlab.AddProject("group/pipes", "main", map[string]string{"README": "x"})
	w.gitlab.AddMember(lib, "maintainer", gitlabsim.Maintainer)
	w.gitlab.AddMember(lib, "pinwheel-bot", gitlabsim.Developer)
	w.gitlab.AddMember(pipes, "pinwheel-bot", gitlabsim.Maintainer)
	if _, err := lib.Push("maintainer", "fix", "Fix", map[string]string{"lib.py": "y"}); err != nil {
		t.Fatal(err)
	}
	if _, err := lib.CreateMR("maintainer", "fix", "main", "Fix", ""); err != nil {
		t.Fatal(err)
	}
	if err := pipes.Script("job build"); err != nil {
		t.Fatal(err)
	}
	code, out, said := w.pinwheel("validate", file)
	w.want(code, exitDone, said)
	has(t, out, "is valid: 0 projects, 1 index, 1 project with the bot")
	code, out, said = w.pinwheel("doctor", "--config", file)
	w.want(code, exitFailed, said+out)
	has(t, out, "token: of pinwheel-bot has the scope api", "clock: agrees with GitLab's", "gitlab: is ", "group/lib: bot: comments on its merge requests can be answered", "group/pipes: pipeline quick: the token's user may not set variables of pipelines")
	if err := pipes.Script("variables developer\njob build"); err != nil {
		t.Fatal(err)
	}
	_, out, _ = w.pinwheel("doctor", "--config", file)
	has(t, out, "group/pipes: pipeline quick can start on main")
	code, out, said = w.pinwheel("bot", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, "group/lib: 1 merge request open, 0 tests under way, 1 change made")
	code, out, said = w.pinwheel("run", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, "group/lib: 1 merge request open, 0 tests under way, nothing to change")
	code, out, said = w.pinwheel("bot", "--look", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, "group/lib: nobody asked for a test of 1 open merge request")
	code, out, said = w.pinwheel("bot", "--json", "group/lib", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, `{"project":"group/lib","exit_code":0,"merge_requests_open":1,"changes":0,"problems":[],"tests":[],"notes":[]}`)
	code, _, said = w.pinwheel("bot", "group/other", "--config", file)
	w.want(code, exitUsage, said)
	has(t, said, `has no bot for "group/other"; it has one for group/lib`)
	code, out, said = w.pinwheel("audit", "group/lib", "--config", file)
	w.want(code, exitDone, said)
	has(t, out, "began BotComment bot !1", "ended BotComment bot !1: done")
	code, _, said = w.configured("bot")
	w.want(code, exitUsage, said)
	has(t, said, "has no software.bot: docs/bot.md says what to write")
}
