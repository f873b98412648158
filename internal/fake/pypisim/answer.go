package pypisim

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

const pageType = "application/vnd.pypi.simple.v1+json"

// reply is an answer before it is sent.
type reply struct {
	status int
	header http.Header
	body   []byte
	stream io.Reader // instead of body: does not end by itself
	reset  bool
	hang   bool
	cut    bool // the connection breaks after half of body
}

// answer judges a request and writes it down.
func (s *Server) answer(r *http.Request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.judge(r)
	if !s.o.NoLog && !s.aside {
		status := out.status
		if out.reset || out.hang {
			status = 0
		}
		host := r.Host
		if host == "" {
			host = r.URL.Host
		}
		s.log = append(s.log, Request{At: s.o.Now(), Method: r.Method, Host: host, Path: r.URL.Path, Header: r.Header.Clone(), Status: status})
	}
	return out
}

func (s *Server) judge(r *http.Request) reply {
	fault := s.strike(r.Method, r.URL.Path)
	kind := FaultKind("")
	if fault != nil {
		kind = fault.Kind
	}
	switch kind {
	case "", FaultStale, FaultTruncated, FaultCut, FaultNoRanges:
	default:
		return spoiled(fault, s.o.Now())
	}
	if s.o.Username != "" || s.o.Password != "" {
		if user, password, ok := r.BasicAuth(); !ok || user != s.o.Username || password != s.o.Password {
			out := plain(http.StatusUnauthorized, "Invalid or missing credentials.")
			out.header.Set("WWW-Authenticate", `Basic realm="index"`)
			return out
		}
	}
	out := s.serve(r, kind)
	if out.status == http.StatusOK || out.status == http.StatusPartialContent {
		switch kind {
		case FaultTruncated:
			out.cut = true
		case FaultCut:
			out.body = out.body[:len(out.body)/2]
		default: // serve did what it is about, or nothing is
		}
	}
	return out
}

// serve tells pages from files.
func (s *Server) serve(r *http.Request, kind FaultKind) reply {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return plain(http.StatusMethodNotAllowed, "405 Method Not Allowed")
	}
	if strings.Contains(r.URL.Path, "/simple/") {
		return s.page(r, kind == FaultStale)
	}
	return s.file(r, kind != FaultNoRanges)
}

func plain(status int, text string) reply {
	return reply{status: status, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, body: []byte(text)}
}

// page answers a request for a project's page.
func (s *Server) page(r *http.Request, stale bool) reply {
	i := strings.LastIndex(r.URL.Path, "/simple/")
	name := r.URL.Path[i+len("/simple/"):]
	normal := pep508.NormalizeName(strings.TrimSuffix(name, "/"))
	if name != normal+"/" && normal != "" {
		out := plain(http.StatusMovedPermanently, "")
		out.header.Set("Location", r.URL.Path[:i]+"/simple/"+normal+"/")
		return out
	}
	shelf := s.shelves[normal]
	if shelf == nil {
		return plain(http.StatusNotFound, "404 Not Found")
	}
	n := shelf.visible(s.o.Now())
	if stale {
		n = max(n-1, 0)
	}
	body := shelf.render(n)
	if body == nil {
		return plain(http.StatusNotFound, "404 Not Found")
	}
	header := http.Header{}
	header.Set("ETag", shelf.etag)
	header.Set("Vary", "Accept, Accept-Encoding")
	header.Set("Cache-Control", "max-age=600, public")
	if r.Header.Get("If-None-Match") == shelf.etag {
		return reply{status: http.StatusNotModified, header: header}
	}
	header.Set("Content-Type", pageType)
	if s.o.HTML {
		header.Set("Content-Type", "text/html; charset=utf-8")
		return reply{status: http.StatusOK, header: header, body: inHTML(body)}
	}
	if s.o.Gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = shelf.zipped()
	}
	return reply{status: http.StatusOK, header: header, body: body}
}

func (s *shelf) zipped() []byte {
	if s.zip == nil {
		s.zip = compress(s.body)
	}
	return s.zip
}

