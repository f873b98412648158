package reconcile_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// reads are the reads of the last run, by route, sorted.
func (w *world) reads(since time.Time) []string {
	var out []string
	for _, q := range w.gitlab.Reads(since) {
		out = append(out, q.Route)
	}
	slices.Sort(out)
	return out
}

// quietly makes the runs of a project until nothing changes, and returns what one more
// reads.
func (w *world) quietly() []string {
	w.t.Helper()
	for range 2 {
		w.run()
		w.now = w.now.Add(time.Hour)
	}
	since := w.now
	w.run()
	w.now = w.now.Add(time.Hour)
	return w.reads(since)
}

// Where nothing is open and nothing changed a run reads who it is, the project, its
// dashboard with what was done there, its merge requests and its branches.
func TestAQuietRunMakesSixReads(t *testing.T) {
	w := newWorld(t)
	want := []string{
		"/projects/:id", "/projects/:id/issues", "/projects/:id/issues/:iid/notes", "/projects/:id/merge_requests", "/projects/:id/repository/branches", "/user",
	}
	if got := w.quietly(); !slices.Equal(got, want) {
		t.Errorf("it reads %q, want %q", got, want)
	}
}

// A record of a run that read files is no longer than that of one which did not: what a
// commit holds never changes.
func TestAQuietRunAfterAPushMakesSixReads(t *testing.T) {
	w := quietWorld(t)
	if _, err := w.project.EditFile("alice", "README.md", "More.\n"); err != nil {
		t.Fatal(err)
	}
	if r := w.run(); r.Quiet || r.Wrote > 0 {
		t.Fatalf("the run after the push: quiet %v, %d effects", r.Quiet, r.Wrote)
	}
	w.now = w.now.Add(time.Hour)
	since := w.now
	if r := w.run(); !r.Quiet {
		t.Fatal("nothing changed, and the run looked at everything")
	}
	if got := w.reads(since); len(got) != 6 {
		t.Errorf("it reads %q, want six", got)
	}
}

// The files of a commit that is not the last run's are read, whatever changed in it.
func TestFilesAreReadAtEveryNewCommit(t *testing.T) {
	w := newWorld(t)
	w.quietly()
	files := "boto3==1.34.39\ncertifi==2025.11.12\nlxml==4.9.4\n"
	derived := "---\n# Generated from constraints.txt by pinwheel. Do not edit.\nvariables:\n  PYTHON_CONSTRAINTS: |\n    boto3==1.34.39\n    certifi==2025.11.12\n    lxml==4.9.4\n"
	if _, err := w.project.Push("alice", "main", "Drop six", map[string]string{"constraints.txt": files, "pipeline/constraints.yml": derived}); err != nil {
		t.Fatal(err)
	}
	w.run()
	if body := w.project.Issues()[0].Description; strings.Contains(body, "six") {
		t.Errorf("the dashboard still knows six:\n%s", body)
	}
	w.now = w.now.Add(time.Hour)
	if _, err := w.project.Push("alice", "main", "Rest", map[string]string{".gitlab/pinwheel.yaml": "mode: dashboard\n"}); err != nil {
		t.Fatal(err)
	}
	w.run()
	if body := w.project.Issues()[0].Description; !strings.Contains(body, "sets mode") {
		t.Errorf("the dashboard does not know of the new policy:\n%s", body)
	}
}

