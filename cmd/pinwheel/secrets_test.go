package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	canaryPassword = "canary-PASSWORD-7f3a9c" // of the index
	canaryUserinfo = "canary-USERINFO-51d2e8" // in addresses
	canaryFile     = "canary-TOKENFILE-94b07d"
	canaryHook     = "hook-canary-5b1f"
)

// spellings are a secret as it may be written: as it is, for a URL, in hex, and
// in base64 whatever stands before it.
func spellings(secret string) []string {
	out := []string{secret, url.QueryEscape(secret), hex.EncodeToString([]byte(secret))}
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
		// The first and the last characters also hold neighbours' bits.
		text = text[(before*8+5)/6 : len(secret)*8/6]
		out = append(out, text, strings.NewReplacer("+", "-", "/", "_").Replace(text))
	}
	return out
}

// recorder is a place on the network that keeps what it was sent.
type recorder struct {
	mu   sync.Mutex
	sent strings.Builder
	n    int
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	fmt.Fprintf(&r.sent, "%s %s\n%v\n%s\n", req.Method, req.URL, req.Header, body)
	w.WriteHeader(http.StatusNotFound)
}

// front stands before a fake and may answer in its place.
type front struct {
	recorder
	next  http.Handler
	spoil func(w http.ResponseWriter, r *http.Request) bool
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.n++
	fmt.Fprintf(&f.sent, "%s %s\n%v\n", r.Method, r.URL, r.Header)
	f.mu.Unlock()
	if f.spoil == nil || !f.spoil(w, r) {
		f.next.ServeHTTP(w, r)
	}
}

// guarded is a world in which every secret is a canary, with a second origin
// that nothing secret may reach.
type guarded struct {
	*world
	gitlabFront, indexFront *front
	elsewhere               *recorder
	evil                    string
	shown                   strings.Builder
}

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	w := newWorld(t)
	g := &guarded{world: w, gitlabFront: &front{next: w.gitlab}, indexFront: &front{next: w.index}, elsewhere: &recorder{}}
	serve := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	gitlab, index := serve(g.gitlabFront), serve(g.indexFront)
	g.evil = serve(g.elsewhere)
	w.gitlab.SetBaseURL(gitlab)
	w.env["PINWHEEL_INDEX_INDEX_PASSWORD"] = canaryPassword
	if _, err := w.project.EditFile("maintainer", "constraints.txt", pins+"--extra-index-url https://me:"+canaryUserinfo+"@x.example/simple\n"); err != nil {
		t.Fatal(err)
	}
	w.write("pinwheel.yaml", fmt.Sprintf(`gitlab: {url: %q}
index: {url: %q, username: bot}
store: %q
projects:
  - {path: group/project, window: "* * * * *", timezone: UTC}
listen: {hooks_url: "https://pinwheel.example.com/hooks/gitlab"}
`, gitlab, index+"/simple/", filepath.Join(w.dir, "pinwheel.db")))
	w.env["PINWHEEL_HOOKS_TOKEN"], w.env["PINWHEEL_GITLAB_MAINTAINER_TOKEN"] = canaryHook, w.gitlab.Token("maintainer")
	return g
}

// do runs a command line and keeps what it shows.
func (g *guarded) do(args ...string) {
	g.t.Helper()
	_, out, complaints := g.configured(args...)
	fmt.Fprintf(&g.shown, "$ pinwheel %s\n%s%s", strings.Join(args, " "), out, complaints)
}

// everything is all that can be read afterwards, by where.
func (g *guarded) everything() map[string]string {
	g.t.Helper()
	all := map[string]string{"output": g.shown.String(), "second origin": g.elsewhere.sent.String()}
	var pages strings.Builder
	for _, i := range g.project.Issues() {
		fmt.Fprintln(&pages, i.Title, i.Description, i.Notes)
	}
	for _, m := range g.project.MRs() {
		fmt.Fprintln(&pages, m.Title, m.Description, m.Notes)
	}
	for _, b := range g.project.Branches() {
		if b.Name != "main" {
			fmt.Fprintln(&pages, b.Name, b.Commit.Message)
		}
	}
	all["pages"] = pages.String()
	err := filepath.WalkDir(g.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "secret") {
			return err
		}
		data, err := os.ReadFile(path)
		all[d.Name()] = string(data)
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return all
}

