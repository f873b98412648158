package outage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/outage"
)

// server answers at once, but for the paths in hangs.
type server struct {
	mu     sync.Mutex
	hangs  func(path string) bool
	fails  func(path string) error
	absent func(path string) bool // it answers 503
	asked  map[string]int
	body   func(*http.Request) io.ReadCloser
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	if s.asked == nil {
		s.asked = map[string]int{}
	}
	s.asked[r.URL.Path]++
	hangs, fails, absent, body := s.hangs, s.fails, s.absent, s.body
	s.mu.Unlock()
	if hangs != nil && hangs(r.URL.Path) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if fails != nil {
		if err := fails(r.URL.Path); err != nil {
			return nil, err
		}
	}
	out := &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("yes")), Request: r}
	if body != nil {
		out.Body = body(r)
	}
	if absent != nil && absent(r.URL.Path) {
		out.StatusCode = http.StatusServiceUnavailable
	}
	return out, nil
}

func ask(ctx context.Context, t *outage.Transport, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://index.example"+path, nil)
	if err != nil {
		return err
	}
	resp, err := t.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	return err
}

func isDown(err error) bool { return errors.As(err, new(*outage.Down)) }

// Two pages that hang speak of the server. It is left alone for a minute, and
// then one asks for all.
func TestAHangingServerIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{hangs: func(string) bool { return true }}
		w := &outage.Transport{Next: s, Record: outage.NewRecord()}
		all := func(n int) (took time.Duration, down int) {
			var wait sync.WaitGroup
			var mu sync.Mutex
			began := time.Now()
			for i := range n {
				wait.Go(func() {
					err := ask(t.Context(), w, fmt.Sprint("/", i))
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						t.Errorf("/%d answered", i)
					}
					if isDown(err) {
						down++
					}
				})
			}
			wait.Wait()
			return time.Since(began), down
		}
		if took, _ := all(4); took != 15*time.Second {
			t.Errorf("the first questions took %s", took)
		}
		if took, down := all(20); took != 0 || down != 20 {
			t.Errorf("within the minute: %s, %d of 20 not asked", took, down)
		}
		time.Sleep(time.Minute)
		asked := func() (n int) {
			for _, times := range s.asked {
				n += times
			}
			return n
		}
		n := asked()
		if took, down := all(20); took != 15*time.Second || down != 19 {
			t.Errorf("after the minute: %s, %d of 20 not asked, want one to ask for all", took, down)
		}
		if asked() != n+1 {
			t.Errorf("%d questions after the minute, want one: %v", asked()-n, s.asked)
		}
		time.Sleep(time.Minute)
		s.hangs = nil
		for i := range 20 {
			if err := ask(t.Context(), w, fmt.Sprint("/new", i)); err != nil {
				t.Errorf("when it answers again: %v", err)
			}
		}
	})
}

// One page that hangs is that page's trouble, and is asked for twice.
func TestAHangingPageIsNotItsServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{hangs: func(path string) bool { return path == "/slow" }}
		w := &outage.Transport{Next: s, Record: outage.NewRecord()}
		for range 5 {
			if err := ask(t.Context(), w, "/slow"); err == nil {
				t.Error("the slow page answered")
			}
			if err := ask(t.Context(), w, "/good"); err != nil {
				t.Errorf("another page: %v", err)
			}
		}
		if s.asked["/slow"] != 2 || s.asked["/good"] != 5 {
			t.Errorf("asked %v, want the slow page twice and the other five times", s.asked)
		}
	})
}

// A body that stops, or that never ends, is given up like an answer that does not come.
func TestABodyThatStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{body: func(r *http.Request) io.ReadCloser { return drip{r.Context(), time.Hour} }}
		w := &outage.Transport{Next: s, Record: outage.NewRecord()}
		began := time.Now()
		if err := ask(t.Context(), w, "/a"); err == nil || time.Since(began) != 15*time.Second {
			t.Errorf("a body that stops: %v after %s", err, time.Since(began))
		}
		s.body = func(r *http.Request) io.ReadCloser { return drip{r.Context(), 10 * time.Second} }
		began = time.Now()
		if err := ask(t.Context(), w, "/b"); err == nil || time.Since(began) != time.Minute {
			t.Errorf("a body without an end: %v after %s", err, time.Since(began))
		}
	})
}

// drip is a body that gives a byte after each pause.
type drip struct {
	ctx   context.Context //nolint:containedctx // of one request, as http.Request holds it
	pause time.Duration
}

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-time.After(d.pause):
		return copy(p, "x"), nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

func (drip) Close() error { return nil }

