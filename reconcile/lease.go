package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

// hold lengthens the lease of a run while the run is at work. The returned context ends if
// the lease is lost, because another run took it or the store did not lengthen it in time.
// The returned function ends the lengthening.
func (r *Runner) hold(parent context.Context, id int64, project string) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(r.Lease / 4)
		defer ticker.Stop()
		until := time.Now().Add(r.Lease)
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			next := time.Now().Add(r.Lease)
			err := r.Store.KeepRun(ctx, id, next)
			switch {
			case err == nil:
				until = next
			case errors.Is(err, store.ErrNotLive), !time.Now().Before(until):
				cancel(fmt.Errorf("the lease of the run of %s is lost: %w", project, err))
				return
			}
		}
	}()
	return ctx, func() { cancel(nil); <-ended }
}
