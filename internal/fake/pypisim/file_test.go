package pypisim

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

const filesWorld = `
acme-corp 1.0 2020-01-01 py>=3.8 requires="urllib3[socks] <2.1 ; python_version < '3.10'" requires=idna extra=brotli
file acme-corp 1.0 2020-01-02 cp312-cp312-manylinux_2_17_x86_64
file acme-corp 1.0 2020-01-02 cp313-cp313-manylinux_2_17_x86_64 requires=""
plain 1.0 2020-01-01
hidden 1.0 2020-01-01 metadata=none,wrong-hash requires=idna
wrong 1.0 2020-01-01 metadata=wrong-hash
bare 1.0 2020-01-01 metadata=unhashed
broken 1.0 2020-01-01 metadata=broken requires=idna
misnamed 1.0 2020-01-01 metadata=misnamed
huge 1.0 2020-01-01 metadata=huge requires=idna
liar 1.0 2020-01-01 metadata=lying-zip requires=idna
static 1.0 2020-01-01 files=sdist
dynamic 1.0 2020-01-01 files=sdist metadata=sdist-dynamic requires=idna
old 1.0 2020-01-01 files=sdist metadata=sdist-old requires=idna
gone 1.0 2020-01-01
remove gone 1.0 2020-01-02
later 1.0 2099-01-01
project nohash no-hashes
nohash 1.0 2020-01-01 requires=idna
`

func filesServer(t *testing.T, o Options) *Server {
	t.Helper()
	o.Now = func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	s := New(o)
	if err := s.Load(filesWorld); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends a GET without a connection.
func ask(t testing.TB, s *Server, path string, header http.Header) (int, []byte) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "https://index.example"+path, nil)
	maps.Copy(r.Header, header)
	response, err := s.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

func pageOf(t testing.TB, s *Server, name string) map[string]jsonFile {
	t.Helper()
	var page jsonPage
	out := map[string]jsonFile{}
	if body := s.Page(name); body == nil {
		return out
	} else if err := json.Unmarshal(body, &page); err != nil {
		t.Fatal(err)
	}
	for _, f := range page.Files {
		out[f.Filename] = f
	}
	return out
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Every file that a page lists is served, of the size and digest that the page
// tells, and a wheel's own METADATA is its .metadata.
func TestFilesAreAsThePageSays(t *testing.T) {
	s := filesServer(t, Options{Files: true})
	n := 0
	for _, name := range s.Names() {
		for _, f := range pageOf(t, s, name) {
			n++
			status, body := ask(t, s, f.URL, nil)
			if status != 200 || len(body) != f.Size {
				t.Errorf("%s: %d, %d bytes, want %d", f.URL, status, len(body), f.Size)
			}
			if is := f.Hashes["sha256"] == sumOf(body); is == (name == "hidden") && name != "nohash" {
				t.Errorf("%s: digest is true: %v", f.URL, is)
			}
			status, metadata := ask(t, s, f.URL+".metadata", nil)
			if has := f.CoreMetadata != false; has != (status == 200) || has == (name == "hidden" || name == "liar" || strings.HasSuffix(f.Filename, ".gz")) {
				t.Errorf("%s: has metadata: %v, %d", f.URL, has, status)
			}
			if sums, ok := f.CoreMetadata.(map[string]any); ok && (sums["sha256"] == sumOf(metadata)) == (name == "wrong") {
				t.Errorf("%s: core-metadata %v", f.URL, sums)
			}
			if strings.HasSuffix(f.Filename, ".whl") && name != "liar" {
				inside := checkWheel(t, body)
				if status == 200 && !bytes.Equal(inside, metadata) {
					t.Errorf("%s has other metadata than the wheel", f.Filename)
				}
			}
		}
	}
	if n != 25 {
		t.Errorf("%d files", n)
	}
}

// checkWheel checks RECORD and returns METADATA.
func checkWheel(t *testing.T, body []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	members := map[string][]byte{}
	var metadata, record []byte
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		members[f.Name] = content
		switch {
		case strings.HasSuffix(f.Name, ".dist-info/METADATA"):
			metadata = content
		case strings.HasSuffix(f.Name, ".dist-info/RECORD"):
			record = content
		}
	}
	if len(members) != 4 || metadata == nil {
		t.Fatalf("a wheel of %d members", len(members))
	}
	for line := range strings.Lines(string(record)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ",")
		content, ok := members[fields[0]]
		sum := sha256.Sum256(content)
		want := fmt.Sprintf("sha256=%s,%d", base64.RawURLEncoding.EncodeToString(sum[:]), len(content))
		if got := fields[1] + "," + fields[2]; !ok || got != want && !strings.HasSuffix(fields[0], "/RECORD") {
			t.Errorf("RECORD has %s, want %s", line, want)
		}
	}
	return metadata
}

