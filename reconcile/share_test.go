package reconcile_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// A quiet run does not read a dashboard that is known to be as it was, and who the bot is
// once for several runs: three reads are left. What is not known is read.
func TestAKnownDashboardIsNotRead(t *testing.T) {
	w := quietWorld(t)
	known := true
	var asked store.QuietDashboard
	runner := w.runner()
	runner.Unchanged = func(d store.QuietDashboard) bool { asked = d; return known }
	reads := func() (r reconcile.Report, out []string) {
		var mu sync.Mutex
		w.gitlabGate = func(q *http.Request) error {
			mu.Lock()
			defer mu.Unlock()
			out = append(out, q.Method+" "+q.URL.RequestURI())
			return nil
		}
		defer func() { w.gitlabGate = nil }()
		w.now = w.now.Add(time.Hour)
		r, err := runner.Run(context.Background(), w.config.Projects[0], w.now)
		if err != nil {
			t.Fatal(err)
		}
		return r, out
	}
	if r, all := reads(); !r.Quiet || len(all) != 4 { // the bot among them
		t.Errorf("the first quiet run reads %q", all)
	}
	r, all := reads()
	if !r.Quiet || len(all) != 3 || strings.Contains(fmt.Sprint(all), "/issues") {
		t.Errorf("with a known dashboard a run reads %q", all)
	}
	if asked.IID != int64(w.project.Issues()[0].IID) || asked.At.IsZero() {
		t.Errorf("it asks for %+v", asked)
	}
	known = false
	if r, all := reads(); !r.Quiet || len(all) != 5 {
		t.Errorf("a run reads %q", all)
	}
}

// A Watcher vouches for a dashboard that its list has, until a look tells of a change, the
// looks stop, or the dashboard is gone.
func TestAWatcherVouchesForWhatItSaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.gitlab = gitlabsim.New(gitlabsim.Options{Now: time.Now})
		w.gitlab.AddBot("pinwheel", "pinwheel")
		w.gitlab.AddUser("dave", "Dave", false)
		w.project = w.gitlab.AddProject("cki/pipe", "main", map[string]string{"constraints.txt": "six==1.17.0\n"})
		w.project.SetRole("pinwheel", gitlabsim.Developer)
		w.project.SetRole("dave", gitlabsim.Owner)
		runner := w.runner()
		watcher := reconcile.NewWatcher(runner.GitLab, runner.Dashboard)
		report, err := runner.Run(t.Context(), w.config.Projects[0], time.Now())
		if err != nil {
			t.Fatal(err)
		}
		watcher.Ran("cki/pipe", report)
		issue := w.project.Issues()[0]
		d := store.QuietDashboard{Project: w.project.ID(), IID: int64(issue.IID), At: time.Now()}
		says := func(want bool, when string) {
			t.Helper()
			if got := watcher.Unchanged(d); got != want {
				t.Errorf("%s it vouches: %t", when, got)
			}
		}
		time.Sleep(time.Minute)
		says(false, "before any look")
		watcher.Changed(t.Context())
		says(false, "before the list")
		if err := watcher.List(t.Context()); err != nil {
			t.Fatal(err)
		}
		says(true, "after both")
		other := watcher.On(runner.GitLab, dashboard.NewPublisher(runner.GitLab))
		if !other.Unchanged(d) {
			t.Error("one on other connections forgot it")
		}
		time.Sleep(3 * time.Minute)
		says(false, "without a look")
		watcher.Changed(t.Context())
		says(true, "after a look")
		if err := w.project.Comment("dave", issue.IID, "hello"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		watcher.Changed(t.Context())
		says(false, "after a comment")
		d.At = time.Now()
		says(true, "after the run that read it")
		if err := w.project.DeleteIssue("dave", issue.IID); err != nil {
			t.Fatal(err)
		}
		if err := watcher.List(t.Context()); err != nil {
			t.Fatal(err)
		}
		says(false, "when it is gone")
	})
}

