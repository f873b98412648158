package signin

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/store"
	"gitlab.com/cki-project/pinwheel/web/page"
)

// world is a page behind a door, a GitLab, and a browser. The clocks of both stand until moved.
type world struct {
	*testing.T
	gitlab *gitlabsim.Server
	door   *Door
	url    string
	client *http.Client
	log    strings.Builder
	now    time.Time
}

// two projects: ann may read g/one, bob both, and eve none.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, now: time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)}
	w.gitlab = gitlabsim.New(gitlabsim.Options{Now: func() time.Time { return w.now }})
	for _, name := range []string{"ann", "bob", "eve"} {
		w.gitlab.AddUser(name, name, false)
	}
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "pinwheel.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.RunAs(store.Process{Owner: store.Owner{Host: "h", PID: 1, Instance: "i"}})
	for _, path := range []string{"g/one", "g/two"} {
		p := w.gitlab.AddProject(path, "main", map[string]string{"constraints.txt": "a==1\n"})
		p.SetRole("bob", gitlabsim.Developer)
		if path == "g/one" {
			p.SetRole("ann", gitlabsim.Reporter)
		} else {
			p.SetRole("ann", gitlabsim.Guest)
		}
		pins := []store.ViewPin{{File: "constraints.txt", Line: 1, Key: "only-in-" + strings.TrimPrefix(path, "g/"), Name: "x", Version: "1", Standing: "behind"}}
		if err := db.KeepView(t.Context(), store.View{Project: path, At: w.now, Pins: pins, Updates: []store.ViewUpdate{}}); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.door.ServeHTTP(rw, r) })
	server.Start()
	sim := httptest.NewServer(w.gitlab)
	t.Cleanup(func() { server.Close(); sim.Close(); db.Close() })
	w.gitlab.SetBaseURL(sim.URL)
	w.url = server.URL
	app := w.gitlab.AddApplication([]string{w.url + CallbackPath}, []string{gitlab.ReaderScope})
	signIn, err := gitlab.NewSignIn(gitlab.SignInOptions{URL: sim.URL, Application: app.ID, Secret: func() (string, error) { return app.Secret, nil }, Callback: w.url + CallbackPath})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	now := func() time.Time { return w.now }
	w.door = New(Options{
		GitLab: signIn, Site: page.New(page.Options{Store: db, Now: now, Log: log}), URL: w.url, Now: now, Log: log,
		Projects: func(context.Context) ([]gitlab.Asked, error) {
			return []gitlab.Asked{{Path: "g/one"}, {Path: "g/two"}}, nil
		},
	})
	w.client = w.browser()
	t.Cleanup(func() {
		for _, f := range w.gitlab.Failures() {
			t.Error(f)
		}
		if strings.Contains(w.log.String(), "gloas-") || strings.Contains(w.log.String(), "oauth-") || strings.Contains(w.log.String(), "code-") {
			t.Errorf("the log holds a secret:\n%s", w.log.String())
		}
	})
	return w
}

// browser is a new one without cookies.
func (w *world) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// get reads a page as a browser does, and returns where it ended.
func (w *world) get(path string) (status int, body string, at *url.URL) {
	w.Helper()
	resp, err := w.client.Get(w.url + path)
	if err != nil {
		w.Fatal(err)
	}
	return w.read(resp)
}

func (w *world) read(resp *http.Response) (status int, body string, at *url.URL) {
	w.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	for _, secret := range []string{"gloas-", "oauth-token", "oauth-refresh"} {
		if strings.Contains(string(data), secret) {
			w.Errorf("%s shows %s", resp.Request.URL.Path, secret)
		}
	}
	return resp.StatusCode, string(data), resp.Request.URL
}

// wants fails unless a page has a status and shows some texts, and none of those after "!".
func (w *world) wants(path string, status int, texts ...string) string {
	w.Helper()
	got, body, at := w.get(path)
	if got != status {
		w.Errorf("%s answers %d at %s, want %d:\n%s", path, got, at, status, body)
	}
	for _, text := range texts {
		if unwanted, is := strings.CutPrefix(text, "!"); strings.Contains(body, unwanted) == is {
			w.Errorf("%s: %q is there or is not:\n%s", path, text, body)
		}
	}
	return body
}

// signOut presses the button.
func (w *world) signOut() (status int) {
	w.Helper()
	resp, err := w.client.Post(w.url+"/sign-out", "application/x-www-form-urlencoded", nil)
	if err != nil {
		w.Fatal(err)
	}
	status, _, _ = w.read(resp)
	return status
}

