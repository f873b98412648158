package reconcile_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// A project that hangs hides neither the end of a pipeline in another one nor a tick
// there, and the look at all of them ends after five seconds. A project whose
// pipelines all ended is not asked about.
func TestAHangingProjectHidesNoEndOfAPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := three(t)
		time.Sleep(time.Until(time.Date(2026, 1, 3, 9, 0, 0, 0, time.UTC))) // in the window
		for i := range w.config.Projects {
			p := &w.config.Projects[i]
			if err := w.gitlab.Project(p.Path).Script("on merge-request\ntakes 10m\njob test fails when new:lxml\n"); err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("gitlab: {url: https://gitlab.example}\nprojects:\n  - {path: %s, timezone: Europe/Prague, window: \"* * * * SAT,SUN\", batch: weekend, files: [{path: constraints.txt}]}\n", p.Path)
			c, err := config.Parse("pinwheel.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			*p = c.Projects[0]
		}
		r := w.patient()
		watcher := reconcile.NewWatcher(r.GitLab, r.Dashboard)
		run := func(path string) {
			for _, p := range w.config.Projects {
				if p.Path != path {
					continue
				}
				report, err := r.Run(t.Context(), p, time.Now())
				if err != nil || report.Status != reconcile.Done {
					t.Fatalf("%s: %v %s %v", p.Path, err, report.Status, report.Failures)
				}
				watcher.Ran(p.Path, report)
			}
		}
		one, two, three := w.config.Projects[0].Path, w.config.Projects[1].Path, w.config.Projects[2].Path
		for _, path := range []string{one, two, three} {
			run(path)
		}
		if got := watcher.Changed(t.Context()); len(got) > 0 {
			t.Errorf("while pipelines are under way %v changed", got)
		}
		hung, asked := fmt.Sprintf("/projects/%d/", w.gitlab.Project(two).ID()), atomic.Int64{}
		w.gitlabGate = func(r *http.Request) error {
			if strings.Contains(r.URL.Path, "/pipelines") {
				asked.Add(1)
			}
			if strings.Contains(r.URL.Path, hung) {
				return hang(r)
			}
			return nil
		}
		time.Sleep(10 * time.Minute)
		began := time.Now()
		if got := watcher.Changed(t.Context()); !slices.Equal(got, slices.Sorted(slices.Values([]string{one, three}))) {
			t.Errorf("the pipelines of %s and %s ended, and %v changed", one, three, got)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the look took %s", took)
		}
		if n := asked.Swap(0); n != 3 {
			t.Errorf("%d requests for pipelines of three projects", n)
		}
		if got := watcher.Changed(t.Context()); len(got) > 0 || asked.Load() != 1 {
			t.Errorf("it was told already, and %v changed in %d requests", got, asked.Load())
		}
	})
}
