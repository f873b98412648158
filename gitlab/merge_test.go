package gitlab_test

import (
	"errors"
	"testing"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// opened is the head of a merge request that may be merged.
func (w *world) opened() (m gitlab.Merge) {
	w.t.Helper()
	w.p.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
	w.ok(w.write(w.c, api.FileUpdate))
	iid, err := w.p.CreateMR("pinwheel-bot", work, "main", "Move boto3", "")
	w.ok(err)
	time.Sleep(time.Minute)
	return gitlab.Merge{IID: int64(iid), SHA: w.p.Head(work)}
}

func TestAMerge(t *testing.T) {
	for _, method := range []string{"merge", "rebase_merge", "ff"} {
		for _, fault := range []string{"", "PUT */merge 502 after", "PUT */merge reset after", "PUT */merge truncated", "PUT */merge html after"} {
			inWorld(t, func(w *world) {
				m := w.opened()
				w.p.Set(gitlabsim.Settings{MergeMethod: method})
				if fault != "" {
					w.fault(fault)
				}
				done, err := w.c.Merge(w.ctx, w.project.ID, m)
				w.ok(err)
				w.same(done.Commit, w.p.Head("main"))
				w.same(done.By, "pinwheel-bot")
				w.same(done.At.IsZero(), false)
				again, err := w.c.Merge(w.ctx, w.project.ID, m)
				w.ok(err)
				w.same(again, done)
			})
		}
	}
}

// A merge that is refused, and one that did not happen, leave all as it is.
func TestAMergeThatDoesNotHappen(t *testing.T) {
	for name, test := range map[string]struct {
		before func(*world)
		kind   error
	}{
		"nobody may":    {func(w *world) { w.p.Protect("main", gitlabsim.Maintainer, gitlabsim.Maintainer) }, gitlab.ErrForbidden},
		"draft":         {func(w *world) { w.ok(w.p.EditMRTitle("dave", 1, "Draft: x")) }, gitlab.ErrNotMergeable},
		"closed":        {func(w *world) { w.ok(w.p.CloseMR("dave", 1)) }, gitlab.ErrNotMergeable},
		"needs rebase":  {func(w *world) { w.p.Set(gitlabsim.Settings{MergeMethod: "ff"}); w.main("other", "x") }, gitlab.ErrNotMergeable},
		"conflict":      {func(w *world) { w.main("constraints.txt", "boto3==1.36.0\n") }, gitlab.ErrNotMergeable},
		"pushed to":     {func(w *world) { _, err := w.p.Push("dave", work, "x", map[string]string{"x": "y"}); w.ok(err) }, gitlab.ErrHeadMoved},
		"lock":          {func(w *world) { w.fault("PUT */merge 409 always") }, gitlab.ErrConflict},
		"406":           {func(w *world) { w.fault("PUT */merge 406 always") }, gitlab.ErrNotMergeable},
		"422":           {func(w *world) { w.p.FailMerges(1) }, gitlab.ErrNotMergeable},
		"lost, not yet": {func(w *world) { w.fault("PUT */merge 502 always") }, gitlab.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				m := w.opened()
				test.before(w)
				head := w.p.Head("main")
				_, err := w.c.Merge(w.ctx, w.project.ID, m)
				if !errors.Is(err, test.kind) {
					t.Fatalf("%v", err)
				}
				w.same(errors.Is(err, gitlab.ErrUnauthorized), false)
				w.same(w.p.Head("main"), head)
			})
		})
	}
}

func (w *world) main(path, text string) {
	_, err := w.p.Push("dave", "main", "x", map[string]string{path: text})
	w.ok(err)
}

func TestARevert(t *testing.T) {
	for _, fault := range []string{"", "POST */revert 500 after", "POST */revert reset after"} {
		inWorld(t, func(w *world) {
			done, err := w.c.Merge(w.ctx, w.project.ID, w.opened())
			w.ok(err)
			w.ok(w.p.CreateBranch("pinwheel-bot", "pinwheel/revert-1", "main"))
			if fault != "" {
				w.fault(fault)
			}
			k, err := w.c.Revert(w.ctx, w.project.ID, done.Commit, "pinwheel/revert-1")
			w.ok(err)
			w.same(k.SHA, w.p.Head("pinwheel/revert-1"))
			text, _ := w.p.File("pinwheel/revert-1", "constraints.txt")
			w.same(text, pins)
			_, err = w.c.Revert(w.ctx, w.project.ID, done.Commit, "pinwheel/revert-1")
			w.same(errors.Is(err, gitlab.ErrReverted), true)
			_, err = w.p.Push("dave", "pinwheel/revert-1", "x", map[string]string{"constraints.txt": "boto3==2\n"})
			w.ok(err)
			_, err = w.c.Revert(w.ctx, w.project.ID, done.Commit, "pinwheel/revert-1")
			w.same(errors.Is(err, gitlab.ErrChangedSince), true)
			_, err = w.c.Revert(w.ctx, w.project.ID, done.Commit, "main")
			w.same(errors.Is(err, gitlab.ErrForbidden), true)
		})
	}
}
