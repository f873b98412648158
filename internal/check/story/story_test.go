package story

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

var update = flag.Bool("update", false, "write what is printed into the files that cmp compares with")

func TestStories(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/stories/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	part := testenv.Sample(t, 12)
	for i, file := range files {
		if !chosen(part, i, filepath.Base(file)) {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			dir := scratch(t)
			synctest.Test(t, func(t *testing.T) { tell(t, file, dir, every(part)) })
		})
	}
}

// long are stories of many weeks or of many merge requests. They are no part of
// the sample.
var long = []string{"twelve_weeks_of_a_team_that_merges.txtar", "twelve_weeks_with_people_away.txtar", "twelve_weeks_that_begin_with_renovates_state.txtar", "two_hundred_open_and_nothing_to_do.txtar", "a_long_section_folds.txtar"}

func chosen(part testenv.Part, i int, name string) bool {
	if slices.Contains(long, name) {
		return part.Whole()
	}
	return part.Has(i)
}

// scratch is a folder in memory where the system has one: SQLite waits for the
// disk after every write, and a week has hundreds of them.
func scratch(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "story")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// tell runs one story in its bubble.
func tell(t *testing.T, file, dir string, every int64) {
	s := &stage{every: every}
	defer s.close()
	testscript.RunT(shim{t}, testscript.Params{
		Files:         []string{file},
		WorkdirRoot:   dir,
		UpdateScripts: *update,
		Setup:         s.setup,
		Cmds:          s.commands(),
	})
	s.stop()
	for _, wrong := range s.leftovers() {
		t.Error(wrong)
	}
}

// shim is testscript's T over the T of a bubble, in which there are no
// subtests and nothing is parallel.
type shim struct{ *testing.T }

func (s shim) Run(_ string, f func(testscript.T)) { f(s) }
func (shim) Parallel()                            {}
func (shim) Verbose() bool                        { return testing.Verbose() }
