package hostile_test

import (
	"path/filepath"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/again"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// This file has the worlds in which runs may be over early because nothing changed. Each
// such run is made again as one that looks at everything, over the database as it was
// before, and whatever differs is a fault.

// digests reports whether the world of a seed is one of these.
func digests(seed uint64) bool { return newLater(seed) != nil && seed%4 == 2 }

// earlier is what a run found: a copy of its database, and how far the world had come.
type earlier struct {
	path string
	seen int
}

func (s *siege) before() earlier {
	if !digests(s.seed) {
		return earlier{}
	}
	e := earlier{filepath.Join(s.dir, "before.db"), len(s.gitlab.Events())}
	if again.Copy(s.database(), e.path) != nil {
		return earlier{}
	}
	return e
}

// again makes a run that was over early once more. It is left out where somebody acted while
// that run was at work.
func (s *siege) again(e earlier, report reconcile.Report, now time.Time) {
	if !report.Quiet {
		return
	}
	count("runs that were over early")
	if e.path == "" || e.seen != len(s.gitlab.Events()) {
		return
	}
	count("runs that were over early, and made again")
	s.replays = true
	defer func() { s.replays = false }()
	early := again.Early{
		Report: report, Project: s.config, Now: now, Before: e.path, After: s.database(), GitLab: s.gitlab,
		Aside: s.index.unnoticed, Options: s.edges(),
	}
	for _, f := range early.Faults() {
		s.judge.fault("a run that was over early: %s", f)
	}
}

// unnoticed lets f ask the indexes without a trace.
func (x *evilIndex) unnoticed(f func()) {
	x.aside.Store(true)
	defer x.aside.Store(false)
	x.public.Aside(func() { x.inner.Aside(f) })
}

// honest lets the index be no enemy: while it fails or proves nothing, each run asks it anew,
// and none is over early.
func (x *evilIndex) honest() {
	for name := range x.kinds {
		x.kinds[name] = ""
		must(x.s.t, x.public.Load(name+" 1.0 2024-01-01\n"+name+" 1.1 2025-06-01\n"))
		x.said[name+"==1.1"] = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	}
}

// still is hours in which little happens or nothing.
func (s *siege) still() {
	if !digests(s.seed) {
		return
	}
	for range 3 + s.later.rand.IntN(4) {
		time.Sleep(time.Hour)
		if s.later.rand.IntN(2) == 0 {
			s.slip()
		}
		s.run()
	}
}
