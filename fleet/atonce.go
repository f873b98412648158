package fleet

import (
	"context"

	"github.com/riverqueue/river"
)

// SetAtOnce changes how many looks this process makes at once, while it makes some as well. None of
// them is ended. Each of the two queues takes no further job here until those under way have ended;
// other processes take them meanwhile.
func (f *Fleet) SetAtOnce(n int) {
	n = min(max(n, 1), 64)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted = n
	select {
	case f.resized <- struct{}{}:
	default: // the change before is not made yet, and this one goes along
	}
}

// resize makes the queues take as many jobs as is wanted, until ctx ends.
func (f *Fleet) resize(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.resized:
		}
		f.mu.Lock()
		n := f.wanted
		f.mu.Unlock()
		for _, queue := range []string{asked, routine} {
			err := f.client.Queues().Remove(ctx, queue)
			if err == nil {
				err = f.client.Queues().Add(queue, river.QueueConfig{MaxWorkers: n})
			}
			if err != nil && ctx.Err() == nil {
				f.Log.Error("runs_at_once counts from the next start on", "err", err)
			}
		}
	}
}
