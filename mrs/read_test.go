package mrs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

func TestTheProjectIsRead(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		w.same(w.bot.Username+" "+w.bot.Name, "pinwheel-bot Pinwheel")
		w.same(w.project.DefaultBranch, "main")
		w.same(w.project.AccessLevel, gitlabsim.Developer)
		w.same(w.project.IssuesEnabled, true)
		w.p.Rename("cki/renamed")
		w.p.Set(gitlabsim.Settings{IssuesDisabled: true, Archived: true})
		p, err := w.c.Project(w.ctx, "cki/pipeline", w.project.ID)
		w.ok(err)
		w.same(fmt.Sprintln(p.Path, p.IssuesEnabled, p.Archived), "cki/renamed false true\n")

		dave, err := w.c.Role(w.ctx, p.ID, w.bot.ID+1, time.Now())
		w.ok(err)
		w.same(dave, plan.Maintainer)
		w.sim.AddUser("erin", "Erin", false)
		for _, id := range []int64{w.bot.ID + 2, 99999} {
			role, err := w.c.Role(w.ctx, p.ID, id, time.Now())
			w.ok(err)
			w.same(role, plan.NoRole)
		}
		w.fault("GET */members/* 502 always")
		role, err := w.c.Role(w.ctx, p.ID, w.bot.ID, time.Now())
		w.same(err != nil && role == plan.RoleUnknown, true)
	})
}

func TestFilesAreReadAtACommit(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		head, err := w.c.Head(w.ctx, w.project.ID, "main")
		w.ok(err)
		odd := "a b/ä#?.txt"
		next, err := w.p.Push("dave", "main", "odd", map[string]string{odd: "\xff\x00\r\n", "empty": "", "big": strings.Repeat("x", 4<<20+1)})
		w.ok(err)
		data, found, err := w.c.File(w.ctx, w.project.ID, odd, next)
		w.ok(err)
		w.same(found, true)
		w.same(string(data), "\xff\x00\r\n")
		data, found, err = w.c.File(w.ctx, w.project.ID, "empty", next)
		w.ok(err)
		w.same(found && len(data) == 0, true)
		_, found, err = w.c.File(w.ctx, w.project.ID, odd, head)
		w.ok(err)
		w.same(found, false)
		_, _, err = w.c.File(w.ctx, w.project.ID, "big", next)
		w.same(errors.Is(err, gitlab.ErrTooLarge), true)
		w.fault("GET */raw html once")
		_, _, err = w.c.File(w.ctx, w.project.ID, "empty", next)
		w.same(errors.Is(err, gitlab.ErrNotGitLab), true)
		_, err = w.c.Head(w.ctx, w.project.ID, "absent")
		w.same(gitlab.Missing(err), true)
	})
}

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
		_, m := w.opened("1.35.0")
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
			b, err := w.c.Prove(w.ctx, w.project.ID, w.bot, plan.Branch{Name: branch, Head: k}, w.p.Head("main"))
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

// halves passes on half of every raw file, n times, and announces no more.
type halves struct {
	next http.RoundTripper
	n    int
}

func (h *halves) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := h.next.RoundTrip(req)
	if err != nil || h.n == 0 || !strings.HasSuffix(req.URL.Path, "/raw") {
		return resp, err
	}
	h.n--
	body, err := io.ReadAll(resp.Body)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body[:len(body)/2])), int64(len(body)/2)
	return resp, err
}

// Half a file is no file with fewer pins: it is read again, and after that it
// is an error.
func TestHalfAFileIsNoFile(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		half := &halves{w.sim.Transport(), 1}
		c := w.client(w.sim.Token("pinwheel-bot"), half)
		data, found, err := c.File(w.ctx, w.project.ID, "constraints.txt", "main")
		w.ok(err)
		w.same(found, true)
		w.same(string(data), pins)
		half.n = 100
		_, _, err = c.File(w.ctx, w.project.ID, "constraints.txt", "main")
		w.same(errors.Is(err, gitlab.ErrUnavailable), true)
	})
}
