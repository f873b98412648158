package story

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/releasenotes"
	"gitlab.com/cki-project/pinwheel/store"
)

const bot = "pinwheel-bot"

// Beside it there are another bot, which pinwheel takes over from, and a user that a new
// token may have.
const (
	otherBot = "renovate-bot"
	nextBot  = "pinwheel-bot-2"
)

// stage is the world of one story.
type stage struct {
	dir     string
	gitlab  *gitlabsim.Server
	index   *pypisim.Server
	public  *pypisim.Server // what pypi.org is beside an index of our own; nil: the same
	token   string
	merges  string             // the user whose token merges; empty: the bot's does
	project *gitlabsim.Project // that commands are about

	deployToken string
	deployers   int // processes so far

	store     *store.Store
	cancel    context.CancelFunc
	scheduled chan struct{} // closed when the scheduler has returned

	mu       sync.Mutex
	config   *config.Config
	runner   *reconcile.Runner
	rounds   *round.Runner    // of the bot
	found    []config.Project // by discovery
	running  int
	runs     int
	watch    time.Duration // how often each dashboard is looked at; 0: never
	watcher  *reconcile.Watcher
	hooks    http.Handler       // what takes webhooks; nil before start
	answers  map[int]int        // of the events of webhooks, by status
	lost     bool               // events of webhooks get lost
	last     map[string]outcome // by project
	troubles []outcome
	befores  []*before
	wrong    []string     // what hooks could not report at once
	acted    atomic.Int64 // what somebody did
	began    atomic.Int64 // runs, and looks of the bot, that began
	kept     atomic.Int64 // runs that may be made again, so far
	every    int64        // of so many of them, the first one is
	late     bool         // some of what GitLab answers is out of date
}

// before is a person who waits for a request.
type before struct {
	method, glob string
	project      *gitlabsim.Project
	args         []string
}

// open makes the runner over the database, as the program does when it starts.
func (s *stage) open() error {
	db, err := store.Open(context.Background(), filepath.Join(s.dir, "pinwheel.db"))
	if err != nil {
		return err
	}
	db.RunAs(store.Process{Owner: store.Owner{Host: "story", PID: 1, Instance: "1"}})
	with := gitlab.Options{URL: s.gitlab.BaseURL(), ReadToken: s.readToken, Transport: s.gitlab.Transport()}
	if s.merges != "" {
		with.ReadMergeToken = func() (string, error) { return s.gitlab.Token(s.merges), nil }
	}
	client, err := gitlab.Connect(with)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store = db
	s.watcher = reconcile.NewWatcher(client, dashboard.NewPublisher(client))
	s.runner = reconcile.New(s.edges(client))
	s.rounds = round.New(round.Options{GitLab: client, Store: db, FormerUsers: s.config.GitLab.FormerUsers})
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
		Notes:       releasenotes.New(releasenotes.Options{Projects: s.config.ReleaseNotes.Projects}),
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
		if (c.User == bot || c.User == deployBot || pushes(c)) && b.method == c.Method && (glob(b.glob, c.Path) || glob(b.glob, c.Route)) {
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
