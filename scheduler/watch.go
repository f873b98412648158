package scheduler

import (
	"context"
	"time"
)

// Watch calls changed once in every interval and triggers the projects that it returns.
// changed has to bound how long it takes, since Watch sees nothing meanwhile. Watch
// returns when ctx has ended and the last call has returned. With an interval of zero or
// less it does nothing.
func (s *Scheduler) Watch(ctx context.Context, every time.Duration, changed func(ctx context.Context) []string) {
	s.WatchWith(ctx, every, changed, func(projects []string) {
		for _, project := range projects {
			if ctx.Err() == nil {
				s.Trigger(project)
			}
		}
	})
}

// WatchWith is Watch that hands on what changed.
func (s *Scheduler) WatchWith(ctx context.Context, every time.Duration, changed func(ctx context.Context) []string, wake func(projects []string)) {
	if every <= 0 {
		return
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		wake(changed(ctx))
	}
}
