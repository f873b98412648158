package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// AuditEvent says what an entry of the audit is about.
type AuditEvent string

// The events. An effect has two entries, before and after it. If it has only the first, the run was
// cut short. The next run finds out what became of the effect, and its entries say so.
const (
	Asked AuditEvent = "asked" // a person ticked or unticked a box
	Began AuditEvent = "began" // an effect on GitLab is about to happen
	Ended AuditEvent = "ended"
)

// AuditEntry is one line of the audit.
type AuditEntry struct {
	At      time.Time  `json:"at"` // of the run
	Project string     `json:"project"`
	Run     int64      `json:"run"`
	Event   AuditEvent `json:"event"`
	Action  string     `json:"action"`           // "tick", or the kind of the effect
	Target  string     `json:"target"`           // a branch, or the issue
	Who     string     `json:"who,omitempty"`    // the username of whoever asked; empty when nobody did
	Role    string     `json:"role,omitempty"`   // of theirs, if it was read
	Why     string     `json:"why,omitempty"`    // a word such as window or forced, or a sentence
	Before  []string   `json:"before,omitempty"` // pins, heads, states: what was there
	After   []string   `json:"after,omitempty"`  // what is there instead
	Result  string     `json:"result,omitempty"` // of what ended: done, or a sentence; of what was asked: why it was refused
}

// Record adds an entry to the audit. Only ForgetAudit removes it.
func (s *Store) Record(ctx context.Context, e AuditEntry) error {
	if err := s.write(ctx, func(tx *sql.Tx) error { return record(ctx, tx, e) }); err != nil {
		return fmt.Errorf("write the audit of %s: %w", e.Project, err)
	}
	return nil
}

func record(ctx context.Context, tx *sql.Tx, e AuditEntry) error {
	e.At = e.At.UTC()
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO audit (project, entry) VALUES (?, ?)`, e.Project, string(text))
	return err
}

// Audit calls each for every entry of a project, or of all projects if project is empty, in
// the order in which they were added. The case of the path does not matter.
func (s *Store) Audit(ctx context.Context, project string, each func(AuditEntry) error) error {
	const query = `SELECT entry FROM audit WHERE ? = '' OR lower(project) = lower(?) ORDER BY id`
	err := s.each(ctx, query, []any{project, project}, func(rows *sql.Rows) error {
		var e AuditEntry
		if err := rows.Scan(asJSON{&e}); err != nil {
			return err
		}
		return each(e)
	})
	if err != nil {
		return fmt.Errorf("read the audit: %w", err)
	}
	return nil
}

// Removed says which entries of the audit are gone: so many, each of before an instant. It is zero
// if all are there.
type Removed struct {
	Entries int
	Before  time.Time
}

// RemovedFromAudit returns what ForgetAudit removed in all.
func (s *Store) RemovedFromAudit(ctx context.Context) (r Removed, err error) {
	var before instant
	err = s.row(ctx, `SELECT entries, older_than FROM audit_removed`, nil, &r.Entries, &before)
	if errors.Is(err, sql.ErrNoRows) {
		return Removed{}, nil
	}
	if err != nil {
		return Removed{}, fmt.Errorf("read what was removed from the audit: %w", err)
	}
	r.Before = before.Time
	return r, nil
}

// forgetAtOnce is how many entries one transaction removes at most, so that runs wait for none of
// them for long.
const forgetAtOnce = 1000

// ForgetAudit removes the entries of before an instant from the beginning of the audit on, up to the
// first that is younger, and returns how many these were. Nothing that runs decide by is in the audit:
// refusals, requests and pauses have tables of their own.
func (s *Store) ForgetAudit(ctx context.Context, before time.Time) (removed int, err error) {
	for {
		var n int
		err := s.write(ctx, func(tx *sql.Tx) (err error) {
			n, err = forgetAudit(ctx, tx, before)
			return err
		})
		removed += n
		if err != nil {
			return removed, fmt.Errorf("remove old entries of the audit: %w", err)
		}
		if n < forgetAtOnce {
			return removed, nil
		}
	}
}

// forgetAudit removes the oldest entries in a transaction, forgetAtOnce at most.
func forgetAudit(ctx context.Context, tx *sql.Tx, before time.Time) (n int, err error) {
	const allow = `INSERT INTO audit_removed (id, last, entries, older_than) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
		last = excluded.last, entries = audit_removed.entries + excluded.entries, older_than = excluded.older_than`
	last, n, err := oldest(ctx, tx, before)
	if err != nil || n == 0 {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, allow, last, n, instant{before}); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM audit WHERE id <= ?`, last)
	return n, err
}

// oldest returns the number of the last entry of those at the beginning of the audit that are of
// before an instant, and how many these are, forgetAtOnce at most.
func oldest(ctx context.Context, tx *sql.Tx, before time.Time) (last int64, n int, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, entry FROM audit ORDER BY id LIMIT ?`, forgetAtOnce)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for ; rows.Next(); n++ {
		var id int64
		var e AuditEntry
		if err := rows.Scan(&id, asJSON{&e}); err != nil {
			return 0, 0, err
		}
		if !e.At.Before(before) {
			break
		}
		last = id
	}
	return last, n, rows.Err()
}
