package gitlab_test

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
)

func TestTheProjectIsRead(t *testing.T) {
	inWorld(t, func(w *world) {
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
		w.same(dave, gitlabsim.Maintainer)
		w.sim.AddUser("erin", "Erin", false)
		for _, id := range []int64{w.bot.ID + 2, 99999} {
			role, err := w.c.Role(w.ctx, p.ID, id, time.Now())
			w.ok(err)
			w.same(role, gitlab.NoRole)
		}
		w.fault("GET */members/* 502 always")
		role, err := w.c.Role(w.ctx, p.ID, w.bot.ID, time.Now())
		w.same(err != nil && role == gitlab.NoRole, true)
	})
}

func TestFilesAreReadAtACommit(t *testing.T) {
	inWorld(t, func(w *world) {
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
		_, found, err = w.c.File(w.ctx, w.project.ID, odd, head.SHA)
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
	inWorld(t, func(w *world) {
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
