package reconcile

import (
	"context"
	"fmt"

	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
)

// giveWay closes this process's own dashboard where another one was there
// first, made by a process that shares no database with this one. What was
// ticked here has been judged in this run. It reports false, and the page is
// written as always, where that could not be: notes were unreadable, or
// somebody edits the page just now.
func (r *run) giveWay(ctx context.Context) bool {
	if r.issue.Older == 0 || r.untold {
		return false
	}
	var said, closed bool
	var err error
	why := fmt.Sprintf("issue #%d was there first", r.issue.Older)
	fact := plan.Fact{
		Kind: plan.KindCloseDashboard, On: issueTarget(r.issue.IID), Why: why, Before: []string{"opened"}, After: []string{"closed"}, Detail: why,
	}
	broken := r.journal.Do(ctx, fact, func(ctx context.Context) journal.Outcome {
		said, closed, err = r.closeSecond(ctx)
		return outcome(err)
	})
	if broken != nil {
		return false // the journal keeps why
	}
	if said {
		r.wrote++
	}
	if err != nil {
		r.fail("the second dashboard could not be closed: " + explain(err))
		return false
	}
	if !closed {
		return false
	}
	r.wrote++
	// Of the other page nothing is remembered: the next run believes what it shows.
	r.memory.DashboardIID, r.memory.DashboardBody, r.memory.LastNoteID = r.issue.Older, "", 0
	return true
}

// closeSecond says on this process's dashboard that it gives way, and closes it.
func (r *run) closeSecond(ctx context.Context) (said, closed bool, err error) {
	said, err = r.Dashboard.Comment(ctx, r.snap.Project.ID, r.issue.IID, r.snap.Bot, "older",
		fmt.Sprintf("The dashboard of this project is #%d, which was there first, so this one is closed. What was ticked here counts.", r.issue.Older))
	if err == nil {
		closed, err = r.Dashboard.Close(ctx, r.snap.Project.ID, *r.issue)
	}
	return said, closed, err
}