// search looks for every secret in every place.
func (g *guarded) search() {
	g.t.Helper()
	secrets := map[string]string{"token": g.env["PINWHEEL_GITLAB_TOKEN"], "password": canaryPassword, "userinfo": canaryUserinfo, "token file": canaryFile,
		"token of webhooks": canaryHook, "maintainer's token": g.env["PINWHEEL_GITLAB_MAINTAINER_TOKEN"]}
	for where, text := range g.everything() {
		for name, secret := range secrets {
			if secret == "" {
				continue
			}
			for _, s := range spellings(secret) {
				if i := strings.Index(text, s); i >= 0 {
					g.t.Errorf("the %s is in the %s: ...%.200s", name, where, text[max(0, i-80):])
					break
				}
			}
		}
	}
}

// The search would find what it looks for: where the secrets belong they are
// found, in the spelling that travels.
func TestSecretsGoWhereTheyBelong(t *testing.T) {
	g := newGuarded(t)
	g.do("run")
	g.search()
	if token := g.env["PINWHEEL_GITLAB_TOKEN"]; !strings.Contains(g.gitlabFront.sent.String(), token) {
		t.Error("the token did not reach GitLab")
	}
	found := false
	for _, s := range spellings(canaryPassword)[3:] {
		found = found || strings.Contains(g.indexFront.sent.String(), s)
	}
	if !found || strings.Contains(g.indexFront.sent.String(), g.env["PINWHEEL_GITLAB_TOKEN"]) {
		t.Error("the index did not see its password in base64, or it saw the token")
	}
	if strings.Contains(g.gitlabFront.sent.String(), spellings(canaryPassword)[3]) || g.elsewhere.n != 0 {
		t.Error("GitLab saw the index's password, or somebody else was asked")
	}
	if len(g.project.MRs()) == 0 || len(g.project.Issues()) == 0 || len(g.everything()["pinwheel.db"]) == 0 {
		t.Error("the run left nothing to search")
	}
}

