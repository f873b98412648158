package releasenotes_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/releasenotes"
)

const home = "https://gitlab.example"

func links(addresses ...string) (out []plan.Link) {
	for i, name := range []string{"repository", "changelog", "home page"}[:len(addresses)] {
		out = append(out, plan.Link{Name: name, URL: addresses[i]})
	}
	return out
}

// A repository is found on the configured GitLab and on hosts that were named, and nowhere else.
func TestRepository(t *testing.T) {
	r := releasenotes.New(releasenotes.Options{Hosts: []string{"github.com", "gitlab.com"}})
	for address, want := range map[string]releasenotes.Repository{
		"https://gitlab.example/g/a":                           {Path: "g/a"},
		"http://GitLab.example/g/s/a.git":                      {Path: "g/s/a"},
		"https://gitlab.example/g/s/a/-/blob/main/NEWS.md":     {Path: "g/s/a"},
		"https://gitlab.example/g/a/tree/main":                 {Path: "g/a"},
		"https://gitlab.example/g":                             {},
		"https://gitlab.example/":                              {},
		"https://gitlab.example:8443/g/a":                      {},
		"https://gitlab.example.evil.org/g/a":                  {},
		"https://user:secret@gitlab.example/g/a":               {},
		"https://gitlab.example/../g":                          {},
		"https://gitlab.example/g/..":                          {},
		"https://gitlab.example/g/%2e%2e/a":                    {},
		"https://gitlab.example/g/a%2fb":                       {Path: "g/a/b"},
		"https://gitlab.example/g/a?private_token=x#y":         {Path: "g/a"},
		"ftp://gitlab.example/g/a":                             {},
		"https://github.com/Owner/Repo/issues":                 {Host: "github.com", Path: "Owner/Repo"},
		"https://www.github.com/Owner/Repo.git":                {Host: "github.com", Path: "Owner/Repo"},
		"https://github.com/Owner":                             {},
		"https://gitlab.com/g/s/a/-/releases":                  {Host: "gitlab.com", Path: "g/s/a"},
		"https://codeberg.org/g/a":                             {},
		"https://169.254.169.254/latest/meta-data":             {},
		"https://raw.githubusercontent.com/g/a/main/CHANGELOG": {},
		"":  {},
		"%": {},
	} {
		if got := r.Repository(links(address), home); got != want {
			t.Errorf("%s: %+v, want %+v", address, got, want)
		}
	}
	if got, want := r.Repository(links("https://docs.example/a", "https://github.com/o/r/blob/main/NEWS"), home), (releasenotes.Repository{Host: "github.com", Path: "o/r"}); got != want {
		t.Errorf("by the changelog: %+v, want %+v", got, want)
	}
	if got, want := r.Repository(links("https://gitlab.example/code/g/a"), home+"/code"), (releasenotes.Repository{Path: "g/a"}); got != want {
		t.Errorf("of a GitLab below a path: %+v, want %+v", got, want)
	}
	if got := releasenotes.New(releasenotes.Options{}).Repository(links("https://github.com/o/r"), home); got != (releasenotes.Repository{}) {
		t.Errorf("a host that nobody named: %+v", got)
	}
}

