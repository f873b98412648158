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
	found     dashboard.FindResult // empty where that failed
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
	issue, found, err := r.Dashboard.Find(ctx, dashboard.Sought{
		Stored: dashboard.Key{Project: r.snap.Project.ID, IID: r.memory.DashboardIID}, Bot: r.snap.Bot, Title: r.project.Policy.Dashboard,
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

// activity reads what was done on the dashboard since its boxes were judged last.
// Where there is anything to judge, the page is read again after it, until both
// are of one instant: a tick that came between would be on none or be taken for
// one that was judged. An error says why who ticked is not known in this run.
func (r *observer) activity(ctx context.Context) (dashboard.Activity, error) {
	id, iid := r.snap.Project.ID, r.board.issue.IID
	for range rereads {
		a, err := r.Dashboard.Activity(ctx, id, iid, r.memory.LastNoteID)
		if err != nil {
			return a, errors.New("the notes of the dashboard could not be read: " + explain(err))
		}
		if !a.Readable && (r.memory.LastNoteID > 0 || r.snap.Project.AccessLevel >= int(plan.Planner)) {
			// They could be read before, or the role says they can: a refusal for a
			// while is no reason to refuse what people ask for.
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

// somethingNew reports whether a person did something since the boxes were judged,
// or the page is not as we left it. Of a lost memory only ticks are of interest.
func (r *observer) somethingNew(a dashboard.Activity) bool {
	if r.memory.DashboardBody == "" {
		return slices.ContainsFunc(dashboard.Parse(r.board.issue.Description).Boxes, func(b dashboard.Box) bool { return b.Checked })
	}
	for _, n := range a.Notes {
		if n.Author.ID != r.snap.Bot.ID {
			return true
		}
	}
	return !dashboard.Equal(r.board.issue.Description, dashboard.Written(r.memory.DashboardBody))
}

// patience is how long notes may be behind the issue that they are of.
const patience = 2 * time.Hour

// slack is how much older than the change of an issue the note of it may be.
const slack = time.Second

// late reports whether the list of notes is an old one: the issue was changed a
// short while ago and after the newest note. A comment changes an issue and is no
// activity; where the newest note is one, the activity is to be read again, since
// that list may be behind this one. That holds however long ago it was: only how
// long a run waits for a note that is nowhere has an end.
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
