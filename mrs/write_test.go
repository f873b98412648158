package mrs_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// lagging answers lists of versions with none while lag is true.
func lagging(lag *bool) func(*http.Request) *http.Response {
	return func(req *http.Request) *http.Response {
		if !*lag || !strings.HasSuffix(req.URL.Path, "/versions") {
			return nil
		}
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader("[]"))}
	}
}

func TestAMergeRequestIsOpenedOnce(t *testing.T) {
	for _, fault := range []string{"", "POST */merge_requests 502 after once", "POST */merge_requests truncated after once",
		"POST */merge_requests reset after once", "POST */merge_requests 409 once", "POST */merge_requests 429 retry-after 9 once"} {
		for _, opt := range []gitlabsim.Options{{}, {BranchLag: 3, StaleLists: 2}} {
			t.Run(fault, func(t *testing.T) {
				inWorld(t, opt, func(w *world) {
					w.apply(w.commit("1.35.0", "", 0))
					if fault != "" {
						w.fault(fault)
					}
					a := w.open()
					out, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view))
					if opt.BranchLag > 0 && strings.Contains(fault, " after ") {
						w.same(err != nil, true) // the refusal was lost: nothing was made
						out, err = w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view))
					}
					w.ok(err)
					w.same(out.Wrote, true)
					w.same(len(w.p.MRs()), 1)
					time.Sleep(time.Minute)
					m := w.mr(out.MR.IID)
					w.same(m.Title, a.Update.Title)
					w.same(strings.Join(m.Labels, " "), "dependencies")
					w.same(m.RemoveSourceBranch, true)
					w.same(m.Description, mrs.Body(a.Update, view))
					w.same(out.MR.Branch, work)
					w.same(out.MR.SameProject, true)
					w.same(out.MR.Note.Digest, "d-1.35.0")
					w.same(w.quiet(a).MR.IID, out.MR.IID)
				})
			})
		}
	}
}

func TestAnOpenMergeRequestIsAdopted(t *testing.T) {
	t.Run("by the list", func(t *testing.T) {
		inWorld(t, gitlabsim.Options{}, func(w *world) {
			w.apply(w.commit("1.35.0", "", 0))
			w.ok(w.p.CreateBranch("dave", "stable", "main"))
			iid, err := w.p.CreateMR("dave", work, "stable", "to another target", "")
			w.ok(err)
			w.same(w.quiet(w.open()).MR.IID, int64(iid))
		})
	})
	t.Run("by the refusal", func(t *testing.T) {
		inWorld(t, gitlabsim.Options{StaleLists: 1}, func(w *world) {
			w.apply(w.commit("1.35.0", "", 0))
			time.Sleep(time.Minute)
			iid, err := w.p.CreateMR("dave", work, "main", "theirs", "")
			w.ok(err)
			out := w.apply(w.open())
			w.same(out.Wrote, false)
			w.same(out.MR.IID, int64(iid))
			w.same(len(w.p.MRs()), 1)
		})
	})
	t.Run("a stale row is not believed", func(t *testing.T) {
		inWorld(t, gitlabsim.Options{StaleLists: 1}, func(w *world) {
			_, m := w.opened()
			w.ok(w.p.CloseMR("dave", int(m.IID)))
			out := w.apply(w.open())
			w.same(out.Wrote, true)
			w.same(out.MR.IID, m.IID+1)
		})
	})
}

func TestAMergeRequestIsEditedWhenItDiffers(t *testing.T) {
	for _, fault := range []string{"", "PUT * 502 after once", "PUT * truncated after once"} {
		t.Run(fault, func(t *testing.T) {
			inWorld(t, gitlabsim.Options{}, func(w *world) {
				_, m := w.opened()
				w.quiet(plan.EditMergeRequest{IID: m.IID, Update: update("1.35.0"), Title: update("1.35.0").Title})
				if fault != "" {
					w.fault(fault)
				}
				w.ok(w.p.EditMRDescription("dave", int(m.IID), "Above.\n\n"+w.mr(m.IID).Description+"\n\nBelow."))
				a := plan.EditMergeRequest{IID: m.IID, Update: update("1.36.0"), Title: update("1.36.0").Title}
				out := w.apply(a)
				w.same(out.Wrote, true)
				now := w.mr(m.IID)
				w.same(now.Title, a.Title)
				w.same(now.Description, "Above.\n\n"+mrs.Body(a.Update, view)+"\n\nBelow.")
				w.quiet(a)
			})
		})
	}
	t.Run("a person's title stays", func(t *testing.T) {
		inWorld(t, gitlabsim.Options{}, func(w *world) {
			_, m := w.opened()
			w.ok(w.p.EditMRTitle("dave", int(m.IID), "mine"))
			w.apply(plan.EditMergeRequest{IID: m.IID, Update: update("1.36.0")})
			w.same(w.mr(m.IID).Title, "mine")
		})
	})
	t.Run("a ticked rebase box is read and cleared", func(t *testing.T) {
		inWorld(t, gitlabsim.Options{}, func(w *world) {
			_, m := w.opened()
			w.ok(w.p.TickMR("dave", int(m.IID), "rebase-check"))
			now, err := w.c.MergeRequest(w.ctx, w.project.ID, m.IID)
			w.ok(err)
			w.same(now.Note.RebaseBox, true)
			out := w.apply(plan.EditMergeRequest{IID: m.IID, Update: update("1.35.0")})
			w.same(out.MR.Note.RebaseBox, false)
		})
	})
	t.Run("a closed one is not touched", func(t *testing.T) {
		inWorld(t, gitlabsim.Options{}, func(w *world) {
			_, m := w.opened()
			w.ok(w.p.CloseMR("dave", int(m.IID)))
			w.same(w.quiet(plan.EditMergeRequest{IID: m.IID, Update: update("1.36.0"), Title: "x"}).MR.State, plan.Closed)
		})
	})
	t.Run("not written", func(t *testing.T) {
		inWorld(t, gitlabsim.Options{}, func(w *world) {
			_, m := w.opened()
			w.fault("PUT * 502 once")
			_, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(plan.EditMergeRequest{IID: m.IID, Update: update("1.36.0"), Title: "x"}, view))
			w.same(err != nil, true)
		})
	})
}

