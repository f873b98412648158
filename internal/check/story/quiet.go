package story

import (
	"fmt"
	"path/filepath"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/again"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// every says that one run of so many is made a second time where it is over early, since
// nothing changed: as one that looks at everything. Five and the hours of a day have no
// factor in common, so the runs of a week are of every hour. Where the sample and the
// rest are played together, which is done by hand, each run is made again.
func every(p testenv.Part) int64 {
	switch {
	case testenv.Raced:
		return 11
	case p.Has(0) && p.Whole():
		return 1
	}
	return 5
}

// kept is what a run found: a copy of its database, how far the world had come, and how many runs
// had begun.
type kept struct {
	path, at string
	runs     int64
}

// keep copies the database before a run. Where GitLab answers with what is out of date
// two runs need not be told the same, and beside another run the database moves: then
// none is kept, and none counts beside which another run began.
func (s *stage) keep() kept {
	k := kept{at: s.mark(), runs: s.began.Load()} // before it is sure that no other run is at work
	s.mu.Lock()
	alone := s.running == 1
	s.mu.Unlock()
	k.path = filepath.Join(s.dir, fmt.Sprintf("before-%d.db", time.Now().UnixNano()))
	if s.late || !alone || (s.kept.Add(1)-1)%s.every != 0 || again.Copy(filepath.Join(s.dir, "pinwheel.db"), k.path) != nil {
		return kept{}
	}
	return k
}

// mark is how far the world has come.
func (s *stage) mark() string {
	return fmt.Sprint(len(s.gitlab.Events()), s.acted.Load())
}

// again makes a run a second time, and returns what is wrong.
func (s *stage) again(before kept, early again.Early) []string {
	if before.path == "" || before.at != s.mark() || before.runs != s.began.Load() {
		return nil
	}
	token, err := s.readToken()
	if err != nil {
		return []string{err.Error()}
	}
	client, err := gitlab.Connect(gitlab.Options{
		URL: s.gitlab.BaseURL(), ReadToken: func() (string, error) { return token, nil }, Transport: s.gitlab.Transport(),
	})
	if err != nil {
		return []string{err.Error()}
	}
	early.Before, early.After, early.GitLab, early.Options = before.path, filepath.Join(s.dir, "pinwheel.db"), s.gitlab, s.edges(client)
	early.Aside = func(f func()) {
		if s.public == nil {
			s.index.Aside(f)
			return
		}
		s.index.Aside(func() { s.public.Aside(f) })
	}
	var out []string
	faults := early.Faults()
	if before.runs != s.began.Load() {
		return nil // another run writes to the database that was compared
	}
	for _, f := range faults {
		out = append(out, fmt.Sprintf("a run of %s was over early: %s", early.Now.UTC().Format("2006-01-02T15:04Z"), f))
	}
	return out
}
