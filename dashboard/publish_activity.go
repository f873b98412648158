package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Activity is what GitLab wrote about what people and pinwheel did on an issue.
type Activity struct {
	Notes    []Note
	Readable bool // the token may read notes
	Whole    bool // Notes are all that were asked for
}

// Bounds of what is read of one issue, in pages of 100 notes. Without a note to go
// back to, what follows the last tick is enough.
const (
	maxActivityPages = 50
	maxHistoryPages  = 10
	maxCommentPages  = 10
)

// MaxActivity is how many notes Activity reads at most.
const MaxActivity = 100 * maxActivityPages

// What activity_filter keeps.
const (
	onlyActivity = "only_activity"
	onlyComments = "only_comments"
)

// noteOptions are those of the list of notes. client-go lacks activity_filter;
// a GitLab that does not know it answers with all notes.
// https://docs.gitlab.com/api/notes/#list-project-issue-notes
type noteOptions struct {
	gitlab.ListOptions
	OrderBy        string `url:"order_by"`
	Sort           string `url:"sort"`
	ActivityFilter string `url:"activity_filter,omitempty"`
}

// Activity returns the activity on an issue that is newer than the note after,
// newest first. It reads at most MaxActivity notes, or a fifth of that where after
// is 0; where those do not reach back that far, Whole is false. That the token may not read notes is no error.
func (p *Publisher) Activity(ctx context.Context, projectID, iid, after int64) (Activity, error) {
	out, most := Activity{Readable: true}, maxActivityPages
	if after == 0 {
		most = maxHistoryPages
	}
	whole, err := p.eachNote(ctx, projectID, iid, noteOptions{ActivityFilter: onlyActivity}, most, func(n Note) bool {
		if n.ID > after && n.System {
			out.Notes = append(out.Notes, n)
		}
		return n.ID > after
	})
	out.Whole = whole
	if unreadable(err) {
		return Activity{}, nil
	}
	if err != nil {
		return Activity{}, explain(err, "read the notes of", iid)
	}
	return out, nil
}

// NewestNoteAt is when the newest note of any kind was made, the zero time where
// there is none.
func (p *Publisher) NewestNoteAt(ctx context.Context, projectID, iid int64) (time.Time, error) {
	var at time.Time
	_, err := p.eachNote(ctx, projectID, iid, noteOptions{ListOptions: gitlab.ListOptions{PerPage: 20}}, 1, func(n Note) bool {
		if n.At.After(at) {
			at = n.At
		}
		return true
	})
	if err != nil {
		return time.Time{}, explain(err, "read the notes of", iid)
	}
	return at, nil
}

// eachNote calls f for the notes of an issue, newest first, until f is content
// and says false: then the rest of that page follows, as notes of one instant
// have no order. It reports whether f was content or there are no more. Whether
// there is another page is GitLab's to say: it takes away what the token may not
// read after it has cut the page, so that a short one is no last one.
func (p *Publisher) eachNote(ctx context.Context, projectID, iid int64, opt noteOptions, most int, f func(Note) bool) (whole bool, err error) {
	opt.OrderBy, opt.Sort, opt.Page = "created_at", "desc", 1
	if opt.PerPage == 0 {
		opt.PerPage = 100
	}
	for range most {
		req, err := p.client.NewRequest(http.MethodGet, fmt.Sprintf("projects/%d/issues/%d/notes", projectID, iid), &opt,
			[]gitlab.RequestOptionFunc{gitlab.WithContext(ctx)})
		if err != nil {
			return false, err
		}
		var page []*gitlab.Note
		resp, err := p.client.Do(req, &page)
		if err != nil {
			return false, err
		}
		more := true
		for _, n := range page {
			more = f(Note{ID: n.ID, System: n.System, Body: n.Body, At: instant(n.CreatedAt),
				Author: plan.User{ID: n.Author.ID, Username: n.Author.Username, Name: n.Author.Name}}) && more
		}
		if !more || resp.NextPage == 0 {
			return true, nil
		}
		opt.Page = resp.NextPage
	}
	return false, nil
}

// unreadable reports whether the token may not read what was asked for.
func unreadable(err error) bool {
	return errors.Is(err, gitlab.ErrNotFound) || gitlab.HasStatusCode(err, http.StatusForbidden)
}
