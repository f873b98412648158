package reconcile

import (
	"context"
	"sync"

	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/store"
)

// Claims keep runs of one process from reading the same new page of an index twice: the run
// that asks first reads and stores it, and others that want it meanwhile wait for that. It is
// for several goroutines.
type Claims struct {
	mu sync.Mutex
	by map[string]chan struct{} // by page: closed when it is stored, or could not be read
	// read says of each page that was read as the how many-th. A run that began to look at the
	// store before that, and found nothing, has to look again.
	read  map[string]int
	count int
	// shared has the claims of all processes on one database; nil: this one is alone.
	shared *store.Bounds
}

// Share makes the claims those of all processes on one database.
func (c *Claims) Share(shared *store.Bounds) {
	if c != nil {
		c.shared = shared
	}
}

// over is closed.
var over = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// NewClaims returns those of one process.
func NewClaims() *Claims { return &Claims{by: map[string]chan struct{}{}, read: map[string]int{}} }

// began is for a run that begins to look at the store.
func (c *Claims) began() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// split takes the pages of which nothing was stored since the run began to look, and that no run
// reads now. It returns the requests that are left to this run, what ends its claims, and the
// names that others read.
func (c *Claims) split(requests []pypi.Request, since int) (own []pypi.Request, release func(), others map[string]<-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	others = map[string]<-chan struct{}{}
	mine := map[string]chan struct{}{}
	for _, q := range requests {
		key := q.Source.Index.URL + " " + q.Name
		if read := c.by[key]; q.ETag == "" && read != nil {
			others[q.Name] = read
			continue
		}
		if q.ETag == "" && c.read[key] > since {
			others[q.Name] = over
			continue
		}
		own = append(own, q)
		if q.ETag == "" {
			mine[key] = make(chan struct{})
			c.by[key] = mine[key]
		}
	}
	return own, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for key, read := range mine {
			close(read)
			delete(c.by, key)
			c.count++
			c.read[key] = c.count
		}
	}, others
}

// await waits for the pages that other runs read, and asks for them again: they are stored now,
// or could not be read.
func (r *indexReader) await(ctx context.Context, others map[string]<-chan struct{}, wanted map[string]decide.Wanted) (damaged []string, err error) {
	again := map[string]decide.Wanted{}
	for name, read := range others {
		select {
		case <-read:
		case <-ctx.Done():
		}
		again[name] = wanted[name]
	}
	return r.askAll(ctx, again, nil)
}
