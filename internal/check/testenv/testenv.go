// Package testenv decides whether a test that needs something from outside
// the repository may run: the recorded data in ../shared, a Chromium, a pip.
// Where the thing is absent the test is skipped with a counted line, and where
// CI is set it fails instead, so that CI never covers less than it says.
//
// It installs nothing and reads nothing itself.
package testenv

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

var skipped, limited atomic.Int64

// Shared returns the folder of recorded data that stands beside the
// repository, or the one that PINWHEEL_SHARED names.
func Shared(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("PINWHEEL_SHARED")
	if dir == "" {
		dir = filepath.Join(filepath.Dir(Root(tb)), "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err != nil {
		absent(tb, "the recorded data (../shared/data)")
	}
	return dir
}

// Command returns the path of the first of names that is installed.
func Command(tb testing.TB, names ...string) string {
	tb.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	absent(tb, fmt.Sprintf("a program named one of %q", names))
	return ""
}

// Python returns the path of a Python 3 that has a pip.
func Python(tb testing.TB) string {
	tb.Helper()
	path := Command(tb, "python3")
	if !imports(path, "pip") {
		absent(tb, "a python3 with pip")
	}
	return path
}

// Venv returns the path of a Python 3 that makes virtual environments with a pip in
// them, which some systems leave to a package of its own.
func Venv(tb testing.TB) string {
	tb.Helper()
	path := Python(tb)
	if !imports(path, "venv, ensurepip") {
		absent(tb, "a python3 with venv and ensurepip")
	}
	return path
}

// imported holds what imports found out, by program and modules.
var imported sync.Map

// imports reports whether a Python has modules. It asks once: an answer takes a quarter of a second.
func imports(path, modules string) bool {
	ask, _ := imported.LoadOrStore(path+" "+modules, sync.OnceValue(func() bool {
		return exec.Command(path, "-c", "import "+modules).Run() == nil
	}))
	return ask.(func() bool)()
}

// Root returns the folder that holds go.mod of pinwheel itself, not of a module
// within it.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if mod, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && bytes.HasPrefix(mod, []byte("module gitlab.com/cki-project/pinwheel\n")) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("no go.mod of pinwheel above the test's folder")
		}
		dir = parent
	}
}

// Need skips the test, or fails it where CI is set, unless ok.
func Need(tb testing.TB, ok bool, what string) {
	tb.Helper()
	if !ok {
		absent(tb, what)
	}
}

// Deep skips the test, with a counted line, where the clone is one without its history. It does so in
// CI, too: what is missing there is no program that a step installs, and .gitlab-ci.yml asks for all.
func Deep(tb testing.TB) {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), Command(tb, "git"), "-C", Root(tb), "rev-parse", "--is-shallow-repository").Output()
	if err == nil && string(bytes.TrimSpace(out)) == "false" {
		return
	}
	n := skipped.Add(1)
	fmt.Fprintf(os.Stderr, "skip %d: %s needs the history of the repository, which this clone has not\n", n, tb.Name())
	tb.Skipf("skip %d: the clone has no history", n)
}

// Unraced skips the test under the race detector, with a counted line, for a
// reason that is a clause. CI runs it without the detector.
func Unraced(tb testing.TB, why string) {
	tb.Helper()
	if Raced {
		tb.Skipf("skip %d: not under the race detector: %s", unraced(tb, why), why)
	}
}

func unraced(tb testing.TB, why string) int64 {
	n := skipped.Add(1)
	fmt.Fprintf(os.Stderr, "skip %d: %s not under the race detector: %s\n", n, tb.Name(), why)
	return n
}

func absent(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatalf("CI must have %s", what)
	}
	n := skipped.Add(1)
	fmt.Fprintf(os.Stderr, "skip %d: %s needs %s\n", n, tb.Name(), what)
	tb.Skipf("skip %d: needs %s", n, what)
}
