package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// hooksToken is what webhooks carry.
const hooksToken = "a-token-of-webhooks-for-the-bench"

// deliver sends an event of a webhook.
func deliver(d gitlabsim.Delivery) {
	req, err := http.NewRequest(http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return
	}
	req.Header = d.Header
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
	}
}

// ticker ticks boxes in projects and notes when their merge requests came.
type ticker struct {
	gitlab   *gitlabsim.Server
	projects []*gitlabsim.Project

	hook sync.Once

	mu    sync.Mutex
	since func() time.Duration // by which ticks are timed
	began map[int64]time.Duration
	took  []float64
}

// idle is after how long without processor time of serve the next box is ticked.
const idle = 5 * time.Second

// byProcessorTime is how long processes have used a core.
func byProcessorTime(pids []int) func() time.Duration {
	return func() (sum time.Duration) {
		for _, pid := range pids {
			sum += used(pid)
		}
		return sum
	}
}

func (t *ticker) routes(mux *http.ServeMux) {
	t.began = map[int64]time.Duration{}
	t.gitlab.AfterRequest(func(c gitlabsim.Call) {
		if c.Method != http.MethodPost || !strings.HasSuffix(c.Route, "/merge_requests") {
			return
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		for id, began := range t.began {
			if strings.Contains(c.Path, fmt.Sprintf("/projects/%d/", id)) {
				t.took = append(t.took, (t.since() - began).Seconds())
				delete(t.began, id)
			}
		}
	})
	mux.HandleFunc("/_tick", func(_ http.ResponseWriter, q *http.Request) {
		n, rate, address := 0, 0.0, ""
		fmt.Sscan(strings.ReplaceAll(q.URL.RawQuery, "&", " "), &n, &rate, &address) //nolint:errcheck // 0 ticks nothing, which shows
		began := time.Now()
		since := func() time.Duration { return time.Since(began) }
		if pids := q.URL.Query()["pid"]; len(pids) > 0 {
			since = byProcessorTime(numbers(pids))
		}
		t.mu.Lock()
		t.took, t.since = nil, since
		t.mu.Unlock()
		t.hook.Do(func() { t.gitlab.AddHook("cki", "http://"+address+"/hooks/gitlab", hooksToken) })
		go t.tick(n, time.Duration(float64(time.Second)/rate))
	})
	mux.HandleFunc("/_ticked", func(w http.ResponseWriter, _ *http.Request) {
		t.mu.Lock()
		defer t.mu.Unlock()
		_ = json.NewEncoder(w).Encode(t.took) // the reader notices
	})
}

// tick ticks the first box of an update in n projects, one after each interval.
func (t *ticker) tick(n int, every time.Duration) {
	done := 0
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(t.projects)) {
		if done >= n {
			return
		}
		p := t.projects[i]
		for _, issue := range p.Issues() {
			for line := range strings.Lines(issue.Description) {
				_, after, box := strings.Cut(line, "- [ ] <!-- unschedule-branch=")
				branch, _, ok := strings.Cut(after, " -->")
				if !box || !ok {
					continue
				}
				t.mu.Lock()
				began := t.since()
				t.began[p.ID()] = began
				t.mu.Unlock()
				if err := p.Tick("dave", issue.IID, "unschedule-branch="+branch+" -->"); err != nil {
					fmt.Println("tick:", err)
				}
				done++
				for wait := time.Now(); t.since()-began < every && time.Since(wait) < max(idle, every); {
					time.Sleep(10 * time.Millisecond)
				}
				break
			}
			break
		}
	}
}

func numbers(texts []string) []int {
	out := make([]int, len(texts))
	for i, text := range texts {
		out[i], _ = strconv.Atoi(text)
	}
	return out
}

// some are the pins of one project: so many of a world, another choice for each.
func some(world []pypisim.Generated, pins, project int) string {
	var all []pypisim.Generated
	for _, g := range world {
		if !g.Loose {
			all = append(all, g)
		}
	}
	var file strings.Builder
	for _, i := range rand.New(rand.NewPCG(uint64(project), 7)).Perm(len(all))[:min(pins, len(all))] {
		fmt.Fprintf(&file, "%s==%s\n", all[i].Name, all[i].Versions[all[i].Pin])
	}
	return file.String()
}

// looks are the projects that were read since the last question for counts, and for how many
// seconds nothing was asked of any.
type looks struct {
	Projects int
	Idle     float64
}

// seenProjects notes which projects are read.
type seenProjects struct {
	mu   sync.Mutex
	by   map[string]bool
	last time.Time
}

// of notes the requests about projects, where rounds of many are measured.
func (s *seenProjects) of(o options, next http.Handler) http.Handler {
	if o.packages == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if rest, ok := strings.CutPrefix(q.URL.EscapedPath(), "/api/v4/projects/"); ok {
			id, more, _ := strings.Cut(rest, "/")
			s.mu.Lock()
			s.last = time.Now()
			if s.by == nil {
				s.by = map[string]bool{}
			}
			if _, err := strconv.Atoi(id); more != "" || err == nil { // its own page has the path in the first run
				s.by[id] = true
			}
			s.mu.Unlock()
		}
		next.ServeHTTP(w, q)
	})
}

func (s *seenProjects) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by = nil
}

func (s *seenProjects) tell(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = json.NewEncoder(w).Encode(looks{len(s.by), time.Since(s.last).Seconds()}) // the reader notices
}
