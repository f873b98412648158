package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file finds out that the token is another user's than the one that wrote what is there.
// A second dashboard must not be made then, and nobody may become pinwheel's user by what
// anybody can write. So the run stops until the operator or a Maintainer says who it was.

// errInherited ends a reading in which a Maintainer was found to have said whom pinwheel comes
// after: what is there is read anew.
var errInherited = errors.New("a former user was confirmed")

// formers are the users that pinwheel had before.
func (r *observer) formers() []string {
	return append(append([]string(nil), r.FormerUsers...), r.memory.Bots.Former...)
}

// formerNumbers are the numbers of users that pinwheel had before and that opened merge requests of
// ours. That needs the right to push, so a stranger who has one of their names is none of them.
func (r *observer) formerNumbers() []int64 {
	var out []int64
	for _, m := range r.snap.MergeRequests {
		if m.SameProject && m.Note.Present && slices.Contains(r.formers(), m.Author.Username) && !slices.Contains(out, m.Author.ID) {
			out = append(out, m.Author.ID)
		}
	}
	return out
}

// observePredecessor looks whether another user wrote as pinwheel here: a dashboard with our
// marker where our user has none, or open merge requests with it.
func (r *observer) observePredecessor(ctx context.Context) error {
	switch found := r.board.found; {
	case !r.snap.Project.IssuesEnabled:
		return nil
	case found == dashboard.FoundOpen:
		return r.observeHeirs(ctx)
	case found != dashboard.FoundNone:
		return nil
	}
	issue, err := r.otherBoard(ctx)
	if err != nil {
		return err
	}
	if r.board.issue = issue; issue == nil {
		// There is no page to say it on, so the run makes one, and the next one looks at that.
		if all := r.openers(plan.Opened); len(all) > 0 && r.board.found == dashboard.FoundNone {
			r.succeed(all[0])
		}
		return nil
	}
	if issue.State != "opened" { // a person closed it, and did not mean one user of ours alone
		r.board.found = dashboard.FoundPaused
		return nil
	}
	if done, err := r.confirmed(ctx, *issue, issue.Author); err != nil || done {
		return err
	}
	r.board.issue, r.board.found, r.board.untold = issue, dashboard.FoundOpen, true
	r.board.page = dashboard.Parse(issue.Description)
	r.succeed(opener{User: issue.Author})
	return nil
}

// observeBlocked reads the dashboard alone. If it cannot be read whose that is, no page is written,
// since it might be a second one.
func (r *observer) observeBlocked(ctx context.Context) error {
	activity := r.observeDashboard(ctx)
	switch err := r.observePredecessor(ctx); {
	case errors.Is(err, errInherited):
		return err
	case err != nil:
		r.board.found = ""
		r.fail("it could not be read who wrote the dashboard: " + explain(err))
	}
	return r.observeTicks(ctx, activity)
}

// succeed notes whom our user comes after, as long as nobody said so.
func (r *observer) succeed(o opener) {
	r.snap.Predecessor, r.snap.PredecessorOpened = o.User, o.iid
}

// observeHeirs looks at the dashboard that goes on, whether other users' open merge requests
// have our marker, and whether a Maintainer said there that such a user was ours. On a page of
// our own user's it waits for that only if the page has the box: nobody can stop a project then by
// opening a merge request that looks like ours. A page of another bot's says nothing of our users.
func (r *observer) observeHeirs(ctx context.Context) error {
	own := r.board.issue.Author.ID == r.snap.Bot.ID
	for _, o := range r.openers(plan.Opened) {
		if done, err := r.confirmed(ctx, *r.board.issue, o.User); err != nil || done {
			return err
		}
		if !own || r.asksAbout(o.Username) {
			r.board.untold = true
			r.succeed(o)
			return nil
		}
	}
	return nil
}

// asksAbout reports whether our own page asks whether pinwheel comes after a user: it has the box,
// or we wrote the box and somebody took it away. Without a database a page without our marker may
// have had it.
func (r *observer) asksAbout(username string) bool {
	box := func(b dashboard.Box) bool { return b.Type == plan.BoxInherit && b.Branch == username }
	if slices.ContainsFunc(r.board.page.Boxes, box) {
		return true
	}
	if r.memory.DashboardBody == "" {
		return !r.board.page.Marker.Present
	}
	return slices.ContainsFunc(dashboard.Parse(r.memory.DashboardBody).Boxes, box)
}

// otherBoard is the dashboard that another user wrote. It counts if an earlier run stored it,
// if its author opened merge requests of ours, which needs the right to push, or if that user
// has this right now.
func (r *observer) otherBoard(ctx context.Context) (*dashboard.Issue, error) {
	sought := dashboard.Sought{Stored: dashboard.Key{Project: r.snap.Project.ID, IID: r.memory.DashboardIID}, Bot: r.snap.Bot, Title: r.project.Policy.Dashboard}
	var names []string
	for _, o := range r.openers("") {
		names = append(names, o.Username)
	}
	issue, err := r.Dashboard.Predecessor(ctx, sought, names)
	if err != nil {
		r.board.found = ""
		r.fail("the dashboard could not be read: " + explain(err))
		return nil, nil
	}
	if issue == nil && r.board.issue != nil {
		role, err := r.gitlab.Role(ctx, r.snap.Project.ID, r.board.issue.Author.ID, r.now.Stamp())
		if err != nil {
			return nil, err
		}
		if role >= plan.Developer {
			issue = r.board.issue
		}
	}
	return issue, nil
}

// opener is somebody else who opened a merge request with our marker, and the newest one.
type opener struct {
	plan.User
	iid int64
}

// openers are those who opened merge requests with our marker, in one state or in any, beside
// our own user.
func (r *observer) openers(in plan.MergeRequestState) (out []opener) {
	for _, m := range r.snap.MergeRequests {
		if !m.SameProject || !m.Note.Present || m.Author.Username == "" || r.isBot(m.Author) || in != "" && m.State != in {
			continue
		}
		i := slices.IndexFunc(out, func(o opener) bool { return o.Username == m.Author.Username })
		if i < 0 {
			out = append(out, opener{m.Author, m.IID})
		} else {
			out[i].iid = max(out[i].iid, m.IID)
		}
	}
	return out
}

// confirmed reports whether a Maintainer ticked the box with which pinwheel goes on after a
// user, and notes that: then the error is errInherited. A look notes nothing.
func (r *observer) confirmed(ctx context.Context, issue dashboard.Issue, after plan.User) (done bool, err error) {
	activity, err := r.Dashboard.Activity(ctx, r.snap.Project.ID, issue.IID, 0)
	if err != nil {
		return false, err
	}
	by := dashboard.Inherits(activity.Notes, r.snap.Bot, after.Username)
	if by.ID == 0 || by.ID == after.ID {
		return false, nil
	}
	role, err := r.gitlab.Role(ctx, r.snap.Project.ID, by.ID, r.now.Stamp())
	if err != nil || role < plan.Maintainer || r.looking {
		return false, err
	}
	r.memory.Bots.Former = append(r.memory.Bots.Former, after.Username, after.Name)
	r.log.Info("former user confirmed", "who", after.Username, "by", by.Username)
	if err := r.Store.SaveMemory(ctx, r.memory); err != nil {
		return false, fmt.Errorf("record who was pinwheel's user in %s: %w", r.project.Path, err)
	}
	return true, errInherited
}
