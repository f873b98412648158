package pypi

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

func TestFetchAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pypisim.New(pypisim.Options{})
		s.AddGenerated(pypisim.Generate(40, 5_000, 1))
		for _, fault := range []string{"GET /simple/made-up-0003/ 503 always", "GET /simple/made-up-0011/ html always", "GET /simple/made-up-0020/ reset once"} {
			if err := s.Inject(fault); err != nil {
				t.Fatal(err)
			}
		}
		var requests []Request
		for _, name := range s.Names() {
			requests = append(requests, Request{Source: public, Name: name})
		}
		requests = append(requests, Request{Source: public, Name: "nobody"})
		last := 0
		results := New(Options{Transport: s.Transport()}).FetchAll(t.Context(), requests, func(done, total int) {
			if done != last+1 || total != 41 {
				t.Errorf("progress %d of %d after %d", done, total, last)
			}
			last = done
		})
		for i, r := range results {
			if r.Request.Name != requests[i].Name {
				t.Fatalf("result %d is of %s", i, r.Request.Name)
			}
			switch r.Request.Name {
			case "made-up-0003", "made-up-0011":
				if r.Err == nil {
					t.Errorf("%s did not fail", r.Request.Name)
				}
			case "nobody":
				if r.Err != nil || r.Answer.Known {
					t.Errorf("nobody: %+v", r)
				}
			default:
				if r.Err != nil || r.Answer.Package.Name != r.Request.Name {
					t.Errorf("%s: %v", r.Request.Name, r.Err)
				}
			}
		}
		if last != 41 {
			t.Errorf("progress ended at %d", last)
		}
	})
}

// TestFetchEach: every result is handed over once, with its place, and never
// two at a time.
func TestFetchEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pypisim.New(pypisim.Options{})
		s.AddGenerated(pypisim.Generate(40, 5_000, 1))
		var requests []Request
		for _, name := range s.Names() {
			requests = append(requests, Request{Source: public, Name: name})
		}
		seen := map[int]string{} // not guarded: the race detector looks on
		New(Options{Transport: s.Transport()}).FetchEach(t.Context(), requests, nil, func(i int, r Result) {
			if r.Err != nil || seen[i] != "" {
				t.Errorf("%d %s: %v, seen before: %q", i, r.Request.Name, r.Err, seen[i])
			}
			seen[i] = r.Answer.Package.Name
		})
		for i, q := range requests {
			if seen[i] != q.Name {
				t.Errorf("the result of %s came as %q", q.Name, seen[i])
			}
		}
	})
}

// TestDeadIndex: one that never answers is not asked for every package.
func TestDeadIndex(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := world(t, "", pypisim.Options{})
		alive := world(t, "acme 1.0 1999-01-01", pypisim.Options{})
		if err := dead.Inject("down"); err != nil {
			t.Fatal(err)
		}
		c := New(Options{Transport: hosts{"dead.example": dead.Transport(), "alive.example": alive.Transport()}})
		var requests []Request
		for i := range 200 {
			requests = append(requests, Request{Source: source("https://dead.example/simple/"), Name: fmt.Sprintf("p%d", i)})
		}
		requests = append(requests, Request{Source: source("https://alive.example/simple/"), Name: "acme"})
		results := c.FetchAll(t.Context(), requests, nil)
		if n := len(dead.Requests()); n > 60 {
			t.Errorf("the dead index was asked %d times", n)
		}
		for _, r := range results[:200] {
			if r.Err == nil {
				t.Fatalf("%s has an answer", r.Request.Name)
			}
		}
		fails(t, results[199].Err, NotAsked, "index pypi failed for 8 packages in a row and was not asked for p199")
		if errors.Unwrap(results[199].Err) == nil {
			t.Error("the cause is lost")
		}
		if r := results[200]; r.Err != nil || !r.Answer.Known {
			t.Errorf("the other index: %+v", r)
		}
	})
}

