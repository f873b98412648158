package dashboard_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

// world is a GitLab with one project, our bot, and people.
type world struct {
	*testing.T
	sim     *gitlabsim.Server
	project *gitlabsim.Project
	id      int64
	bot     plan.User
	pub     *dashboard.Publisher
}

const title = "Dependency Dashboard"

func newWorld(t *testing.T) *world {
	t.Helper()
	sim := gitlabsim.New(gitlabsim.Options{})
	w := &world{T: t, sim: sim, bot: plan.User{ID: sim.AddBot("pinwheel", "Pinwheel"), Username: "pinwheel"}}
	sim.AddUser("alice", "Alice", false)
	sim.AddUser("erin", "Erin", false)
	w.project = sim.AddProject("cki/pipeline-definition", "main", map[string]string{"constraints.txt": "six==1.16.0\n"})
	w.id = w.project.ID()
	w.project.SetRole("pinwheel", gitlabsim.Developer)
	w.project.SetRole("alice", gitlabsim.Developer)
	w.project.SetRole("erin", gitlabsim.Planner)
	w.pub = w.publisher("pinwheel")
	t.Cleanup(func() {
		if f := sim.Failures(); len(f) > 0 {
			t.Error(f)
		}
	})
	return w
}

func (w *world) publisher(username string, scopes ...string) *dashboard.Publisher {
	w.Helper()
	return w.with(w.sim.Token(username, scopes...))
}

// with is a publisher that sends a token.
func (w *world) with(token string) *dashboard.Publisher {
	w.Helper()
	client, err := gitlab.Connect(gitlab.Options{URL: w.sim.BaseURL(), Token: token, Transport: w.sim.Transport(), Retries: -1})
	if err != nil {
		w.Fatal(err)
	}
	return dashboard.NewPublisher(client)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) create(body string) dashboard.Issue {
	w.Helper()
	issue, err := w.pub.Create(context.Background(), w.id, dashboard.Draft{title, body, []string{"dependencies"}})
	w.must(err)
	return *issue
}

func (w *world) find(stored int64, want dashboard.FindResult, wantIID int64) {
	w.Helper()
	issue, result, err := w.pub.Find(context.Background(), dashboard.Sought{Stored: dashboard.Key{w.id, stored}, Bot: w.bot, Title: title})
	w.must(err)
	iid := int64(0)
	if issue != nil {
		iid = issue.IID
	}
	if result != want || iid != wantIID {
		w.Errorf("Find(stored %d) = #%d %s, want #%d %s", stored, iid, result, wantIID, want)
	}
}

func (w *world) marked() string { return dashboard.Render(rich(), dashboard.View{ProjectID: w.id}) }

