package page_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/watched"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
	"gitlab.com/cki-project/pinwheel/web/page"
)

// hosts are two that answered.
func hosts() []page.Host {
	return []page.Host{{Name: "gitlab.example", Requests: 412, Failed: 3, Slow: 1, Until: time.Date(2040, 1, 2, 3, 4, 0, 0, time.UTC)},
		{Name: "pypi.example", Requests: 96, Slow: 7, Until: time.Date(2001, 1, 2, 3, 4, 0, 0, time.UTC)}}
}

// siteOf is a page over what a service left.
func siteOf(s *watched.Service) *page.Site {
	return page.New(page.Options{Store: s.Store, States: s.States, Now: s.Now, Version: "1.2.3", Within: func() time.Duration { return 3 * time.Hour }, Hosts: hosts})
}

// read is what a page answers a reader.
func read(t *testing.T, site http.Handler, path string, reader page.Reader) (status int, body string) {
	t.Helper()
	rec := httptest.NewRecorder()
	site.ServeHTTP(rec, page.WithReader(httptest.NewRequest(http.MethodGet, path, nil), reader))
	data, err := io.ReadAll(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"} {
		if got := rec.Header().Get(name); got != want && path != page.StylePath {
			t.Errorf("%s: %s is %q, want %q", path, name, got, want)
		}
	}
	if !strings.HasPrefix(rec.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'self';") {
		t.Errorf("%s: the policy is %q", path, rec.Header().Get("Content-Security-Policy"))
	}
	return rec.Code, string(data)
}

var (
	tag   = regexp.MustCompile(`<[^>]*>`)
	space = regexp.MustCompile(`\s+`)
)

// text is what a page says, without its marks.
func text(body string) string {
	return strings.TrimSpace(space.ReplaceAllString(tag.ReplaceAllString(body, " "), " "))
}

// shows fails unless a text holds some parts, and none of those after "!".
func shows(t *testing.T, where, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if unwanted, is := strings.CutPrefix(part, "!"); strings.Contains(body, unwanted) == is {
			t.Errorf("%s: %q is there or is not:\n%s", where, part, body)
		}
	}
}

// What three weeks of a service look like, page by page.
func TestPages(t *testing.T) {
	s := watched.New(t)
	site := siteOf(s)
	for path, parts := range map[string][]string{
		"/": {
			"Projects 7 Pins 55", "Open merge requests 6", "Failing ones 1", "all 7 stopped 1",
			"platform/stopped stopped until a person acts", "platform/failing the last run failed", "platform/paused paused: release week",
			"cki-project/pipeline-definition a merge request fails", "platform/services/observability/a-project-with-a-rather-long-name-in-groups behind", "cki-project/cki-lib current",
			"35 of 45 pins behind", "Window opens 2026-11-27 23:00 UTC", "Last good run 2026-11-26 11:30 UTC",
		},
		"/?q=cki-":  {"cki-project/cki-lib", "!platform/", "Projects 2"},
		"/?q=%3Cb>": {"No project that you may see has “&lt;b&gt;” in its path."},
		"/projects/cki-project/pipeline-definition": {
			"Pins 45", "Behind 35", "Update dependency furl to v2.1.4 open", "Pipeline failed on 2026-11-21", "Closed by alice on 2026-11-16",
			"anyio constraints.txt:1", "Number 25 in line", "Awaiting Schedule", "merged 2026-11-16", "by alice", "CommitBranch", "OpenMergeRequest",
		},
		"/projects/cki-project/pipeline-definition?q=fur": {"furl constraints.txt", "!anyio constraints.txt", "window: * * * * SAT,SUN, Europe/Prague pinwheel.yaml:4, defaults", "refresh: window built in", "indexes: pypi, https://pypi.example/simple/ pinwheel.yaml:3, configuration"},
		"/projects/CKI-project/Pipeline-Definition":       {"Pins 45"},
		"/projects/platform/stopped":                      {"Problems", "constraints.txt:2", "is not a package name"},
		"/projects/platform/failing":                      {"Problems", "500"},
		"/projects/platform/paused":                       {"paused: release week"},
		"/packages":                                       {"urllib3", "anyio", "furl"},
		"/packages?q=url":                                 {"urllib3", "!anyio"},
		"/packages?q=nothing":                             {"No pin has “nothing” in its name."},
		"/packages/urllib3":                               {"1.26.18", watched.Long, watched.Failing},
		"/packages/urllib3?version=1.26":                  {"1.26.18", watched.Long},
		"/packages/urllib3?version=1.2":                   {"Nobody pins 1.2."},
		"/fleet":                                          {"platform/new waits since 2026-11-26 11:56 UTC", "platform/failing at work since", "gitlab.example 412 3 1; it wants no requests before 2040-01-02 03:04 UTC", "pypi.example 96 0 7 ", "platform/failing 18 s", "Without a good run 2", "platform/failing 2026-11-12 08:00 UTC", "!bot"},
	} {
		status, body := read(t, site, path, page.Reader{})
		if status != http.StatusOK {
			t.Errorf("%s answers %d", path, status)
		}
		shows(t, path, text(body), parts...)
		for _, what := range []string{"<script", " style=", " onclick", "javascript:", "glpat-"} {
			if strings.Contains(body, what) {
				t.Errorf("%s holds %q", path, what)
			}
		}
	}
	for path, want := range map[string]int{
		"/projects/none": 404, "/projects/": 404, "/projects/cki-project": 404, "/packages/none": 404, "/none": 404, "/style.css": 200, "/projects/platform/new": 200, "/packages/URLLIB3": 303, "/packages?q=URLlib3+1.26": 303, "/packages?q=urllib3%3D%3D1.26.*": 303,
	} {
		if status, _ := read(t, site, path, page.Reader{}); status != want {
			t.Errorf("%s answers %d, want %d", path, status, want)
		}
	}
}