func TestAMergeRequestIsClosedWithOneNote(t *testing.T) {
	for _, fault := range []string{"", "PUT * 502 after once", "POST */notes 502 after once", "PUT * 502 once", "POST */notes 502 once", "PUT * html after once"} {
		t.Run(fault, func(t *testing.T) {
			inWorld(t, gitlabsim.Options{}, func(w *world) {
				_, m := w.opened()
				// A stranger's copy of the mark silences nothing.
				w.ok(w.p.CommentMR("dave", int(m.IID), "<!-- op:abc -->"))
				if fault != "" {
					w.fault(fault)
				}
				a := plan.CloseMergeRequest{IID: m.IID, Branch: work, Op: "abc", Reason: "/merge `boto3` 1.35.0 is on main already. Fixes #1"}
				_, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view))
				if strings.HasSuffix(fault, "502 once") {
					w.same(err != nil, true)
					w.same(w.mr(m.IID).State, "opened")
					w.apply(a)
				} else {
					w.ok(err)
				}
				now := w.mr(m.IID)
				w.same(now.State, "closed")
				var notes []string
				for _, n := range now.Notes {
					if !n.System && n.Author == "pinwheel-bot" {
						notes = append(notes, n.Body)
					}
				}
				w.same(len(notes), 1)
				w.same(notes[0], text.Prose(a.Reason, 1000)+"\n\n<!-- op:abc -->")
				read, err := w.c.MergeRequest(w.ctx, w.project.ID, m.IID)
				w.ok(err)
				w.same(read.Note.ClosedByUs, true)
				w.same(read.Note.Digest, "d-1.35.0")
				w.quiet(a)
			})
		})
	}
}

func TestClosingOneWhoseTextIsAPersonsKeepsIt(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		_, m := w.opened()
		w.ok(w.p.EditMRDescription("dave", int(m.IID), "My words."))
		out := w.apply(plan.CloseMergeRequest{IID: m.IID, Branch: work, Op: "abc", Reason: "gone"})
		w.same(out.MR.Note.ClosedByUs, true)
		w.same(w.mr(m.IID).Description, "My words.\n\n<!-- pinwheel:mr closed=us op=abc -->")
		w.ok(w.p.ReopenMR("dave", int(m.IID)))
		w.apply(plan.EditMergeRequest{IID: m.IID, Update: update("1.35.0")})
		w.same(w.mr(m.IID).Description, "My words.")
	})
}

// What a person closed and asked for again is opened again, or it fails and the
// next run tries: a conflict or a lock never makes a second one. Only where GitLab
// answers and leaves it closed a new one takes its place.
func TestReopeningMakesNoSecondOne(t *testing.T) {
	for _, test := range []struct {
		fault string
		open  bool
	}{
		{"PUT */merge_requests/* 409 once", true},
		{"PUT */merge_requests/* 409 after once", true},
		{"PUT */merge_requests/* 409 x2", true},
		{"PUT */merge_requests/* 409 always", false},
		{"PUT */merge_requests/* 502 always", false},
		{"PUT */merge_requests/* 403 always", false},
	} {
		t.Run(test.fault, func(t *testing.T) {
			inWorld(t, gitlabsim.Options{}, func(w *world) {
				_, m := w.opened()
				w.ok(w.p.CloseMR("dave", int(m.IID)))
				w.fault(test.fault)
				a := w.open()
				a.Reopen = m.IID
				out, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view))
				w.same(len(w.p.MRs()), 1)
				w.same(err == nil, test.open)
				w.same(w.mr(m.IID).State == "opened", test.open)
				w.same(out.MR != nil, test.open)
				w.sim.ClearFaults()
				w.same(w.apply(a).MR.IID, m.IID)
				w.same(len(w.p.MRs()), 1)
			})
		})
	}
	t.Run("left closed", func(t *testing.T) {
		inWorld(t, gitlabsim.Options{}, func(w *world) {
			_, m := w.opened()
			w.ok(w.p.CloseMR("dave", int(m.IID)))
			w.fault("PUT */merge_requests/* 422 once")
			a := w.open()
			a.Reopen = m.IID
			w.same(w.apply(a).MR.IID, m.IID+1)
		})
	})
}
