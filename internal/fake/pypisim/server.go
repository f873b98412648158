package pypisim

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Options are what a Server may be told. The zero value works.
type Options struct {
	// Now says which releases are there; nil is time.Now.
	Now func() time.Time
	// Gzip compresses pages for clients that accept it.
	Gzip bool
	// Latency is waited before every answer.
	Latency time.Duration
	// Username and Password are demanded from every request (Basic) unless
	// both are empty.
	Username, Password string
	// Files makes the page tell the true digest and size of every file, so
	// that an installer takes it; see the package comment.
	Files bool
	// HTML answers with pages of PEP 503, as many private indexes do: without
	// upload times, sizes and status.
	HTML bool
	// FilesAt is where pages say that files are, "https://HOST"; "" is the index
	// itself. The server answers for every host.
	FilesAt string
	// NoLog keeps no record of requests.
	NoLog bool
}

// Server is an index with memory. Its pages are at /simple/NAME/, and below
// any other path that ends so; the files at /files/NAME/VERSION/FILE, and the
// metadata of a wheel (PEP 658) beside it, with ".metadata" after its name. It
// is safe for concurrent use.
type Server struct {
	o Options

	mu      sync.Mutex
	shelves map[string]*shelf
	faults  []*Fault
	log     []Request
	aside   bool
}

// Request is one request as it came.
type Request struct {
	At     time.Time
	Method string
	Host   string
	Path   string
	Header http.Header
	Status int // 0: the connection broke or hung
}

// New makes an empty index.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{o: o, shelves: map[string]*shelf{}}
}

// Load adds a world: statements, or a txtar archive of files of statements in
// which a file NAME.json is the page of NAME as it is. Text before the first
// file is statements too. Errors name file and line.
func (s *Server) Load(world string) error {
	file, n := "world", 0
	var page strings.Builder
	finish := func() {
		if name, ok := strings.CutSuffix(path.Base(file), ".json"); ok {
			s.AddPage(name, []byte(page.String()))
		}
		page.Reset()
	}
	for line := range strings.Lines(world) {
		n++
		if name, ok := fileMarker(line); ok {
			finish()
			file, n = name, 0
			continue
		}
		if strings.HasSuffix(file, ".json") {
			page.WriteString(line)
			continue
		}
		if err := s.Add(strings.TrimSuffix(line, "\n")); err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
	finish()
	return nil
}

// fileMarker reads txtar's "-- NAME --".
func fileMarker(line string) (string, bool) {
	line, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "-- ")
	if !ok {
		return "", false
	}
	name, ok := strings.CutSuffix(line, " --")
	return strings.TrimSpace(name), ok
}

// Add adds one statement of a world.
func (s *Server) Add(line string) error {
	e, f, ok, err := parseLine(line)
	if err != nil || !ok {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	shelf := s.shelf(e.name)
	if e.kind == project {
		shelf.features = f
	}
	shelf.add(e)
	return nil
}

func (s *Server) shelf(name string) *shelf {
	if s.shelves[name] == nil {
		s.shelves[name] = &shelf{name: name, shown: -1, allReal: s.o.Files, filesAt: s.o.FilesAt}
	}
	return s.shelves[name]
}

// Release adds a version now, with a wheel and a source distribution.
func (s *Server) Release(name, version string) {
	s.now(event{kind: release, name: name, version: version, tags: []string{"py3-none-any", "sdist"}})
}

// Yank yanks every file of a version now (PEP 592).
func (s *Server) Yank(name, version, reason string) {
	s.now(event{kind: yank, name: name, version: version, text: reason})
}

// Remove deletes a version now, or with "*" the project.
func (s *Server) Remove(name, version string) {
	s.now(event{kind: remove, name: name, version: version})
}

// SetStatus gives a project another status now (PEP 792).
func (s *Server) SetStatus(name, status, reason string) {
	s.now(event{kind: setStatus, name: name, status: status, text: reason})
}

// Quarantine is SetStatus with quarantined.
func (s *Server) Quarantine(name, reason string) { s.SetStatus(name, "quarantined", reason) }

func (s *Server) now(e event) {
	e.at, e.name = s.o.Now().UTC(), pep508.NormalizeName(e.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf(e.name).add(e)
}

// AddPage makes body the page of name, whatever the time.
func (s *Server) AddPage(name string, body []byte) {
	name = pep508.NormalizeName(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelves[name] = &shelf{name: name, page: body, shown: -1}
}

// AddRecorded adds every NAME.json of a folder of recorded pages and returns
// the names, sorted. The recorder's NAME.headers.json are left out.
func (s *Server) AddRecorded(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if strings.HasSuffix(name, ".headers") {
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		s.AddPage(name, body)
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Names returns the projects of the index, sorted.
func (s *Server) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.shelves {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Page returns the page of name at the present instant, nil if unknown.
func (s *Server) Page(name string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	shelf := s.shelves[pep508.NormalizeName(name)]
	if shelf == nil {
		return nil
	}
	return slices.Clone(shelf.render(shelf.visible(s.o.Now())))
}

// AddFault arms a fault. Of several that match, the first armed strikes.
func (s *Server) AddFault(f Fault) {
	if f.Count == 0 {
		f.Count = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Inject arms a fault given as text, see ParseFault.
func (s *Server) Inject(text string) error {
	f, err := ParseFault(text)
	if err == nil {
		s.AddFault(f)
	}
	return err
}

// ClearFaults disarms every fault: calm.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike finds the fault of a request and counts it.
func (s *Server) strike(method, path string) *Fault {
	for _, f := range s.faults {
		if f.Count == 0 || s.aside && f.Count > 0 || f.Method != "*" && f.Method != method || !glob(f.Route, path) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Count > 0 {
			f.Count--
		}
		return f
	}
	return nil
}

// Requests returns the log.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Count counts requests whose path matches a glob; status 0 is any.
func (s *Server) Count(pattern string, status int) int {
	n := 0
	for _, r := range s.Requests() {
		if glob(pattern, r.Path) && (status == 0 || r.Status == status) {
			n++
		}
	}
	return n
}

// Aside lets f ask for what nobody is to notice: requests are not logged, and faults
// that strike a few times do not strike nor count.
func (s *Server) Aside(f func()) {
	set := func(on bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.aside = on
	}
	set(true)
	defer set(false)
	f()
}

// ResetLog forgets the requests.
func (s *Server) ResetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}
