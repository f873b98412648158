package pypi

import (
	"archive/tar"
	ziparchive "archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	wheelName = "acme-1.0-py3-none-any.whl"
	sdistName = "acme-1.0.tar.gz"

	acmeMetadata = "Metadata-Version: 2.2\nName: acme\nVersion: 1.0\nRequires-Python: >=3.8\nRequires-Dist: foo>=1\nProvides-Extra: x\n\nwords\n"
)

// member is a file in an archive; method 8 packs it.
type member struct {
	name, text string
	method     uint16
}

func zipOf(tb testing.TB, members ...member) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := ziparchive.NewWriter(&out)
	for _, m := range members {
		f, err := w.CreateHeader(&ziparchive.FileHeader{Name: m.name, Method: m.method})
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(f, m.text); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// noise is text that does not pack.
func noise(n int) string {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b) //nolint:errcheck // it never fails
	return string(b)
}

// wheelOf is a wheel of one module of so many bytes.
func wheelOf(tb testing.TB, module int, text string) []byte {
	tb.Helper()
	return zipOf(tb, member{"acme/__init__.py", noise(module), 0}, member{"acme-1.0.dist-info/METADATA", text, 8}, member{"acme-1.0.dist-info/RECORD", "", 8})
}

func tarOf(tb testing.TB, members ...member) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, m := range members {
		if err := w.WriteHeader(&tar.Header{Name: m.name, Size: int64(len(m.text)), Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, m.text); err != nil {
			tb.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// shop serves one file, its metadata beside it where that is not nil, and
// keeps the requests. It honours ranges as net/http does unless serve says
// otherwise.
type shop struct {
	file, beside []byte
	serve        func(s *shop, w http.ResponseWriter, r *http.Request) // nil: honestly

	mu       sync.Mutex
	requests []string
	sent     int64
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	s.mu.Lock()
	s.requests = append(s.requests, strings.TrimSpace(strings.TrimPrefix(name, "acme-1.0")+" "+r.Header.Get("Range")))
	s.mu.Unlock()
	counted := &countedWriter{ResponseWriter: w, s: s}
	if s.serve != nil {
		s.serve(s, counted, r)
		return
	}
	s.honest(counted, r)
}

func (s *shop) honest(w http.ResponseWriter, r *http.Request) {
	data := s.file
	if strings.HasSuffix(r.URL.Path, ".metadata") {
		data = s.beside
	}
	if data == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

type countedWriter struct {
	http.ResponseWriter
	s *shop
}

func (w *countedWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.s.mu.Lock()
	w.s.sent += int64(n)
	w.s.mu.Unlock()
	return n, err
}

// asked asks for the metadata of acme 1.0 in one file of a shop.
func asked(t *testing.T, s *shop, name string, change func(*FileDetails)) (MetadataAnswer, error) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	f := FileDetails{Name: name, URL: server.URL + "/files/" + name, SHA256: digestHex(s.file), Size: int64(len(s.file))}
	if s.beside != nil {
		f.HasMetadata, f.MetadataSHA256 = true, digestHex(s.beside)
	}
	if change != nil {
		change(&f)
	}
	r := MetadataRequest{Source: source(server.URL + "/simple/"), Name: "Acme", Version: "1", Files: []FileDetails{f}}
	a, err := New(Options{Retries: -1}).Metadata(t.Context(), r)
	var e *Error
	if err != nil && !errors.As(err, &e) {
		t.Errorf("%v is no Error", err)
	}
	if err == nil && (a.File != name || a.SHA256 != f.SHA256 || (a.Status == Known) != (a.Reason == "") || (a.Status == Known) != (a.Metadata.Name != "")) {
		t.Errorf("an answer that is not whole: %+v", a)
	}
	return a, err
}

func verdict(a MetadataAnswer, err error) string {
	if err != nil {
		var e *Error
		errors.As(err, &e)
		return "error " + string(e.Kind)
	}
	if a.Status == Known {
		return fmt.Sprintf("known %s %s %q %s", a.Metadata.Name, a.Metadata.Version, a.Metadata.RequiresDist, a.Metadata.RequiresPython)
	}
	return string(a.Status) + " " + a.Reason
}

const knownAcme = `known acme 1.0 ["foo>=1"] >=3.8`

// TestWheels asks servers of every sort for a wheel's metadata.
func TestWheels(t *testing.T) {
	text := acmeMetadata
	small, large := wheelOf(t, 1000, text), wheelOf(t, 300_000, text)
	early := zipOf(t, member{"acme-1.0.dist-info/METADATA", text, 8}, member{"acme/__init__.py", noise(300_000), 0})
	var many []member
	for i := range 3000 {
		many = append(many, member{fmt.Sprintf("acme/a_module_with_a_long_name_%d.py", i), "", 0})
	}
	wide := zipOf(t, append(many, member{"acme-1.0.dist-info/METADATA", text, 8})...)
	tail := fmt.Sprint("-py3-none-any.whl bytes=-", zipTail)
	const all = "-py3-none-any.whl"
	always := func(status int, header ...string) func(*shop, http.ResponseWriter, *http.Request) {
		return func(s *shop, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				s.honest(w, r)
				return
			}
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
		}
	}
	ignoring := func(s *shop, w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		s.honest(w, r)
	}
	for _, c := range []struct {
		what   string
		shop   *shop
		change func(*FileDetails)
		want   string
		asked  []string
	}{
		{"beside", &shop{file: small, beside: []byte(text)}, nil, knownAcme, []string{all + ".metadata"}},
		{"beside, without a digest", &shop{file: small, beside: []byte(text)}, func(f *FileDetails) { f.MetadataSHA256 = "" }, knownAcme, []string{all + ".metadata"}},
		{"beside, another digest", &shop{file: small, beside: []byte(text)}, func(f *FileDetails) { f.MetadataSHA256 = strings.Repeat("0", 64) },
			"refused acme-1.0-py3-none-any.whl has metadata beside it without the sha256 that the index gives", []string{all + ".metadata"}},
		{"promised beside, not there", &shop{file: small}, func(f *FileDetails) { f.HasMetadata = true }, knownAcme, []string{all + ".metadata", tail}},
		{"a small wheel", &shop{file: small}, nil, knownAcme, []string{tail}},
		{"a large wheel", &shop{file: large}, nil, knownAcme, []string{tail}},
		{"metadata at the front", &shop{file: early}, nil, knownAcme, []string{tail, fmt.Sprintf("-py3-none-any.whl bytes=0-%d", 30+27+256+metadataPacked(t, early)-1)}},
		{"a large directory", &shop{file: wide}, nil, knownAcme, nil},
		{"ranges ignored", &shop{file: large, serve: ignoring}, nil, knownAcme, []string{tail}},
		{"ranges ignored, another digest", &shop{file: large, serve: ignoring}, func(f *FileDetails) { f.SHA256 = strings.Repeat("0", 64) },
			"refused acme-1.0-py3-none-any.whl does not have the sha256 that the index gives", []string{tail}},
		{"ranges refused", &shop{file: large, serve: always(416)}, nil, knownAcme, []string{tail, all}},
		{"ranges not implemented", &shop{file: large, serve: always(501)}, nil, knownAcme, []string{tail, all}},
		{"a piece without a place", &shop{file: large, serve: always(206)}, nil, knownAcme, []string{tail, all}},
		{"another piece", &shop{file: large, serve: always(206, "Content-Range", "bytes 0-9/100")}, nil, knownAcme, []string{tail, all}},
		{"a backward piece", &shop{file: large, serve: always(206, "Content-Range", "bytes 99-9/100")}, nil, knownAcme, []string{tail, all}},
		{"an endless number", &shop{file: large, serve: always(206, "Content-Range", "bytes 0-99999999999999999999/100000000000000000000")}, nil, knownAcme, []string{tail, all}},
		{"the wrong bytes under the right place", &shop{file: large, serve: func(s *shop, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				s.honest(w, r)
				return
			}
			n := int64(len(s.file))
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", n-zipTail, n-1, n))
			w.WriteHeader(206)
			_, _ = w.Write(s.file[:zipTail])
		}}, nil, knownAcme, []string{tail, all}},
		{"no ranges and too large", &shop{file: large, serve: always(416)}, func(f *FileDetails) { f.Size = 32<<20 + 1 },
			"unknown acme-1.0-py3-none-any.whl is larger than 32 MiB, and nothing less of it could be had", []string{tail}},
		{"the whole without an end", &shop{file: small, serve: endless}, func(f *FileDetails) { f.Size = 0 },
			"unknown acme-1.0-py3-none-any.whl is larger than 32 MiB, and nothing less of it could be had", []string{tail}},
		{"the metadata without an end", &shop{file: small, beside: []byte(text), serve: endless}, nil,
			"refused acme-1.0-py3-none-any.whl has metadata beside it without the sha256 that the index gives", []string{all + ".metadata"}},
		{"the metadata without an end or a digest", &shop{file: small, beside: []byte(text), serve: endless}, func(f *FileDetails) { f.MetadataSHA256 = "" },
			"refused acme-1.0-py3-none-any.whl has more than 4 MiB of metadata", []string{all + ".metadata"}},
		{"too much metadata, and that of the index", &shop{file: small, beside: []byte(text + strings.Repeat(" ", 11<<20))}, nil,
			"refused acme-1.0-py3-none-any.whl has more than 4 MiB of metadata", []string{all + ".metadata"}},
		{"packed on the way", &shop{file: small, beside: []byte(text), serve: packed(t)}, nil, knownAcme, []string{all + ".metadata"}},
		{"the wheel packed on the way", &shop{file: small, serve: packed(t)}, nil, knownAcme, []string{tail}},
		{"packed otherwise", &shop{file: small, beside: []byte(text), serve: headers("Content-Encoding", "br")}, nil, "error unsupported", []string{all + ".metadata"}},
		{"packed badly", &shop{file: small, beside: []byte(text), serve: headers("Content-Encoding", "gzip")}, nil, "error malformed", []string{all + ".metadata"}},
		{"a page to log in", &shop{file: small, beside: []byte(text), serve: headers("Content-Type", "text/html; charset=utf-8")}, nil, "error not-json", []string{all + ".metadata"}},
		{"down", &shop{file: small, beside: []byte(text), serve: status(503)}, nil, "error unavailable", []string{all + ".metadata"}},
		{"down without metadata beside", &shop{file: small, serve: status(500)}, nil, "error unavailable", []string{tail}},
		{"too often", &shop{file: small, beside: []byte(text), serve: status(429)}, nil, "error unavailable", nil},
		{"not for us", &shop{file: small, serve: status(403)}, nil, "error unauthorized", []string{tail}},
		{"metadata not for us", &shop{file: small, beside: []byte(text), serve: status(401)}, nil, "error unauthorized", []string{all + ".metadata"}},
		{"gone", &shop{file: small, serve: status(404)}, nil, "error unsupported", []string{tail}},
		{"cut off", &shop{file: large, serve: cut}, nil, "error unreachable", []string{tail}},
		{"cut off without a length", &shop{file: large, serve: short}, nil, "error malformed", []string{tail}},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, err := asked(t, c.shop, wheelName, c.change)
			if verdict(got, err) != c.want {
				t.Errorf("have %s (%v)\nwant %s", verdict(got, err), err, c.want)
			}
			if c.asked != nil && !slices.Equal(c.shop.requests, c.asked) {
				t.Errorf("asked %q\nwant  %q", c.shop.requests, c.asked)
			}
			if len(c.shop.requests) > 3 {
				t.Errorf("asked %q", c.shop.requests)
			}
		})
	}
	// Of the large wheel little more than the tail may travel.
	s := &shop{file: large}
	if _, err := asked(t, s, wheelName, nil); err != nil || s.sent > zipTail {
		t.Errorf("%d bytes were sent: %v", s.sent, err)
	}
}

