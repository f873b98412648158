package sim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
)

// onServer are the scenarios that are played over PostgreSQL as well. Their twins keep what they
// know in a file: both databases come to the same world.
var onServer = []string{"a tick", "the window opens", "main conflicts with an open one"}

// crashOnServer makes the k-th instant of the next run, from 0, its last: before each writing
// request leaves, or after its effect. It returns a process on the same database. The one that is
// dead reaches neither that nor GitLab any more.
func (p *process) crashOnServer(t *testing.T, k int) (next *process, what string) {
	n := 0
	die := func(instant string) bool {
		if n++; n-1 != k {
			return false
		}
		what = instant
		p.wire.dead.Store(true)
		if err := p.store.Close(); err != nil {
			t.Error(err)
		}
		return true
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
	p.wire.around = nil
	if what == "" {
		return nil, ""
	}
	return p.w.start(t, p.path), what
}

// everyCase is for tests that leave none out.
func everyCase(int) bool { return true }

// A crash at instants of runs over PostgreSQL; two clean runs later the world is the twin's, and a
// third writes nothing.
func TestCrashOnServer(t *testing.T) {
	part := part(t)
	for i, name := range onServer {
		one := sampled(i, 0, 3, everyCase)
		if !plays(part, one) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, crashes := named(name), 0
			for k := range cases(part, i, one, everyCase) {
				if !s.crashedOnServer(t, k) {
					there(t, k == one)
					break
				}
				if crashes++; t.Failed() {
					break
				}
			}
			count("crashes over PostgreSQL", crashes)
		})
	}
}

// crashedOnServer plays a crash at instant k over PostgreSQL, and reports whether there is one.
func (s scenario) crashedOnServer(t *testing.T, k int) (more bool) {
	twin := s.twin(t)
	s.place = postgres.Database(t)
	inBubble(t, s.setting, func(t *testing.T, w *world) {
		p := w.first(t)
		s.lead(t, p)
		next, what := p.crashOnServer(t, k)
		if more = next != nil; !more {
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

// The n-th call of a run over PostgreSQL fails.
func TestCallsOnServer(t *testing.T) {
	part := part(t)
	for i, name := range onServer {
		if !part.Whole() && i != 1 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := named(name)
			for way, f := range failings[:3] {
				runs := func(k int) bool { return (way+k+1)%4 == 0 } // each takes a second and a half
				one := -1
				if way == 0 && i == 1 {
					one = firstFrom(0, runs)
				}
				for k := range cases(part, i+way/4, one, runs) {
					more := true
					t.Run(fmt.Sprint(f.name, " ", k+1), func(t *testing.T) {
						twin, s := s.twin(t), s
						s.asking(t)
						s.place = postgres.Database(t)
						more = nth(t, s, twin, f, gitlabCall, k+1, false)
						there(t, k == one && !more)
					})
					if !more || t.Failed() {
						break
					}
				}
			}
		})
	}
}

// named is the scenario of a name.
func named(name string) scenario {
	return scenarios[slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })]
}

// emptied empties a database, as one that was lost is.
func emptied(t *testing.T, place string) {
	t.Helper()
	db, err := pgx.Connect(context.Background(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	if _, err := db.Exec(context.Background(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
}

// seedsOnServer are months that are played over PostgreSQL: one of each policy, and two with gates.
var seedsOnServer = []uint64{1, 2, 3, 4, plainSeeds + 1, plainSeeds + 3}

// Months over PostgreSQL hold what those with a file hold.
func TestSeedsOnServer(t *testing.T) {
	part := part(t)
	for i, seed := range seedsOnServer {
		if !part.Has(i + 1) { // each takes too long for the sample
			continue
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			under := termsOf(seed)
			under.place = postgres.Database(t)
			count("seeds of thirty days over PostgreSQL", 1)
			judged(t, under, draw(seed), fmt.Sprintf("TestSeedsOnServer/%d", seed))
		})
	}
}
