package reconcile_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// through lets each request of a client pass a gate first, whose error is its
// end.
type through struct {
	next http.RoundTripper
	gate func(*http.Request) error
}

func (f through) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := f.gate(r); err != nil {
		return nil, err
	}
	return f.next.RoundTrip(r)
}

// hang answers nothing until the client gives up.
func hang(r *http.Request) error {
	<-r.Context().Done()
	return r.Context().Err()
}

// three is a world of three projects with the same pins.
func three(t *testing.T) *world {
	w := bubble(t)
	text := smallConfig
	for _, path := range []string{"cki/two", "cki/three"} {
		text += fmt.Sprintf("  - {path: %s, timezone: Europe/Prague, window: \"* * * * SAT,SUN\"}\n", path)
		p := w.gitlab.AddProject(path, "main", map[string]string{"constraints.txt": "boto3==1.34.39\ncertifi==2025.11.12\nlxml==4.9.4\nsix==1.17.0\n"})
		p.SetCI(false)
		w.gitlab.AddMember(p, "pinwheel", gitlabsim.Developer)
	}
	var err error
	if w.config, err = config.Parse("pinwheel.yaml", []byte(text)); err != nil {
		t.Fatal(err)
	}
	return w
}

// Projects share what is known of an index: what hung a minute ago is asked
// once.
func TestThreeProjectsWithAHangingIndexCostOneOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := three(t)
		w.indexGate = hang
		r := w.runner()
		began := time.Now()
		for _, p := range w.config.Projects {
			report, err := r.Run(t.Context(), p, time.Now())
			if err != nil || report.Status != reconcile.Failed {
				t.Errorf("%s: %v %s, want a run that says it failed", p.Path, err, report.Status)
			}
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("three runs took %s while the index hung, want one outage of 15 seconds", took)
		}
		w.indexGate = nil
		time.Sleep(time.Until(began.Add(90 * time.Second)))
		if report, err := r.Run(t.Context(), w.config.Projects[0], time.Now()); err != nil || report.Status != reconcile.Done {
			t.Errorf("when it answers again: %v %s %v", err, report.Status, report.Failures)
		}
	})
}

// A GitLab that hangs for one project costs that one its run, soon, and the
// others nothing. One that hangs for all costs one outage.
func TestAHangingGitLabIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := three(t)
		hung := w.gitlab.Project("cki/two").ID()
		w.gitlabGate = func(r *http.Request) error {
			if strings.Contains(r.URL.Path, "cki/two") || strings.Contains(r.URL.EscapedPath(), "cki%2Ftwo") || strings.Contains(r.URL.Path, fmt.Sprintf("/projects/%d", hung)) {
				return hang(r)
			}
			return nil
		}
		r := w.patient()
		for i, p := range w.config.Projects {
			began := time.Now()
			_, err := r.Run(t.Context(), p, time.Now())
			took := time.Since(began)
			if i == 1 && (err == nil || took > 40*time.Second) {
				t.Errorf("the project that hangs: %v after %s, want an error within 40 seconds", err, took)
			} else if i != 1 && (err != nil || took > 5*time.Second) {
				t.Errorf("%s: %v after %s", p.Path, err, took)
			}
		}
		w.gitlabGate = hang
		time.Sleep(5 * time.Minute)
		began := time.Now()
		for _, p := range w.config.Projects {
			if _, err := r.Run(t.Context(), p, time.Now()); err == nil {
				t.Errorf("%s: no error while GitLab hangs", p.Path)
			}
		}
		if took := time.Since(began); took > 35*time.Second {
			t.Errorf("three runs took %s while GitLab hung, want one question and one more", took)
		}
	})
}

