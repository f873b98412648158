package page

import (
	"net/http"
	"slices"
	"time"
)

// mostSlow is how many of the slowest projects, and of those without a good run, are listed.
const mostSlow = 20

// fleet is what the page of the fleet shows: what waits and runs now, and which projects and hosts
// make trouble.
type fleet struct {
	Waiting, Running, Slowest, Late []row
	Oldest                          time.Time // since when the first of those that wait has waited
	Hosts                           []Host
	Rate                            int // requests of GitLab's API a minute, 0 for no bound
	Sum                             totals
}

// fleet answers with that page, for the projects that the reader sees.
func (s *Site) fleet(w http.ResponseWriter, r *http.Request) {
	rows, err := s.rows(r, "")
	if err != nil {
		s.failed(w, r, err)
		return
	}
	f := fleet{Sum: sum(rows)}
	if s.Rate != nil {
		f.Rate = s.Rate()
	}
	for _, o := range rows {
		if !o.State.Waiting.IsZero() {
			f.Waiting = append(f.Waiting, o)
		}
		if !o.State.Running.IsZero() {
			f.Running = append(f.Running, o)
		}
		if o.State.Took > 0 {
			f.Slowest = append(f.Slowest, o)
		}
		if !o.Good && o.Mood != unseen {
			f.Late = append(f.Late, o)
		}
	}
	slices.SortStableFunc(f.Waiting, func(a, b row) int { return a.State.Waiting.Compare(b.State.Waiting) })
	slices.SortStableFunc(f.Running, func(a, b row) int { return a.State.Running.Compare(b.State.Running) })
	slices.SortStableFunc(f.Slowest, func(a, b row) int { return int(b.State.Took - a.State.Took) })
	slices.SortStableFunc(f.Late, func(a, b row) int { return a.Last.Good.Compare(b.Last.Good) })
	if len(f.Waiting) > 0 {
		f.Oldest = f.Waiting[0].State.Waiting
	}
	f.Slowest, f.Late = f.Slowest[:min(len(f.Slowest), mostSlow)], f.Late[:min(len(f.Late), mostSlow)]
	if s.Hosts != nil {
		f.Hosts = s.Hosts()
		for i, h := range f.Hosts {
			if !s.Now().Before(h.Until) {
				f.Hosts[i].Until = time.Time{} // that is over
			}
		}
	}
	s.show(w, r, "fleet", frame{Title: "Fleet", Tab: "fleet", Content: f})
}
