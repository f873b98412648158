package gitlab

import (
	"context"
	"fmt"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Thread is where notes stand.
type Thread struct {
	Project int64
	On      Noteable
	IID     int64
	Name    string // in errors, such as "merge request !5"
}

// Noteable is what has notes, as it stands in addresses.
type Noteable string

// What has notes.
const (
	OnIssue        Noteable = "issues"
	OnMergeRequest Noteable = "merge_requests"
)

// Note is one note. System: GitLab wrote it about what Author did.
type Note struct {
	ID     int64
	System bool
	Author User
	At     time.Time
	Edited time.Time // when it got the text that it has; At where nobody changed it
	Body   string
}

// NoteQuery says which notes are read, and in which order.
type NoteQuery struct {
	Filter NoteFilter
	Oldest bool // first; else the newest
	Pages  int  // at most; 0 is as many as there may be
	// PerPage is how many notes a page holds; 0 is 100.
	PerPage int64
}

// NoteFilter is what activity_filter keeps. A GitLab that does not know it answers
// with all notes.
type NoteFilter string

// The filters.
const (
	AllNotes     NoteFilter = ""
	OnlyActivity NoteFilter = "only_activity"
	OnlyComments NoteFilter = "only_comments"
)

// noteOptions are those of the list of notes. client-go lacks activity_filter.
type noteOptions struct {
	api.ListOptions
	OrderBy        string     `url:"order_by"`
	Sort           string     `url:"sort"`
	ActivityFilter NoteFilter `url:"activity_filter,omitempty"`
}

// Notes calls take for the notes of a thread until take is content; see [Walk].
// https://docs.gitlab.com/api/notes/
func (c *Client) Notes(ctx context.Context, t Thread, q NoteQuery, take func(Note) bool) (whole bool, err error) {
	opt := noteOptions{OrderBy: "created_at", Sort: "desc", ActivityFilter: q.Filter}
	if q.Oldest {
		opt.Sort = "asc"
	}
	if q.Pages == 0 {
		q.Pages = maxPages
	}
	path := fmt.Sprintf("projects/%d/%s/%d/notes", t.Project, t.On, t.IID)
	whole, err = Walk(q.Pages, func(page api.ListOptions) (rows []*api.Note, resp *api.Response, err error) {
		if opt.ListOptions = page; q.PerPage != 0 {
			opt.PerPage = q.PerPage
		}
		resp, err = c.get(ctx, path, &opt, &rows)
		return rows, resp, err
	}, func(n *api.Note) bool {
		return take(Note{ID: n.ID, System: n.System, Body: n.Body, At: Instant(n.CreatedAt), Edited: Instant(n.UpdatedAt),
			Author: User{ID: n.Author.ID, Username: n.Author.Username, Name: n.Author.Name}})
	})
	return whole, Fail(err, "read the notes of %s", t.Name)
}

// OnceNote is a note that is written into a thread once.
type OnceNote struct {
	Mark     string // is in no other note; Markdown holds it
	Markdown string // safe already
	By       int64  // whose notes count; 0 is everybody's
	Blind    bool   // it is written also where the token may not read notes
}

// NoteOnce writes a note unless one with its mark is there, and reports whether it
// did. After an answer that was lost it looks for the note.
func (c *Client) NoteOnce(ctx context.Context, t Thread, n OnceNote) (wrote bool, err error) {
	there := func() (bool, error) { return c.noted(ctx, t, n) }
	found, err := there()
	unread := n.Blind && Unreadable(err)
	if found || err != nil && !unread {
		return false, err
	}
	if t.On == OnIssue {
		_, _, err = c.API.Notes.CreateIssueNote(t.Project, t.IID, &api.CreateIssueNoteOptions{Body: &n.Markdown}, api.WithContext(ctx))
	} else {
		_, _, err = c.API.Notes.CreateMergeRequestNote(t.Project, t.IID, &api.CreateMergeRequestNoteOptions{Body: &n.Markdown}, api.WithContext(ctx))
	}
	err = Settle(ctx, Fail(err, "write a note on %s", t.Name), there)
	return err == nil, err
}

// noted reports whether a note of the thread has the mark.
func (c *Client) noted(ctx context.Context, t Thread, n OnceNote) (found bool, err error) {
	q := NoteQuery{Oldest: true}
	if t.On == OnIssue {
		q.Filter = OnlyComments
	}
	_, err = c.Notes(ctx, t, q, func(row Note) bool {
		found = found || !row.System && strings.Contains(row.Body, n.Mark) && (n.By == 0 || row.Author.ID == n.By)
		return !found
	})
	if found {
		return true, nil
	}
	return false, err
}
