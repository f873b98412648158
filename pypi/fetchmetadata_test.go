package pypi

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

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
		for path := range strings.FieldsSeq(order) {
			f := FileDetails{Name: wheelName, URL: server.URL + "/" + path}
			if strings.HasSuffix(path, ".gz") {
				f.Name = sdistName
			}
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
		results := New(Options{Transport: s, Concurrency: 4}).FetchMetadata(t.Context(), requests, plenty, func(done, total int) {
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
		results = New(Options{Transport: s}).FetchMetadata(t.Context(), manyReleases(1, "https://x.example"), plenty, nil)
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

// TestLargeWheelsTakeTurns: of files that have to be read whole, one is in
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
		for _, r := range c.FetchMetadata(t.Context(), requests, plenty, nil) {
			if r.Err != nil || r.Answer.Status != Known {
				t.Errorf("%+v, %v", r.Answer, r.Err)
			}
		}
		if s.most != 1 || len(c.large) != 0 {
			t.Errorf("%d were read at once, %d are still held", s.most, len(c.large))
		}
	})
}

// TestSimulatedIndex goes the whole way, from the page to what a release
// requires, on the index that other tests use.
func TestSimulatedIndex(t *testing.T) {
	const text = `
acme 1.0 2020-01-01 py>=3.8 requires=idna requires="foo>=1 ; extra == 'x'" extra=x
acme 1.1 2020-01-01 requires=idna metadata=unhashed
acme 1.2 2020-01-01 requires=idna metadata=none
acme 1.3 2020-01-01 files=sdist requires=idna
acme 2.0 2020-01-01 metadata=wrong-hash
acme 2.1 2020-01-01 metadata=none,wrong-hash
acme 2.2 2020-01-01 metadata=broken
acme 2.3 2020-01-01 metadata=misnamed
acme 2.5 2020-01-01 metadata=lying-zip
acme 2.6 2020-01-01 files=sdist metadata=sdist-dynamic
acme 2.7 2020-01-01 files=sdist metadata=sdist-old
`
	want := map[string]string{
		"1.0": `known acme 1.0 ["idna" "foo>=1 ; extra == 'x'"] >=3.8`,
		"1.1": `known acme 1.1 ["idna"] `, "1.2": `known acme 1.2 ["idna"] `, "1.3": `known acme 1.3 ["idna"] `,
		"2.0": "refused has metadata beside it without the sha256", "2.1": "refused does not have the sha256",
		"2.2": "refused has the requirement", "2.3": "refused has the metadata of another project, not-acme",
		"2.5": "refused has more than 4 MiB of metadata",
		"2.6": "unknown does not tell", "2.7": "unknown does not tell",
	}
	for _, fault := range []string{"", "GET /files/ no-ranges always", "GET /files/ 503 once"} {
		synctest.Test(t, func(t *testing.T) {
			s := world(t, text, pypisim.Options{Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }, Gzip: true})
			c := New(Options{Transport: s.Transport()})
			page, err := c.Do(t.Context(), Request{Source: public, Name: "acme", Details: true})
			if err != nil {
				t.Fatal(err)
			}
			if fault != "" {
				if err := s.Inject(fault); err != nil {
					t.Fatal(err)
				}
			}
			details, err := DecodeDetails(page.Details)
			if err != nil {
				t.Fatal(err)
			}
			var requests []MetadataRequest
			for _, r := range page.Package.Releases {
				q := MetadataRequest{Source: public, Name: "acme", Version: r.Version.Raw()}
				for _, f := range r.Files {
					if d, ok := details.File(f.Name); ok && (strings.HasSuffix(f.Name, ".whl") || len(r.Files) == 1) {
						q.Files = append(q.Files, d)
					}
				}
				requests = append(requests, q)
			}
			results := c.FetchMetadata(t.Context(), requests, plenty, nil)
			if len(results) != len(want) {
				t.Fatalf("%d results, want %d", len(results), len(want))
			}
			for _, r := range results {
				got := verdict(r.Answer, r.Err)
				if r.Answer.Status != Known {
					got = strings.Replace(got, " "+r.Answer.File, "", 1)
				}
				if w := want[r.Request.Version]; got != w && (strings.HasPrefix(w, "known") || !strings.HasPrefix(got, w)) {
					t.Errorf("%q, %s: have %s (%v)\nwant %s", fault, r.Request.Version, got, r.Err, w)
				}
			}
		})
	}
}

// plenty is more room than any test needs.
const plenty = 1 << 30

// Of answers that do not fit together the first are held, whoever answers first,
// and what cannot fit is not asked for.
func TestWhatDoesNotFitIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, concurrency := range []int{1, 4, 8} {
			s := &metadataServer{down: func(n int, _ *http.Request) bool {
				time.Sleep(time.Duration(n*7%5) * time.Millisecond)
				return false
			}}
			c := New(Options{Transport: s, Concurrency: concurrency})
			requests := manyReleases(60, "https://live.example")
			one, err := c.Metadata(t.Context(), requests[0])
			if err != nil || one.Metadata.Size() < 100 {
				t.Fatalf("%d bytes, %v", one.Metadata.Size(), err)
			}
			for i, r := range c.FetchMetadata(t.Context(), requests, 10*one.Metadata.Size()+50, nil) {
				if want := i >= 10; errors.Is(r.Err, ErrNoRoom) != want || !want && r.Err != nil || want && r.Answer.Status != "" || r.Request.Name != requests[i].Name {
					t.Errorf("%d at once: answer %d is %+v", concurrency, i, r)
				}
			}
			if s.requests > 1+11+concurrency {
				t.Errorf("%d at once: %d requests for 10 answers", concurrency, s.requests)
			}
		}
	})
}
