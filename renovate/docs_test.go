package renovate

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// The page for those who come from Renovate names every key that has a meaning here.
func TestThePageNamesEveryKey(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", "renovate.md"))
	if err != nil {
		t.Fatal(err)
	}
	keys := slices.Concat(slices.Collect(maps.Keys(projectKeys())), slices.Collect(maps.Keys(effects())))
	for _, key := range keys {
		if !strings.Contains(string(page), "`"+key) {
			t.Errorf("docs/renovate.md does not name %s", key)
		}
	}
}
