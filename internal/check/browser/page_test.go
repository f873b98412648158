package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/check/watched"
	"gitlab.com/cki-project/pinwheel/web/page"
)

// statusPage serves the status page of a service that was played, read by somebody who signed in.
func statusPage(t *testing.T) string {
	t.Helper()
	testenv.Command(t, "chromium", "chromium-browser", "google-chrome") // before anything is played
	s := watched.New(t)
	site := page.New(page.Options{
		Store: s.Store, States: s.States, Now: s.Now, Version: "1.2.3", Within: func() time.Duration { return 3 * time.Hour }, Rate: func() int { return 600 },
		Hosts: func() []page.Host {
			return []page.Host{{Name: "gitlab.example", Requests: 41234, Failed: 3, Slow: 1}, {Name: "pypi.example", Requests: 9611}}
		},
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/door" {
			site.Say(w, page.Message{Status: http.StatusOK, Title: "pinwheel", Text: "See how the dependencies of your projects stand. You see the projects that GitLab shows you.", Link: "/", Says: "Sign in with GitLab"})
			return
		}
		site.ServeHTTP(w, page.WithReader(r, page.Reader{Name: "alice"}))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// pages are those that are looked at; others answer with an error.
var pages = []string{
	"/", "/?state=behind", "/?q=none", "/projects/" + watched.Behind, "/projects/" + watched.Behind + "?q=boto", "/projects/" + watched.Stopped, "/projects/" + watched.Failing,
	"/projects/" + watched.Unseen, "/packages", "/packages/furl", "/packages/furl?version=9", "/fleet", "/door",
}

// Every page on a phone and on a large screen, light and dark, with scripts and without: it is
// no wider than the window, everything can be read, and the tree of a screen reader is whole.
func TestStatusPage(t *testing.T) {
	at := statusPage(t)
	for _, width := range []int64{390, 1440} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			b := visit(t, at, width, 900)
			if width == 390 {
				b.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
					_, err = cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
					return none, err
				})
			}
			for _, path := range pages {
				for _, dark := range []bool{false, true} {
					b.dark(dark)
					b.follow(path, chromedp.Navigate(at+path))
					b.picture(fmt.Sprintf("page-%d-%s%s", width, watched.Slug(strings.NewReplacer("?", "-", "=", "-").Replace(path)), map[bool]string{true: "-dark"}[dark]), true)
					b.legible(path)
				}
				b.tree(path)
			}
		})
	}
}

// legible fails for texts of a page that are too faint.
func (b *browser) legible(path string) {
	b.t.Helper()
	for _, text := range ask(b, chromedp.Evaluate[[]string](strings.Replace(contrasts, "seen < 100", "seen < 5", 1))) {
		b.t.Errorf("%s: too little contrast: %s", path, text)
	}
}

// tree looks at what a screen reader is given: the landmarks once, one heading of the first
// level and no level left out below it, and names for whatever can be pressed.
func (b *browser) tree(path string) {
	b.t.Helper()
	nodes := ask(b, func(ctx context.Context, t *chromedp.Target) ([]*accessibility.Node, error) {
		result, err := cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		return result.Nodes, err
	})
	found, last := map[string]int{}, 0
	for _, n := range nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role, name := word(n.Role), word(n.Name)
		found[role]++
		switch role {
		case "button", "link", "heading", "region", "searchbox", "columnheader", "rowheader", "navigation", "progressbar", "checkbox":
			if strings.TrimSpace(name) == "" {
				b.t.Errorf("%s: a %s has no name", path, role)
			}
		}
		if role == "heading" {
			level := levelOf(n)
			if level > last+1 {
				b.t.Errorf("%s: the heading %q has the level %d after %d", path, name, level, last)
			}
			if level == 1 {
				found["h1"]++
			}
			last = level
		}
	}
	for _, once := range []string{"banner", "main", "contentinfo", "h1"} {
		if found[once] != 1 {
			b.t.Errorf("%s: %d of %s", path, found[once], once)
		}
	}
	if found["table"] > 0 && (found["columnheader"] < 3*found["table"] || found["rowheader"] == 0 || found["cell"] == 0) {
		b.t.Errorf("%s: of %d tables, %d headers of columns, %d of rows and %d cells are told", path, found["table"], found["columnheader"], found["rowheader"], found["cell"])
	}
	if strings.HasPrefix(path, "/packages") && path != "/packages" || path == "/door" {
		return
	}
	if table := slices.Contains([]string{"/packages", "/fleet", "/projects/" + watched.Behind}, path); table && found["table"] == 0 {
		b.t.Errorf("%s has no table: %v", path, found)
	}
}

// levelOf is the level of a heading.
func levelOf(n *accessibility.Node) int {
	for _, p := range n.Properties {
		if p.Name == "level" && p.Value != nil {
			var level int
			if _, err := fmt.Sscan(string(p.Value.Value), &level); err == nil {
				return level
			}
		}
	}
	return 0
}

// A reader comes from the list to a pin, over the search and the links, by the keyboard alone.
func TestStatusPageLeadsOn(t *testing.T) {
	b := visit(t, statusPage(t), 390, 800)
	b.press(`.choices a[href*="state=red"]`)
	b.shows("main", watched.Behind, "a merge request fails")
	b.press(`.card h2 a`)
	b.shows("main", "What waits for what", "Pipeline failed on 2026-11-21", "Show all 45 pins")
	b.follow("search", chromedp.Navigate(b.url+"/projects/"+watched.Behind+"?q=furl"))
	b.shows("#explain ~ div", "2.1.3", "2.1.4")
	b.press(`tbody th a`)
	b.shows("main", "furl", watched.Long, watched.Failing)
	b.follow("question", chromedp.Navigate(b.url+"/packages?q=furl+2.1"))
	b.shows("h1", "furl")
	b.shows("main", "2.1.3", watched.Long)
}
