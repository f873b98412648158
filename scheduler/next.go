package scheduler

import (
	"time"

	"github.com/robfig/cron/v3"
)

// Next returns the first instant of a spec after t, in UTC. It returns an error if the spec cannot
// be read. The zero time means that there is none in five years.
func Next(spec string, t time.Time) (time.Time, error) {
	schedule, err := parse(spec)
	if err != nil {
		return time.Time{}, err
	}
	return schedule.Next(t.UTC()), nil
}

// Reschedule replaces the spec, while Run is at work as well. Each project next starts by the new
// one; runs that were asked for, and those under way, stay. A spec that cannot be read changes
// nothing.
func (s *Scheduler) Reschedule(spec string) error {
	schedule, err := parse(spec)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cron = schedule
	for _, m := range s.members {
		select {
		case m.again <- struct{}{}:
		default: // it knows that already
		}
	}
	return nil
}

func (s *Scheduler) schedule() cron.Schedule {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cron
}
