package scheduler

import (
	"context"
	"fmt"
	"hash/fnv"
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
	DefaultJitter = 2 * time.Minute
	DefaultGrace  = 30 * time.Second
)

// RunFunc does one run of project as of now. Its context outlives a stop by
// the grace period, so that an effect that has begun can be finished. A panic
// is a failed run.
type RunFunc func(ctx context.Context, project string, now time.Time) error

// Options tune a Scheduler. The zero value runs every project on the hour.
type Options struct {
	// Spec is a cron spec of five fields or a name such as @hourly, read in
	// UTC. Empty means DefaultSpec.
	Spec string
	// Jitter spreads the projects: each starts a fixed time after every
	// instant of Spec, taken from its path, less than Jitter and in whole
	// seconds. Zero or less starts all of them together.
	Jitter time.Duration
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
	projects []string
	run      RunFunc
	log      *slog.Logger
	schedule cron.Schedule
	jitter   time.Duration
	grace    time.Duration
	// triggers holds at most one waiting request per project: a request says
	// "look again", so that two of them say no more than one.
	triggers map[string]chan struct{}

	mu     sync.Mutex
	counts Counts
}

// New returns a Scheduler that starts nothing until Run. A project named twice
// counts once. It fails when the spec cannot be read or names no instant of
// the next five years. A nil log is silent.
func New(projects []string, run RunFunc, log *slog.Logger, opts Options) (*Scheduler, error) {
	schedule, err := parse(opts.Spec)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Scheduler{
		run: run, log: log, schedule: schedule, jitter: opts.Jitter, grace: opts.Grace,
		triggers: make(map[string]chan struct{}, len(projects)),
	}
	if s.grace == 0 {
		s.grace = DefaultGrace
	}
	for _, p := range projects {
		if s.triggers[p] == nil {
			s.triggers[p] = make(chan struct{}, 1)
			s.projects = append(s.projects, p)
		}
	}
	return s, nil
}

// parse reads a spec. Time zone prefixes are refused: the parser panics on
// some of them, and a daemon's own rhythm needs none.
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

// Trigger asks for a run of project as soon as it has none: at once, after the
// run that is going on, or when Run starts. However often it is asked in
// between, it is one run. It reports whether project is known.
func (s *Scheduler) Trigger(project string) bool {
	c, ok := s.triggers[project]
	if !ok {
		return false
	}
	select {
	case c <- struct{}{}:
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

// Run starts runs until ctx ends. Then it starts none, gives those under way
// the grace period, cancels their context, and returns when the last has
// returned. It is called once.
func (s *Scheduler) Run(ctx context.Context) {
	runs, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var all sync.WaitGroup
	for _, p := range s.projects {
		all.Go(func() { s.watch(ctx, runs, p) })
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	<-ctx.Done()
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

// watch is the life of one project: being one goroutine, it cannot run twice
// at a time.
func (s *Scheduler) watch(ctx, runs context.Context, project string) {
	offset := offset(project, s.jitter)
	tick := s.schedule.Next(time.Now().UTC().Add(-offset))
	for {
		// An instant that passed during a run is due now, once.
		timer := time.NewTimer(time.Until(tick.Add(offset).Round(0)))
		if tick.IsZero() { // none within five years
			timer.Stop()
		}
		due := false
		select {
		case <-ctx.Done():
		case <-s.triggers[project]:
		case <-timer.C:
			due = true
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
		now := time.Now().UTC().Round(0)
		if due {
			// A timer may fire a moment before the wall clock gets there.
			tick = s.schedule.Next(later(tick, now.Add(-offset)))
		}
		s.once(runs, project, now)
	}
}

// once does one run and accounts for it.
func (s *Scheduler) once(ctx context.Context, project string, now time.Time) {
	err := s.contained(ctx, project, now)
	stopped := err != nil && ctx.Err() != nil
	switch {
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
}

// contained turns a panic of the run into an error; its stack goes to the log,
// since an error cannot carry it.
func (s *Scheduler) contained(ctx context.Context, project string, now time.Time) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("run panicked", "project", project, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return s.run(ctx, project, now)
}

// offset is the project's place in 0 <= offset < jitter, the same in every
// process.
func offset(project string, jitter time.Duration) time.Duration {
	seconds := uint64(max(jitter, 0) / time.Second)
	if seconds == 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(project))
	return time.Duration(h.Sum64()%seconds) * time.Second
}

func later(a, b time.Time) time.Time {
	return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare)
}
