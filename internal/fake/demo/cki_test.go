package demo

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// The configuration of the demo is the one that docs/cki.md shows.
func TestTheConfigurationOfCKI(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", "cki.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "```yaml\n"+ckiConfiguration+"```\n") {
		t.Error("docs/cki.md has another configuration than the demo")
	}
	if _, err := config.Parse("pinwheel.yaml", []byte(ckiConfiguration)); err != nil {
		t.Error(err)
	}
}

// The page shows each part of what PlayCKI prints.
func TestThePagePartsTheWayOfCKI(t *testing.T) {
	t.Parallel()
	played := ckiScenes("CKI\nwords\nNOT DONE: no\npip.\n\n━━ Sat 28 Nov 09:00  One set\n   Two\n   lines.\n\n   $ pinwheel prepare lock\n   lib\n\n━━ Sat 28 Nov 10:00  Rollback\n   Back.\n\n   $ pinwheel rollback\n")
	want := []ckiScene{{Text: "Not done: no pip."}, {"Sat 28 Nov 09:00", "One set", "Two lines.", "$ pinwheel prepare lock\nlib"}, {"Sat 28 Nov 10:00", "Rollback", "Back.", "$ pinwheel rollback"}}
	if !slices.Equal(played, want) {
		t.Errorf("%q\nwant %q", played, want)
	}
}