// Runs at the same time read each new page of an index once.
func TestRunsReadANewPageOnce(t *testing.T) {
	w := newWorld(t)
	w.config.Projects = nil
	var text strings.Builder
	text.WriteString(strings.SplitN(smallConfig, "projects:", 2)[0] + "projects:\n")
	for i := range 6 {
		path := fmt.Sprintf("cki/p%d", i)
		p := w.gitlab.AddProject(path, "main", map[string]string{"constraints.txt": "boto3==1.34.39\nlxml==4.9.4\ncertifi==2025.11.12\nsix==1.17.0\n"})
		p.SetRole("pinwheel", gitlabsim.Developer)
		text.WriteString("  - {path: " + path + ", timezone: UTC}\n")
	}
	var err error
	if w.config, err = config.Parse("pinwheel.yaml", []byte(text.String())); err != nil {
		t.Fatal(err)
	}
	runner := w.runner()
	runner.Claims = reconcile.NewClaims()
	var mu sync.Mutex
	pages := map[string]int{}
	w.indexGate = func(q *http.Request) error {
		mu.Lock()
		defer mu.Unlock()
		if q.Header.Get("If-None-Match") == "" && strings.Contains(q.URL.Path, "/simple/") {
			pages[q.URL.Path]++
		}
		return nil
	}
	var all sync.WaitGroup
	for _, project := range w.config.Projects {
		all.Go(func() {
			if r, err := runner.Run(context.Background(), project, w.now); err != nil || r.Status != reconcile.Done || r.Plan.Pins != 4 {
				t.Errorf("%s: %+v, %v", project.Path, r.Failures, err)
			}
		})
	}
	all.Wait()
	for path, n := range pages {
		if n != 1 {
			t.Errorf("%s was read %d times", path, n)
		}
	}
	if len(pages) != 4 {
		t.Errorf("pages %v", pages)
	}
}

// Processes on one database ask for each page once, also where they need it at the same time, and
// again in the next hour.
func TestProcessesReadAPageOnce(t *testing.T) {
	w := newWorld(t)
	w.path = postgres.Database(t)
	w.now = time.Now().UTC()
	path := func(n int) string { return fmt.Sprintf("cki/p%d", n) }
	text := strings.SplitN(smallConfig, "projects:", 2)[0] + "projects:\n"
	for n := range 4 {
		p := w.gitlab.AddProject(path(n), "main", map[string]string{"constraints.txt": "boto3==1.34.39\nlxml==4.9.4\ncertifi==2025.11.12\nsix==1.17.0\n"})
		p.SetRole("pinwheel", gitlabsim.Developer)
		text += "  - {path: " + path(n) + ", timezone: UTC}\n"
	}
	var err error
	if w.config, err = config.Parse("pinwheel.yaml", []byte(text)); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	pages := map[string]int{}
	both := make(chan struct{}) // two processes are at work when the first page is asked for
	w.indexGate = func(q *http.Request) error {
		<-both
		mu.Lock()
		defer mu.Unlock()
		if strings.Contains(q.URL.Path, "/simple/") {
			pages[q.URL.Path]++
		}
		return nil
	}
	var all sync.WaitGroup
	for n, project := range w.config.Projects {
		runner := w.runner()
		name := fmt.Sprint("worker-", n)
		runner.Store.RunAs(store.Process{Owner: store.Owner{Host: name, PID: 1, Instance: name}})
		bounds, _ := runner.Store.Bounds()
		runner.Claims = reconcile.NewClaims()
		runner.Claims.Share(bounds)
		runner.Index = pypi.New(pypi.Options{Transport: w.wire(), Hourly: true})
		runner.Index.Share(pypi.Shared{Enter: func(context.Context) (leave func()) { return func() {} }})
		all.Go(func() {
			for range 2 { // of which the second asks nobody
				if r, err := runner.Run(context.Background(), project, time.Now()); err != nil || r.Status != reconcile.Done || r.Plan.Pins != 4 {
					t.Errorf("%s: %+v, %v", project.Path, r.Failures, err)
				}
			}
		})
	}
	time.AfterFunc(50*time.Millisecond, func() { close(both) })
	all.Wait()
	mu.Lock()
	defer mu.Unlock()
	for path, n := range pages {
		if n != 1 {
			t.Errorf("%s was asked for %d times", path, n)
		}
	}
	if len(pages) != 4 {
		t.Errorf("pages %v", pages)
	}
}
