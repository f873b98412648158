package githttp

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
)

// This file gives commits one name. git calls a commit by its content, and the simulator
// by a number of its own: in requests of the API the one is put in the place of the
// other, and in answers the other way round. Files, which travel as base64, and packages
// stay as they are.

// answer keeps what a handler answers.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }
func (a *answer) WriteHeader(s int)   { a.status = s }
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.body.Write(p)
}

// send writes the answer on.
func (a *answer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(max(a.status, http.StatusOK))
	_, _ = w.Write(a.body.Bytes()) // the client may be gone
}

// api hands a request to the simulator.
func (s *Server) api(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	if isJSON(req.Header) {
		body = s.renamed(body, s.known(&s.ids))
	}
	inner := req.Clone(req.Context())
	inner.Body = io.NopCloser(bytes.NewReader(body))
	ids := s.known(&s.ids)
	inner.URL.Path = string(s.renamed([]byte(abbreviated(req.URL.Path, ids)), ids))
	inner.URL.RawPath = string(s.renamed([]byte(abbreviated(req.URL.RawPath, ids)), ids))
	inner.URL.RawQuery = string(s.renamed([]byte(req.URL.RawQuery), ids))
	inner.RequestURI = inner.URL.RequestURI()
	out := &answer{header: http.Header{}}
	s.sim.ServeHTTP(out, inner)
	if isJSON(out.header) {
		s.learnOf(out.body.Bytes())
		names := s.known(&s.names)
		text := s.renamed(out.body.Bytes(), names)
		out.body.Reset()
		out.body.Write(text)
		for key, values := range out.header {
			for i := range values {
				out.header[key][i] = string(s.renamed([]byte(values[i]), names))
			}
		}
	}
	out.send(w)
}

func isJSON(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "application/json")
}

// known is a copy of one of the tables.
func (s *Server) known(of *map[string]string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(*of)
}

var (
	commitID  = regexp.MustCompile(`\b[0-9a-f]{40}\b`)
	beginning = regexp.MustCompile(`/commits/([0-9a-f]{7,39})(/|$)`)
)

// renamed puts the names of a table in the place of others.
func (*Server) renamed(text []byte, to map[string]string) []byte {
	return commitID.ReplaceAllFunc(text, func(id []byte) []byte {
		if name, there := to[string(id)]; there {
			return []byte(name)
		}
		return id
	})
}

// abbreviated writes out the beginning of a commit's name in a path, if it is that of one.
func abbreviated(path string, ids map[string]string) string {
	m := beginning.FindStringSubmatchIndex(path)
	if m == nil {
		return path
	}
	found := ""
	for id := range ids {
		if strings.HasPrefix(id, path[m[2]:m[3]]) {
			if found != "" {
				return path
			}
			found = id
		}
	}
	if found == "" {
		return path
	}
	return path[:m[2]] + found + path[m[3]:]
}

// learnOf makes known what git calls the commits in a text.
func (s *Server) learnOf(text []byte) {
	names := s.known(&s.names)
	for _, id := range commitID.FindAll(text, -1) {
		if names[string(id)] == "" {
			for _, p := range s.sim.Projects() {
				_ = s.show(p.Path(), p) // what cannot be shown keeps its own name
			}
			return
		}
	}
}

// learn reads what git calls the commits of a repository. The lock is held.
func (s *Server) learn(dir string) error {
	cmd := exec.Command("git", "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/sim")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(out)) {
		id, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return fmt.Errorf("git tells %q", line)
		}
		s.names[id], s.ids[name] = name, id
	}
	return nil
}

// Name is what git calls a commit of the simulator.
func (s *Server) Name(id string) string {
	s.learnOf([]byte(id))
	if name := s.known(&s.names)[id]; name != "" {
		return name
	}
	return id
}

// command is a push under the simulator's names. Its length stands before the first name
// without a blank.
func (s *Server) command(body []byte) []byte {
	if len(body) < 4 {
		return body
	}
	return append(bytes.Clone(body[:4]), s.renamed(body[4:], s.known(&s.ids))...)
}

// push lets git itself compare and swap. The simulator has to let the user push, and
// then gets the same push.
func (s *Server) push(w http.ResponseWriter, req *http.Request, path, rest string) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	simulated := func(path, query string, body []byte) *answer {
		inner := req.Clone(req.Context())
		inner.Method, inner.URL.Path, inner.URL.RawPath, inner.URL.RawQuery = http.MethodGet, path, "", query
		if body != nil {
			inner.Method = http.MethodPost
		}
		inner.Body, inner.RequestURI = io.NopCloser(bytes.NewReader(body)), inner.URL.RequestURI()
		out := &answer{header: http.Header{}}
		s.sim.ServeHTTP(out, inner)
		return out
	}
	if out := simulated("/"+path+".git"+refsPath, "service=git-receive-pack", nil); out.status != http.StatusOK {
		out.send(w)
		return
	}
	if p := s.sim.Project(path); p != nil {
		if err := s.show(path, p); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	inner := req.Clone(req.Context())
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	out := &answer{header: http.Header{}}
	s.serve(out, inner, asked{path, rest, true})
	if rest == pushPath && bytes.Contains(out.body.Bytes(), []byte("unpack ok")) && !bytes.Contains(out.body.Bytes(), []byte("ng refs/")) {
		if judged := simulated("/"+path+".git"+pushPath, "", s.command(body)); bytes.Contains(judged.body.Bytes(), []byte("ng refs/")) || judged.status != http.StatusOK {
			out = judged
			s.mu.Lock()
			delete(s.shown, path) // git moved what GitLab would not have
			s.mu.Unlock()
		}
	}
	out.send(w)
}
