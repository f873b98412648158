package reconcile

import (
	"context"
	"errors"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// all is the whole run.
func (r *run) all(ctx context.Context, project config.Project) (Report, error) {
	o, err := r.observe(ctx, project)
	if errors.Is(err, errInherited) {
		o, err = r.observe(ctx, project)
	}
	if err != nil {
		status := Failed
		if gitlab.NeedsPerson(err) {
			status = Stopped
		}
		return Report{Status: status, Failures: []string{explain(err)}}, err
	}
	if err := r.remember(ctx, &o); err != nil {
		return Report{Status: Failed}, err
	}
	if o.board.found == dashboard.FoundPaused {
		return r.paused(ctx, o)
	}
	done, err := r.carryOut(ctx, o)
	if err != nil {
		return Report{Status: Failed, Plan: done.plan, Wrote: done.wrote}, err
	}
	if done.merged {
		// What was read of the default branch is out of date. This ends, since each
		// merge needs a head that was tested.
		again, err := r.all(ctx, project)
		again.Wrote += done.wrote
		return again, err
	}
	finish, stop := finishing(ctx)
	defer stop()
	return r.report(finish, done)
}

// report writes the dashboard of what a run found and did, stores what the next one
// is to know, and says how the run ended.
func (r *run) report(ctx context.Context, done applied) (Report, error) {
	r.heard.gitlab.Close()
	page := r.publish(ctx, done)
	out := Report{Status: Failed, Plan: done.plan, Wrote: done.wrote + page.wrote}
	if err := r.journal.Err(); err != nil {
		return out, err
	}
	out.Status = r.status(done)
	if decide.Attends(done.snap, r.now) && (out.Status == Done || !done.snap.Policy.CatchUp) {
		page.memory.Attended = r.now.Asking()
	}
	page.memory.Standings = done.plan.Counts()
	kept := r.keepReleased(ctx, done.observation)
	if kept == nil {
		kept = r.Store.SaveMemory(ctx, page.memory)
	}
	if err := kept; store.Recoverable(err) {
		out.Status = Failed
		return out, err
	} else if err != nil {
		r.fail("what this run did could not be recorded: " + err.Error())
		if out.Status == Done {
			out.Status = Failed
		}
	}
	out.Body, out.Failures, out.Windows, out.left = page.body, r.failures, Windows(done.project.Policy), page.left
	out.left.awaits = from(r.now.Asking(), done.awaits())
	if out.record = r.record(ctx, done, page, out); out.record == nil {
		out.record = r.expectation(done.observation, out)
	}
	if r.Views {
		if err := r.Store.KeepView(ctx, r.view(done, out)); err != nil {
			r.log.Warn("the status page shows what an earlier run found", "err", err.Error())
		}
	}
	return out, nil
}

// status is the exit code in words.
func (r *run) status(done applied) Status {
	for _, problem := range done.plan.Problems {
		if problem.Stopping && !r.wanted(problem) {
			return Stopped
		}
	}
	for _, problem := range done.plan.Problems {
		if !r.wanted(problem) && !problem.Lasting {
			r.fail(problem.Text)
		}
	}
	for _, u := range done.plan.Updates {
		if u.State == plan.Errored && done.snap.Failures[u.Branch] == "" && len(r.failures) == 0 {
			r.fail(u.Title + ": " + u.Reason)
		}
	}
	if len(r.failures) > 0 {
		return Failed
	}
	return Done
}

// wanted reports whether a problem is the pause that an operator wanted.
func (r *run) wanted(p plan.Problem) bool { return r.pause != nil && p == *r.pause }

// paused ends a run whose dashboard a person closed: it does nothing, and says so once in a
// note.
func (r *run) paused(ctx context.Context, o observation) (Report, error) {
	report := Report{Status: Done}
	iid := o.board.issue.IID
	if o.memory.PausedNoteFor == iid {
		return report, nil
	}
	wrote := false
	var err error
	fact := plan.Fact{Kind: plan.KindCommentDashboard, On: issueTarget(iid), Why: "the dashboard was closed", Detail: "paused"}
	broken := r.journal.Do(ctx, fact, func(ctx context.Context) journal.Outcome {
		wrote, err = r.Dashboard.Comment(ctx, dashboard.Key{Project: o.snap.Project.ID, IID: iid}, dashboard.Comment{
			Bot: o.snap.Bot, Op: "paused",
			Body: "This dashboard was closed, so pinwheel is paused in this project: it opens, changes and closes nothing. Reopen this issue to resume.",
		})
		return outcome(err)
	})
	if broken != nil {
		return Report{Status: Failed}, broken
	}
	if err != nil {
		r.fail("the pause could not be said on the dashboard: " + explain(err))
		return Report{Status: Failed, Failures: r.failures}, nil //nolint:nilerr // the failure is in the report
	}
	if wrote {
		report.Wrote++
	}
	o.memory.PausedNoteFor, o.memory.DashboardIID = iid, iid
	if err := r.Store.SaveMemory(ctx, o.memory); err != nil {
		return Report{Status: Failed}, err
	}
	return report, nil
}
