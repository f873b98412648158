package dashboard_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
)

// calls are all that a publisher asks of GitLab, each on the issue #1.
var calls = []struct {
	name string
	do   func(*world, *dashboard.Publisher) error
}{
	{"find", func(w *world, p *dashboard.Publisher) error {
		_, _, err := p.Find(w.Context(), dashboard.Sought{Stored: dashboard.Key{w.id, 0}, Bot: w.bot, Title: title})
		return err
	}},
	{"find the stored one", func(w *world, p *dashboard.Publisher) error {
		_, _, err := p.Find(w.Context(), dashboard.Sought{Stored: dashboard.Key{w.id, 1}, Bot: w.bot, Title: title})
		return err
	}},
	{"read", func(w *world, p *dashboard.Publisher) error {
		_, err := p.Read(w.Context(), w.id, 1)
		return err
	}},
	{"look what changed", func(w *world, p *dashboard.Publisher) error {
		_, err := p.Changed(w.Context(), time.Time{})
		return err
	}},
	{"read the activity", func(w *world, p *dashboard.Publisher) error {
		_, err := p.Activity(w.Context(), w.id, 1, 0)
		return err
	}},
	{"look for the newest note", func(w *world, p *dashboard.Publisher) error {
		_, err := p.NewestNoteAt(w.Context(), w.id, 1)
		return err
	}},
	{"create", func(w *world, p *dashboard.Publisher) error {
		_, err := p.Create(w.Context(), w.id, dashboard.Draft{Title: title, Body: "x"})
		return err
	}},
	{"write", func(w *world, p *dashboard.Publisher) error {
		_, _, err := p.Write(w.Context(), w.id, dashboard.Issue{IID: 1}, func(dashboard.Issue) string { return "y" })
		return err
	}},
	{"close", func(w *world, p *dashboard.Publisher) error {
		_, err := p.Close(w.Context(), w.id, dashboard.Issue{IID: 1, Description: "x"})
		return err
	}},
	{"comment", func(w *world, p *dashboard.Publisher) error {
		_, err := p.Comment(w.Context(), dashboard.Key{w.id, 1}, dashboard.Comment{w.bot, "paused", "Paused."})
		return err
	}},
}

// Whatever the dashboard asks of GitLab, a refusal is one of the kinds that
// callers branch on, and its words are ours.
func TestErrorsHaveKinds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		token func(*world) string
		fault string
		is    []error
		says  string // of every call; "" where each says its own
	}{
		{"a wrong token", func(*world) string { return "glpat-a-wrong-token-0123" }, "", []error{gitlab.ErrUnauthorized}, "does not accept the token"},
		{"a token that is over", func(w *world) string {
			token := w.sim.Token("pinwheel")
			w.sim.Revoke(token)
			return token
		}, "", []error{gitlab.ErrUnauthorized}, "does not accept the token"},
		{"a project that is not seen", func(w *world) string {
			w.sim.AddUser("nobody", "Nobody", false)
			w.project.SetRole("nobody", 0)
			return w.sim.Token("nobody")
		}, "", []error{gitlab.ErrProjectNotFound, gitlab.ErrNotFound}, "there is no such project"},
		{"a sign-in page", nil, "* * html always", []error{gitlab.ErrNotGitLab}, "a page of HTML"},
		{"another host", nil, "* * redirect always", []error{gitlab.ErrRedirect}, "which is not followed"},
		{"a GitLab that fails", nil, "* * 503 always", []error{gitlab.ErrUnavailable}, ""},
		{"a connection that breaks", nil, "* * reset always", []error{gitlab.ErrUnavailable}, ""},
		{"too many requests", nil, "* * 429 always", []error{gitlab.ErrUnavailable}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.create("x")
				pub := w.pub
				if tt.token != nil {
					pub = w.with(tt.token(w))
				}
				if tt.fault != "" {
					w.must(w.sim.Inject(tt.fault))
				}
				for _, call := range calls {
					if tt.name == "a project that is not seen" && call.name == "look what changed" {
						continue // it asks for no project
					}
					err := call.do(w, pub)
					for _, kind := range tt.is {
						if !errors.Is(err, kind) {
							t.Errorf("%s: %v is not %q", call.name, err, kind)
						}
					}
					if err == nil {
						continue
					}
					if said := gitlab.Explain(err); !strings.Contains(said, tt.says) {
						t.Errorf("%s: %q does not say %q", call.name, said, tt.says)
					}
					if words := err.Error(); strings.ContainsAny(words, "{<\n") || strings.Contains(words, "http://") || strings.Contains(words, "glpat") {
						t.Errorf("%s says what a client says: %s", call.name, words)
					}
				}
			})
		})
	}
}

