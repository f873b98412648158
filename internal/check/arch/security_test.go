package arch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// Every test and story that SECURITY.md names is there.
func TestSecurityNamesTests(t *testing.T) {
	root := testenv.Root(t)
	page, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	functions, err := exec.CommandContext(t.Context(), "git", "-C", root, "grep", "-hoE", "--untracked", `^func (Test|Fuzz)[A-Za-z0-9_]*\(`, "--", "*_test.go").Output()
	testenv.Need(t, err == nil, "a git that knows the tree")
	list, err := exec.CommandContext(t.Context(), filepath.Join(root, ".ci", "run"), "-l").Output()
	if err != nil {
		t.Fatal(err)
	}
	steps, threats := strings.Fields(string(list)), 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| T") {
			continue
		}
		threats++
		cells := strings.Split(line, "|")
		if want := fmt.Sprintf(" T%d ", threats); cells[1] != want || len(cells) != 8 {
			t.Errorf("the threat %q stands in the place of%s", cells[1], want)
		}
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[len(cells)-2], -1) {
			switch name := name[1]; {
			case strings.HasPrefix(name, ".ci/run "):
				if !slices.Contains(steps, strings.TrimPrefix(name, ".ci/run ")) {
					t.Errorf("%s is no step", name)
				}
			case strings.HasPrefix(name, "Test"), strings.HasPrefix(name, "Fuzz"):
				if !strings.Contains(string(functions), "func "+name+"(") {
					t.Errorf("there is no test %s", name)
				}
			default:
				if _, err := os.Stat(filepath.Join(root, "testdata", "stories", name+".txtar")); err != nil {
					t.Errorf("there is no story %s", name)
				}
			}
		}
	}
	if threats != 29 {
		t.Errorf("%d threats, want 29", threats)
	}
}
