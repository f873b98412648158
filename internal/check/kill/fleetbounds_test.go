package kill

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// counting counts the requests of a server: how many there are at once, and when each came.
type counting struct {
	mu        sync.Mutex
	now, most int
	at        []time.Time
}

func (c *counting) around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.now++
		c.most = max(c.most, c.now)
		c.at = append(c.at, time.Now())
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.now--
		}()
		h.ServeHTTP(w, r)
	})
}

// within is the most requests that came within a while.
func (c *counting) within(while time.Duration) (most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := 0
	for i, at := range c.at {
		for at.Sub(c.at[first]) > while {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// Processes of a fleet keep together to the bounds of one configuration, also if one of them is
// killed.
func TestAFleetKeepsToItsBounds(t *testing.T) {
	testenv.InStep(t, 1, "kill")
	const rate, concurrency, mostNew = 480, 3, 5
	var gitlab, index counting
	f := fleetOf{
		projects: 8, workers: 3, gitlab: ", rate: 480", index: ", concurrency: 3", keys: "max_new_per_run: 5\n", window: "* * * * *", latency: 20 * time.Millisecond,
		around: index.around, aroundGitLab: gitlab.around,
	}.start(t)
	opened := func() (n int) {
		for _, p := range f.projects {
			n += len(p.MRs())
		}
		return n
	}
	f.until("the first merge request", 2*time.Minute, func() bool { return opened() > 0 })
	f.kill(1)
	f.until("every project has a dashboard", 4*time.Minute, func() bool {
		return !slices.ContainsFunc(f.projects, func(p *gitlabsim.Project) bool { return len(p.Issues()) == 0 })
	})
	f.until("all merge requests that there may be", 2*time.Minute, func() bool { return opened() >= mostNew })
	for _, p := range f.projects { // each is looked at once more
		f.tick(p, "six")
	}
	asked := func() int {
		n := 0
		for _, p := range f.projects {
			for _, m := range p.MRs() {
				if m.SourceBranch == "pinwheel/six-1.x" {
					n++
				}
			}
		}
		return n
	}
	f.until("what was asked for", 3*time.Minute, func() bool { return asked() == len(f.projects) })
	// Those that were asked for come beyond the bound, but for those of six that were opened before.
	if n := opened() - asked(); n > mostNew {
		t.Errorf("%d merge requests that nobody asked for, want %d at most", n, mostNew)
	}
	if n, most := gitlab.within(time.Minute), rate+rate/6+10; n > most {
		t.Errorf("%d requests of GitLab within a minute, want %d at most", n, most)
	}
	if index.mu.Lock(); index.most > concurrency {
		t.Errorf("%d requests of the index at once, want %d at most", index.most, concurrency)
	}
	index.mu.Unlock()
	t.Logf("%d merge requests, %d requests of GitLab within a minute, %d of the index at once", opened(), gitlab.within(time.Minute), index.most)
}
