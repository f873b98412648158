package scheduler

import (
	"context"
	"time"
)

// After returns when a project starts by the schedule after an instant, spread as Run spreads it;
// zero for never, and for an unknown project. Whoever makes runs in another way than Run asks it.
func (s *Scheduler) After(project string, after time.Time) time.Time {
	m := s.member(project)
	if m == nil {
		return time.Time{}
	}
	return s.due(m, after.UTC().Add(-s.jitter), after.UTC()).at
}

// Once makes one run as Run does: a panic is a failed run, and each run is counted. asked says that
// somebody waits for it. Once returns when a run that could not be made is to be tried again.
func (s *Scheduler) Once(ctx context.Context, project string, asked bool) (again time.Time) {
	if m := s.member(project); m != nil {
		w := s.goes(m, asked)
		defer s.gone(m, w)
		ctx = context.WithValue(ctx, wayKey{}, w)
	}
	return s.once(ctx, project, time.Now().UTC().Round(0))
}

// Knows reports whether a project is one of those that were set.
func (s *Scheduler) Knows(project string) bool { return s.member(project) != nil }
