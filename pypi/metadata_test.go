package pypi

import (
	"archive/tar"
	ziparchive "archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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
		{"no ranges and too large", &shop{file: large, serve: always(416)}, func(f *FileDetails) { f.Size = maxWhole + 1 },
			"unknown acme-1.0-py3-none-any.whl is larger than 32 MiB, and nothing less of it could be had", []string{tail}},
		{"the whole without an end", &shop{file: small, serve: endless}, func(f *FileDetails) { f.Size = 0 },
			"unknown acme-1.0-py3-none-any.whl is larger than 32 MiB, and nothing less of it could be had", []string{tail}},
		{"the metadata without an end", &shop{file: small, beside: []byte(text), serve: endless}, nil,
			"refused acme-1.0-py3-none-any.whl has more than 10 MiB of metadata", []string{all + ".metadata"}},
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

// TestBadWheels asks for wheels that are broken or hostile.
func TestBadWheels(t *testing.T) {
	info := func(text string) member { return member{"acme-1.0.dist-info/METADATA", text, 8} }
	good := wheelOf(t, 10, acmeMetadata)
	// edited is the good wheel with bytes changed at a place counted from the
	// signature, the last of its sort.
	edited := func(signature string, at int, bytes_ ...byte) []byte {
		out := bytes.Clone(good)
		i := bytes.LastIndex(out, []byte(signature))
		copy(out[i+at:], bytes_)
		return out
	}
	// The directory's entry of METADATA is the second of three.
	entry := bytes.Index(good, []byte("PK\x01\x02"))
	entry += bytes.Index(good[entry+4:], []byte("PK\x01\x02")) + 4
	editedEntry := func(at int, bytes_ ...byte) []byte {
		out := bytes.Clone(good)
		copy(out[entry+at:], bytes_)
		return out
	}
	unpackedSize := len(acmeMetadata)
	for what, c := range map[string]struct {
		file []byte
		want string
	}{
		"no zip":                       {[]byte("hello"), "refused is no zip archive: it has no end record"},
		"nothing":                      {nil, "refused is no zip archive: it has no end record"},
		"an empty zip":                 {zipOf(t), "refused has no .dist-info folder"},
		"no folder":                    {zipOf(t, member{"acme/METADATA", acmeMetadata, 8}), "refused has no .dist-info folder"},
		"two folders":                  {zipOf(t, info(acmeMetadata), member{"other-1.0.dist-info/METADATA", "", 0}), "refused has several .dist-info folders"},
		"another's folder":             {zipOf(t, member{"other-1.0.dist-info/METADATA", acmeMetadata, 0}), "refused has the .dist-info folder of another project, other-1.0.dist-info"},
		"no metadata":                  {zipOf(t, member{"acme-1.0.dist-info/RECORD", "", 0}), "refused has no METADATA"},
		"metadata deeper":              {zipOf(t, member{"acme-1.0.dist-info/x/METADATA", acmeMetadata, 0}), "refused has no METADATA"},
		"metadata twice":               {zipOf(t, info(acmeMetadata), info(acmeMetadata)), "refused has METADATA twice"},
		"a NUL in a name":              {zipOf(t, info(acmeMetadata), member{"acme-1.0.dist-info/METADATA\x00x", "", 0}), "refused has a member with a NUL in its name"},
		"another project":              {zipOf(t, info(strings.Replace(acmeMetadata, "acme", "Other\x07", 1))), "refused has the metadata of another project, Other?"},
		"another version":              {zipOf(t, info(strings.Replace(acmeMetadata, "1.0", "1.0.1", 1))), "refused has the metadata of another version, 1.0.1"},
		"no version":                   {zipOf(t, info(strings.Replace(acmeMetadata, "1.0", "one", 1))), "refused has the metadata of another version, one"},
		"a broken requirement":         {zipOf(t, info(strings.Replace(acmeMetadata, "foo>=1", "foo>=one", 1))), `refused has the requirement "foo>=one", which does not parse (PEP 508)`},
		"eleven MiB":                   {zipOf(t, info(acmeMetadata+strings.Repeat(" ", 11<<20))), "refused has more than 10 MiB of metadata"},
		"a bomb":                       {zipOf(t, info(acmeMetadata+strings.Repeat("\x00", 64<<20))), "refused has more than 10 MiB of metadata"},
		"no UTF-8":                     {zipOf(t, info(acmeMetadata+"\xff")), "refused has metadata that is not UTF-8"},
		"fewer members":                {edited("PK\x05\x06", 10, 2, 0), "refused lies about the number of its members"},
		"more members":                 {edited("PK\x05\x06", 10, 4, 0), "refused lies about the number of its members"},
		"a directory elsewhere":        {edited("PK\x05\x06", 16, 0xff, 0xff, 0xff, 0x7f), "refused lies about where its zip directory is"},
		"a huge directory":             {edited("PK\x05\x06", 12, 0xff, 0xff, 0xff, 0x7f), "refused lies about where its zip directory is"},
		"a shorter directory":          {edited("PK\x05\x06", 12, 50), "refused has a damaged zip directory"},
		"a damaged entry":              {editedEntry(0, 'X'), "refused has a damaged zip directory"},
		"an entry beyond the end":      {editedEntry(28, 0xff, 0xff), "refused has a damaged zip directory"},
		"smaller than it is":           {editedEntry(24, byte(unpackedSize-1)), "refused lies about the size of its metadata"},
		"larger than it is":            {editedEntry(24, byte(unpackedSize+1)), "refused lies about the size of its metadata"},
		"packed smaller":               {editedEntry(20, 9), "refused has damaged metadata: it does not unpack"},
		"packed larger than the file":  {editedEntry(20, 0xff, 0xff, 0), "refused lies about where its metadata is"},
		"packed larger than the cap":   {editedEntry(20, 0xff, 0xff, 0xff), "refused lies about the size of its metadata"},
		"stored of two sizes":          {editedEntry(10, 0), "refused lies about the size of its metadata"},
		"an unknown method":            {editedEntry(10, 14), "unknown has metadata packed by method 14, which is not read"},
		"encrypted":                    {editedEntry(8, 1), "refused has encrypted metadata"},
		"another checksum":             {editedEntry(16, 1, 2, 3, 4), "refused has damaged metadata: its checksum differs"},
		"another place":                {editedEntry(42, 1), "refused lies about where its metadata is"},
		"a place beyond the end":       {editedEntry(42, 0, 0, 0, 0x70), "refused lies about where its metadata is"},
		"a place that needs 64 bits":   {editedEntry(42, 0xff, 0xff, 0xff, 0xff), "refused lies about where its metadata is"},
		"a zip64 record that is not":   {zip64(t, func(b []byte) { b[0] = 'X' }), "refused lies about where its zip64 record is"},
		"a zip64 record elsewhere":     {zip64(t, func(b []byte) { b[end64Size+8+6] = 1 }), "refused lies about where its zip64 record is"},
		"a zip64 directory elsewhere":  {zip64(t, func(b []byte) { b[48+7] = 0xff }), "refused lies about where its zip directory is"},
		"a zip64 directory of 2^64":    {zip64(t, func(b []byte) { copy(b[40:], bytes.Repeat([]byte{0xff}, 8)) }), "refused lies about where its zip directory is"},
		"a zip64 number of members":    {zip64(t, func(b []byte) { b[32+4] = 1 }), "refused lies about the number of its members"},
		"a zip64 record, all in order": {zip64(t, func([]byte) {}), knownAcme},
		"text before the archive":      {append([]byte("#!/usr/bin/python\n"), good...), knownAcme},
		"a comment with a signature":   {commented(good, "PK\x05\x06 and more that is no end record"), knownAcme},
		"the good one":                 {good, knownAcme},
		"folder in another spelling":   {zipOf(t, member{"ACME-1.0.dist-info/METADATA", acmeMetadata, 0}), knownAcme},
	} {
		t.Run(what, func(t *testing.T) {
			want := strings.Replace(strings.Replace(c.want, "refused ", "refused "+wheelName+" ", 1), "unknown ", "unknown "+wheelName+" ", 1)
			// Once with a digest, so that the whole is looked at, once without.
			for _, change := range []func(*FileDetails){nil, func(f *FileDetails) { f.SHA256 = "" }} {
				s := &shop{file: c.file}
				if s.file == nil {
					s.file = []byte{}
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				a, err := asked(t, s, wheelName, change)
				runtime.ReadMemStats(&after)
				if got := verdict(a, err); got != want {
					t.Errorf("have %s (%v)\nwant %s", got, err, want)
				}
				if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 128 {
					t.Errorf("%d MiB were allocated", used)
				}
			}
		})
	}
}

// zip64 is the good wheel with a zip64 record, which change may damage; the
// record is followed by its locator.
func zip64(tb testing.TB, change func(record []byte)) []byte {
	tb.Helper()
	good := wheelOf(tb, 10, acmeMetadata)
	at := len(good) - endSize
	end := bytes.Clone(good[at:])
	record := make([]byte, end64Size+locatorSize)
	copy(record, "PK\x06\x06")
	record[4] = end64Size - 12
	copy(record[24:], []byte{3, 0, 0, 0, 0, 0, 0, 0, 3})
	copy(record[40:], end[12:16])
	copy(record[48:], end[16:20])
	copy(record[end64Size:], "PK\x06\x07")
	record[end64Size+8], record[end64Size+9] = byte(at), byte(at>>8)
	record[end64Size+16] = 1
	change(record)
	copy(end[8:], bytes.Repeat([]byte{0xff}, 12))
	return slices.Concat(good[:at], record, end)
}

func commented(archive []byte, comment string) []byte {
	out := append(bytes.Clone(archive), comment...)
	out[len(archive)-2] = byte(len(comment))
	return out
}

func TestSdists(t *testing.T) {
	old := strings.Replace(acmeMetadata, "2.2", "2.1", 1)
	dynamic := strings.Replace(acmeMetadata, "Provides-Extra", "Dynamic: Requires-Dist\nProvides-Extra", 1)
	tgz := func(text string) []byte {
		return tarOf(t, member{name: "acme-1.0/setup.py"}, member{name: "acme-1.0/acme.egg-info/PKG-INFO", text: "Name: x"}, member{name: "acme-1.0/PKG-INFO", text: text}, member{name: "acme-1.0/z", text: noise(100_000)})
	}
	const older = "does not tell: its metadata is older than version 2.2 and may change in the build (PEP 643)"
	for _, c := range []struct {
		what, name string
		shop       *shop
		change     func(*FileDetails)
		want       string
	}{
		{"static", sdistName, &shop{file: tgz(acmeMetadata)}, nil, knownAcme},
		{"static, without a digest", sdistName, &shop{file: tgz(acmeMetadata)}, func(f *FileDetails) { f.SHA256 = "" }, knownAcme},
		{"static, of no folder's name", sdistName, &shop{file: tarOf(t, member{name: "./x/PKG-INFO", text: acmeMetadata})}, nil, knownAcme},
		{"static in a zip", "acme-1.0.zip", &shop{file: zipOf(t, member{"acme-1.0/PKG-INFO", acmeMetadata, 8}, member{"acme-1.0/z", noise(200_000), 0})}, nil, knownAcme},
		{"its packing called the way's", sdistName, &shop{file: tgz(acmeMetadata), serve: func(s *shop, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(s.file)
		}}, nil, knownAcme},
		{"old", sdistName, &shop{file: tgz(old)}, nil, "unknown " + older},
		{"old and broken", sdistName, &shop{file: tgz(old + "\xff")}, nil, "unknown " + older},
		{"old in a zip", "acme-1.0.zip", &shop{file: zipOf(t, member{"acme-1.0/PKG-INFO", old, 8})}, nil, "unknown " + older},
		{"dynamic", sdistName, &shop{file: tgz(dynamic)}, nil, "unknown does not tell: its requires-dist is only known after a build (PEP 643)"},
		{"static and broken", sdistName, &shop{file: tgz(strings.Replace(acmeMetadata, "foo>=1", "foo 1", 1))}, nil, `refused has the requirement "foo 1", which does not parse (PEP 508)`},
		{"another version", sdistName, &shop{file: tgz(strings.Replace(acmeMetadata, "1.0", "2.0", 1))}, nil, "refused has the metadata of another version, 2.0"},
		{"without", sdistName, &shop{file: tarOf(t, member{name: "acme-1.0/setup.py"})}, nil, "unknown has no PKG-INFO"},
		{"without in a zip", "acme-1.0.zip", &shop{file: zipOf(t)}, nil, "unknown has no PKG-INFO"},
		{"another digest", sdistName, &shop{file: tgz(acmeMetadata)}, func(f *FileDetails) { f.SHA256 = strings.Repeat("0", 64) }, "refused does not have the sha256 that the index gives"},
		{"no gzip", sdistName, &shop{file: []byte("hello")}, nil, "refused is no gzip archive"},
		{"no tar", sdistName, &shop{file: zip(t, []byte(noise(5000)))}, nil, "refused is a damaged tar archive"},
		{"a damaged gzip", sdistName, &shop{file: tgz(acmeMetadata)[:300]}, nil, "refused is a damaged tar archive"},
		{"a large PKG-INFO", sdistName, &shop{file: tgz(acmeMetadata + strings.Repeat(" ", 11<<20))}, nil, "refused has more than 10 MiB of metadata"},
		{"a bomb", sdistName, &shop{file: bomb(t)}, nil, "unknown unpacks to more than 256 MiB"},
		{"too large", sdistName, &shop{file: tgz(acmeMetadata)}, func(f *FileDetails) { f.Size = maxWhole + 1 }, "unknown is larger than 32 MiB, and nothing less of it could be had"},
		{"endless", sdistName, &shop{file: tgz(acmeMetadata), serve: func(s *shop, w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(s.file)
			endless(s, w, r)
		}}, nil, "unknown is larger than 32 MiB, and nothing less of it could be had"},
		{"cut off", sdistName, &shop{file: tgz(acmeMetadata), serve: cut}, nil, "error unreachable"},
		{"cut off without a length", sdistName, &shop{file: tgz(acmeMetadata), serve: short}, nil, "error malformed"},
		{"gone", sdistName, &shop{}, nil, "error unsupported"},
		{"down", sdistName, &shop{serve: status(502)}, nil, "error unavailable"},
	} {
		t.Run(c.what, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			a, err := asked(t, c.shop, c.name, c.change)
			runtime.ReadMemStats(&after)
			want := strings.Replace(strings.Replace(c.want, "refused ", "refused "+c.name+" ", 1), "unknown ", "unknown "+c.name+" ", 1)
			if got := verdict(a, err); got != want {
				t.Errorf("have %s (%v)\nwant %s", got, err, want)
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 64 {
				t.Errorf("%d MiB were allocated", used)
			}
		})
	}
}

// bomb is a source distribution of 300 MiB of nothing in 300 KB.
func bomb(tb testing.TB) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	nothing := make([]byte, 1<<20)
	if err := w.WriteHeader(&tar.Header{Name: "acme-1.0/a", Size: 300 << 20, Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
		tb.Fatal(err)
	}
	for range 300 {
		if _, err := w.Write(nothing); err != nil {
			tb.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// TestMetadataCredentials lets two hosts record who comes with a password.
func TestMetadataCredentials(t *testing.T) {
	wheel := wheelOf(t, 10, acmeMetadata)
	var mu sync.Mutex
	seen := map[string]string{}
	note := func(r *http.Request, host string) {
		mu.Lock()
		defer mu.Unlock()
		seen[host+r.URL.Path] = r.Header.Get("Authorization")
	}
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r, "files")
		if strings.HasPrefix(r.URL.Path, "/private") {
			w.WriteHeader(401)
			return
		}
		(&shop{file: wheel}).honest(w, r)
	}))
	defer files.Close()
	index := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r, "index")
		switch {
		case strings.HasPrefix(r.URL.Path, "/moved/"):
			http.Redirect(w, r, files.URL+"/stored/"+wheelName, http.StatusFound)
		case strings.HasPrefix(r.URL.Path, "/loop/"):
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		case strings.HasPrefix(r.URL.Path, "/odd/"):
			http.Redirect(w, r, "gopher://x/"+wheelName, http.StatusFound)
		default:
			(&shop{file: wheel}).honest(w, r)
		}
	}))
	defer index.Close()
	src := source(index.URL + "/simple/")
	src.Username, src.Password = "bot", "hunter2"
	ask := func(address string) string {
		f := FileDetails{Name: wheelName, URL: address, SHA256: digestHex(wheel)}
		a, err := New(Options{Retries: -1}).Metadata(t.Context(), MetadataRequest{Source: src, Name: "acme", Version: "1.0", Files: []FileDetails{f}})
		if err != nil {
			return err.Error()
		}
		return verdict(a, nil)
	}
	host := strings.TrimPrefix(files.URL, "http://")
	for address, want := range map[string]string{
		index.URL + "/files/" + wheelName:   knownAcme,
		index.URL + "/moved/" + wheelName:   knownAcme,
		files.URL + "/files/" + wheelName:   knownAcme,
		index.URL + "/loop/" + wheelName:    "index pypi redirects the metadata of acme 1.0 more than 5 times: given up",
		index.URL + "/odd/" + wheelName:     "index pypi gives an address of " + wheelName + " for the metadata of acme 1.0 that is not https: not followed",
		files.URL + "/private/" + wheelName: host + " (index pypi) answered 401 for the metadata of acme 1.0: check the index's username and password",
		"file:///etc/passwd":                "index pypi gives no usable address of " + wheelName + " for the metadata of acme 1.0",
		"ftp://x/" + wheelName:              "index pypi gives an address of " + wheelName + " for the metadata of acme 1.0 that is not https: not followed",
		"http://u:p@x/" + wheelName:         "index pypi gives no usable address of " + wheelName + " for the metadata of acme 1.0",
		"":                                  "index pypi gives no usable address of " + wheelName + " for the metadata of acme 1.0",
		"http://%zz/":                       "index pypi gives no usable address of " + wheelName + " for the metadata of acme 1.0",
	} {
		if got := ask(address); got != want {
			t.Errorf("%s:\nhave %s\nwant %s", address, got, want)
		}
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("bot:hunter2"))
	for at, want := range map[string]string{
		"index/files/" + wheelName: basic, "index/moved/" + wheelName: basic,
		"files/files/" + wheelName: "", "files/stored/" + wheelName: "", "files/private/" + wheelName: "",
	} {
		if got, ok := seen[at]; !ok || got != want {
			t.Errorf("%s got the credentials %q, asked %v", at, got, ok)
		}
	}
	// From an index on https nobody goes to http, by address or by redirect.
	secure := source("https://index.example/simple/")
	c := New(Options{Retries: -1, Transport: redirecting("http://elsewhere.example/x")})
	for _, address := range []string{"http://index.example/" + wheelName, "https://index.example/" + wheelName} {
		_, err := c.Metadata(t.Context(), MetadataRequest{Source: secure, Name: "acme", Version: "1.0", Files: []FileDetails{{Name: wheelName, URL: address}}})
		if err == nil || !strings.HasSuffix(err.Error(), "that is not https: not followed") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// redirecting answers everything with a redirect.
type redirecting string

func (to redirecting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, errors.New("asked " + r.URL.String())
	}
	return &http.Response{StatusCode: 302, Header: http.Header{"Location": {string(to)}}, Body: http.NoBody, Request: r}, nil
}

