package gitlab_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

func TestSettle(t *testing.T) {
	broken := errors.New("the look failed")
	for _, tt := range []struct {
		name   string
		err    error
		looks  []error // what each look answers; nil stands for "not there"
		there  int     // the look that finds it, from 1; 0 for none
		took   time.Duration
		asked  int
		solved bool
	}{
		{"no error", nil, nil, 0, 0, 0, true},
		{"a refusal", fmt.Errorf("x: %w", gitlab.ErrRefused), nil, 1, 0, 0, false},
		{"a token that is over", gitlab.ErrUnauthorized, nil, 1, 0, 0, false},
		{"seen at once", gitlab.ErrUnavailable, nil, 1, 0, 1, true},
		{"a page of HTML, and seen late", gitlab.ErrNotGitLab, nil, 3, 4 * time.Second, 3, true},
		{"never seen", gitlab.ErrUnavailable, nil, 0, 4 * time.Second, 3, false},
		{"it cannot be asked", gitlab.ErrUnavailable, []error{nil, broken}, 3, time.Second, 2, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, asked := time.Now(), 0
				err := gitlab.Settle(t.Context(), tt.err, func() (bool, error) {
					asked++
					if asked <= len(tt.looks) && tt.looks[asked-1] != nil {
						return false, tt.looks[asked-1]
					}
					return asked == tt.there, nil
				})
				if tt.solved != (err == nil) || err != nil && !errors.Is(err, tt.err) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began); took != tt.took || asked != tt.asked {
					t.Errorf("asked %d times in %s, want %d in %s", asked, took, tt.asked, tt.took)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		err := gitlab.Settle(ctx, gitlab.ErrUnavailable, func() (bool, error) { return false, nil })
		if !errors.Is(err, gitlab.ErrUnavailable) || ctx.Err() == nil {
			t.Errorf("a run that ends: %v", err)
		}
	})
}

// What a token may not read is no reason to write a note twice, but for a note that
// is worth that.
func TestANoteThatCannotBeLookedFor(t *testing.T) {
	inWorld(t, func(w *world) {
		iid, err := w.p.CreateIssue("dave", "Pins", "")
		w.ok(err)
		thread := gitlab.Thread{Project: w.project.ID, On: gitlab.OnIssue, IID: int64(iid), Name: "issue #1"}
		note := gitlab.OnceNote{Mark: "<!-- op:x -->", Markdown: "Hello.\n<!-- op:x -->", By: w.bot.ID}
		w.fault("GET */notes 403 always")
		_, err = w.c.NoteOnce(w.ctx, thread, note)
		w.same(errors.Is(err, gitlab.ErrForbidden), true)
		w.same(w.writes(), 0)
		note.Blind = true
		wrote, err := w.c.NoteOnce(w.ctx, thread, note)
		w.ok(err)
		w.same(wrote, true)
		w.sim.ClearFaults()
		wrote, err = w.c.NoteOnce(w.ctx, thread, note)
		w.ok(err)
		w.same(wrote, false)
		w.same(w.writes(), 1)
	})
}

func TestWhatNeedsAPerson(t *testing.T) {
	for err, want := range map[error]bool{
		nil: false, gitlab.ErrUnauthorized: true, gitlab.ErrForbidden: true, gitlab.ErrScope: true, gitlab.ErrProjectNotFound: true,
		gitlab.ErrNotFound: false, gitlab.ErrUnavailable: false, gitlab.ErrRefused: false, gitlab.ErrConflict: false,
		fmt.Errorf("read: %w", gitlab.ErrForbidden): true,
	} {
		if got := gitlab.NeedsPerson(err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}
