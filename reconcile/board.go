package reconcile

import (
	"context"
	"errors"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// board is the dashboard as a run found it.
type board struct {
	issue     *dashboard.Issue
	found     dashboard.FindResult // empty if that failed
	page      dashboard.Page
	lastNote  int64     // the newest note that was there when the boxes were judged
	witnessed time.Time // a change of the dashboard that a comment explains
	edited    bool      // a person did something on it since the run before
	news      bool      // there is something to judge on it
	untold    bool      // who ticked could not be read: new ticks wait for the next run
}

// observeDashboard finds the issue and reads what was done on it. A failure is
// noted and the run goes on without ticks: merge requests do not need an issue.
func (r *observer) observeDashboard(ctx context.Context) dashboard.Activity {
	r.board.lastNote = r.memory.LastNoteID
	if !r.snap.Project.IssuesEnabled {
		r.board.found = dashboard.FoundNone
		return dashboard.Activity{}
	}
	issue, found, err := r.Dashboard.FindOrTitled(ctx, dashboard.Sought{
		Stored: dashboard.Key{Project: r.snap.Project.ID, IID: r.memory.DashboardIID}, Bot: r.snap.Bot, Title: r.project.Policy.Dashboard,
		Former: r.formers(), Others: r.project.Policy.Adopt.Authors,
	})
	if err != nil {
		r.board.found = ""
		r.fail("the dashboard could not be read: " + explain(err))
		return dashboard.Activity{}
	}
	r.board.issue, r.board.found = issue, found
	if found != dashboard.FoundOpen {
		return dashboard.Activity{}
	}
	activity, err := r.activity(ctx)
	r.board.page = dashboard.Parse(r.board.issue.Description)
	r.snap.Samples = r.board.page.Samples
	if err != nil {
		r.board.untold = true
		r.fail(explain(err))
	}
	return activity
}

// rereads bounds how often the page is read again because it changed while its
// activity was read.
const rereads = 3

// The reasons for which ticks wait, beside what GitLab answers.
var (
	errRefused = errors.New("the notes of the dashboard could not be read: GitLab refuses them, though the token's role may read them: it needs the scope api and the role Planner or above")
	errMoving  = errors.New("the dashboard changes while it is read: the next run looks who ticked")
	errLate    = errors.New("the notes of the dashboard do not tell yet who ticked a box: the next run asks again")
)

// activity reads what was done on the dashboard since its boxes were judged last. If there
// is anything to judge, it reads the page again after that, until both are of one instant.
// Otherwise a tick that came between could be missed, or be taken for one that was judged.
// An error says why this run does not know who ticked.
func (r *observer) activity(ctx context.Context) (dashboard.Activity, error) {
	id, iid := r.snap.Project.ID, r.board.issue.IID
	for range rereads {
		a, err := r.Dashboard.Activity(ctx, id, iid, r.memory.LastNoteID)
		if err != nil {
			return a, errors.New("the notes of the dashboard could not be read: " + explain(err))
		}
		if !a.Readable && (r.memory.LastNoteID > 0 || r.snap.Project.AccessLevel >= int(plan.Planner)) {
			// They could be read before, or the role allows it. GitLab may refuse that for
			// a while, which is no reason to refuse requests.
			return a, errRefused
		}
		if !r.somethingNew(a) {
			return a, nil
		}
		r.board.news = true
		fresh, err := r.Dashboard.Read(ctx, id, iid)
		if err != nil {
			return a, errors.New("the dashboard could not be read: " + explain(err))
		}
		same := fresh.Description == r.board.issue.Description
		fresh.Older = r.board.issue.Older
		*r.board.issue = fresh
		if !same {
			continue
		}
		if !a.Readable {
			return a, nil
		}
		late, again, err := r.late(ctx, a)
		switch {
		case err != nil:
			return a, errors.New("the notes of the dashboard could not be read: " + explain(err))
		case late:
			return a, errLate
		case !again:
			return a, nil
		}
	}
	return dashboard.Activity{}, errMoving
}

// somethingNew reports whether a person did something since the boxes were judged, or the
// page is not as we left it. Without a memory of the page only ticks count.
func (r *observer) somethingNew(a dashboard.Activity) bool {
	if r.memory.DashboardBody == "" {
		return slices.ContainsFunc(dashboard.Parse(r.board.issue.Description).Boxes, func(b dashboard.Box) bool { return b.Checked })
	}
	for _, n := range a.Notes {
		if !r.isBot(n.Author) {
			return true
		}
	}
	return !dashboard.Equal(r.board.issue.Description, dashboard.Written(r.memory.DashboardBody))
}

// patience is how long GitLab may take until it lists the note of a change.
const patience = 2 * time.Hour

// slack is how much earlier than the change of an issue its note may be dated.
const slack = time.Second

// late reports whether the list of notes may be out of date: the issue was changed after
// the newest note in it. A comment changes the issue too, and is no activity. So if the
// newest of all notes explains the change, again says that the activity has to be read once
// more, since its list may be older. If no note explains the change, late is true for as
// long as patience lasts.
func (r *observer) late(ctx context.Context, a dashboard.Activity) (late, again bool, err error) {
	changed := r.board.issue.UpdatedAt
	for _, n := range a.Notes {
		if !n.At.Before(changed.Add(-slack)) {
			return false, false, nil
		}
	}
	if r.board.witnessed.Equal(changed) {
		return false, false, nil
	}
	at, err := r.Dashboard.NewestNoteAt(ctx, r.snap.Project.ID, r.board.issue.IID)
	if err != nil {
		return false, false, err
	}
	if at.Before(changed.Add(-slack)) {
		return !r.now.Passed(changed.Add(patience + 1)), false, nil
	}
	r.board.witnessed = changed
	return false, true, nil
}
