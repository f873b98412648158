package reconcile_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"gitlab.com/cki-project/pinwheel/reconcile"
)

// spoil changes the database behind the program's back.
func (w *world) spoil(statement string, args ...any) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	result, err := db.Exec(statement, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		w.t.Fatalf("%s changed %d rows, %v", statement, n, err)
	}
}

// count asks the database behind the program's back.
func (w *world) count(query string) (n int) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// Stored facts that are damaged are read anew in the same run, whatever part of
// them it is: the index would answer 304 for ever.
func TestDamagedFactsHeal(t *testing.T) {
	for name, statement := range map[string]string{
		"facts":            `UPDATE packages SET facts = x'01020304' WHERE name = 'boto3'`,
		"facts cut":        `UPDATE packages SET facts = substr(facts, 1, length(facts) - 3) WHERE name = 'boto3'`,
		"facts of another": `UPDATE packages SET facts = (SELECT facts FROM packages WHERE name = 'lxml') WHERE name = 'boto3'`,
		"no facts":         `UPDATE packages SET facts = x'' WHERE name = 'boto3'`,
		"details":          `UPDATE package_details SET details = x'0102ff' WHERE name = 'boto3'`,
		"whole":            `UPDATE package_details SET whole = x'0102' WHERE name = 'boto3'`,
		"metadata":         `UPDATE metadata SET metadata = x'02ffff' WHERE name = 'boto3'`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.now = time.Date(2026, 1, 3, 9, 0, 0, 0, time.UTC)
			if name == "whole" || name == "details" {
				w.now = time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
			}
			w.run()
			if name == "details" { // needed again when metadata is read
				w.spoil(`DELETE FROM metadata`)
			}
			if name == "whole" { // needed when a pin is taken back
				if err := w.index.Load(`boto3 1.34.38 2024-02-08T20:00:00Z`); err != nil {
					t.Fatal(err)
				}
				w.now = w.now.Add(time.Hour)
				w.run()
			}
			w.spoil(statement)
			for range 2 {
				w.now = w.now.Add(time.Hour)
				if r := w.run(); r.Status != reconcile.Done || len(r.Failures) > 0 {
					t.Errorf("at %s: %s %v", w.now, r.Status, r.Failures)
				}
			}
			if page := w.project.Issues()[0].Description; !strings.Contains(page, "dependency boto3 to v1.34.41") || strings.Contains(page, "not known") {
				t.Errorf("the dashboard reads\n%s", page)
			}
			if n := w.count(`SELECT count(*) FROM metadata WHERE name = 'boto3' AND status = 'known' AND length(metadata) > 10`); n == 0 {
				t.Error("no release's requirements were read")
			}
		})
	}
}