// Who gives up says nothing of the server.
func TestAStopIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{hangs: func(string) bool { return true }}
		w := &outage.Transport{Next: s, Record: outage.NewRecord()}
		for i := range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := ask(ctx, w, fmt.Sprint("/", i)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
			cancel()
		}
		s.hangs = nil
		if err := ask(t.Context(), w, "/"); err != nil {
			t.Errorf("it was left alone: %v", err)
		}
	})
}

// A connection that is refused while a server starts anew is asked again; one
// that is refused for long is left alone.
func TestRefusedConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := func(string) error {
			return &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
		}
		s := &server{fails: refuse}
		w := &outage.Transport{Next: s, Record: outage.NewRecord()}
		for range 3 {
			if err := ask(t.Context(), w, "/a"); isDown(err) {
				t.Error("left alone within a moment")
			}
			time.Sleep(2 * time.Second)
		}
		time.Sleep(5 * time.Second)
		_ = ask(t.Context(), w, "/b")
		if err := ask(t.Context(), w, "/c"); !isDown(err) || outage.Words(err) != "the connection was refused" {
			t.Errorf("after eleven seconds: %v, want it left alone", err)
		}
	})
}

// Requests that go out together, as an index client sends them, share what the
// record knows of a server that is refusing them.
func TestManyRequestsShareARecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{fails: func(string) error { return syscall.ECONNREFUSED }}
		w := &outage.Transport{Next: s, Record: outage.NewRecord()}
		var down atomic.Int32
		for range 20 {
			var wait sync.WaitGroup
			for i := range 16 {
				wait.Go(func() {
					if isDown(ask(t.Context(), w, fmt.Sprint("/", i%2))) {
						down.Add(1)
					}
				})
			}
			wait.Wait()
			time.Sleep(7 * time.Second)
		}
		if n := down.Load(); n == 0 {
			t.Error("no request was refused without asking")
		}
	})
}

// The words for a failure hold no port, address, instant or number that the
// next failure of the same kind has not.
func TestWordsDoNotChange(t *testing.T) {
	kinds := map[string]func(n int) error{
		"reset":   func(n int) error { return fmt.Errorf("read tcp 10.0.0.%d:%d: %w", n, 4000+n, syscall.ECONNRESET) },
		"refused": func(n int) error { return fmt.Errorf("dial tcp 10.0.0.%d: %w", n, syscall.ECONNREFUSED) },
		"dns": func(n int) error {
			return &net.DNSError{Name: "index.example", Server: fmt.Sprintf("10.0.0.%d:53", n), IsNotFound: true}
		},
		"dns 2": func(n int) error {
			return &net.DNSError{Name: "index.example", Server: fmt.Sprintf("10.0.0.%d:53", n), IsTimeout: true}
		},
		"other": func(n int) error { return fmt.Errorf("request %d at %s", n, time.Unix(int64(n), 0)) },
		"late":  func(int) error { return context.DeadlineExceeded },
		"proxy": func(n int) error { return &net.OpError{Op: "proxyconnect", Err: fmt.Errorf("port %d", n)} },
		"http2": func(n int) error {
			return fmt.Errorf("http2: server sent GOAWAY and closed the connection; LastStreamID=%d", n)
		},
	}
	seen := map[string]string{}
	for name, kind := range kinds {
		one, two := outage.Words(kind(1)), outage.Words(kind(2))
		if one != two || one == "" || strings.ContainsAny(one, "0123456789") {
			t.Errorf("%s: %q and %q", name, one, two)
		}
		if other, ok := seen[one]; ok && name != "http2" && other != "http2" {
			t.Errorf("%s and %s read alike: %q", name, other, one)
		}
		seen[one] = name
	}
}

// What failed an hour ago, and was not asked for since, tells nothing of how long it
// fails: whichever is asked first then, nothing is left alone for it.
func TestFailuresOfAnHourAgoDoNotCount(t *testing.T) {
	for name, err := range map[string]error{"refused": syscall.ECONNREFUSED, "503": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				broken := func(path string) bool { return path != "/good" }
				s := &server{}
				if err != nil {
					s.fails = func(path string) error {
						if broken(path) {
							return err
						}
						return nil
					}
				} else {
					s.absent = broken
				}
				w := &outage.Transport{Next: s, Record: outage.NewRecord()}
				for range 3 {
					for _, path := range []string{"/a", "/b", "/a", "/b", "/good", "/a", "/b"} {
						if err := ask(t.Context(), w, path); isDown(err) || path == "/good" && err != nil {
							t.Errorf("%s: %v", path, err)
						}
						time.Sleep(time.Second)
					}
					time.Sleep(time.Hour)
				}
			})
		})
	}
}
