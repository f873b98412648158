package gitlab

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Shared keeps the pace of several processes that speak to one GitLab together.
type Shared struct {
	// Reserve reserves the next n requests, where one is due every so often. It returns how long
	// the first of them has to wait, and how long GitLab wants none. With zero for every nothing is
	// reserved.
	Reserve func(ctx context.Context, origin string, n int, every time.Duration) (wait, held time.Duration, err error)
	// Pause says that GitLab wants no requests for a while.
	Pause func(ctx context.Context, origin string, while time.Duration) error
}

// Share makes a client keep its pace together with other processes. It is called before the first
// request, and holds for all clients that As makes.
func (c *Client) Share(s Shared) {
	c.pace.line = &line{Shared: s, origin: c.API.BaseURL().Host, every: c.pace.every}
}

// patience is how long whoever keeps the pace of several processes may take for an answer, and
// lately how long an answer counts that reserves nothing.
const (
	patience = 5 * time.Second
	lately   = time.Second
)

// line is the one queue of several processes. All requests of this process that wait together
// reserve their turns together, and none in advance: a process that dies wastes only the turns of
// requests that it had.
type line struct {
	Shared
	origin string
	every  time.Duration

	mu      sync.Mutex
	waiting []chan turn
	asking  bool
	last    turn // the newest that reserved nothing
	asked   time.Time
}

// turn is when a request may be sent, and until when GitLab wants none.
type turn struct {
	at, held time.Time
	err      error
}

// turn returns that of the next request. Without a bound it fails never, and GitLab's own wish is
// asked for once a second.
func (l *line) turn(ctx context.Context) (turn, error) {
	got := make(chan turn, 1)
	l.mu.Lock()
	if now := time.Now(); l.every == 0 && now.Sub(l.asked) < lately {
		defer l.mu.Unlock()
		return turn{at: now, held: l.last.held}, nil
	}
	l.waiting = append(l.waiting, got)
	if !l.asking {
		l.asking = true
		go l.ask()
	}
	l.mu.Unlock()
	select {
	case t := <-got:
		return t, t.err
	case <-ctx.Done():
		return turn{}, ctx.Err()
	}
}

// ask reserves turns until nobody waits.
func (l *line) ask() {
	for {
		l.mu.Lock()
		waiting := l.waiting
		l.waiting, l.asking = nil, len(waiting) > 0
		l.mu.Unlock()
		if len(waiting) == 0 {
			return
		}
		first := l.reserve(len(waiting))
		for i, got := range waiting {
			t := first
			t.at = t.at.Add(time.Duration(i) * l.every)
			got <- t
		}
	}
}

// reserve returns the first of n turns.
func (l *line) reserve(n int) turn {
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	wait, held, err := l.Reserve(ctx, l.origin, n, l.every)
	now := time.Now() // later than when it was reserved
	t := turn{at: now, held: now.Add(held)}
	if l.every == 0 {
		l.mu.Lock()
		l.last, l.asked = t, now
		l.mu.Unlock()
		return t
	}
	if wait > mostQueue {
		err = fmt.Errorf("%s would have to wait until %s for gitlab.rate: raise it, or let fewer projects share it", l.origin, now.Add(wait).UTC().Format(time.RFC3339))
	}
	if t.at = now.Add(wait - burst); err != nil {
		t.err = fmt.Errorf("wait for a turn of gitlab.rate: %w", err)
	}
	return t
}

// pause tells the others that GitLab wants no requests for a while. What cannot be told costs each
// process a request of its own.
func (l *line) pause(while time.Duration) {
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	_ = l.Pause(ctx, l.origin, while)
}