// metadataPacked is the packed size of METADATA in a wheel.
func metadataPacked(tb testing.TB, wheel []byte) int {
	tb.Helper()
	r, err := ziparchive.NewReader(bytes.NewReader(wheel), int64(len(wheel)))
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/METADATA") {
			return int(f.CompressedSize64)
		}
	}
	tb.Fatal("no METADATA")
	return 0
}

func status(code int) func(*shop, http.ResponseWriter, *http.Request) {
	return func(_ *shop, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func headers(pairs ...string) func(*shop, http.ResponseWriter, *http.Request) {
	return func(s *shop, w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(pairs); i += 2 {
			w.Header().Set(pairs[i], pairs[i+1])
		}
		_, _ = w.Write(s.beside)
	}
}

// packed sends everything in gzip, whatever was asked for.
func packed(tb testing.TB) func(*shop, http.ResponseWriter, *http.Request) {
	return func(s *shop, w http.ResponseWriter, r *http.Request) {
		data := s.file
		if strings.HasSuffix(r.URL.Path, ".metadata") {
			data = s.beside
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(zip(tb, data))
	}
}

func endless(_ *shop, w http.ResponseWriter, _ *http.Request) {
	block := []byte(noise(1 << 20))
	for {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// cut breaks the connection in the middle.
func cut(s *shop, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", fmt.Sprint(len(s.file)))
	_, _ = w.Write(s.file[:len(s.file)/2])
	panic(http.ErrAbortHandler)
}

// short ends in the middle as if that were all.
func short(s *shop, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(s.file[:len(s.file)/2]) }
