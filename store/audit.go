package store

import (
	"context"
	"database/sql"
	"encoding/json"
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

// Record adds an entry to the audit. It is never removed.
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
