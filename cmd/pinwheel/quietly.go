package main

import (
	"context"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/fleet"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// quietly makes runs of projects as long as nothing changed in them.
func (s *service) quietly(ctx context.Context, paths []string) fleet.Quiet {
	began, at := time.Now(), s.current()
	var out fleet.Quiet
	var projects []config.Project
	for _, path := range paths {
		if project, ok := s.project(at, path); ok {
			projects = append(projects, project)
		} else {
			out.Alone = append(out.Alone, path)
		}
	}
	did, err := at.runner.Quietly(ctx, projects, began.UTC().Round(0))
	if err != nil && ctx.Err() == nil {
		s.log.Error("runs of a batch went wrong", "projects", len(projects), "err", sentence(err))
	}
	for _, e := range did.Ended {
		out.Ended = append(out.Ended, e.Project)
		i := slices.IndexFunc(projects, func(p config.Project) bool { return p.Path == e.Project })
		_ = s.ran(projects[i], lasted{began, time.Now()}, e.Report, nil) // nothing failed
	}
	out.Alone, out.On, out.Slow = append(out.Alone, did.Alone...), did.On, did.Slow
	if did.Rest == nil {
		return out
	}
	i := slices.IndexFunc(projects, func(p config.Project) bool { return p.Path == did.On })
	out.Rest = func(ctx context.Context) error {
		report, err := did.Rest(ctx)
		return s.ran(projects[i], lasted{began, time.Now()}, report, err)
	}
	return out
}

// ran says to whoever wants to know what a run did, and returns what the scheduler makes of it.
func (s *service) ran(project config.Project, took lasted, report reconcile.Report, err error) error {
	s.current().watcher(project).Ran(project.Path, report)
	if merr := s.metrics.ran(project.Path, took, report, err); merr != nil {
		s.log.Error("metrics not written", "err", merr)
	}
	s.closing.ran(project.Path, report)
	return outcome(report, err)
}
