package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Lease is how long a run counts as alive after its last sign of life. On a server nothing else
// tells that its process is gone, so it is shorter there.
func (s *Store) Lease() time.Duration {
	if s.server != nil {
		return time.Minute
	}
	return 2 * time.Minute
}

// Hold lengthens the lease of a run while the run is at work, three times in each lease. The
// returned context carries the run, and ends if the lease is lost: another run took it, or the
// store did not lengthen it in time. It ends a tenth of the lease before another run may begin. The
// returned function ends the lengthening.
func (s *Store) Hold(parent context.Context, run int64, lease time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(Carry(parent, run))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(lease / 3)
		defer ticker.Stop()
		until := time.Now().Add(lease)
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			next := time.Now().Add(lease)
			last := until.Add(-lease / 10)
			err := s.keepUntil(ctx, run, next, last)
			switch {
			case err == nil:
				until = next
			case errors.Is(err, ErrNotLive), !time.Now().Before(last):
				cancel(fmt.Errorf("the lease of run %d is lost: %w", run, err))
				return
			}
		}
	}()
	return ctx, func() { cancel(nil); <-ended }
}

// keepUntil is KeepRun that gives up at an instant: a server that is cut off may never answer.
func (s *Store) keepUntil(ctx context.Context, run int64, next, last time.Time) error {
	ctx, done := context.WithDeadline(ctx, last)
	defer done()
	return s.KeepRun(ctx, run, next)
}
