package sim

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/again"
)

// crash makes the k-th instant of the next run, from 0, its last. It returns
// the process that starts over what the disk held then, and which instant it
// was; nil if the run has no such instant. The instants are: before each
// transaction becomes durable, before each writing request leaves, and after
// its effect before the answer arrives. What is after a transaction is before
// the next instant.
func (p *process) crash(t *testing.T, k int) (next *process, what string) {
	n := 0
	path := filepath.Join(p.w.dir, fmt.Sprintf("after-%d-%d.db", p.number, k))
	die := func(instant string) bool {
		if n++; n-1 != k {
			return false
		}
		what = instant
		if err := again.Copy(p.path, path); err != nil {
			t.Error(err)
		}
		p.wire.dead.Store(true)
		return true
	}
	commits := 0
	p.wire.commit = func() bool {
		commits++
		return !die(fmt.Sprintf("before transaction %d", commits))
	}
	p.wire.around = func(c call) (*http.Response, error) {
		if c.kind != gitlabCall || !c.writes() {
			return c.send()
		}
		if die("before " + c.String()) {
			return nil, errDead
		}
		resp, err := c.send()
		if die("after " + c.String()) {
			return nil, errDead
		}
		return resp, err
	}
	p.run()
	p.wire.commit, p.wire.around = nil, nil
	if what == "" {
		return nil, ""
	}
	return p.w.start(t, path), what
}

// twin is a scenario undisturbed.
type twin struct {
	projection string // after the run under test and two more
	instants   int    // of the run under test, at which it may crash
}

// asking is what a scenario undisturbed asks for.
type asking struct {
	settled bool // a run at the same instant as the first had nothing left to do
	calls   map[kind]int
}

func (s scenario) twin(t *testing.T) twin { return once(t, &twins, s.name, s.newTwin) }

func (s scenario) asking(t *testing.T) asking { return once(t, &askings, s.name, s.newAsking) }

// once makes what several tests compare with, of each scenario one.
func once[T any](t *testing.T, all *sync.Map, name string, play func(*testing.T) T) T {
	type entry struct {
		sync.Once
		made bool
		what T
	}
	found, _ := all.LoadOrStore(name, &entry{})
	e := found.(*entry)
	e.Do(func() { e.what, e.made = play(t), true })
	if !e.made {
		t.Fatalf("the twin of %q could not be made", name)
	}
	return e.what
}

// twins and askings hold these by the name of the scenario.
var twins, askings sync.Map

func (s scenario) newTwin(t *testing.T) (out twin) {
	inBubble(t, s.setting, func(t *testing.T, w *world) {
		p := w.first(t)
		s.lead(t, p)
		out.instants = p.instants()
		p.runs(2 + s.more)
		out.projection = w.projection()
		if wrote := p.runs(1); wrote != 0 {
			t.Errorf("a quiet run wrote %d times: %v", wrote, w.gitlab.Writes(time.Time{}))
		}
		w.verdict(t)
	})
	return out
}

func (s scenario) newAsking(t *testing.T) (out asking) {
	inBubble(t, s.setting, func(t *testing.T, w *world) {
		p := w.first(t)
		s.lead(t, p)
		out.calls = p.calls()
		w.gitlab.ForgetRequests()
		p.run()
		out.settled = len(w.gitlab.Writes(time.Time{})) == 0
	})
	return out
}

// instants makes a run and counts the instants that crash knows.
func (p *process) instants() int {
	var n atomic.Int64
	p.wire.commit = func() bool { n.Add(1); return true }
	p.wire.around = func(c call) (*http.Response, error) {
		if c.kind == gitlabCall && c.writes() {
			n.Add(2)
		}
		return c.send()
	}
	p.run()
	p.wire.commit, p.wire.around = nil, nil
	return int(n.Load())
}