func TestMetadata(t *testing.T) {
	s := filesServer(t, Options{})
	text := func(path string) string {
		status, body := ask(t, s, path, nil)
		if status != 200 {
			return fmt.Sprint(status)
		}
		if strings.HasSuffix(path, ".tar.gz") {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r := tar.NewReader(z)
			if header, err := r.Next(); err != nil || !strings.HasSuffix(header.Name, "-1.0/PKG-INFO") {
				t.Fatal(header, err)
			}
			if body, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		if len(body) > 1<<20 {
			return "megabytes"
		}
		return strings.ReplaceAll(string(body), "\n", "|")
	}
	acme := "Metadata-Version: 2.4|Name: acme-corp|Version: 1.0|"
	for path, want := range map[string]string{
		"/files/acme-corp/1.0/acme_corp-1.0-py3-none-any.whl.metadata":                      acme + "Requires-Python: >=3.8|Provides-Extra: brotli|Requires-Dist: urllib3[socks] <2.1 ; python_version < '3.10'|Requires-Dist: idna|",
		"/files/acme-corp/1.0/acme_corp-1.0-cp312-cp312-manylinux_2_17_x86_64.whl.metadata": acme + "Provides-Extra: brotli|Requires-Dist: urllib3[socks] <2.1 ; python_version < '3.10'|Requires-Dist: idna|",
		"/files/acme-corp/1.0/acme_corp-1.0-cp313-cp313-manylinux_2_17_x86_64.whl.metadata": acme,
		"/files/acme-corp/1.0/acme_corp-1.0.tar.gz.metadata":                                "404",
		"/files/acme-corp/1.1/acme_corp-1.0-py3-none-any.whl.metadata":                      "404",
		"/files/plain/1.0/plain-1.0-py3-none-any.whl.metadata":                              "Metadata-Version: 2.4|Name: plain|Version: 1.0|",
		"/files/hidden/1.0/hidden-1.0-py3-none-any.whl.metadata":                            "404",
		"/files/broken/1.0/broken-1.0-py3-none-any.whl.metadata":                            "Metadata-Version: 2.4|Name: broken|Version: 1.0|Requires-Dist: idna|Requires-Dist: no requirement at all (>=|",
		"/files/misnamed/1.0/misnamed-1.0-py3-none-any.whl.metadata":                        "Metadata-Version: 2.4|Name: not-misnamed|Version: 1.0|",
		"/files/huge/1.0/huge-1.0-py3-none-any.whl.metadata":                                "megabytes",
		"/files/static/1.0/static-1.0.tar.gz":                                               "Metadata-Version: 2.4|Name: static|Version: 1.0|",
		"/files/dynamic/1.0/dynamic-1.0.tar.gz":                                             "Metadata-Version: 2.4|Name: dynamic|Version: 1.0|Dynamic: Requires-Dist|",
		"/files/old/1.0/old-1.0.tar.gz":                                                     "Metadata-Version: 2.1|Name: old|Version: 1.0|Requires-Dist: idna|",
		"/files/gone/1.0/gone-1.0.tar.gz":                                                   "404",
		"/files/later/1.0/later-1.0.tar.gz":                                                 "404",
		"/files/nobody/1.0/nobody-1.0.tar.gz":                                               "404",
		"/files/plain":                                                                      "404",
	} {
		if got := text(path); got != want {
			t.Errorf("%s\nhave %s\nwant %s", path, got, want)
		}
	}
}

// A plain release keeps what its page always said.
func TestPlainPage(t *testing.T) {
	f := pageOf(t, filesServer(t, Options{}), "plain")["plain-1.0-py3-none-any.whl"]
	if name := sumOf([]byte(f.Filename)); f.Hashes["sha256"] != name || f.Size < 10_000 {
		t.Errorf("%+v", f)
	}
}

func TestLyingZip(t *testing.T) {
	_, body := ask(t, filesServer(t, Options{}), "/files/liar/1.0/liar-1.0-py3-none-any.whl", nil)
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if is := f.UncompressedSize64 == 0xfffffffe; is != strings.HasSuffix(f.Name, "/METADATA") {
			t.Errorf("%s has %d bytes", f.Name, f.UncompressedSize64)
		}
	}
}

