package round

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/bot"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/operation"
	"gitlab.com/cki-project/pinwheel/store"
)

// Options are the edges of a Runner. Log and Audit may be nil.
type Options struct {
	GitLab *gitlab.Client
	Store  *store.Store
	// FormerUsers are earlier usernames of pinwheel's user, and the usernames of users that
	// pinwheel had before.
	FormerUsers []string
	Log         *slog.Logger
	Audit       func(line []byte) error // gets each line of the audit
}

// Runner makes rounds. It keeps nothing between them.
type Runner struct{ Options }

// New returns a Runner over the given edges.
func New(o Options) *Runner {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Runner{o}
}

// Project is a project whose merge requests are read.
type Project struct {
	Member bot.Member
	Policy bot.Policy
}

// Key names the rounds of a project among the runs of the store, apart from the runs of the updater
// on the same project.
func Key(path string) string { return path + " (bot)" }

// Report is what a round found and did.
type Report struct {
	Open     int // merge requests
	Tests    []bot.Shows
	Notes    []string // for the operator, a sentence each; no failures
	Failures []string // one sentence each; what failed is tried again in the next look
	Wrote    int      // effects that changed something
	Paused   bool     // an operator paused the project, so nothing was read

	project int64               // what a Watcher needs to know
	updated map[int64]time.Time // of open merge requests, as they were listed
}

// limit is how long a round may take.
const limit = 9 * time.Minute

// passes bounds how often a round decides again after its own effects.
const passes = 8

// Run makes one round over a project as of now. Failures of single merge requests are in the report.
// An error means that the round did not begin or had to end: another one is under way
// (store.ErrBusy), the database or the journal failed, or GitLab did not let us read the project.
// While an operator has paused the project, Run reads nothing.
func (r *Runner) Run(ctx context.Context, p Project, now time.Time) (Report, error) {
	if _, err := r.Store.Ready(ctx); err != nil {
		return Report{}, err
	}
	if _, paused, err := r.Store.Paused(ctx, p.Member.Path); err != nil || paused {
		return Report{Paused: paused}, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	id, err := r.Store.BeginRun(ctx, Key(p.Member.Path), time.Now(), r.Store.Lease())
	if err != nil {
		return Report{}, err
	}
	ctx, release := r.Store.Hold(ctx, id, r.Store.Lease())
	defer release()
	l := r.newLook(p, now)
	l.journal = journal.New(r.Store, r.Audit, journal.Run{Project: p.Member.Path, ID: id, Now: now})
	err = l.work(ctx)
	end := store.RunEnd{Status: store.RunDone, Summary: strings.Join(l.report.Failures, "; ")}
	switch {
	case err != nil:
		end = store.RunEnd{Status: store.RunFailed, Summary: explain(err)}
	case len(l.report.Failures) > 0:
		end.Status = store.RunFailed
	}
	finish, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	if ferr := r.Store.FinishRun(finish, id, now, end); err == nil && ferr != nil {
		err = fmt.Errorf("finish the look at %s: %w", p.Member.Path, ferr)
	}
	return l.report, err
}

// Preview reads one project and returns the states of its tests. It writes nothing.
func (r *Runner) Preview(ctx context.Context, p Project, now time.Time) (Report, error) {
	l := r.newLook(p, now)
	if err := l.observe(ctx); err != nil {
		return Report{}, err
	}
	l.enter(l.decide(ctx))
	return l.report, nil
}

func (r *Runner) newLook(p Project, now time.Time) *look {
	return &look{Runner: r, project: p, now: now, operations: operation.New(r.GitLab), projects: map[string]gitlab.Project{}, log: r.Log.With("project", p.Member.Path)}
}

// look is one round over a project.
type look struct {
	*Runner
	project    Project
	now        time.Time
	operations *operation.Client
	journal    *journal.Journal
	log        *slog.Logger
	snap       bot.Snapshot
	home       gitlab.Project
	projects   map[string]gitlab.Project // by path, as read in this look
	shas       map[int64]string          // of the pipelines of heads
	report     Report
}

func (l *look) work(ctx context.Context) error {
	if err := l.observe(ctx); err != nil {
		return err
	}
	for range passes {
		plan := l.decide(ctx)
		l.enter(plan)
		if len(plan.Actions) == 0 {
			return nil
		}
		for _, a := range plan.Actions {
			if l.snap.Failed[bot.Of(a)] {
				continue
			}
			if err := l.effect(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// enter enters a plan into the report.
func (l *look) enter(p bot.Plan) {
	l.report.Tests = p.Tests
	if len(p.Needs) == 0 {
		l.report.Notes = p.Notes
	}
}

// fail adds a failure to the report, once, and ends the work on a merge request for this round. An
// iid of 0 is no merge request.
func (l *look) fail(iid int64, err error) {
	if iid != 0 {
		l.snap.Failed[iid] = true
	}
	says := explain(err)
	if iid != 0 {
		says = fmt.Sprintf("!%d: %s", iid, says)
	}
	if slices.Contains(l.report.Failures, says) {
		return
	}
	l.report.Failures = append(l.report.Failures, says)
	l.log.Warn("look failed in part", "mr", iid, "err", says)
}

// explain is the sentence of an error for people, or the text of the error if it has none.
func explain(err error) string {
	if s := gitlab.Explain(err); s != "" {
		return s
	}
	return err.Error()
}

// definite reports whether GitLab refused for good, so that the same request would fail again.
func definite(err error) bool {
	return errors.Is(err, gitlab.ErrRefused) && !errors.Is(err, gitlab.ErrConflict) || errors.Is(err, gitlab.ErrForbidden) || errors.Is(err, gitlab.ErrNotFound)
}
