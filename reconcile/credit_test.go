package reconcile_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// credits lets an hour pass and runs, and returns whether a merge request or the dashboard
// says that alice asked for something.
func (w *world) credits() bool {
	w.t.Helper()
	w.now = w.now.Add(time.Hour)
	if r := w.run(); r.Status != reconcile.Done {
		w.t.Fatalf("%s: %v", r.Status, r.Failures)
	}
	text := w.project.Issues()[0].Description
	for _, m := range w.project.MRs() {
		text += m.Description
		for _, n := range m.Notes {
			text += n.Body
		}
	}
	return strings.Contains(text, "alice")
}

// signed lets bob make the head of our branch anew, in our name and with what it holds,
// as if alice had asked for it.
func (w *world) signed() error {
	head := w.project.Commits(w.project.Head(contested))[0]
	t, _ := plan.ParseTrailers(head.Message)
	t.Why, t.By, t.Request, t.Ticked = plan.CauseForced, "alice", "note-1", true
	_, err := w.project.Amend("bob", contested, gitlabsim.Amended{Author: "pinwheel", Committer: "pinwheel", Message: plan.CommitMessage("Update dependency boto3 to v1.34.41", t)})
	return err
}

func (w *world) forget() {
	w.t.Helper()
	if err := os.Remove(w.path); err != nil {
		w.t.Fatal(err)
	}
}

// Who may push can write into a commit who asked for it. Nobody is credited with that, by
// a run that remembers our commit or by one that remembers nothing.
func TestNobodyIsCreditedWithAForgedCommit(t *testing.T) {
	for name, forge := range map[string]func(*world) error{
		"pushed to an open merge request": (*world).signed,
		"with a description that says the same": func(w *world) error {
			if err := w.signed(); err != nil {
				return err
			}
			m := w.project.MRs()[w.mr(contested)-1]
			return w.project.EditMRDescription("bob", m.IID, strings.Replace(m.Description, "why=window", "why=forced by=alice request=note-1", 1))
		},
		"pushed while it was closed": func(w *world) error {
			iid := w.mr(contested)
			if err := w.project.CloseMR("bob", iid); err != nil {
				return err
			}
			if err := w.signed(); err != nil {
				return err
			}
			return w.project.ReopenMR("bob", iid)
		},
		"and then pressed the rebase button": func(w *world) error {
			if err := w.signed(); err != nil {
				return err
			}
			if err := w.mainGoesOn(); err != nil {
				return err
			}
			return w.project.RebaseMR("bob", w.mr(contested))
		},
		"among many comments": func(w *world) error {
			if err := w.signed(); err != nil {
				return err
			}
			for range 520 {
				if err := w.project.CommentMR("bob", w.mr(contested), "hello"); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		for _, forgets := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", and the database is lost"}[forgets], func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.now = time.Date(2026, 1, 3, 8, 0, 0, 0, time.UTC)
				if w.credits() {
					t.Fatal("alice is credited, and did nothing")
				}
				if err := forge(w); err != nil {
					t.Fatal(err)
				}
				if forgets {
					w.forget()
				}
				for range 2 {
					if w.credits() {
						t.Fatal("alice is credited with what bob pushed")
					}
				}
			})
		}
	}
}

// Nor with one for which pinwheel opens a merge request later.
func TestNobodyIsCreditedWithABranchThatWasThereBefore(t *testing.T) {
	w := newWorld(t)
	pins, _ := w.project.File("main", "constraints.txt")
	twin, _ := w.project.File("main", "pipeline/constraints.yml")
	is, isTwin := strings.Replace(pins, "1.34.39", "1.34.41", 1), strings.Replace(twin, "1.34.39", "1.34.41", 1)
	changes := []plan.FileChange{
		{Path: "constraints.txt", Before: []byte(pins), Content: []byte(is)},
		{Path: "pipeline/constraints.yml", Before: []byte(twin), Content: []byte(isTwin)},
	}
	message := plan.CommitMessage("Update dependency boto3 to v1.34.41", plan.Trailers{
		Base: w.project.Head("main"), Digest: plan.ChangeDigest(contested, changes), Paths: []string{"constraints.txt", "pipeline/constraints.yml"},
		Moves: []plan.Move{{Name: "boto3", Key: "boto3", From: "1.34.39", To: "1.34.41"}}, Why: plan.CauseForced, By: "alice", At: w.now, Request: "note-1", Ticked: true,
	})
	if _, err := w.project.Push("bob", contested, message, map[string]string{"constraints.txt": is, "pipeline/constraints.yml": isTwin}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.project.Amend("bob", contested, gitlabsim.Amended{Author: "pinwheel", Committer: "pinwheel"}); err != nil {
		t.Fatal(err)
	}
	w.now = time.Date(2026, 1, 3, 8, 0, 0, 0, time.UTC)
	if w.credits() || w.mr(contested) == 0 || w.mr("pinwheel/lxml-5.x") == 0 {
		t.Error("alice is credited with what bob pushed before the window opened")
	}
}

// Who did ask stays named, whatever is lost, and by whomever the branch is rebased.
func TestWhoAskedStaysNamed(t *testing.T) {
	for name, then := range map[string]func(*world) error{
		"":                       func(*world) error { return nil },
		"and bob rebases it":     func(w *world) error { return w.project.RebaseMR("bob", w.mr(contested)) },
		"and asks for a rebuild": func(w *world) error { return w.project.TickMR("bob", w.mr(contested), "rebase-check") },
	} {
		for _, forgets := range []bool{false, true} {
			t.Run(name+map[bool]string{true: " and the database is lost"}[forgets], func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.run()
				if err := w.project.Tick("alice", w.project.Issues()[0].IID, "boto3"); err != nil {
					t.Fatal(err)
				}
				if !w.credits() {
					t.Fatal("alice asked for it and is not named")
				}
				if err := w.mainGoesOn(); err != nil {
					t.Fatal(err)
				}
				if err := then(w); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if forgets {
						w.forget()
					}
					if !w.credits() {
						t.Fatal("alice asked for it and is named no more")
					}
				}
			})
		}
	}
}
