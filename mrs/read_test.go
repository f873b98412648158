package mrs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

func TestEveryPageIsRead(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		for i := range 230 {
			name := fmt.Sprintf("%sp%03d", prefix, i)
			w.ok(w.p.CreateBranch("dave", name, "main"))
			w.ok(w.p.CreateBranch("dave", fmt.Sprintf("PinWheel/p%03d", i), "main"))
			iid, err := w.p.CreateMR("dave", name, "main", name, "")
			w.ok(err)
			if i%2 == 0 {
				w.ok(w.p.CloseMR("dave", iid))
			}
			if i%100 == 0 {
				time.Sleep(time.Hour)
			}
		}
		w.ok(w.p.CreateBranch("dave", "feature", "main"))
		_, err := w.p.CreateMR("dave", "feature", "main", "not ours", "")
		w.ok(err)

		branches, head, err := w.c.Branches(w.ctx, w.project.ID, prefix, "main")
		w.same(head, w.p.Head("main"))
		w.ok(err)
		w.same(len(branches), 230)
		w.same(branches[229].Head.SHA, w.p.Head("main"))
		open, err := w.c.OpenMergeRequests(w.ctx, w.project.ID)
		w.ok(err)
		w.same(len(open), 115)
		w.same(open[0].Branch, prefix+"p001")
		all, err := w.c.UpdatedMergeRequests(w.ctx, w.project.ID, time.Time{})
		w.ok(err)
		w.same(len(all), 115)
		w.same(all[114].State, plan.Closed)
		w.same(all[114].ClosedBy.Username, "dave")
		recent, err := w.c.UpdatedMergeRequests(w.ctx, w.project.ID, time.Now().Add(-30*time.Minute))
		w.ok(err)
		w.same(len(recent), 14)
	})
}

func TestConflictsAreSeenByALaterRead(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		_, m := w.opened()
		_, err := w.p.EditFile("dave", "constraints.txt", strings.ReplaceAll(pins, "1.34.0", "1.34.5"))
		w.ok(err)
		for i := range 3 {
			open, err := w.c.OpenMergeRequests(w.ctx, w.project.ID)
			w.ok(err)
			m = open[0]
			w.same(m.Unchecked, i < 2)
			time.Sleep(time.Hour)
		}
		w.same(m.HasConflicts, true)
	})
}

func TestWhatAHeadProves(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		a := w.commit("1.35.0", "", 0)
		head := w.apply(a).Commit
		prove := func(branch, sha string) plan.Branch {
			k, err := w.c.Commit(w.ctx, w.project.ID, sha)
			w.ok(err)
			b, err := w.c.Prove(w.ctx, mrs.Grounds{w.project.ID, w.bot, []string{w.p.Head("main")}}, plan.Branch{Name: branch, Head: k})
			w.ok(err)
			return b
		}
		proven := prove(work, head.SHA)
		w.same(proven.Digest, a.Digest)
		w.same(strings.Join(proven.Paths, " "), "constraints.txt pipeline/constraints.yml")
		w.same(proven.Based, true)
		w.same(prove("pinwheel/other", head.SHA).Digest == a.Digest, false)

		// Written by an earlier version, whose digest held the base.
		files := []plan.FileChange{{Path: "constraints.txt", Content: a.Files[0].Content}, {Path: "pipeline/constraints.yml", Content: a.Files[1].Content}}
		old := plan.ContentDigest(work, a.Base, files)
		sha, err := w.p.Amend("dave", work, gitlabsim.Amended{Message: strings.ReplaceAll(a.Message, a.Digest, old)})
		w.ok(err)
		b := prove(work, sha)
		_, ours := b.Ours(plan.UsOf(w.bot, nil))
		w.same(b.Digest, old)
		w.same(ours, true)
		_, ours = b.Ours(plan.Us{"Somebody"})
		w.same(ours, false)

		sha, err = w.p.Push("dave", work, a.Message, map[string]string{"x": "y"})
		w.ok(err)
		w.same(prove(work, sha).Digest, "")
	})
}