// own is a client of a simulated GitLab with a project whose releases have notes.
func own(t *testing.T, to gitlabsim.Settings) (*gitlab.Client, *gitlabsim.Project, *gitlabsim.Server) {
	t.Helper()
	s := gitlabsim.New(gitlabsim.Options{Now: time.Now})
	s.AddBot("bot", "bot")
	p := s.AddProject("g/a", "main", map[string]string{"a": "b"})
	p.SetRole("bot", gitlabsim.Maintainer)
	p.Set(to)
	c, err := gitlab.Connect(gitlab.Options{URL: s.BaseURL(), ReadToken: func() (string, error) { return s.Token("bot"), nil }, Transport: s.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	return c, p, s
}

var step = plan.Step{Key: "a", From: "1.0", To: "1.50"}

// pinwheel's token reads more than everybody may, and a stranger chooses the address. So only what everybody may read is shown,
// and what the operator named.
func TestOnlyWhatMayBeShown(t *testing.T) {
	for name, tt := range map[string]struct {
		settings gitlabsim.Settings
		projects []string
		shown    bool
	}{
		"public":                         {gitlabsim.Settings{Public: true}, nil, true},
		"public, releases for members":   {gitlabsim.Settings{Public: true, Releases: "private"}, nil, false},
		"public, no releases":            {gitlabsim.Settings{Public: true, Releases: "disabled"}, []string{"g"}, false},
		"internal":                       {gitlabsim.Settings{Internal: true}, nil, false},
		"private":                        {gitlabsim.Settings{}, nil, false},
		"private, another group named":   {gitlabsim.Settings{}, []string{"h", "g/ab", "a"}, false},
		"private, its group named":       {gitlabsim.Settings{}, []string{"G"}, true},
		"internal, the project is named": {gitlabsim.Settings{Internal: true}, []string{"g/a"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c, p, _ := own(t, tt.settings)
			p.Publish(gitlabsim.Release{Tag: "v1.2", Description: "notes"})
			n, err := releasenotes.New(releasenotes.Options{Projects: tt.projects}).Read(t.Context(), c, releasenotes.Repository{Path: "g/a"}, step)
			if err != nil || (len(n.Notes) == 1) != tt.shown || (n.State == plan.NotesRead) != tt.shown {
				t.Errorf("%+v, %v", n, err)
			}
		})
	}
}

// Pages are read until the old version is there, and a few at most.
func TestPagesOfReleases(t *testing.T) {
	c, p, s := own(t, gitlabsim.Settings{Public: true})
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 100 {
		p.Publish(gitlabsim.Release{Tag: fmt.Sprintf("v1.%d", i), Description: "notes", At: at.AddDate(0, 0, i)})
	}
	for _, tt := range []struct {
		step        plan.Step
		notes, more int
		pages       int
	}{
		{plan.Step{Key: "a", From: "1.97", To: "1.99"}, 2, 0, 1},
		{plan.Step{Key: "a", From: "1.70", To: "1.75"}, 5, 0, 2},
		{plan.Step{Key: "a", From: "1.1", To: "1.99"}, 5, 55, 3},
	} {
		before := pagesAsked(s)
		n, err := releasenotes.New(releasenotes.Options{}).Read(t.Context(), c, releasenotes.Repository{Path: "g/a"}, tt.step)
		if err != nil || len(n.Notes) != tt.notes || n.More != tt.more || pagesAsked(s)-before != tt.pages {
			t.Errorf("%v: %d notes, %d more, %d pages, %v", tt.step, len(n.Notes), n.More, pagesAsked(s)-before, err)
		}
	}
}

func pagesAsked(s *gitlabsim.Server) (n int) {
	for _, r := range s.Reads(time.Time{}) {
		if strings.HasSuffix(r.Path, "/releases") {
			n++
		}
	}
	return n
}

// A GitLab that does not give them says nothing of them: 403 and 404 mean that nothing may be shown, and all else is a failure.
func TestFailuresOfGitLab(t *testing.T) {
	for status, fails := range map[int]bool{403: false, 404: false, 400: true} {
		c, _, s := own(t, gitlabsim.Settings{Public: true})
		if err := s.Inject(fmt.Sprintf("GET /projects/*/releases %d", status)); err != nil {
			t.Fatal(err)
		}
		n, err := releasenotes.New(releasenotes.Options{}).Read(t.Context(), c, releasenotes.Repository{Path: "g/a"}, step)
		if (err != nil) != fails || (n.State == plan.NotesUnread) != fails || len(n.Notes) > 0 {
			t.Errorf("%d: %+v, %v", status, n, err)
		}
	}
	c, _, _ := own(t, gitlabsim.Settings{Public: true})
	if n, err := releasenotes.New(releasenotes.Options{}).Read(t.Context(), c, releasenotes.Repository{Path: "g/none"}, step); err != nil || n.State != "" {
		t.Errorf("of no project: %+v, %v", n, err)
	}
}

// answers is a host that answers each request with the next of its answers, and the last one for good.
type answers struct {
	asked []*http.Request
	give  []func(http.ResponseWriter)
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	a.asked = append(a.asked, r)
	w := httptest.NewRecorder()
	a.give[min(len(a.asked), len(a.give))-1](w)
	response := w.Result()
	response.Request = r
	return response, nil
}

func (a *answers) reader() *releasenotes.Reader {
	return releasenotes.New(releasenotes.Options{Hosts: []string{"github.com", "gitlab.com"}, Transport: a, UserAgent: "pinwheel/1"})
}

func body(text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { fmt.Fprint(w, text) }
}

func status(code int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func TestHosts(t *testing.T) {
	a := &answers{give: []func(http.ResponseWriter){body(`[{"tag_name":"v1.2","name":"v1.2","body":"of GitHub","published_at":"2026-01-02T03:04:05Z"},{"tag_name":"v1.3","body":"not published","draft":true}]`)}}
	n, err := a.reader().Read(t.Context(), nil, releasenotes.Repository{Host: "github.com", Path: "o/r"}, step)
	if err != nil || len(n.Notes) != 1 || n.Notes[0].Text != "of GitHub" || n.Notes[0].At.Year() != 2026 {
		t.Errorf("%+v, %v", n, err)
	}
	a.give = []func(http.ResponseWriter){body(`[{"tag_name":"v1.2","description":"of GitLab","released_at":"2026-01-02T03:04:05Z"}]`)}
	if n, err = a.reader().Read(t.Context(), nil, releasenotes.Repository{Host: "gitlab.com", Path: "g/s/a"}, step); err != nil || len(n.Notes) != 1 || n.Notes[0].Text != "of GitLab" {
		t.Errorf("%+v, %v", n, err)
	}
	want := []string{"https://api.github.com/repos/o/r/releases?per_page=20&page=1", "https://gitlab.com/api/v4/projects/g%2Fs%2Fa/releases?per_page=20&page=1"}
	for i, r := range a.asked {
		if r.URL.String() != want[i] {
			t.Errorf("asked %s, want %s", r.URL, want[i])
		}
		for name := range r.Header {
			if name != "Accept" && name != "User-Agent" {
				t.Errorf("a request with the header %s", name)
			}
		}
	}
}

func TestFailuresOfHosts(t *testing.T) {
	for name, tt := range map[string]struct {
		give  func(http.ResponseWriter)
		fails bool
	}{
		"no such repository":   {status(404), false},
		"not for everybody":    {status(401), false},
		"out of order":         {status(503), true},
		"no JSON":              {body("<html>"), true},
		"no list":              {body(`{"message":"x"}`), true},
		"too large":            {body(`[{"tag_name":"v1.2","body":"` + strings.Repeat("x", 9<<20) + `"}]`), true},
		"another host":         {status(301, "Location", "https://evil.example/"), true},
		"without encryption":   {status(301, "Location", "http://api.github.com/"), true},
		"in a circle":          {status(301, "Location", "https://api.github.com/repos/o/r/releases"), true},
		"a limit of requests":  {status(403, "X-RateLimit-Remaining", "0"), true},
		"an empty list":        {body("[]"), false},
		"a list of nothing":    {body("[null, {}]"), false},
		"a deep page":          {body(strings.Repeat("[", 100_000)), true},
		"a day that is no day": {body(`[{"tag_name":"v1.2","body":"x","published_at":"yesterday"}]`), true},
	} {
		t.Run(name, func(t *testing.T) {
			a := &answers{give: []func(http.ResponseWriter){tt.give}}
			n, err := a.reader().Read(t.Context(), nil, releasenotes.Repository{Host: "github.com", Path: "o/r"}, step)
			if (err != nil) != tt.fails || (n.State == plan.NotesUnread) != tt.fails || len(n.Notes) > 0 {
				t.Errorf("%+v, %v", n, err)
			}
			for _, r := range a.asked {
				if r.URL.Scheme != "https" || r.URL.Host != "api.github.com" {
					t.Errorf("asked %s", r.URL)
				}
			}
		})
	}
}

// A host that counts requests is left alone, and others are asked all the same.
func TestAHostIsLeftAlone(t *testing.T) {
	repo := releasenotes.Repository{Host: "github.com", Path: "o/r"}
	for name, limit := range map[string]func(http.ResponseWriter){
		"for seconds":         status(429, "Retry-After", "60"),
		"until an instant":    status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Minute).Unix())),
		"without a word more": status(429),
	} {
		t.Run(name, func(t *testing.T) {
			a := &answers{give: []func(http.ResponseWriter){limit, body("[]")}}
			r := a.reader()
			for range 3 {
				if n, err := r.Read(t.Context(), nil, repo, step); err == nil || n.State != plan.NotesUnread {
					t.Errorf("%+v, %v", n, err)
				}
			}
			if len(a.asked) != 1 {
				t.Errorf("asked %d times", len(a.asked))
			}
			if _, err := r.Read(t.Context(), nil, releasenotes.Repository{Host: "gitlab.com", Path: "g/a"}, step); err != nil {
				t.Errorf("another host: %v", err)
			}
		})
	}
}

