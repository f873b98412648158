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
	now := time.Now().UTC().Round(0)
	return s.onItsWay(ctx, project, asked, func(ctx context.Context) time.Time { return s.once(ctx, project, now) })
}

// Rest is Once for a run that nobody waits for and that began elsewhere: rest makes what is left of it.
func (s *Scheduler) Rest(ctx context.Context, project string, rest func(context.Context) error) (again time.Time) {
	now := time.Now().UTC().Round(0)
	return s.onItsWay(ctx, project, false, func(ctx context.Context) time.Time { return s.counted(ctx, project, now, rest) })
}

// onItsWay makes a run with a way of its own.
func (s *Scheduler) onItsWay(ctx context.Context, project string, asked bool, run func(context.Context) time.Time) time.Time {
	if m := s.member(project); m != nil {
		w := s.goes(m, asked)
		defer s.gone(m, w)
		ctx = context.WithValue(ctx, wayKey{}, w)
	}
	return run(ctx)
}

// Ended counts runs that began and ended elsewhere, all well.
func (s *Scheduler) Ended(runs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Runs += runs
}

// Knows reports whether a project is one of those that were set.
func (s *Scheduler) Knows(project string) bool { return s.member(project) != nil }
