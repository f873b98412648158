package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

// chart is a line of libyears by week, in a picture of 200 by 40. The zero chart is not shown.
type chart struct {
	Line, Area  string // points
	First, Last store.ViewWeek
}

// Says describes the line in words, for readers who do not see it.
func (c chart) Says() string {
	return fmt.Sprintf("Libyears from %.1f on %s to %.1f on %s", c.First.Libyears, day(c.First.Day), c.Last.Libyears, day(c.Last.Day))
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// chartOf draws weeks, which are in the order of their days. It returns the zero chart for fewer
// than two.
func chartOf(weeks []store.ViewWeek) chart {
	if len(weeks) < 2 {
		return chart{}
	}
	var most float64
	for _, w := range weeks {
		most = max(most, w.Libyears)
	}
	if most == 0 {
		most = 1
	}
	first := weeks[0].Day
	span := weeks[len(weeks)-1].Day.Sub(first).Hours()
	if span <= 0 {
		return chart{}
	}
	var points strings.Builder
	for _, w := range weeks {
		fmt.Fprintf(&points, "%.1f,%.1f ", w.Day.Sub(first).Hours()/span*200, 38-w.Libyears/most*36)
	}
	line := strings.TrimSpace(points.String())
	return chart{Line: line, Area: "0,40 " + line + " 200,40", First: weeks[0], Last: weeks[len(weeks)-1]}
}

// together are the weeks of some projects, added up. A project that has no sample of a week has
// that of the one before; until its first one it has that first one, so that the sum does not
// grow because a project was added.
func together(rows []row) []store.ViewWeek {
	days := map[time.Time]bool{}
	for _, o := range rows {
		for _, w := range o.View.Weeks {
			days[w.Day] = true
		}
	}
	var out []store.ViewWeek
	for d := range days {
		out = append(out, store.ViewWeek{Day: d})
	}
	slices.SortFunc(out, func(a, b store.ViewWeek) int { return a.Day.Compare(b.Day) })
	for _, o := range rows {
		if len(o.View.Weeks) == 0 {
			continue
		}
		known, next := o.View.Weeks[0].Libyears, 0
		for i := range out {
			for next < len(o.View.Weeks) && !o.View.Weeks[next].Day.After(out[i].Day) {
				known, next = o.View.Weeks[next].Libyears, next+1
			}
			out[i].Libyears += known
		}
	}
	return out
}