// A reader who may see one project learns nothing of the others, on any page.
func TestReaderSeesTheirProjectsAlone(t *testing.T) {
	s := watched.New(t)
	site := siteOf(s)
	reader := page.Reader{Name: "ann", Sees: func(project string) bool { return project == watched.Long }}
	for _, path := range []string{
		"/", "/?q=platform", "/packages", "/packages?q=a", "/packages/urllib3", "/packages/furl", "/packages/arrow", "/packages/anyio", "/fleet", "/none",
		"/projects/" + watched.Behind, "/projects/" + watched.Failing, "/projects/" + watched.Long, "/projects/" + watched.Unseen,
	} {
		_, body := read(t, site, path, reader)
		for _, hidden := range []string{watched.Behind, watched.Current, watched.Stopped, watched.Failing, watched.Paused, watched.Unseen, "anyio"} {
			if strings.Contains(strings.ReplaceAll(body, "/packages/anyio", ""), hidden) {
				t.Errorf("%s shows %s to a reader who may not see it", path, hidden)
			}
		}
		shows(t, path, text(body), "ann Sign out")
	}
	for path, want := range map[string]int{
		"/projects/" + watched.Behind: 404, "/projects/" + watched.Long: 200, "/packages/anyio": 404, "/packages/furl": 200, "/projects/" + watched.Unseen: 404, "/projects/none/such": 404,
	} {
		if status, _ := read(t, site, path, reader); status != want {
			t.Errorf("%s answers %d, want %d", path, status, want)
		}
	}
	_, hidden := read(t, site, "/projects/"+watched.Behind, reader)
	_, none := read(t, site, "/projects/none/such", reader)
	if hidden != none {
		t.Error("a hidden project is told apart from none")
	}
	_, body := read(t, site, "/", reader)
	shows(t, "/", text(body), "Projects 1 Pins 3", "Open merge requests 2", "Libyears 3.3")
	_, body = read(t, site, "/packages/furl", reader)
	shows(t, "/packages/furl", text(body), watched.Long)
}

// Three hundred packages of others do not push a reader's own out of the list.
func TestReaderFindsPackagesBehindThoseOfOthers(t *testing.T) {
	db := opened(t)
	var many []store.ViewPin
	for i := range 400 {
		name := "p" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Unix(int64(i), 0).UTC().Format("150405")
		many = append(many, store.ViewPin{File: "c.txt", Line: i + 1, Key: name, Name: name, Version: "1", Standing: "behind"})
	}
	keep(t, db, store.View{Project: "g/many", Pins: many})
	keep(t, db, store.View{Project: "g/mine", Pins: []store.ViewPin{{File: "c.txt", Line: 1, Key: "mine", Name: "mine", Version: "1", Standing: "current"}}})
	site := page.New(page.Options{Store: db})
	_, body := read(t, site, "/packages", page.Reader{Sees: func(p string) bool { return p == "g/mine" }})
	shows(t, "/packages", text(body), "mine 1 1 0")
}

func opened(t *testing.T) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "pinwheel.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.RunAs(store.Process{Owner: store.Owner{Host: "h", PID: 1, Instance: "i"}})
	return db
}

var instant = time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)

func keep(t *testing.T, db *store.Store, v store.View) {
	t.Helper()
	v.At = instant
	if v.Updates == nil {
		v.Updates = []store.ViewUpdate{}
	}
	if err := db.KeepView(t.Context(), v); err != nil {
		t.Fatal(err)
	}
}

