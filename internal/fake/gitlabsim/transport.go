package gitlabsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"syscall"
)

// reply is an answer before it is written.
type reply struct {
	status int
	header http.Header
	body   any    // rendered as JSON
	raw    []byte // instead of body
	reset  bool   // no answer: the connection breaks
	hang   bool   // no answer until the client gives up
	cut    bool   // the connection breaks in the body
}

func (r *reply) bytes() []byte {
	if r.raw != nil || r.body == nil {
		return r.raw
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r.body); err != nil {
		panic("gitlabsim: " + err.Error())
	}
	r.raw = bytes.TrimSuffix(out.Bytes(), []byte("\n"))
	return r.raw
}

// Transport returns a RoundTripper that hands requests to the server without
// a socket and without a goroutine, fit for a synctest bubble. It answers any
// host; a request to another host than BaseURL's is kept in Failures.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

// RoundTrip answers one request. A reset fault is an error, as of a socket.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	out := t.s.serve(req, body)
	if out.hang {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	if out.reset {
		return nil, fmt.Errorf("read tcp 192.0.2.1:443: %w", syscall.ECONNRESET)
	}
	content := out.bytes()
	var reader io.Reader = bytes.NewReader(content)
	if out.cut {
		reader = io.MultiReader(reader, brokenReader{})
	}
	if req.Method == http.MethodHead {
		reader = bytes.NewReader(nil)
	}
	return &http.Response{Status: fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)), StatusCode: out.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: out.header, Body: io.NopCloser(reader),
		ContentLength: out.length(), Request: req}, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// length is what Content-Length announces; a cut answer announces more than
// it holds.
func (r *reply) length() int64 {
	if r.cut {
		return int64(2*len(r.raw) + 1)
	}
	return int64(len(r.bytes()))
}

// ServeHTTP serves a real listener.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	out := s.serve(req, body)
	if out.hang {
		<-req.Context().Done()
		return
	}
	if out.reset {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), out.header)
	w.Header().Set("Content-Length", strconv.FormatInt(out.length(), 10))
	if out.status == http.StatusNoContent {
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(out.status)
	if req.Method == http.MethodHead || out.status == http.StatusNoContent {
		return
	}
	_, _ = w.Write(out.bytes()) // the client may be gone
	if out.cut {
		_ = http.NewResponseController(w).Flush() // or nothing of it would arrive
		panic(http.ErrAbortHandler)
	}
}

// serve takes one request through hooks, faults and its handler.
func (s *Server) serve(req *http.Request, body []byte) *reply {
	c := s.receive(req, body)
	s.runHooks(s.hooks(false, c), c, 0)

	s.mu.Lock()
	fault := s.strike(c.method, c.path, c.pattern())
	var out *reply
	if fault != nil && !fault.After && fault.Kind != FaultTruncated {
		out = fault.spoil(nil, c.path, s.now())
	} else if out = s.handle(c); fault != nil {
		out = fault.spoil(out, c.path, s.now())
	}
	s.finish(c, out, fault)
	s.mu.Unlock()

	s.runHooks(s.hooks(true, c), c, out.status)
	return out
}

func (s *Server) hooks(after bool, c *call) []func(Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.aside && !c.write() {
		return nil
	}
	if after {
		return s.after
	}
	return s.before
}

func (s *Server) runHooks(hooks []func(Call), c *call, status int) {
	for _, hook := range hooks {
		hook(Call{c.method, c.pattern(), c.path, c.username(), c.n, status})
	}
}

// finish completes the headers and writes the log.
func (s *Server) finish(c *call, out *reply, fault *liveFault) {
	if out.header == nil {
		out.header = http.Header{}
	}
	if out.header.Get("Content-Type") == "" && len(out.bytes()) > 0 {
		out.header.Set("Content-Type", "application/json")
	}
	out.header.Set("Date", s.now().Format(http.TimeFormat))
	out.header.Set("X-Request-Id", fmt.Sprintf("sim-%d", len(s.requests)+1))
	if s.opt.RateLimit > 0 && c.pattern() != "/projects/:id" {
		out.header.Set("RateLimit-Limit", strconv.Itoa(s.opt.RateLimit))
		out.header.Set("RateLimit-Remaining", strconv.Itoa(s.opt.RateLimit-1))
	}
	entry := Request{Seq: len(s.requests) + 1, At: s.now(), User: c.username(), Method: c.method, Path: c.path, Route: c.pattern(),
		Status: out.status, Write: c.write()}
	if fault != nil {
		entry.Fault = fault.text
	}
	if s.aside && !c.write() {
		return
	}
	s.requests = append(s.requests, entry)
}
