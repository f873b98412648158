package page

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
	"gitlab.com/cki-project/pinwheel/web/markdown"
)

//go:embed pages/*.html
var files embed.FS

//go:embed style.css
var style string

// policy lets a page load its own style and send its own forms, and nothing else.
const policy = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// StylePath is where the style of the page is; it shows nothing of any project.
const StylePath = "/style.css"

// Options are what the page shows, and to whom.
type Options struct {
	Store *store.Store
	// States says how projects stand with the scheduler, and so which are kept up to date: the
	// page shows no other. Where it is nil, the page shows all that runs stored.
	States  func() []scheduler.State
	Within  func() time.Duration // how old the last good run may be before it is called late; nil for none
	Version string
	Rate    func() int // requests of GitLab's API a minute that are permitted, 0 for no bound; nil for no bound
	// Hosts says how often hosts answered; nil where nobody counts.
	Hosts func() []Host
	Log   *slog.Logger
	Now   func() time.Time
}

// Host is how often a host was asked, and how often it failed or asked for patience.
type Host struct {
	Name                   string
	Requests, Failed, Slow int // Slow counts answers 429
	// Until is when it wants the next request, if it said so; zero if it did not.
	Until time.Time
}

// Reader is who reads a page. The zero Reader has no name and sees all projects.
type Reader struct {
	Name string
	Sees func(project string) bool
}

type readerKey struct{}

// WithReader returns the request with who reads.
func WithReader(r *http.Request, reader Reader) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), readerKey{}, reader))
}

func readerOf(r *http.Request) Reader {
	reader, _ := r.Context().Value(readerKey{}).(Reader)
	return reader
}

func sees(r *http.Request, project string) bool {
	reader := readerOf(r)
	return reader.Sees == nil || reader.Sees(project)
}

// Site is the status page at work.
type Site struct {
	Options
	templates map[string]*template.Template
	handler   http.Handler
}

// ServeHTTP answers a request, of a reader who sees everything unless [WithReader] says who it is.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// New returns the status page.
func New(o Options) *Site {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Within == nil {
		o.Within = func() time.Duration { return 0 }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Site{Options: o, templates: map[string]*template.Template{}}
	for _, name := range []string{"projects", "project", "packages", "package", "fleet", "problem", "message"} {
		t := template.New("frame.html").Funcs(template.FuncMap{
			"instant": instant, "day": day, "path": pathOf, "percent": percent, "word": wordOf, "took": took,
			"decimal": func(v float64) string { return fmt.Sprintf("%.1f", v) },
		})
		s.templates[name] = template.Must(t.ParseFS(files, "pages/frame.html", "pages/"+name+".html"))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.projects)
	mux.HandleFunc("GET /projects/{path...}", s.project)
	mux.HandleFunc("GET /packages", s.packages)
	mux.HandleFunc("GET /packages/{name}", s.onePackage)
	mux.HandleFunc("GET /fleet", s.fleet)
	mux.HandleFunc("GET "+StylePath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=300")
		fmt.Fprint(w, style)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, http.StatusNotFound, "There is no such page.")
	})
	s.handler = guard(mux)
	return s
}

// Guard sets the headers that every answer of the page has.
func Guard(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer, browsers would hide where a form is from
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-store")
}

// guard sets the headers, and refuses every method but GET and HEAD.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		Guard(h)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "this page is only read", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// frame is what every page has around its content.
type frame struct {
	Title   string
	Tab     string // of the navigation
	Version string
	Now     time.Time
	Pauses  []store.Pause // of all projects
	Reader  string        // who signed in, empty for nobody
	Bare    bool          // without the ways to other pages
	Content any
}

// Message is a page that says one thing, and where to go on.
type Message struct {
	Status     int
	Title      string
	Text       string
	Link, Says string // where to go on, and what the link says; empty for nowhere
	Reader     string // who signed in, empty for nobody
}

// Say answers with a message. It shows nothing of any project.
func (s *Site) Say(w http.ResponseWriter, m Message) {
	Guard(w.Header())
	s.render(w, m.Status, "message", frame{Title: m.Title, Version: s.Version, Now: s.Now().UTC(), Reader: m.Reader, Bare: true, Content: m})
}

// show answers with a page in its frame. It fills in all of the frame but title, tab and content.
func (s *Site) show(w http.ResponseWriter, r *http.Request, name string, f frame) {
	f.Version, f.Now, f.Reader = s.Version, s.Now().UTC(), readerOf(r).Name
	pauses, err := s.Store.Pauses(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	for _, p := range pauses {
		if p.Project == "" {
			f.Pauses = append(f.Pauses, p)
		}
	}
	s.render(w, http.StatusOK, name, f)
}

// render makes a whole page before it writes any of it, so that a failure has its own status.
func (s *Site) render(w http.ResponseWriter, status int, name string, f frame) {
	var out bytes.Buffer
	if err := s.templates[name].Execute(&out, f); err != nil {
		s.Log.Error("a page could not be made", "err", err.Error())
		http.Error(w, "this page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // a browser that is gone asks again
}

// failed answers that the database cannot be read. Only the log says why.
func (s *Site) failed(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.Error("a page could not be read", "err", err.Error())
	s.problem(w, r, http.StatusInternalServerError, "What runs stored cannot be read at the moment.")
}

// problem answers with a sentence that says why a page is not shown.
func (s *Site) problem(w http.ResponseWriter, r *http.Request, status int, text string) {
	s.render(w, status, "problem", frame{Reader: readerOf(r).Name, Title: http.StatusText(status), Version: s.Version, Now: s.Now().UTC(), Content: text})
}

// instant is a time in the words of the page; "-" for none.
func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// wordOf is a state in words.
func wordOf(state string) string { return strings.ReplaceAll(state, "-", " ") }

// took is a duration in the words of the page.
func took(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

// pathOf is a project's path as part of an address.
func pathOf(project string) string {
	parts := strings.Split(project, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// percent is a share of a whole for the width of a bar, 0 to 100.
func percent(part, whole int) int {
	if whole <= 0 {
		return 0
	}
	return 100 * part / whole
}

// dashboard renders a dashboard's text; boxes cannot be pressed here.
func dashboard(text, project string) (template.HTML, error) {
	return markdown.Render(text, markdown.Options{ID: "dashboard", Below: 2, Link: func(target string) string {
		if u, err := url.Parse(target); err == nil && u.Scheme == "https" {
			return target
		}
		if strings.HasPrefix(target, "!") && strings.HasPrefix(project, "https://") {
			return project + "/-/merge_requests/" + url.PathEscape(target[1:])
		}
		return ""
	}})
}
