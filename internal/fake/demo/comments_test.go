package demo

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/store"
)

// inMemory answers requests by a handler.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	m.ServeHTTP(w, r)
	return w.Result(), nil
}

// visitor tries the bot as docs/bot.md says.
type visitor struct {
	t      *testing.T
	demo   inMemory
	runner *round.Runner
	all    []round.Project
}

func newVisitor(t *testing.T) *visitor {
	t.Helper()
	s, dir := newSoftware("http://127.0.0.1:8080"), t.TempDir()
	handler, err := s.handler(t.TempDir())
	if err == nil {
		err = s.configure(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "bot.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse(file, data)
	if err != nil {
		t.Fatal(err)
	}
	token, err := c.Token(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, demo: inMemory{handler}, all: round.Projects(c.Software)}
	gl, err := gitlab.Connect(gitlab.Options{URL: s.url, Token: token.Reveal(), Transport: v.demo, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), filepath.Join(dir, "pinwheel.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	v.runner = round.New(round.Options{GitLab: gl, Store: db})
	return v
}

// pinwheelBot looks at all merge requests.
func (v *visitor) pinwheelBot() {
	v.t.Helper()
	for _, p := range v.all {
		if r, err := v.runner.Run(context.Background(), p, time.Now()); err != nil || len(r.Failures) > 0 {
			v.t.Fatalf("%s: %v, %v", p.Member.Path, err, r.Failures)
		}
	}
}

// curl sends a request with a body as a person, and gives what it prints.
func (v *visitor) curl(method, path, who, body string) string {
	v.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
	if who != "" {
		r.SetBasicAuth(who, "")
	}
	resp, err := v.demo.RoundTrip(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out strings.Builder
	if err := resp.Write(&out); err != nil {
		v.t.Fatal(err)
	}
	return out.String()
}

// shows asserts what a page holds.
func (v *visitor) shows(path string, texts ...string) string {
	v.t.Helper()
	page := v.curl("GET", path, "", "")
	for _, text := range texts {
		if !strings.Contains(page, text) {
			v.t.Errorf("%s does not show %q:\n%s", path, text, page)
		}
	}
	return page
}

// All that docs/bot.md says to try works: a test that fails and one that passes, with another
// merge request, of a fork, canceled and refused.
func TestTheBotInTheDemo(t *testing.T) {
	testenv.Command(t, "git")
	synctest.Test(t, func(t *testing.T) {
		const first, fork = "/cki/cki-lib/-/merge_requests/1", "/cki/cki-lib/-/merge_requests/2"
		v := newVisitor(t)
		v.pinwheelBot()
		v.shows("/cki/kpet-db/-/merge_requests/1", "pinwheel-bot wrote:\nThis change can be tested")
		v.curl("POST", first, "", "@pinwheel-bot test")
		v.pinwheelBot()
		v.shows(first, "| running |", "pinwheel-bot/baseline: running")
		time.Sleep(5 * time.Second)
		v.pinwheelBot()
		v.shows(first, "| failed, ", "`build` (passes without this change)", "pinwheel-bot/baseline: failed")

		v.curl("POST", "/mend", "", "")
		time.Sleep(time.Minute)
		v.curl("POST", first, "", "/test baseline boot with kpet-db!1 kpet_tree=rhel10")
		v.pinwheelBot()
		page := v.shows(first, "with `kpet-db!1@")
		time.Sleep(5 * time.Second)
		v.curl("POST", first, "", "/test cancel boot")
		v.pinwheelBot()
		v.shows(first, "| passed, ", "| canceled, ", "pinwheel-bot/baseline: success", "canceled 1 pipeline")
		boot := regexp.MustCompile(`/cki/boots/-/pipelines/\d+`).FindString(page)
		v.shows(boot, "kpet_tree=rhel10\n", "CKI_DEPLOYMENT_ENVIRONMENT=retrigger\n", "kpet_db_pip_url=git+http://127.0.0.1:8080/cki/kpet-db.git@", "job boot: canceled")

		v.curl("POST", first, "reader", "/test")
		v.curl("POST", fork, "friend", "/test")
		v.curl("POST", fork, "dev", "/test")
		v.pinwheelBot()
		v.shows(first, "you have the role Reporter")
		v.shows(fork, "you have no role there", "| `dev` | `baseline` |")
		for path, says := range map[string]string{"/cki/cki-lib/-/merge_requests/9": "there is no such merge request", "/cki/none/-/pipelines/1": "there is no such pipeline"} {
			v.shows(path, "404 ", says)
		}
		if said := v.curl("POST", first, "nobody", "/test"); !strings.Contains(said, "there is no such person") {
			t.Errorf("nobody is let in: %s", said)
		}
	})
}