func TestFileFaults(t *testing.T) {
	s := filesServer(t, Options{})
	const path = "/files/plain/1.0/plain-1.0-py3-none-any.whl"
	_, whole := ask(t, s, path, nil)
	for _, c := range []struct {
		fault, reach string
		status, size int
	}{
		{"GET /files/* 503 once", "bytes=0-9", 503, -1},
		{"GET /files/* no-ranges once", "bytes=0-9", 200, len(whole)},
		{"GET /files/* no-ranges once", "", 200, len(whole)},
		{"GET /simple/* 503 once", "bytes=-10", 206, 10},
		{"GET *.whl cut once", "bytes=0-9", 206, 5},
		{"GET *.whl html once", "", 200, -1},
	} {
		s.ClearFaults()
		if err := s.Inject(c.fault); err != nil {
			t.Fatal(err)
		}
		header := http.Header{}
		if c.reach != "" {
			header.Set("Range", c.reach)
		}
		status, body := ask(t, s, path, header)
		if status != c.status || c.size >= 0 && len(body) != c.size {
			t.Errorf("%s: %d, %d bytes", c.fault, status, len(body))
		}
	}
}

// A range is answered as the standard library's file server answers it.
func TestRanges(t *testing.T) {
	content26 := []byte("abcdefghijklmnopqrstuvwxyz")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`bytes=[0-9]{0,2}-[0-9]{0,2}`),
			rapid.SampledFrom([]string{"", "bytes=", "bytes=-", "bytes=9-3", "bytes=26-", "bytes=25-", "bytes=-0", "bytes=-99", "lines=1-2"}),
		).Draw(t, "range")
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Range", text)
		w := httptest.NewRecorder()
		http.ServeContent(w, r, "x.whl", time.Time{}, bytes.NewReader(content26))
		got := content(r, content26, true)
		if strings.Trim(text, "0") == "bytes=-" || w.Code == http.StatusRequestedRangeNotSatisfiable && got.status == http.StatusOK {
			// No bytes at the end cannot be given, and a range that is none may
			// be ignored (RFC 9110, 14.1.2 and 14.2).
			return
		}
		if got.status != w.Code || got.status != 416 && (string(got.body) != w.Body.String() || got.header.Get("Content-Range") != w.Header().Get("Content-Range")) {
			t.Fatalf("%q: %d %q %s, want %d %q %s", text, got.status, got.body, got.header.Get("Content-Range"), w.Code, w.Body, w.Header().Get("Content-Range"))
		}
	})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Range", "bytes=1-2")
	r.Header.Set("If-Range", `"another"`)
	if got := content(r, content26, true); got.status != 200 {
		t.Errorf("a part of another file: %d", got.status)
	}
	etag := content(httptest.NewRequest(http.MethodGet, "/", nil), content26, true).header.Get("ETag")
	r.Header.Set("If-None-Match", etag)
	if got := content(r, content26, true); got.status != 304 {
		t.Errorf("the same file: %d", got.status)
	}
}

// A release that is built and the line that it prints are the same release.
func TestReleaseString(t *testing.T) {
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		some := func(label string, of ...string) []string {
			return rapid.SliceOfN(rapid.SampledFrom(of), 0, 3).Draw(t, label)
		}
		r := Release{
			Name: "acme", Version: rapid.SampledFrom([]string{"1.0", "1!2.0rc1"}).Draw(t, "version"), At: at,
			RequiresPython: rapid.SampledFrom([]string{"", ">=3.8", ">=3.8, <4"}).Draw(t, "python"),
			Requires:       some("requires", "idna", "a[x,y] (>=1.0,<2) ; extra == 'x'", "b @ https://host.example/b.whl", "c ; os_name == \"posix\""),
			Extras:         some("extras", "x", "test-all"),
			Tags:           some("tags", "sdist", "cp312-cp312-win_amd64"),
		}
		for _, word := range some("switches", "none", "broken", "sdist-old") {
			r.Metadata = append(r.Metadata, Switch(word))
		}
		built, told := New(Options{}), New(Options{})
		plain := r
		plain.Requires = nil
		for _, line := range r.Requires {
			plain.Requires = append(plain.Requires, strings.ReplaceAll(line, `"`, "'"))
		}
		if err := built.AddRelease(plain); err != nil {
			t.Fatal(err)
		}
		if err := told.Load(r.String()); err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		if a, b := built.Page("acme"), told.Page("acme"); !bytes.Equal(a, b) {
			t.Fatalf("%s\n%s\n%s", r, a, b)
		}
	})
	for _, r := range []Release{{Name: "-"}, {Name: "a", Metadata: []Switch{"odd"}}, {Name: "a", Extras: []string{"-"}}, {Name: "a", Requires: []string{"a\nb"}}} {
		if err := New(Options{}).AddRelease(r); err == nil {
			t.Errorf("%v is added", r)
		}
	}
}

func versionOf(t *testing.T, text string) pep440.Version {
	t.Helper()
	v, err := pep440.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
