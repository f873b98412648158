package decide

import (
	"sort"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file decides which updates open now, and what the others wait for. A place is one more merge
// request that may be open at once.

// queue sorts what waits and opens as many as there are places. The order is: asked for, what ends
// a conflict, priority, longest waiting, patch before minor before major, name.
func (d *queueing) queue() {
	places := d.s.Policy.MaxOpen
	var waiting []*draft
	for _, dr := range d.drafts {
		switch {
		case dr.State == plan.Open && dr.do != DoClose:
			if dr.takesPlace(d.now.Passed) {
				places--
				d.plan.OpenCount++
			}
			d.applyForced(dr)
		case dr.State == plan.Edited && dr.mr != nil && dr.forced != nil && !dr.stale:
			dr.do = DoStartOver
		case dr.State == plan.AwaitingSchedule || dr.State == plan.Maturing || dr.State == plan.RateLimited || dr.State == plan.NotChecked && dr.forced != nil || dr.State == plan.PendingApproval ||
			(dr.State == plan.ClosedByPerson && dr.forced != nil && dr.held == ""):
			waiting = append(waiting, dr)
		}
	}
	sort.SliceStable(waiting, func(i, j int) bool { return before(waiting[i], waiting[j]) })
	d.places(waiting, places)
}

// places opens what may open now, in the order of the queue.
func (d *queueing) places(waiting []*draft, places int) {
	left := d.mayOpen()
	for _, dr := range waiting {
		may := dr.State != plan.PendingApproval && d.may(dr.handling)
		switch {
		case dr.unread():
			if dr.forced != nil {
				dr.stand(dr.State, plan.AwaitsIndex{})
			}
		case dr.young:
			d.youngForced(dr)
		case dr.forced != nil, dr.Breaks != nil:
			dr.do = DoOpen // what breaks a batch leaves it, whatever else waits
			places--
		case !may:
		case places <= 0:
			d.limited(dr, plan.Limit{Key: plan.LimitOpen, Most: d.s.Policy.MaxOpen})
		case left.window == 0 && dr.Kind != plan.Twin:
			d.limited(dr, plan.Limit{Key: plan.LimitWindow, Most: d.s.Policy.MaxNew})
		case left.run == 0 && dr.Kind != plan.Twin:
			d.limited(dr, plan.Limit{Key: plan.LimitRun})
		default:
			dr.do = DoOpen
			places--
			if dr.Kind != plan.Twin { // a repair of a derived file does not count as new
				left.window--
				left.run--
			}
		}
	}
	d.forecast(waiting, places)
}

// newer is how many merge requests may still be opened in this window and in this run without a
// request; -1 is no bound.
type newer struct{ window, run int }

// mayOpen counts how many more merge requests may be opened without a request.
func (d *windows) mayOpen() newer {
	f := newer{window: -1, run: -1}
	if d.s.New != nil {
		f.run = max(*d.s.New, 0)
	}
	if d.s.Policy.MaxNew > 0 {
		missed, _, _ := d.now.Missed(d.s.Policy.Window, d.s.Attended)
		f.window = max(d.s.Policy.MaxNew-d.openedSince(func(t time.Time) bool {
			return d.now.Same(d.s.Policy.Window, t) || d.caughtUp && !t.Before(missed) // since the opening that was missed
		}), 0)
	}
	return f
}

// skew is how much later than by the clock of the run that opened it GitLab may say that a merge
// request was created. A marker that was written later does not say why it was opened.
const skew = 30 * time.Second

// openedSince counts the merge requests that were opened in an opening of the window without a
// request, whatever became of them. It reads GitLab's list, so that a lost database opens none too
// many. of reports whether an instant belongs to that opening.
func (d *windows) openedSince(of func(time.Time) bool) int {
	n := 0
	for _, mr := range d.s.MergeRequests {
		asked := mr.Note.Why == plan.CauseForced && !mr.Note.At.After(mr.CreatedAt.Add(skew))
		_, reverts := plan.RevertOf(d.s.Policy.BranchPrefix, mr.Branch)
		if !mr.Note.Present || reverts || plan.IsProbe(d.s.Policy.BranchPrefix, mr.Branch) || asked || mr.Note.Why == plan.CauseRepair && len(mr.Note.Moves) == 0 {
			continue
		}
		if of(mr.CreatedAt) {
			n++
		}
	}
	return n
}

// limited makes an update wait in line, behind those that wait already.
func (d *queueing) limited(dr *draft, by plan.Limit) {
	d.line++
	dr.State, dr.Place = plan.RateLimited, d.line
	if d.s.Policy.MaxOpen <= 0 {
		dr.stand(dr.State, plan.Waits{For: by})
		return
	}
	dr.stand(dr.State, plan.InLine{Place: dr.Place, For: by, Since: dr.since(d.zone)})
}

func before(a, b *draft) bool {
	if (a.forced != nil) != (b.forced != nil) {
		return a.forced != nil
	}
	if (len(a.Cures) > 0) != (len(b.Cures) > 0) {
		return len(a.Cures) > 0
	}
	if a.handling.priority != b.handling.priority {
		return a.handling.priority > b.handling.priority
	}
	if !a.Since.Equal(b.Since) {
		return a.Since.Before(b.Since)
	}
	if rank(a.Kind) != rank(b.Kind) {
		return rank(a.Kind) < rank(b.Kind)
	}
	return a.Branch < b.Branch
}
