package pypi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// TestHostile asks servers that answer badly: each ends in one sentence,
// within bounds of memory, over a real connection and without one.
func TestHostile(t *testing.T) {
	for _, c := range []struct {
		fault string
		kind  Kind
		want  string
	}{
		{"html", NotJSON, "index pypi answered for acme with a page of HTML that links no file, so it is no page of the Simple API (PEP 503)"},
		{"garbage", Malformed, "index pypi answered for acme with a page that is not JSON"},
		{"cut", Malformed, "index pypi answered for acme with a page that is cut off"},
		{"truncated", Unreachable, "index pypi did not answer for acme: it broke the connection off"},
		{"endless", TooLarge, "index pypi answered for acme with more than 100,000 files: not read"},
		{"giant", TooLarge, "index pypi answered for acme with one value of more than 1 MiB: not read"},
		{"bomb", TooLarge, "index pypi answered with more than 16 MiB for acme: not read"},
		{"redirect", Redirected, "index pypi redirects to another host, elsewhere.invalid: not followed"},
		{"403", Unauthorized, "index pypi answered 403 for acme: it wants credentials and none are set (username and password)"},
		{"407", Unauthorized, "the proxy before index pypi answered 407 for acme: check its credentials"},
		{"304", Unsupported, "index pypi answered 304 Not Modified for acme"},
		{"418", Unsupported, "index pypi answered 418 I'm a teapot for acme"},
		{"503", Unavailable, "index pypi answered 503 Service Unavailable for acme"},
		{"429", Unavailable, "index pypi answered 429 Too Many Requests for acme"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			s := world(t, acme, pypisim.Options{})
			if err := s.Inject("GET * " + c.fault + " always"); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := New(Options{Transport: s.Transport(), Retries: -1, MaxBody: 16 << 20}).Fetch(t.Context(), public, "acme", "", 0)
			runtime.ReadMemStats(&after)
			fails(t, err, c.kind, c.want)
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 96 {
				t.Errorf("%d MiB were allocated", used)
			}
			server := httptest.NewServer(s)
			defer server.Close()
			_, err = New(Options{Retries: -1, MaxBody: 16 << 20}).Fetch(t.Context(), source(server.URL+"/simple/"), "acme", "", 0)
			fails(t, err, c.kind, c.want)
		})
	}
}

// An index that wants to be left alone for longer than a client waits: the error says until when, in
// the same words for every package.
func TestA429SaysUntilWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := world(t, acme, pypisim.Options{})
		if err := s.Inject("GET * 429 retry-after 7200 always"); err != nil {
			t.Fatal(err)
		}
		c := New(Options{Transport: s.Transport(), Retries: -1})
		until := time.Now().Add(2 * time.Hour).UTC().Format("2006-01-02 15:04 UTC")
		for range 2 {
			_, err := c.Fetch(t.Context(), public, "acme", "", 0)
			fails(t, err, Unavailable, "index pypi answered 429 Too Many Requests for acme and wants no requests before "+until)
			if got, want := Clause(err), "it answered 429 Too Many Requests and wants no requests before "+until; got != want {
				t.Errorf("the clause is %q, want %q", got, want)
			}
			time.Sleep(20 * time.Second)
		}
	})
}

// TestHostileHeaders answers a good page under headers that make it unusable, and bad pages. The sentences are
// pinwheel's own, and say nothing that changes from one answer to the next.
func TestHostileHeaders(t *testing.T) {
	page := []byte(`{"meta":{"api-version":"1.0"},"files":[]}`)
	for _, c := range []struct {
		header, value string
		body          []byte
		want          string
	}{
		{"Content-Type", "application/vnd.pypi.simple.v1+html", page, "index pypi answered for acme with a page of HTML that links no file, so it is no page of the Simple API (PEP 503)"},
		{"Content-Type", "te\u0301xt", page, "index pypi answered te?xt for acme; pinwheel needs the Simple API in JSON or HTML (PEP 691, PEP 503)"},
		{"Content-Encoding", "br", page, "index pypi answered in the encoding br for acme, which was not asked for"},
		{"Content-Encoding", "gzip", page, "index pypi answered for acme with a page that is compressed wrongly"},
		{"Content-Type", "application/json", []byte("<html>"), "index pypi answered for acme with a page that is not JSON"},
		{"Content-Type", "application/json", []byte(`{"meta":{"a":1}}}`), "index pypi answered for acme with a page that is not JSON"},
		{"Content-Type", "application/json", []byte(`{"name":"\x"}`), "index pypi answered for acme with a page that is not JSON"},
		{"Content-Type", "application/json", []byte("{\"name\":\"\xff\"}"), "index pypi answered for acme with a page that is not UTF-8"},
		{"Content-Type", "application/json", []byte(`{"x":` + strings.Repeat("[", 20000)), "index pypi answered for acme with a page of JSON that nests too deeply"},
		{"Content-Encoding", "gzip", zip(t, page)[:30], "index pypi answered for acme with a page that is cut off"},
		{"Content-Encoding", "gzip", nil, "index pypi answered for acme with a page that is cut off"},
		{"Content-Type", "application/vnd.pypi.simple.v1+json; charset=utf-8", nil, "index pypi answered for acme with a page that is cut off"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set(c.header, c.value)
			_, _ = w.Write(c.body)
		}))
		_, err := New(Options{Retries: -1}).Fetch(t.Context(), source(server.URL), "acme", "", 0)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %s\nhave %v\nwant %s", c.header, c.value, err, c.want)
		}
		server.Close()
	}
}

