package dashboard

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
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
type Publisher struct{ gl *gitlab.Client }

// NewPublisher returns a Publisher that speaks through gl.
func NewPublisher(gl *gitlab.Client) *Publisher { return &Publisher{gl} }

// Sought is the dashboard that Find looks for.
type Sought struct {
	Stored Key // the project, and the issue that an earlier run stored, 0 for none
	Bot    plan.User
	Title  string
	// Former are users that pinwheel had before, and Others those of another bot that it
	// takes over from, by username. An issue of a former user is ours if it has our marker,
	// one of another bot's also if it is a dashboard of its own.
	Former, Others []string
}

// Find returns the project's dashboard: the stored issue, if it is still ours and
// open; else our open issue with the marker (the lowest iid), with title, with
// Renovate's old title or without any text; else the newest that carries the marker
// and was closed by a person. An issue of another author is ours only if its author is one
// of s.Former or s.Others, and there is none of our own user. An issue whose
// marker names another project is ours if it is the stored one, or if there is no
// other: people can change a marker, but neither number nor author.
//
// If two processes that share no database each made a dashboard, the stored one names
// the other as Older if that has the lower iid.
func (p *Publisher) Find(ctx context.Context, s Sought) (*Issue, FindResult, error) {
	issue, result, err := p.FindOrTitled(ctx, s)
	if result == FoundNone {
		issue = nil
	}
	return issue, result, err
}

