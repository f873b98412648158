package main

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/reconcile"
)

// discovered adds the projects that are found to those that run looks at, and offers pinwheel
// to the others where that is asked for. What could not be read is said, and makes the exit
// code 1; projects of earlier runs are then taken for found.
func (p *program) discovered(ctx context.Context, s *subject, runner *reconcile.Runner) (code int) {
	all, err := finders(s.config, runner)
	if err != nil {
		fmt.Fprintln(p.err, "pinwheel: "+printable(sentence(err)))
		return exitUsage
	}
	if len(all) == 0 {
		return exitDone
	}
	say := func(text string) {
		fmt.Fprintln(p.err, "pinwheel: "+printable(text))
		code = exitFailed
	}
	good := map[string]time.Time{}
	ran, err := runner.Store.LastRuns(ctx)
	if err != nil {
		say(sentence(err))
	}
	for path, r := range ran {
		if s.now.Sub(r.Good) < rememberWithin {
			good[path] = r.Good
		}
	}
	for i, f := range all {
		f.Remember(good)
		look := f.Look(ctx, s.now)
		s.projects = append(s.projects, look.Projects...)
		for _, text := range look.Failures {
			say(text)
		}
		if d := s.config.Discover[i]; d.Onboard {
			o := &onboarder{program: p, config: s.config, runner: runner, entry: d, asked: map[string]bool{}}
			for _, text := range o.offer(ctx, look.Lacking) {
				say(text)
			}
		}
	}
	return code
}
