// Package githttp serves the projects of a simulated GitLab to git over smart HTTP,
// by git's own http-backend, and hands every other request to the simulator.
//
// Its invariant: what git reads is what the simulator has at that instant, under the
// names of commits that the API tells as well, and it is read by whom GitLab lets. A
// token in the address is refused, since it would show.
//
// It takes pushes that move branches between commits that are there, as deployments do:
// git itself compares and swaps, and the simulator's rules have to allow it, too.
package githttp

import (
	"fmt"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// Server is a GitLab with git. It is safe for concurrent use.
type Server struct {
	sim     *gitlabsim.Server
	dir     string
	backend string

	mu    sync.Mutex
	shown map[string]string // what each repository was made of
	asked []string
	names map[string]string // of commits: what git calls them, by what the simulator does
	ids   map[string]string // the other way round
}

// New serves a simulator with git; repositories are made in dir, which is the caller's
// to remove.
func New(sim *gitlabsim.Server, dir string) (*Server, error) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("there is no git: %w", err)
	}
	return &Server{sim: sim, dir: dir, backend: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"), shown: map[string]string{}, names: map[string]string{}, ids: map[string]string{}}, nil
}

// ServeHTTP serves git below PATH.git and, as GitLab does, below PATH for what git
// asks first.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	path, rest, ok := service(req.URL.Path)
	if !ok {
		s.api(w, req)
		return
	}
	if rest == pushPath || rest == refsPath && req.URL.Query().Get("service") == "git-receive-pack" {
		s.push(w, req, path, rest)
		return
	}
	_, secret, _ := req.BasicAuth()
	s.mu.Lock()
	s.asked = append(s.asked, path)
	s.mu.Unlock()
	p := s.sim.Project(path)
	switch {
	case !s.sim.CanRead(secret, path) && secret == "":
		w.Header().Set("WWW-Authenticate", `Basic realm="GitLab"`)
		http.Error(w, "HTTP Basic: Access denied", http.StatusUnauthorized)
		return
	case p == nil || !s.sim.CanRead(secret, path):
		http.Error(w, "The project you were looking for could not be found or you don't have permission to view it.", http.StatusNotFound)
		return
	}
	if err := s.show(path, p); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.serve(w, req, asked{path, rest, false})
}

// asked is what git asks of a project.
type asked struct {
	project, rest string
	push          bool
}

// serve lets git's own http-backend answer.
func (s *Server) serve(w http.ResponseWriter, req *http.Request, a asked) {
	user := "REMOTE_USER="
	if a.push {
		user += "simulated" // the backend takes pushes of users alone
	}
	h := &cgi.Handler{
		Path: s.backend, Dir: s.dir, InheritEnv: []string{"PATH"},
		Env: []string{
			user, "GIT_PROJECT_ROOT=" + s.dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + s.dir, "GIT_PROTOCOL=" + req.Header.Get("Git-Protocol"),
			"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=uploadpack.allowAnySHA1InWant", "GIT_CONFIG_VALUE_0=true", "GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*",
		},
	}
	req.URL.Path = "/" + a.project + ".git" + a.rest
	h.ServeHTTP(w, req)
}

// What git asks for.
const refsPath, pushPath = "/info/refs", "/git-receive-pack"

// service takes the path of a project out of that of a request of git.
func service(path string) (project, rest string, ok bool) {
	for _, end := range []string{refsPath, pushPath, "/git-upload-pack"} {
		if before, found := strings.CutSuffix(path, end); found {
			return strings.TrimSuffix(strings.Trim(before, "/"), ".git"), end, true
		}
	}
	return "", "", false
}

// show makes the repository of a project what the simulator has.
func (s *Server) show(path string, p *gitlabsim.Project) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := p.FastImport()
	if s.shown[path] == text {
		return nil
	}
	dir := filepath.Join(s.dir, filepath.FromSlash(path)+".git")
	// Branches that are gone are gone here, too.
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if out, err := exec.Command("git", "init", "-q", "--bare", "-b", p.DefaultBranch(), dir).CombinedOutput(); err != nil {
		return fmt.Errorf("git init of %s: %w: %s", path, err, out)
	}
	cmd := exec.Command("git", "fast-import", "--quiet", "--force")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("fast-import of %s: %w: %s", path, err, out)
	}
	hide := exec.Command("git", "config", "transfer.hideRefs", "refs/sim")
	hide.Dir = dir
	if out, err := hide.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if err := s.learn(dir); err != nil {
		return fmt.Errorf("the commits of %s: %w", path, err)
	}
	s.shown[path] = text
	return nil
}

// Asked counts the requests of git for a project's repository.
func (s *Server) Asked(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.asked {
		if p == path {
			n++
		}
	}
	return n
}

// SHA is the commit that git has for a ref of a project.
func (s *Server) SHA(path, ref string) (string, error) {
	p := s.sim.Project(path)
	if p == nil {
		return "", fmt.Errorf("there is no project %s", path)
	}
	if err := s.show(path, p); err != nil {
		return "", err
	}
	cmd := exec.Command("git", "rev-parse", ref)
	cmd.Dir = filepath.Join(s.dir, filepath.FromSlash(path)+".git")
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}
