package scheduler

import "time"

// Next returns the first instant of a spec after t, in UTC. It returns an error if the spec cannot
// be read. The zero time means that there is none in five years.
func Next(spec string, t time.Time) (time.Time, error) {
	schedule, err := parse(spec)
	if err != nil {
		return time.Time{}, err
	}
	return schedule.Next(t.UTC()), nil
}
