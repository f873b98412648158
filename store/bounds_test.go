package store

import (
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/plan"
)

// bounds are those of a process with a name.
func bounds(t *testing.T, place, name string) (*Store, *Bounds) {
	t.Helper()
	s := opened(t, place)
	s.RunAs(Process{Owner: Owner{Host: name, PID: 1, Instance: name}})
	b, ok := s.Bounds()
	if !ok {
		t.Fatal("a server has no bounds")
	}
	return s, b
}

// A process with a file has no bounds to share.
func TestAFileHasNoBounds(t *testing.T) {
	if _, ok := opened(t, t.TempDir()+"/a.db").Bounds(); ok {
		t.Error("a file has bounds that processes share")
	}
}

// Turns of all processes follow each other at the rate, and a wish of GitLab reaches all.
func TestTurnsFollowEachOther(t *testing.T) {
	place := postgres.Database(t)
	_, a := bounds(t, place, "a")
	_, b := bounds(t, place, "b")
	const every = time.Minute
	for i, who := range []*Bounds{a, b, a, b} {
		wait, held, err := who.Reserve(t.Context(), "gitlab.example", 2, every)
		must(t, err)
		if want := time.Duration(2*i) * every; wait > want || wait < want-30*time.Second || held != 0 {
			t.Errorf("turn %d has to wait %s and %s, want %s", 2*i, wait, held, want)
		}
	}
	must(t, a.Pause(t.Context(), "gitlab.example", 40*time.Second))
	must(t, b.Pause(t.Context(), "gitlab.example", time.Second))
	if _, held, err := b.Reserve(t.Context(), "gitlab.example", 1, 0); err != nil || held < 10*time.Second || held > 40*time.Second {
		t.Errorf("GitLab wants nothing for %s, want 40 s: %v", held, err)
	}
	if wait, held, err := b.Reserve(t.Context(), "other.example", 1, 0); err != nil || wait != 0 || held != 0 {
		t.Errorf("another GitLab: %s, %s, %v", wait, held, err)
	}
}

// Shares never come to more than the bound, processes that want more than there is come to have the
// same, and what a process had that is gone is free after half a minute.
func TestSharesComeToTheBound(t *testing.T) {
	place := postgres.Database(t)
	s, a := bounds(t, place, "a")
	_, b := bounds(t, place, "b")
	share := func(who *Bounds, wants, inUse int) int {
		t.Helper()
		return got[int](t)(who.Share(t.Context(), Share{"index", 8, wants, inUse}))
	}
	for _, c := range []struct {
		what      string
		did, want int
	}{
		{"one that is alone has all that it wants", share(a, 20, 0), 8},
		{"another gets nothing yet", share(b, 3, 0), 0},
		{"the first shrinks to what it uses", share(a, 20, 7), 7},
		{"then the other gets that", share(b, 3, 0), 1},
		{"the first shrinks to its half", share(a, 20, 2), 4},
		{"and the other has all that it wants", share(b, 3, 1), 3},
		{"the first has the rest", share(a, 20, 2), 5},
		{"whoever wants nothing has nothing", share(b, 0, 0), 0},
		{"and the first has all again", share(a, 20, 2), 8},
	} {
		if c.did != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.did, c.want)
		}
	}
	_, err := s.server.pool.Exec(t.Context(), `UPDATE shares SET seen_at = now() - interval '31 seconds'`)
	must(t, err)
	if n := share(b, 20, 0); n != 8 {
		t.Errorf("after the death of the other it has %d, want 8", n)
	}
}