// TestMetadataOrder gives several files: the first that tells is the answer.
func TestMetadataOrder(t *testing.T) {
	files := map[string][]byte{
		"/good.whl":   wheelOf(t, 10, acmeMetadata),
		"/bad.whl":    []byte("no zip"),
		"/old.tar.gz": tarOf(t, member{name: "acme-1.0/PKG-INFO", text: "Name: acme\nVersion: 1.0\n"}),
		"/new.tar.gz": tarOf(t, member{name: "acme-1.0/PKG-INFO", text: acmeMetadata}),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down.whl" {
			w.WriteHeader(503)
			return
		}
		(&shop{file: files[r.URL.Path]}).honest(w, r)
	}))
	defer server.Close()
	for order, want := range map[string]string{
		"good.whl bad.whl":             knownAcme,
		"bad.whl good.whl":             "refused " + wheelName + " is no zip archive: it has no end record",
		"old.tar.gz good.whl":          knownAcme,
		"old.tar.gz new.tar.gz":        knownAcme,
		"old.tar.gz":                   "unknown " + sdistName + " does not tell: its metadata is older than version 2.2 and may change in the build (PEP 643)",
		"gone.whl good.whl":            knownAcme,
		"gone.whl old.tar.gz":          "error unsupported",
		"old.tar.gz gone.whl":          "error unsupported",
		"down.whl good.whl":            "error unavailable",
		"old.tar.gz down.whl good.whl": "error unavailable",
		"":                             "error unsupported",
	} {
		r := MetadataRequest{Source: source(server.URL + "/simple/"), Name: "acme", Version: "1.0"}
		for _, path := range strings.Fields(order) {
			f := FileDetails{Name: wheelName, URL: server.URL + "/" + path, SHA256: hex.EncodeToString([]byte(path))}
			if strings.HasSuffix(path, ".gz") {
				f.Name = sdistName
			}
			f.SHA256 = ""
			r.Files = append(r.Files, f)
		}
		a, err := New(Options{Retries: -1}).Metadata(t.Context(), r)
		if got := verdict(a, err); got != want {
			t.Errorf("%s:\nhave %s (%v)\nwant %s", order, got, err, want)
		}
	}
	// What is not asked for at all.
	for _, r := range []MetadataRequest{
		{Source: public, Name: "acme", Version: "one", Files: []FileDetails{{Name: wheelName}}},
		{Source: public, Name: "../acme", Version: "1", Files: []FileDetails{{Name: wheelName}}},
		{Source: public, Name: "acme", Version: "2", Files: []FileDetails{{Name: wheelName, URL: server.URL}}},
		{Source: public, Name: "acme", Version: "1", Files: []FileDetails{{Name: "acme-1.0.egg", URL: server.URL}}},
		{Source: source("http://index.example/"), Name: "acme", Version: "1", Files: []FileDetails{{Name: wheelName, URL: server.URL}}},
	} {
		a, err := New(Options{Transport: redirecting("x")}).Metadata(t.Context(), r)
		if got := verdict(a, err); got != "error unsupported" {
			t.Errorf("%+v: %s", r, got)
		}
	}
}

