package scheduler

import "time"

// State is how a project stands with the scheduler. An instant is zero where it does not
// apply.
type State struct {
	Project string
	Waiting time.Time     // since when a run of it is wanted that has not begun
	Running time.Time     // since when one is at work
	Next    time.Time     // when the next one is due by itself
	Took    time.Duration // how long the last one took, 0 before it has ended
}

// States returns one of each project, in the order in which they were given.
func (s *Scheduler) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]State, 0, len(s.order))
	for _, p := range s.order {
		out = append(out, s.members[p].state)
	}
	return out
}

// Oldest is since when the run has been wanted that has waited longest; zero if none waits.
func (s *Scheduler) Oldest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest time.Time
	for _, m := range s.members {
		if w := m.state.Waiting; !w.IsZero() && (oldest.IsZero() || w.Before(oldest)) {
			oldest = w
		}
	}
	return oldest
}

// waits notes that a run is wanted, unless one is already.
func (s *Scheduler) waits(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state := &m.state; state.Waiting.IsZero() {
		state.Waiting = time.Now().UTC()
	}
}

// begins notes that the run that was wanted is at work. What wakes the project from now
// on waits for the next one.
func (s *Scheduler) begins(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := &m.state
	state.Running, state.Waiting = time.Now().UTC(), time.Time{}
	if len(m.trigger)+len(m.start) > 0 {
		state.Waiting = state.Running
	}
}

func (s *Scheduler) ended(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := &m.state
	state.Took, state.Running = time.Since(state.Running), time.Time{}
}

func (s *Scheduler) expects(m *member, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.state.Next = next
}

// goes notes that a run is to be made, and whether somebody waits for it.
func (s *Scheduler) goes(m *member, asked bool) *way {
	w := s.ways.enter(asked)
	s.mu.Lock()
	m.way = w
	waiting := len(m.trigger) > 0
	s.mu.Unlock()
	if waiting { // it came before the way was there
		w.hurry()
	}
	return w
}

// gone notes that the run has ended, or is not made.
func (s *Scheduler) gone(m *member, w *way) {
	s.mu.Lock()
	m.way = nil
	s.mu.Unlock()
	w.end()
}

func (s *Scheduler) wayOf(m *member) *way {
	s.mu.Lock()
	defer s.mu.Unlock()
	return m.way
}
