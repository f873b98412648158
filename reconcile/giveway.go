package reconcile

import (
	"context"
	"fmt"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
)

// giveWay closes this process's own dashboard if an older one is there, made by a process
// with another database. This run has judged the ticks on it. giveWay returns false if it
// cannot close the dashboard, because notes could not be read or somebody is editing the
// page. Then the page is written as always.
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
