package story

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/again"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
)

const bot = "pinwheel-bot"

// stage is the world of one story.
type stage struct {
	dir     string
	gitlab  *gitlabsim.Server
	index   *pypisim.Server
	public  *pypisim.Server // what pypi.org is beside an index of our own; nil: the same
	token   string
	project *gitlabsim.Project // that commands are about

	store     *store.Store
	cancel    context.CancelFunc
	scheduled chan struct{} // closed when the scheduler has returned

	mu       sync.Mutex
	config   *config.Config
	runner   *reconcile.Runner
	rounds   *round.Runner // of the bot
	running  int
	runs     int
	watch    time.Duration // how often each dashboard is looked at; 0: never
	watcher  *reconcile.Watcher
	last     map[string]outcome // by project
	troubles []outcome
	befores  []*before
	wrong    []string     // what hooks could not report at once
	acted    atomic.Int64 // what somebody did
	late     bool         // some of what GitLab answers is out of date
}

// outcome is how a run ended.
type outcome struct {
	at       time.Time
	project  string
	status   reconcile.Status
	failures []string
}

func (o outcome) String() string {
	return fmt.Sprintf("%s %s %s\n%s", o.at.UTC().Format("2006-01-02T15:04Z"), o.project, o.status, lines(o.failures))
}

// before is a person who waits for a request.
type before struct {
	method, glob string
	project      *gitlabsim.Project
	args         []string
}

// setup builds the world from the files of the archive. The bubble's clock
// stands at its beginning, the year 2000.
func (s *stage) setup(env *testscript.Env) (err error) {
	s.dir = env.WorkDir
	s.last = map[string]outcome{}
	if s.config, err = config.Parse("pinwheel.yaml", []byte(s.file("pinwheel.yaml", defaultConfig))); err != nil {
		return err
	}
	s.index = pypisim.New(pypisim.Options{HTML: s.file("html.txt", "") != "", FilesAt: strings.TrimSpace(s.file("files.txt", ""))})
	if err := s.index.Load(s.file("world.txt", defaultWorld)); err != nil {
		return err
	}
	if world := s.file("public.txt", ""); world != "" {
		s.public = pypisim.New(pypisim.Options{})
		if err := s.public.Load(world); err != nil {
			return err
		}
	}
	options := gitlabsim.Options{Now: time.Now}
	if late := s.file("late.txt", ""); late != "" {
		rechecks := "0s"
		n, err := fmt.Sscanf(late, "lists %d branches %d reads %d notes %d rechecks %s", &options.StaleLists, &options.BranchLag, &options.AsyncReads, &options.LateNotes, &rechecks)
		s.late = true
		if n < 3 {
			return fmt.Errorf("late.txt: %w", err)
		}
		if options.RecheckTakes, err = time.ParseDuration(rechecks); err != nil {
			return fmt.Errorf("late.txt: %w", err)
		}
	}
	if ahead := strings.TrimSpace(s.file("clock.txt", "")); ahead != "" {
		by, err := time.ParseDuration(ahead)
		if err != nil {
			return fmt.Errorf("clock.txt: %w", err)
		}
		options.Now = func() time.Time { return time.Now().Add(by) }
	}
	s.gitlab = gitlabsim.New(options)
	for _, name := range []string{"alice", "bob", "rita", "stranger"} {
		s.gitlab.AddUser(name, strings.ToUpper(name[:1])+name[1:], false)
	}
	s.gitlab.AddBot(bot, "pinwheel")
	s.token = s.gitlab.Token(bot)
	for i, p := range s.config.Projects {
		folder := path.Base(p.Path)
		if i == 0 {
			folder = "project"
		}
		if err := s.addProject(p.Path, folder, i == 0); err != nil {
			return err
		}
	}
	if err := s.addRoots(); err != nil {
		return err
	}
	for _, p := range round.Projects(s.config.Software) {
		if s.gitlab.Project(p.Member.Path) == nil {
			if err := s.addProject(p.Member.Path, path.Base(p.Member.Path), false); err != nil {
				return err
			}
		}
	}
	s.project = s.gitlab.Project(s.config.Projects[0].Path)
	s.gitlab.OnRequest(s.someoneActs)
	return s.open()
}

