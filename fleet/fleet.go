package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
)

// How often a process says that it is at work, and how often it looks for what is due.
const (
	beat  = 20 * time.Second
	sweep = time.Minute
)

// patience is how long a process waits for the database in one step.
const patience = 10 * time.Second

// The queues of River: looks by the schedule, and those that somebody waits for.
const (
	routine = "looks"
	asked   = "asked"
)

// Options are those of a Fleet.
type Options struct {
	Looks    *store.Looks
	Instance string // of this start of the program
	AtOnce   int    // looks that this process makes at once; as many more that somebody waits for
	Log      *slog.Logger
	// Quietly begins runs of projects, and ends them as long as nothing changed.
	Quietly func(ctx context.Context, projects []string) Quiet
	Beat    time.Duration // zero is 20 seconds
	Sweep   time.Duration // zero is a minute
}

// Fleet has the methods of a scheduler.Scheduler, whose schedule, counts and runs it uses.
type Fleet struct {
	*scheduler.Scheduler
	Options
	client *river.Client[pgx.Tx]

	quiet    *silence
	mu       sync.Mutex
	projects []string
	wanted   int           // looks at once
	resized  chan struct{} // gets one when that is another number
}

// New makes River's tables where they are missing. It starts nothing until Run.
func New(ctx context.Context, s *scheduler.Scheduler, projects []string, o Options) (*Fleet, error) {
	if o.Beat == 0 {
		o.Beat = beat
	}
	if o.Sweep == 0 {
		o.Sweep = sweep
	}
	quiet := &silence{log: o.Log, answers: o.Looks.Answers}
	o.Log = slog.New(quieter{o.Log.Handler(), quiet})
	f := &Fleet{Scheduler: s, Options: o, projects: projects, quiet: quiet, resized: make(chan struct{}, 1)}
	driver := riverpgxv5.New(o.Looks.Pool())
	log := slog.New(warnings{o.Log.Handler()})
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return nil, err
	}
	if err := o.Looks.Alone(ctx, func() error {
		_, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	}); err != nil {
		return nil, fmt.Errorf("make the tables of the queue: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{fleet: f})
	f.client, err = river.NewClient(driver, &river.Config{
		ID: o.Instance, Logger: log, Workers: workers, JobTimeout: -1, MaxAttempts: 25,
		Queues:                      map[string]river.QueueConfig{routine: {MaxWorkers: o.AtOnce}, asked: {MaxWorkers: o.AtOnce}},
		CompletedJobRetentionPeriod: time.Hour,
	})
	if err != nil {
		return nil, err
	}
	o.Looks.Enqueue = f.enqueue
	f.Looks = o.Looks
	return f, nil
}

// Job is a look at a project, or a batch of looks, as River keeps it.
type Job struct {
	Project  string   `json:"project"`
	Projects []string `json:"projects,omitempty"` // of a batch, which has no other; earlier versions make nothing of it
	Broken   bool     `json:"broken,omitempty"`   // something changed in a project that was in the same batch
}

// Kind is River's name of the job.
func (Job) Kind() string { return "look" }

// enqueue adds jobs in a transaction.
func (f *Fleet) enqueue(ctx context.Context, tx pgx.Tx, jobs []store.Job) error {
	rows := make([]river.InsertManyParams, 0, len(jobs))
	for _, j := range jobs {
		row := river.InsertManyParams{Args: Job{Project: j.Projects[0]}, InsertOpts: &river.InsertOpts{Queue: routine, Priority: 3}}
		if j.Batch {
			row.Args = Job{Projects: j.Projects, Broken: j.Broken}
		}
		if j.Urgent {
			row.InsertOpts = &river.InsertOpts{Queue: asked, Priority: 1}
		}
		rows = append(rows, row)
	}
	_, err := f.client.InsertManyFastTx(ctx, tx, rows)
	return err
}

type worker struct {
	river.WorkerDefaults[Job]
	fleet *Fleet
}

// Work makes one look, or those of a batch.
func (w *worker) Work(ctx context.Context, job *river.Job[Job]) error {
	if len(job.Args.Projects) > 0 {
		w.fleet.batch(ctx, job.Args)
		return nil
	}
	w.fleet.look(ctx, job.Args.Project, job.Queue == asked)
	return nil
}

// look makes one look, if one is due. After an error of the database it is due still, and the next
// sweep adds a job.
func (f *Fleet) look(ctx context.Context, project string, urgent bool) {
	if !f.Knows(project) {
		return // a process with another configuration knows it, or nobody does any more
	}
	look, err := f.Looks.Begin(ctx, project)
	if err != nil || !look.Due {
		f.failed("a look did not begin", project, err)
		return
	}
	again := f.Once(ctx, project, urgent)
	f.ended(ctx, look, again)
}

// ended says that a look ended. One that could not be made is due still.
func (f *Fleet) ended(ctx context.Context, look store.Look, again time.Time) {
	if !again.IsZero() || ctx.Err() != nil {
		return // another process is at work, or this one ends
	}
	end, done := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer done()
	f.failed("a look did not end", look.Project, f.Looks.End(end, look, f.Instance, f.After(look.Project, time.Now())))
}

func (f *Fleet) failed(what, project string, err error) {
	if err != nil {
		f.Log.Error(what, "project", project, "err", err)
	}
}

// Trigger asks for a look that somebody waits for. It reports whether that was written down.
func (f *Fleet) Trigger(project string) bool { return f.wake(project, true) }

// Start is Trigger for a look that nobody waits for.
func (f *Fleet) Start(project string) bool { return f.wake(project, false) }

// StartAll is Start for each of some projects, at once.
func (f *Fleet) StartAll(projects []string) {
	known := slices.DeleteFunc(slices.Clone(projects), func(p string) bool { return !f.Knows(p) })
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	if err := f.Looks.WakeAll(ctx, known); err != nil {
		f.Log.Error("wakes were not written down", "projects", len(known), "err", err)
	}
}

func (f *Fleet) wake(project string, urgent bool) bool {
	if !f.Knows(project) {
		return false
	}
	if urgent {
		f.Hurry(project)
	}
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	err := f.Looks.Wake(ctx, project, urgent)
	f.failed("a wake was not written down", project, err)
	return err == nil
}

// Set replaces the projects that this process knows of.
func (f *Fleet) Set(projects []string) {
	f.Scheduler.Set(projects)
	f.mu.Lock()
	f.projects = projects
	f.mu.Unlock()
	f.known(context.Background())
}

// known stores which projects this process knows, and for each new one when its first look is due.
func (f *Fleet) known(ctx context.Context) {
	f.mu.Lock()
	projects := f.projects
	f.mu.Unlock()
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	first, now := map[string]time.Time{}, time.Now()
	for _, p := range projects {
		first[p] = f.After(p, now)
	}
	if err := f.Looks.Set(ctx, first); err != nil && ctx.Err() == nil {
		f.Log.Error("projects were not written down", "err", err)
	}
}

// Run makes looks until ctx ends. Then it cancels those under way and returns when they have
// returned. It must be called only once.
func (f *Fleet) Run(ctx context.Context) {
	f.turn(ctx)
	for f.client.Start(context.WithoutCancel(ctx)) != nil { // the database does not answer
		select {
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Second):
		}
	}
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { f.resize(ctx) })
	beats, sweeps := time.NewTicker(f.Beat), time.NewTicker(f.Sweep)
	defer beats.Stop()
	defer sweeps.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-beats.C:
			f.beat(ctx)
		case <-sweeps.C:
			f.turn(ctx)
		}
	}
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer done()
	if err := f.client.StopAndCancel(stop); err != nil {
		f.Log.Error("the queue did not stop", "err", err)
	}
	if err := f.Looks.Leave(stop, f.Instance); err != nil {
		f.Log.Error("others learn in a minute that this process ended", "err", err)
	}
}

