package gitlabsim

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options configure a Server. The zero value works: a frozen clock, the
// address https://gitlab.example and one stale read after each change.
type Options struct {
	// Now gives every date, the Date header included. Nil is the frozen
	// instant 2026-01-02T08:00:00Z.
	Now func() time.Time
	// BaseURL is the address of the instance without /api/v4; a path in it
	// is a relative URL root. Web URLs are made from it.
	BaseURL string
	// AsyncReads is how many reads of one merge request, at the instant of a
	// change, still show it unprepared or unchecked. 0 is 1; negative is none.
	AsyncReads int
	// RecheckTakes is how long it takes beyond that until a merge request that
	// was to be checked for conflicts is.
	RecheckTakes time.Duration
	// StaleLists is how many lists of merge requests, at the instant of a
	// change, are answered as of before it. 0 is none.
	StaleLists int
	// LateNotes is how many lists of the notes of an issue or merge request, at
	// the instant of a new one, are answered without it. 0 is none.
	LateNotes int
	// BranchLag is how many creations of a merge request, at the instant its
	// source branch appeared, are told that the branch does not exist.
	BranchLag int
	// CoalesceVersions makes pushes that the background work has not seen yet
	// leave only the last of them as a version.
	CoalesceVersions bool
	// MaxVersions is how many versions a merge request may have; a later push
	// no longer reaches it. 0 is 1000.
	MaxVersions int
	// RateLimit, if positive, is announced in RateLimit-Limit.
	RateLimit int
	// PackagesAt is the address of a store of objects, see Server.Storage, to which
	// downloads of packages are redirected, "https://HOST"; "" redirects none.
	PackagesAt string
	// Deliver gets the events of webhooks, each in a goroutine of its own as GitLab sends them
	// beside what caused them. Nil drops them.
	Deliver func(Delivery)
	// Version is what GET /version says. "" is "19.5.0".
	Version string
}

// Server is the simulated instance. Its methods may be called from hooks and
// from several goroutines.
type Server struct {
	opt  Options
	root string // the relative URL root, "" or "/gitlab"

	mu       sync.Mutex
	users    []*user
	tokens   map[string]*token
	projects []*Project
	ids      map[string]int64
	events   []Event
	requests []Request
	failures []string
	effects  []Effect // of the texts that were read
	unread   []func() // reads one more, oldest first
	faults   []*liveFault
	counts   map[string]int
	storage  map[string][]byte
	webhooks []*webhook
	before   []func(Call)
	after    []func(Call)
	aside    bool

	applications []*Application
	grants       map[string]*grant
	browsing     *user // at the browser, nil for nobody
	permits      bool
}

type user struct {
	id       int64
	username string
	name     string
	admin    bool
	bot      bool
	state    string // "" is active
	created  time.Time
}

type token struct {
	id      int64
	value   string
	user    *user
	scopes  []string
	revoked bool
	job     bool      // of a job of a pipeline
	expires time.Time // zero is never
	created time.Time
}

// New returns an instance without users and projects.
func New(opt Options) *Server {
	if opt.Now == nil {
		opt.Now = func() time.Time { return time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC) }
	}
	if opt.BaseURL == "" {
		opt.BaseURL = "https://gitlab.example"
	}
	if opt.AsyncReads == 0 {
		opt.AsyncReads = 1
	}
	if opt.MaxVersions == 0 {
		opt.MaxVersions = 1000
	}
	if opt.Version == "" {
		opt.Version = "19.5.0"
	}
	opt.BaseURL = strings.TrimRight(opt.BaseURL, "/")
	s := &Server{opt: opt, tokens: map[string]*token{}, ids: map[string]int64{}, counts: map[string]int{}, storage: map[string][]byte{}, grants: map[string]*grant{}}
	if u, err := url.Parse(opt.BaseURL); err == nil {
		s.root = strings.TrimRight(u.Path, "/")
	}
	return s
}

