package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/discover"
	"gitlab.com/cki-project/pinwheel/fleet"
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
one ends. Processes with the same database of PostgreSQL share the work.
With discover it finds projects once an hour. It reads the configuration, the
files of tokens and passwords and ca_file again when they change, or at SIGHUP;
if they are wrong it says so and goes on with the ones before.
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
	path     string // of the configuration
	log      *slog.Logger
	store    *store.Store
	metrics  *metrics // nil if nobody asks for any
	closing  *closing
	schedule schedule
	web      *web.Server      // its addresses
	reloaded chan struct{}    // gets one when a new configuration holds
	stamps   map[string]stamp // of the files as they were read first
	unread   error            // why the configuration on disk does not hold
	offered  map[string]bool  // projects that got the offer to set pinwheel up

	mu   sync.RWMutex
	now  *current
	self string // the bot's username, empty while it is not known
	room int64  // the memory that the collector may take

	signIn  *gitlab.SignIn // nil if the page has no sign-in
	readers wire           // by which GitLab is asked what readers may see
}

// current is what a configuration makes of serve. It is replaced as a whole, but for the
// projects that are found.
type current struct {
	config   *config.Config
	runner   *reconcile.Runner
	tokens   *tokens
	bots     *servedBots
	watchers map[string]*reconcile.Watcher // by token
	finders  []*discover.Finder            // one for each entry of discover
	events   *web.Wakes                    // nil if no webhook comes in

	found map[string][]config.Project // by entry of discover
}

// current is what holds now.
func (s *service) current() *current {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.now
}

func (p *program) serve(ctx context.Context, path string, how serving) error {
	c, err := load(path)
	if err != nil {
		return err
	}
	read := stamps(path, c)
	if err := p.checkListen(c); err != nil {
		return err
	}
	s := &service{program: p, path: path, log: p.log(slog.LevelInfo), closing: newClosing(c.Projects), reloaded: make(chan struct{}, 1)}
	if s.signIn, err = p.signsIn(c, &s.readers); err != nil {
		return err
	}
	if how.metrics != "" || c.Listen.Metrics != "" {
		s.metrics = newMetrics(how.metrics, p.version)
	}
	options, tokens, err := p.edges(c, s.wiring(c))
	if err != nil {
		return err
	}
	done, err := p.open(ctx, &options, s.wiring(c))
	if err != nil {
		return err
	}
	defer done()
	options.Unchanged, options.GiveWay = s.unchanged, scheduler.GiveWay
	p.together.serves(&options)
	s.store, s.stamps = options.Store, read
	if s.now, err = s.make(c, reconcile.New(options), tokens); err != nil {
		return err
	}
	s.room = serveWithin(len(s.now.projects()), s.room)
	if err := s.remember(ctx); err != nil {
		return failure{exitFailed, err}
	}
	return s.until(ctx, how)
}

// wiring is that of a configuration.
func (s *service) wiring(c *config.Config) wiring {
	return wiring{place: s.place(c), gitlab: true, log: s.log, observe: s.observe, asked: s.hosts.asked, views: c.Listen.Page != "", many: true}
}

// make makes what a configuration needs beside a Runner. What runs learnt before goes on to
// count.
func (s *service) make(c *config.Config, runner *reconcile.Runner, tokens *tokens) (*current, error) {
	before := s.now
	lookers, err := s.botOf(c, runner)
	if err != nil {
		return nil, err
	}
	now := &current{
		config: c, runner: runner, tokens: tokens, bots: newBots(c, lookers, s.metrics),
		watchers: map[string]*reconcile.Watcher{}, found: map[string][]config.Project{},
	}
	for _, source := range append(sourcesOf(c), config.TokenSource{}) {
		client, publisher, err := connected(runner, source)
		if err != nil {
			return nil, err
		}
		if before != nil && before.watchers[source.Key()] != nil {
			now.watchers[source.Key()] = before.watchers[source.Key()].On(client, publisher)
		} else {
			now.watchers[source.Key()] = reconcile.NewWatcher(client, publisher)
		}
	}
	return now, s.find(now)
}

// connected is the connection with a token.
func connected(runner *reconcile.Runner, source config.TokenSource) (*gitlab.Client, *dashboard.Publisher, error) {
	if !source.Own() {
		return runner.GitLab, runner.Dashboard, nil
	}
	client, err := runner.Own(source)
	return client, dashboard.NewPublisher(client), err
}

// remember tells the metrics and the finders when runs of an earlier process ended.
func (s *service) remember(ctx context.Context) error {
	ran, err := s.store.LastRuns(ctx)
	if err != nil {
		return err
	}
	if s.metrics != nil {
		var paths []string
		for path := range s.now.projects() {
			paths = append(paths, path)
		}
		s.metrics.before(paths, ran)
	}
	good := map[string]time.Time{}
	for path, r := range ran {
		if time.Since(r.Good) < rememberWithin {
			good[path] = r.Good
		}
	}
	for _, f := range s.now.finders {
		f.Remember(good)
	}
	return nil
}

