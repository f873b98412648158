package dashboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Issue is an issue as GitLab stores it.
type Issue struct {
	IID         int64
	State       string // opened or closed
	Title       string
	Author      plan.User
	Description string
	UpdatedAt   time.Time
	ClosedBy    plan.User
	WebURL      string
	// Older is the number of another open dashboard of this project that was
	// there first, 0 for none; only Find sets it.
	Older int64
}

// FindResult says how a dashboard was found.
type FindResult string

// The results of Publisher.Find.
const (
	FoundOpen   FindResult = "open"
	FoundPaused FindResult = "paused" // a person closed it: the project rests
	FoundNone   FindResult = "none"
)

// ErrGone is returned for an issue that is deleted, moved or closed while a run
// was at work.
var ErrGone = errors.New("the issue is gone")

// legacyTitle is what Renovate called its dashboard before it had one.
const legacyTitle = "Update Dependencies (Renovate Bot)"

// Publisher finds, reads and writes dashboards on one GitLab.
type Publisher struct{ client *gitlab.Client }

// NewPublisher returns a Publisher that speaks through client.
func NewPublisher(client *gitlab.Client) *Publisher { return &Publisher{client} }

// Find returns the project's dashboard: the issue stored, if it is still ours
// and open; else our open issue with the marker (the lowest iid), with title,
// with Renovate's old one or without any text; else the newest that carries the
// marker and was closed by a person. An issue of another author is never ours.
// One whose marker names another project is ours if it is the stored one, or if
// there is no other: people can change a marker, and neither number nor author.
// storedIID is 0 when none is stored.
//
// Where two processes that share no database each made one, the stored one
// names the other as Older if that has the lower iid.
func (p *Publisher) Find(ctx context.Context, projectID, storedIID int64, bot plan.User, title string) (*Issue, FindResult, error) {
	open, err := p.list(ctx, projectID, "opened", bot)
	if err != nil {
		return nil, FoundNone, err
	}
	best := choose(open, projectID, title)
	var closed *Issue
	if storedIID != 0 {
		found := among(open, storedIID)
		if found == nil { // the list may be late, or it is closed
			if found, err = p.stored(ctx, projectID, storedIID, bot); err != nil {
				return nil, FoundNone, err
			}
		}
		if found != nil && found.State == "opened" {
			if best != nil && best.IID < found.IID && Parse(best.Description).Marker.Present {
				found.Older = best.IID
			}
			return found, FoundOpen, nil
		}
		closed = found
	}
	if best != nil {
		return best, FoundOpen, nil
	}
	if closed == nil || sameUser(closed.ClosedBy, bot) {
		if closed, err = p.paused(ctx, projectID, bot); err != nil {
			return nil, FoundNone, err
		}
	}
	if closed == nil {
		return nil, FoundNone, nil
	}
	return closed, FoundPaused, nil
}

// among returns the issue with a number, nil if there is none.
func among(issues []Issue, iid int64) *Issue {
	i := slices.IndexFunc(issues, func(i Issue) bool { return i.IID == iid })
	if i < 0 {
		return nil
	}
	return &issues[i]
}

// paused returns the newest dashboard that a person closed, nil if there is
// none. One that we closed gave way to another and means nothing.
func (p *Publisher) paused(ctx context.Context, projectID int64, bot plan.User) (*Issue, error) {
	old, err := p.list(ctx, projectID, "closed", bot)
	if err != nil {
		return nil, err
	}
	var newest *Issue
	for i := range old { // ascending
		if m := Parse(old[i].Description).Marker; m.Present && m.Project == projectID && !sameUser(old[i].ClosedBy, bot) {
			newest = &old[i]
		}
	}
	return newest, nil
}

// stored reads the issue that an earlier run stored; nil when it is no longer
// ours.
func (p *Publisher) stored(ctx context.Context, projectID, iid int64, bot plan.User) (*Issue, error) {
	raw, _, err := p.client.Issues.GetIssue(projectID, iid, gitlab.WithContext(ctx))
	if errors.Is(err, gitlab.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, explain(err, "read", iid)
	}
	found := issueOf(raw)
	if moved(raw) || !sameUser(found.Author, bot) {
		return nil, nil
	}
	return &found, nil
}

