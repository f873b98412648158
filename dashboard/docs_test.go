package dashboard_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
)

// docs/dashboard.md explains every heading and every box that a page can have.
func TestTheGuideIsComplete(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", "dashboard.md"))
	if err != nil {
		t.Fatal(err)
	}
	guide := string(data)
	explained := func(heading, box string) bool {
		for line := range strings.Lines(guide) {
			if strings.HasPrefix(line, "| "+heading+" |") && (box == "" || strings.Contains(line, "`"+box+"`:")) {
				return true
			}
		}
		return false
	}
	for _, row := range plan.Table() {
		if !explained(row.Heading, string(row.Box)) {
			t.Errorf("%s with box %q is not explained", row.Heading, row.Box)
		}
		if row.Bulk != "" && !strings.Contains(guide, "`"+row.Bulk+"`") {
			t.Errorf("%s is not explained", row.Bulk)
		}
	}
	source, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range source {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), `"## `)[1:] {
			heading, _, _ := strings.Cut(part, `\n"`)
			if heading = strings.TrimSuffix(heading, `" + row.Heading + "`); heading == "" {
				continue // those of the state table
			}
			found++
			if !explained(heading, "") {
				t.Errorf("%s is not explained", heading)
			}
		}
	}
	if found < 4 {
		t.Errorf("only %d headings were found in the source", found)
	}
	if !strings.Contains(guide, "`"+string(plan.BoxSplit)+"`") {
		t.Error("the split box is not explained")
	}
}
