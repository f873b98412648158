package main

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/scheduler"
)

func serveCommand() command {
	return command{
		name:    "serve",
		summary: "look at every project by the schedule until stopped",
		about: `
Looks at every project as often as the configuration's schedule says (hourly by
default, in UTC), each a little later than the other. SIGTERM and SIGINT start
no more runs and give those under way half a minute to end.`,
		setup: func(p *program, flags *flag.FlagSet) action {
			path := configFlag(flags)
			now := flags.Bool("now", false, "look at every project once at the start, too")
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 {
					return usage("serve takes no arguments; pinwheel run looks at single projects")
				}
				return p.serve(ctx, *path, *now)
			}
		},
	}
}

// onSignal ends a context by SIGTERM or SIGINT. A second one kills.
func onSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func (p *program) serve(ctx context.Context, path string, atOnce bool) error {
	c, err := config.Load(path)
	if err != nil {
		return err
	}
	log := p.log(slog.LevelInfo)
	runner, closing, err := p.runner(ctx, c, c.Store, true, log)
	if err != nil {
		return err
	}
	defer closing()
	projects := map[string]config.Project{}
	var paths []string
	for _, project := range c.Projects {
		projects[project.Path] = project
		paths = append(paths, project.Path)
	}
	run := func(ctx context.Context, path string, now time.Time) error {
		report, err := runner.Run(ctx, projects[path], now)
		return outcome(report, err)
	}
	s, err := scheduler.New(paths, run, log, scheduler.Options{Spec: c.Schedule, Jitter: scheduler.DefaultJitter})
	if err != nil {
		return failure{exitUsage, err}
	}
	ctx, stop := p.untilSignal(ctx)
	defer stop()
	if atOnce {
		for _, path := range paths {
			s.Trigger(path)
		}
	}
	s.Run(ctx)
	counts := s.Counts()
	log.Info("stopped", "runs", counts.Runs, "failed", counts.Failed)
	return nil
}
