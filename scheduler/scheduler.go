package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
)

// The values a daemon uses.
const (
	DefaultSpec   = "@hourly"
	DefaultJitter = time.Hour
	DefaultGrace  = 30 * time.Second
	DefaultAtOnce = 4
)

// urgent is how long a triggered run waits for one of the places, or for one of the additional places
// that are there for it at once. After that it gets one of the rest of these.
const urgent = 5 * time.Second

// Later is the error of a run that could not be made now and is tried again at an instant. It is
// not a failure.
type Later struct {
	At  time.Time
	Err error
}

func (l *Later) Error() string { return l.Err.Error() }

// Unwrap is why it could not be made.
func (l *Later) Unwrap() error { return l.Err }

// RunFunc does one run of project as of now. Its context outlives a stop by
// the grace period, so that an effect that has begun can be finished. A panic
// is a failed run.
type RunFunc func(ctx context.Context, project string, now time.Time) error

// Options tune a Scheduler. The zero value runs every project on the hour.
type Options struct {
	// Spec is a cron spec of five fields or a name such as @hourly, read in
	// UTC. Empty means DefaultSpec.
	Spec string
	// Jitter spreads the starts of the projects evenly, in their order, over the
	// time until the next instant of Spec, or over Jitter if that is shorter. A project
	// starts the same number of whole seconds after each instant. Zero or less starts all
	// of them together.
	Jitter time.Duration
	// Closes, if set, returns the instant by which a project that is due has to have
	// started, or zero for no such bound.
	Closes func(project string, due time.Time) time.Time
	// AtOnce is how many runs may be at work at the same time, MostAtOnce at most; zero is DefaultAtOnce.
	// Runs that Trigger asked for have as many additional places. Half of these they take at
	// once, and the rest after five seconds.
	AtOnce int
	// Short, if set, says that memory is short. Then one of the runs that nobody waits for goes on
	// at a time, see GiveWay.
	Short func() bool
	// Grace is how long runs may go on after a stop before their context is
	// cancelled. Zero means DefaultGrace; less than zero cancels at once.
	Grace time.Duration
}

// Counts are the runs that have ended since the Scheduler was made.
type Counts struct {
	Runs   int
	Failed int // returned an error or panicked; those a stop cut short are not counted here
}

// Scheduler starts the runs. Its methods may be called from any goroutine.
type Scheduler struct {
	run    RunFunc
	log    *slog.Logger
	jitter time.Duration
	closes func(project string, due time.Time) time.Time
	grace  time.Duration
	places *places // of runs under way
	soon   *places // additional ones for triggered runs
	late   *places // more of them, for those that waited
	ways   ways

	mu      sync.Mutex
	cron    cron.Schedule
	members map[string]*member
	order   []string                 // of the projects, as they were given
	leaving map[string]chan struct{} // by project: closed when the last run of one that was left out has ended
	life    *life                    // nil while Run does not start runs
	counts  Counts
}

// New returns a Scheduler that starts nothing until Run. A project that is named twice counts once.
// It returns an error if the spec cannot be read or has no instant in the next five years. A nil
// log is silent.
func New(projects []string, run RunFunc, log *slog.Logger, opts Options) (*Scheduler, error) {
	schedule, err := parse(opts.Spec)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Scheduler{run: run, log: log, cron: schedule, jitter: opts.Jitter, grace: opts.Grace, closes: opts.Closes, members: map[string]*member{}, leaving: map[string]chan struct{}{}}
	if s.ways.short = opts.Short; s.ways.short == nil {
		s.ways.short = func() bool { return false }
	}
	if opts.AtOnce <= 0 {
		opts.AtOnce = DefaultAtOnce
	}
	s.places, s.soon, s.late = newPlaces(), newPlaces(), newPlaces()
	s.SetAtOnce(opts.AtOnce)
	if s.grace == 0 {
		s.grace = DefaultGrace
	}
	s.Set(projects)
	return s, nil
}

