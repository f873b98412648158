package reconcile_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// several are projects in which nothing changes, on a server.
type several struct {
	*world
	projects []*gitlabsim.Project
	one      *reconcile.Runner
}

func severalQuiet(t *testing.T, n int) *several {
	w := newWorld(t)
	w.path, w.version = postgres.Database(t), "1"
	w.gitlab.AddUser("dave", "Dave", false)
	s := &several{world: w}
	text := strings.SplitN(smallConfig, "projects:", 2)[0] + "projects:\n"
	for i := range n {
		path := fmt.Sprintf("cki/p%d", i)
		p := w.gitlab.AddProject(path, "main", map[string]string{"constraints.txt": "boto3==1.34.39\nlxml==4.9.4\ncertifi==2025.11.12\nsix==1.17.0\n"})
		p.SetRole("pinwheel", gitlabsim.Developer)
		p.SetRole("dave", gitlabsim.Maintainer)
		s.projects = append(s.projects, p)
		text += "  - {path: " + path + ", timezone: UTC}\n"
	}
	var err error
	if w.config, err = config.Parse("pinwheel.yaml", []byte(text)); err != nil {
		t.Fatal(err)
	}
	s.one = w.runner()
	for hour := range 4 {
		w.now = time.Date(2026, 1, 2, 8+hour, 0, 0, 0, time.UTC)
		for i := range n {
			if r := s.run(i); r.Quiet != (hour > 2) && hour != 2 {
				t.Fatalf("run %d of %d: %+v", hour, i, r.Failures)
			}
		}
	}
	w.now = w.now.Add(time.Hour)
	return s
}

// run makes a run of one project by itself.
func (s *several) run(i int) reconcile.Report {
	s.t.Helper()
	r, err := s.one.Run(context.Background(), s.config.Projects[i], s.now)
	if err != nil || r.Status != reconcile.Done {
		s.t.Fatalf("a run of %s: %+v, %v", s.config.Projects[i].Path, r.Failures, err)
	}
	return r
}