func TestReadersSeeWhatGitLabShowsThem(t *testing.T) {
	for who, c := range map[string]struct {
		status int // of the list
		sees   map[string]bool
	}{
		"ann": {200, map[string]bool{"one": true}},
		"bob": {200, map[string]bool{"one": true, "two": true}},
		"eve": {403, nil},
	} {
		t.Run(who, func(t *testing.T) {
			w := newWorld(t)
			w.wants("/projects/g/one", 401, "Sign in with GitLab", "/sign-in?to=%2Fprojects%2Fg%2Fone", "!g/one<", "!g/two")
			w.wants("/style.css", 200, ":root")
			w.gitlab.Browse(who, true)
			w.wants("/sign-in?to=/", c.status, "Sign out", who)
			for _, name := range []string{"one", "two"} {
				want, not := http.StatusOK, ""
				if !c.sees[name] {
					want, not = http.StatusNotFound, "!"
				}
				if c.sees == nil {
					want = http.StatusForbidden
				}
				w.wants("/projects/g/"+name, want, "!secret")
				w.wants("/projects/G/"+strings.ToUpper(name), want)
				w.wants("/packages/only-in-"+name, want)
				w.wants("/", c.status, not+"g/"+name)
				w.wants("/packages", c.status, not+"only-in-"+name)
				w.wants("/packages?q=only-in-"+name, c.status, not+"/packages/only-in-"+name)
				w.wants("/fleet", c.status, "!g/none")
			}
		})
	}
}

func TestSignInComesBackToThePage(t *testing.T) {
	w := newWorld(t)
	w.gitlab.Browse("bob", true)
	for to, want := range map[string]string{
		"/projects/g/two?q=x": "/projects/g/two?q=x", "": "/", "https://evil.example/": "/", "//evil.example/": "/", `/\evil.example`: "/", "javascript:alert(1)": "/",
		"/sign-in/callback": "/", "/sign-out": "/", "/" + strings.Repeat("a", 2000): "/", "/%2F/evil.example": "/",
	} {
		_, _, at := w.get("/sign-in?to=" + url.QueryEscape(to))
		if at.RequestURI() != want || !strings.HasPrefix(w.url, "http://"+at.Host) {
			t.Errorf("a sign-in from %q ends at %s, want %s", to, at, want)
		}
	}
}

// Another browser, an old state or a second use of an answer of GitLab lets nobody in.
func TestSignInIsGoodInOneBrowserOnce(t *testing.T) {
	w := newWorld(t)
	w.gitlab.Browse("bob", true)
	callback := func() string {
		stop := *w.client
		stop.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
			if strings.HasSuffix(req.URL.Path, CallbackPath) {
				return http.ErrUseLastResponse
			}
			return nil
		}
		resp, err := stop.Get(w.url + "/sign-in")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return strings.TrimPrefix(resp.Header.Get("Location"), w.url)
	}
	mine := callback()
	other := w.client
	w.client = w.browser()
	w.wants(mine, 400, "began in another browser")
	w.wants("/", 401)
	w.client = other
	w.wants(mine, 200, "g/two")
	w.wants(mine, 400, "too old")
	w.signOut()
	late := callback()
	w.now = w.now.Add(comeTime + time.Second)
	w.wants(late, 400, "too old")
	for _, q := range []string{"", "?code=code-1", "?code=code-1&state=x", "?error=access_denied", "?state=&code=c"} {
		w.wants(CallbackPath+q, 400, "Sign in with GitLab")
	}
	w.gitlab.Browse("bob", false)
	w.wants("/sign-in", 403, "You did not permit pinwheel")
	w.wants("/", 401)
}

func TestSignOutEndsTheSessionAndTheToken(t *testing.T) {
	w := newWorld(t)
	w.gitlab.Browse("bob", true)
	w.wants("/sign-in", 200)
	before := *w.client
	kept := w.browser()
	at, _ := url.Parse(w.url)
	kept.Jar.SetCookies(at, w.client.Jar.Cookies(at))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/sign-out", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, _ := w.read(resp); status != http.StatusForbidden {
		t.Errorf("another page's form is answered with %d", status)
	}
	w.client = &before
	w.wants("/", 200)
	if status := w.signOut(); status != 401 {
		t.Errorf("after the sign-out comes %d", status)
	}
	w.wants("/", 401)
	if n := len(w.gitlab.Writes(time.Time{})); n == 0 {
		t.Error("GitLab was not told")
	}
	w.gitlab.Browse("", true)
	w.client = kept // a cookie that somebody kept
	if _, body, at := w.get("/"); strings.Contains(w.url, at.Host) || strings.Contains(body, "g/two") {
		t.Errorf("a kept cookie leads to %s, not to GitLab's sign-in", at)
	}
}