// While an index or a part of GitLab is out of order, errors have another port,
// address or instant each time. The page is written once, and not each run.
func TestAnOutageReadsTheSameInEveryRun(t *testing.T) {
	reset := func(n int32) error {
		local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000 + int(n)}
		return &net.OpError{Op: "read", Net: "tcp", Source: local, Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, byte(n)), Port: 443}, Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	refused := func(n int32) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, byte(n)), Port: 443}, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	dns := func(n int32) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "index.example", Server: fmt.Sprintf("10.0.0.%d:53", n), IsNotFound: true}}
	}
	request := func(n int32) error { return fmt.Errorf("answer 500 of request %d at %s", n, time.Now()) }
	for name, fault := range map[string]func(int32) error{"reset": reset, "refused": refused, "dns": dns, "words of its own": request} {
		for _, where := range []string{"the index", "the index for one package", "notes", "pipelines"} {
			t.Run(name+" at "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := bubble(t)
					w.project.SetCI(true)
					r := w.runner()
					var n atomic.Int32
					at := func(part string) func(*http.Request) error {
						return func(q *http.Request) error {
							if strings.Contains(q.URL.Path, part) {
								return fault(n.Add(1) % 250)
							}
							return nil
						}
					}
					w.run2(r) // a good one first
					switch where {
					case "the index":
						w.indexGate = at("/")
					case "the index for one package":
						w.indexGate = at("/lxml/")
					case "notes":
						w.gitlabGate = at("/notes")
					case "pipelines":
						w.gitlabGate = at("/pipelines")
					}
					var pages []string
					for range 4 {
						time.Sleep(time.Hour)
						report := w.run2(r)
						pages = append(pages, w.project.Issues()[0].Description)
						for _, f := range report.Failures {
							if strings.ContainsAny(f, "0123456789") && strings.Contains(f, "10.0.0.") || strings.Contains(f, ":4000") || strings.Contains(f, "127.0.0.1") {
								t.Errorf("a failure with an address: %s", f)
							}
						}
					}
					if pages = slices.Compact(pages); len(pages) != 1 {
						t.Errorf("the page changed while nothing did:\n%s", strings.Join(pages, "\n---------\n"))
					}
				})
			})
		}
	}
}

// In an outage each line keeps the state that the page showed, one problem says
// what is wrong, and nobody is needed.
func TestAnOutageKeepsTheStatesOfTheLastPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t)
		r := w.runner()
		w.run2(r)
		before := w.project.Issues()[0].Description
		w.indexGate = hang
		for range 30 { // into and out of a window
			time.Sleep(3 * time.Hour)
			w.run2(r)
			now := w.project.Issues()[0].Description
			if strings.Contains(now, "## Errored") || strings.Contains(now, "need you") || strings.Contains(now, "needs you") {
				t.Fatalf("an outage needs a person:\n%s", now)
			}
			if got, want := strings.Count(now, "<!-- unschedule-branch="), strings.Count(before, "<!-- unschedule-branch="); got != want || want == 0 {
				t.Fatalf("%d lines wait for the window, want %d as before:\n%s", got, want, now)
			}
			if n := strings.Count(section(now, "## Problems"), "\n - "); n != 1 {
				t.Fatalf("%d problems, want one:\n%s", n, now)
			}
		}
		if n := len(w.project.MRs()); n != 0 {
			t.Errorf("%d merge requests opened by what an index said days ago", n)
		}
	})
}

// Without a page that was written before, what no index tells is not checked.
func TestAnOutageInTheFirstRunNeedsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t)
		w.indexGate = hang
		w.run2(w.runner())
		if now := w.project.Issues()[0].Description; strings.Contains(now, "## Errored") || strings.Contains(now, "need you") || strings.Contains(now, "needs you") {
			t.Errorf("an outage needs a person:\n%s", now)
		}
	})
}

// section is what stands under a heading.
func section(page, heading string) string {
	_, rest, _ := strings.Cut(page, heading)
	rest, _, _ = strings.Cut(rest, "\n## ")
	return rest
}

// run2 is a run that may fail, but can be made.
func (w *world) run2(r *reconcile.Runner) reconcile.Report {
	w.t.Helper()
	report, err := r.Run(context.Background(), w.config.Projects[0], time.Now())
	if err != nil {
		w.t.Fatalf("run at %s: %v", time.Now(), err)
	}
	return report
}

// Projects share what an index said: within its max-age nothing is asked twice.
func TestProjectsShareWhatTheIndexSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := three(t)
		r := w.runner()
		asked := map[string]int{}
		count := func() {
			clear(asked)
			for _, q := range w.index.Requests() {
				if strings.HasPrefix(q.Path, "/simple/") {
					asked[q.Path]++
				}
			}
		}
		for _, p := range w.config.Projects {
			time.Sleep(time.Minute)
			if report, err := r.Run(t.Context(), p, time.Now()); err != nil || report.Status != reconcile.Done {
				t.Fatalf("%s: %v %s %v", p.Path, err, report.Status, report.Failures)
			}
		}
		count()
		for path, n := range asked {
			if n != 1 {
				t.Errorf("%s was asked for %d times within ten minutes", path, n)
			}
		}
		before := len(asked)
		time.Sleep(10 * time.Minute)
		for _, p := range w.config.Projects {
			if report, err := r.Run(t.Context(), p, time.Now()); err != nil || report.Status != reconcile.Done {
				t.Fatalf("%s: %v %s %v", p.Path, err, report.Status, report.Failures)
			}
		}
		count()
		for path, n := range asked {
			if n != 2 {
				t.Errorf("%s was asked for %d times in all, want once more after ten minutes", path, n)
			}
		}
		if before == 0 || len(asked) != before {
			t.Errorf("%d pages, then %d", before, len(asked))
		}
	})
}