// SetBaseURL changes the address, for a server whose port is known late.
func (s *Server) SetBaseURL(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.BaseURL = strings.TrimRight(base, "/")
	if u, err := url.Parse(s.opt.BaseURL); err == nil {
		s.root = strings.TrimRight(u.Path, "/")
	}
}

// SetVersion changes what GET /version says.
func (s *Server) SetVersion(version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.Version = version
}

// BaseURL returns the address of the instance without /api/v4.
func (s *Server) BaseURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opt.BaseURL
}

func (s *Server) now() time.Time { return s.opt.Now().UTC() }

// nextID counts each kind from its own start, so that an id never passes for
// an iid or for the id of another kind.
func (s *Server) nextID(kind string) int64 {
	if s.ids[kind] == 0 {
		s.ids[kind] = 10000*int64(slices.Index([]string{"user", "project", "token", "issue", "mr", "note", "version", "pipeline", "job", "package"}, kind)) + 11
	} else {
		s.ids[kind]++
	}
	return s.ids[kind]
}

// AddUser makes a user; an administrator passes every check of roles.
func (s *Server) AddUser(username, name string, admin bool) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &user{id: s.nextID("user"), username: username, name: name, admin: admin, created: s.now()}
	s.users = append(s.users, u)
	return u.id
}

// RenameUser gives a user another username. The old one is free.
func (s *Server) RenameUser(username, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustUser(username).username = to
}

// SetUserState gives a user another state: active, blocked, banned,
// ldap_blocked, deactivated, blocked_pending_approval. Who is not active can do
// nothing and stays a member. gitlab.md 7.8.
func (s *Server) SetUserState(username, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustUser(username).state = state
}

// AddBot makes a user whom GET /user calls a bot, as those of project access
// tokens are.
func (s *Server) AddBot(username, name string) int64 {
	id := s.AddUser(username, name, false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user(username).bot = true
	return id
}

// Token makes a token of a user. No scopes means api.
func (s *Server) Token(username string, scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.mustUser(username)
	if len(scopes) == 0 {
		scopes = []string{"api"}
	}
	id := s.nextID("token")
	t := &token{id: id, value: fmt.Sprintf("glpat-%s-%d", username, id), user: u, scopes: scopes, created: s.now()}
	s.tokens[t.value] = t
	return t.value
}

// JobToken makes the token of a running job that a user started. It is good for what
// such tokens may do, and comes in a header of its own.
func (s *Server) JobToken(username string) string {
	value := s.Token(username)
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[value]
	delete(s.tokens, value)
	t.job, t.value = true, "glcbt-"+value
	s.tokens[t.value] = t
	return t.value
}

// Revoke makes a token answer 401 from now on.
func (s *Server) Revoke(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[value]; t != nil {
		t.revoked = true
	}
}

// Expire makes a token answer 401 from the given instant on; the zero time
// makes it last again.
func (s *Server) Expire(value string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[value]; t != nil {
		t.expires = at
	}
}

func (s *Server) user(username string) *user {
	for _, u := range s.users {
		if u.username == username {
			return u
		}
	}
	return nil
}

func (s *Server) mustUser(username string) *user {
	u := s.user(username)
	if u == nil {
		panic("gitlabsim: no user " + username)
	}
	return u
}

func (s *Server) userByID(id int64) *user {
	for _, u := range s.users {
		if u.id == id {
			return u
		}
	}
	return nil
}

// Project returns the project at a path, or nil.
func (s *Server) Project(path string) *Project {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.projectByPath(path)
}

// Projects are all of them, in the order in which they were made.
func (s *Server) Projects() []*Project {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.projects)
}

func (s *Server) projectByPath(path string) *Project {
	i := slices.IndexFunc(s.projects, func(p *Project) bool { return strings.EqualFold(p.path, path) })
	if i < 0 {
		return nil
	}
	return s.projects[i]
}
