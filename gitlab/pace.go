package gitlab

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/outage"
)

// mostPace is the longest that GitLab can make requests wait.
const mostPace = time.Minute

// mostQueue is the longest that a request waits for its turn.
const mostQueue = 10 * time.Minute

// burst is how much of a minute's requests may be sent at once: a run asks several at the
// same time.
const burst = 10 * time.Second

// pace spaces the requests of a client, so that people and others have their share of
// GitLab's limits, and waits for all of them when GitLab asks one of them to.
// https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
type pace struct {
	next  http.RoundTripper
	every time.Duration // between two requests in the long run; 0: no bound
	line  *line         // of all processes; nil: this one alone

	mu    sync.Mutex
	at    time.Time // by when all requests so far would have been sent one by one
	until time.Time // GitLab wants none before
}

// newPace returns one of so many requests a minute, without a bound for 0 or less.
func newPace(next http.RoundTripper, perMinute int) *pace {
	p := &pace{next: next}
	if perMinute > 0 {
		p.every = time.Minute / time.Duration(perMinute)
	}
	return p
}

// RoundTrip waits for its turn, sends a request, and takes note of what GitLab asks for.
func (p *pace) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := p.wait(req.Context()); err != nil {
		return nil, err
	}
	resp, err := p.next.RoundTrip(req)
	if err == nil {
		p.heed(resp, time.Now())
	}
	return resp, err
}

// wait waits until the next request may be sent.
func (p *pace) wait(ctx context.Context) error {
	at := p.turn(time.Now())
	if p.line != nil {
		t, err := p.line.turn(ctx)
		if err != nil {
			return err
		}
		p.hold(t.held)
		at = t.at
	}
	if err := sleep(ctx, time.Until(at)); err != nil {
		return err
	}
	return sleep(ctx, time.Until(p.wanted())) // GitLab may have asked for it meanwhile
}

// turn is when the next request of this process may be sent.
func (p *pace) turn(now time.Time) time.Time {
	if p.every == 0 || p.line != nil {
		return now
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.Before(now) {
		p.at = now
	}
	turn := p.at.Add(-burst)
	p.at = p.at.Add(p.every)
	return turn
}

// wanted is when GitLab wants requests again.
func (p *pace) wanted() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until
}

// hold notes that GitLab wants no requests before an instant.
func (p *pace) hold(until time.Time) (later bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if later = until.After(p.until); later {
		p.until = until
	}
	return later
}

// heed notes until when GitLab wants no requests: it refused one with 429, or said that the
// last one was the last of this minute.
func (p *pace) heed(resp *http.Response, now time.Time) {
	var until time.Time
	if resp.StatusCode == http.StatusTooManyRequests {
		if wait, ok := outage.RetryAfter(resp.Header); ok {
			until = now.Add(wait)
		}
	}
	if resp.Header.Get("RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(resp.Header.Get("RateLimit-Reset"), 10, 64); err == nil && time.Unix(reset, 0).After(until) {
			until = time.Unix(reset, 0)
		}
	}
	if most := now.Add(mostPace); until.After(most) {
		until = most
	}
	if p.hold(until) && p.line != nil {
		p.line.pause(until.Sub(now))
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
