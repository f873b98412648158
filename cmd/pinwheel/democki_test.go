package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// ckiWay are words that only the whole way of docs/cki.md prints.
var ckiWay = []string{
	"+six==1.17.0", "software: 2 packages, 1 data project", "done (forward), set 2", "with kpet-db!1@", "failed, 2026-11-28: boot (passes without this change)",
	"passed, 2026-11-28", "done (set-rollback), set 4", "not deployed, held ", "done (forward), set 5",
}

// Without venv and pip the demo says what was not done, and goes the rest of the way.
func TestDemoOfCKIWithoutPython(t *testing.T) {
	testenv.Unraced(t, "its commands come one after the other")
	git := testenv.Command(t, "git")
	dir := t.TempDir()
	for _, name := range []string{"git", "sh", "env"} {
		found := git
		if name != "git" {
			var err error
			if found, err = exec.LookPath(name); err != nil {
				t.Fatal(err)
			}
		}
		must(t, os.Symlink(found, filepath.Join(dir, name)))
	}
	t.Setenv("PATH", dir)
	w := newWorld(t)
	code, out, said := w.pinwheel("demo", "--once", "cki")
	w.want(code, exitDone, said)
	has(t, out, append(ckiWay, "NOT DONE: python3 has no venv or no pip here", "not done: pinwheel prepare build")...)
	if strings.Contains(out, "127.0.0.1") || strings.Contains(out, `"level"`) {
		t.Errorf("the output shows what is this machine's:\n%s", out)
	}
}

// With them the set is built, kept and used, and nothing is deployed that is not built.
func TestPrepareInTheDemoOfCKI(t *testing.T) {
	testenv.InStep(t, 1, "prepare")
	testenv.Venv(t)
	w := newWorld(t)
	code, out, said := w.pinwheel("demo", "--once", "cki")
	w.want(code, exitDone, said)
	has(t, out, append(ckiWay, "python: built, ", "is kept", "python: fetched, ", "$ . software/use.sh", "cki-lib 1.0", "trees")...)
}