// calls makes a run and counts what it asks for.
func (p *process) calls() map[kind]int {
	var mu sync.Mutex
	out := map[kind]int{}
	p.wire.around = func(c call) (*http.Response, error) {
		mu.Lock()
		out[c.kind]++
		mu.Unlock()
		return c.send()
	}
	p.run()
	p.wire.around = nil
	return out
}

// verdict fails the test with what the judge found.
func (w *world) verdict(t *testing.T) {
	t.Helper()
	for _, wrong := range w.judge.wrong {
		t.Error(wrong)
	}
}

// A crash at every instant of every scenario; two clean runs later the world
// is the twin's, and a third writes nothing.
func TestCrash(t *testing.T) {
	part := part(t)
	for i, s := range scenarios {
		one := sampled(i, 0, 7, s.has)
		if !plays(part, one) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			crashes := 0
			for k := range cases(part, i, one, s.has) {
				if !s.crashed(t, k) {
					there(t, k == one)
					break
				}
				crashes++
				if t.Failed() {
					break
				}
			}
			count("crashes", crashes)
		})
	}
}

// crashed plays a crash at instant k, and reports whether there is one.
func (s scenario) crashed(t *testing.T, k int) (more bool) {
	twin := s.twin(t)
	if k >= twin.instants {
		return false
	}
	inBubble(t, s.setting, func(t *testing.T, w *world) {
		p := w.first(t)
		s.lead(t, p)
		next, what := p.crash(t, k)
		if more = next != nil; !more {
			t.Errorf("crash %d: the twin has %d instants, and this run fewer", k, twin.instants)
			return
		}
		next.runs(2 + s.more)
		if d := difference(twin.projection, w.projection()); d != "" {
			t.Errorf("crash %d, %s: two runs later the world differs from the twin's:\n%s", k, what, d)
		}
		if wrote := next.runs(1); wrote != 0 {
			t.Errorf("crash %d, %s: the third run wrote %v", k, what, w.gitlab.Writes(time.Time{}))
		}
		w.verdict(t)
	})
	return more
}

// there fails the test where a case that every run shall play is none.
func there(t *testing.T, sampled bool) {
	t.Helper()
	if sampled {
		t.Error("there is no such case any more: choose another one in sampled")
	}
}

// A second crash in the run that recovers from a first one.
func TestCrashTwice(t *testing.T) {
	step := 4
	if everything() {
		step = 1
	}
	part := part(t)
	for i, s := range scenarios {
		one := sampled(i, 5, 14, s.has)
		if !plays(part, one) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for n := range cases(part, i, one, s.has) {
				if late(0.3) {
					break
				}
				if !s.crashedTwice(t, step/2+n*step) {
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

// crashedTwice plays a crash at instant k, and two in the run that recovers. It reports
// whether there is an instant k.
func (s scenario) crashedTwice(t *testing.T, k int) (more bool) {
	twin := s.twin(t)
	if k >= twin.instants {
		return false
	}
	for _, again := range []int{k % 3, 3 + k%5} {
		inBubble(t, s.setting, func(t *testing.T, w *world) {
			p := w.first(t)
			s.lead(t, p)
			next, what := p.crash(t, k)
			if more = next != nil; !more {
				return
			}
			time.Sleep(time.Until(time.Now().Add(time.Hour).Truncate(time.Hour)))
			last, then := next.crash(t, again)
			if last == nil {
				return // the recovery is shorter
			}
			count("second crashes", 1)
			last.runs(2 + s.more)
			if d := difference(twin.projection, w.projection()); d != "" {
				t.Errorf("crash %d, %s, and %d, %s: two runs later the world differs from the twin's:\n%s", k, what, again, then, d)
			}
			if wrote := last.runs(1); wrote != 0 {
				t.Errorf("crash %d, %s, and %d, %s: the third run wrote %v", k, what, again, then, w.gitlab.Writes(time.Time{}))
			}
			w.verdict(t)
		})
		if !more {
			break
		}
	}
	return more
}
