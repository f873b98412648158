package reconcile

import (
	"cmp"
	"context"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/releasenotes"
	"gitlab.com/cki-project/pinwheel/store"
)

// Bounds of reading release notes. They decorate a text, so they may cost a run little.
const (
	notesTime  = 20 * time.Second // of one run
	notesWait  = 8 * time.Second  // of one repository
	notesSteps = 20               // of one merge request
	notesAgain = 24 * time.Hour   // when a repository without notes for a step is asked again
)

// notesReader reads release notes in one run. What it could not read once it does not ask for again.
type notesReader struct {
	read map[store.NotesOf]plan.ReleaseNotes
	down map[string]bool // what failed in this run: hosts, and repositories of the configured GitLab
	left time.Duration
}

func newNotesReader() *notesReader {
	return &notesReader{read: map[store.NotesOf]plan.ReleaseNotes{}, down: map[string]bool{}, left: notesTime}
}

// readNotes reads what repositories publish about the releases of those merge requests whose texts are about to be written. No
// failure of it matters to a run: the text says what could not be read.
func (r *run) readNotes(ctx context.Context, o observation, actions []plan.Action) map[plan.Step]plan.ReleaseNotes {
	if r.Notes == nil || r.GitLab == nil {
		return nil
	}
	home := strings.TrimSuffix(o.snap.Project.WebURL, "/"+o.snap.Project.Path)
	out := map[plan.Step]plan.ReleaseNotes{}
	for _, a := range actions {
		seen := 0
		for _, m := range written(a) {
			if _, known := out[m.Step()]; known || seen == notesSteps {
				continue
			}
			seen++
			repo := r.Notes.Repository(m.Links, home)
			if repo == (releasenotes.Repository{}) {
				continue
			}
			out[m.Step()] = r.notesOf(ctx, repo, store.NotesOf{Place: repo.Place(home), Step: m.Step()})
		}
	}
	return out
}

// written are the moves of which an action writes a description.
func written(a plan.Action) []plan.Move {
	var u plan.Update
	if open, is := a.(plan.OpenMergeRequest); is {
		u = open.Update
	}
	if edit, is := a.(plan.EditMergeRequest); is && !edit.Keep {
		u = edit.Update
	}
	if u.TestOf != nil || u.Reverts != 0 {
		return nil
	}
	return u.Moves
}

// notesOf reads the notes of a step from the store, or from the repository.
func (r *run) notesOf(ctx context.Context, repo releasenotes.Repository, of store.NotesOf) plan.ReleaseNotes {
	if n, read := r.notes.read[of]; read {
		return n
	}
	kept, at, err := r.Store.ReleaseNotes(ctx, of)
	if err != nil {
		r.log.Warn("release notes not read from the store", "package", of.Key, "err", err.Error())
	}
	if len(kept.Notes) > 0 || !at.IsZero() && r.now.Within(at, notesAgain) {
		return kept
	}
	n, place := plan.ReleaseNotes{State: plan.NotesUnread}, cmp.Or(repo.Host, of.Place)
	if !r.notes.down[place] && r.notes.left > 0 {
		if n, err = r.askForNotes(ctx, repo, of.Step); err != nil {
			r.notes.down[place] = true
			r.log.Warn("release notes not read", "package", of.Key, "err", explain(err))
		}
	}
	if n.State == plan.NotesUnread && kept.State == plan.NotesRead {
		n = kept // it had none, a day ago or longer
	}
	if n.State == plan.NotesRead {
		if err := r.Store.SaveReleaseNotes(ctx, of, n, r.now.Asking()); err != nil {
			r.log.Warn("release notes not kept", "package", of.Key, "err", err.Error())
		}
	}
	r.notes.read[of] = n
	return n
}

// askForNotes asks the repository, within the time that the run has left for it.
func (r *run) askForNotes(parent context.Context, repo releasenotes.Repository, step plan.Step) (plan.ReleaseNotes, error) {
	ctx, done := context.WithTimeout(parent, min(notesWait, r.notes.left))
	defer done()
	began := time.Now()
	defer func() { r.notes.left -= time.Since(began) }()
	return r.Notes.Read(ctx, r.GitLab, repo, step)
}
