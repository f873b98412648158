package pypi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/plan"
)

func zip(tb testing.TB, b []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

const acme = `
acme 1.0 2026-01-01T00:00Z py>=3.8
acme 1.1 2026-01-02T00:00Z py>=3.9 yanked="wrong wheel"
`

func world(t *testing.T, text string, o pypisim.Options) *pypisim.Server {
	t.Helper()
	s := pypisim.New(o)
	if err := s.Load(text); err != nil {
		t.Fatal(err)
	}
	return s
}

func source(url string) Source { return Source{Index: plan.Index{Name: "pypi", URL: url}} }

var public = source("https://pypi.org/simple/")

// Fetch is Do with digests and the request in pieces.
func (c *Client) Fetch(ctx context.Context, source Source, name, etag string, lastSerial int64) (Answer, error) {
	return c.Do(ctx, Request{Source: source, Name: name, ETag: etag, Serial: lastSerial, Hashes: true})
}

// fails checks that err is one Error of kind whose text is want.
func fails(t *testing.T, err error, kind Kind, want string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("have %v, want an Error %q", err, want)
	}
	if e.Kind != kind || e.Error() != want {
		t.Errorf("have %s: %s\nwant %s: %s", e.Kind, e, kind, want)
	}
}

func TestConditional(t *testing.T) {
	for _, zipped := range []bool{false, true} {
		now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
		s := world(t, acme, pypisim.Options{Now: func() time.Time { return now }, Gzip: zipped})
		c := New(Options{Transport: s.Transport(), UserAgent: "pinwheel/1"})
		first, err := c.Fetch(t.Context(), public, "Acme", "", 0)
		if err != nil || !first.Known || first.ETag == "" || first.Serial == 0 || len(first.Package.Releases) != 1 || first.Package.Index != "pypi" {
			t.Fatalf("%+v, %v", first, err)
		}
		second, err := c.Fetch(t.Context(), public, "acme", first.ETag, first.Serial)
		if err != nil || !second.NotModified || second.ETag != first.ETag || second.Serial != first.Serial {
			t.Fatalf("%+v, %v", second, err)
		}
		now = now.Add(24 * time.Hour)
		third, err := c.Fetch(t.Context(), public, "acme", first.ETag, first.Serial)
		if err != nil || third.NotModified || len(third.Package.Releases) != 2 || !third.Package.Releases[1].Files[0].Yanked {
			t.Fatalf("%+v, %v", third, err)
		}
		if err := s.Inject("GET /simple/acme/ stale"); err != nil {
			t.Fatal(err)
		}
		stale, err := c.Fetch(t.Context(), public, "acme", third.ETag, third.Serial)
		if err != nil || !stale.NotModified || !stale.Stale || stale.ETag != third.ETag || stale.Serial != third.Serial {
			t.Fatalf("%+v, %v", stale, err)
		}
		unknown, err := c.Fetch(t.Context(), public, "nobody", `"x"`, 9)
		if err != nil || unknown.Known || unknown.Package.Known || !unknown.Package.HasFacts || unknown.NotModified {
			t.Fatalf("%+v, %v", unknown, err)
		}
		r := s.Requests()[1]
		for key, want := range map[string]string{"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": "pinwheel/1", "If-None-Match": first.ETag, "Authorization": ""} {
			if r.Header.Get(key) != want {
				t.Errorf("%s is %q, want %q", key, r.Header.Get(key), want)
			}
		}
		if r.Path != "/simple/acme/" {
			t.Errorf("path %s", r.Path)
		}
	}
}

func TestWithoutHashes(t *testing.T) {
	s := world(t, acme, pypisim.Options{})
	c := New(Options{Transport: s.Transport()})
	for _, hashes := range []bool{false, true} {
		a, err := c.Do(t.Context(), Request{Source: public, Name: "acme", Hashes: hashes})
		if err != nil {
			t.Fatal(err)
		}
		if sum := a.Package.Releases[0].Files[0].SHA256; (sum != "") != hashes {
			t.Errorf("hashes %v: %q", hashes, sum)
		}
	}
}

