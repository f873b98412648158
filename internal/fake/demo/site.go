package demo

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// site is the page and what its buttons do. One thing happens at a time.
type site struct {
	token string // every form carries it

	mu     sync.Mutex
	stage  *stage    // with the project of the scene that is shown
	diary  diary     // of that scene
	fresh  int       // entries of the diary before the last button
	plan   plan.Plan // of the last run of that scene that decided anew
	scenes []scene
	shown  int    // of scenes
	who    string // the person who acts
	broken bool   // the index
	filter string // what the list shows
	done   map[string]bool

	command Command    // of pinwheel, for the way of CKI; nil: it is not played
	way     []ckiScene // that was played
}

// scene is a project with what happened in it. Time passes in all of them.
type scene struct {
	policy  config.Project
	project *gitlabsim.Project
	diary   diary
	fresh   int
	plan    plan.Plan
	waits   bool // another bot left it, and pinwheel was not started there
}

// enter shows another scene, and keeps what the one before has come to.
func (s *site) enter(i int) {
	now := &s.scenes[s.shown]
	now.diary, now.fresh, now.plan = s.diary, s.fresh, s.plan
	next := s.scenes[i]
	s.shown, s.stage.policy, s.stage.project, s.diary, s.fresh = i, next.policy, next.project, next.diary, next.fresh
	s.plan = next.plan
}