// Whatever strangers write comes out as text: names, versions, reasons, problems, people, and
// the dashboard itself.
func TestHostileTextsAreEscaped(t *testing.T) {
	const bad = `"><script>alert(1)</script><img src=x onerror=alert(2)>'` + "`" + `{{.}}</style>`
	const path = "g/<i>&\"'"
	db := opened(t)
	v := store.View{Project: path, Updates: []store.ViewUpdate{{Title: bad, Branch: bad, State: bad, Reason: bad, MR: 7, Red: true}}, Pins: []store.ViewPin{
		{File: bad, Line: 1, Key: bad, Name: bad, Version: bad, Standing: bad, Target: bad, Why: bad}, {File: "c.txt", Line: 2, Key: "urllib3", Name: bad, Version: bad, Standing: "held", Why: bad},
	}}
	v.URL, v.Problems, v.Status = "javascript:alert(1)//", []string{bad}, bad
	v.States = map[string]int{bad: 1}
	keep(t, db, v)
	body := "# " + bad + "\n\n- [ ] " + bad + "\n\n[a](javascript:alert(1)) ![b](https://evil.example/x.png) <b onclick=x>c</b>\n\n<script>alert(3)</script>\n"
	if err := db.SaveMemory(t.Context(), store.Memory{Path: path, DashboardIID: 1, DashboardBody: body}); err != nil {
		t.Fatal(err)
	}
	merged := plan.MergeRequest{IID: 7, Title: bad, WebURL: "javascript:alert(1)", State: "merged", MergedAt: instant, MergedBy: plan.User{Username: bad}}
	if err := db.SaveMergeRequests(t.Context(), path, []plan.MergeRequest{merged}); err != nil {
		t.Fatal(err)
	}
	if err := db.Pause(t.Context(), store.Pause{Project: path, Reason: bad, Who: bad, At: instant}); err != nil {
		t.Fatal(err)
	}
	if err := db.Pause(t.Context(), store.Pause{Reason: bad, Who: bad, At: instant}); err != nil {
		t.Fatal(err)
	}
	site := page.New(page.Options{Store: db, Version: bad, Hosts: func() []page.Host { return []page.Host{{Name: bad}} }})
	for _, at := range []string{
		"/", "/?q=" + url.QueryEscape(bad), "/projects/" + url.PathEscape("g") + "/" + url.PathEscape("<i>&\"'"), "/projects/x" + url.PathEscape(bad), "/packages", "/packages?q=" + url.QueryEscape(bad),
		"/packages/urllib3?version=" + url.QueryEscape(bad), "/packages/urllib3", "/packages/" + url.PathEscape(bad), "/fleet", "/" + url.PathEscape(bad),
	} {
		_, body := read(t, site, at, page.Reader{Name: bad})
		for _, what := range []string{"<script", "<img", "<i>", "<b ", "href=\"javascript", "href=\"#ZgotmplZ", "{{"} {
			if strings.Contains(strings.ReplaceAll(body, "{{.}}", ""), what) {
				t.Errorf("%s holds %q:\n%s", at, what, body)
			}
		}
	}
	_, body = read(t, site, "/projects/g/"+url.PathEscape("<i>&\"'"), page.Reader{})
	shows(t, "the project", body, "&lt;script&gt;alert(1)&lt;/script&gt;", "paused: ")
}

func TestPagesOfAnEmptyStore(t *testing.T) {
	site := page.New(page.Options{Store: opened(t)})
	for path, want := range map[string]string{
		"/": "No run has looked at a project yet.", "/packages": "No project pins anything yet.", "/fleet": "Nobody waits.",
	} {
		status, body := read(t, site, path, page.Reader{})
		if status != http.StatusOK {
			t.Errorf("%s answers %d", path, status)
		}
		shows(t, path, text(body), want)
	}
}

// A database that does not answer is said in words, and why it does not is not.
func TestPagesWithoutADatabase(t *testing.T) {
	db := opened(t)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/projects/g/p", "/packages", "/packages/a", "/fleet"} {
		status, body := read(t, page.New(page.Options{Store: db}), path, page.Reader{})
		if status != http.StatusInternalServerError {
			t.Errorf("%s answers %d", path, status)
		}
		shows(t, path, text(body), "What runs stored cannot be read at the moment.", "!sql", "!database is closed")
	}
}

func TestPageIsOnlyRead(t *testing.T) {
	site := page.New(page.Options{Store: opened(t)})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, "TRACE"} {
		rec := httptest.NewRecorder()
		site.ServeHTTP(rec, httptest.NewRequest(method, "/", nil))
		if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s is answered with %d", method, rec.Code)
		}
	}
}