// parse reads a spec. It refuses time zone prefixes, since the parser panics on some of them and
// the schedule of a daemon needs none.
func parse(spec string) (cron.Schedule, error) {
	if spec == "" {
		spec = DefaultSpec
	}
	if strings.Contains(spec, "TZ=") {
		return nil, fmt.Errorf("schedule %q: a time zone is not understood here, the spec is read in UTC", spec)
	}
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", spec, err)
	}
	if schedule.Next(time.Now().UTC()).IsZero() {
		return nil, fmt.Errorf("schedule %q: never comes", spec)
	}
	return schedule, nil
}

// Trigger asks for a run of project: at once, or after the run that is under way, or when Run
// starts. All calls until that run begins ask for one run together. It reports whether project is
// known.
func (s *Scheduler) Trigger(project string) bool {
	known := s.wake(project, func(m *member) chan struct{} { return m.trigger })
	s.Hurry(project)
	return known
}

// Hurry says that somebody waits for the run of project that is under way, if there is one.
func (s *Scheduler) Hurry(project string) {
	if m := s.member(project); m != nil {
		if w := s.wayOf(m); w != nil {
			w.hurry()
		}
	}
}

// Start is Trigger for a run that nobody waits for: it does not use the additional places.
func (s *Scheduler) Start(project string) bool {
	return s.wake(project, func(m *member) chan struct{} { return m.start })
}

// StartAll is Start for each of some projects.
func (s *Scheduler) StartAll(projects []string) {
	for _, project := range projects {
		s.Start(project)
	}
}

func (s *Scheduler) wake(project string, of func(*member) chan struct{}) bool {
	m := s.member(project)
	if m == nil {
		return false
	}
	s.waits(m)
	select {
	case of(m) <- struct{}{}:
	default: // one is waiting already
	}
	return true
}

// Counts returns the counts so far.
func (s *Scheduler) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Run starts runs until ctx ends. Then it starts none, lets those under way go on for the grace
// period, cancels their context, and returns when the last one has returned. It must be called only
// once.
func (s *Scheduler) Run(ctx context.Context) {
	runs, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	l := &life{ctx: ctx, runs: runs}
	s.begin(l)
	<-ctx.Done()
	s.end()
	ended := make(chan struct{})
	go func() { l.all.Wait(); close(ended) }()
	grace := time.NewTimer(max(s.grace, 0))
	defer grace.Stop()
	select {
	case <-ended:
		return
	case <-grace.C:
		cancel()
	}
	<-ended
}

