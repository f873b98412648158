package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Facts is what an index said last of one package.
type Facts struct {
	Name       string // normalised
	ETag       string
	Serial     int64
	CheckedAt  time.Time
	Problem    string // why the last answer was no use, empty when it was
	WithHashes bool   // Blob holds the files' hashes
	Blob       []byte // nil: nothing was ever learnt
}

// Facts returns what is known of names on an index, by name; a name nothing is
// known of is not in the map. It is one query, however many names there are.
func (s *Store) Facts(ctx context.Context, index string, names []string) (map[string]Facts, error) {
	const query = `SELECT name, etag, serial, checked_at, problem, with_hashes, facts FROM packages
		WHERE index_name = ? AND name IN (SELECT value FROM json_each(?))`
	out := make(map[string]Facts, len(names))
	if len(names) == 0 {
		return out, nil
	}
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	err = s.each(ctx, query, []any{index, string(list)}, func(rows *sql.Rows) error {
		var f Facts
		var at instant
		if err := rows.Scan(&f.Name, &f.ETag, &f.Serial, &at, &f.Problem, &f.WithHashes, &f.Blob); err != nil {
			return err
		}
		f.CheckedAt = at.Time
		out[f.Name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the facts of index %s: %w", index, err)
	}
	return out, nil
}

// SaveFacts replaces what is known of each of these packages on an index, all
// or none. To note a problem and keep the last good answer, save them together.
func (s *Store) SaveFacts(ctx context.Context, index string, facts []Facts) error {
	const upsert = `INSERT INTO packages (index_name, name, etag, serial, checked_at, problem, with_hashes, facts)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (index_name, name) DO UPDATE SET etag = excluded.etag, serial = excluded.serial,
		checked_at = excluded.checked_at, problem = excluded.problem, with_hashes = excluded.with_hashes, facts = excluded.facts`
	if len(facts) == 0 {
		return nil
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, upsert)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for _, f := range facts {
			_, err := stmt.ExecContext(ctx, index, f.Name, f.ETag, f.Serial, instant{f.CheckedAt}, f.Problem, f.WithHashes, f.Blob)
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save the facts of index %s: %w", index, err)
	}
	return nil
}
