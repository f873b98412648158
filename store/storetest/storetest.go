// Package storetest has the tests that every database under package store passes. Each database
// runs the whole suite.
//
// It asks a store through its methods alone, so it knows no table and no statement. What belongs to
// one database, such as a damaged file, is tested in package store.
package storetest

import (
	"reflect"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

var (
	t0  = time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	cet = time.FixedZone("CET", 3600)
)

// database is one that a test has for itself.
type database struct{ place string }

// open opens the database, which keeps what an earlier opening wrote.
func (d database) open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), d.place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Run runs the suite. place returns where a new, empty database is.
func Run(t *testing.T, place func(t *testing.T) string) {
	for _, c := range []struct {
		name string
		test func(database, *testing.T)
	}{
		{"memory", database.memory},
		{"branches", database.branches},
		{"merge requests", database.mergeRequests},
		{"selections", database.selections},
		{"refused before", database.refused},
		{"files", database.files},
		{"pauses", database.pauses},
		{"views", database.views},
		{"a context that ended", database.cancelled},
		{"a bubble", database.bubble},
		{"facts", database.facts},
		{"fresh facts", database.fresh},
		{"metadata", database.metadata},
		{"details", database.details},
		{"release notes", database.releaseNotes},
		{"texts of strangers", database.strangers},
		{"one live run", database.oneLiveRun},
		{"many begin together", database.together},
		{"the journal", database.journal},
		{"ends of runs", database.ends},
		{"quiet runs", database.quiet},
		{"runs in a row", database.inARow},
		{"the audit", database.audit},
		{"an audit that is not kept for good", database.forgetsAudit},
		{"two writers of the same rows", database.writers},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(database{place(t)}, t)
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func got[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T { t.Helper(); must(t, err); return v }
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}