// Serve shows the demo on a port of the loopback, 0 for a free one, and prints
// its address to out. It ends without an error when ctx does.
// command runs pinwheel for the way of CKI; without it that part is not there.
func Serve(ctx context.Context, out io.Writer, port int, command Command) error {
	s, err := newSite(ctx)
	if err != nil && ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer s.close()
	s.command = command
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("demo: %w; choose another with --port", err)
	}
	server := &http.Server{
		Handler: s.handler(), BaseContext: func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: time.Minute, ReadTimeout: time.Minute,
	}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	fmt.Fprintf(out, "The demo is at http://%s/ in your browser. Ctrl-C ends it.\n", l.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// newSite is a site after the first run.
func newSite(ctx context.Context) (*site, error) {
	s := &site{token: rand.Text()}
	if err := s.begin(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// begin makes the world anew, with the first run made.
func (s *site) begin(ctx context.Context) error {
	if s.stage != nil {
		s.stage.close()
	}
	s.diary, s.fresh, s.who, s.broken, s.filter, s.done = diary{}, 0, people()[0].name, false, filters[0], map[string]bool{}
	var err error
	if s.stage, err = newStage(ctx); err != nil {
		return err
	}
	policy, project, err := s.stage.batchProject()
	if err != nil {
		return err
	}
	old, left, err := s.stage.oldProject()
	if err != nil {
		return err
	}
	s.scenes, s.shown = []scene{{policy: s.stage.policy, project: s.stage.project}, {policy: policy, project: project}, {policy: old, project: left, waits: true}}, 0
	return s.hours(ctx, s.stage.now().Add(time.Hour))
}

func (s *site) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stage.close()
}

// hours lets the clock go on to an instant, with a run of each project at every full
// hour on the way.
func (s *site) hours(ctx context.Context, until time.Time) error {
	shown := s.shown
	defer func() { s.enter(shown) }()
	for i := range s.scenes {
		if i != shown {
			s.enter(i)
			s.fresh = len(s.diary.entries)
		}
	}
	for {
		next := s.stage.now().Add(time.Hour).Truncate(time.Hour)
		if next.After(until) {
			return nil
		}
		s.stage.moveTo(next)
		for _, i := range s.running() {
			s.enter(i)
			if i == 0 {
				if err := s.stage.test(); err != nil {
					return err
				}
			}
			if err := s.run(ctx); err != nil {
				return err
			}
		}
	}
}

// running are the scenes in which pinwheel was started.
func (s *site) running() []int {
	var out []int
	for i, one := range s.scenes {
		if !one.waits {
			out = append(out, i)
		}
	}
	return out
}

// run is one run of pinwheel, and what it did in the diary.
func (s *site) run(ctx context.Context) error {
	old := s.stage.dashboardText()
	report, writes, err := s.stage.run(ctx)
	if err != nil {
		return err
	}
	at, before := s.stage.now(), len(s.diary.entries)
	var lines []store.AuditEntry
	seen := 0
	err = s.stage.store.Audit(ctx, s.stage.policy.Path, func(e store.AuditEntry) error {
		if seen++; seen > s.diary.read {
			lines = append(lines, e)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.diary.read = seen
	oldWhy := s.plan.Why
	if !report.Quiet {
		s.plan = report.Plan // the plan of a quiet run has counts alone
	}
	for _, u := range s.plan.Updates {
		s.done[triedFailing] = s.done[triedFailing] || s.shown == 0 && failed(u)
		s.done[triedBatch] = s.done[triedBatch] || u.Breaks != nil && u.MR != 0
	}
	s.diary.audited(at, lines, changed(shown(old), shown(s.stage.dashboardText()), newRow(oldWhy, s.plan.Why)))
	if report.Status != reconcile.Done {
		s.diary.troubled(at, report.Failures, s.stage.hide.Replace)
	}
	if writes == 0 && len(s.diary.entries) == before {
		s.diary.nothing(at)
	}
	return nil
}

// newRow reports whether some row says why a pin is not newer and did not say so before.
func newRow(old, fresh []plan.WhyNot) bool {
	return slices.ContainsFunc(fresh, func(w plan.WhyNot) bool {
		return !slices.ContainsFunc(old, func(o plan.WhyNot) bool {
			return o.File == w.File && o.Name == w.Name && o.From == w.From && o.Newest == w.Newest && o.To == w.To && o.Because == w.Because
		})
	})
}

// failed reports whether an update says that its pipeline failed.
func failed(u plan.Update) bool {
	return slices.ContainsFunc(u.Why, func(r plan.Reason) bool {
		ended, is := r.(plan.PipelineEnded)
		return is && ended.Result == plan.Failed
	})
}

// errForm is what a form that the page did not make gets.
var errForm = errors.New("the page knows no such button; reload it")

// act is what a button does. It returns the place of the page to go on at; an
// error is GitLab's no.
type act func(ctx context.Context, form func(string) string) (place string, err error)

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = io.WriteString(w, style) // a browser that is gone asks again
	})
	for path, do := range map[string]act{
		"/time": s.time, "/index": s.index, "/person": s.person, "/box": s.box, "/merge-request": s.mergeRequest, "/again": s.again, "/show": s.show, "/project": s.enters, "/cki": s.playCKI, "/take-over": s.takeOver,
	} {
		mux.HandleFunc("POST "+path, s.button(do))
	}
	return guarded(http.NewCrossOriginProtection().Handler(mux))
}

// policy lets the page load its own style and send its own forms. The one image
// is the empty icon.
const policy = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guarded answers only who asks for the loopback by name, which a page
// elsewhere whose name was made to lead here does not.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			w.Header().Set(name, value)
		}
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if host != "127.0.0.1" && host != "localhost" {
			http.Error(w, "the demo answers on 127.0.0.1 and localhost only", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// button carries out a form and shows the page again.
func (s *site) button(do act) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if subtle.ConstantTimeCompare([]byte(r.PostFormValue("token")), []byte(s.token)) != 1 {
			http.Error(w, "this form is not of this page; reload the page", http.StatusForbidden)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		before, in := s.fresh, s.shown
		s.fresh = len(s.diary.entries)
		// A run goes on to its end, whoever stops waiting for it.
		place, err := do(context.WithoutCancel(r.Context()), r.PostFormValue)
		if s.shown == in && s.fresh == len(s.diary.entries) && err == nil {
			s.fresh = before // nothing happened, so that the last news is still the last
		}
		if errors.Is(err, errForm) {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err != nil {
			place = "news"
			s.diary.add(entry{At: s.stage.now(), Tone: trouble, Who: s.who, What: "cannot", More: s.stage.hide.Replace(said(err))})
		}
		http.Redirect(w, r, "/#"+place, http.StatusSeeOther)
	}
}
