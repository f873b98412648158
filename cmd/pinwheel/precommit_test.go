package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// The hooks of this repository, run by the real pre-commit in a repository that has the
// program installed: a commit whose pins or whose YAML are wrong fails, a right one does
// not, and what does not concern the hooks asks nobody.
func TestHooksOfPreCommit(t *testing.T) {
	_, err := exec.LookPath("pre-commit")
	testenv.Need(t, err == nil, "pre-commit (Debian's package of that name)")
	w := newWorld(t)
	must(t, w.index.Load(tied))
	self, err := os.Executable()
	must(t, err)
	bin, theirs, ours := t.TempDir(), t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(bin, "pinwheel"), []byte(fmt.Sprintf("#!/bin/sh\n%s=1 exec %q \"$@\"\n", asProgram, self)), 0o700))
	env := append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "PIP_INDEX_URL="+w.indexAddress(), "PRE_COMMIT_HOME="+t.TempDir(), "HOME="+theirs,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_CONFIG_GLOBAL=/dev/null")
	do := func(dir, name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	git := func(dir string, args ...string) string {
		out, err := do(dir, "git", args...)
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(out)
	}
	hooks, err := os.ReadFile(filepath.Join(testenv.Root(t), ".pre-commit-hooks.yaml"))
	must(t, err)
	put := func(dir, name, text string) {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		git(dir, "add", name)
	}
	git(ours, "init", "-q")
	put(ours, ".pre-commit-hooks.yaml", string(hooks))
	git(ours, "commit", "-qm", "Hooks")
	git(theirs, "init", "-q")
	// The program is there already, so that nothing is built.
	put(theirs, ".pre-commit-config.yaml", fmt.Sprintf("repos:\n- repo: %s\n  rev: %s\n  hooks:\n  - {id: pinwheel-verify, language: system}\n  - {id: pinwheel-derive, language: system}\n", ours, git(ours, "rev-parse", "HEAD")))
	yml := func(pins string) string {
		return "variables:\n  PYTHON_CONSTRAINTS: |\n    " + strings.ReplaceAll(strings.TrimSpace(pins), "\n", "\n    ") + "\n"
	}
	const right, wrong = "botocore==1.34.39\nurllib3==2.0.7\njmespath==1.0.1\n", "botocore==1.34.39\nurllib3==2.2.1\njmespath==1.0.1\n"
	for _, tt := range []struct {
		name, pins, yml string
		passes          bool
		says            []string
	}{
		{"right", right, yml(right), true, []string{"pins can be installed together", "Passed"}},
		{"a conflict", wrong, yml(wrong), false, []string{"constraints.txt:1: conflict: botocore 1.34.39 requires urllib3<2.1", "- exit code: 1"}},
		{"the YAML is behind", right, yml(wrong), false, []string{"pipeline/constraints.yml does not hold the pins of constraints.txt", "- exit code: 1"}},
	} {
		put(theirs, "constraints.txt", tt.pins)
		put(theirs, "pipeline/constraints.yml", tt.yml)
		out, err := do(theirs, "pre-commit", "run")
		if (err == nil) != tt.passes {
			t.Errorf("%s: %v\n%s", tt.name, err, out)
		}
		has(t, out, tt.says...)
	}
	git(theirs, "commit", "-qm", "Pins", "--no-verify")
	put(theirs, "main.py", "print()\n")
	if out, err := do(theirs, "pre-commit", "run"); err != nil || strings.Count(out, "Skipped") != 2 {
		t.Errorf("a commit of other files: %v\n%s", err, out)
	}
}
