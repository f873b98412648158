// Package reconcile runs one project once: observe, decide, apply, report, in this
// order. Only observe reads the world, and only apply and report write.
//
// Its invariant: a run takes a project and an instant, nothing else, and may stop after
// any of its effects. It does not know when it is called (scheduler), does not judge
// (decide) and renders no text (dashboard, mrs).
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/releasenotes"
	"gitlab.com/cki-project/pinwheel/store"
)

// Options are the edges a Runner works with. Log may be nil.
type Options struct {
	GitLab    *gitlab.Client
	Own       func(config.TokenSource) (*gitlab.Client, error) // with a token of projects' own; may be nil
	Dashboard *dashboard.Publisher
	Index     *pypi.Client
	Notes     *releasenotes.Reader   // nil: no release notes are read
	Sources   map[string]pypi.Source // by the index's name
	Store     *store.Store
	Log       *slog.Logger
	Limit     time.Duration // how long a run may take; 0 is 50 minutes
	Progress  func(done, total int)
	Audit     func(line []byte) error // gets each line of the audit; may be nil
	Budget    *Budget                 // over all projects; nil is no bound
	Claims    *Claims                 // of the runs that share Store and Index; nil for none
	// Unchanged says that a dashboard and its notes are known to be as a run left them, so
	// that a quiet run need not read them; may be nil.
	Unchanged   func(d store.QuietDashboard) bool
	Limits      config.Limits // of one run; the zero value is config.DefaultLimits
	FormerUsers []string      // names of users that pinwheel had before, as commits show them
	StatusURL   string
	HelpURL     string
	// Version tells this build of the program from others. Without it no run ends
	// early because nothing changed.
	Version string
	// Views keeps what runs find for the status page.
	Views bool
	// GiveWay, if set, is called before each part of a run that takes long. It may wait there, where
	// the run holds nothing that others wait for, until ctx ends.
	GiveWay func(ctx context.Context)
	// Whole runs look at everything, though nothing changed, and leave no record.
	Whole bool
}

// Runner runs projects. It keeps nothing between runs but what Options hold.
type Runner struct{ Options }

// New returns a Runner over the given edges.
func New(o Options) *Runner {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Limit == 0 {
		o.Limit = 50 * time.Minute
	}
	if o.GiveWay == nil {
		o.GiveWay = func(context.Context) {}
	}
	if o.Limits == (config.Limits{}) {
		o.Limits = config.DefaultLimits()
	}
	return &Runner{Options: o}
}

// of is the Runner with the connection of a project that has a token of its own.
func (r *Runner) of(project config.Project) (*Runner, error) {
	if !project.Token.Own() || r.Own == nil {
		return r, nil
	}
	client, err := r.Own(project.Token)
	if err != nil {
		return nil, err
	}
	own := *r
	own.GitLab, own.Dashboard = client, dashboard.NewPublisher(client)
	return &own, nil
}

// Status says how a run ended; it is the exit code in words.
type Status string

// The ways a run ends. Done: every decision was carried out. Failed: something
// was not and is tried again next run. Stopped: the project needs a person.
const (
	Done    Status = "done"
	Failed  Status = "failed"
	Stopped Status = "stopped"
)

// Report is what one run did and found.
type Report struct {
	Status Status
	// Quiet says that nothing changed since an earlier run that found nothing to do.
	// Then Plan counts what that one's did and has nothing else, and Body is empty.
	Quiet    bool
	Plan     plan.Plan
	Body     string   // of the dashboard as it should read
	Failures []string // one sentence each
	Wrote    int      // effects that changed something

	Windows []plan.Window // as this run read them, see Windows; none if it read no policy

	left   mark         // the dashboard as it left it
	record *store.Quiet // of a run that the next may end like; nil for none
}

// Preview is what a run would do, from reading alone.
type Preview struct {
	Snapshot     plan.Snapshot
	Plan         plan.Plan
	Body         string
	Verification plan.Verification // of Verify alone, which makes no plan
	Dashboard    dashboard.Issue   // as it was found; the zero Issue for none
}

// Run looks at one project as of now and carries out what is decided. The
// error is non-nil only when the run could not be made at all: another one is
// live (store.ErrBusy), or GitLab did not let us read the project. Where the store
// recovered from what failed, the run is made again at once.
func (r *Runner) Run(ctx context.Context, project config.Project, now time.Time) (Report, error) {
	if project.Policy.Mode == plan.Off {
		return Report{Status: Done}, nil
	}
	r, err := r.of(project)
	if err != nil {
		return Report{Status: Failed}, err
	}
	notice, err := r.Store.Ready(ctx)
	r.notice(notice)
	if err != nil {
		return Report{Status: Failed}, err
	}
	report, err := r.once(ctx, project, now)
	did, err := r.Store.Recover(ctx, err)
	r.notice(did.Notice)
	if !did.Again {
		return report, err
	}
	again, err := r.once(ctx, project, now)
	again.Wrote += report.Wrote
	return again, err
}