func compress(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// spoiled makes the answer of a fault that hides the page.
func spoiled(f *Fault, now time.Time) reply {
	out := reply{status: http.StatusOK, header: http.Header{"Content-Type": {pageType}}}
	const open = `{"meta":{"api-version":"1.4"},"files":[`
	switch f.Kind {
	case FaultReset:
		out.reset = true
	case FaultHang:
		out.hang = true
	case FaultHTML:
		out.header.Set("Content-Type", "text/html; charset=utf-8")
		out.body = []byte("<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n")
	case FaultGarbage:
		out.body = []byte("%PDF-1.7\x00\xff not a page at all")
	case FaultEndless:
		out.stream = io.MultiReader(strings.NewReader(open), &forever{text: `{"filename":"acme-1.0.tar.gz","hashes":{}},`})
	case FaultGiant:
		out.stream = io.MultiReader(strings.NewReader(`{"name":"`), &forever{text: "aaaaaaaaaaaaaaaa"})
	case FaultBomb:
		out.header.Set("Content-Encoding", "gzip")
		out.body = bomb(open)
	case FaultRedirect:
		out.status = http.StatusFound
		out.header.Set("Location", "https://elsewhere.invalid/simple/")
	default:
		out = plain(f.Status, strconv.Itoa(f.Status)+" "+http.StatusText(f.Status))
	}
	if seconds, isDate := strings.CutPrefix(f.RetryAfter, "date:"); isDate {
		n, _ := strconv.Atoi(seconds)
		out.header.Set("Retry-After", now.Add(time.Duration(n)*time.Second).UTC().Format(http.TimeFormat))
	} else if f.RetryAfter != "" {
		out.header.Set("Retry-After", f.RetryAfter)
	}
	return out
}

// bomb is a gzip body of some hundred kilobytes that becomes 256 MiB of JSON
// without a fault but its size. It is of many members, which is cheap to make.
func bomb(open string) []byte {
	member := compress(bytes.Repeat([]byte(`{"filename":""},`), 1<<16))
	return append(compress([]byte(open)), bytes.Repeat(member, 256)...)
}

// forever repeats a text.
type forever struct {
	text string
	at   int
}

func (f *forever) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m := copy(p[n:], f.text[f.at:])
		n += m
		f.at = (f.at + m) % len(f.text)
	}
	return n, nil
}

// ServeHTTP answers over a real connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.o.Latency > 0 && !wait(r, s.o.Latency) {
		return
	}
	out := s.answer(r)
	switch {
	case out.reset:
		hangUp(w)
		return
	case out.hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), out.header)
	if out.stream != nil {
		w.WriteHeader(out.status)
		_, _ = io.Copy(w, out.stream) // ends when the client hangs up
		return
	}
	if out.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(out.body)))
	}
	w.WriteHeader(out.status)
	if out.cut {
		_, _ = w.Write(out.body[:len(out.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(out.body) // a client that left is no concern
	}
}

// hangUp breaks the connection after the first bytes of an answer: were there
// none, a client's transport would quietly try once more on another one.
func hangUp(w http.ResponseWriter) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = buffered.WriteString("HTTP/1.1 ")
	_ = buffered.Flush()
	_ = conn.Close()
}

func wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// Transport answers without a connection, whatever the host, so it works in a
// testing/synctest bubble. The bodies it gives break when the request's
// context ends, as those of a connection do.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	if t.s.o.Latency > 0 && !wait(r, t.s.o.Latency) {
		return nil, r.Context().Err()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	out := t.s.answer(r)
	switch {
	case out.reset:
		return nil, syscall.ECONNRESET
	case out.hang:
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	var body io.Reader = bytes.NewReader(out.body)
	length := int64(len(out.body))
	switch {
	case out.stream != nil:
		body, length = out.stream, -1
	case out.cut:
		body = io.MultiReader(bytes.NewReader(out.body[:len(out.body)/2]), broken{})
	}
	return &http.Response{
		Status:     strconv.Itoa(out.status) + " " + http.StatusText(out.status),
		StatusCode: out.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: closer{body, r}, ContentLength: length, Request: r,
	}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type closer struct {
	io.Reader
	request *http.Request
}

func (c closer) Read(p []byte) (int, error) {
	if err := c.request.Context().Err(); err != nil {
		return 0, err
	}
	return c.Reader.Read(p)
}

func (closer) Close() error { return nil }