// FindOrTitled is Find, but with FoundNone it may return an open issue with our title and
// marker that another user opened. Anybody may write one.
func (p *Publisher) FindOrTitled(ctx context.Context, s Sought) (*Issue, FindResult, error) {
	projectID, bot := s.Stored.Project, s.Bot
	open, err := p.list(ctx, projectID, "opened", bot)
	if err != nil {
		return nil, FoundNone, err
	}
	best := choose(open, projectID, s.Title)
	var closed *Issue
	if s.Stored.IID != 0 {
		found := among(open, s.Stored.IID)
		if found == nil { // the list may be out of date, or the issue is closed
			if found, err = p.stored(ctx, s); err != nil {
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
	if best == nil {
		if best, err = p.inherited(ctx, s); err != nil {
			return nil, FoundNone, err
		}
	}
	if best != nil {
		return best, FoundOpen, nil
	}
	return p.resting(ctx, s, closed)
}

// resting returns the dashboard that a person closed: the one that was stored, or else the
// newest. Without any it returns the open one that another user wrote with our marker, which
// proves nothing by itself, or nil.
func (p *Publisher) resting(ctx context.Context, s Sought, closed *Issue) (*Issue, FindResult, error) {
	if closed != nil && !sameUser(closed.ClosedBy, s.Bot) {
		return closed, FoundPaused, nil
	}
	var titled *Issue
	var failed error
	var both sync.WaitGroup
	both.Go(func() { titled, failed = p.titled(ctx, s) })
	closed, err := p.paused(ctx, s)
	both.Wait()
	switch err = cmp.Or(err, failed); {
	case err != nil:
		return nil, FoundNone, err
	case closed == nil:
		return titled, FoundNone, nil
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

// paused returns the newest dashboard that a person closed, nil if there is none. One
// that we closed does not count: another dashboard took its place.
func (p *Publisher) paused(ctx context.Context, s Sought) (*Issue, error) {
	old, err := p.list(ctx, s.Stored.Project, "closed", s.Bot)
	for _, name := range slices.Concat(s.Former, s.Others) {
		if err != nil {
			break
		}
		var more []Issue
		more, err = p.listOf(ctx, s.Stored.Project, "closed", name)
		old = append(old, more...)
	}
	if err != nil {
		return nil, err
	}
	var newest *Issue
	for i := range old {
		m := Parse(old[i].Description).Marker
		if m.Present && m.Project == s.Stored.Project && !sameUser(old[i].ClosedBy, s.Bot) && (newest == nil || old[i].IID > newest.IID) {
			newest = &old[i]
		}
	}
	return newest, nil
}

// inherited returns the open dashboard of a user whom pinwheel comes after: the one with
// our marker, else the other bot's own; nil if there is none.
func (p *Publisher) inherited(ctx context.Context, s Sought) (*Issue, error) {
	var all []Issue
	for _, name := range slices.Concat(s.Former, s.Others) {
		open, err := p.listOf(ctx, s.Stored.Project, "opened", name)
		if err != nil {
			return nil, err
		}
		all = append(all, open...)
	}
	slices.SortStableFunc(all, func(a, b Issue) int { return int(min(max(a.IID-b.IID, -1), 1)) })
	marked := func(i Issue) bool {
		m := Parse(i.Description).Marker
		return m.Present && m.Project == s.Stored.Project
	}
	if n := slices.IndexFunc(all, marked); n >= 0 {
		return &all[n], nil
	}
	for i := range slices.Backward(all) { // the bot takes the newest
		if slices.ContainsFunc(s.Others, func(name string) bool { return strings.EqualFold(name, all[i].Author.Username) }) && s.isOtherBoard(all[i]) {
			return &all[i], nil
		}
	}
	return nil, nil
}

// stored reads the issue that an earlier run stored; nil when it is no longer
// ours.
func (p *Publisher) stored(ctx context.Context, s Sought) (*Issue, error) {
	raw, err := p.issue(ctx, s.Stored.Project, s.Stored.IID)
	switch {
	case gitlab.Missing(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	found := issueOf(raw)
	if moved(raw) || !sameUser(found.Author, s.Bot) && !s.others(found.Author) {
		return nil, nil
	}
	return &found, nil
}

// issue reads one issue in client-go's struct.
// https://docs.gitlab.com/api/issues/#single-project-issue
func (p *Publisher) issue(ctx context.Context, projectID, iid int64) (*api.Issue, error) {
	raw, _, err := p.gl.API.Issues.GetIssue(projectID, iid, api.WithContext(ctx))
	return raw, explain(err, "read", iid)
}

// moved reports whether an issue was moved to another project. An issue that was moved
// by accident and reopened here keeps the number of its copy there.
func moved(raw *api.Issue) bool { return raw.MovedToID != 0 && raw.State != "opened" }

func elsewhere(i Issue, projectID int64) bool {
	m := Parse(i.Description).Marker
	return m.Present && m.Project != projectID
}

// list returns our issues of a state by ascending iid.
func (p *Publisher) list(ctx context.Context, projectID int64, state string, bot plan.User) ([]Issue, error) {
	all, err := p.issues(ctx, projectID, &api.ListProjectIssuesOptions{State: new(state), Scope: new("created_by_me")})
	return slices.DeleteFunc(all, func(i Issue) bool { return !sameUser(i.Author, bot) }), err
}

// listOf returns the issues of a state that a user opened, by ascending iid.
func (p *Publisher) listOf(ctx context.Context, projectID int64, state, username string) ([]Issue, error) {
	all, err := p.issues(ctx, projectID, &api.ListProjectIssuesOptions{State: new(state), AuthorUsername: &username})
	return slices.DeleteFunc(all, func(i Issue) bool { return !strings.EqualFold(i.Author.Username, username) }), err
}

func (p *Publisher) issues(ctx context.Context, projectID int64, opt *api.ListProjectIssuesOptions) ([]Issue, error) {
	opt.OrderBy, opt.Sort = new("created_at"), new("asc")
	all, err := gitlab.List(func(page api.ListOptions) ([]*api.Issue, *api.Response, error) {
		opt.ListOptions = page
		return p.gl.API.Issues.ListProjectIssues(projectID, opt, api.WithContext(ctx))
	})
	if err != nil {
		return nil, explain(err, "list "+*opt.State, 0)
	}
	var out []Issue
	for _, raw := range all {
		if !moved(raw) {
			out = append(out, issueOf(raw))
		}
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
		// Somebody emptied and renamed it: pinwheel makes no empty issues.
		func(i Issue) bool { return strings.TrimSpace(i.Description) == "" },
		// Somebody changed its marker.
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
	raw, err := p.issue(ctx, projectID, iid)
	if err != nil {
		return Issue{}, err
	}
	return issueOf(raw), nil
}

// Key names an issue.
type Key struct{ Project, IID int64 }

// maxChanged bounds the pages of one look at what changed.
const maxChanged = 20

func issueOf(raw *api.Issue) Issue {
	i := Issue{IID: raw.IID, State: raw.State, Title: raw.Title, Description: raw.Description, UpdatedAt: gitlab.Instant(raw.UpdatedAt), WebURL: raw.WebURL}
	if a := raw.Author; a != nil {
		i.Author = plan.User{ID: a.ID, Username: a.Username, Name: a.Name}
	}
	if c := raw.ClosedBy; c != nil {
		i.ClosedBy = plan.User{ID: c.ID, Username: c.Username, Name: c.Name}
	}
	return i
}
