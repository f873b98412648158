package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/bot"
	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
)

func (p *program) botCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "bot [PROJECT...]", GroupID: groupWork,
		Short: "test what comments on merge requests of packages ask for",
		Long: `Looks once at the open merge requests of every project below software.bot, or
of those that are named, as pinwheel run and serve do as well. Each merge
request gets one comment that says what can be asked for and what became of it.
A person with the right role writes a line such as "@pinwheel-bot test" there.
Then the pipelines start, with the commit that this person saw in place of the
package. With --look nothing is written, and a line is printed for each test.
docs/bot.md says more.`,
		Example: `  pinwheel bot
  pinwheel bot cki-project/cki-lib --look`,
	}
	o := shared(c, configFlag, atFlag, jsonFlag)
	look := c.Flags().Bool("look", false, "print how tests stand and write nothing")
	file := c.Flags().String("metrics", "", "write metrics for Prometheus' textfile collector to `FILE`")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		now, err := p.instant(o.at)
		if err != nil {
			return err
		}
		c, err := load(o.config)
		if err != nil {
			return err
		}
		projects, err := chooseBot(c, args)
		if err != nil {
			return err
		}
		runner, closing, err := p.runner(cmd.Context(), c, wiring{place: p.place(c), gitlab: true, log: p.log(slog.LevelInfo)})
		if err != nil {
			return err
		}
		defer closing()
		r, err := p.botOf(c, runner)
		if err != nil {
			return err
		}
		var measured *metrics
		if *file != "" {
			measured = newMetrics(*file, p.version)
		}
		return p.lookAt(cmd.Context(), r, projects, botLooks{now, botOut{asJSON: o.json, tests: *look}, measured})
	}
	return c
}

// botLooks are how projects are looked at: as of when, how it is printed, and where metrics
// go. With tests nothing is written.
type botLooks struct {
	now     time.Time
	out     botOut
	metrics *metrics
}

