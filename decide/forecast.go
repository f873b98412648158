package decide

import (
	"slices"
	"sort"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file predicts which updates open when the next windows open, and gives all others their
// number in line.

// forecast plays the queue at every instant at which the window of a waiting update opens, as the
// run at that instant would: with the releases that are old enough by then, and with as many free
// places as there are if nobody does anything. waiting is in the order of the queue; places are
// those that this run leaves free. The prediction changes when the queue changes, not because time
// passes.
func (d *queueing) forecast(waiting []*draft, places int) {
	var instants []time.Time
	line := slices.DeleteFunc(slices.Clone(waiting), func(dr *draft) bool {
		return dr.do == DoOpen || dr.forced != nil || dr.mr != nil || dr.unread() || dr.joins != "" || dr.handling.approval != nil ||
			dr.State != plan.AwaitingSchedule && dr.State != plan.Maturing && dr.State != plan.RateLimited
	})
	for _, dr := range line {
		if at, waits := d.opensAt(dr); waits {
			instants = append(instants, at)
		}
	}
	slices.SortFunc(instants, time.Time.Compare)
	opened := map[*draft]time.Time{}
	for _, at := range slices.CompactFunc(instants, time.Time.Equal) {
		var here []*draft
		for _, dr := range line {
			if _, gone := opened[dr]; !gone && dr.handling.window.Inside(at) && !at.Before(dr.Eligible) {
				here = append(here, dr)
			}
		}
		d.arrange(here, at)
		d.fill(here, at, places+d.givenUpBy(at)-len(opened), opened)
	}
}

// arrange sorts a line in the order that the queue has at that instant. A release that becomes old
// enough by then can change the kind of a step, and since when there is one.
func (d *queueing) arrange(line []*draft, at time.Time) {
	then := map[*draft]*draft{}
	for _, dr := range line {
		one := *dr
		one.Since, one.Kind = d.eligibleBy(dr, at)
		then[dr] = &one
	}
	sort.SliceStable(line, func(i, j int) bool { return before(then[line[i]], then[line[j]]) })
}

// eligibleBy is since when an update has an eligible release, and of which kind its step is, both
// as of a later instant.
func (d *queueing) eligibleBy(dr *draft, at time.Time) (since time.Time, kind plan.Kind) {
	since = dr.Since
	for k, i := range dr.slots {
		for _, l := range d.outcomes[i].lines {
			if l.step(d.slots[i], dr.versions[k]) == nil {
				continue
			}
			newest, first := l.eligibleAt(at)
			if newest == nil {
				continue
			}
			if first.Before(since) {
				since = first
			}
			if of := l.kind(d.slots[i], newest.release.Version); kind == "" || rank(of) > rank(kind) {
				kind = of
			}
		}
	}
	if kind == "" {
		kind = dr.Kind
	}
	return since, kind
}

// eligibleAt is the newest release of a line that is eligible at a later instant, and when the
// first of its eligible ones became so; nil if none is.
func (l *line) eligibleAt(at time.Time) (newest *verdict, first time.Time) {
	for n := range l.judged {
		v := &l.judged[n]
		if v.reason != nil && (!v.young || at.Before(v.eligible)) {
			continue
		}
		if newest == nil {
			newest, first = v, v.eligible
		}
		if v.eligible.Before(first) {
			first = v.eligible
		}
	}
	return newest, first
}

// opensAt is when the window opens for which an update waits; false if it waits for none.
func (d *queueing) opensAt(dr *draft) (time.Time, bool) {
	w := d.view(dr.handling)
	return w.Opens, !w.Always && !w.Inside && !w.Never
}

// fill gives the free places to those in line at an instant, and predicts what becomes of each
// whose own window opens then.
func (d *queueing) fill(line []*draft, at time.Time, free int, opened map[*draft]time.Time) {
	fresh := -1
	if d.s.Policy.MaxNew > 0 {
		fresh = d.s.Policy.MaxNew - d.openedSince(func(t time.Time) bool { return d.s.Policy.Window.Same(t, at) })
		for _, then := range opened {
			if d.s.Policy.Window.Same(then, at) {
				fresh--
			}
		}
	}
	for _, dr := range line {
		if free <= 0 || fresh >= 0 && fresh == 0 && dr.Kind != plan.Twin {
			continue
		}
		opened[dr] = at
		free--
		if dr.Kind != plan.Twin {
			fresh--
		}
	}
	for i, dr := range line {
		if own, waits := d.opensAt(dr); !waits || !own.Equal(at) {
			continue
		}
		dr.Place = i + 1
		if _, opens := opened[dr]; opens {
			dr.Opens = at
		}
		d.predict(dr, at)
	}
}

// predict gives an update the reason that the forecast found.
func (d *queueing) predict(dr *draft, at time.Time) {
	at = at.In(d.zone)
	var next plan.Next
	switch {
	case !dr.Opens.IsZero():
		next = plan.OpensAt{At: at, Rules: dr.handling.of, OrLater: d.s.New != nil}
	case d.s.Policy.MaxOpen <= 0:
		next = plan.Waits{For: plan.Limit{Key: plan.LimitOpen}}
	default:
		line := plan.InLine{Place: dr.Place, Since: dr.since(d.zone)}
		if len(dr.handling.of) > 0 { // the head of the page shows another window
			line.Opens, line.Rules = at, dr.handling.of
		}
		next = line
	}
	if dr.State == plan.Maturing {
		dr.stand(dr.State, d.maturing(dr, next))
		return
	}
	dr.stand(dr.State, next)
}

// since is when a release newer than the pin first became eligible, by which the line is sorted;
// zero if none is.
func (dr *offer) since(zone *time.Location) time.Time {
	if dr.Since.IsZero() || dr.State == plan.Maturing {
		return time.Time{}
	}
	return dr.Since.In(zone)
}

// givenUpBy counts the merge requests that take a place now and will not from that instant on,
// because they have failed for so long.
func (d *queueing) givenUpBy(at time.Time) int {
	n := 0
	for _, dr := range d.drafts {
		if dr.takesPlace(d.now.Passed) && !dr.takesPlace(func(t time.Time) bool { return !at.Before(t) }) {
			n++
		}
	}
	return n
}
