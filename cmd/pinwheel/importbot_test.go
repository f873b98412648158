package main

import (
	"encoding/json"
	"testing"
)

const oldBot = `projects:
  kpet-db:
    project: cki-project/kpet-db
    override: {type: variable, name: kpet_db_pip_url}
    default_pipelines: [baseline]
    unknown: 1
    pipelines:
      baseline: {description: builds and boots, default_branches: [rhel8]}
`

// The file of the old bot becomes software.bot, which validate accepts, with a word on
// each key.
func TestImportReadsTheOldBot(t *testing.T) {
	w := newWorld(t)
	file := w.write("bot.yaml", oldBot)
	code, out, said := w.pinwheel("import", "--bot", file, "--pipelines", "cki-project/pipelines")
	w.want(code, exitDone, said)
	has(t, out, `project: "cki-project/pipelines"`, "override: kpet_db_pip_url")
	has(t, said, "bot.yaml:6", "projects.kpet-db.unknown", "1 key refused")
	code, _, said = w.pinwheel("validate", "--config", w.write("own.yaml", out))
	w.want(code, exitDone, said)

	code, _, said = w.pinwheel("import", "--check", "--bot", file, "--pipelines", "cki-project/pipelines")
	w.want(code, exitFailed, said)
	code, out, said = w.pinwheel("import", "--json", "--bot", file)
	w.want(code, exitDone, said)
	var got importOut
	if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Lines) < 8 {
		t.Errorf("%v: %s", err, out)
	}
	has(t, out, "call pinwheel import again with --pipelines group/project")
	for _, args := range [][]string{{"import", "--bot", file, file}, {"import", "--pipelines", "a/b"}, {"import", "--bot", "absent.yaml"}, {"import", "--bot", w.write("bad.yaml", "a: [")}} {
		code, _, said = w.pinwheel(args...)
		w.want(code, exitUsage, said)
	}
}
