package gitlab_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

func TestAReadIsRepeatedAWriteIsNot(t *testing.T) {
	for _, test := range []struct {
		name, fault string
		reads       int
		fails       bool
	}{
		{"one 502", "GET */branches/* 502 once", 2, false},
		{"two broken connections", "GET */branches/* reset x2", 3, false},
		{"a cut answer", "GET */branches/* truncated once", 2, false},
		{"maintenance without end", "GET */branches/* 503 always", 5, true},
		{"a page of HTML", "GET */branches/* html always", 1, true},
		{"not implemented", "GET */branches/* 501 always", 1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.fault(test.fault)
				before := len(w.sim.Reads(time.Time{}))
				_, err := w.c.Head(w.ctx, w.project.ID, "main")
				w.same(len(w.sim.Reads(time.Time{}))-before, test.reads)
				w.same(err != nil, test.fails)
			})
		})
	}
	for _, fault := range []string{"502 always", "reset always", "html always", "truncated after once"} {
		t.Run("POST "+fault, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.fault("POST */merge_requests " + fault)
				w.ok(w.p.CreateBranch("dave", work, "main"))
				opt := &api.CreateMergeRequestOptions{Title: new("Move boto3"), SourceBranch: new(work), TargetBranch: new("main")}
				_, _, err := w.c.API.MergeRequests.CreateMergeRequest(w.project.ID, opt, api.WithContext(w.ctx))
				w.same(gitlab.Lost(gitlab.Fail(err, "open a merge request")), true)
				w.same(w.writes(), 1)
			})
		})
	}
}

func TestRetryAfterIsKeptTo(t *testing.T) {
	for _, test := range []struct {
		fault string
		wait  time.Duration
	}{
		{"GET */branches/* 429 retry-after 7 once", 7 * time.Second},
		{"GET */branches/* 429 retry-after date:30 once", 30 * time.Second},
		{"GET */branches/* 503 retry-after 12 once", 12 * time.Second},
		{"GET */branches/* 429 retry-after 0 once", time.Second},
		{"GET */branches/* 429 retry-after 86400 once", time.Minute},
		{"GET */branches/* 429 retry-after soon x3", 7 * time.Second}, // 1+2+4
	} {
		t.Run(test.fault, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.fault(test.fault)
				start := time.Now()
				_, err := w.c.Head(w.ctx, w.project.ID, "main")
				w.ok(err)
				w.same(time.Since(start), test.wait)
			})
		})
	}
	t.Run("a write waits too", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.fault("POST */commits 429 retry-after 40 once")
			start := time.Now()
			w.ok(w.write(w.c, api.FileUpdate))
			w.same(time.Since(start), 40*time.Second)
		})
	})
}

// An error of a GitLab that wants to be left alone for longer than a run waits says until when.
func TestA429SaysUntilWhen(t *testing.T) {
	inWorld(t, func(w *world) {
		w.fault("GET */branches/* 429 retry-after 7200 always")
		_, err := w.c.Head(w.ctx, w.project.ID, "main")
		if err == nil {
			t.Fatal("it was read")
		}
		until := time.Now().Add(2*time.Hour + time.Minute - 1).UTC().Format("2006-01-02 15:04 UTC")
		if text := err.Error(); !strings.HasSuffix(text, ": 429 Too Many Requests and wants no requests before "+until) {
			t.Errorf("it says %q, at %s", text, time.Now().UTC())
		}
	})
}

func TestTheTokenGoesNowhereElse(t *testing.T) {
	for _, test := range []struct{ name, method, location string }{
		{"other host", "GET", "https://elsewhere.invalid/api/v4/user"},
		{"other scheme", "GET", "http://gitlab.example/api/v4/user"},
		{"other port", "GET", "https://gitlab.example:8443/api/v4/user"},
		{"a write", "POST", "https://gitlab.example/api/v4/projects/1/repository/commits"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var seen []*http.Request
				w.c = w.client(w.sim.Token("pinwheel-bot"), overlay{w.sim.Transport(), func(req *http.Request) *http.Response {
					seen = append(seen, req)
					if req.Method != test.method {
						return nil
					}
					return &http.Response{StatusCode: 307, Header: http.Header{"Location": {test.location}}, Body: http.NoBody}
				}})
				_, err := w.c.Head(w.ctx, w.project.ID, "main")
				if err == nil {
					err = w.write(w.c, api.FileUpdate)
				}
				if !errors.Is(err, gitlab.ErrRedirect) || !strings.Contains(gitlab.Explain(err), "gitlab.url") {
					t.Fatalf("%v: %s", err, gitlab.Explain(err))
				}
				for _, req := range seen {
					w.same(req.URL.Scheme+"://"+req.URL.Host, "https://gitlab.example")
				}
				w.same(seen[len(seen)-1].Method, test.method)
			})
		})
	}
}

