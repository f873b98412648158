package demo

import (
	"os"
	"path/filepath"
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
