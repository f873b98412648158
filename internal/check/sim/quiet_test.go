package sim

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/again"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// This file holds I17: a run that is over because nothing changed ends as the run
// would that looks at everything. Each is made a second time so, over a copy of the
// database as it was before, and in the same world: what that one writes, decides or
// stores differently is a fault.

// kept is what a run found: a copy of its database, and how far the world had come.
type kept struct {
	path string // empty where none can be made
	at   string
}

// keep copies the database before a run.
func (p *process) keep() kept {
	path := filepath.Join(p.w.dir, fmt.Sprintf("before-%d.db", p.number))
	if p.wire.commit != nil || again.Copy(p.path, path) != nil {
		return kept{}
	}
	return kept{path, p.w.mark()}
}

// mark is how far the world has come.
func (w *world) mark() string {
	return fmt.Sprint(len(w.gitlab.Events()), w.befell, w.token)
}

// whole makes the run that looks at everything in the place of one that did not.
func (p *process) whole(before kept, quiet reconcile.Report) {
	if before.path == "" || before.at != p.w.mark() {
		return // somebody did something while the run was at work
	}
	count("runs that were over early, and made again", 1)
	client, err := gitlab.Connect(gitlab.Options{
		URL: p.w.gitlab.BaseURL(), Transport: p.w.gitlab.Transport(),
		ReadToken: func() (string, error) { return p.w.token, nil },
	})
	if err != nil {
		p.w.judge.fault("I17: %v", err)
		return
	}
	early := again.Early{
		Report: quiet, Project: p.w.config, Now: time.Now().UTC(), Before: before.path, After: p.path, GitLab: p.w.gitlab, Aside: p.w.index.Aside,
		Options: reconcile.Options{
			GitLab: client, Dashboard: dashboard.NewPublisher(client), Index: pypi.New(pypi.Options{Transport: p.w.index.Transport()}), Sources: p.w.sources,
		},
	}
	for _, f := range early.Faults() {
		p.w.judge.fault("I17: %s", f)
	}
}

// In an ordinary week most runs are over early, and none of them wrongly. Every run plays it until
// the window has been open for a day, and the first shard of the rest whole.
func TestQuietRunsAreOverEarly(t *testing.T) {
	testenv.Unraced(t, "its runs are as those of TestSeeds")
	hours, part := 40, part(t)
	if part.Whole() {
		if !part.Picks(false, 0) {
			t.Skip("in the first shard")
		}
		hours = 7 * 24
	}
	inBubble(t, everyday, func(t *testing.T, w *world) {
		p := w.first(t)
		over := 0
		for range hours {
			time.Sleep(time.Until(time.Now().Add(time.Hour).Truncate(time.Hour)))
			if p.run().Quiet {
				over++
			}
		}
		if over < hours*3/4 {
			t.Errorf("%d of %d runs were over early", over, hours)
		}
		w.verdict(t)
	})
}

// The check sees a run that is over though time has changed something, and one that
// is over on another state of the store.
func TestARunThatIsOverWronglyIsSeen(t *testing.T) {
	testenv.Unraced(t, "its runs are as those of TestSeeds")
	for name, c := range map[string]struct {
		spoil string
		at    string
	}{
		"though the window has opened": {`UPDATE quiet SET record = json_set(record, '$.until', '2026-02-01T00:00:00Z')`, "2026-01-03T00:05Z"},
		"on other counts":              {`UPDATE quiet SET record = json_set(record, '$.behind', 99)`, "2026-01-02T12:05Z"},
		"on a memory that changed":     {`UPDATE projects SET last_note_id = 0, dashboard_body = 'gone'`, "2026-01-02T12:05Z"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, everyday, func(t *testing.T, w *world) {
				p := w.first(t)
				p.run()
				p.runs(2)
				w.verdict(t)
				db, err := sql.Open("sqlite", "file:"+p.path)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if _, err := db.Exec(c.spoil); err != nil {
					t.Fatal(err)
				}
				w.until(c.at)
				if !p.run().Quiet {
					t.Fatal("the run looked at everything")
				}
				if !slices.ContainsFunc(w.judge.wrong, func(s string) bool { return strings.HasPrefix(s, "I17: ") }) {
					t.Errorf("nobody saw it: %q", w.judge.wrong)
				}
			})
		})
	}
}
