package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// tables are all that a database holds, each after those that it refers to.
var tables = [...]string{
	"projects", "packages", "package_details", "metadata", "branches", "merge_requests", "selections", "runs", "actions", "audit",
	"audit_removed", "quiet", "files", "pauses", "views", "pins", "release_notes",
}

// numberedTables have rows that the database numbers.
var numberedTables = [...]string{"runs", "actions", "audit"}

// Copy writes all that s holds into a database that holds nothing, whole or not at all, and returns
// how many rows that were. Nothing may be at work on s, and what is there stays as it is.
func (s *Store) Copy(ctx context.Context, to *Store) (rows int, err error) {
	if err := s.idle(ctx); err != nil {
		return 0, fmt.Errorf("copy %s: %w", s.path, err)
	}
	from, err := s.db().BeginTx(ctx, &sql.TxOptions{Isolation: s.oneInstant()})
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", s.path, s.explained(s.db(), err))
	}
	defer from.Rollback() //nolint:errcheck // it only read
	err = to.writeOver(ctx, func(tx *sql.Tx) error {
		rows = 0
		c := copying{s, to, from, tx}
		for _, table := range tables {
			n, err := copyTable(ctx, c, table)
			if err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			rows += n
		}
		return c.numbered(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("copy %s to %s: %w", s.path, to.path, err)
	}
	return rows, nil
}

// oneInstant makes a transaction see the database as it is at one instant.
func (s *Store) oneInstant() sql.IsolationLevel {
	if s.server != nil {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault // in SQLite every transaction does
}

// idle returns an error if a run is at work.
func (s *Store) idle(ctx context.Context) error {
	const query = `SELECT project, host, pid, instance, lease_until FROM runs WHERE status = 'running' ORDER BY project`
	return s.each(ctx, query, nil, func(rows *sql.Rows) error {
		var project string
		var holder Owner
		var until instant
		if err := rows.Scan(&project, &holder.Host, &holder.PID, &holder.Instance, &until); err != nil {
			return err
		}
		if s.server == nil && s.process.gone(holder) || !time.Now().Before(until.Time) {
			return nil
		}
		return fmt.Errorf("a run of %s is at work until %s: stop pinwheel first", project, until.Format(time.RFC3339))
	})
}

// copying is what copies of tables have in common.
type copying struct {
	source, target *Store
	from, to       *sql.Tx
}

// copyTable copies the rows of one table.
func copyTable(ctx context.Context, c copying, table string) (n int, err error) {
	var there bool
	if err := c.to.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+table+`)`).Scan(&there); err != nil {
		return 0, err
	}
	if there {
		return 0, errors.New("the database to copy to is in use: name an empty one")
	}
	known, err := columns(ctx, c.to, table)
	if err != nil {
		return 0, err
	}
	names, err := columns(ctx, c.from, table)
	if err != nil {
		return 0, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(known, name) })
	//nolint:gosec // names of our own tables and columns
	rows, err := c.from.QueryContext(ctx, `SELECT `+strings.Join(names, ", ")+` FROM `+table)
	if err != nil {
		return 0, c.source.explained(c.source.db(), err)
	}
	defer rows.Close()
	insert, err := c.to.PrepareContext(ctx, `INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES (`+strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ")+`)`) //nolint:gosec // the same
	if err != nil {
		return 0, err
	}
	defer insert.Close()
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return 0, err
	}
	values, places := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		places[i] = &values[i]
	}
	for ; rows.Next(); n++ {
		if err := rows.Scan(places...); err != nil {
			return n, err
		}
		for i, name := range names {
			values[i] = c.value(name, kinds[i], values[i])
		}
		if _, err := insert.ExecContext(ctx, values...); err != nil {
			return n, err
		}
	}
	return n, c.source.explained(c.source.db(), rows.Err())
}

// value is a value as the target takes it: SQLite has numbers for true and false, and texts
// for JSON.
func (c copying) value(column string, kind *sql.ColumnType, v any) any {
	switch v := v.(type) {
	case int64:
		if c.target.server != nil && (column == "with_hashes" || column == "doubtful") {
			return v != 0
		}
	case []byte:
		if kind.DatabaseTypeName() == "JSON" {
			return string(v)
		}
	}
	return v
}

func columns(ctx context.Context, tx *sql.Tx, table string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM `+table+` LIMIT 0`) //nolint:gosec // names of our own tables
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	return names, errors.Join(err, rows.Err())
}

// numbered makes the next numbers follow all that the source has given, also those of rows that are
// gone, since audit and logs name runs by number.
func (c copying) numbered(ctx context.Context) error {
	for _, table := range numberedTables {
		last, err := c.source.lastNumber(ctx, c.from, table)
		if err != nil {
			return err
		}
		if last == 0 {
			continue
		}
		if c.target.server != nil {
			_, err = c.to.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence(?, 'id'), ?)`, table, last)
		} else if _, err = c.to.ExecContext(ctx, `DELETE FROM sqlite_sequence WHERE name = ?`, table); err == nil {
			_, err = c.to.ExecContext(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)`, table, last)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lastNumber is the highest number that a table has given to a row, 0 for none.
func (s *Store) lastNumber(ctx context.Context, tx *sql.Tx, table string) (last int64, err error) {
	query := `SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?`
	if s.server != nil {
		query = `SELECT greatest(coalesce(max(id), 0), coalesce(pg_sequence_last_value(pg_get_serial_sequence(?, 'id')::regclass), 0)) FROM ` + table
	}
	err = tx.QueryRowContext(ctx, query, table).Scan(&last)
	return last, s.explained(s.db(), err)
}
