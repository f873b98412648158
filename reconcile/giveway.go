package reconcile

import (
	"context"
	"fmt"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
)

// giveWay closes this process's own dashboard where another one was there
// first, made by a process that shares no database with this one. What was
// ticked here has been judged in this run. It reports false, and the page is
// written as always, where that could not be: notes were unreadable, or
// somebody edits the page just now.
func (w *publishing) giveWay(ctx context.Context) bool {
	if w.board.issue.Older == 0 || w.board.untold {
		return false
	}
	var said, closed bool
	var err error
	why := fmt.Sprintf("issue #%d was there first", w.board.issue.Older)
	fact := plan.Fact{
		Kind: plan.KindCloseDashboard, On: issueTarget(w.board.issue.IID), Why: why, Before: []string{"opened"}, After: []string{"closed"}, Detail: why,
	}
	broken := w.journal.Do(ctx, fact, func(ctx context.Context) journal.Outcome {
		said, closed, err = w.closeSecond(ctx)
		return outcome(err)
	})
	if broken != nil {
		return false // the journal keeps why
	}
	if said {
		w.wrote++
	}
	if err != nil {
		w.fail("the second dashboard could not be closed: " + explain(err))
		return false
	}
	if !closed {
		return false
	}
	w.wrote++
	// Of the other page nothing is remembered: the next run believes what it shows.
	w.published.memory.DashboardIID, w.published.memory.DashboardBody, w.published.memory.LastNoteID = w.board.issue.Older, "", 0
	return true
}

// closeSecond says on this process's dashboard that it gives way, and closes it.
func (w *publishing) closeSecond(ctx context.Context) (said, closed bool, err error) {
	said, err = w.Dashboard.Comment(ctx, dashboard.Key{Project: w.snap.Project.ID, IID: w.board.issue.IID}, dashboard.Comment{
		Bot: w.snap.Bot, Op: "older",
		Body: fmt.Sprintf("The dashboard of this project is #%d, which was there first, so this one is closed. What was ticked here counts.", w.board.issue.Older),
	})
	if err == nil {
		closed, err = w.Dashboard.Close(ctx, w.snap.Project.ID, *w.board.issue)
	}
	return said, closed, err
}
