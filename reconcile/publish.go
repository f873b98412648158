package reconcile

import (
	"context"
	"errors"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// render is the dashboard of a plan as this project shows it.
func (r *run) render(o observation, p plan.Plan) string {
	ticked := map[string]bool{}
	for _, q := range p.Requests {
		if q.Verdict == plan.Accepted {
			ticked[q.Tick.Branch] = true
		}
	}
	p.Requests = o.withEarlier(p.Requests)
	var waiting []dashboard.WaitingTick
	if p.Stopped() {
		waiting = dashboard.WaitingTicks(o.snap.Ticks, o.board.page, dashboard.Written(o.memory.DashboardBody))
	}
	return dashboard.Render(p, dashboard.View{
		ProjectID: o.snap.Project.ID, Ticked: ticked, Zone: o.project.Policy.Window.Zone(),
		MinimumRole: o.project.Policy.MinimumRole, StatusURL: r.StatusURL, HelpURL: r.HelpURL, Home: o.snap.Project.WebURL,
		Waiting: waiting,
	})
}

// withEarlier adds the refusals of earlier runs that still stand.
func (o observation) withEarlier(requests []plan.Request) []plan.Request {
	have := map[string]bool{}
	for _, q := range requests {
		have[q.Tick.ID] = true
	}
	out := append([]plan.Request(nil), requests...)
	for _, q := range o.ticks.refused {
		if !have[q.Tick.ID] {
			out = append(out, q)
		}
	}
	return out
}

// published is what became of the dashboard.
type published struct {
	body   string       // as it should read
	memory store.Memory // with what GitLab holds now, to be saved
	wrote  int          // effects that changed something
	left   mark
}

// publishing is the writing of one dashboard.
type publishing struct {
	*run
	observation
	published
	kept string // the text as it would be if nobody had unticked anything meanwhile
}

// publish writes the dashboard if it differs from what GitLab holds. It reads the page again
// before that, so that ticks made meanwhile stay.
func (r *run) publish(ctx context.Context, done applied) published {
	w := publishing{run: r, observation: done.observation, published: published{body: r.render(done.observation, done.plan), memory: done.memory}}
	if !done.snap.Project.IssuesEnabled {
		r.fail("issues are disabled in this project, so there is no dashboard: enable them under Settings > General > Visibility")
		return w.published
	}
	var issue dashboard.Issue
	ok := false
	switch done.board.found {
	case dashboard.FoundOpen:
		if r.pause != nil && dashboard.IsOther(done.board.issue.Description) {
			break // the project went back to the other bot, or did not come yet
		}
		if !w.giveWay(ctx) {
			issue, ok = w.write(ctx)
		}
	case dashboard.FoundNone:
		issue, ok = w.create(ctx)
	case dashboard.FoundPaused: // the run ended before
	default: // finding it failed and is noted
	}
	if ok {
		w.remember(issue)
	}
	return w.published
}

// text returns what an issue should read. Boxes that people ticked or unticked while this
// run was at work stay as they left them.
func (w *publishing) text(fresh dashboard.Issue) string {
	judged, now := w.board.page, dashboard.Parse(fresh.Description)
	if w.board.untold {
		judged = dashboard.Page{} // no tick was judged, so all of them stay
	}
	w.kept = dashboard.KeepTicks(w.body, judged, now)
	w.left.again = w.kept != w.body // somebody ticked while this run was at work
	return dashboard.KeepUnticks(w.kept, judged, now)
}

// write writes the dashboard that was found, and returns what GitLab stores now. ok is false
// if that is not known. If the page already reads as it should, write does not read it
// again. If somebody changed it meanwhile, that is newer than what this run notes, so the
// next run sees it.
func (w *publishing) write(ctx context.Context) (issue dashboard.Issue, ok bool) {
	if found := *w.board.issue; dashboard.Equal(found.Description, dashboard.Normalise(w.text(found))) {
		return found, true
	}
	var entry *journal.Entry
	issue, wrote, err := w.Dashboard.Write(ctx, w.snap.Project.ID, *w.board.issue, func(fresh dashboard.Issue) string {
		text := w.text(fresh)
		if dashboard.Equal(fresh.Description, dashboard.Normalise(text)) {
			return fresh.Description
		}
		var broken error
		if entry, broken = w.journal.Begin(ctx, textFact(plan.KindEditDashboard, fresh.IID, fresh.Description, text)); broken != nil {
			return fresh.Description // what cannot be written down is not done
		}
		return text
	})
	if entry != nil && entry.End(ctx, outcome(err)) != nil {
		return issue, false
	}
	if err != nil {
		if !errors.Is(err, dashboard.ErrGone) {
			w.fail("the dashboard could not be written: " + explain(err))
		}
		return issue, false
	}
	if wrote {
		w.wrote++
		w.published.memory.DashboardAt = w.now.Stamp()
	}
	return issue, true
}

// create makes a dashboard, and returns what GitLab stores. ok is false if none
// was made.
func (w *publishing) create(ctx context.Context) (issue dashboard.Issue, ok bool) {
	var created *dashboard.Issue
	var err error
	broken := w.journal.Do(ctx, textFact(plan.KindCreateDashboard, 0, "", w.body), func(ctx context.Context) journal.Outcome {
		created, err = w.Dashboard.Create(ctx, w.snap.Project.ID, dashboard.Draft{Title: w.project.Policy.Dashboard, Body: w.body})
		out := outcome(err)
		if err == nil {
			out.Target = issueTarget(created.IID)
		}
		return out
	})
	if broken != nil {
		return issue, false
	}
	if err != nil {
		w.fail("the dashboard could not be created: " + explain(err))
		return issue, false
	}
	w.wrote++
	w.published.memory.DashboardAt = w.now.Stamp()
	return *created, true
}

// remember notes what GitLab holds now, for the next run and for who watches.
func (w *publishing) remember(issue dashboard.Issue) {
	w.left.project, w.left.iid, w.left.at = w.snap.Project.ID, issue.IID, issue.UpdatedAt
	w.left.foreign = issue.Author.ID != w.snap.Bot.ID
	m := &w.published.memory
	before := m.DashboardBody
	m.DashboardIID, m.DashboardBody = issue.IID, issue.Description
	if took := dashboard.KeepUnticks(w.kept, dashboard.Parse(w.kept), dashboard.Parse(issue.Description)); took != w.kept && dashboard.Equal(took, issue.Description) {
		// Remember the box as ticked. The next run then sees that it is not, and so that
		// it was taken back, with or without a note.
		m.DashboardBody = dashboard.Normalise(w.kept)
	}
	if w.board.untold { // the next run judges what was ticked on the page before, too
		m.DashboardBody = dashboard.Remember(m.DashboardBody, before)
	}
	m.LastNoteID, m.PausedNoteFor = w.board.lastNote, 0
}