// Runs of all processes get the places that there are. A run whose process died keeps those that it
// began to use.
func TestPlacesOfAllProcesses(t *testing.T) {
	place := postgres.Database(t)
	sa, a := bounds(t, place, "a")
	sb, b := bounds(t, place, "b")
	of, now := Places{Most: 5, For: time.Hour}, time.Now()
	first := got[int64](t)(sa.BeginRun(t.Context(), "g/p", now, time.Minute))
	second := got[int64](t)(sb.BeginRun(t.Context(), "g/q", now, time.Minute))
	one, two := Carry(t.Context(), first), Carry(t.Context(), second)
	same(t, "first", got[int](t)(a.TakePlaces(one, of, now, 3)), 3)
	same(t, "second", got[int](t)(b.TakePlaces(two, of, now, 3)), 2)
	same(t, "left", got[int](t)(a.LeftPlaces(one, of, now)), 0)
	must(t, b.GivePlaces(two, 1))
	same(t, "given", got[int](t)(a.LeftPlaces(one, of, now)), 1)
	got[int64](t)(sa.BeginAction(one, Action{Run: first, Kind: string(plan.KindOpenMergeRequest), Target: "pinwheel/six-1.x"}, AuditEntry{Project: "g/p", At: now}))
	same(t, "while it lives", got[int](t)(a.LeftPlaces(two, of, now)), 1)
	_, err := sa.server.pool.Exec(t.Context(), `UPDATE runs SET lease_until = '2020-01-01T00:00:00Z' WHERE id = $1`, first)
	must(t, err)
	same(t, "after its death", got[int](t)(b.LeftPlaces(two, of, now)), 3)
	same(t, "an hour later", got[int](t)(b.LeftPlaces(two, of, now.Add(61*time.Minute))), 5)
	if _, err := b.TakePlaces(t.Context(), of, now, 1); err == nil {
		t.Error("a place without a run")
	}
}

// Runs that take at the same time never get more than there is.
func TestPlacesTakenTogether(t *testing.T) {
	place := postgres.Database(t)
	s, b := bounds(t, place, "a")
	var mu sync.Mutex
	var all sync.WaitGroup
	sum, now := 0, time.Now()
	for n := range 8 {
		run := got[int64](t)(s.BeginRun(t.Context(), "g/"+string(rune('a'+n)), now, time.Minute))
		all.Go(func() {
			n, err := b.TakePlaces(Carry(t.Context(), run), Places{Most: 5, For: time.Hour}, now, 2)
			mu.Lock()
			defer mu.Unlock()
			if sum += n; err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	same(t, "taken", sum, 5)
}

// A page is read by one process, and by another once that one is gone or done.
func TestPagesAreClaimedOnce(t *testing.T) {
	place := postgres.Database(t)
	s, a := bounds(t, place, "a")
	_, b := bounds(t, place, "b")
	claim := func(who *Bounds, names ...string) []string {
		t.Helper()
		return got[[]string](t)(who.ClaimPages(t.Context(), "pypi", names))
	}
	same(t, "first", claim(a, "boto3", "six"), []string{"boto3", "six"})
	same(t, "second", claim(b, "six", "urllib3"), []string{"urllib3"})
	same(t, "read by others", got[[]string](t)(b.ClaimedPages(t.Context(), "pypi", []string{"six", "urllib3"})), []string{"six"})
	must(t, a.ReleasePages(t.Context(), "pypi", []string{"six"}))
	same(t, "released", claim(b, "six", "boto3"), []string{"six"})
	_, err := s.server.pool.Exec(t.Context(), `UPDATE page_claims SET until = now() - interval '1 second'`)
	must(t, err)
	must(t, b.KeepPages(t.Context(), "pypi", []string{"six", "boto3"}))
	same(t, "of one that is gone", claim(b, "boto3"), []string{"boto3"})
	same(t, "kept", claim(a, "six"), []string{})
	must(t, s.SaveFacts(t.Context(), "pypi", []Facts{{Name: "six", FreshUntil: time.Now().Add(time.Hour)}, {Name: "boto3"}}))
	same(t, "fresh", got[[]string](t)(a.FreshPages(t.Context(), "pypi", []string{"six", "boto3"})), []string{"six"})
}
