package fleet

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/store"
)

// boundsOf are the bounds of so many processes on one database.
func boundsOf(t *testing.T, processes int) (all []*store.Bounds) {
	t.Helper()
	place := postgres.Database(t)
	for n := range processes {
		s, err := store.Open(t.Context(), place+"&pool_max_conns=4")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		name := fmt.Sprint("worker-", n)
		s.RunAs(store.Process{Owner: store.Owner{Host: name, PID: 1, Instance: name}})
		b, _ := s.Bounds()
		all = append(all, b)
	}
	return all
}

// counting is a server that counts how many requests it has at once, and when each came.
type counting struct {
	http.Handler
	mu        sync.Mutex
	now, most int
	at        []time.Time
}

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.now++
	c.most = max(c.most, c.now)
	c.at = append(c.at, time.Now())
	c.mu.Unlock()
	c.Handler.ServeHTTP(w, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now--
}

// All processes together send no more requests than gitlab.rate, after a burst of ten seconds' worth.
func TestProcessesKeepToTheRateOfGitLab(t *testing.T) {
	for _, processes := range []int{2, 4} {
		t.Run(fmt.Sprint(processes), func(t *testing.T) {
			t.Parallel()
			server := &counting{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, `{"id": 1, "username": "bot"}`)
			})}
			at := httptest.NewServer(server)
			defer at.Close()
			const rate, each = 240, 48 // 40 at once, and then one every 250 ms
			var all sync.WaitGroup
			for _, b := range boundsOf(t, processes) {
				c, err := gitlab.Connect(gitlab.Options{URL: at.URL, Token: "t", Rate: rate})
				if err != nil {
					t.Fatal(err)
				}
				c.Share(gitlab.Shared{Reserve: b.Reserve, Pause: b.Pause})
				for range each / processes {
					all.Go(func() {
						if _, err := c.Version(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
			}
			all.Wait()
			server.mu.Lock()
			defer server.mu.Unlock()
			for i, from := range server.at {
				for j, to := range server.at[i:] {
					if most := rate/6 + int(to.Sub(from)*rate/time.Minute) + rate/60 + 1; j+1 > most { // some may have been under way for a second
						t.Fatalf("%d requests within %s, want %d at most", j+1, to.Sub(from), most)
					}
				}
			}
		})
	}
}

// If GitLab makes one process wait, all others wait, too.
func TestProcessesWaitForGitLabTogether(t *testing.T) {
	all := boundsOf(t, 2)
	var mu sync.Mutex
	var at []time.Time
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if at = append(at, time.Now()); len(at) == 1 {
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"version": "17.0.0"}`)
	}))
	defer server.Close()
	for _, b := range all {
		c, err := gitlab.Connect(gitlab.Options{URL: server.URL, Token: "t", Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		c.Share(gitlab.Shared{Reserve: b.Reserve, Pause: b.Pause})
		_, _ = c.Version(t.Context()) // the first is refused
	}
	mu.Lock()
	defer mu.Unlock()
	if waited := at[1].Sub(at[0]); len(at) != 2 || waited < 1900*time.Millisecond {
		t.Errorf("the other process asked %s after GitLab wanted nothing for 2 s", waited)
	}
}

// All processes together ask for no more packages at once than index.concurrency. What a process has
// that dies is free for the others within a minute.
func TestProcessesKeepToTheConcurrencyOfTheIndex(t *testing.T) {
	for _, processes := range []int{2, 4} {
		t.Run(fmt.Sprint(processes), func(t *testing.T) {
			index := pypisim.New(pypisim.Options{Latency: 5 * time.Millisecond, NoLog: true})
			index.AddGenerated(pypisim.Generate(60, 3_000, 1))
			server := &counting{Handler: index}
			at := httptest.NewServer(server)
			defer at.Close()
			const most = 6
			var requests []pypi.Request
			for _, name := range index.Names() {
				requests = append(requests, pypi.Request{Source: pypi.Source{Index: plan.Index{Name: "pypi", URL: at.URL + "/simple/"}}, Name: name})
			}
			var all sync.WaitGroup
			for _, b := range boundsOf(t, processes) {
				c := pypi.New(pypi.Options{Concurrency: most})
				slots := NewSlots(SlotsOptions{Bounds: b, Bound: "index", Most: most, Log: slog.New(slog.DiscardHandler)})
				c.Share(pypi.Shared{Enter: slots.Enter})
				for range 2 { // runs at once
					all.Go(func() {
						for _, r := range c.FetchAll(t.Context(), requests, nil) {
							if r.Err != nil {
								t.Error(r.Err)
							}
						}
					})
				}
			}
			all.Wait()
			server.mu.Lock()
			defer server.mu.Unlock()
			if server.most > most || len(server.at) != processes*2*len(requests) {
				t.Errorf("%d of %d requests at once, want %d at most", server.most, len(server.at), most)
			}
		})
	}
}

// Whoever stops to wait takes no slot along, and slots that nobody wants are given back.
func TestSlotsAreGivenBack(t *testing.T) {
	all := boundsOf(t, 2)
	a := NewSlots(SlotsOptions{Bounds: all[0], Bound: "index", Most: 1, Log: slog.New(slog.DiscardHandler)})
	b := NewSlots(SlotsOptions{Bounds: all[1], Bound: "index", Most: 1, Log: slog.New(slog.DiscardHandler)})
	leave := a.Enter(t.Context())
	ctx, stop := context.WithCancel(t.Context())
	stop()
	b.Enter(ctx)() // it has none
	leave()
	b.Enter(t.Context())() // as soon as a says that it wants none
	for _, s := range []*Slots{a, b} {
		s.mu.Lock()
		if s.inUse != 0 || len(s.waiting) != 0 {
			t.Errorf("%d in use and %d waiting at the end", s.inUse, len(s.waiting))
		}
		s.mu.Unlock()
	}
}
