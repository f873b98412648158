package pypi

import (
	"context"
	"sync"
	"time"
)

// recent are the pages that a client was answered in this hour. With Options.Hourly an index
// is asked for each once an hour, however many runs want it. Witnesses are asked for in any
// case, since they are to prove that the host answers now.
type recent struct {
	mu    sync.Mutex
	hour  time.Time
	etags map[string]string // by page; empty for a name that the index does not know
}

func newRecent() *recent { return &recent{etags: map[string]string{}} }

func pageKey(r Request) string { return r.Source.Username + " " + r.Source.Index.URL + " " + r.Name }

// at begins a new hour, with the lock held.
func (p *recent) at(now time.Time) {
	if hour := now.UTC().Truncate(time.Hour); !hour.Equal(p.hour) {
		p.hour = hour
		clear(p.etags)
	}
}

// answer is the answer to a request that the index gave in this hour already.
func (p *recent) answer(r Request) (a Answer, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at(time.Now())
	etag, known := p.etags[pageKey(r)]
	switch {
	case !known || etag != r.ETag:
		return Answer{}, false
	case etag == "":
		a.Package.Name, a.Package.Index, a.Package.HasFacts = r.Name, r.Source.Index.Name, true
		return a, true
	}
	return Answer{NotModified: true, Known: true, ETag: etag, Serial: r.Serial}, true
}

// note keeps what an index answered, and reports whether that counts for the hour.
func (p *recent) note(r Request, a Answer, err error) bool {
	if err != nil || a.Stale || a.Withheld != "" || a.Known && a.ETag == "" {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at(time.Now())
	p.etags[pageKey(r)] = a.ETag
	return true
}

// hourly is do, but for what the index answered in this hour. Where processes share what they
// store, such an answer is fresh until the hour is over, so that the others do not ask either.
func (c *Client) hourly(ctx context.Context, r Request) (Answer, func(), error) {
	if c.recent == nil {
		return c.do(ctx, r)
	}
	if a, ok := c.recent.answer(r); ok {
		return a, func() {}, nil
	}
	a, done, err := c.do(ctx, r)
	if c.recent.note(r, a, err) && c.shared != nil {
		now := time.Now()
		a.Fresh = max(a.Fresh, now.Truncate(time.Hour).Add(time.Hour).Sub(now))
	}
	return a, done, err
}
