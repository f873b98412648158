package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// unpinnedWorld is a project that pins few of many packages, so that its pins require many
// names without a pin, and these require more of them.
func unpinnedWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := newWorld(t)
	w.version = "1"
	made := pypisim.GenerateRequiring(120, 20_000, seed)
	w.index.AddGenerated(made)
	var pins []string
	for _, i := range rand.New(rand.NewPCG(seed, 7)).Perm(120)[:15] {
		pins = append(pins, fmt.Sprintf("%s==%s", made[i].Name, made[i].Versions[made[i].Pin]))
	}
	w.push(strings.Join(pins, "\n") + "\n")
	return w
}

// push replaces the constraints file.
func (w *world) push(constraints string) {
	w.t.Helper()
	derived := "---\n# Generated from constraints.txt by pinwheel. Do not edit.\nvariables:\n  PYTHON_CONSTRAINTS: |\n"
	for line := range strings.Lines(constraints) {
		derived += "    " + line
	}
	if _, err := w.project.Push("alice", "main", "Pin", map[string]string{"constraints.txt": constraints, "pipeline/constraints.yml": derived}); err != nil {
		w.t.Fatal(err)
	}
}

// pagesAsked makes a run and returns the names whose pages it asks for, sorted, and how often
// it asks for metadata.
func (w *world) pagesAsked() (r reconcile.Report, names []string, metadata int) {
	w.t.Helper()
	var together sync.Mutex
	w.indexGate = func(q *http.Request) error {
		together.Lock()
		defer together.Unlock()
		if name, ok := strings.CutPrefix(q.URL.Path, "/simple/"); ok {
			names = append(names, strings.Trim(name, "/"))
		} else {
			metadata++
		}
		return nil
	}
	defer func() { w.indexGate = nil }()
	r = w.run()
	w.now = w.now.Add(time.Hour)
	slices.Sort(names)
	return r, names, metadata
}

// The run after the first knows at once what the first came to know step by step: it reads
// nothing more of any release, decides the same, and the one after it is quiet.
func TestASecondRunKnowsWhatTheFirstLearnt(t *testing.T) {
	for _, seed := range []uint64{1, 3} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := unpinnedWorld(t, seed)
			first, asked, _ := w.pagesAsked()
			if first.Status != reconcile.Done || len(asked) < 40 {
				t.Fatalf("the first run: %s, %v, %d pages", first.Status, first.Failures, len(asked))
			}
			second, pages, metadata := w.pagesAsked()
			if metadata > 0 || second.Wrote > 0 || second.Body != first.Body {
				t.Errorf("the second run asks for metadata %d times, and writes %d times", metadata, second.Wrote)
			}
			if !slices.Equal(pages, asked) {
				t.Errorf("it asks for %d pages, and the first for %d", len(pages), len(asked))
			}
			if third, _, _ := w.pagesAsked(); !third.Quiet {
				t.Error("nothing changed, and the third run looked at everything")
			}
		})
	}
}

// Names that nothing requires any more are asked for once more at most.
func TestNamesThatNothingRequiresAreForgotten(t *testing.T) {
	w := unpinnedWorld(t, 1)
	_, before, _ := w.pagesAsked()
	w.pagesAsked()
	w.push("six==1.17.0\n")
	if r, _, _ := w.pagesAsked(); r.Quiet || r.Plan.Pins != 1 {
		t.Fatalf("the run after the push has %d pins, quiet %v", r.Plan.Pins, r.Quiet)
	}
	for range 2 { // the first after a push leaves no record yet
		w.pagesAsked()
	}
	r, after, _ := w.pagesAsked()
	if !r.Quiet || !slices.Equal(after, []string{"six"}) {
		t.Errorf("quiet %v, and it asks for %d pages: %q; it was %d before", r.Quiet, len(after), after, len(before))
	}
}