// lost are the ways in which an answer does not arrive.
var lost = []string{"502 after once", "504 after once", "truncated after once", "reset after once", "html after once"}

// An effect whose answer was lost is looked for, and is there once.
func TestALostAnswerIsLookedAfter(t *testing.T) {
	for _, fault := range lost {
		t.Run(fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				w := newWorld(t)
				w.must(w.sim.Inject("POST */issues " + fault))
				made, err := w.pub.Create(ctx, w.id, dashboard.Draft{title, w.marked(), []string{"dependencies"}})
				w.must(err)
				got, _ := w.project.Issue(int(made.IID))
				if got.Description != made.Description || strings.Join(got.Labels, " ") != "dependencies" || made.Author.ID != w.bot.ID {
					t.Errorf("created %+v, and GitLab holds %+v", made, got)
				}

				w.must(w.sim.Inject("PUT */issues/1 " + fault))
				stored, wrote, err := w.pub.Write(ctx, w.id, *made, func(dashboard.Issue) string { return "new\n" })
				w.must(err)
				if got, _ := w.project.Issue(1); !wrote || got.Description != "new" || stored.Description != "new" || stored.UpdatedAt.IsZero() {
					t.Errorf("wrote %v: %+v", wrote, stored)
				}

				w.must(w.sim.Inject("POST */issues/1/notes " + fault))
				for n, want := range []bool{true, false} {
					wrote, err := w.pub.Comment(ctx, dashboard.Key{w.id, 1}, dashboard.Comment{w.bot, "paused", "Paused."})
					if w.must(err); wrote != want {
						t.Errorf("comment %d: wrote %v", n, wrote)
					}
				}

				w.must(w.sim.Inject("PUT */issues/1 " + fault))
				closed, err := w.pub.Close(ctx, w.id, stored)
				w.must(err)
				if got, _ := w.project.Issue(1); !closed || got.State != "closed" {
					t.Errorf("closed %v: %s", closed, got.State)
				}
				if n := len(w.sim.Writes(time.Time{})); n != 4 {
					t.Errorf("%d writes, want each once", n)
				}
				w.find(0, dashboard.FoundNone, 0) // no second one is open
			})
		})
	}
}

// Of a write that did not happen no effect is found, and none is made by a second
// attempt that nobody asked for.
func TestAWriteThatFailedIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		older := w.create("another page of ours")
		w.must(w.project.EditIssueTitle("erin", int(older.IID), "Pins"))
		i := w.create(w.marked())
		for _, call := range []struct {
			fault string
			do    func() (bool, error)
		}{
			{"POST */issues 502 once", func() (bool, error) {
				made, err := w.pub.Create(w.Context(), w.id, dashboard.Draft{Title: title, Body: "a page"})
				return made != nil, err
			}},
			{"PUT */issues/* 502 once", func() (bool, error) {
				_, wrote, err := w.pub.Write(w.Context(), w.id, i, func(dashboard.Issue) string { return "y" })
				return wrote, err
			}},
			{"PUT */issues/* reset once", func() (bool, error) { return w.pub.Close(w.Context(), w.id, i) }},
			{"POST */notes reset once", func() (bool, error) {
				return w.pub.Comment(w.Context(), dashboard.Key{w.id, i.IID}, dashboard.Comment{w.bot, "op", "x"})
			}},
		} {
			w.must(w.sim.Inject(call.fault))
			before := len(w.sim.Writes(time.Time{}))
			if did, err := call.do(); did || !errors.Is(err, gitlab.ErrUnavailable) {
				t.Errorf("%s: did it %v, %v", call.fault, did, err)
			}
			if n := len(w.sim.Writes(time.Time{})) - before; n != 1 {
				t.Errorf("%s: %d writes", call.fault, n)
			}
		}
		if got, _ := w.project.Issue(int(i.IID)); got.State != "opened" || got.Description != i.Description {
			t.Errorf("GitLab holds %+v", got)
		}
	})
}