// addRoots adds the projects that the configuration names as roots, each from
// the folder of its last path element.
func (s *stage) addRoots() error {
	for _, p := range s.config.Projects {
		for _, root := range p.Policy.Roots {
			if root.Project == "" || s.gitlab.Project(root.Project) != nil {
				continue
			}
			if err := s.addProject(root.Project, path.Base(root.Project), false); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *stage) addProject(projectPath, folder string, first bool) error {
	files, err := tree(filepath.Join(s.dir, folder))
	if err != nil {
		return err
	}
	if first && len(files) == 0 {
		files = map[string]string{"constraints.txt": defaultConstraints, "pipeline/constraints.yml": defaultDerived}
	}
	p := s.gitlab.AddProject(projectPath, "main", files)
	p.SetCI(false) // until a story says otherwise
	p.SetRole("alice", gitlabsim.Maintainer)
	p.SetRole("bob", gitlabsim.Developer)
	p.SetRole("rita", gitlabsim.Reporter)
	p.SetRole(bot, gitlabsim.Developer)
	p.Set(gitlabsim.Settings{Public: true}) // so that a stranger can open issues
	return nil
}

// tree reads a folder of the archive; none is empty.
func tree(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	return files, err
}

func (s *stage) file(name, or string) string {
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return or
	}
	return string(data)
}

// open makes the runner over the database, as the program does when it starts.
func (s *stage) open() error {
	db, err := store.Open(context.Background(), filepath.Join(s.dir, "pinwheel.db"))
	if err != nil {
		return err
	}
	db.RunAs(store.Process{Owner: store.Owner{Host: "story", PID: 1, Instance: "1"}})
	client, err := gitlab.Connect(gitlab.Options{
		URL: s.gitlab.BaseURL(), ReadToken: s.readToken, Transport: s.gitlab.Transport(),
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store = db
	s.watcher = reconcile.NewWatcher(client, dashboard.NewPublisher(client))
	s.runner = reconcile.New(s.edges(client))
	s.rounds = round.New(round.Options{GitLab: client, Store: db})
	return nil
}

// edges are those of a runner, over the open database.
func (s *stage) edges(client *gitlab.Client) reconcile.Options {
	sources := map[string]pypi.Source{}
	for _, index := range s.config.Defaults.Indexes {
		sources[index.Name] = pypi.Source{Index: index}
	}
	return reconcile.Options{
		GitLab:      client,
		Dashboard:   dashboard.NewPublisher(client),
		Index:       pypi.New(pypi.Options{Transport: s.indexes()}),
		Sources:     sources,
		Store:       s.store,
		Budget:      reconcile.NewBudget(s.config.MaxNew),
		FormerUsers: s.config.GitLab.FormerUsers,
		Version:     "story",
	}
}

// indexes are all there are, behind one transport.
func (s *stage) indexes() http.RoundTripper {
	own := s.index.Transport()
	if s.public == nil {
		return own
	}
	public := s.public.Transport()
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "pypi.org" {
			return public.RoundTrip(r)
		}
		return own.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (s *stage) readToken() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, nil
}

// forget deletes the database between two runs.
func (s *stage) forget() error {
	if err := s.store.Close(); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "pinwheel.db*"))
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return s.open()
}

// start begins the hourly runs with one now, as a trigger asks for it.
func (s *stage) start() error {
	var names []string
	for _, p := range s.config.Projects {
		names = append(names, p.Path)
	}
	for _, p := range round.Projects(s.config.Software) {
		names = append(names, round.Key(p.Member.Path))
	}
	sched, err := scheduler.New(names, s.run, nil, scheduler.Options{})
	if err != nil {
		return err
	}
	for _, name := range names {
		sched.Trigger(name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.scheduled = cancel, make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() { sched.Run(ctx) })
	both.Go(func() {
		sched.Watch(ctx, s.watch, func(ctx context.Context) []string { return s.watcher.Changed(ctx) })
	})
	go func() { both.Wait(); close(s.scheduled) }()
	s.settle()
	return nil
}

// look is one look of the bot at a project; ok is false where path names none.
func (s *stage) look(ctx context.Context, path string, now time.Time) (ok bool, err error) {
	s.mu.Lock()
	rounds, all := s.rounds, round.Projects(s.config.Software)
	s.mu.Unlock()
	at := slices.IndexFunc(all, func(p round.Project) bool { return round.Key(p.Member.Path) == path })
	if at < 0 {
		return false, nil
	}
	s.mu.Lock()
	s.running++
	s.mu.Unlock()
	report, err := rounds.Run(ctx, all[at], now)
	o := outcome{at: now, project: path, status: reconcile.Done, failures: report.Failures}
	if err != nil {
		o.failures = append(o.failures, err.Error())
	}
	if len(o.failures) > 0 {
		o.status = reconcile.Failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.runs++
	s.last[path] = o
	if o.status != reconcile.Done {
		s.troubles = append(s.troubles, o)
	}
	return true, err
}

// run is one run of the project at path.
func (s *stage) run(ctx context.Context, path string, now time.Time) error {
	if ok, err := s.look(ctx, path, now); ok {
		return err
	}
	s.mu.Lock()
	s.running++
	runner := s.runner
	var project config.Project
	for _, p := range s.config.Projects {
		if p.Path == path {
			project = p
		}
	}
	s.mu.Unlock()
	before := s.keep()
	report, err := runner.Run(ctx, project, now)
	var wrong []string
	if report.Quiet {
		wrong = s.again(before, again.Early{Report: report, Project: project, Now: now})
	}
	o := outcome{now, path, report.Status, report.Failures}
	if err != nil && len(o.failures) == 0 {
		o.failures = []string{err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.runs++
	s.watcher.Ran(path, report)
	s.last[path] = o
	s.wrong = append(s.wrong, wrong...)
	if o.status != reconcile.Done || err != nil || len(o.failures) > 0 {
		s.troubles = append(s.troubles, o)
	}
	return err
}

// settle waits until no run is under way; a run that backs off takes its time.
func (s *stage) settle() {
	for {
		synctest.Wait()
		s.mu.Lock()
		running := s.running
		s.mu.Unlock()
		if running == 0 {
			return
		}
		time.Sleep(time.Second)
	}
}

// stop ends the scheduler.
func (s *stage) stop() {
	if s.cancel != nil {
		s.cancel()
		<-s.scheduled
		s.cancel = nil
	}
}

func (s *stage) close() {
	s.stop()
	if s.store != nil {
		s.store.Close()
	}
}

// someoneActs is called before each request to GitLab.
func (s *stage) someoneActs(c gitlabsim.Call) {
	s.mu.Lock()
	var due []*before
	rest := s.befores[:0:0]
	for _, b := range s.befores {
		if c.User == bot && b.method == c.Method && (glob(b.glob, c.Path) || glob(b.glob, c.Route)) {
			due = append(due, b)
		} else {
			rest = append(rest, b)
		}
	}
	s.befores = rest
	s.mu.Unlock()
	for _, b := range due {
		if err := s.act(b.project, b.args); err != nil {
			s.mu.Lock()
			s.wrong = append(s.wrong, fmt.Sprintf("before %s %s: %v", b.method, b.glob, err))
			s.mu.Unlock()
		}
	}
}

// leftovers are what no story may end with.
func (s *stage) leftovers() []string {
	out := append([]string(nil), s.wrong...)
	for _, f := range s.gitlab.Failures() {
		out = append(out, "the simulated GitLab did not understand: "+f)
	}
	for _, b := range s.befores {
		out = append(out, fmt.Sprintf("nobody asked %s %s, so nobody acted before it", b.method, b.glob))
	}
	for _, o := range s.troubles {
		out = append(out, "a run nobody asked about was not done: "+o.String())
	}
	return append(append(out, s.outOfStep()...), s.unplain()...)
}

// glob matches with * for any run of characters.
func glob(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	after, ok := strings.CutPrefix(text, head)
	for i := 0; ok && i <= len(after); i++ {
		if glob(rest, after[i:]) {
			return true
		}
	}
	return false
}

func lines(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return strings.Join(all, "\n") + "\n"
}