func TestRefusedWithoutAsking(t *testing.T) {
	s := world(t, acme, pypisim.Options{})
	c := New(Options{Transport: s.Transport()})
	for url, want := range map[string]string{
		"http://index.example/simple/":      "index pypi is plain http on index.example: set allow_http to accept that",
		"https://u:p@index.example/simple/": "index pypi has credentials in its URL; set username and password instead",
		"ftp://index.example/simple/":       "index pypi has no usable URL: it must be https and end in its simple/ path",
		"":                                  "index pypi has no usable URL: it must be https and end in its simple/ path",
	} {
		_, err := c.Fetch(t.Context(), source(url), "acme", "", 0)
		fails(t, err, Unsupported, want)
	}
	_, err := c.Fetch(t.Context(), public, "../admin", "", 0)
	fails(t, err, Unsupported, `index pypi was not asked for "../admin": that is no project's name`)
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	for _, ok := range []Source{source("http://127.0.0.1:8080/simple"), source("http://[::1]/simple/"), source("http://localhost/simple/"),
		{Index: plan.Index{URL: "http://index.example/simple/"}, AllowHTTP: true}} {
		if _, err := c.Fetch(t.Context(), ok, "acme", "", 0); err != nil {
			t.Error(err)
		}
	}
}

func TestCredentials(t *testing.T) {
	s := world(t, acme, pypisim.Options{Username: "bot", Password: "hunter2"})
	c := New(Options{Transport: s.Transport()})
	_, err := c.Fetch(t.Context(), public, "acme", "", 0)
	fails(t, err, Unauthorized, "index pypi answered 401 for acme: it wants credentials and none are set (username and password)")
	wrong := public
	wrong.Username, wrong.Password = "bot", "hunter1"
	_, err = c.Fetch(t.Context(), wrong, "acme", "", 0)
	fails(t, err, Unauthorized, "index pypi answered 401 for acme: check the index's username and password")
	right := wrong
	right.Password = "hunter2"
	if _, err := c.Fetch(t.Context(), right, "acme", "", 0); err != nil {
		t.Error(err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", right, right, right, right.Password); strings.Contains(text, "hunter2") {
		t.Errorf("the password shows: %s", text)
	}
}

// TestRedirects lets servers record the headers that reach them.
func TestRedirects(t *testing.T) {
	var there []http.Header
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { there = append(there, r.Header.Clone()) }))
	defer other.Close()
	here := map[string]http.Header{}
	hops := 0
	index := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		here[r.URL.Path] = r.Header.Clone()
		switch r.URL.Path {
		case "/simple/moved/":
			http.Redirect(w, r, "/elsewhere/moved/", http.StatusMovedPermanently)
		case "/elsewhere/moved/":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"meta":{"api-version":"1.0"},"files":[]}`)
		case "/simple/loop/":
			hops++
			http.Redirect(w, r, "/simple/loop/", http.StatusFound)
		case "/simple/nowhere/":
			w.WriteHeader(http.StatusFound)
		default:
			http.Redirect(w, r, other.URL+"/simple/acme/", http.StatusTemporaryRedirect)
		}
	}))
	defer index.Close()
	c := New(Options{})
	src := source(index.URL + "/simple/")
	src.Username, src.Password = "bot", "hunter2"
	if a, err := c.Fetch(t.Context(), src, "moved", `"e"`, 0); err != nil || !a.Known {
		t.Errorf("%+v, %v", a, err)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("bot:hunter2"))
	if got := here["/elsewhere/moved/"]; got.Get("Authorization") != basic || got.Get("If-None-Match") != `"e"` {
		t.Errorf("headers after a redirect on the same origin: %v", got)
	}
	_, err := c.Fetch(t.Context(), src, "loop", "", 0)
	fails(t, err, Redirected, "index pypi redirects loop more than 5 times: given up")
	if hops != 6 {
		t.Errorf("%d requests, want 6", hops)
	}
	_, err = c.Fetch(t.Context(), src, "nowhere", "", 0)
	fails(t, err, Redirected, "index pypi redirects nowhere without saying where")
	_, err = c.Fetch(t.Context(), src, "acme", "", 0)
	fails(t, err, Redirected, "index pypi redirects acme to another origin, "+other.URL+": not followed")
	localhost := src
	localhost.Index.URL = strings.Replace(index.URL, "127.0.0.1", "localhost", 1) + "/simple/"
	_, err = c.Fetch(t.Context(), localhost, "acme", "", 0)
	fails(t, err, Redirected, "index pypi redirects to another host, "+strings.TrimPrefix(other.URL, "http://")+": not followed")
	if len(there) > 0 {
		t.Errorf("the other host was asked: %v", there)
	}
}

func TestStopped(t *testing.T) {
	s := world(t, acme, pypisim.Options{})
	if err := s.Inject("GET * hang always"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err := New(Options{Transport: s.Transport()}).Fetch(ctx, public, "acme", "", 0)
	fails(t, err, Stopped, "index pypi was not asked to the end for acme: the run was stopped")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v hides the cancellation", err)
	}
}
