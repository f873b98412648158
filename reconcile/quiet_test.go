package reconcile_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// quietWorld is a world in which a run at its now would end early, on a Friday
// morning: the next releases grow old enough on Sunday, and the window opens at
// midnight.
func quietWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.version = "1"
	for i := range 4 {
		w.now = time.Date(2026, 1, 2, 8+i, 0, 0, 0, time.UTC)
		r := w.run()
		if r.Status != reconcile.Done || r.Quiet != (i > 2) && r.Quiet != (i > 1) {
			t.Fatalf("run %d: %s, quiet %v, %v", i, r.Status, r.Quiet, r.Failures)
		}
		if i == 3 && !r.Quiet {
			t.Fatal("nothing changed, and the run looked at everything")
		}
	}
	w.now = w.now.Add(time.Hour)
	return w
}

// asks makes a run and lists what it asks GitLab and the index.
func (w *world) asks() (r reconcile.Report, asked []string) {
	w.t.Helper()
	var together sync.Mutex
	note := func(q *http.Request) error {
		together.Lock()
		defer together.Unlock()
		asked = append(asked, q.Method+" "+q.URL.String())
		return nil
	}
	w.gitlabGate, w.indexGate = note, note
	r = w.run()
	w.gitlabGate, w.indexGate = nil, nil
	return r, asked
}

func TestARunIsOverWhereNothingChanged(t *testing.T) {
	w := quietWorld(t)
	before := w.run()
	if !before.Quiet || before.Plan.Pins != 4 || before.Plan.Behind == 0 || len(before.Plan.Updates) == 0 || len(before.Windows) != 1 {
		t.Errorf("a run that ends early says of the plan: %+v", before)
	}
	w.version = "" // a whole run
	whole := w.run()
	if whole.Quiet || whole.Wrote > 0 || whole.Plan.Pins != before.Plan.Pins || whole.Plan.Behind != before.Plan.Behind || len(whole.Plan.Updates) != len(before.Plan.Updates) ||
		fmt.Sprint(whole.Plan.Counts()) != fmt.Sprint(before.Plan.Counts()) || fmt.Sprint(whole.Windows) != fmt.Sprint(before.Windows) {
		t.Errorf("the run that looks at everything finds\n%+v\nthe one that ended early\n%+v", whole.Plan, before.Plan)
	}
}

// Whatever is told differently, or has passed, lets a run look at everything; and
// what it was told by then it does not ask for again.
func TestAnyChangeIsLookedAt(t *testing.T) {
	board := func(w *world) int { return w.project.Issues()[0].IID }
	set := func(w *world, from, to string) {
		text := strings.Replace(smallConfig, from, to, 1)
		if text == smallConfig {
			w.t.Fatalf("the configuration has no %q", from)
		}
		var err error
		if w.config, err = config.Parse("pinwheel.yaml", []byte(text)); err != nil {
			w.t.Fatal(err)
		}
	}
	for name, change := range map[string]func(w *world) error{
		"a tick":                   func(w *world) error { return w.project.Tick("bob", board(w), "boto3") },
		"a comment":                func(w *world) error { return w.project.Comment("bob", board(w), "hello") },
		"an edit of the dashboard": func(w *world) error { return w.project.EditIssueTitle("bob", board(w), "Ours") },
		"a closed dashboard":       func(w *world) error { return w.project.CloseIssue("bob", board(w)) },
		"a push": func(w *world) error {
			_, err := w.project.EditFile("alice", "constraints.txt", "boto3==1.34.41\ncertifi==2025.11.12\nlxml==4.9.4\nsix==1.17.0\n")
			return err
		},
		"a policy in the project": func(w *world) error {
			_, err := w.project.EditFile("alice", config.OwnFile, "labels: [x]\n")
			return err
		},
		"a branch of ours": func(w *world) error { return w.project.CreateBranch("alice", "pinwheel/six-1.x", "main") },
		"a release":        func(w *world) error { return w.index.Add("six 1.18.0 2026-01-02T11:30:00Z") },
		"a yanked release": func(w *world) error { w.index.Yank("lxml", "5.3.2", "broken"); return nil },
		"another role":     func(w *world) error { w.project.SetRole("pinwheel", gitlabsim.Maintainer); return nil },
		"the project's settings": func(w *world) error {
			w.project.Set(gitlabsim.Settings{MergeMethod: "ff"})
			return nil
		},
		"another version": func(w *world) error { w.version = "2"; return nil },
		"the configuration": func(w *world) error {
			set(w, `"3.12"`, `"3.11"`)
			return nil
		},
		"an earlier instant":    func(w *world) error { w.now = time.Date(2026, 1, 2, 7, 0, 0, 0, time.UTC); return nil },
		"the window":            func(w *world) error { w.now = time.Date(2026, 1, 2, 23, 0, 0, 0, time.UTC); return nil },
		"a record of yesterday": func(w *world) error { w.now = w.now.Add(24 * time.Hour); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietWorld(t)
			if err := change(w); err != nil {
				t.Fatal(err)
			}
			r, asked := w.asks()
			if r.Quiet {
				t.Fatalf("the run is over, though there was %s", name)
			}
			pages := map[string]bool{}
			for _, q := range asked {
				if strings.HasPrefix(q, "GET https://index.example/simple/") {
					if pages[q] {
						t.Errorf("asked twice: %s", q)
					}
					pages[q] = true
				}
			}
		})
	}
}

// What comes of a change is the same, and by the same requests but for those of lists
// that tell how far they were read, as where every run looks at everything.
func TestNothingIsAskedTwice(t *testing.T) {
	count := func(version string) map[string]int {
		w := quietWorld(t)
		w.version = version
		if err := w.index.Add("six 1.18.0 2026-01-02T11:30:00Z"); err != nil {
			t.Fatal(err)
		}
		_, asked := w.asks()
		out := map[string]int{}
		for _, q := range asked {
			if !strings.Contains(q, "updated_after") {
				out[q]++
			}
		}
		return out
	}
	whole, early := count(""), count("1")
	for q, n := range early {
		if n > whole[q] {
			t.Errorf("%d times where every run looks at everything, and %d here: %s", whole[q], n, q)
		}
	}
}
