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

// observePredecessor looks, where our user has no dashboard, for one that another user wrote
// with our marker. It counts if an earlier run stored it, if its author opened merge requests
// of ours, which needs the right to push, or if that user has this right now.
func (r *observer) observePredecessor(ctx context.Context) error {
	if r.board.found != dashboard.FoundNone || !r.snap.Project.IssuesEnabled {
		return nil
	}
	sought := dashboard.Sought{Stored: dashboard.Key{Project: r.snap.Project.ID, IID: r.memory.DashboardIID}, Bot: r.snap.Bot, Title: r.project.Policy.Dashboard}
	issue, err := r.Dashboard.Predecessor(ctx, sought, r.openers())
	if err != nil {
		r.board.found = ""
		r.fail("the dashboard could not be read: " + explain(err))
		return nil
	}
	if issue == nil && r.board.issue != nil {
		role, err := r.gitlab.Role(ctx, r.snap.Project.ID, r.board.issue.Author.ID, r.now.Stamp())
		if err != nil {
			return err
		}
		if role >= plan.Developer {
			issue = r.board.issue
		}
	}
	if r.board.issue = issue; issue == nil {
		return nil
	}
	if by, err := r.confirmed(ctx, *issue); err != nil {
		return err
	} else if by.ID != 0 && !r.looking {
		r.memory.Bots.Former = append(r.memory.Bots.Former, issue.Author.Username, issue.Author.Name)
		r.log.Info("former user confirmed", "who", issue.Author.Username, "by", by.Username)
		if err := r.Store.SaveMemory(ctx, r.memory); err != nil {
			return fmt.Errorf("record who wrote the dashboard of %s: %w", r.project.Path, err)
		}
		return errInherited
	}
	r.board.issue, r.board.found, r.board.untold = issue, dashboard.FoundOpen, true
	r.board.page = dashboard.Parse(issue.Description)
	r.snap.Predecessor = issue.Author
	return nil
}

// openers are those who opened merge requests with our marker, beside our own user.
func (r *observer) openers() []string {
	var out []string
	for _, m := range r.snap.MergeRequests {
		if name := m.Author.Username; m.SameProject && m.Note.Present && name != "" && !r.isBot(m.Author) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// confirmed is the Maintainer who ticked the box with which pinwheel goes on after the author
// of a dashboard; the zero User for none.
func (r *observer) confirmed(ctx context.Context, issue dashboard.Issue) (plan.User, error) {
	activity, err := r.Dashboard.Activity(ctx, r.snap.Project.ID, issue.IID, 0)
	if err != nil {
		return plan.User{}, err
	}
	by := dashboard.Inherits(activity.Notes, r.snap.Bot, issue.Author.Username)
	if by.ID == 0 || by.ID == issue.Author.ID {
		return plan.User{}, nil
	}
	role, err := r.gitlab.Role(ctx, r.snap.Project.ID, by.ID, r.now.Stamp())
	if err != nil || role < plan.Maintainer {
		return plan.User{}, err
	}
	return by, nil
}
