package decide

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file measures how far the pins are behind, and how long merged updates took.

// year is the length that libyears are counted in.
const year = 8766 * time.Hour // 365.25 days

// drift is the time between the pinned release and the newest final one that was not taken back;
// zero if that is not known.
func drift(releases []plan.Release, pinned *plan.Release) time.Duration {
	r := newest(releases, pinned.Version.Local(), func(r *plan.Release) bool { return taken(r) == nil })
	if r == nil || r.Version.Compare(pinned.Version) <= 0 || plan.SamePublic(r.Version, pinned.Version) {
		return 0
	}
	from, to := earliest(pinned.Files), earliest(r.Files)
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return max(to.Sub(from), 0)
}

// libyears is the sum over all pins, which a Duration could not hold.
func (d *facts) libyears() float64 {
	sum := 0.0
	for _, o := range d.outcomes {
		sum += o.drift.Hours() / year.Hours()
	}
	return sum
}

// maxSamples is how many weeks of change are remembered.
const maxSamples = 52

// sample adds the present week to the weeks that the dashboard shows. It does that in the first
// run of the week that could read everything, and only if the sum changed since the last
// sample. So a sample changes the page once a week at most, and not in a week without
// changes.
func (d *decider) sample() []plan.Sample {
	out := slices.Clone(d.s.Samples)
	week := d.now.Week(d.zone)
	sum := math.Round(d.plan.Libyears*10) / 10
	unread := slices.ContainsFunc(d.outcomes, func(o outcome) bool { return o.stale || o.unknown || o.absent })
	if n := len(out); unread || n > 0 && (!out[n-1].Week.Before(week) || out[n-1].Libyears == sum) {
		return out
	}
	out = append(out, plan.Sample{Week: week, Libyears: sum})
	return out[max(0, len(out)-maxSamples):]
}

// Released is when the release came out to which a merge request moves the package that
// names it: as its index tells, or as an earlier run knew; zero where neither does.
func Released(s *plan.Snapshot, mr plan.MergeRequest) time.Time {
	if len(mr.Note.Moves) == 0 {
		return mr.Released
	}
	m := mr.Note.Moves[0]
	if to, err := pep440.Parse(m.To); err == nil {
		if r := s.Packages[m.Key].Release(to); r != nil && !earliest(r.Files).IsZero() {
			return earliest(r.Files)
		}
	}
	return mr.Released
}

// lately is how many merged merge requests the median is of.
const lately = 10

// lag is the median time from a release to its merge, over the last merge requests that were
// merged, and how many these are. The release is that of the package that names the merge request.
// It is zero if none was merged or no index has the releases.
func (d *scene) lag() (median time.Duration, of int) {
	type merged struct {
		at   time.Time
		took time.Duration
	}
	var all []merged
	for _, list := range d.world.history {
		for _, mr := range list {
			if mr.State != plan.Merged || mr.MergedAt.IsZero() || len(mr.Note.Moves) == 0 {
				continue
			}
			if at := Released(d.s, mr); !at.IsZero() && mr.MergedAt.After(at) {
				all = append(all, merged{mr.MergedAt, mr.MergedAt.Sub(at)})
			}
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.SortFunc(all, func(a, b merged) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.took, b.took)) })
	all = all[:min(len(all), lately)]
	slices.SortFunc(all, func(a, b merged) int { return cmp.Compare(a.took, b.took) })
	return all[len(all)/2].took, len(all)
}
