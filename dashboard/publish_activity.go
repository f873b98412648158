package dashboard

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Activity is what GitLab wrote about what people and pinwheel did on an issue.
type Activity struct {
	Notes    []Note
	Readable bool // the token may read notes
	Whole    bool // Notes are all that were asked for
}

// Bounds of what is read of one issue, in pages of 100 notes. If there is no note to
// go back to, the notes after the last tick are enough.
const (
	maxActivityPages = 50
	maxHistoryPages  = 10
)

// MaxActivity is how many notes Activity reads at most.
const MaxActivity = 100 * maxActivityPages

// Activity returns the activity on an issue that is newer than the note after,
// newest first. It reads at most MaxActivity notes, or a fifth of that where after
// is 0; if those do not reach back that far, Whole is false. It is no error if the
// token may not read notes.
func (p *Publisher) Activity(ctx context.Context, projectID, iid, after int64) (Activity, error) {
	out, most := Activity{Readable: true}, maxActivityPages
	if after == 0 {
		most = maxHistoryPages
	}
	whole, err := p.notes(ctx, Key{projectID, iid}, gitlab.NoteQuery{Filter: gitlab.OnlyActivity, Pages: most}, func(n Note) bool {
		if n.ID > after && n.System {
			out.Notes = append(out.Notes, n)
		}
		return n.ID > after
	})
	out.Whole = whole
	switch {
	case gitlab.Unreadable(err):
		return Activity{}, nil
	case err != nil:
		return Activity{}, err
	}
	return out, nil
}

// NewestNoteAt is when the newest note of any kind was made, the zero time where
// there is none.
func (p *Publisher) NewestNoteAt(ctx context.Context, projectID, iid int64) (time.Time, error) {
	var at time.Time
	_, err := p.notes(ctx, Key{projectID, iid}, gitlab.NoteQuery{Pages: 1, PerPage: 20}, func(n Note) bool {
		if n.At.After(at) {
			at = n.At
		}
		return true
	})
	if err != nil {
		return time.Time{}, err
	}
	return at, nil
}

// notes calls f for the notes of an issue, newest first, until f is content. See
// [gitlab.Client.Notes].
func (p *Publisher) notes(ctx context.Context, at Key, q gitlab.NoteQuery, f func(Note) bool) (whole bool, err error) {
	whole, err = p.gl.Notes(ctx, thread(at), q, func(n gitlab.Note) bool {
		return f(Note{ID: n.ID, System: n.System, Author: plan.User(n.Author), At: n.At, Body: n.Body})
	})
	return whole, hint(err)
}

// thread is where the notes of a dashboard stand.
func thread(of Key) gitlab.Thread {
	return gitlab.Thread{Project: of.Project, On: gitlab.OnIssue, IID: of.IID, Name: fmt.Sprintf("dashboard issue #%d", of.IID)}
}
