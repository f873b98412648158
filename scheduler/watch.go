package scheduler

import (
	"context"
	"time"
)

// Watch asks once in every interval which projects changed, and triggers those.
// How long an answer may take is for changed to bound: while it waits nothing is
// seen. It returns when ctx ends and its last question is answered. An interval
// of zero or less watches nothing.
func (s *Scheduler) Watch(ctx context.Context, every time.Duration, changed func(ctx context.Context) []string) {
	if every <= 0 || len(s.projects) == 0 {
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
		for _, project := range changed(ctx) {
			if ctx.Err() == nil {
				s.Trigger(project)
			}
		}
	}
}
