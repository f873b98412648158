package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/discover"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/web"
)

// This file keeps serve's projects: those that the configuration lists and those that are
// found.

const (
	// discoverEvery is how often projects are looked for, and discoverAgain how soon after a
	// look that failed before it found anything.
	discoverEvery, discoverAgain = time.Hour, time.Minute
	// rememberWithin is how old the last good run of a project may be that is taken for found
	// while GitLab does not answer.
	rememberWithin = 48 * time.Hour
)

// projects are all, by path.
func (c *current) projects() map[string]config.Project {
	out := map[string]config.Project{}
	for _, all := range c.found {
		for _, project := range all {
			out[project.Path] = project
		}
	}
	for _, project := range c.config.Projects {
		out[project.Path] = project
	}
	return out
}

// keys name them and the projects with the bot to the scheduler: those that are listed first.
func (c *current) keys() []string {
	var out []string
	found := c.projects()
	for _, project := range c.config.Projects {
		out = append(out, project.Path)
		delete(found, project.Path)
	}
	out = append(out, slices.Sorted(maps.Keys(found))...)
	return append(out, c.bots.keys()...)
}

func (c *current) watcher(project config.Project) *reconcile.Watcher {
	if w := c.watchers[project.Token.Key()]; w != nil {
		return w
	}
	return c.watchers[""]
}

// project is the one at a path; ok is false if there is none any more.
func (s *service) project(at *current, path string) (p config.Project, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := slices.IndexFunc(at.config.Projects, func(p config.Project) bool { return p.Path == path })
	if i >= 0 {
		return at.config.Projects[i], true
	}
	for _, all := range at.found {
		if i := slices.IndexFunc(all, func(p config.Project) bool { return p.Path == path }); i >= 0 {
			return all[i], true
		}
	}
	return config.Project{}, false
}

// finders returns one Finder for each entry of discover. A project that is listed, or that an
// earlier entry covers, is left to that one.
func finders(c *config.Config, runner *reconcile.Runner) (out []*discover.Finder, err error) {
	for i, entry := range c.Discover {
		client, _, err := connected(runner, entry.Token)
		if err != nil {
			return nil, err
		}
		out = append(out, discover.New(entry, client, func(path string) bool {
			listed := slices.ContainsFunc(c.Projects, func(p config.Project) bool { return strings.EqualFold(p.Path, path) })
			return !listed && !slices.ContainsFunc(c.Discover[:i], func(d config.Discover) bool { return d.Covers(path) })
		}))
	}
	return out, nil
}

// find makes the finders of a configuration.
func (s *service) find(now *current) (err error) {
	now.finders, err = finders(now.config, now.runner)
	return err
}

// discover looks for projects once an hour. With atOnce those of the first look are run at
// once, and those of later ones in any case.
func (s *service) discover(ctx context.Context, atOnce bool) {
	first := true
	for {
		wait := discoverEvery
		if at := s.current(); len(at.finders) > 0 {
			if !s.look(ctx, at, !first || atOnce) && first {
				wait = discoverAgain
			} else {
				first = false
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.reloaded:
		case <-time.After(wait):
		}
	}
}

// look looks for projects with every finder, and reports whether GitLab answered.
func (s *service) look(ctx context.Context, at *current, start bool) (answered bool) {
	answered = true
	found := map[string][]config.Project{}
	var fresh, lost []string
	for i, f := range at.finders {
		look := f.Look(ctx, time.Now())
		if ctx.Err() != nil {
			return false
		}
		found[fmt.Sprint(i)] = look.Projects
		fresh, lost = append(fresh, look.New...), append(lost, look.Lost...)
		for _, text := range look.Failures {
			s.log.Warn("discovery", "err", printable(text))
		}
		answered = answered && (len(look.Failures) == 0 || len(look.Projects) > 0)
		s.onboard(ctx, at, i, look.Lacking)
	}
	s.metrics.discovered(fresh, lost)
	if !s.replace(at, found) {
		return answered // the configuration changed meanwhile; its own look follows
	}
	for _, path := range fresh {
		s.log.Info("project found", "project", path)
		if start {
			s.schedule.Start(path)
		}
	}
	for _, path := range lost {
		s.log.Info("project lost", "project", path)
	}
	return answered
}

// replace takes over which projects are found, and reports whether the configuration is still
// the one they were looked for by.
func (s *service) replace(at *current, found map[string][]config.Project) bool {
	s.mu.Lock()
	same := s.now == at
	if same {
		next := *at
		next.found = found
		s.listen(&next)
		s.now = &next
		s.room = serveWithin(len(next.projects()), s.room)
	}
	now := s.now
	s.mu.Unlock()
	if same {
		for _, all := range found {
			s.closing.add(all)
		}
		s.schedule.Set(now.keys())
	}
	return same
}

// listen lets webhooks wake the projects, with the lock held.
func (s *service) listen(now *current) {
	if now.config.Listen.Hooks == "" {
		return
	}
	now.events = web.NewWakes(s.schedule, now.woken())
	if s.self != "" {
		now.events.Self(s.self)
	}
}