// schedule makes looks: a scheduler.Scheduler in one process, or a fleet.Fleet of many.
type schedule interface {
	Trigger(project string) bool
	Start(project string) bool
	StartAll(projects []string)
	Set(projects []string)
	Reschedule(spec string) error
	SetAtOnce(n int)
	States() []scheduler.State
	Oldest() time.Time
	Counts() scheduler.Counts
	Watch(ctx context.Context, every time.Duration, changed func(ctx context.Context) []string)
	Run(ctx context.Context)
}

// scheduled is what makes the looks: this process alone, or all that share the database.
func (s *service) scheduled(ctx context.Context) (schedule, error) {
	c := s.now.config
	alone, err := scheduler.New(s.now.keys(), s.run, s.log, scheduler.Options{Spec: c.Schedule, Jitter: scheduler.DefaultJitter, AtOnce: c.AtOnce, Closes: s.closing.at, Short: shortOfMemory, Grace: -1})
	looks, shared := s.store.Looks()
	if err != nil || !shared {
		return alone, err
	}
	return fleet.New(ctx, alone, s.now.keys(), fleet.Options{Looks: looks, Instance: s.instance, AtOnce: c.AtOnce, Log: s.log, Quietly: s.quietly})
}

// takeUp looks at what an earlier process left unfinished. What other processes are at work on is
// theirs; a fleet looks for what is due by itself.
func (s *service) takeUp(ctx context.Context) error {
	if _, shared := s.store.Looks(); shared {
		return nil
	}
	unfinished, err := s.store.Unfinished(ctx)
	for _, path := range unfinished {
		s.schedule.Start(path)
	}
	return err
}

// until looks at the projects until ctx ends.
func (s *service) until(ctx context.Context, how serving) (err error) {
	if s.schedule, err = s.scheduled(ctx); err != nil {
		return failure{exitUsage, err}
	}
	if s.web, err = web.Listen(s.faces(), s.log); err != nil {
		return failure{exitUsage, err}
	}
	if how.atOnce {
		s.schedule.StartAll(s.now.keys())
	}
	if err := s.takeUp(ctx); err != nil {
		return failure{exitFailed, err}
	}
	s.log.Info("serving", "projects", len(s.now.projects()), "schedule", s.now.config.Schedule, "version", s.version)
	var beside sync.WaitGroup
	beside.Go(func() { s.schedule.Watch(ctx, how.watch, s.changed) })
	beside.Go(func() {
		s.schedule.Watch(ctx, how.watch, func(ctx context.Context) []string { return s.current().bots.changed(ctx) })
	})
	beside.Go(func() { s.schedule.Watch(ctx, pauseWatch, s.pausesChanged()) })
	beside.Go(func() { s.web.Serve(ctx) })
	beside.Go(func() { s.discover(ctx, how.atOnce) })
	beside.Go(func() { s.reload(ctx) })
	if how.watch > 0 {
		beside.Go(func() { s.listDashboards(ctx) })
	}
	beside.Go(func() { s.learnSelf(ctx) })
	beside.Go(func() { s.forgetAudit(ctx) })
	if s.metrics != nil {
		beside.Go(func() { s.lookAtTokens(ctx) })
		beside.Go(func() { s.lookAtProduction(ctx) })
	}
	s.schedule.Run(ctx)
	beside.Wait()
	counts := s.schedule.Counts()
	s.log.Info("stopped", "runs", counts.Runs, "failed", counts.Failed)
	return nil
}

// listDashboards lists all dashboards once an hour, so that quiet runs need not read each.
func (s *service) listDashboards(ctx context.Context) {
	for {
		for _, w := range s.current().watchers {
			if err := w.List(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("dashboards not listed", "err", sentence(err))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}

// unchanged reports whether a dashboard is known to be as a run left it.
func (s *service) unchanged(d store.QuietDashboard) bool {
	for _, w := range s.current().watchers {
		if w.Unchanged(d) {
			return true
		}
	}
	return false
}

// changed asks with every token which dashboards somebody changed.
func (s *service) changed(ctx context.Context) (out []string) {
	watchers := s.current().watchers
	answers := make(chan []string)
	for _, w := range watchers {
		go func() { answers <- w.Changed(ctx) }()
	}
	for range watchers {
		out = append(out, <-answers...)
	}
	slices.Sort(out)
	return out
}

// observe counts a request.
func (s *service) observe(host string, status int) {
	host = s.hosts.named(host)
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
	at := s.current()
	if known, err := at.bots.run(ctx, path, now); known {
		return err
	}
	project, ok := s.project(at, path)
	if !ok {
		return nil // it was lost while it waited
	}
	report, err := at.runner.Run(ctx, project, now)
	if busy, ok := errors.AsType[*store.Busy](err); ok { // another process is at work, or was killed: its lease tells
		return &scheduler.Later{At: busy.Until, Err: err}
	}
	return s.ran(project, lasted{began, time.Now()}, report, err)
}