// watch makes the runs of one project. It is the only goroutine that does, so a project
// never has two runs at a time.
func (s *Scheduler) watch(ctx, runs context.Context, m *member) {
	due := s.due(m, time.Now().UTC().Add(-s.jitter), time.Now().UTC().Add(-1))
	var again time.Time // a run that could not be made is tried again then
	at := clock{now: time.Now().UTC().Round(0)}
	for {
		at = clock{at.now, time.Now().UTC().Round(0)}
		if due = s.byTheClock(m, due, at); at.wentBack() {
			again = time.Time{}
		}
		next := due.at
		if !again.IsZero() && (next.IsZero() || again.Before(next)) {
			next = again
		}
		s.expects(m, next)
		// If an instant passed during a run, a run is due now, one for all such instants.
		timer := time.NewTimer(time.Until(next.Round(0)))
		if next.IsZero() { // none within five years
			timer.Stop()
		}
		asked := false
		select {
		case <-ctx.Done():
		case <-m.trigger:
			asked = true
		case <-m.start:
		case <-timer.C:
		case <-m.again:
			timer.Stop()
			due = s.due(m, time.Now().UTC().Add(-s.jitter), time.Now().UTC())
			continue
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
		now := time.Now().UTC().Round(0)
		s.waits(m)
		w := s.goes(m, asked)
		free, ok := s.place(ctx, m, asked)
		if !ok {
			s.gone(m, w)
			return
		}
		if !due.at.IsZero() && !now.Before(due.at.Add(-time.Millisecond)) { // a timer may fire a moment before the wall clock gets there
			due = s.due(m, due.tick, later(now, due.at))
		}
		s.begins(m)
		again = s.once(context.WithValue(runs, wayKey{}, w), m.state.Project, time.Now().UTC().Round(0))
		s.ended(m)
		s.gone(m, w)
		free()
	}
}

// clock is the time of the wall when it was read last, and now.
type clock struct{ last, now time.Time }

// corrected is by how much a clock may go back without any run being due anew.
const corrected = time.Minute

// wentBack reports whether somebody set the clock back.
func (c clock) wentBack() bool { return c.now.Before(c.last.Add(-corrected)) }

// byTheClock is when a project that is due starts, by the clock as it is now. If the clock went back
// by days, the instant that was due before is days away.
func (s *Scheduler) byTheClock(m *member, due start, c clock) start {
	if !c.wentBack() {
		return due
	}
	return s.due(m, c.now.Add(-s.jitter), c.now)
}

// start is an instant of the schedule, tick, and when a project starts for it.
type start struct{ tick, at time.Time }

// due is the first start of a project that is later than after and belongs to an instant
// of the schedule later than tick. It is zero if there is none in five years.
func (s *Scheduler) due(m *member, tick, after time.Time) start {
	schedule := s.schedule()
	for {
		tick = schedule.Next(tick)
		if tick.IsZero() {
			return start{}
		}
		if at := tick.Add(s.offset(m, tick)); at.After(after) {
			return start{tick, at}
		}
	}
}

// place waits for a place among the runs under way, and returns a function that frees it. ok is
// false if ctx ended first.
func (s *Scheduler) place(ctx context.Context, m *member, asked bool) (free func(), ok bool) {
	var patience <-chan time.Time
	var soon, late chan struct{}
	triggers := m.trigger
	for {
		if asked && triggers != nil {
			triggers, soon = nil, s.soon.taken
			timer := time.NewTimer(urgent)
			defer timer.Stop()
			patience = timer.C
		}
		select {
		case s.places.taken <- struct{}{}:
			return s.places.free, true
		case soon <- struct{}{}:
			return s.soon.free, true
		case late <- struct{}{}:
			return s.late.free, true
		case <-patience:
			late = s.late.taken
		case <-triggers:
			asked = true // somebody waits for it now
		case <-ctx.Done():
			return nil, false
		}
	}
}

// once makes one run and counts it. If the run could not be made, it returns when to try
// again.
func (s *Scheduler) once(ctx context.Context, project string, now time.Time) (again time.Time) {
	return s.counted(ctx, project, now, func(ctx context.Context) error { return s.run(ctx, project, now) })
}

// counted is once of a run that is made by run.
func (s *Scheduler) counted(ctx context.Context, project string, now time.Time, run func(context.Context) error) (again time.Time) {
	err := s.contained(ctx, project, run)
	stopped := err != nil && ctx.Err() != nil
	var wait *Later
	switch {
	case errors.As(err, &wait):
		s.log.Warn("run put off", "project", project, "error", err)
		return later(wait.At, now.Add(time.Second))
	case stopped:
		s.log.Warn("run cut short by the stop", "project", project, "error", err)
	case err != nil:
		s.log.Error("run failed", "project", project, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Runs++
	if err != nil && !stopped {
		s.counts.Failed++
	}
	return time.Time{}
}

// contained turns a panic of the run into an error; its stack goes to the log,
// since an error cannot carry it.
func (s *Scheduler) contained(ctx context.Context, project string, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			stack := debug.Stack()
			if of, ok := p.(interface{ Stack() []byte }); ok { // it comes from another goroutine
				stack = of.Stack()
			}
			s.log.Error("run panicked", "project", project, "panic", fmt.Sprint(p), "stack", string(stack))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return run(ctx)
}

// offset is how long after an instant of the schedule a project starts: its share of the
// shortest of the jitter, the time to the next instant, and the time until it closes.
func (s *Scheduler) offset(m *member, tick time.Time) time.Duration {
	share := s.share(m)
	if s.jitter <= 0 || share == 0 {
		return 0
	}
	over := s.jitter
	if next := s.schedule().Next(tick); !next.IsZero() {
		over = min(over, next.Sub(tick))
	}
	if s.closes != nil {
		if closes := s.closes(m.state.Project, tick); closes.After(tick) {
			over = min(over, closes.Sub(tick))
		}
	}
	return time.Duration(share * float64(over)).Truncate(time.Second)
}

func later(a, b time.Time) time.Time {
	return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare)
}