// A long list comes in pages, and narrowed down it stays so.
func TestListComesInPages(t *testing.T) {
	db := opened(t)
	for i := range 130 {
		v := store.View{Project: fmt.Sprintf("g/p%03d", i), Pins: []store.ViewPin{}}
		v.Count, v.Behind = 1, i%2
		keep(t, db, v)
	}
	site := page.New(page.Options{Store: db})
	for path, c := range map[string]struct {
		first string
		cards int
		says  string
	}{
		"/": {"g/p000", 60, "Page 1 of 3 Next"}, "/?page=2": {"g/p060", 60, "Previous Page 2 of 3 Next"}, "/?page=3": {"g/p120", 10, "Previous Page 3 of 3"}, "/?page=99": {"g/p120", 10, "Page 3 of 3"},
		"/?page=x": {"g/p000", 60, "Page 1 of 3"}, "/?q=p12&page=2": {"g/p120", 10, "Projects 10"}, "/?state=failing&page=-1": {"g/p000", 60, "all 130 without a good run 130"}, "/?state=none": {"g/p000", 60, "Page 1 of 3"},
		"/?state=paused": {"", 0, "No project is in that state."},
	} {
		_, body := read(t, site, path, page.Reader{})
		if n := strings.Count(body, `<li class="card `); n != c.cards {
			t.Errorf("%s lists %d projects, want %d", path, n, c.cards)
		}
		if at := strings.Index(body, "g/p"); c.first != "" && (at < 0 || !strings.HasPrefix(body[at:], c.first)) {
			t.Errorf("%s does not begin with %s", path, c.first)
		}
		shows(t, path, text(body), c.says)
	}
	_, body := read(t, site, "/?q=g%2F&state=failing", page.Reader{})
	shows(t, "the links", body, `href="/?page=2&amp;q=g%2F&amp;state=failing"`, `href="/?q=g%2F&amp;state=failing" aria-current="true"`)
}

// Libyears of projects that came at different times add up without a jump.
func TestChartsAddUp(t *testing.T) {
	db := opened(t)
	week := func(n int, libyears float64) store.ViewWeek {
		return store.ViewWeek{Day: instant.AddDate(0, 0, 7*n), Libyears: libyears}
	}
	for path, weeks := range map[string][]store.ViewWeek{"g/a": {week(0, 10), week(2, 8), week(3, 4)}, "g/b": {week(2, 5), week(3, 6)}, "g/none": nil} {
		v := store.View{Project: path, Pins: []store.ViewPin{}}
		v.Weeks = weeks
		keep(t, db, v)
	}
	_, body := read(t, page.New(page.Options{Store: db}), "/", page.Reader{})
	shows(t, "/", body, "Libyears from 15.0 on 2026-01-02 to 10.0 on 2026-01-23", `<polyline points="0.0,2.0 133.3,6.8 200.0,14.0"/>`, "Libyears from 10.0 on 2026-01-02 to 4.0 on 2026-01-23")
}

// A project that the configuration, or a discovery, no longer has is gone from every page. What
// its runs stored stays in the database.
func TestProjectsThatAreGoneAreNotShown(t *testing.T) {
	db := opened(t)
	for _, path := range []string{"g/here", "g/gone"} {
		pins := []store.ViewPin{{File: "c.txt", Line: 1, Key: "idna", Name: "idna", Version: "3.6", Standing: "behind"}, {File: "c.txt", Line: 2, Key: "of-" + path[2:], Name: "x", Version: "1", Standing: "behind"}}
		keep(t, db, store.View{Project: path, Pins: pins})
	}
	site := page.New(page.Options{Store: db, States: func() []scheduler.State { return []scheduler.State{{Project: "G/here"}, {Project: "g/gone bot"}} }})
	for _, path := range []string{"/", "/packages", "/packages/idna", "/fleet", "/projects/g/here", "/projects/g/gone", "/packages/of-gone"} {
		_, body := read(t, site, path, page.Reader{})
		if body = strings.ReplaceAll(body, "of-gone\"", ""); strings.Contains(body, "gone") {
			t.Errorf("%s shows what is gone:\n%s", path, text(body))
		}
	}
	for path, want := range map[string]int{"/projects/g/here": 200, "/projects/g/gone": 404, "/packages/of-gone": 404, "/packages/idna": 200} {
		if status, _ := read(t, site, path, page.Reader{}); status != want {
			t.Errorf("%s answers %d, want %d", path, status, want)
		}
	}
	_, body := read(t, site, "/", page.Reader{})
	shows(t, "/", text(body), "Projects 1 Pins", "here")
}
