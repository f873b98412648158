package round_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/store"
)

// A look died after it started a pipeline and before it wrote that down. Who cancels
// then, ends that pipeline.
func TestWhatADeadLookStartedIsCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.say("bob", "@pin test")
		started := false
		for n := int64(1); !started; n++ {
			end := &dying{next: w.gitlab.Transport(), late: true}
			end.left.Store(n)
			_, _ = w.lookThrough(t.Context(), end)
			started = len(w.pipes.Given()) > 0
			time.Sleep(11 * time.Minute) // the lease of the dead one ends
			if n > 200 {
				t.Fatal("nothing is started")
			}
		}
		if text := w.comment(); !strings.Contains(text, "| asked |") {
			t.Fatalf("the comment is not as the dead look left it:\n%s", text)
		}
		w.say("bob", "@pin cancel")
		w.look()
		runs := w.pipes.Runs()
		if len(runs) != 1 || runs[0].Status != "canceled" {
			t.Errorf("the pipelines are %+v, want one that is canceled", runs)
		}
		if text := w.comment(); !strings.Contains(text, "canceled 1 pipeline") || !strings.Contains(text, "| canceled, ") {
			t.Errorf("the comment is\n%s", text)
		}
	})
}

// A look died after it canceled: the answer says that something was canceled.
func TestWhatADeadLookCanceledIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.say("bob", "@pin test")
		w.look()
		w.say("bob", "@pin cancel")
		for n := int64(1); w.pipes.Runs()[0].Status != "canceled"; n++ {
			end := &dying{next: w.gitlab.Transport(), late: true}
			end.left.Store(n)
			_, _ = w.lookThrough(t.Context(), end)
			if n > 200 {
				t.Fatal("nothing is canceled")
			}
		}
		w.look()
		if text := w.comment(); !strings.Contains(text, "canceled 1 pipeline") {
			t.Errorf("the comment is\n%s", text)
		}
	})
}

// A person with another name is the same person, for what they may have under way.
func TestARenamedPersonIsTheSamePerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.say("bob", "@pin test one two")
		w.look()
		w.gitlab.RenameUser("bob", "robert")
		w.say("robert", "@pin test one two")
		w.look()
		if given := w.pipes.Given(); len(given) != 2 {
			t.Errorf("started %q", given)
		}
		if text := w.comment(); !strings.Contains(text, "one person may have 3 pipelines under way here, and this would make 4") {
			t.Errorf("the comment does not tell of the bound:\n%s", text)
		}
		// The name that is free now is somebody else's.
		w.gitlab.AddUser("bob", "Another Bob", false)
		w.lib.SetRole("bob", gitlabsim.Developer)
		w.say("bob", "@pin test one two")
		w.look()
		if given := w.pipes.Given(); len(given) != 4 {
			t.Errorf("another person got %d pipelines, want 2 of their own", len(given)-2)
		}
	})
}

// The bot's own user has another name: its comment is its own still, and it listens to
// the new name.
func TestARenamedBotGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.gitlab.RenameUser("pin", "wheel")
		w.say("bob", "@pin test")
		w.lookAsWheel()
		if given := w.pipes.Given(); len(given) != 0 {
			t.Errorf("the old name started %q", given)
		}
		w.say("bob", "@wheel test")
		w.lookAsWheel()
		if given := w.pipes.Given(); len(given) != 1 {
			t.Errorf("started %q", given)
		}
		if text := wheelsComments(w); strings.Contains(text, "====") || !strings.Contains(text, "`@wheel test`") {
			t.Errorf("the comment is\n%s", text)
		}
	})
}

// Another user takes the bot over: what was done is not done again, what runs goes on to
// be told, and what was not begun is asked for anew.
func TestAnotherUserTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.say("bob", "@pin test one")
		w.look()
		w.say("bob", "@pin test two")
		w.gitlab.AddBot("wheel", "pinwheel")
		for _, p := range []*gitlabsim.Project{w.lib, w.pipes, w.gitlab.Project("g/tools")} {
			p.SetRole("wheel", gitlabsim.Maintainer)
		}
		w.lookAsWheel("pin")
		if given := w.pipes.Given(); len(given) != 1 {
			t.Errorf("started %q", given)
		}
		time.Sleep(time.Hour)
		w.say("bob", "@wheel test two")
		w.lookAsWheel("pin")
		time.Sleep(time.Hour)
		w.lookAsWheel("pin")
		if given := w.pipes.Given(); len(given) != 2 || !strings.HasPrefix(given[1], "main by wheel: ") {
			t.Errorf("started %q", given)
		}
		if text := wheelsComments(w); strings.Count(text, "| passed, ") != 2 || strings.Contains(text, "Another program") || strings.Contains(text, "====") {
			t.Errorf("the comment is\n%s", text)
		}
		before := len(w.gitlab.Writes(time.Time{}))
		w.lookAsWheel("pin")
		if wrote := w.gitlab.Writes(time.Time{})[before:]; len(wrote) > 0 {
			t.Errorf("another look wrote %v", wrote)
		}
	})
}

// lookAsWheel is a whole look by the token of that user, with former ones.
func (w *world) lookAsWheel(former ...string) {
	w.t.Helper()
	db, err := store.Open(context.Background(), filepath.Join(w.t.TempDir(), "as.db"))
	w.must(err)
	defer db.Close()
	gl, err := gitlab.Connect(gitlab.Options{URL: w.gitlab.BaseURL(), Token: w.gitlab.Token("wheel"), Transport: w.gitlab.Transport(), Retries: -1})
	w.must(err)
	_, err = round.New(round.Options{GitLab: gl, Store: db, FormerUsers: former}).Run(context.Background(), w.all[0], time.Now())
	w.must(err)
}

func wheelsComments(w *world) string {
	m, _ := w.lib.MR(1)
	var out []string
	for _, n := range m.Notes {
		if n.Author == "wheel" && strings.HasPrefix(n.Body, "<!-- pinwheel:bot") {
			out = append(out, n.Body)
		}
	}
	return strings.Join(out, "\n====\n")
}

// The audit says who asked for a pipeline and who canceled it.
func TestTheAuditNamesWhoAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "audit.db"))
		w.must(err)
		defer db.Close()
		gl, err := gitlab.Connect(gitlab.Options{URL: w.gitlab.BaseURL(), Token: w.gitlab.Token("pin"), Transport: w.gitlab.Transport(), Retries: -1})
		w.must(err)
		r := round.New(round.Options{GitLab: gl, Store: db})
		for _, says := range []struct{ who, text string }{{"bob", "@pin test"}, {"alice", "@pin cancel"}} {
			w.say(says.who, says.text)
			_, err = r.Run(t.Context(), w.all[0], time.Now())
			w.must(err)
		}
		var got []string
		w.must(db.Audit(t.Context(), "g/lib", func(e store.AuditEntry) error {
			got = append(got, strings.TrimSpace(string(e.Event)+" "+e.Action+" "+e.Target+" by "+e.Who+" "+e.Result))
			return nil
		}))
		text := strings.Join(got, "\n")
		for _, want := range []string{"began StartTest bot !1 by bob", "ended StartTest bot !1 by bob done", "began CancelTest bot !1 by alice", "ended CancelTest bot !1 by alice done"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
	})
}