// A proxy or a copy of the repository that is behind may say of a file that it is not
// there. The next run asks again, whatever else was found at that commit.
func TestAFileThatIsMissedOnceIsReadAgain(t *testing.T) {
	for _, path := range []string{"constraints.txt", "pipeline/constraints.yml", ".gitlab/pinwheel.yaml"} {
		t.Run(path, func(t *testing.T) {
			w := quietWorld(t)
			if _, err := w.project.Push("alice", "main", "Look, but touch nothing", map[string]string{".gitlab/pinwheel.yaml": "mode: dashboard\n"}); err != nil {
				t.Fatal(err)
			}
			var asked atomic.Int32
			w.gitlab.AfterRequest(func(c gitlabsim.Call) {
				if c.Status == http.StatusNotFound && strings.HasSuffix(c.Path, filepath.Base(path)+"/raw") {
					asked.Add(1)
				}
			})
			w.gitlab.AddFault(gitlabsim.Fault{Method: "GET", Route: "*" + filepath.Base(path) + "/raw", Count: 1, Kind: gitlabsim.FaultStatus, Status: http.StatusNotFound})
			if w.run(); asked.Load() != 1 {
				t.Fatalf("%d answers said that %s is not there, want 1", asked.Load(), path)
			}
			w.now = w.now.Add(time.Hour)
			r := w.run()
			if body := w.project.Issues()[0].Description; r.Status != reconcile.Done || r.Quiet || r.Plan.Pins != 4 || !strings.Contains(body, "sets mode") {
				t.Errorf("the run after it: %s, quiet %v, %d pins, %v\n%s", r.Status, r.Quiet, r.Plan.Pins, r.Failures, body)
			}
		})
	}
}

// A panic in one of several reads is one of the run, which the scheduler turns into a
// failure of this project alone.
func TestAPanicInAReadEndsTheRunAlone(t *testing.T) {
	for _, route := range []string{"/user", "/issues", "/merge_requests", "/raw"} {
		t.Run(route, func(t *testing.T) {
			w := newWorld(t)
			w.gitlabGate = func(r *http.Request) error {
				if strings.HasSuffix(r.URL.Path, route) {
					panic("here")
				}
				return nil
			}
			defer func() {
				got := recover()
				if got == nil || fmt.Sprint(got) != "here" {
					t.Errorf("the run panics with %v, want here", got)
				}
				if of, ok := got.(interface{ Stack() []byte }); !ok || !strings.Contains(string(of.Stack()), "TestAPanicInAReadEndsTheRunAlone") {
					t.Errorf("the panic has no stack of the read")
				}
			}()
			r := w.run()
			t.Errorf("the run ended with %s", r.Status)
		})
	}
}

// Where the project's own file asks for another prefix or another dashboard, all is read
// again as it says, in the run that finds the file.
func TestANewPolicyCountsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.quietly()
	if _, err := w.project.Push("alice", "main", "Move", map[string]string{".gitlab/pinwheel.yaml": "branch_prefix: bumps/\n"}); err != nil {
		t.Fatal(err)
	}
	w.now = time.Date(2026, 1, 3, 2, 0, 0, 0, time.UTC)
	w.run()
	opened := w.project.MRs()
	if len(opened) == 0 {
		t.Fatal("nothing was opened in the window")
	}
	for _, m := range opened {
		if !strings.HasPrefix(m.SourceBranch, "bumps/") {
			t.Errorf("%s was opened, want a branch under bumps/", m.SourceBranch)
		}
	}
	w.now = w.now.Add(time.Hour)
	before := w.now
	w.run()
	if writes := w.gitlab.Writes(before); len(writes) > 0 {
		t.Errorf("a second run wrote %v", writes)
	}
}

