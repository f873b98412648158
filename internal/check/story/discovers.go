package story

import (
	"context"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/discover"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/scheduler"
)

// discovers looks for projects every hour, as serve does, until ctx ends.
func (s *stage) discovers(ctx context.Context, sched *scheduler.Scheduler, listed []string) {
	var finders []*discover.Finder
	for _, entry := range s.config.Discover {
		finders = append(finders, discover.New(entry, s.runner.GitLab, func(path string) bool {
			for _, name := range listed {
				if strings.EqualFold(name, path) {
					return false
				}
			}
			return true
		}))
	}
	for {
		names, fresh := slices.Clip(listed), []string{}
		var found []config.Project
		for _, f := range finders {
			now := time.Now()
			look := f.Look(ctx, now)
			found, fresh = append(found, look.Projects...), append(fresh, look.New...)
			if len(look.Failures) > 0 && ctx.Err() == nil {
				s.mu.Lock()
				s.troubles = append(s.troubles, outcome{now, "discovery", reconcile.Failed, look.Failures})
				s.mu.Unlock()
			}
		}
		for _, p := range found {
			names = append(names, p.Path)
		}
		s.mu.Lock()
		s.found = found
		s.mu.Unlock()
		sched.Set(names)
		for _, path := range fresh {
			sched.Start(path)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}
