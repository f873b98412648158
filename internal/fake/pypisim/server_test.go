package pypisim

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// doer sends a request over a connection or without one.
type doer func(t *testing.T, path string, header http.Header) (*http.Response, []byte, error)

// both runs a test over loopback and over the in-memory transport.
func both(t *testing.T, s *Server, test func(t *testing.T, get doer)) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	clients := map[string]struct {
		transport http.RoundTripper
		base      string
	}{
		"socket": {&http.Transport{DisableCompression: true}, server.URL},
		"memory": {s.Transport(), "https://index.example"},
	}
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			s.ResetLog()
			s.ClearFaults()
			test(t, func(t *testing.T, path string, header http.Header) (*http.Response, []byte, error) {
				t.Helper()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header = header
				if header == nil {
					r.Header = http.Header{}
				}
				response, err := c.transport.RoundTrip(r)
				if err != nil {
					return nil, nil, err
				}
				defer func() { _ = response.Body.Close() }()
				body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
				return response, body, err
			})
		})
	}
}

func TestServer(t *testing.T) {
	s := New(Options{Gzip: true})
	if err := s.Load("acme-corp 1.0 2020-01-01"); err != nil {
		t.Fatal(err)
	}
	both(t, s, func(t *testing.T, get doer) {
		page, body, err := get(t, "/simple/acme-corp/", nil)
		if err != nil || page.StatusCode != 200 || page.Header.Get("Content-Type") != pageType || !bytes.Equal(body, s.Page("acme-corp")) {
			t.Fatalf("%v %v %s", page, err, body)
		}
		etag := page.Header.Get("ETag")
		same, body, err := get(t, "/simple/acme-corp/", http.Header{"If-None-Match": {etag}})
		if err != nil || same.StatusCode != 304 || len(body) > 0 || same.Header.Get("ETag") != etag {
			t.Errorf("%v %v %s", same, err, body)
		}
		moved, _, err := get(t, "/api/v4/groups/1/-/packages/pypi/simple/Acme_Corp", nil)
		if err != nil || moved.StatusCode != 301 || moved.Header.Get("Location") != "/api/v4/groups/1/-/packages/pypi/simple/acme-corp/" {
			t.Errorf("%v %v", moved, err)
		}
		none, _, err := get(t, "/simple/nobody/", nil)
		if err != nil || none.StatusCode != 404 {
			t.Errorf("%v %v", none, err)
		}
		zipped, body, err := get(t, "/simple/acme-corp/", http.Header{"Accept-Encoding": {"gzip"}})
		if err != nil || zipped.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%v %v", zipped, err)
		}
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := io.ReadAll(r); err != nil || !bytes.Equal(plain, s.Page("acme-corp")) {
			t.Errorf("%v: %s", err, plain)
		}
		if s.Count("/simple/*", 0) != 4 || s.Count("*", 304) != 1 || s.Requests()[0].Host == "" {
			t.Errorf("log %+v", s.Requests())
		}
	})
}

func TestFaults(t *testing.T) {
	s := New(Options{})
	if err := s.Load("acme 1.0 2020-01-01\nacme 1.1 2020-01-02\nother 1.0 2020-01-01"); err != nil {
		t.Fatal(err)
	}
	whole := s.Page("acme")
	both(t, s, func(t *testing.T, get doer) {
		inject := func(text string) {
			t.Helper()
			s.ClearFaults()
			if err := s.Inject(text); err != nil {
				t.Fatal(err)
			}
		}
		ask := func() (int, string, error) {
			response, body, err := get(t, "/simple/acme/", nil)
			if response == nil {
				return 0, "", err
			}
			return response.StatusCode, string(body), err
		}
		inject("GET /simple/acme/ 503 x2 skip 1 retry-after 9")
		for i, want := range []int{200, 503, 503, 200} {
			if got, _, err := ask(); got != want || err != nil {
				t.Errorf("request %d: %d, want %d (%v)", i, got, want, err)
			}
		}
		inject("down")
		if _, _, err := ask(); err == nil {
			t.Error("down answers")
		}
		inject("down 502")
		if got, _, _ := ask(); got != 502 {
			t.Errorf("down 502 answers %d", got)
		}
		inject("GET /simple/other/ 500")
		if got, body, err := ask(); got != 200 || body != string(whole) || err != nil {
			t.Errorf("another route is struck: %d %v", got, err)
		}
		inject("GET * truncated")
		if _, body, err := ask(); err == nil || len(body) != len(whole)/2 {
			t.Errorf("truncated: %d bytes, %v", len(body), err)
		}
		inject("GET * cut")
		if _, body, err := ask(); err != nil || len(body) != len(whole)/2 {
			t.Errorf("cut: %d bytes, %v", len(body), err)
		}
		inject("GET * stale")
		if _, body, err := ask(); err != nil || strings.Contains(body, "acme-1.1") || !strings.Contains(body, "acme-1.0") {
			t.Errorf("stale: %s, %v", body, err)
		}
		inject("GET * endless")
		if _, body, err := ask(); err != nil || len(body) != 1<<20 {
			t.Errorf("endless: %d bytes, %v", len(body), err)
		}
	})
}

func TestParseFault(t *testing.T) {
	for _, text := range []string{"", "GET", "GET /x", "GET /x boom", "GET /x 200", "GET /x 503 twice", "GET /x 503 skip", "GET /x 503 skip a", "GET /x 503 x0", "down sideways"} {
		if f, err := ParseFault(text); err == nil {
			t.Errorf("%q is %+v", text, f)
		}
	}
	f, err := ParseFault("get /simple/*/ 429 x3 skip 2 retry-after date:30")
	if want := (Fault{Method: "GET", Route: "/simple/*/", Kind: FaultStatus, Status: 429, Count: 3, Skip: 2, RetryAfter: "date:30"}); err != nil || f != want {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestGenerate(t *testing.T) {
	a, b := Generate(3, 150_000, 7), Generate(3, 150_000, 7)
	for i := range a {
		if !bytes.Equal(a[i].Body, b[i].Body) {
			t.Errorf("%s differs from itself", a[i].Name)
		}
		if n := len(a[i].Body); n < 130_000 || n > 170_000 {
			t.Errorf("%s has %d bytes", a[i].Name, n)
		}
		if n := len(a[i].Versions); n < 100 {
			t.Errorf("%s has %d versions", a[i].Name, n)
		}
	}
	if bytes.Equal(Generate(1, 5_000, 1)[0].Body, Generate(1, 5_000, 2)[0].Body) {
		t.Error("the seed changes nothing")
	}
}

func TestCredentials(t *testing.T) {
	s := New(Options{Username: "bot", Password: "secret", Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }})
	s.Release("acme", "1.0")
	both(t, s, func(t *testing.T, get doer) {
		if r, _, err := get(t, "/simple/acme/", nil); err != nil || r.StatusCode != 401 {
			t.Errorf("%v %v", r, err)
		}
		if r, _, err := get(t, "/simple/acme/", http.Header{"Authorization": {"Basic Ym90OnNlY3JldA=="}}); err != nil || r.StatusCode != 200 {
			t.Errorf("%v %v", r, err)
		}
	})
}
