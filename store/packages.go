package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Facts is the last answer of an index about one package.
type Facts struct {
	Name       string // normalised
	ETag       string
	Serial     int64
	CheckedAt  time.Time
	FreshUntil time.Time // until when it is not asked for again; zero: the next run asks
	Problem    string    // why the last answer could not be used, empty if it could
	WithHashes bool      // Blob holds the files' hashes
	Blob       []byte    // nil if the index never gave a page
	Whole      []byte    // what Blob leaves out of it; written with Details, read by Store.Whole
	// Details say where the package's files are. They are only written, and nil keeps the stored
	// ones; Store.Details reads them. HasDetails is only read, and says whether there are any.
	Details    []byte
	HasDetails bool
	Digest     string // of the whole answer; only written, see Stamps
}

// Facts returns what is known of names on an index, by name. An unknown name is not in the map. It
// is one query, however many names there are.
func (s *Store) Facts(ctx context.Context, index string, names []string) (map[string]Facts, error) {
	const query = `SELECT name, etag, serial, checked_at, fresh_until, problem, with_hashes, facts,
		EXISTS (SELECT 1 FROM package_details d WHERE d.index_name = p.index_name AND d.name = p.name)
		FROM packages p WHERE index_name = ? AND name IN (SELECT value FROM json_each(?))`
	out := make(map[string]Facts, len(names))
	err := s.named(ctx, query, onIndex{index, names}, func(rows *sql.Rows) error {
		var f Facts
		var at, until instant
		if err := rows.Scan(&f.Name, &f.ETag, &f.Serial, &at, &until, &f.Problem, &f.WithHashes, &f.Blob, &f.HasDetails); err != nil {
			return err
		}
		f.CheckedAt, f.FreshUntil = at.Time, until.Time
		out[f.Name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the facts of %s: %w", plan.SpokenIndex(index), err)
	}
	return out, nil
}

// SaveFacts replaces what is known of each of these packages on an index, all
// or none. To note a problem and keep the last good answer, save them together.
func (s *Store) SaveFacts(ctx context.Context, index string, facts []Facts) error {
	const upsert = `INSERT INTO packages (index_name, name, etag, serial, checked_at, fresh_until, problem, with_hashes, facts, digest)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (index_name, name) DO UPDATE SET etag = excluded.etag, serial = excluded.serial,
		checked_at = excluded.checked_at, fresh_until = excluded.fresh_until, problem = excluded.problem, with_hashes = excluded.with_hashes, facts = excluded.facts, digest = excluded.digest`
	const details = `INSERT INTO package_details (index_name, name, details, whole) VALUES (?, ?, ?, ?)
		ON CONFLICT (index_name, name) DO UPDATE SET details = excluded.details, whole = excluded.whole`
	if len(facts) == 0 {
		return nil
	}
	if s.server != nil { // two that write the same rows in one order do not wait for each other in a circle
		facts = slices.SortedStableFunc(slices.Values(facts), func(a, b Facts) int { return cmp.Compare(a.Name, b.Name) })
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, upsert)
		if err != nil {
			return err
		}
		defer stmt.Close()
		also, err := tx.PrepareContext(ctx, details)
		if err != nil {
			return err
		}
		defer also.Close()
		for _, f := range facts {
			_, err := stmt.ExecContext(ctx, index, f.Name, f.ETag, f.Serial, instant{f.CheckedAt}, instant{f.FreshUntil}, f.Problem, f.WithHashes, f.Blob, f.Digest)
			if err == nil && f.Details != nil {
				_, err = also.ExecContext(ctx, index, f.Name, f.Details, f.Whole)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save the facts of %s: %w", plan.SpokenIndex(index), err)
	}
	return nil
}

// DropFacts removes what is known of packages on an index, with their ETags, so that the next run
// reads them anew.
func (s *Store) DropFacts(ctx context.Context, index string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	list, err := json.Marshal(names)
	if err != nil {
		return err
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		for _, statement := range []string{
			`DELETE FROM packages WHERE index_name = ? AND name IN (SELECT value FROM json_each(?))`,
			`DELETE FROM package_details WHERE index_name = ? AND name IN (SELECT value FROM json_each(?))`,
		} {
			if _, err := tx.ExecContext(ctx, statement, index, string(list)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop facts of %s: %w", plan.SpokenIndex(index), err)
	}
	return nil
}

// KeepFacts sets until when what is known of packages on an index may be used without asking again.
// It does not change when they were read.
func (s *Store) KeepFacts(ctx context.Context, index string, until map[string]time.Time) error {
	const update = `UPDATE packages SET fresh_until = ? WHERE index_name = ? AND name = ?`
	if len(until) == 0 {
		return nil
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, update)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for _, name := range slices.Sorted(maps.Keys(until)) {
			if _, err := stmt.ExecContext(ctx, instant{until[name]}, index, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the facts of %s: %w", plan.SpokenIndex(index), err)
	}
	return nil
}

// Whole returns what SaveFacts kept as Whole of one package; nil for nothing.
func (s *Store) Whole(ctx context.Context, index, name string) ([]byte, error) {
	const query = `SELECT whole FROM package_details WHERE index_name = ? AND name = ?`
	var whole []byte
	if err := s.row(ctx, query, []any{index, name}, &whole); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read the facts of %s on %s: %w", name, plan.SpokenIndex(index), err)
	}
	return whole, nil
}
