package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
	"gitlab.com/cki-project/pinwheel/web"
)

func (p *program) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "serve", GroupID: groupWork,
		Short: "look at every project by the schedule until stopped",
		Long: `Looks at every project as often as the configuration's schedule says (hourly by
default, in UTC). It spreads the starts over the hour, and looks at no more
than runs_at_once projects at the same time. Every minute it asks GitLab, in
one request for all projects, whether somebody changed a dashboard, and of each
project with a red batch whether a pipeline ended for which the batch waits.
Then it looks at that project at once, so that a ticked box is carried out
within a minute or two. In the same way it learns of comments on merge requests
that have the bot, and when a pipeline ended that such a comment asked for. It
takes up what an earlier process left unfinished as soon as the lease of that
one ends.
SIGTERM and SIGINT end it within two seconds.`,
		Example: `  pinwheel serve --config /etc/pinwheel.yaml
  pinwheel serve --now --textfile-metrics /var/lib/node_exporter/pinwheel.prom`,
	}
	o := shared(c, configFlag)
	now := c.Flags().Bool("now", false, "look at every project once at the start, too")
	every := c.Flags().Duration("watch", time.Minute, "how often to look whether somebody changed a dashboard or such a pipeline ended; 0 for never")
	metrics := c.Flags().String("textfile-metrics", "", "write metrics after each run to `FILE`, for the node exporter of Prometheus")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if len(args) > 0 {
			return usage("serve takes no arguments; pinwheel run looks at single projects")
		}
		return p.serve(ctx, o.config, serving{*now, *every, *metrics})
	}
	return c
}

// serving is how serve was asked to go about it.
type serving struct {
	atOnce  bool
	watch   time.Duration
	metrics string // a path, or empty
}

// service is serve at work.
type service struct {
	hosts hostCounts
	*program
	config   *config.Config
	log      *slog.Logger
	runner   *reconcile.Runner
	projects map[string]config.Project
	paths    []string // of projects, and the keys of those with the bot
	bots     *servedBots
	closing  *closing
	watcher  *reconcile.Watcher
	metrics  *metrics       // nil if nobody asks for any
	events   *web.Wakes     // nil if no webhook comes in
	signIn   *gitlab.SignIn // nil if the page has no sign-in
}

func (p *program) serve(ctx context.Context, path string, how serving) error {
	makeRoom()
	c, err := load(path)
	if err != nil {
		return err
	}
	if err := p.checkListen(c); err != nil {
		return err
	}
	s := &service{program: p, config: c, log: p.log(slog.LevelInfo), projects: map[string]config.Project{}, closing: newClosing(c.Projects)}
	if s.signIn, err = p.signsIn(c); err != nil {
		return err
	}
	wired := wiring{path: c.Store, gitlab: true, log: s.log}
	if how.metrics != "" || c.Listen.Metrics != "" {
		s.metrics = newMetrics(how.metrics, p.version)
	}
	wired.observe, wired.views = s.observe, c.Listen.Page != ""
	runner, done, err := p.runner(ctx, c, wired)
	if err != nil {
		return err
	}
	defer done()
	lookers, err := p.botOf(c, runner)
	if err != nil {
		return err
	}
	s.runner, s.bots, s.watcher = runner, newBots(c, lookers, s.metrics), reconcile.NewWatcher(runner.GitLab, runner.Dashboard)
	for _, project := range c.Projects {
		s.projects[project.Path] = project
		s.paths = append(s.paths, project.Path)
	}
	if s.metrics != nil {
		ran, err := runner.Store.LastRuns(ctx)
		if err != nil {
			return failure{exitFailed, err}
		}
		s.metrics.before(s.paths, ran)
	}
	s.paths = append(s.paths, s.bots.keys()...)
	return s.until(ctx, how)
}

// until looks at the projects until ctx ends.
func (s *service) until(ctx context.Context, how serving) error {
	schedule, err := scheduler.New(s.paths, s.run, s.log, scheduler.Options{Spec: s.config.Schedule, Jitter: scheduler.DefaultJitter, AtOnce: s.config.AtOnce, Closes: s.closing.at, Grace: -1})
	if err != nil {
		return failure{exitUsage, err}
	}
	faces, err := web.Listen(s.faces(schedule), s.log)
	if err != nil {
		return failure{exitUsage, err}
	}
	if how.atOnce {
		for _, path := range s.paths {
			schedule.Start(path)
		}
	}
	unfinished, err := s.runner.Store.Unfinished(ctx)
	if err != nil {
		return failure{exitFailed, err}
	}
	for _, path := range unfinished {
		schedule.Start(path)
	}
	var beside sync.WaitGroup
	beside.Go(func() { schedule.Watch(ctx, how.watch, s.watcher.Changed) })
	beside.Go(func() { schedule.Watch(ctx, how.watch, s.bots.changed) })
	beside.Go(func() { schedule.Watch(ctx, pauseWatch, s.pausesChanged()) })
	beside.Go(func() { faces.Serve(ctx) })
	if s.events != nil {
		beside.Go(func() { s.learnSelf(ctx) })
	}
	if s.metrics != nil {
		beside.Go(func() { s.lookAtTokens(ctx) })
		beside.Go(func() { s.lookAtProduction(ctx) })
	}
	schedule.Run(ctx)
	beside.Wait()
	counts := schedule.Counts()
	s.log.Info("stopped", "runs", counts.Runs, "failed", counts.Failed)
	return nil
}

// observe counts a request.
func (s *service) observe(host string, status int) {
	s.hosts.answered(host, status)
	if s.metrics != nil {
		s.metrics.answered(host, status)
	}
}

// checkListen says what is missing for an address before anything starts.
func (p *program) checkListen(c *config.Config) error {
	if c.Listen.Hooks == "" {
		return nil
	}
	if _, err := c.HooksToken(p.env); err != nil {
		return failure{exitUsage, err}
	}
	return nil
}

// run looks at one project.
func (s *service) run(ctx context.Context, path string, now time.Time) error {
	began := time.Now()
	if known, err := s.bots.run(ctx, path, now); known {
		return err
	}
	report, err := s.runner.Run(ctx, s.projects[path], now)
	if busy, ok := errors.AsType[*store.Busy](err); ok { // another process is at work, or was killed: its lease tells
		return &scheduler.Later{At: busy.Until, Err: err}
	}
	s.watcher.Ran(path, report)
	if merr := s.metrics.ran(path, lasted{began, time.Now()}, report, err); merr != nil {
		s.log.Error("metrics not written", "err", merr)
	}
	s.closing.ran(path, report)
	return outcome(report, err)
}