// Who loses a role loses the page within minutes, and where GitLab does not answer nothing is
// shown.
func TestRightsAreAskedAnew(t *testing.T) {
	w := newWorld(t)
	w.gitlab.Browse("ann", true)
	w.wants("/sign-in", 200, "g/one", "!g/two")
	w.gitlab.Project("g/two").SetRole("ann", gitlabsim.Reporter)
	w.wants("/", 200, "g/one", "!g/two")
	w.now = w.now.Add(fresh)
	w.wants("/", 200, "g/one", "g/two")
	reads := len(w.gitlab.Requests())
	for range 20 {
		w.wants("/", 200)
	}
	if n := len(w.gitlab.Requests()) - reads; n != 0 {
		t.Errorf("20 pages within two minutes asked GitLab %d times", n)
	}
	w.gitlab.Project("g/one").SetRole("ann", gitlabsim.NoAccess)
	w.now = w.now.Add(fresh)
	w.wants("/projects/g/one", 404)
	if err := w.gitlab.Inject("POST /api/graphql 502 always"); err != nil {
		t.Fatal(err)
	}
	w.wants("/", 200)
	w.now = w.now.Add(fresh)
	w.wants("/projects/g/two", 503, "GitLab does not answer", "!only-in-two")
	w.gitlab.ClearFaults()
	w.wants("/projects/g/two", 200)
	w.gitlab.SetUserState("ann", "blocked")
	w.now = w.now.Add(fresh)
	w.wants("/projects/g/two", 401, "Sign in with GitLab", "!only-in-two")
}

// A session ends with the token of GitLab; then the browser goes there and comes back by itself.
func TestSessionsEndWithTheToken(t *testing.T) {
	w := newWorld(t)
	w.gitlab.Browse("bob", true)
	w.wants("/sign-in", 200)
	w.now = w.now.Add(2*time.Hour + time.Second)
	status, body, at := w.get("/projects/g/two")
	if status != 200 || !strings.Contains(body, "only-in-two") || at.Path != "/projects/g/two" {
		t.Errorf("after two hours comes %d at %s", status, at)
	}
	w.gitlab.Browse("bob", false)
	w.now = w.now.Add(2*time.Hour + time.Second)
	w.wants("/projects/g/two", 403, "You did not permit pinwheel")
}

func TestCookiesAreKeptFromScriptsAndOtherHosts(t *testing.T) {
	w := newWorld(t)
	for address, secure := range map[string]bool{w.url: false, "https://pinwheel.example.com": true} {
		w.door.secure = strings.HasPrefix(address, "https://")
		rec := httptest.NewRecorder()
		w.door.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, address+"/sign-in", nil))
		c := rec.Result().Cookies()
		if len(c) != 1 || !c[0].HttpOnly || c[0].Secure != secure || c[0].SameSite != http.SameSiteLaxMode || c[0].Path != "/" || c[0].Domain != "" || strings.HasPrefix(c[0].Name, "__Host-") != secure || c[0].MaxAge != 600 {
			t.Errorf("%s sets %v", address, rec.Result().Header["Set-Cookie"])
		}
		to, err := url.Parse(rec.Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		q := to.Query()
		if to.Path != "/oauth/authorize" || q.Get("scope") != "read_api" || q.Get("code_challenge_method") != "S256" || len(q.Get("state")) != 43 || len(q.Get("code_challenge")) != 43 || strings.Contains(c[0].Value, q.Get("state")) {
			t.Errorf("it leads to %s", to)
		}
	}
}

// A flood of sign-ins leaves no more than so many sessions, and the oldest go first.
func TestSessionsAreBounded(t *testing.T) {
	s := sessions{all: map[[32]byte]*session{}}
	now := time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)
	first := s.add(&session{ends: now.Add(time.Hour)}, now)
	var last string
	for i := range mostSessions {
		last = s.add(&session{ends: now.Add(2*time.Hour + time.Duration(i)*time.Second)}, now)
	}
	if len(s.all) != mostSessions || s.find(first, now) != nil || s.find(last, now) == nil || s.find("", now) != nil {
		t.Errorf("%d sessions are kept, the first %v, the last %v", len(s.all), s.find(first, now), s.find(last, now))
	}
	s.add(&session{ends: now.Add(30 * time.Hour)}, now.Add(24*time.Hour))
	if len(s.all) != 1 {
		t.Errorf("%d sessions are kept after a day", len(s.all))
	}
}