// notice logs what became of the database.
func (r *Runner) notice(text string) {
	if text != "" {
		r.Log.Warn("database replaced", "err", text)
	}
}

// once is one run on the database as it is.
func (r *Runner) once(ctx context.Context, project config.Project, now time.Time) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Limit)
	defer cancel()
	// Leases are judged by the clock, whatever instant the run is made for.
	id, err := r.Store.BeginRun(ctx, project.Path, time.Now(), r.Store.Lease())
	if err != nil {
		return Report{Status: Failed}, err
	}
	ctx, release := r.Store.Hold(ctx, id, r.Store.Lease())
	defer release()
	run := r.newRun(project, now)
	run.journal = journal.New(r.Store, r.Audit, journal.Run{Project: project.Path, ID: id, Now: now})
	if err := run.readPause(ctx, project.Path); err != nil {
		return Report{Status: Failed}, err
	}
	if report, ended := run.unchanged(ctx, project, id); ended {
		return report, nil
	}
	return run.whole(ctx, project, id)
}

// whole is what is left of a run in which something changed, or may have.
func (r *run) whole(ctx context.Context, project config.Project, id int64) (Report, error) {
	r.GiveWay(ctx)
	report, err := r.all(gitlab.Record(ctx, &r.heard.gitlab), project)
	if lost := context.Cause(ctx); err != nil && errors.Is(lost, store.ErrNotLive) {
		return report, lost
	}
	status := map[Status]store.RunStatus{Done: store.RunDone, Failed: store.RunFailed, Stopped: store.RunStopped}[report.Status]
	summary := strings.Join(report.Failures, "; ")
	if err != nil {
		status, summary = store.RunFailed, explain(err)
	}
	// The row is closed even when the run was cut short by its context.
	finish, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	if report.record != nil {
		if kerr := r.Store.KeepQuiet(finish, project.Path, id, *report.record); kerr != nil {
			r.Log.Warn("the next run looks at everything", "err", kerr.Error())
		}
	}
	if ferr := r.Store.FinishRun(finish, id, r.now.Asking(), store.RunEnd{Status: status, Summary: summary}); err == nil && ferr != nil {
		err = fmt.Errorf("finish the run of %s: %w", project.Path, ferr)
	}
	return report, err
}

// Preview reads one project and decides, and writes nothing to GitLab.
func (r *Runner) Preview(ctx context.Context, project config.Project, now time.Time) (Preview, error) {
	r, err := r.of(project)
	if err != nil {
		return Preview{}, err
	}
	run := r.newRun(project, now)
	run.looking = true
	o, err := run.observe(ctx, project)
	if err != nil {
		return Preview{}, err
	}
	return run.preview(ctx, o)
}

// Local decides for files that were read from disk, without any GitLab.
func (r *Runner) Local(ctx context.Context, project config.Project, files []plan.File, now time.Time) (Preview, error) {
	run := r.newRun(project, now)
	o, err := run.observeLocal(ctx, project, files)
	if err != nil {
		return Preview{}, err
	}
	return run.preview(ctx, o)
}

// preview decides on an observation and renders what a run would write.
func (r *run) preview(ctx context.Context, o observation) (Preview, error) {
	p, err := r.decide(ctx, o)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Snapshot: o.snap, Plan: p, Body: r.render(o, p)}
	if o.board.found == dashboard.FoundOpen {
		out.Dashboard = *o.board.issue
	}
	return out, nil
}

// Verify reads one project and judges its pins as they are.
func (r *Runner) Verify(ctx context.Context, project config.Project, now time.Time) (Preview, error) {
	r, err := r.of(project)
	if err != nil {
		return Preview{}, err
	}
	run := r.newRun(project, now)
	run.looking = true
	o, err := run.observe(ctx, project)
	if err != nil {
		return Preview{}, err
	}
	return run.verifyPins(ctx, o)
}

// VerifyLocal judges the pins of files that were read from disk, without any
// GitLab.
func (r *Runner) VerifyLocal(ctx context.Context, project config.Project, files []plan.File, now time.Time) (Preview, error) {
	run := r.newRun(project, now)
	o, err := run.observeLocal(ctx, project, files)
	if err != nil {
		return Preview{}, err
	}
	return run.verifyPins(ctx, o)
}

// Windows are those in which something of a project may open by itself: its own,
// and those of its rules.
func Windows(p plan.Policy) []plan.Window {
	out := []plan.Window{p.Window}
	for _, rule := range p.Rules {
		if rule.Window != nil {
			out = append(out, *rule.Window)
		}
	}
	return out
}

func (r *Runner) newRun(project config.Project, now time.Time) *run {
	return &run{Runner: r, now: plan.At(now), log: r.Log.With("project", project.Path), heard: &heard{}, notes: newNotesReader()}
}

// explain is the sentence for a person, or the error's own words.
func explain(err error) string {
	if s := gitlab.Explain(err); s != "" {
		return s
	}
	return err.Error()
}