func TestFind(t *testing.T) {
	t.Run("nothing there", func(t *testing.T) { newWorld(t).find(0, dashboard.FoundNone, 0) })
	t.Run("stored and open needs one request", func(t *testing.T) {
		w := newWorld(t)
		i := w.create(w.marked())
		w.sim.ForgetRequests()
		w.find(i.IID, dashboard.FoundOpen, i.IID)
		if n := len(w.sim.Requests()); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
	t.Run("stored and emptied", func(t *testing.T) {
		w := newWorld(t)
		i := w.create(w.marked())
		w.must(w.project.EditIssueDescription("erin", int(i.IID), "gone"))
		w.must(w.project.EditIssueTitle("erin", int(i.IID), "Pins"))
		w.find(i.IID, dashboard.FoundOpen, i.IID)
	})
	t.Run("memory lost: by marker, the lowest, before a title", func(t *testing.T) {
		w := newWorld(t)
		w.create("no marker")
		second := w.create(w.marked())
		w.create(w.marked())
		w.must(w.project.EditIssueTitle("erin", int(second.IID), "Pins"))
		w.find(0, dashboard.FoundOpen, second.IID)
	})
	t.Run("by title", func(t *testing.T) {
		w := newWorld(t)
		i := w.create("Renovate's")
		w.find(0, dashboard.FoundOpen, i.IID)
		w.must(w.project.EditIssueTitle("erin", int(i.IID), "Update Dependencies (Renovate Bot)"))
		w.find(0, dashboard.FoundOpen, i.IID)
		w.must(w.project.EditIssueTitle("erin", int(i.IID), "dependency dashboard"))
		w.find(0, dashboard.FoundNone, 0)
	})
	t.Run("never a stranger's", func(t *testing.T) {
		w := newWorld(t)
		iid, err := w.project.CreateIssue("erin", title, w.marked())
		w.must(err)
		w.find(0, dashboard.FoundNone, 0)
		w.find(int64(iid), dashboard.FoundNone, 0)
	})
	t.Run("with another project's marker, if there is no other", func(t *testing.T) {
		w := newWorld(t)
		changed := w.create(dashboard.Render(rich(), dashboard.View{ProjectID: w.id + 1}))
		w.find(0, dashboard.FoundOpen, changed.IID)
		i := w.create(w.marked())
		w.find(0, dashboard.FoundOpen, i.IID)
		w.must(w.project.EditIssueDescription("erin", int(i.IID), "gone"))
		w.find(0, dashboard.FoundOpen, i.IID)
	})
	t.Run("stored, with a marker that somebody changed", func(t *testing.T) {
		w := newWorld(t)
		i := w.create(w.marked())
		w.must(w.project.EditIssueDescription("erin", int(i.IID), dashboard.Render(rich(), dashboard.View{ProjectID: w.id + 1})))
		w.find(i.IID, dashboard.FoundOpen, i.IID)
	})
	t.Run("deleted", func(t *testing.T) {
		w := newWorld(t)
		i := w.create(w.marked())
		w.sim.AddUser("root", "Root", true)
		w.must(w.project.DeleteIssue("root", int(i.IID)))
		w.find(i.IID, dashboard.FoundNone, 0)
	})
	t.Run("closed by a person, with and without memory, and reopened", func(t *testing.T) {
		w := newWorld(t)
		i := w.create(w.marked())
		w.must(w.project.CloseIssue("erin", int(i.IID)))
		w.find(i.IID, dashboard.FoundPaused, i.IID)
		w.find(0, dashboard.FoundPaused, i.IID)
		w.must(w.project.ReopenIssue("erin", int(i.IID)))
		w.find(0, dashboard.FoundOpen, i.IID)
	})
	t.Run("closed by us rests nobody", func(t *testing.T) {
		w := newWorld(t)
		i := w.create(w.marked())
		w.must(w.project.CloseIssue("pinwheel", int(i.IID)))
		w.find(i.IID, dashboard.FoundNone, 0)
	})
	t.Run("an open one goes before a closed one", func(t *testing.T) {
		w := newWorld(t)
		first, second := w.create(w.marked()), w.create(w.marked())
		w.must(w.project.CloseIssue("erin", int(first.IID)))
		w.find(first.IID, dashboard.FoundOpen, second.IID)
	})
	t.Run("more than a page of issues", func(t *testing.T) {
		w := newWorld(t)
		for range 120 {
			_, err := w.project.CreateIssue("pinwheel", "other", "")
			w.must(err)
		}
		i := w.create(w.marked())
		w.find(0, dashboard.FoundOpen, i.IID)
	})
}

func TestWrite(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	i := w.create(w.marked())
	if !dashboard.Equal(i.Description, w.marked()) {
		t.Fatalf("GitLab stored\n%s", i.Description)
	}
	stored, wrote, err := w.pub.Write(ctx, w.id, i, func(dashboard.Issue) string { return w.marked() + "\r\n\n" })
	if w.must(err); wrote {
		t.Error("wrote what was there")
	}
	// A tick between our reading and our writing survives.
	before := dashboard.Parse(stored.Description)
	w.must(w.project.Tick("alice", int(i.IID), "lxml-6.x"))
	next := rich()
	next.Pins++
	stored, wrote, err = w.pub.Write(ctx, w.id, i, func(fresh dashboard.Issue) string {
		return dashboard.KeepTicks(dashboard.Render(next, dashboard.View{ProjectID: w.id}), before, dashboard.Parse(fresh.Description))
	})
	if w.must(err); !wrote || !strings.Contains(stored.Description, "**79 pins") || !strings.Contains(stored.Description, " - [x] <!-- approve-branch=renovate/lxml-6.x -->") {
		t.Errorf("wrote %v:\n%s", wrote, stored.Description)
	}
	got, _ := w.project.Issue(int(i.IID))
	if got.Description != stored.Description || got.Title != title || !reflect.DeepEqual(got.Labels, []string{"dependencies"}) {
		t.Errorf("GitLab holds %+v", got)
	}
	activity, err := w.pub.Activity(ctx, w.id, i.IID, 0)
	if w.must(err); !activity.Readable || !activity.Whole {
		t.Fatal("notes are not readable")
	}
	ticks := dashboard.Attribute(dashboard.Parse(stored.Description), dashboard.History{Bot: w.bot, LastBody: stored.Description, Notes: activity.Notes}).Ticks
	if len(ticks) != 1 || ticks[0].By.Username != "alice" || !ticks[0].Rendered || !strings.HasPrefix(ticks[0].ID, "note-") {
		t.Errorf("ticks %+v", ticks)
	}

	w.must(w.project.CloseIssue("erin", int(i.IID)))
	if _, wrote, err = w.pub.Write(ctx, w.id, i, func(dashboard.Issue) string { return "x" }); wrote || !errors.Is(err, dashboard.ErrGone) {
		t.Errorf("closed: wrote %v, %v", wrote, err)
	}
	w.sim.AddUser("root", "Root", true)
	w.must(w.project.DeleteIssue("root", int(i.IID)))
	if _, wrote, err = w.pub.Write(ctx, w.id, i, func(dashboard.Issue) string { return "x" }); wrote || !errors.Is(err, dashboard.ErrGone) {
		t.Errorf("deleted: wrote %v, %v", wrote, err)
	}
}

// A tick in the instant between Write's reading and its writing leaves the
// text and is found in the notes.
func TestTickInTheInstantOfWriting(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	i := w.create(w.marked())
	next := rich()
	next.Pins++
	stored, _, err := w.pub.Write(ctx, w.id, i, func(dashboard.Issue) string {
		w.must(w.project.Tick("alice", int(i.IID), "gql-4.x"))
		return dashboard.Render(next, dashboard.View{ProjectID: w.id})
	})
	w.must(err)
	activity, err := w.pub.Activity(ctx, w.id, i.IID, 0)
	w.must(err)
	h := dashboard.History{Bot: w.bot, LastBody: stored.Description, Notes: activity.Notes}
	ticks := dashboard.Attribute(dashboard.Parse(stored.Description), h).Ticks
	if len(ticks) != 1 || ticks[0].Branch != "renovate/gql-4.x" || ticks[0].By.Username != "alice" || !ticks[0].Rendered {
		t.Errorf("ticks %+v in\n%s", ticks, stored.Description)
	}
	again, err := w.pub.Activity(ctx, w.id, i.IID, activity.Notes[0].ID)
	w.must(err)
	h.Notes = again.Notes
	if ticks := dashboard.Attribute(dashboard.Parse(stored.Description), h).Ticks; ticks != nil {
		t.Errorf("counted twice: %+v", ticks)
	}
}

// All activity since a note is read, whatever else people write and whatever pages
// hold less than they could.
func TestActivityIsReadBackToANote(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	i := w.create("x")
	w.must(w.project.EditIssueDescription("alice", int(i.IID), "first"))
	first, err := w.pub.Activity(ctx, w.id, i.IID, 0)
	if w.must(err); len(first.Notes) != 1 {
		t.Fatalf("%d notes", len(first.Notes))
	}
	for range 130 {
		w.must(w.project.Comment("alice", int(i.IID), "marked the checklist item **x** as completed"))
		w.must(w.project.MentionFromAfar("erin", int(i.IID)))
	}
	w.must(w.project.EditIssueDescription("erin", int(i.IID), "second"))
	got, err := w.pub.Activity(ctx, w.id, i.IID, first.Notes[0].ID)
	if w.must(err); !got.Readable || !got.Whole || len(got.Notes) != 1 || got.Notes[0].Author.Username != "erin" {
		t.Errorf("%+v", got)
	}
	w.sim.ForgetRequests()
	got, err = w.pub.Activity(ctx, w.id, i.IID, 0)
	if w.must(err); !got.Whole || len(got.Notes) != 2 || len(w.sim.Requests()) != 2 {
		t.Errorf("%+v in %d requests", got, len(w.sim.Requests()))
	}
	for range 1010 {
		w.must(w.project.MentionFromAfar("erin", int(i.IID)))
	}
	if got, err = w.pub.Activity(ctx, w.id, i.IID, 0); err != nil || got.Whole || len(got.Notes) != 0 {
		t.Errorf("whole %v, %d notes", got.Whole, len(got.Notes))
	}
	if got, err = w.pub.Activity(ctx, w.id, i.IID, first.Notes[0].ID); err != nil || !got.Whole || len(got.Notes) != 1 {
		t.Errorf("whole %v, %d notes", got.Whole, len(got.Notes))
	}
}

func TestComment(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	i := w.create("x")
	w.must(w.project.Comment("erin", int(i.IID), "<!-- op:paused-1 -->"))
	for n, want := range []bool{true, false} {
		wrote, err := w.pub.Comment(ctx, dashboard.Key{w.id, i.IID}, dashboard.Comment{w.bot, "paused-1", "Paused."})
		if w.must(err); wrote != want {
			t.Errorf("comment %d: wrote %v", n, wrote)
		}
	}
}

func TestRefusals(t *testing.T) {
	ctx := context.Background()
	says := func(t *testing.T, err error, words ...string) {
		t.Helper()
		for _, word := range words {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%v does not say %q", err, word)
			}
		}
	}
	t.Run("issues disabled", func(t *testing.T) {
		w := newWorld(t)
		i := w.create("x")
		w.project.SetIssuesEnabled(false)
		w.find(i.IID, dashboard.FoundNone, 0)
		_, err := w.pub.Create(ctx, w.id, dashboard.Draft{Title: title, Body: "x"})
		says(t, err, "create the dashboard issue", "issues are disabled", "403")
		if a, err := w.pub.Activity(ctx, w.id, i.IID, 0); a.Readable || err != nil {
			t.Errorf("notes: %+v, %v", a, err)
		}
	})
	t.Run("a token that only reads", func(t *testing.T) {
		w := newWorld(t)
		i := w.create("x")
		_, wrote, err := w.publisher("pinwheel", "read_api").Write(ctx, w.id, i, func(dashboard.Issue) string { return "y" })
		says(t, err, "write dashboard issue #1", "scope api")
		if wrote {
			t.Error("wrote")
		}
	})
	t.Run("a failing GitLab", func(t *testing.T) {
		w := newWorld(t)
		fault, err := gitlabsim.ParseFault("GET */issues 502 always")
		w.must(err)
		w.sim.AddFault(fault)
		_, _, err = w.pub.Find(ctx, dashboard.Sought{Stored: dashboard.Key{w.id, 0}, Bot: w.bot, Title: title})
		says(t, err, "list opened dashboard issues", "502")
	})
	t.Run("no time left", func(t *testing.T) {
		w := newWorld(t)
		gone, cancel := context.WithTimeout(ctx, -time.Second)
		defer cancel()
		if _, _, err := w.pub.Find(gone, dashboard.Sought{Stored: dashboard.Key{w.id, 0}, Bot: w.bot, Title: title}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// Of two dashboards the later one gives way, and what was closed for that is no
// pause.
func TestOfTwoDashboardsTheOlderStays(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	page := func() string { return dashboard.Render(plan.Plan{}, dashboard.View{ProjectID: w.id}) }
	first, second := w.create(page()), w.create(page())
	w.find(0, dashboard.FoundOpen, first.IID)
	w.find(second.IID, dashboard.FoundOpen, second.IID)
	found, _, err := w.pub.Find(ctx, dashboard.Sought{Stored: dashboard.Key{w.id, second.IID}, Bot: w.bot, Title: title})
	w.must(err)
	if found.Older != first.IID {
		t.Fatalf("the second dashboard knows of #%d, want #%d", found.Older, first.IID)
	}
	older, _, err := w.pub.Find(ctx, dashboard.Sought{Stored: dashboard.Key{w.id, first.IID}, Bot: w.bot, Title: title})
	w.must(err)
	if older.Older != 0 {
		t.Fatalf("the first dashboard gives way to #%d", older.Older)
	}
	w.must(w.project.EditIssueDescription("alice", int(second.IID), found.Description+"\n\nMine."))
	if closed, err := w.pub.Close(ctx, w.id, *found); err != nil || closed {
		t.Fatalf("a page that somebody edits was closed: %v %v", closed, err)
	}
	found, _, err = w.pub.Find(ctx, dashboard.Sought{Stored: dashboard.Key{w.id, second.IID}, Bot: w.bot, Title: title})
	w.must(err)
	if closed, err := w.pub.Close(ctx, w.id, *found); err != nil || !closed {
		t.Fatalf("it was not closed: %v %v", closed, err)
	}
	w.find(second.IID, dashboard.FoundOpen, first.IID)
	w.must(w.project.CloseIssue("alice", int(first.IID)))
	w.find(0, dashboard.FoundPaused, first.IID)
	w.find(second.IID, dashboard.FoundPaused, first.IID)
}
