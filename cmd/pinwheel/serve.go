package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
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

func (p *program) serve(ctx context.Context, path string, how serving) error {
	makeRoom()
	c, err := load(path)
	if err != nil {
		return err
	}
	log := p.log(slog.LevelInfo)
	runner, done, err := p.runner(ctx, c, wiring{path: c.Store, gitlab: true, log: log})
	if err != nil {
		return err
	}
	defer done()
	projects := map[string]config.Project{}
	var paths []string
	for _, project := range c.Projects {
		projects[project.Path] = project
		paths = append(paths, project.Path)
	}
	bots := newBots(c, runner)
	paths = append(paths, bots.keys()...)
	closing := newClosing(c.Projects)
	watcher := reconcile.NewWatcher(runner.GitLab, runner.Dashboard)
	metrics := newMetrics(how.metrics, p.version)
	run := func(ctx context.Context, path string, now time.Time) error {
		began := time.Now()
		if known, err := bots.run(ctx, path, now); known {
			return err
		}
		report, err := runner.Run(ctx, projects[path], now)
		if busy, ok := errors.AsType[*store.Busy](err); ok { // another process is at work, or was killed: its lease tells
			return &scheduler.Later{At: busy.Until, Err: err}
		}
		watcher.Ran(path, report)
		if merr := metrics.ran(path, lasted{began, time.Now()}, report, err); merr != nil {
			log.Error("metrics not written", "err", merr)
		}
		closing.ran(path, report)
		return outcome(report, err)
	}
	s, err := scheduler.New(paths, run, log, scheduler.Options{Spec: c.Schedule, Jitter: scheduler.DefaultJitter, AtOnce: c.AtOnce, Closes: closing.at, Grace: -1})
	if err != nil {
		return failure{exitUsage, err}
	}
	if how.atOnce {
		for _, path := range paths {
			s.Start(path)
		}
	}
	unfinished, err := runner.Store.Unfinished(ctx)
	if err != nil {
		return failure{exitFailed, err}
	}
	for _, path := range unfinished {
		s.Start(path)
	}
	var watching sync.WaitGroup
	watching.Go(func() { s.Watch(ctx, how.watch, watcher.Changed) })
	watching.Go(func() { s.Watch(ctx, how.watch, bots.changed) })
	s.Run(ctx)
	watching.Wait()
	counts := s.Counts()
	log.Info("stopped", "runs", counts.Runs, "failed", counts.Failed)
	return nil
}
