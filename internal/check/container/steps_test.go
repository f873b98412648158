package container

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

var (
	inStep  = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\) \{\n(?:\t.*\n){0,4}?\ttestenv\.InStep\(t, [1-9]\d*, "(\w+)"\)`)
	stepRun = regexp.MustCompile(`-run '([^']+)' \./(\S+)`)
)

// TestStepsRunTheirTests: a test that says in which step it runs is one that the step runs.
func TestStepsRunTheirTests(t *testing.T) {
	t.Parallel()
	root := testenv.Root(t)
	script, err := os.ReadFile(filepath.Join(root, ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	steps := map[string]string{}
	for line := range strings.Lines(string(script)) {
		if name, rest, found := strings.Cut(line, "() { "); found && strings.HasPrefix(name, "step_") {
			steps[strings.TrimPrefix(name, "step_")] = rest
		}
	}
	found := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir, _ := filepath.Rel(root, filepath.Dir(path))
		for _, m := range inStep.FindAllStringSubmatch(string(data), -1) {
			found++
			runs := false
			for _, run := range stepRun.FindAllStringSubmatch(steps[m[2]], -1) {
				runs = runs || strings.TrimRight(run[2], ";") == filepath.ToSlash(dir) && regexp.MustCompile(run[1]).MatchString(m[1])
			}
			if !runs {
				t.Errorf("%s of %s says that it runs in .ci/run %s, which does not run it", m[1], dir, m[2])
			}
		}
		return nil
	})
	if err != nil || found < 8 {
		t.Errorf("%d tests say in which step they run: %v", found, err)
	}
}