// together makes runs of all projects together, an hour later, and says what became of them.
func (s *several) together(runner *reconcile.Runner) (q reconcile.Quietly, what string) {
	s.t.Helper()
	s.now = s.now.Add(time.Hour)
	q, err := runner.Quietly(context.Background(), s.config.Projects, s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	var ended []string
	for _, e := range q.Ended {
		ended = append(ended, e.Project)
	}
	slices.Sort(q.Alone)
	return q, strings.ReplaceAll(fmt.Sprintf("ended %v, alone %v, on %s", ended, q.Alone, q.On), "cki/", "")
}

func (s *several) says(what, want string) {
	s.t.Helper()
	if what != want {
		s.t.Errorf("got  %s\nwant %s", what, want)
	}
}

// live counts runs that are at work.
func (s *several) live() int {
	s.t.Helper()
	all, err := s.one.Store.Unfinished(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return len(all)
}

// Runs together ask and leave what runs do that are made one by one.
func TestRunsTogetherEndWhereNothingChanged(t *testing.T) {
	s := severalQuiet(t, 3)
	var mu sync.Mutex
	var asked []string
	s.gitlabGate = func(q *http.Request) error {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, q.Method+" "+strings.SplitN(q.URL.RequestURI(), "updated_after", 2)[0])
		return nil
	}
	var alone reconcile.Report
	for i := range s.projects {
		alone = s.run(i)
	}
	slices.Sort(asked)
	before := strings.Join(asked, "\n")
	for range 3 {
		asked = nil
		q, what := s.together(s.one)
		s.says(what, "ended [p0 p1 p2], alone [], on ")
		slices.Sort(asked)
		if after := strings.Join(asked, "\n"); after != before {
			t.Errorf("runs one by one ask\n%s\nand together\n%s", before, after)
		}
		r := q.Ended[2].Report
		if !r.Quiet || fmt.Sprint(r.Plan.Counts()) != fmt.Sprint(alone.Plan.Counts()) || r.Plan.Behind != alone.Plan.Behind {
			t.Errorf("a run together finds %+v, one alone %+v", r.Plan, alone.Plan)
		}
	}
	s.now = s.now.Add(time.Hour)
	for i := range s.projects {
		if r := s.run(i); !r.Quiet {
			t.Errorf("after runs together one of %d looks at everything", i)
		}
	}
	if n := s.live(); n != 0 {
		t.Errorf("%d runs are at work", n)
	}
}

// Where something changed, that run goes on, with one lease throughout, and the others are as if they had
// not begun.
func TestARunGoesOnWhereSomethingChanged(t *testing.T) {
	s := severalQuiet(t, 4)
	if _, err := s.projects[1].Push("dave", "main", "a new pin", map[string]string{"constraints.txt": "boto3==1.34.39\nlxml==4.9.4\nsix==1.17.0\n"}); err != nil {
		t.Fatal(err)
	}
	q, what := s.together(s.one)
	s.says(what, "ended [p0], alone [], on p1")
	if n := s.live(); n != 1 {
		t.Errorf("%d runs are at work, want that of p1 alone", n)
	}
	other := s.runner()
	other.Store.RunAs(store.Process{Owner: store.Owner{Host: "other", PID: 2, Instance: "other"}})
	_, err := other.Run(context.Background(), s.config.Projects[1], s.now)
	if err == nil || !strings.Contains(err.Error(), store.ErrBusy.Error()) {
		t.Errorf("another process may run it: %v", err)
	}
	r, err := q.Rest(context.Background())
	if err != nil || r.Quiet || r.Status != reconcile.Done || r.Plan.Pins != 3 {
		t.Errorf("the rest of the run: %+v, %v", r, err)
	}
	for i := range s.projects {
		if r := s.run(i); r.Quiet != (i != 1) {
			t.Errorf("afterwards a run of %d is quiet: %v", i, r.Quiet)
		}
	}
}

// What counts for a run alone counts for one together with others: a pause, the program, the
// configuration and the time.
func TestOnlyRecordsThatCountEndRunsTogether(t *testing.T) {
	s := severalQuiet(t, 3)
	if err := s.one.Store.Pause(t.Context(), store.Pause{Project: "cki/p1", Reason: "why", At: s.now}); err != nil {
		t.Fatal(err)
	}
	_, what := s.together(s.one)
	s.says(what, "ended [p0 p2], alone [p1], on ")
	if _, err := s.one.Store.Resume(t.Context(), "cki/p1"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.now = s.now.Add(time.Hour)
		s.run(1)
	}
	_, what = s.together(s.one)
	s.says(what, "ended [p0 p1 p2], alone [], on ")
	s.version = "2"
	_, what = s.together(s.runner())
	s.says(what, "ended [], alone [p0 p1 p2], on ")
	_, what = s.together(s.one)
	s.says(what, "ended [p0 p1 p2], alone [], on ")
	s.now = s.now.Add(48 * time.Hour)
	_, what = s.together(s.one)
	s.says(what, "ended [], alone [p0 p1 p2], on ")
	if n := s.live(); n != 0 {
		t.Errorf("%d runs are at work", n)
	}
}

// A server that is slow for one project keeps the others for a second.
func TestASlowProjectKeepsNoOther(t *testing.T) {
	s := severalQuiet(t, 3)
	slow := make(chan struct{})
	s.gitlabGate = func(q *http.Request) error {
		if strings.Contains(q.URL.Path, fmt.Sprintf("/projects/%d", s.projects[1].ID())) {
			<-slow
		}
		return nil
	}
	q, what := s.together(s.one)
	s.says(what, "ended [p0], alone [], on p1")
	if !q.Slow || s.live() != 1 {
		t.Errorf("slow %v, and %d runs are at work", q.Slow, s.live())
	}
	close(slow)
	if r, err := q.Rest(context.Background()); err != nil || !r.Quiet {
		t.Errorf("the rest of the run: %+v, %v", r, err)
	}
	_, what = s.together(s.one)
	s.says(what, "ended [p0 p1 p2], alone [], on ")
}

// A process that ends leaves no run behind that others wait for, and a run whose lease was lost
// changes nothing.
func TestRunsTogetherThatAreCutShort(t *testing.T) {
	s := severalQuiet(t, 3)
	ctx, end := context.WithCancel(t.Context())
	s.gitlabGate = func(q *http.Request) error {
		if strings.Contains(q.URL.Path, fmt.Sprintf("/projects/%d", s.projects[1].ID())) {
			end()
		}
		return nil
	}
	q, err := s.one.Quietly(ctx, s.config.Projects, s.now)
	if err == nil || q.On != "" || len(q.Ended) > 1 || s.live() != 0 {
		t.Errorf("%+v, %v, and %d runs are at work", q, err, s.live())
	}
	changed := s.projects[0]
	if _, err := changed.Push("dave", "main", "a new pin", map[string]string{"constraints.txt": "six==1.17.0\n"}); err != nil {
		t.Fatal(err)
	}
	s.gitlabGate = nil
	q, what := s.together(s.one)
	s.says(what, "ended [], alone [], on p0")
	later := s.runner()
	if _, err := later.Store.BeginRun(t.Context(), "cki/p0", time.Now().Add(time.Hour), time.Minute); err != nil { // the lease ended long ago
		t.Fatal(err)
	}
	if _, err := q.Rest(context.Background()); err == nil || !strings.Contains(err.Error(), store.ErrNotLive.Error()) {
		t.Errorf("a run whose lease was lost goes on: %v", err)
	}
}