// TestSecretsUnderFaults lets servers do what would bring a secret to light.
func TestSecretsUnderFaults(t *testing.T) {
	answer := func(status int, kind, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	// echo is a proxy that shows what it was asked.
	echo := func(status int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"message": %q, "error": %q}`, fmt.Sprint(r.Header), r.Header.Get("Private-Token")+r.Header.Get("Authorization"))
			return true
		}
	}
	away := func(status int) func(g *guarded) func(http.ResponseWriter, *http.Request) bool {
		return func(g *guarded) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, g.evil+r.URL.Path, status)
				return true
			}
		}
	}
	// lure adds a next page elsewhere to a true answer.
	lure := func(g *guarded) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Link", "<"+g.evil+r.URL.Path+`?page=2>; rel="next"`)
			w.Header().Set("X-Next-Page", g.evil)
			return false
		}
	}
	files := func(g *guarded) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			name := strings.Trim(strings.TrimPrefix(r.URL.Path, "/simple/"), "/")
			page := fmt.Sprintf(`{"meta":{"api-version":"1.4"},"name":%[1]q,"files":[
{"filename":"%[1]s-1.34.0-py3-none-any.whl","url":"%[2]s/f/%[1]s-1.34.0-py3-none-any.whl","hashes":{},"core-metadata":true,"upload-time":"2023-01-01T00:00:00Z"},
{"filename":"%[1]s-1.35.0-py3-none-any.whl","url":"%[2]s/f/%[1]s-1.35.0-py3-none-any.whl","hashes":{},"core-metadata":true,"upload-time":"2023-01-01T00:00:00Z"}]}`, name, g.evil)
			return answer(200, "application/vnd.pypi.simple.v1+json", page)(w, r)
		}
	}
	fixed := func(f func(http.ResponseWriter, *http.Request) bool) func(*guarded) func(http.ResponseWriter, *http.Request) bool {
		return func(*guarded) func(http.ResponseWriter, *http.Request) bool { return f }
	}
	for _, tt := range []struct {
		name          string
		gitlab, index func(*guarded) func(http.ResponseWriter, *http.Request) bool
		reached       bool // the second origin is asked, without secrets
	}{
		{name: "GitLab says 401", gitlab: fixed(answer(401, "application/json", `{"message":"401 Unauthorized"}`))},
		{name: "GitLab says 403", gitlab: fixed(answer(403, "application/json", `{"error":"insufficient_scope"}`))},
		{name: "GitLab shows the request, 400", gitlab: fixed(echo(400))},
		{name: "GitLab shows the request, 409", gitlab: fixed(echo(409))},
		{name: "GitLab shows the request, 422", gitlab: fixed(echo(422))},
		{name: "GitLab redirects", gitlab: away(302)},
		{name: "GitLab redirects for good", gitlab: away(308)},
		{name: "GitLab's next page is elsewhere", gitlab: lure},
		{name: "GitLab is a page of HTML", gitlab: fixed(answer(200, "text/html", "<html>"))},
		{name: "the index says 401", index: fixed(answer(401, "text/plain", "no"))},
		{name: "the index says 407", index: fixed(answer(407, "text/plain", "no"))},
		{name: "the index shows the request", index: fixed(echo(200))},
		{name: "the index shows the request, 400", index: fixed(echo(400))},
		{name: "the index redirects", index: away(301)},
		{name: "the index redirects, 307", index: away(307)},
		{name: "the index's next page is elsewhere", index: lure},
		{name: "the index's files are elsewhere", index: files, reached: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t)
			if tt.gitlab != nil {
				g.gitlabFront.spoil = tt.gitlab(g)
			}
			if tt.index != nil {
				g.indexFront.spoil = tt.index(g)
			}
			for _, args := range [][]string{{"run"}, {"plan", "--json"}, {"explain", "boto3"}, {"verify"}, {"audit"}} {
				g.do(args...)
			}
			g.search()
			if g.elsewhere.n > 0 != tt.reached {
				t.Errorf("the second origin was asked %d times:\n%s", g.elsewhere.n, g.elsewhere.sent.String())
			}
		})
	}
}

// A line that stops the project is quoted without its password.
func TestSecretsInBrokenLines(t *testing.T) {
	for _, line := range []string{
		"boto3 @ https://me:" + canaryUserinfo + "@x.example/boto3.whl", "https://me:" + canaryUserinfo + "@x.example/a.whl", "boto3=1 https://" + canaryUserinfo + "@x.example",
		"--index-url=https://me:p@" + canaryUserinfo + "@x.example/", "-f https://" + canaryUserinfo + ":@x.example/", "boto3==1.0 https://me:" + canaryUserinfo + "@x",
	} {
		g := newGuarded(t)
		if _, err := g.project.EditFile("maintainer", "constraints.txt", pins+line+"\n"); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"run"}, {"plan"}, {"plan", "--json"}, {"plan", "--diff"}, {"verify"}, {"explain", "boto3"}} {
			g.do(args...)
		}
		g.search()
	}
}

// TestSecretsInTheWrongPlace puts them where they do not belong.
func TestSecretsInTheWrongPlace(t *testing.T) {
	for _, tt := range []struct{ name, settings, file string }{
		{"in GitLab's address", "gitlab: {url: \"https://me:" + canaryUserinfo + "@gitlab.example\"}\nprojects: [{path: a/b}]\n", ""},
		{"in the index's address", "gitlab: {url: https://gitlab.example}\nindex: {url: \"https://me:" + canaryUserinfo + "@x.example/simple/\"}\nprojects: [{path: a/b}]\n", ""},
		{"in a broken address", "gitlab: {url: \"https://me:" + canaryUserinfo + "@[x\"}\nprojects: [{path: a/b}]\n", ""},
		{"in an unknown key", "gitlab: {url: https://gitlab.example, token: " + canaryUserinfo + "}\nprojects: [{path: a/b}]\n", ""},
		{"a file with two words", "gitlab: {url: https://gitlab.example, token_file: FILE}\nprojects: [{path: a/b}]\n", canaryFile + " and more"},
		{"a file of two lines", "gitlab: {url: https://gitlab.example, token_file: FILE}\nprojects: [{path: a/b}]\n", canaryFile + "\n" + canaryFile},
		{"a file that works, and no GitLab", "gitlab: {url: \"http://127.0.0.1:1\", token_file: FILE}\nstore: STORE\nprojects: [{path: a/b}]\n", canaryFile},
	} {
		for _, args := range [][]string{{"validate"}, {"run", "--config"}, {"plan", "--config"}} {
			t.Run(tt.name+" "+args[0], func(t *testing.T) {
				t.Parallel()
				g := newGuarded(t)
				delete(g.env, "PINWHEEL_GITLAB_TOKEN")
				delete(g.env, "PINWHEEL_INDEX_INDEX_PASSWORD")
				secret := g.write("secret", tt.file)
				settings := strings.NewReplacer("FILE", fmt.Sprintf("%q", secret), "STORE", fmt.Sprintf("%q", g.path("pinwheel.db"))).Replace(tt.settings)
				_, out, complaints := g.pinwheel(append(args, g.write("secret.yaml", settings))...)
				fmt.Fprintf(&g.shown, "%s%s", out, complaints)
				if g.shown.Len() == 0 && args[0] != "validate" {
					t.Error("nothing was said")
				}
				g.search()
			})
		}
	}
}

// echo makes the servers show what they were asked.
func (g *guarded) echo() {
	spoil := func(w http.ResponseWriter, r *http.Request) bool {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"message": %q}`, fmt.Sprint(r.Header))
		return true
	}
	g.gitlabFront.spoil, g.indexFront.spoil = spoil, spoil
}

