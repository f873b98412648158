package arch

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	threats := 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| T") {
			continue
		}
		threats++
		cells := strings.Split(line, "|")
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[len(cells)-2], -1) {
			switch name := name[1]; {
			case strings.HasPrefix(name, ".ci/run "):
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
	if threats != 28 {
		t.Errorf("%d threats, want 28", threats)
	}
}
