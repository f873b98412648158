package scheduler

import (
	"context"
	"time"
)

// Watch asks changed of each project once in every interval, spread evenly over
// it, and triggers those of which it says yes. It returns when ctx ends and its
// last question is answered. An interval of zero or less watches nothing.
func (s *Scheduler) Watch(ctx context.Context, every time.Duration, changed func(ctx context.Context, project string) bool) {
	if every <= 0 || len(s.projects) == 0 {
		return
	}
	step := every / time.Duration(len(s.projects))
	timer := time.NewTimer(step)
	defer timer.Stop()
	for i := 0; ; i = (i + 1) % len(s.projects) {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(step)
		if project := s.projects[i]; changed(ctx, project) && ctx.Err() == nil {
			s.Trigger(project)
		}
	}
}