func TestAGetFollowsItsOwnOrigin(t *testing.T) {
	inWorld(t, func(w *world) {
		w.c = w.client(w.sim.Token("pinwheel-bot"), overlay{w.sim.Transport(), func(req *http.Request) *http.Response {
			if !strings.Contains(req.URL.EscapedPath(), "old%2Fpath") {
				return nil
			}
			return &http.Response{StatusCode: 301, Body: http.NoBody,
				Header: http.Header{"Location": {"https://gitlab.example/api/v4/projects/cki%2Fpipeline"}}}
		}})
		p, err := w.c.Project(w.ctx, "old/path", 0)
		w.ok(err)
		w.same(p.Path, "cki/pipeline")
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestAnEndlessBodyEnds(t *testing.T) {
	for _, status := range []int{200, 500, 404} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			inWorld(t, func(w *world) {
				asked := 0
				w.c = w.client(w.sim.Token("pinwheel-bot"), overlay{w.sim.Transport(), func(*http.Request) *http.Response {
					asked++
					return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(endless{})}
				}})
				_, err := w.c.Whoami(w.ctx)
				w.same(errors.Is(err, gitlab.ErrTooLarge), true)
				w.same(asked, 1)
			})
		})
	}
}

// A small compressed answer that grows, over a socket and Go's own transport.
func TestAnExplodingBodyEnds(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = io.Copy(z, io.LimitReader(endless{}, 40<<20))
	_ = z.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes()) // the client hangs up early
	}))
	defer server.Close()
	gl, err := gitlab.Connect(gitlab.Options{URL: server.URL, Token: "glpat-x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = gl.Whoami(t.Context()); !errors.Is(err, gitlab.ErrTooLarge) {
		t.Fatal(err)
	}
}

func TestARotatedTokenIsSeen(t *testing.T) {
	inWorld(t, func(w *world) {
		old, fresh := w.sim.Token("pinwheel-bot"), w.sim.Token("pinwheel-bot")
		token := old + "\n"
		gl, err := gitlab.Connect(gitlab.Options{URL: w.sim.BaseURL() + "/api/v4/", Transport: w.sim.Transport(),
			ReadToken: func() (string, error) { return token, nil }})
		w.ok(err)
		c := gl
		_, err = c.Whoami(w.ctx)
		w.ok(err)
		w.sim.Revoke(old)
		_, err = c.Whoami(w.ctx)
		w.same(errors.Is(err, gitlab.ErrUnauthorized), true)
		token = fresh
		_, err = c.Whoami(w.ctx)
		w.ok(err)
		token = " "
		_, err = c.Whoami(w.ctx)
		w.same(errors.Is(err, gitlab.ErrUnauthorized), true)
	})
}

func TestTheUserAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var agent string
		gl, err := gitlab.Connect(gitlab.Options{URL: "https://gitlab.example", Token: "secret", UserAgent: "pinwheel/1.2.3",
			Transport: overlay{nil, func(req *http.Request) *http.Response {
				agent = req.UserAgent()
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}
			}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gl.Whoami(t.Context()); err != nil || agent != "pinwheel/1.2.3" {
			t.Fatal(agent, err)
		}
	})
}

func TestBadAddresses(t *testing.T) {
	for _, address := range []string{"", "gitlab.example", "ftp://gitlab.example", "https://", "https://oauth2:glpat-secret@gitlab.example",
		"https://gitlab.example?private_token=glpat-secret", "https://gitlab.example/%zz"} {
		_, err := gitlab.Connect(gitlab.Options{URL: address, Token: "glpat-other"})
		if err == nil || strings.Contains(err.Error(), "glpat") {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := gitlab.Connect(gitlab.Options{URL: "https://gitlab.example"}); !errors.Is(err, gitlab.ErrUnauthorized) {
		t.Error(err)
	}
}
