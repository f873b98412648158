package gitlab_test

import (
	"net/http"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// mute is a proxy that takes away what GitLab says of its pages.
type mute struct{ next http.RoundTripper }

func (m mute) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := m.next.RoundTrip(req)
	if err == nil {
		for _, name := range []string{"X-Next-Page", "X-Total", "X-Total-Pages", "Link"} {
			resp.Header.Del(name)
		}
	}
	return resp, err
}

// Every row of a list is read, and no page more than GitLab says there are.
func TestPages(t *testing.T) {
	for _, tt := range []struct {
		name         string
		seen, unseen int // notes; those that the token may not read come after
		mute         bool
		requests     int
	}{
		{"none", 0, 0, false, 1},
		{"a part of a page", 99, 0, false, 1},
		{"a full page", 100, 0, false, 1},
		{"two and a half", 250, 0, false, 3},
		{"a page of which nothing may be read", 30, 130, false, 2},
		{"a full page behind a proxy", 100, 0, true, 2},
		{"two and a half behind a proxy", 250, 0, true, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				iid, err := w.p.CreateIssue("dave", "Pins", "")
				w.ok(err)
				for range tt.seen {
					w.ok(w.p.Comment("dave", iid, "A word."))
				}
				for range tt.unseen {
					w.ok(w.p.MentionFromAfar("dave", iid))
				}
				c := w.c
				if tt.mute {
					c = w.client(w.sim.Token("pinwheel-bot"), mute{w.sim.Transport()})
				}
				before := len(w.sim.Reads(time.Time{}))
				thread := gitlab.Thread{Project: w.project.ID, On: gitlab.OnIssue, IID: int64(iid), Name: "issue"}
				n := 0
				whole, err := c.Notes(w.ctx, thread, gitlab.NoteQuery{}, func(gitlab.Note) bool { n++; return true })
				w.ok(err)
				w.same(whole, true)
				w.same(n, tt.seen)
				w.same(len(w.sim.Reads(time.Time{}))-before, tt.requests)
			})
		})
	}
}

// A list is read as far as it is wanted.
func TestPagesEnd(t *testing.T) {
	inWorld(t, func(w *world) {
		iid, err := w.p.CreateIssue("dave", "Pins", "")
		w.ok(err)
		for range 250 {
			w.ok(w.p.Comment("dave", iid, "A word."))
		}
		thread := gitlab.Thread{Project: w.project.ID, On: gitlab.OnIssue, IID: int64(iid), Name: "issue"}
		for _, tt := range []struct {
			query gitlab.NoteQuery
			stop  int
			whole bool
			rows  int
		}{
			{gitlab.NoteQuery{}, 150, true, 200}, // the rest of its page follows
			{gitlab.NoteQuery{Pages: 1}, 150, false, 100},
			{gitlab.NoteQuery{Pages: 2, PerPage: 20}, 150, false, 40},
		} {
			n := 0
			whole, err := w.c.Notes(w.ctx, thread, tt.query, func(gitlab.Note) bool { n++; return n < tt.stop })
			w.ok(err)
			w.same(whole, tt.whole)
			w.same(n, tt.rows)
		}
	})
}
