package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// NotesOf says of which step release notes are, and from which place: the address of a repository.
type NotesOf struct {
	Place string
	plan.Step
}

// notesKept is how long release notes are kept after they were read.
const notesKept = 180 * 24 * time.Hour

// releaseNotesRow is how release notes are stored. A key is never renamed.
type releaseNotesRow struct {
	Notes []releaseNoteRow `json:"notes"`
	More  int              `json:"more,omitempty"`
}

type releaseNoteRow struct {
	Version string    `json:"version"`
	Title   string    `json:"title,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Text    string    `json:"text"`
}

// ReleaseNotes returns what was kept of a step, and when it was read. The zero value and the zero time
// mean that nothing was.
func (s *Store) ReleaseNotes(ctx context.Context, of NotesOf) (plan.ReleaseNotes, time.Time, error) {
	const query = `SELECT read_at, notes FROM release_notes WHERE place = ? AND name = ? AND from_version = ? AND to_version = ?`
	var at instant
	var text string
	switch err := s.row(ctx, query, []any{of.Place, of.Key, of.From, of.To}, &at, &text); {
	case errors.Is(err, sql.ErrNoRows):
		return plan.ReleaseNotes{}, time.Time{}, nil
	case err != nil:
		return plan.ReleaseNotes{}, time.Time{}, fmt.Errorf("read the release notes of %s: %w", of.Key, err)
	}
	var row releaseNotesRow
	if err := json.Unmarshal([]byte(text), &row); err != nil {
		return plan.ReleaseNotes{}, time.Time{}, fmt.Errorf("read the release notes of %s: %w", of.Key, err)
	}
	out := plan.ReleaseNotes{State: plan.NotesRead, More: row.More}
	for _, n := range row.Notes {
		out.Notes = append(out.Notes, plan.ReleaseNote(n))
	}
	return out, at.Time, nil
}

// SaveReleaseNotes keeps what was read of a step at an instant, and forgets what was read half a year before.
func (s *Store) SaveReleaseNotes(ctx context.Context, of NotesOf, notes plan.ReleaseNotes, at time.Time) error {
	const upsert = `INSERT INTO release_notes (place, name, from_version, to_version, read_at, notes) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (place, name, from_version, to_version) DO UPDATE SET read_at = excluded.read_at, notes = excluded.notes`
	const forget = `DELETE FROM release_notes WHERE read_at < ?`
	row := releaseNotesRow{Notes: []releaseNoteRow{}, More: notes.More}
	for _, n := range notes.Notes {
		row.Notes = append(row.Notes, releaseNoteRow(n))
	}
	text, err := json.Marshal(row)
	if err != nil {
		return err
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, forget, instant{at.Add(-notesKept)}); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, upsert, of.Place, of.Key, of.From, of.To, instant{at}, string(text))
		return err
	})
	if err != nil {
		return fmt.Errorf("save the release notes of %s: %w", of.Key, err)
	}
	return nil
}