// metadataServer answers without a connection: 503 for those that are down,
// else a wheel's metadata.
type metadataServer struct {
	mu       sync.Mutex
	requests int
	inFlight int
	most     int
	down     func(n int, r *http.Request) bool
}

func (s *metadataServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.requests++
	n := s.requests
	s.inFlight++
	s.most = max(s.most, s.inFlight)
	s.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
	s.mu.Lock()
	s.inFlight--
	s.mu.Unlock()
	code, text := 200, strings.ReplaceAll(acmeMetadata, "acme", strings.Split(r.URL.Path, "/")[1])
	if s.down(n, r) {
		code, text = 503, ""
	}
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}, nil
}

func manyReleases(n int, host string) (all []MetadataRequest) {
	for i := range n {
		name := fmt.Sprintf("p%d", i)
		file := name + "-1.0-py3-none-any.whl"
		all = append(all, MetadataRequest{Source: public, Name: name, Version: "1.0", Files: []FileDetails{{Name: file, URL: host + "/" + name + "/" + file, HasMetadata: true}}})
	}
	return all
}

// TestFetchMetadata runs in a bubble: many releases, two servers, one dead.
func TestFetchMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &metadataServer{down: func(_ int, r *http.Request) bool { return r.URL.Host == "dead.example" }}
		requests := append(manyReleases(60, "https://live.example"), manyReleases(60, "https://dead.example")...)
		progress := 0
		results := New(Options{Transport: s, Concurrency: 4}).FetchMetadata(t.Context(), requests, func(done, total int) {
			if progress++; done != progress || total != 120 {
				t.Errorf("progress %d of %d, want %d of 120", done, total, progress)
			}
		})
		kinds := map[Kind]int{}
		for i, r := range results {
			if r.Request.Name != requests[i].Name {
				t.Fatalf("result %d is of %s", i, r.Request.Name)
			}
			if i < 60 {
				if r.Err != nil || r.Answer.Status != Known || r.Answer.Metadata.Name != r.Request.Name {
					t.Errorf("%s: %+v, %v", r.Request.Name, r.Answer, r.Err)
				}
				continue
			}
			var e *Error
			if !errors.As(r.Err, &e) {
				t.Fatalf("%s: %v", r.Request.Name, r.Err)
			}
			kinds[e.Kind]++
		}
		if kinds[Unavailable] < 5 || kinds[Unavailable] > 8 || kinds[NotAsked] != 60-kinds[Unavailable] {
			t.Errorf("of the dead server's: %v", kinds)
		}
		if want := "dead.example (index pypi) failed 5 times in a row and was not asked for the metadata of p59 1.0"; results[119].Err.Error() != want {
			t.Errorf("have %v\nwant %s", results[119].Err, want)
		}
		if progress != 120 || s.most > 4 {
			t.Errorf("%d done, %d at once", progress, s.most)
		}
		// What failed is asked again, as pages are.
		s = &metadataServer{down: func(n int, _ *http.Request) bool { return n < 3 }}
		start := time.Now()
		results = New(Options{Transport: s}).FetchMetadata(t.Context(), manyReleases(1, "https://x.example"), nil)
		if took := time.Since(start); results[0].Err != nil || s.requests != 3 || took < 750*time.Millisecond || took > 3*time.Second {
			t.Errorf("%v after %d requests and %s", results[0].Err, s.requests, took)
		}
	})
}