// moved reports whether an issue lives on in another project. One that was
// moved by accident and reopened here keeps the number of its twin there.
func moved(raw *gitlab.Issue) bool { return raw.MovedToID != 0 && raw.State != "opened" }

func elsewhere(i Issue, projectID int64) bool {
	m := Parse(i.Description).Marker
	return m.Present && m.Project != projectID
}

// list returns our issues of a state by ascending iid.
func (p *Publisher) list(ctx context.Context, projectID int64, state string, bot plan.User) ([]Issue, error) {
	opt := &gitlab.ListProjectIssuesOptions{State: new(state), Scope: new("created_by_me"), OrderBy: new("created_at"), Sort: new("asc"),
		ListOptions: gitlab.ListOptions{PerPage: 100, Page: 1}}
	var out []Issue
	for {
		page, resp, err := p.client.Issues.ListProjectIssues(projectID, opt, gitlab.WithContext(ctx))
		if err != nil {
			return nil, explain(err, "list "+state, 0)
		}
		for _, raw := range page {
			if i := issueOf(raw); !moved(raw) && sameUser(i.Author, bot) {
				out = append(out, i)
			}
		}
		if resp.NextPage == 0 {
			break
		}
		opt.Page = resp.NextPage
	}
	slices.SortFunc(out, func(a, b Issue) int { return int(min(max(a.IID-b.IID, -1), 1)) })
	return out, nil
}

// choose takes, of our open issues, the one to write.
func choose(open []Issue, projectID int64, title string) *Issue {
	for _, fits := range []func(Issue) bool{
		func(i Issue) bool { m := Parse(i.Description).Marker; return m.Present && m.Project == projectID },
		func(i Issue) bool { return i.Title == title && !elsewhere(i, projectID) },
		func(i Issue) bool { return i.Title == legacyTitle && !elsewhere(i, projectID) },
		// One that somebody emptied and renamed: pinwheel makes no empty issues.
		func(i Issue) bool { return strings.TrimSpace(i.Description) == "" },
		// One whose marker somebody changed.
		func(i Issue) bool { return Parse(i.Description).Marker.Present },
	} {
		if n := slices.IndexFunc(open, fits); n >= 0 {
			return &open[n]
		}
	}
	return nil
}

// UpdatedAt is when anything about an issue last changed, its notes included.
func (p *Publisher) UpdatedAt(ctx context.Context, projectID, iid int64) (time.Time, error) {
	now, err := p.Read(ctx, projectID, iid)
	return now.UpdatedAt, err
}

// Read reads one issue as it is now.
func (p *Publisher) Read(ctx context.Context, projectID, iid int64) (Issue, error) {
	raw, _, err := p.client.Issues.GetIssue(projectID, iid, gitlab.WithContext(ctx))
	if err != nil {
		return Issue{}, explain(err, "read", iid)
	}
	return issueOf(raw), nil
}

// Key names an issue.
type Key struct{ Project, IID int64 }

// maxChanged bounds the pages of one look at what changed.
const maxChanged = 20

// Changed is when each issue of the token's user last changed, its notes
// included, of those that changed after an instant. An error leaves out what was
// not read.
func (p *Publisher) Changed(ctx context.Context, since time.Time) (map[Key]time.Time, error) {
	opt := &gitlab.ListIssuesOptions{Scope: new("created_by_me"), State: new("all"), UpdatedAfter: &since, OrderBy: new("updated_at"), Sort: new("desc"),
		ListOptions: gitlab.ListOptions{PerPage: 100, Page: 1}}
	out := map[Key]time.Time{}
	for range maxChanged {
		page, resp, err := p.client.Issues.ListIssues(opt, gitlab.WithContext(ctx))
		if err != nil {
			return out, explain(err, "list changed", 0)
		}
		for _, raw := range page {
			out[Key{raw.ProjectID, raw.IID}] = instant(raw.UpdatedAt)
		}
		if resp.NextPage == 0 {
			break
		}
		opt.Page = resp.NextPage
	}
	return out, nil
}