type hosts map[string]http.RoundTripper

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) { return h[r.URL.Host].RoundTrip(r) }

// bareFetchAll is the yardstick: the same transport, concurrency and fields,
// and nothing else.
func bareFetchAll(client *http.Client, base string, names []string, concurrency int) error {
	type page struct {
		Meta struct {
			Version string `json:"api-version"`
			Serial  int64  `json:"_last-serial"`
		} `json:"meta"`
		Name   string `json:"name"`
		Status struct {
			Status string `json:"status"`
			Reason string `json:"reason"`
		} `json:"project-status"`
		Versions []string `json:"versions"`
		Files    []struct {
			Name     string `json:"filename"`
			Python   string `json:"requires-python"`
			Uploaded string `json:"upload-time"`
			Yanked   any    `json:"yanked"`
		} `json:"files"`
	}
	var wait sync.WaitGroup
	next, failures := make(chan string), make(chan error, len(names))
	for range concurrency {
		wait.Go(func() {
			for name := range next {
				response, err := client.Get(base + name + "/")
				if err != nil {
					failures <- err
					continue
				}
				var p page
				if err := json.UnmarshalRead(response.Body, &p); err != nil {
					failures <- err
				}
				_ = response.Body.Close()
			}
		})
	}
	for _, name := range names {
		next <- name
	}
	close(next)
	wait.Wait()
	close(failures)
	return <-failures
}

// BenchmarkFetchAll reads 650 pages of 150 KB from an index that answers after
// 10 ms, with the client and with the yardstick.
func BenchmarkFetchAll(b *testing.B) {
	s := pypisim.New(pypisim.Options{Latency: 10_000_000, NoLog: true})
	s.AddGenerated(pypisim.Generate(650, 150_000, 1))
	server := httptest.NewServer(s)
	defer server.Close()
	names, base := s.Names(), server.URL+"/simple/"
	var requests []Request
	for _, name := range names {
		requests = append(requests, Request{Source: source(base), Name: name})
	}
	var fresh []Result
	b.Run("pinwheel", func(b *testing.B) {
		c := New(Options{})
		for b.Loop() {
			fresh = c.FetchAll(b.Context(), requests, nil)
			for _, r := range fresh {
				if r.Err != nil {
					b.Fatal(r.Err)
				}
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		client := &http.Client{Transport: NewTransport(8)}
		for b.Loop() {
			if err := bareFetchAll(client, base, names, 8); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unchanged", func(b *testing.B) {
		for i := range requests {
			requests[i].ETag = fresh[i].Answer.ETag
		}
		c := New(Options{})
		for b.Loop() {
			for _, r := range c.FetchAll(b.Context(), requests, nil) {
				if r.Err != nil || !r.Answer.NotModified {
					b.Fatal(r.Err)
				}
			}
		}
	})
}

// What is left alone since it failed a moment ago reads as that failure: else a page
// of ours would change with whoever was asked first.
func TestWhatIsLeftAloneReadsAsItFailed(t *testing.T) {
	for _, fault := range []string{"502", "503", "504", "reset"} {
		synctest.Test(t, func(t *testing.T) {
			s := world(t, acme, pypisim.Options{})
			if err := s.Inject("GET */acme/ " + fault + " always"); err != nil {
				t.Fatal(err)
			}
			c := New(Options{Transport: s.Transport(), Retries: -1})
			said := map[string]int{}
			asked := 0
			for range 10 {
				_, err := c.Do(t.Context(), Request{Source: public, Name: "acme"})
				said[err.Error()+" / "+Clause(err)]++
				if n := len(s.Requests()); n == asked {
					said["left alone"]++
				}
				asked = len(s.Requests())
				time.Sleep(4 * time.Second)
			}
			if said["left alone"] == 0 || len(said) != 2 {
				t.Errorf("%s: %v", fault, said)
			}
		})
	}
}