// turn says that this process is at work and what it knows, and adds what is due.
func (f *Fleet) turn(ctx context.Context) {
	f.beat(ctx)
	f.known(ctx)
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	if _, err := f.Looks.Sweep(ctx); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		f.Log.Error("what is due was not looked for", "err", err)
	}
}

func (f *Fleet) beat(ctx context.Context) {
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	err := f.Looks.Beat(ctx, f.Instance)
	switch {
	case err == nil:
		f.quiet.over()
	case !errors.Is(ctx.Err(), context.Canceled):
		f.Log.Error("others believe that this process ended", "err", err)
	}
}

// Watch is that of a Scheduler. Of what changed it wakes the projects that this process looked at
// last: the other processes watch theirs.
func (f *Fleet) Watch(ctx context.Context, every time.Duration, changed func(ctx context.Context) []string) {
	f.Scheduler.WatchWith(ctx, every, changed, func(projects []string) {
		if len(projects) == 0 {
			return
		}
		mine, err := f.Looks.Mine(ctx, f.Instance)
		for _, p := range projects {
			if err != nil || mine[p] {
				f.Trigger(p)
			}
		}
	})
}

// States returns one of each project that this process knows of; none while the database does not
// answer.
func (f *Fleet) States() []scheduler.State {
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	stands, err := f.Looks.Stands(ctx)
	if err != nil {
		return nil
	}
	out := f.Scheduler.States()
	for i, s := range out {
		stand := stands[s.Project]
		out[i].Waiting, out[i].Running, out[i].Next = stand.Waiting, stand.Running, stand.Next
	}
	return out
}

// Oldest is since when the look has been wanted that has waited longest; zero if none waits.
func (f *Fleet) Oldest() (oldest time.Time) {
	for _, s := range f.States() {
		if w := s.Waiting; s.Running.IsZero() && !w.IsZero() && (oldest.IsZero() || w.Before(oldest)) {
			oldest = w
		}
	}
	return oldest
}

// warnings leaves out what River says beside warnings and errors.
type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(a []slog.Attr) slog.Handler { return warnings{w.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
