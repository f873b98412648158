package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
)

// serverFiles are the migrations of PostgreSQL, as migrations has those of SQLite. They only add,
// so that an earlier version can go on beside this one while a fleet is upgraded.
//
//go:embed server/*.sql
var serverFiles embed.FS

func serverMigrations() []migration { return numbered(serverFiles, "server") }

// migrating is the key of the lock that the process holds which brings the tables up to date.
const migrating = application

// migrateServer brings the tables up to date in one transaction. Of several processes that start
// together one does it, and the others find it done. A database with more migrations than this
// program knows is used as it is, unless it says that this program is too old for it.
func migrateServer(ctx context.Context, db *sql.DB, steps []migration) error {
	return transact(ctx, db, func(tx *sql.Tx) error {
		version, err := serverVersion(ctx, tx, steps)
		if err != nil || version >= steps[len(steps)-1].version {
			return err
		}
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(?)`, migrating); err != nil {
			return err
		}
		if version, err = serverVersion(ctx, tx, steps); err != nil { // another may have been faster
			return err
		}
		return takeSteps(ctx, tx, steps, version)
	})
}

// takeSteps carries out the migrations that come after a version.
func takeSteps(ctx context.Context, tx *sql.Tx, steps []migration, version int) error {
	if version == 0 {
		const first = `CREATE TABLE pinwheel_schema (version bigint NOT NULL, oldest bigint NOT NULL); INSERT INTO pinwheel_schema VALUES (0, 0)`
		if _, err := tx.ExecContext(ctx, first); err != nil {
			return err
		}
	}
	for _, step := range steps {
		if step.version <= version {
			continue
		}
		if _, err := tx.ExecContext(ctx, step.text); err != nil {
			return fmt.Errorf("take the schema to version %d: %w", step.version, err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE pinwheel_schema SET version = ?`, step.version); err != nil {
			return err
		}
	}
	return nil
}

// serverVersion returns the schema's version, 0 for a database without tables. A database of another
// program, or of a version that no longer understands this one, is an error.
func serverVersion(ctx context.Context, tx *sql.Tx, steps []migration) (int, error) {
	const tables = `SELECT count(*) FILTER (WHERE relname = 'pinwheel_schema'), count(*) FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname NOT LIKE 'river%'`
	var marked bool
	var all, version, oldest int
	if err := tx.QueryRowContext(ctx, tables).Scan(&marked, &all); err != nil {
		return 0, err
	}
	switch {
	case !marked && all > 0:
		return 0, errors.New("this database belongs to another program: name another one, or a schema of its own with ?search_path=pinwheel")
	case !marked:
		return 0, nil
	}
	if err := tx.QueryRowContext(ctx, `SELECT version, oldest FROM pinwheel_schema`).Scan(&version, &oldest); err != nil {
		return 0, err
	}
	if newest := steps[len(steps)-1].version; oldest > newest {
		return 0, fmt.Errorf("a newer pinwheel made this database (it needs one that knows schema %d, this one knows %d): use that one or name another database", oldest, newest)
	}
	return version, nil
}
