package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Pause keeps pinwheel from changing anything in a project until it is resumed.
type Pause struct {
	Project string // its path, empty for all projects
	Reason  string
	Who     string // the user of the machine, empty if it is not known
	At      time.Time
}

// ErrPaused says that a project was paused while a run was at work.
var ErrPaused = errors.New("it was paused while it was at work")

// Pause notes a pause, in place of one that is there. The case of the path does not matter.
func (s *Store) Pause(ctx context.Context, p Pause) error {
	const upsert = `INSERT INTO pauses (project, reason, who, at) VALUES (lower(?), ?, ?, ?)
		ON CONFLICT (project) DO UPDATE SET reason = excluded.reason, who = excluded.who, at = excluded.at`
	if err := s.exec(ctx, upsert, p.Project, p.Reason, p.Who, instant{p.At}); err != nil {
		return fmt.Errorf("pause %s: %w", spokenProject(p.Project), err)
	}
	return nil
}

// Resume ends the pause of a project, or with an empty path that of all, which leaves pauses
// of single projects. It reports whether there was one.
func (s *Store) Resume(ctx context.Context, project string) (was bool, err error) {
	const remove = `DELETE FROM pauses WHERE project = lower(?) RETURNING project`
	switch err := s.row(ctx, remove, []any{project}, &project); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("resume %s: %w", spokenProject(project), err)
	}
	return true, nil
}

// Paused returns the pause in force for a project: its own, else that of all. ok is false
// if there is none.
func (s *Store) Paused(ctx context.Context, project string) (p Pause, ok bool, err error) {
	const query = `SELECT project, reason, who, at FROM pauses WHERE project IN (lower(?), '') ORDER BY project DESC LIMIT 1`
	var at instant
	switch err := s.row(ctx, query, []any{project}, &p.Project, &p.Reason, &p.Who, &at); {
	case errors.Is(err, sql.ErrNoRows):
		return Pause{}, false, nil
	case err != nil:
		return Pause{}, false, fmt.Errorf("read whether %s is paused: %w", project, err)
	}
	p.At = at.Time
	return p, true, nil
}

// Pauses returns every pause, that of all projects first, then by path in small letters.
func (s *Store) Pauses(ctx context.Context) ([]Pause, error) {
	var out []Pause
	err := s.each(ctx, `SELECT project, reason, who, at FROM pauses ORDER BY project`, nil, func(rows *sql.Rows) error {
		var p Pause
		var at instant
		if err := rows.Scan(&p.Project, &p.Reason, &p.Who, &at); err != nil {
			return err
		}
		p.At = at.Time
		out = append(out, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what is paused: %w", err)
	}
	return out, nil
}

func spokenProject(path string) string {
	if path == "" {
		return "all projects"
	}
	return path
}
