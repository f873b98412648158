package scheduler

import (
	"context"
	"sync"
)

// member is one project with what asks for its runs.
type member struct {
	// Each holds at most one waiting request. A request says "look again", and two of them
	// say no more than one. Nobody waits for a run that start asks for.
	trigger, start chan struct{}
	again          chan struct{} // says that the schedule is another one

	state State   // guarded by the Scheduler's lock, but for the project
	way   *way    // of the run that is wanted or at work, nil for none; guarded by the Scheduler's lock
	share float64 // of the time over which starts are spread, which passes before this one
	stop  context.CancelFunc
	done  chan struct{} // closed when no run of it is at work; nil while none was started
}

// life is one call of Run.
type life struct {
	ctx, runs context.Context //nolint:containedctx // it stands for the call, which Set joins
	all       sync.WaitGroup
}

// Set replaces the projects, while Run is at work as well. A project that is named twice
// counts once. One that stays keeps what it waits for. One that is left out begins no
// further run; a run that is under way goes on. Starts are spread in the new order.
func (s *Scheduler) Set(projects []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, now := s.members, map[string]*member{}
	s.order = nil
	for _, p := range projects {
		if now[p] != nil {
			continue
		}
		m := was[p]
		if m == nil {
			m = &member{trigger: make(chan struct{}, 1), start: make(chan struct{}, 1), again: make(chan struct{}, 1), state: State{Project: p}}
		}
		now[p] = m
		s.order = append(s.order, p)
	}
	for i, p := range s.order {
		now[p].share = float64(i) / float64(len(s.order))
	}
	for p, m := range was {
		if now[p] == nil && m.stop != nil {
			m.stop()
			s.leaving[p] = m.done
		}
	}
	s.members = now
	for _, p := range s.order {
		if s.life != nil && now[p].done == nil {
			s.launch(now[p])
		}
	}
}

// begin starts the runs of every project.
func (s *Scheduler) begin(l *life) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life = l
	for _, p := range s.order {
		s.launch(s.members[p])
	}
}

// end lets no further project be started.
func (s *Scheduler) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life = nil
}

// launch begins the runs of one project, with the lock held. If the project was left out
// before and its last run is under way, the next one waits for that.
func (s *Scheduler) launch(m *member) {
	ctx, stop := context.WithCancel(s.life.ctx)
	m.stop, m.done = stop, make(chan struct{})
	runs, before := s.life.runs, s.leaving[m.state.Project]
	delete(s.leaving, m.state.Project)
	s.life.all.Go(func() {
		defer close(m.done)
		defer stop()
		if before != nil {
			<-before
		}
		s.watch(ctx, runs, m)
	})
}

func (s *Scheduler) member(project string) *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members[project]
}

func (s *Scheduler) share(m *member) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return m.share
}
