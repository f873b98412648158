package story

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/check/again"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/scheduler"
)

// outcome is how a run ended.
type outcome struct {
	at       time.Time
	project  string
	status   reconcile.Status
	failures []string
}

func (o outcome) String() string {
	return fmt.Sprintf("%s %s %s\n%s", o.at.UTC().Format("2006-01-02T15:04Z"), o.project, o.status, lines(o.failures))
}

// start begins the hourly runs with one now, as a trigger asks for it.
func (s *stage) start() error {
	var names []string
	for _, p := range s.config.Projects {
		names = append(names, p.Path)
	}
	for _, p := range round.Projects(s.config.Software) {
		names = append(names, round.Key(p.Member.Path))
	}
	sched, err := scheduler.New(names, s.run, nil, scheduler.Options{})
	if err != nil {
		return err
	}
	s.receive(sched)
	for _, name := range names {
		sched.Trigger(name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.scheduled = cancel, make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() { sched.Run(ctx) })
	both.Go(func() {
		sched.Watch(ctx, s.watch, func(ctx context.Context) []string { return s.watcher.Changed(ctx) })
	})
	if len(s.config.Discover) > 0 {
		both.Go(func() { s.discovers(ctx, sched, names) })
	}
	go func() { both.Wait(); close(s.scheduled) }()
	s.settle()
	return nil
}

// look is one look of the bot at a project; ok is false where path names none.
func (s *stage) look(ctx context.Context, path string, now time.Time) (ok bool, err error) {
	s.mu.Lock()
	rounds, all := s.rounds, round.Projects(s.config.Software)
	s.mu.Unlock()
	at := slices.IndexFunc(all, func(p round.Project) bool { return round.Key(p.Member.Path) == path })
	if at < 0 {
		return false, nil
	}
	s.mu.Lock()
	s.running++
	s.began.Add(1)
	s.mu.Unlock()
	report, err := rounds.Run(ctx, all[at], now)
	o := outcome{at: now, project: path, status: reconcile.Done, failures: report.Failures}
	if err != nil {
		o.failures = append(o.failures, err.Error())
	}
	if len(o.failures) > 0 {
		o.status = reconcile.Failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.runs++
	s.last[path] = o
	if o.status != reconcile.Done {
		s.troubles = append(s.troubles, o)
	}
	return true, err
}

// run is one run of the project at path.
func (s *stage) run(ctx context.Context, path string, now time.Time) error {
	if ok, err := s.look(ctx, path, now); ok {
		return err
	}
	s.mu.Lock()
	s.running++
	s.began.Add(1)
	runner := s.runner
	var project config.Project
	for _, p := range append(slices.Clone(s.config.Projects), s.found...) {
		if p.Path == path {
			project = p
		}
	}
	s.mu.Unlock()
	before := s.keep()
	report, err := runner.Run(ctx, project, now)
	var wrong []string
	if report.Quiet {
		wrong = s.again(before, again.Early{Report: report, Project: project, Now: now})
	}
	o := outcome{now, path, report.Status, report.Failures}
	if err != nil && len(o.failures) == 0 {
		o.failures = []string{err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.runs++
	s.watcher.Ran(path, report)
	s.last[path] = o
	s.wrong = append(s.wrong, wrong...)
	if o.status != reconcile.Done || err != nil || len(o.failures) > 0 {
		s.troubles = append(s.troubles, o)
	}
	return err
}

// settle waits until no run is under way; a run that backs off takes its time.
func (s *stage) settle() {
	for {
		synctest.Wait()
		s.mu.Lock()
		running := s.running
		s.mu.Unlock()
		if running == 0 {
			return
		}
		time.Sleep(time.Second)
	}
}

// stop ends the scheduler.
func (s *stage) stop() {
	if s.cancel != nil {
		s.cancel()
		<-s.scheduled
		s.cancel = nil
	}
}
