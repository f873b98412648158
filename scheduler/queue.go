package scheduler

import "time"

// State is the state of a project in the scheduler. An instant that does not apply is zero.
type State struct {
	Project string
	Waiting time.Time // since when a run is wanted that has not begun
	Running time.Time // since when a run is under way
	Next    time.Time // when the next run is due by the schedule
}

// States returns the state of each project, in the order in which they were given.
func (s *Scheduler) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]State, 0, len(s.projects))
	for _, p := range s.projects {
		out = append(out, *s.states[p])
	}
	return out
}

// Oldest is since when the run has been wanted that has waited longest; zero if none waits.
func (s *Scheduler) Oldest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest time.Time
	for _, state := range s.states {
		if w := state.Waiting; !w.IsZero() && (oldest.IsZero() || w.Before(oldest)) {
			oldest = w
		}
	}
	return oldest
}

// waits records that a run is wanted, unless one is already.
func (s *Scheduler) waits(project string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state := s.states[project]; state.Waiting.IsZero() {
		state.Waiting = time.Now().UTC()
	}
}

// begins records that the run that was wanted is under way. A trigger from now on is for the next
// one.
func (s *Scheduler) begins(project string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.states[project]
	state.Running, state.Waiting = time.Now().UTC(), time.Time{}
	if len(s.triggers[project])+len(s.starts[project]) > 0 {
		state.Waiting = state.Running
	}
}

func (s *Scheduler) ended(project string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states[project].Running = time.Time{}
}

func (s *Scheduler) expects(project string, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states[project].Next = next
}
