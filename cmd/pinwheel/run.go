package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

func (p *program) runCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "run [PROJECT...]", GroupID: groupWork,
		Short: "look at projects once and do what is due",
		Long: `Looks at every project of the configuration, or at those that are named, at
runs_at_once of them at the same time. It reads the files, the dashboard and
the merge requests of a project, asks the index, carries out what is due now
and writes the dashboard. Where no project is named it then looks at the merge
requests that have the bot (pinwheel bot). A second run on an unchanged world
changes nothing. With discover it finds projects first. Run it by cron, or let
pinwheel serve do that.`,
		Example: `  pinwheel run
  pinwheel run group/project --config /etc/pinwheel.yaml`,
	}
	o := shared(c, configFlag, atFlag, jsonFlag)
	c.ValidArgsFunction = completeProjects(o)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		return p.runOnce(ctx, o, args)
	}
	return c
}

// runsOfRun is how many projects run looks at at the same time where nothing else is
// configured: it mostly waits for GitLab. serve has the hour, and looks at fewer.
const runsOfRun = 16

func (p *program) runOnce(ctx context.Context, o *options, names []string) error {
	s, err := p.worked(o, names)
	if err != nil {
		return err
	}
	runner, closing, err := p.runner(ctx, s.config, wiring{place: p.place(s.config), gitlab: true, log: p.log(slog.LevelInfo), many: true})
	if err != nil {
		return err
	}
	defer closing()
	bots, err := p.botOf(s.config, runner)
	if err != nil {
		return err
	}
	worst := exitDone
	if len(names) == 0 {
		worst = p.discovered(ctx, &s, runner)
	}
	atOnce := s.config.AtOnce
	if !s.config.AtOnceGiven {
		atOnce = runsOfRun
	}
	if s.config.MaxNew > 0 && len(s.config.Discover) == 0 {
		atOnce = 1 // who comes first in the configuration gets of what all may open
	}
	if len(s.projects) > 1 {
		runner.Progress = nil // that of several runs at once says nothing
	}
	looked := p.ofProjects(len(s.projects))
	inOrder(ctx, len(s.projects), atOnce, func(i int) func() {
		report, err := runner.Run(ctx, s.projects[i], s.now)
		looked()
		return func() { worst = max(worst, p.report(s.projects[i], report, err, o.json)) }
	})
	if len(names) == 0 {
		worst = max(worst, p.bots(ctx, s, bots, o.json))
	}
	p.forgetAudit(ctx, s.config, runner.Store, p.log(slog.LevelInfo))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case worst != exitDone:
		return failure{code: worst}
	}
	return nil
}

// worked is what a run looks at. A configuration that has only the bot has no
// projects of the updater.
func (p *program) worked(o *options, names []string) (s subject, err error) {
	if s.now, err = p.instant(o.at); err != nil {
		return s, err
	}
	if s.config, err = load(o.config); err != nil {
		return s, err
	}
	if len(names) == 0 && len(s.config.Projects) == 0 && len(s.config.Software.Bot.Projects)+len(s.config.Discover) > 0 {
		return s, nil
	}
	s.projects, err = choose(s.config, names)
	return s, err
}

// inOrder does n things, so many at once, and says what came of them one by one
// in their order. It begins none, and says nothing more, once ctx has ended.
func inOrder(ctx context.Context, n, atOnce int, do func(i int) (say func())) {
	says := make([]chan func(), n)
	for i := range says {
		says[i] = make(chan func(), 1)
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(atOnce, n) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if ctx.Err() != nil {
					return
				}
				says[i] <- do(i)
			}
		})
	}
	for _, say := range says {
		select {
		case f := <-say:
			if ctx.Err() == nil {
				f()
			}
		case <-ctx.Done():
		}
	}
	all.Wait()
}

// report says how the run of one project ended, as a line of text or of JSON, and
// returns its exit code.
func (p *program) report(project config.Project, r reconcile.Report, err error, asJSON bool) int {
	for _, line := range complaints(r, err) {
		fmt.Fprintf(p.err, "pinwheel: %s: %s\n", project.Path, line)
	}
	switch {
	case asJSON:
		if p.line(ranOf(project, r, err)) != nil {
			return exitFailed
		}
	case err == nil:
		fmt.Fprintf(p.out, "%s: %s\n", project.Path, summary(project, r))
	}
	return exitCode(r, err)
}

// summary is a run in one line. Without a text for the dashboard nothing was
// looked at.
func summary(project config.Project, r reconcile.Report) string {
	switch {
	case project.Policy.Mode == plan.Off:
		return "off by the configuration"
	case r.Body == "" && r.Status == reconcile.Done && !r.Quiet:
		return "paused, since a person closed its dashboard"
	}
	if r.Plan.Stopped() && r.Status == reconcile.Done {
		return "paused by an operator, " + changes(r.Wrote)
	}
	if r.Plan.Stopped() {
		return fmt.Sprintf("%s, so its pins were not judged, %s", r.Status, changes(r.Wrote))
	}
	var pins strings.Builder
	fmt.Fprintf(&pins, "%d behind of %s", r.Plan.Count(plan.StandsBehind), count(r.Plan.Pins, "pin"))
	for _, s := range []plan.Standing{plan.StandsHeld, plan.StandsUnknown, plan.StandsUnread, plan.StandsTakenBack} {
		if n := r.Plan.Count(s); n > 0 {
			fmt.Fprintf(&pins, ", %d %s", n, s)
		}
	}
	return fmt.Sprintf("%s, %s, %s open, %s", r.Status, pins.String(), count(r.Plan.OpenCount, "merge request"), changes(r.Wrote))
}

func changes(n int) string {
	if n == 0 {
		return "nothing to change"
	}
	return count(n, "change") + " made"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func exitCode(r reconcile.Report, err error) int {
	if err != nil {
		if r.Status == reconcile.Stopped {
			return exitStopped
		}
		code, _ := verdict(err)
		return code
	}
	switch r.Status {
	case reconcile.Done:
		return exitDone
	case reconcile.Stopped:
		return exitStopped
	case reconcile.Failed:
		return exitFailed
	}
	return exitFailed
}

// complaints are the sentences that say why a run is not green, each once.
func complaints(r reconcile.Report, err error) []string {
	var out []string
	seen := map[string]bool{}
	add := func(s string) {
		if s = printable(s); s != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	if err != nil {
		add(sentence(err))
		return out
	}
	said := map[string]bool{} // by a problem, with its line and next step
	for _, problem := range r.Plan.Problems {
		said[problem.Text] = true
		add(problem.InOneLine())
	}
	for _, f := range r.Failures {
		if !said[f] {
			add(f)
		}
	}
	return out
}

// outcome is a run's end as one error, nil when it is done.
func outcome(r reconcile.Report, err error) error {
	if exitCode(r, err) == exitDone {
		return nil
	}
	lines := complaints(r, err)
	if len(lines) == 0 {
		lines = []string{string(r.Status)}
	}
	return errors.New(strings.Join(lines, "; "))
}
