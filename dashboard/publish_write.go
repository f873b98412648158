package dashboard

import (
	"context"
	"fmt"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Draft is a dashboard that is not there yet.
type Draft struct {
	Title, Body string
	Labels      []string
}

// Create opens the dashboard and returns what GitLab stored. Labels are set here and
// never again, so that people can change them. If the answer is lost, it looks for the
// issue, so that none is made twice.
func (p *Publisher) Create(ctx context.Context, projectID int64, d Draft) (*Issue, error) {
	opt := &api.CreateIssueOptions{Title: &d.Title, Description: new(Normalise(d.Body))}
	if len(d.Labels) > 0 {
		opt.Labels = (*api.LabelOptions)(&d.Labels)
	}
	raw, _, err := p.gl.API.Issues.CreateIssue(projectID, opt, api.WithContext(ctx))
	if err == nil && raw.IID == 0 {
		err = fmt.Errorf("%w: an issue without a number", gitlab.ErrNotGitLab)
	}
	err = gitlab.Settle(ctx, explain(err, "create", 0), func() (found bool, err error) {
		raw, err = p.made(ctx, projectID, opt)
		return raw != nil, err
	})
	if err != nil {
		return nil, err
	}
	made := issueOf(raw)
	return &made, nil
}

// made is the newest open issue of the token's user that has the text of one that was
// to be created, nil if there is none. Nobody else can make an issue of that user's.
func (p *Publisher) made(ctx context.Context, projectID int64, opt *api.CreateIssueOptions) (*api.Issue, error) {
	list := &api.ListProjectIssuesOptions{State: new("opened"), Scope: new("created_by_me"), OrderBy: new("created_at"), Sort: new("desc")}
	rows, _, err := p.gl.API.Issues.ListProjectIssues(projectID, list, api.WithContext(ctx))
	if err != nil {
		return nil, explain(err, "list opened", 0)
	}
	for _, raw := range rows {
		if raw.Title == *opt.Title && Equal(raw.Description, *opt.Description) {
			return raw, nil
		}
	}
	return nil, nil
}

// Write reads the issue again, asks render for its text and stores that if it
// differs from what GitLab holds. Nothing but the description is changed. It returns
// what GitLab stores now and whether it wrote. If the answer is lost, it reads the
// issue once more. An issue that is no longer open is ErrGone.
func (p *Publisher) Write(ctx context.Context, projectID int64, issue Issue, render func(fresh Issue) string) (Issue, bool, error) {
	raw, err := p.issue(ctx, projectID, issue.IID)
	switch {
	case gitlab.Missing(err):
		return issue, false, fmt.Errorf("write dashboard issue #%d: %w", issue.IID, ErrGone)
	case err != nil:
		return issue, false, err
	}
	fresh := issueOf(raw)
	if fresh.State != "opened" {
		return fresh, false, fmt.Errorf("write dashboard issue #%d: %w: it was closed", issue.IID, ErrGone)
	}
	body := Normalise(render(fresh))
	if Equal(fresh.Description, body) {
		return fresh, false, nil
	}
	opt := &api.UpdateIssueOptions{Description: &body}
	raw, err = p.put(ctx, Key{projectID, issue.IID}, change{"write", opt, func(now *api.Issue) bool { return Equal(now.Description, body) }})
	if err != nil {
		return fresh, false, err
	}
	return issueOf(raw), true, nil
}

// change writes absolute values into an issue.
type change struct {
	operation string // for errors
	values    *api.UpdateIssueOptions
	there     func(*api.Issue) bool // reports whether an issue holds the values
}

// put makes a change. If the answer is lost, it reads the issue and asks whether the
// values are there.
func (p *Publisher) put(ctx context.Context, at Key, c change) (*api.Issue, error) {
	raw, _, err := p.gl.API.Issues.UpdateIssue(at.Project, at.IID, c.values, api.WithContext(ctx))
	if err == nil && raw.IID != at.IID {
		err = fmt.Errorf("%w: not the issue that was asked for", gitlab.ErrNotGitLab)
	}
	err = gitlab.Settle(ctx, explain(err, c.operation, at.IID), func() (bool, error) {
		var look error
		raw, look = p.issue(ctx, at.Project, at.IID)
		return look == nil && c.there(raw), look
	})
	return raw, err
}

// Close closes an issue that has the same text as when it was found, and reports
// whether it did. An issue that somebody edited since stays open.
func (p *Publisher) Close(ctx context.Context, projectID int64, issue Issue) (bool, error) {
	raw, err := p.issue(ctx, projectID, issue.IID)
	if err != nil {
		return false, err
	}
	if raw.State != "opened" || raw.Description != issue.Description {
		return false, nil
	}
	opt := &api.UpdateIssueOptions{StateEvent: new("close")}
	_, err = p.put(ctx, Key{projectID, issue.IID}, change{"close", opt, func(now *api.Issue) bool { return now.State == "closed" }})
	return err == nil, err
}

// Comment is a note of ours on a dashboard.
type Comment struct {
	Bot  plan.User
	Op   string // stands in a hidden mark: one note of the bot carries it
	Body string
}

// Comment adds a note to an issue, unless one of the bot's carries the same Op. It
// reports whether it wrote.
func (p *Publisher) Comment(ctx context.Context, at Key, c Comment) (bool, error) {
	mark := "<!-- op:" + c.Op + " -->"
	note := gitlab.OnceNote{Mark: mark, Markdown: Normalise(c.Body) + "\n" + mark, By: c.Bot.ID, Blind: true}
	wrote, err := p.gl.NoteOnce(ctx, thread(at), note)
	return wrote, hint(err)
}
