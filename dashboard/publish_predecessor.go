package dashboard

import (
	"context"
	"regexp"
	"slices"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file finds the dashboard of the user that pinwheel had before: a token that is made
// anew may be another user's.

// Predecessor returns an open dashboard that another user opened: the stored one, unless it has
// the marker of another project, or one of authors, who opened merge requests of ours, with our
// marker or emptied under our title. Without an open one it is the newest of these that a person
// closed, with which a project rests. nil: there is none.
func (p *Publisher) Predecessor(ctx context.Context, s Sought, authors []string) (*Issue, error) {
	var closed []Issue
	if s.Stored.IID != 0 {
		raw, err := p.issue(ctx, s.Stored.Project, s.Stored.IID)
		if err != nil && !gitlab.Missing(err) {
			return nil, err
		}
		if err == nil && !moved(raw) {
			i := issueOf(raw)
			if s.strange(i) && !elsewhere(i, s.Stored.Project) {
				return &i, nil
			}
			closed = append(closed, i)
		}
	}
	open, err := p.byAuthors(ctx, s, authors)
	if open != nil || err != nil {
		return open, err
	}
	for _, name := range authors {
		old, err := p.listOf(ctx, s.Stored.Project, "closed", name)
		if err != nil {
			return nil, err
		}
		closed = append(closed, old...)
	}
	return s.rested(closed), nil
}

// byAuthors returns an open dashboard of users who opened merge requests of ours: with our marker,
// or emptied under our title. nil: there is none.
func (p *Publisher) byAuthors(ctx context.Context, s Sought, authors []string) (*Issue, error) {
	emptied := func(i Issue) bool {
		return s.strange(i) && i.Title == s.Title && strings.TrimSpace(i.Description) == ""
	}
	for _, name := range authors {
		open, err := p.listOf(ctx, s.Stored.Project, "opened", name)
		if err != nil {
			return nil, err
		}
		for _, fits := range []func(Issue) bool{s.of, emptied} {
			if n := slices.IndexFunc(open, fits); n >= 0 {
				return &open[n], nil
			}
		}
	}
	return nil, nil
}

// rested is the newest of some issues with our marker that another user opened and a person closed,
// nil if none is.
func (s Sought) rested(issues []Issue) *Issue {
	var newest *Issue
	for i := range issues {
		one := &issues[i]
		m := Parse(one.Description).Marker
		ours := m.Present && m.Project == s.Stored.Project && !sameUser(one.Author, s.Bot)
		byPerson := one.State == "closed" && !sameUser(one.ClosedBy, s.Bot) && !sameUser(one.ClosedBy, one.Author)
		if ours && byPerson && (newest == nil || newest.IID < one.IID) {
			newest = one
		}
	}
	return newest
}

// titled returns an open issue with our title and marker that another user opened; nil if
// there is none.
func (p *Publisher) titled(ctx context.Context, s Sought) (*Issue, error) {
	all, err := p.issues(ctx, s.Stored.Project, &api.ListProjectIssuesOptions{State: new("opened"), Search: &s.Title, In: new("title")})
	if n := slices.IndexFunc(all, s.of); err == nil && n >= 0 {
		return &all[n], nil
	}
	return nil, err
}

// of reports whether an open issue has our marker of the project and is somebody else's.
func (s Sought) of(i Issue) bool {
	m := Parse(i.Description).Marker
	return s.strange(i) && m.Present && m.Project == s.Stored.Project
}

// strange reports whether an issue is open and somebody else's.
func (s Sought) strange(i Issue) bool {
	return i.State == "opened" && i.Author.Username != "" && !sameUser(i.Author, s.Bot)
}

var inheritMark = regexp.MustCompile(`\b` + string(plan.BoxInherit) + `-branch=([A-Za-z0-9_.-]+)`)

// Inherits returns who ticked last the box with which pinwheel goes on after a user, as notes
// tell, newest first. The zero User: nobody did, or somebody took it back.
func Inherits(notes []Note, bot plan.User, after string) plan.User {
	for _, n := range notes {
		done, item, isBox := ParseNote(n.Body)
		m := inheritMark.FindStringSubmatch(item)
		if !n.System || !isBox || m == nil || sameUser(n.Author, bot) || !strings.EqualFold(strings.TrimRight(m[1], "-"), after) {
			continue
		}
		if !done {
			return plan.User{}
		}
		return n.Author
	}
	return plan.User{}
}