// Create opens the dashboard and returns what GitLab stored. Labels are set
// here and never again, so that people's own stay.
func (p *Publisher) Create(ctx context.Context, projectID int64, title, body string, labels []string) (*Issue, error) {
	opt := &gitlab.CreateIssueOptions{Title: &title, Description: new(Normalise(body))}
	if len(labels) > 0 {
		opt.Labels = (*gitlab.LabelOptions)(&labels)
	}
	raw, _, err := p.client.Issues.CreateIssue(projectID, opt, gitlab.WithContext(ctx))
	if err != nil {
		return nil, explain(err, "create", 0)
	}
	made := issueOf(raw)
	return &made, nil
}

// Write reads the issue again, asks render for its text and stores that if it
// differs from what GitLab holds. Nothing but the description is touched. It
// returns what GitLab stores now and whether it wrote. An issue that is no longer
// open is ErrGone.
func (p *Publisher) Write(ctx context.Context, projectID int64, issue Issue, render func(fresh Issue) string) (Issue, bool, error) {
	raw, _, err := p.client.Issues.GetIssue(projectID, issue.IID, gitlab.WithContext(ctx))
	if errors.Is(err, gitlab.ErrNotFound) {
		return issue, false, fmt.Errorf("write dashboard issue #%d: %w", issue.IID, ErrGone)
	}
	if err != nil {
		return issue, false, explain(err, "read", issue.IID)
	}
	fresh := issueOf(raw)
	if fresh.State != "opened" {
		return fresh, false, fmt.Errorf("write dashboard issue #%d: %w: it was closed", issue.IID, ErrGone)
	}
	body := Normalise(render(fresh))
	if Equal(fresh.Description, body) {
		return fresh, false, nil
	}
	raw, _, err = p.client.Issues.UpdateIssue(projectID, issue.IID, &gitlab.UpdateIssueOptions{Description: &body}, gitlab.WithContext(ctx))
	if err != nil {
		return fresh, false, explain(err, "write", issue.IID)
	}
	return issueOf(raw), true, nil
}

// Close closes an issue that reads as it did when it was found, and reports
// whether it did. One that somebody edited since stays open.
func (p *Publisher) Close(ctx context.Context, projectID int64, issue Issue) (bool, error) {
	raw, _, err := p.client.Issues.GetIssue(projectID, issue.IID, gitlab.WithContext(ctx))
	if err != nil {
		return false, explain(err, "read", issue.IID)
	}
	if raw.State != "opened" || raw.Description != issue.Description {
		return false, nil
	}
	_, _, err = p.client.Issues.UpdateIssue(projectID, issue.IID, &gitlab.UpdateIssueOptions{StateEvent: new("close")}, gitlab.WithContext(ctx))
	if err != nil {
		return false, explain(err, "close", issue.IID)
	}
	return true, nil
}

// Comment adds a note to the issue, unless one of bot's carries the same op. It
// reports whether it wrote.
func (p *Publisher) Comment(ctx context.Context, projectID, iid int64, bot plan.User, op, body string) (bool, error) {
	mark := "<!-- op:" + op + " -->"
	said := false
	_, err := p.eachNote(ctx, projectID, iid, noteOptions{ActivityFilter: onlyComments}, maxCommentPages, func(n Note) bool {
		said = said || !n.System && sameUser(n.Author, bot) && strings.Contains(n.Body, mark)
		return !said
	})
	if said {
		return false, nil
	}
	if err != nil && !unreadable(err) {
		return false, explain(err, "read the notes of", iid)
	}
	opt := &gitlab.CreateIssueNoteOptions{Body: new(Normalise(body) + "\n" + mark)}
	if _, _, err := p.client.Notes.CreateIssueNote(projectID, iid, opt, gitlab.WithContext(ctx)); err != nil {
		return false, explain(err, "comment on", iid)
	}
	return true, nil
}

func issueOf(raw *gitlab.Issue) Issue {
	i := Issue{IID: raw.IID, State: raw.State, Title: raw.Title, Description: raw.Description, UpdatedAt: instant(raw.UpdatedAt), WebURL: raw.WebURL}
	if a := raw.Author; a != nil {
		i.Author = plan.User{ID: a.ID, Username: a.Username, Name: a.Name}
	}
	if c := raw.ClosedBy; c != nil {
		i.ClosedBy = plan.User{ID: c.ID, Username: c.Username, Name: c.Name}
	}
	return i
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