// TestSecretsInInit is TestSecretsInEveryCommand for init, which makes a database where it is run.
func TestSecretsInInit(t *testing.T) {
	for _, echoes := range []bool{false, true} {
		g := newGuarded(t)
		t.Chdir(g.dir)
		if echoes {
			g.echo()
		}
		_, out, complaints := g.pinwheel("init", "group/project", "--propose", "--gitlab", g.gitlab.BaseURL(), "--out", filepath.Join(g.dir, "new.yaml"))
		fmt.Fprint(&g.shown, out, complaints)
		if !echoes && len(g.read("pinwheel.db")) == 0 {
			t.Error("init made no database, so that nothing was looked for there")
		}
		g.search()
	}
}

// TestSecretsInEveryCommand runs every command there is, with servers as they
// should be and with servers that show what they were asked.
func TestSecretsInEveryCommand(t *testing.T) {
	t.Parallel()
	args := map[string][][]string{
		"run": {{"run"}, {"run", "--at", saturday}}, "serve": {{"serve", "--now", "--textfile-metrics", "METRICS"}},
		"plan": {{"plan"}, {"plan", "--json"}, {"plan", "--diff"}, {"plan", "--dashboard"}}, "explain": {{"explain", "boto3"}}, "verify": {{"verify"}}, "gates": {{"gates"}, {"gates", "--json"}},
		"derive": {{"derive", "--help"}}, "validate": {{"validate"}}, "init": nil, // TestSecretsInInit
		"doctor": {{"doctor"}}, "store": {{"store", "backup", "absent/x.db"}}, "pause": {{"pause", "--json"}}, "resume": {{"resume", "--all"}}, "hooks": {{"hooks", "check"}, {"hooks", "install"}, {"hooks", "check", "--json"}}, "deploy": {{"deploy"}}, "hold": {{"hold", "group/project", "--reason", "x"}}, "release": {{"release", "group/project"}},
		"releases": {{"releases"}}, "rollback": {{"rollback", "group/project"}}, "update": {{"update", "--file", "absent.txt"}}, "import": {{"import", "--project", "group/project"}}, "adopt": {{"adopt"}, {"adopt", "--yes"}}, "audit": {{"audit"}, {"audit", "--json"}},
		"history": {{"history"}, {"history", "--json"}}, "health": {{"health"}}, "prepare": {{"prepare", "lock"}, {"prepare", "check", "--json"}, {"prepare", "push", "--image", "x"}}, "bot": {{"bot"}, {"bot", "--look", "--json"}}, "demo": {{"demo", "--help"}}, "completion": {{"completion", "bash"}}, "man": {{"man"}}, "help": {{"help"}}, "version": {{"version"}},
	}
	for _, echoes := range []bool{false, true} {
		g := newGuarded(t)
		if echoes {
			g.echo()
		}
		g.serving = func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 2*time.Second)
		}
		for _, name := range commandNames() {
			lines, ok := args[name]
			if !ok {
				t.Errorf("nobody looks at what pinwheel %s shows", name)
			}
			for _, line := range lines {
				if i := len(line) - 1; line[i] == "METRICS" {
					line = append(line[:i:i], g.path("metrics.prom"))
				}
				if slices.Contains([]string{"completion", "man", "help", "version"}, name) {
					_, out, complaints := g.pinwheel(line...)
					fmt.Fprint(&g.shown, out, complaints)
					continue
				}
				g.do(line...)
			}
		}
		g.search()
	}
}