// What a run does depends on no order of answers: each read of a wave in turn is answered
// long after the others.
func TestNoOrderOfAnswersMatters(t *testing.T) {
	var want string
	for i, slow := range []string{"nothing", "/user", "/issues", "/notes", "/merge_requests", "/branches", "cki%2Fpipe", "/raw"} {
		synctest.Test(t, func(t *testing.T) {
			w := bubble(t)
			begin := time.Now()
			w.runner().Run(t.Context(), w.config.Projects[0], begin) //nolint:errcheck // what it left is asserted below
			if err := w.project.Tick("bob", w.project.Issues()[0].IID, "boto3"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Until(begin.Add(time.Hour)))
			w.gitlabGate = func(r *http.Request) error {
				if r.Method == http.MethodGet && strings.HasSuffix(r.URL.EscapedPath(), slow) {
					time.Sleep(10 * time.Second)
				}
				return nil
			}
			if _, err := w.runner().Run(t.Context(), w.config.Projects[0], begin.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			text := w.project.Issues()[0].Description
			for _, m := range w.project.MRs() {
				text += m.Title + "\n" + m.Description
			}
			if i == 0 {
				want = text
			}
			if text != want || !strings.Contains(text, "boto3") || len(w.project.MRs()) != 1 {
				t.Errorf("with %s late the run left\n%s\nwant\n%s", slow, text, want)
			}
		})
	}
}

// distant is a world of 200 pins that require each other. Nothing in it takes time but what
// its servers wait before they answer, so how long a run takes is exact.
func distant(t *testing.T) *world {
	w := bubble(t)
	world := pypisim.GenerateRequiring(200, 4000, 1)
	w.index.AddGenerated(world)
	var file strings.Builder
	for _, g := range world {
		if !g.Loose {
			fmt.Fprintf(&file, "%s==%s\n", g.Name, g.Versions[g.Pin])
		}
	}
	if _, err := w.project.Push("alice", "main", "Pin many", map[string]string{"constraints.txt": file.String()}); err != nil {
		t.Fatal(err)
	}
	w.config.Projects[0].Policy.Files[0].Derived = nil
	w.version = "1"
	return w
}

// waited is what a run waited, and for what.
type waited struct {
	wall         time.Duration
	reads, index int // requests to GitLab that read, and to the index
	quiet        bool
}

// far makes a run whose servers wait so long before they answer. Writes do not wait. The
// next run is an hour later.
func (w *world) far(gitlab, index time.Duration) waited {
	w.t.Helper()
	var asked atomic.Int32
	w.gitlabGate = func(r *http.Request) error {
		if r.Method == http.MethodGet {
			time.Sleep(gitlab)
		}
		return nil
	}
	w.indexGate = func(*http.Request) error {
		asked.Add(1)
		time.Sleep(index)
		return nil
	}
	begin := time.Now()
	r, err := w.runner().Run(w.t.Context(), w.config.Projects[0], begin)
	if err != nil || r.Status != reconcile.Done {
		w.t.Fatalf("the run ended with %s, %v, %v", r.Status, r.Failures, err)
	}
	out := waited{time.Since(begin), len(w.reads(begin)), int(asked.Load()), r.Quiet}
	time.Sleep(time.Hour)
	return out
}

// A first run reads GitLab in four waves, and a run in which nothing changed makes six
// reads in three waves, whether it looks at everything or asks what the last one was told.
func TestHowManyWavesARunReadsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := distant(t)
		for i, want := range []waited{{wall: 4 * time.Second}, {wall: 3 * time.Second, reads: 6}, {wall: 3 * time.Second, reads: 6, quiet: true}} {
			got := w.far(time.Second, 0)
			got.index = 0
			if i == 0 {
				got.reads = 0
			}
			if got != want {
				t.Errorf("run %d: %d reads that take %s, quiet %v, want %d, %s, %v", i+1, got.reads, got.wall, got.quiet, want.reads, want.wall, want.quiet)
			}
		}
	})
}

// How long a run waits is bounded by what it has to wait: for the requests to the index,
// eight at once, and for the waves of reads of GitLab.
func TestARunWaitsForLittleBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gitlab, index = 80 * time.Millisecond, 30 * time.Millisecond
		w := distant(t)
		for i, bound := range []struct{ waves, over float64 }{{4, 1.25}, {3, 1.15}, {3, 1.15}} {
			got := w.far(gitlab, index)
			least := float64(got.index)*index.Seconds()/8 + bound.waves*gitlab.Seconds()
			if over := got.wall.Seconds() / least; over > bound.over {
				t.Errorf("run %d waits %s for %d requests to the index and %.0f waves, %.2f times what it has to, want at most %.2f", i+1, got.wall, got.index, bound.waves, over, bound.over)
			}
			if i > 0 && got.index > 204 {
				t.Errorf("run %d asks the index %d times, for 204 names", i+1, got.index)
			}
		}
	})
}
