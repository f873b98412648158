package reconcile

import (
	"context"
	"errors"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
)

// render is the dashboard of a plan as this project shows it.
func (r *run) render(p plan.Plan) string {
	ticked := map[string]bool{}
	for _, q := range p.Requests {
		if q.Verdict == plan.Accepted {
			ticked[q.Tick.Branch] = true
		}
	}
	p.Requests = r.withEarlier(p.Requests)
	var waiting []dashboard.WaitingTick
	if p.Stopped() {
		waiting = dashboard.WaitingTicks(r.snap.Ticks, r.page, dashboard.Written(r.memory.DashboardBody))
	}
	return dashboard.Render(p, dashboard.View{
		ProjectID: r.snap.Project.ID, Ticked: ticked, Zone: r.project.Policy.Window.Zone(),
		MinimumRole: r.project.Policy.MinimumRole, StatusURL: r.StatusURL, HelpURL: r.HelpURL, Home: r.snap.Project.WebURL,
		Waiting: waiting,
	})
}

// withEarlier adds the refusals of earlier runs that still stand.
func (r *run) withEarlier(requests []plan.Request) []plan.Request {
	have := map[string]bool{}
	for _, q := range requests {
		have[q.Tick.ID] = true
	}
	out := append([]plan.Request(nil), requests...)
	for _, q := range r.refused {
		if !have[q.Tick.ID] {
			out = append(out, q)
		}
	}
	return out
}

// publish writes the dashboard where it differs from what GitLab holds, after
// reading it once more: ticks made meanwhile stay. It returns the text, and
// leaves in the memory, which is saved afterwards, what GitLab holds now.
func (r *run) publish(ctx context.Context, p *plan.Plan) string {
	body := r.render(*p)
	if !r.snap.Project.IssuesEnabled {
		r.fail("issues are disabled in this project, so there is no dashboard: enable them under Settings > General > Visibility")
		return body
	}
	var issue dashboard.Issue
	kept := "" // the text as if nobody had taken anything back meanwhile
	switch r.found {
	case dashboard.FoundOpen:
		if r.giveWay(ctx) {
			return body
		}
		judged := r.page
		if r.untold {
			judged = dashboard.Page{} // no tick was judged, so all of them stay
		}
		var entry *journal.Entry
		written, wrote, err := r.Dashboard.Write(ctx, r.snap.Project.ID, *r.issue, func(fresh dashboard.Issue) string {
			now := dashboard.Parse(fresh.Description)
			kept = dashboard.KeepTicks(body, judged, now)
			r.left.again = kept != body // somebody ticked while this run was at work
			text := dashboard.KeepUnticks(kept, judged, now)
			if dashboard.Equal(fresh.Description, dashboard.Normalise(text)) {
				return fresh.Description
			}
			var broken error
			if entry, broken = r.journal.Begin(ctx, textFact(plan.KindEditDashboard, fresh.IID, fresh.Description, text)); broken != nil {
				return fresh.Description // what cannot be written down is not done
			}
			return text
		})
		if entry != nil && entry.End(ctx, outcome(err)) != nil {
			return body
		}
		if err != nil {
			if !errors.Is(err, dashboard.ErrGone) {
				r.fail("the dashboard could not be written: " + explain(err))
			}
			return body
		}
		issue = written
		if wrote {
			r.wrote++
			r.memory.DashboardAt = r.now
		}
	case dashboard.FoundNone:
		var created *dashboard.Issue
		var err error
		broken := r.journal.Do(ctx, textFact(plan.KindCreateDashboard, 0, "", body), func(ctx context.Context) journal.Outcome {
			created, err = r.Dashboard.Create(ctx, r.snap.Project.ID, r.project.Policy.Dashboard, body, nil)
			out := outcome(err)
			if err == nil {
				out.Target = issueTarget(created.IID)
			}
			return out
		})
		if broken != nil {
			return body
		}
		if err != nil {
			r.fail("the dashboard could not be created: " + explain(err))
			return body
		}
		issue = *created
		r.wrote++
		r.memory.DashboardAt = r.now
	default:
		return body // finding it failed and is noted
	}
	r.left.project, r.left.iid, r.left.at = r.snap.Project.ID, issue.IID, issue.UpdatedAt
	r.left.foreign = issue.Author.ID != r.snap.Bot.ID
	before := r.memory.DashboardBody
	r.memory.DashboardIID, r.memory.DashboardBody = issue.IID, issue.Description
	if took := dashboard.KeepUnticks(kept, dashboard.Parse(kept), dashboard.Parse(issue.Description)); took != kept && dashboard.Equal(took, issue.Description) {
		// Remembered as ticked: that it is not tells the next run that it was
		// taken back, with or without a note.
		r.memory.DashboardBody = dashboard.Normalise(kept)
	}
	if r.untold { // the next run judges what was ticked on the page before, too
		r.memory.DashboardBody = dashboard.Remember(r.memory.DashboardBody, before)
	}
	r.memory.LastNoteID, r.memory.PausedNoteFor = r.lastNote, 0
	return body
}

// paused answers a closed dashboard: nothing is done, and it is said once.
func (r *run) paused(ctx context.Context) (Report, error) {
	report := Report{Status: Done}
	iid := r.issue.IID
	if r.memory.PausedNoteFor == iid {
		return report, nil
	}
	wrote := false
	var err error
	fact := plan.Fact{Kind: plan.KindCommentDashboard, On: issueTarget(iid), Why: "the dashboard was closed", Detail: "paused"}
	broken := r.journal.Do(ctx, fact, func(ctx context.Context) journal.Outcome {
		wrote, err = r.Dashboard.Comment(ctx, r.snap.Project.ID, iid, r.snap.Bot, "paused",
			"This dashboard was closed, so pinwheel is paused in this project: it opens, changes and closes nothing. Reopen this issue to resume.")
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
	r.memory.PausedNoteFor, r.memory.DashboardIID = iid, iid
	if err := r.Store.SaveMemory(ctx, r.memory); err != nil {
		return Report{Status: Failed}, err
	}
	return report, nil
}