// lookAt looks once at each of some projects.
func (p *program) lookAt(ctx context.Context, r *round.Runner, projects []round.Project, how botLooks) error {
	do := r.Run
	if how.out.tests {
		do = r.Preview
	}
	worst := exitDone
	for _, project := range projects {
		report, err := do(ctx, project, how.now)
		worst = max(worst, p.looked(project, report, err, how.out))
		if err := how.metrics.looked(project.Member.Path, how.now, report, err); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if worst != exitDone {
		return failure{code: worst}
	}
	return nil
}

// botOf is a Runner of the bot by the edges of another one, with the bot's own token if
// there is one.
func (p *program) botOf(c *config.Config, r *reconcile.Runner) (*round.Runner, error) {
	client, err := p.botClient(c, r.GitLab)
	if err != nil {
		return nil, err
	}
	return round.New(round.Options{GitLab: client, Store: r.Store, FormerUsers: r.FormerUsers, Log: r.Log, Audit: r.Audit}), nil
}

// botClient is the connection of the bot: that of pinwheel, unless it has a token of its
// own.
func (p *program) botClient(c *config.Config, own *gitlab.Client) (*gitlab.Client, error) {
	if !c.BotApart(p.env) {
		return own, nil
	}
	if _, err := c.BotToken(p.env); err != nil {
		return nil, failure{exitUsage, err}
	}
	with, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	with.ReadToken = func() (string, error) {
		token, err := c.BotToken(p.env)
		return token.Reveal(), err
	}
	client, err := gitlab.Connect(with)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	p.together.paced(client)
	return client, nil
}

// chooseBot returns the named projects that have the bot, or all of them.
func chooseBot(c *config.Config, names []string) ([]round.Project, error) {
	all := round.Projects(c.Software)
	if len(all) == 0 {
		return nil, usage("%s has no software.bot: docs/bot.md says what to write", c.Path)
	}
	if len(names) == 0 {
		return all, nil
	}
	var out []round.Project
	for _, name := range names {
		at := slices.IndexFunc(all, func(p round.Project) bool { return strings.EqualFold(p.Member.Path, name) })
		if at < 0 {
			var paths []string
			for _, p := range all {
				paths = append(paths, p.Member.Path)
			}
			return nil, usage("%s has no bot for %q; it has one for %s", c.Path, name, strings.Join(paths, ", "))
		}
		out = append(out, all[at])
	}
	return out, nil
}

// hasBot reports whether a project has the bot.
func hasBot(c *config.Config, path string) bool {
	return slices.ContainsFunc(round.Projects(c.Software), func(p round.Project) bool { return strings.EqualFold(p.Member.Path, path) })
}

// botOut is how a look is printed.
type botOut struct{ asJSON, tests bool }

// lookedOut is a look in JSON.
type lookedOut struct {
	Project  string    `json:"project"`
	Code     int       `json:"exit_code"`
	Open     int       `json:"merge_requests_open"`
	Changes  int       `json:"changes"`
	Problems []string  `json:"problems"`
	Tests    []testOut `json:"tests"`
	Notes    []string  `json:"notes"` // for the operator; they are no failures
}

// testOut is a test in JSON.
type testOut struct {
	MergeRequest int64     `json:"merge_request"`
	Pipeline     string    `json:"pipeline"`
	Commit       string    `json:"commit"`
	By           string    `json:"by"`
	State        bot.State `json:"state"`
	URL          string    `json:"url,omitempty"`
	Jobs         []bot.Job `json:"jobs"` // that failed
	Why          string    `json:"why,omitempty"`
}

// looked says how a look at one project ended, and returns its exit code.
func (p *program) looked(project round.Project, r round.Report, err error, how botOut) int {
	code, problems := exitDone, slices.Clone(r.Failures)
	if len(problems) > 0 {
		code = exitFailed
	}
	if err != nil {
		code, _ = verdict(err)
		problems = []string{sentence(err)}
	}
	path := project.Member.Path
	if r.Paused && how.asJSON {
		r.Notes = append(r.Notes, "an operator paused this project: pinwheel resume ends that")
	}
	for i := range problems {
		problems[i] = printable(problems[i])
		fmt.Fprintf(p.err, "pinwheel: %s: %s\n", path, problems[i])
	}
	for _, n := range r.Notes {
		fmt.Fprintf(p.err, "pinwheel: %s: %s\n", path, printable(n))
	}
	switch {
	case how.asJSON:
		out := lookedOut{path, code, r.Open, r.Wrote, append([]string{}, problems...), []testOut{}, []string{}}
		for _, n := range r.Notes {
			out.Notes = append(out.Notes, printable(n))
		}
		for _, t := range r.Tests {
			out.Tests = append(out.Tests, testOut{t.IID, t.Pipeline, t.Commit, t.By, t.State, t.URL, append([]bot.Job{}, t.Jobs...), t.Why})
		}
		if p.line(out) != nil {
			return exitFailed
		}
	case err != nil:
	case r.Paused:
		fmt.Fprintf(p.out, "%s: paused by an operator, %s\n", path, changes(0))
	case how.tests:
		p.tests(path, r)
	default:
		running := 0
		for _, t := range r.Tests {
			if t.State == bot.Running || t.State == bot.Asked {
				running++
			}
		}
		fmt.Fprintf(p.out, "%s: %s open, %s under way, %s\n", path, count(r.Open, "merge request"), count(running, "test"), changes(r.Wrote))
	}
	return code
}

// tests prints a line for each test.
func (p *program) tests(path string, r round.Report) {
	if len(r.Tests) == 0 {
		fmt.Fprintf(p.out, "%s: nobody asked for a test of %s\n", path, count(r.Open, "open merge request"))
		return
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "PROJECT\tMERGE REQUEST\tPIPELINE\tCOMMIT\tBY\tSTATE\tLINK")
	for _, t := range r.Tests {
		link := t.URL
		if t.Why != "" {
			link = t.Why
		}
		fmt.Fprintf(w, "%s\t!%d\t%s\t%.12s\t%s\t%s\t%s\n", path, t.IID, printable(t.Pipeline), printable(t.Commit), printable(t.By), t.State, printable(link))
	}
	w.Flush() //nolint:errcheck // as every print
}

// bots looks at the merge requests of every project that has the bot, after a run of
// the updater, and returns the worst exit code.
func (p *program) bots(ctx context.Context, s subject, r *round.Runner, asJSON bool) int {
	worst := exitDone
	for _, project := range round.Projects(s.config.Software) {
		if ctx.Err() != nil {
			break
		}
		report, err := r.Run(ctx, project, s.now)
		if errors.Is(err, context.Canceled) {
			break
		}
		worst = max(worst, p.looked(project, report, err, botOut{asJSON: asJSON}))
	}
	return worst
}

// servedBots are the projects with the bot that serve looks at.
type servedBots struct {
	all     []round.Project
	runner  *round.Runner
	watcher *round.Watcher
	metrics *metrics
}

func newBots(c *config.Config, r *round.Runner, m *metrics) *servedBots {
	all := round.Projects(c.Software)
	return &servedBots{all, r, round.NewWatcher(r.GitLab, all), m}
}

// keys name them to the scheduler.
func (b *servedBots) keys() []string {
	var out []string
	for _, p := range b.all {
		out = append(out, round.Key(p.Member.Path))
	}
	return out
}

// run looks at a project by its key; known is false if it names none.
func (b *servedBots) run(ctx context.Context, key string, now time.Time) (known bool, err error) {
	at := slices.IndexFunc(b.all, func(p round.Project) bool { return round.Key(p.Member.Path) == key })
	if at < 0 {
		return false, nil
	}
	report, err := b.runner.Run(ctx, b.all[at], now)
	if busy, ok := errors.AsType[*store.Busy](err); ok {
		return true, &scheduler.Later{At: busy.Until, Err: err}
	}
	b.watcher.Ran(key, report, now)
	if merr := b.metrics.looked(b.all[at].Member.Path, now, report, err); merr != nil {
		b.runner.Log.Error("metrics not written", "err", merr)
	}
	if err == nil && len(report.Failures) > 0 {
		err = errors.New(strings.Join(report.Failures, "; "))
	}
	return true, err
}

func (b *servedBots) changed(ctx context.Context) []string { return b.watcher.Changed(ctx) }