// slowBodies answers everything with one large file, which comes slowly.
type slowBodies struct {
	data []byte
	mu   sync.Mutex
	open int // bodies that are being read
	most int
}

func (s *slowBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: &slowBody{s: s, r: bytes.NewReader(s.data)}, ContentLength: -1, Request: r}, nil
}

func (s *slowBodies) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += n
	s.most = max(s.most, s.open)
}

type slowBody struct {
	s    *slowBodies
	r    io.Reader
	open bool
}

func (b *slowBody) Read(p []byte) (int, error) {
	if !b.open {
		b.open = true
		b.s.add(1)
		time.Sleep(time.Second)
	}
	return b.r.Read(p)
}

func (b *slowBody) Close() error {
	if b.open {
		b.open = false
		b.s.add(-1)
	}
	return nil
}

// TestLargeWheelsTakeTurns: of files that have to be read whole, two are in
// memory at a time, and whoever waits too long tries again.
func TestLargeWheelsTakeTurns(t *testing.T) {
	wheel := wheelOf(t, 2<<20, acmeMetadata)
	synctest.Test(t, func(t *testing.T) {
		s := &slowBodies{data: wheel}
		c := New(Options{Transport: s, Concurrency: 8})
		var requests []MetadataRequest
		for range 16 {
			requests = append(requests, MetadataRequest{Source: public, Name: "acme", Version: "1.0", Files: []FileDetails{{Name: wheelName, URL: "https://x.example/" + wheelName, SHA256: digestHex(wheel)}}})
		}
		for _, r := range c.FetchMetadata(t.Context(), requests, nil) {
			if r.Err != nil || r.Answer.Status != Known {
				t.Errorf("%+v, %v", r.Answer, r.Err)
			}
		}
		if s.most != 2 || len(c.large) != 0 {
			t.Errorf("%d were read at once, %d are still held", s.most, len(c.large))
		}
	})
}