// A host that asked for patience is asked again when the time is over, and not before: after an hour at most.
func TestAHostIsAskedAgainLater(t *testing.T) {
	repo := releasenotes.Repository{Host: "github.com", Path: "o/r"}
	for name, tt := range map[string]struct {
		limit func() func(http.ResponseWriter)
		wait  time.Duration
	}{
		"for seconds":         {func() func(http.ResponseWriter) { return status(429, "Retry-After", "60") }, time.Minute},
		"for a day":           {func() func(http.ResponseWriter) { return status(429, "Retry-After", "86400") }, time.Hour},
		"without a word more": {func() func(http.ResponseWriter) { return status(429) }, time.Hour},
		"until an instant": {func() func(http.ResponseWriter) {
			return status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(time.Now().Add(10*time.Minute).Unix()))
		}, 10 * time.Minute},
		// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
		"for too much at once": {func() func(http.ResponseWriter) { return status(403, "Retry-After", "120") }, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &answers{give: []func(http.ResponseWriter){tt.limit(), body(`[{"tag_name":"v1.2","body":"notes"}]`)}}
				r := a.reader()
				for _, early := range []time.Duration{0, tt.wait - 2*time.Second} {
					time.Sleep(early)
					if n, err := r.Read(t.Context(), nil, repo, step); err == nil || n.State != plan.NotesUnread || len(a.asked) != 1 {
						t.Fatalf("after %s: %+v, %v, asked %d times", early, n, err, len(a.asked))
					}
				}
				time.Sleep(3 * time.Second)
				if n, err := r.Read(t.Context(), nil, repo, step); err != nil || len(n.Notes) != 1 || len(a.asked) != 2 {
					t.Errorf("%+v, %v, asked %d times", n, err, len(a.asked))
				}
			})
		})
	}
}

func TestAContextThatEnded(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	a := &answers{give: []func(http.ResponseWriter){body("[]")}}
	if n, err := a.reader().Read(ctx, nil, releasenotes.Repository{Host: "github.com", Path: "o/r"}, step); !errors.Is(err, context.Canceled) || n.State != plan.NotesUnread {
		t.Errorf("%+v, %v", n, err)
	}
}
