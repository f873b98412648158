package sim

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

// meet lets another process make a whole run in the instant before call n of
// the next run of p. It reports whether there was such an instant.
func (p *process) meet(n int, other func()) (met bool) {
	var calls atomic.Int64 // several at the same time
	p.wire.around = func(c call) (*http.Response, error) {
		if c.kind == gitlabCall {
			if calls.Add(1) == int64(n) {
				met = true
				other()
			}
		}
		return c.send()
	}
	p.run()
	p.wire.around = nil
	return met
}

// Two processes over one database: whoever comes second is told so and does
// nothing, wherever in the other's run it comes.
func TestTwoShareADatabase(t *testing.T) {
	part := part(t)
	for _, s := range scenarios {
		if !among(shared, s.name) {
			continue
		}
		for n := range cases(part, 0, 2, func(k int) bool { return s.has(k + 1) }) {
			met := false
			inBubble(t, s.setting, func(t *testing.T, w *world) {
				a := w.first(t)
				s.lead(t, a)
				b := w.start(t, a.path)
				met = a.meet(n+1, func() {
					asked := 0 // by the second; the first may have reads under way
					b.wire.around = func(c call) (*http.Response, error) { asked++; return c.send() }
					if _, err := b.runner.Run(context.Background(), w.config, time.Now().UTC()); !errors.Is(err, store.ErrBusy) {
						t.Errorf("in %s: a run beside another, at call %d: %v", s.name, n+1, err)
					}
					if b.wire.around = nil; asked > 0 {
						t.Errorf("in %s: a run beside another asked %d times", s.name, asked)
					}
				})
				if !met {
					return
				}
				count("meetings over one database", 1)
				b.runs(1 + s.more)
				if wrote := a.runs(1); wrote != 0 {
					t.Errorf("in %s: the last run wrote %v", s.name, w.gitlab.Writes(time.Time{}))
				}
				w.verdict(t)
			})
			if !met {
				there(t, n == 2)
				break
			}
		}
	}
}

// shared are the scenarios in which a second process comes over the same database.
var shared = []string{"a tick", "a merge waited for its gate", "a pair that fails together is told"}

// Two processes that know nothing of each other: two runs of both later there
// is one dashboard, the one with the lowest number, every tick was carried out,
// and nobody writes any more. At no time are there two merge requests from a
// branch.
func TestTwoApart(t *testing.T) {
	part := part(t)
	for i, s := range scenarios {
		runs := func(k int) bool { return s.has(k + 1) }
		one := sampled(i, 9, 14, runs)
		if !plays(part, one) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for n := range cases(part, i, one, runs) {
				if !s.apart(t, n+1) {
					there(t, n == one)
					break
				}
				if t.Failed() {
					break
				}
			}
		})
	}
}

// apart lets two processes meet at call n, and reports whether there is one.
func (s scenario) apart(t *testing.T, n int) (met bool) {
	inBubble(t, s.setting, func(t *testing.T, w *world) {
		w.apart = true
		a := w.first(t)
		b := w.start(t, filepath.Join(w.dir, "other.db"))
		s.lead(t, a)
		if met = a.meet(n, func() { b.run() }); !met {
			return
		}
		count("meetings over two databases", 1)
		for range 2 + s.more {
			b.runs(1)
			a.runs(1)
		}
		w.alone(t, s.name == "the dashboard is closed")
		if wrote := b.runs(1) + a.runs(1); wrote != 0 {
			t.Errorf("met at call %d: the third runs wrote %v", n, w.gitlab.Writes(time.Time{}))
		}
		w.verdict(t)
	})
	return met
}

// alone wants one open dashboard, the oldest.
func (w *world) alone(t *testing.T, closed bool) {
	t.Helper()
	first, open := 0, []int(nil)
	for _, i := range w.project.Issues() {
		if i.Author != bot || i.Moved && i.State != "opened" {
			continue
		}
		if first == 0 {
			first = i.IID
		}
		if i.State == "opened" {
			open = append(open, i.IID)
		}
	}
	if want := 1; !closed && (len(open) != want || open[0] != first) || closed && len(open) > 0 {
		t.Errorf("the open dashboards are %v, the first was #%d", open, first)
	}
}

// A tick on the dashboard that gives way is carried out all the same.
func TestTickOnTheSecondDashboard(t *testing.T) {
	inBubble(t, setting{}, func(t *testing.T, w *world) {
		w.apart = true
		a := w.first(t)
		b := w.start(t, filepath.Join(w.dir, "other.db"))
		made := false
		a.wire.around = func(c call) (*http.Response, error) {
			if c.kind == gitlabCall && c.writes() && !made {
				made = true
				b.run() // its dashboard comes first
			}
			return c.send()
		}
		a.run()
		a.wire.around = nil
		if err := w.project.Tick("bob", 2, "requests"); err != nil {
			t.Fatal(err)
		}
		w.judge.asked["pinwheel/requests-2.x"] = true
		b.runs(1)
		a.runs(1)
		if m, err := w.newest("pinwheel/requests-2.x"); err != nil || m.State != "opened" {
			t.Errorf("the tick on #2 was lost: %v %v", m, err)
		}
		w.alone(t, false)
		b.runs(1)
		a.runs(1)
		if wrote := b.runs(1) + a.runs(1); wrote != 0 {
			t.Errorf("they do not come to rest: %v", w.gitlab.Writes(time.Time{}))
		}
		w.verdict(t)
	})
}
