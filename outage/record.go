package outage

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// rest is how long a server that does not answer is left alone.
const rest = time.Minute

// longer is how long, after its rest, a page that hung twice is not used to find out whether a server
// that is down answers again.
const longer = 4 * time.Minute

// patience is how long quick failures, such as a refused connection, must last before a page or a
// server is left alone. Until then a server may be starting, and clients repeat their requests.
const patience = 10 * time.Second

// forgotten is how long after the last failure the earlier ones do not count any more. Nobody asked
// meanwhile, so it is not known whether the server was down all the time.
const forgotten = 2 * rest

// most is how many slow pages are remembered.
const most = 1000

// Record is what is known of servers. All runs of a process share one. It is safe for concurrent use.
type Record struct {
	// Observe, if set, is called after every request that was sent, with the status of its answer;
	// 0 if none came. It must be set before the first request.
	Observe func(host string, status int)
	// Asked, if set, is called when a server asks to be left alone for longer than a minute, and
	// when it names another instant. It must be set before the first request.
	Asked func(host string, until time.Time)

	mu      sync.Mutex
	servers map[string]*server
}

// server is one scheme, host and port.
type server struct {
	good    time.Time            // when the last piece of an answer came
	whole   time.Time            // when the last answer was complete
	failing map[string]time.Time // pages that failed since the last answer, and since when
	failed  time.Time            // when the last of them failed
	down    error                // why it is left alone; nil if it is not
	until   time.Time
	asks    time.Time     // it wants no request before
	probe   chan struct{} // not nil while one request asks for all; closed when it has its result
	pages   map[string]*page
}

// page is a path that hung while other paths answered.
type page struct {
	hung  int
	until time.Time
	err   error
}

// NewRecord returns an empty record.
func NewRecord() *Record { return &Record{servers: map[string]*server{}} }

// Down is the error of a request that was not sent, since the server did not answer
// a short while ago. Its words are those of that failure.
type Down struct{ cause error }

func (d *Down) Error() string { return Words(d.cause) }

// Unwrap returns the failure because of which the server is left alone.
func (d *Down) Unwrap() error { return d.cause }

// observed calls Observe with an answer; nil is no answer.
func (r *Record) observed(req *http.Request, resp *http.Response) {
	switch {
	case r.Observe == nil:
	case resp == nil:
		r.Observe(req.URL.Hostname(), 0)
	default:
		r.Observe(req.URL.Hostname(), resp.StatusCode)
	}
}

// ask returns nil if a page may be asked for. probe says that all others wait for this request. If
// another request is the probe, ask waits for its result.
func (r *Record) ask(ctx context.Context, key, path string) (probe bool, err error) {
	for {
		wait, probe, err := r.tryAsk(key, path)
		if wait == nil {
			return probe, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// tryAsk is ask without waiting. If another request probes the server, it returns what to wait for.
func (r *Record) tryAsk(key, path string) (wait <-chan struct{}, probe bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.server(key)
	now := time.Now()
	switch p := s.pages[path]; {
	case p != nil && p.hung > 1 && now.Before(p.until):
		return nil, false, &Down{p.err}
	case s.down == nil:
		return nil, false, nil
	case now.Before(s.until):
		return nil, false, &Down{s.down}
	case p != nil && p.hung > 1 && now.Before(p.until.Add(longer)):
		return nil, false, &Down{p.err} // a slow page says nothing about the other pages
	case s.probe == nil:
		s.probe = make(chan struct{})
		return nil, true, nil
	}
	return s.probe, false, nil
}

func (r *Record) server(key string) *server {
	s := r.servers[key]
	if s == nil {
		s = &server{pages: map[string]*page{}, failing: map[string]time.Time{}}
		r.servers[key] = s
	}
	return s
}

// answered records that a server sent a piece of an answer.
func (r *Record) answered(key string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.server(key)
	s.good, s.down = time.Now(), nil
	clear(s.failing)
	s.close()
	return s.good
}

// whole records that an answer is complete.
func (r *Record) whole(key, path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.server(key)
	s.whole = time.Now()
	delete(s.pages, path)
}

// failed records that a request got no answer. If the server answered other requests meanwhile, or
// only one page fails, the failure is that page's: it is asked for once more and then left alone.
// If two pages fail and nothing is answered, the server is down.
func (r *Record) failed(a *asking, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, now := r.server(a.key), time.Now()
	var silent *hung
	hangs := errors.As(err, &silent)
	others := s.good.After(a.last)
	if hangs && silent.whole {
		others = s.whole.After(a.began)
	}
	if hangs {
		s.slow(a.path, now, err)
	}
	if now.Sub(s.failed) > forgotten {
		clear(s.failing)
	}
	s.failed = now
	if !others {
		s.fails(a.path, now, err)
	}
	since := now
	for _, at := range s.failing {
		if at.Before(since) {
			since = at
		}
	}
	if !others && (a.probe || len(s.failing) > 1 && (hangs || now.Sub(since) >= patience)) {
		s.down, s.until = err, now.Add(rest)
	}
	if a.probe {
		s.close()
	}
}

// cancelled records that the caller canceled its request, which says nothing about the server.
func (r *Record) cancelled(key string, probe bool) {
	if !probe {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.server(key).close()
}

// close ends a probe. The requests that wait for it ask again.
func (s *server) close() {
	if s.probe != nil {
		close(s.probe)
		s.probe = nil
	}
}

// fails records a page that fails while nothing else is answered.
func (s *server) fails(path string, now time.Time, err error) {
	since, known := s.failing[path]
	if !known && len(s.failing) < most {
		s.failing[path] = now
	}
	if known && now.Sub(since) >= patience {
		s.pages[path] = &page{hung: 2, until: now.Add(rest), err: err}
	}
}

func (s *server) slow(path string, now time.Time, err error) {
	p := s.pages[path]
	if p == nil || now.After(p.until.Add(longer)) {
		if len(s.pages) >= most {
			clear(s.pages)
		}
		p = &page{}
		s.pages[path] = p
	}
	p.hung++
	p.until, p.err = now.Add(rest), err
}
