package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
)

func (p *program) healthCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "health", GroupID: groupCheck,
		Short: "say whether the last good runs are recent",
		Long: `Reads the database alone and prints, for each project, when its last good run
ended: one that did all it decided. The exit code is 1 when one is older than
--within, or there was none. Without --within that is two of the schedule's
steps and an hour more: three hours for @hourly. With --any every run counts
that came to its end, however that was: then a project that waits for a person
is healthy, as suits a check upon which the program is restarted.`,
		Example: `  pinwheel health
  pinwheel health --any --within 3h`,
	}
	o := shared(c, configFlag, atFlag, jsonFlag)
	within := c.Flags().Duration("within", 0, "how old the last run may be; 0 is two of the schedule's steps and an hour")
	anyRun := c.Flags().Bool("any", false, "count runs that failed or stopped, too")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if len(args) > 0 {
			return usage("health takes no arguments")
		}
		s, err := p.subject(o, nil)
		if err != nil {
			return err
		}
		return p.health(ctx, s, healthy{*within, *anyRun, o.json})
	}
	return c
}

// healthy is what health was asked.
type healthy struct {
	within time.Duration // 0: by the schedule
	any    bool          // runs that failed count, too
	json   bool
}

func (p *program) health(ctx context.Context, of subject, how healthy) error {
	within := how.within
	if within <= 0 {
		within = patience(of.config.Schedule, of.now)
	}
	ran := map[string]store.Ran{}
	if !noDatabase(of.config) {
		s, err := p.database(ctx, of.config)
		if err != nil {
			return failure{exitFailed, err}
		}
		defer s.Close() //nolint:errcheck // it was only read
		if ran, err = s.LastRuns(ctx); err != nil {
			return failure{exitFailed, err}
		}
	}
	bad := false
	for _, project := range of.projects {
		if project.Policy.Mode == plan.Off {
			continue
		}
		r, what := ran[project.Path], "good run"
		last := r.Good
		if how.any {
			last, what = r.Any, "run"
		}
		recent := !last.IsZero() && of.now.Sub(last) <= within
		bad = bad || !recent
		switch {
		case how.json:
			if err := p.line(healthOut{project.Path, recent, known(last), within.Seconds(), printable(r.Said)}); err != nil {
				return err
			}
		case last.IsZero():
			fmt.Fprintf(p.out, "%s: no %s yet%s\n", project.Path, what, said(r))
		case !recent:
			fmt.Fprintf(p.out, "%s: the last %s ended %s, more than %s ago%s\n", project.Path, what, last.Format(time.RFC3339), within, said(r))
		default:
			fmt.Fprintf(p.out, "%s: the last %s ended %s\n", project.Path, what, last.Format(time.RFC3339))
		}
	}
	if bad {
		return failure{code: exitFailed}
	}
	return nil
}

// said is what was wrong with the last run, after a colon, and since when it has been the same.
func said(r store.Ran) string {
	if r.Said == "" {
		return ""
	}
	if r.InARow > 1 {
		return fmt.Sprintf(": %s (the last %d runs, since %s)", printable(r.Said), r.InARow, r.Since.Format(time.RFC3339))
	}
	return ": " + printable(r.Said)
}

// patience is two steps of a schedule and an hour.
func patience(schedule string, now time.Time) time.Duration {
	first, err := scheduler.Next(schedule, now)
	if err != nil || first.IsZero() {
		return 3 * time.Hour
	}
	second, err := scheduler.Next(schedule, first)
	if err != nil || second.IsZero() {
		return 3 * time.Hour
	}
	return 2*second.Sub(first) + time.Hour
}
