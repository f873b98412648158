package store_test

import (
	"path/filepath"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/store/storetest"
)

// A file of SQLite passes the suite.
func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) string { return filepath.Join(t.TempDir(), "pinwheel.db") })
}

// A database of PostgreSQL passes the suite.
func TestPostgreSQL(t *testing.T) {
	storetest.Run(t, func(t *testing.T) string { return postgres.Database(t) })
}