// TestEmptyMembers sends gzip members that hold nothing, for ever: nothing
// comes out, so the cap on what comes in must end it.
func TestEmptyMembers(t *testing.T) {
	empty := []byte(strings.Repeat(string(zip(t, nil)), 1000))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/json")
		for {
			if _, err := w.Write(empty); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	_, err := New(Options{MaxBody: 1 << 20}).Fetch(t.Context(), source(server.URL), "acme", "", 0)
	fails(t, err, TooLarge, "index pypi answered with more than 1 MiB for acme: not read")
}

// TestRetries counts requests and the time they take inside a bubble.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		fault       string
		requests    int
		least, most time.Duration
		want        string // "" is success
	}{
		{"503 once", 2, 250 * time.Millisecond, time.Second, ""},
		{"reset x2", 3, 750 * time.Millisecond, 3 * time.Second, ""},
		{"truncated x2", 3, 750 * time.Millisecond, 3 * time.Second, ""},
		{"cut once", 2, 250 * time.Millisecond, time.Second, ""},
		{"502 always", 3, 750 * time.Millisecond, 3 * time.Second, "index pypi answered 502 Bad Gateway for acme"},
		{"reset always", 3, 750 * time.Millisecond, 3 * time.Second, "index pypi did not answer for acme: it broke the connection off"},
		{"429 once retry-after 7", 2, 7 * time.Second, 8 * time.Second, ""},
		{"429 once retry-after date:30", 2, 29 * time.Second, 31 * time.Second, ""},
		{"503 once retry-after 86400", 2, time.Minute, 61 * time.Second, ""},
		{"503 once retry-after soon", 2, 250 * time.Millisecond, time.Second, ""},
		{"hang always", 2, 30 * time.Second, 33 * time.Second, "index pypi did not answer for acme: it said nothing for 15 seconds"},
		{"403 always", 1, 0, 0, "index pypi answered 403 for acme: it wants credentials and none are set (username and password)"},
		{"html always", 1, 0, 0, "index pypi answered for acme with a page of HTML that links no file, so it is no page of the Simple API (PEP 503)"},
	} {
		synctest.Test(t, func(t *testing.T) {
			// A bubble begins in 2000; the world is older.
			s := world(t, "acme 1.0 1999-01-01", pypisim.Options{})
			if err := s.Inject("GET /simple/acme/ " + c.fault); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err := New(Options{Transport: s.Transport()}).Fetch(t.Context(), public, "acme", "", 0)
			if fmt.Sprint(err) != c.want && (err != nil || c.want != "") {
				t.Errorf("%s: have %v\nwant %s", c.fault, err, c.want)
			}
			if n := len(s.Requests()); n != c.requests {
				t.Errorf("%s: %d requests, want %d", c.fault, n, c.requests)
			}
			if took := time.Since(start); took < c.least || took > c.most {
				t.Errorf("%s: took %s, want %s to %s", c.fault, took, c.least, c.most)
			}
		})
	}
}

// refusals answers 429 once, with a date to wait for, on a server whose clock is
// off.
type refusals struct {
	next http.RoundTripper
	off  time.Duration
	done bool
}

func (r *refusals) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.done {
		return r.next.RoundTrip(req)
	}
	r.done = true
	now := time.Now().Add(r.off).UTC()
	header := http.Header{"Date": {now.Format(http.TimeFormat)}, "Retry-After": {now.Add(30 * time.Second).Format(http.TimeFormat)}}
	return &http.Response{StatusCode: http.StatusTooManyRequests, Header: header, Body: http.NoBody, Request: req}, nil
}

// A date to wait for is the server's, by the server's clock.
func TestRetryAfterADateOfAnotherClock(t *testing.T) {
	for _, off := range []time.Duration{0, -10 * time.Minute, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := world(t, "acme 1.0 1999-01-01", pypisim.Options{})
			start := time.Now()
			if _, err := New(Options{Transport: &refusals{next: s.Transport(), off: off}}).Fetch(t.Context(), public, "acme", "", 0); err != nil {
				t.Errorf("a clock that is off by %s: %v", off, err)
			}
			if took := time.Since(start); took < 30*time.Second || took > 32*time.Second {
				t.Errorf("a clock that is off by %s: waited %s, want 30 seconds", off, took)
			}
		})
	}
}
