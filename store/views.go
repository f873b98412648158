package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// View is what a run found of a project, as the status page shows it. Its texts are plain.
// The JSON is stored: a key is never renamed, and one that is absent has the zero value.
type View struct {
	Project string    `json:"-"`
	At      time.Time `json:"-"` // of the run
	ViewSummary
	Updates  []ViewUpdate   `json:"-"`
	Pins     []ViewPin      `json:"-"`
	Settings []ViewSettings `json:"-"`
}

// ViewSettings are settings that decide about pins in the same way.
type ViewSettings struct {
	Pins     []string      `json:"pins"` // their places, FILE:LINE
	Settings []ViewSetting `json:"settings"`
}

// ViewSetting is one of them: where it was written, with the layer of the configuration.
type ViewSetting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Place string `json:"place"`
}

// SettingsAt are those that decide about the pin at a place, nil where none are known.
func (v View) SettingsAt(file string, line int) []ViewSetting {
	place := fmt.Sprintf("%s:%d", file, line)
	for _, s := range v.Settings {
		if slices.Contains(s.Pins, place) {
			return s.Settings
		}
	}
	return nil
}

// ViewSummary is the part of a View that the list of all projects shows.
type ViewSummary struct {
	Status    string         `json:"status"` // of the run: done, failed or stopped
	Problems  []string       `json:"problems,omitempty"`
	URL       string         `json:"url,omitempty"` // of the project
	Count     int            `json:"pins"`
	Behind    int            `json:"behind"`
	Standings map[string]int `json:"standings,omitempty"`
	States    map[string]int `json:"states,omitempty"` // updates by state
	Open      int            `json:"open"`
	Red       int            `json:"red"` // open merge requests whose pipeline or gate failed
	Libyears  float64        `json:"libyears"`
	Weeks     []ViewWeek     `json:"weeks,omitempty"` // of Libyears, oldest first
	Always    bool           `json:"always"`          // the window
	Inside    bool           `json:"inside"`
	Opens     time.Time      `json:"opens"`
	Closes    time.Time      `json:"closes"`
}

// ViewWeek is Libyears in a week.
type ViewWeek struct {
	Day      time.Time `json:"day"`
	Libyears float64   `json:"libyears"`
}

// ViewUpdate is an update.
type ViewUpdate struct {
	Title  string `json:"title"`
	Branch string `json:"branch"`
	State  string `json:"state"`
	Reason string `json:"reason"`
	MR     int64  `json:"mr,omitempty"`
	Red    bool   `json:"red,omitempty"`
}

// ViewPin is a pin. It is stored in columns.
type ViewPin struct {
	Project, File         string
	Line                  int
	Key, Name, Version    string
	Standing, Target, Why string // Target is the version that an update takes it to, empty for none
}

// KeepView replaces the view of a project. Of a run that could not judge anything, whose
// Pins and Updates are nil, only the status and the problems take the place of what was there.
func (s *Store) KeepView(ctx context.Context, v View) error {
	const upsert = `INSERT INTO views (project, at, summary, updates, settings) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (project) DO UPDATE SET at = excluded.at, summary = excluded.summary, updates = excluded.updates, settings = excluded.settings`
	const insert = `INSERT INTO pins (project, file, line, key, name, version, standing, target, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (project, file, line) DO UPDATE SET key = excluded.key, name = excluded.name, version = excluded.version,
		standing = excluded.standing, target = excluded.target, why = excluded.why`
	err := s.project(ctx, v.Project, func(tx *sql.Tx) error {
		v := v
		if v.Pins != nil || v.Updates != nil {
			if _, err := tx.ExecContext(ctx, `DELETE FROM pins WHERE project = ?`, v.Project); err != nil {
				return err
			}
		} else if err := v.found(ctx, tx); err != nil {
			return err
		}
		args := []any{v.Project, instant{v.At}}
		for _, part := range []any{v.ViewSummary, v.Updates, v.Settings} {
			text, err := json.Marshal(part)
			if err != nil {
				return err
			}
			args = append(args, string(text))
		}
		if _, err := tx.ExecContext(ctx, upsert, args...); err != nil {
			return err
		}
		for _, p := range v.Pins {
			if _, err := tx.ExecContext(ctx, insert, v.Project, p.File, p.Line, p.Key, p.Name, p.Version, p.Standing, p.Target, p.Why); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the view of %s: %w", v.Project, err)
	}
	return nil
}

// found takes over what an earlier run found, but for the status and the problems.
func (v *View) found(ctx context.Context, tx *sql.Tx) error {
	const query = `SELECT summary, updates, settings FROM views WHERE project = ?`
	var old View
	err := tx.QueryRowContext(ctx, query, v.Project).Scan(asJSON{&old.ViewSummary}, asJSON{&old.Updates}, asJSON{&old.Settings})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		old.Status, old.Problems = v.Status, v.Problems
		v.ViewSummary, v.Updates, v.Settings = old.ViewSummary, old.Updates, old.Settings
	}
	return err
}

// Views returns the view of every project without its updates and pins, by path.
func (s *Store) Views(ctx context.Context) ([]View, error) {
	var out []View
	err := s.each(ctx, `SELECT project, at, summary FROM views ORDER BY project`, nil, func(rows *sql.Rows) error {
		var v View
		var at instant
		if err := rows.Scan(&v.Project, &at, asJSON{&v.ViewSummary}); err != nil {
			return err
		}
		v.At = at.Time
		out = append(out, v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the views of projects: %w", err)
	}
	return out, nil
}

// Dashboards returns the number of the dashboard of each project, 0 for none.
func (s *Store) Dashboards(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	err := s.each(ctx, `SELECT path, dashboard_iid FROM projects`, nil, func(rows *sql.Rows) error {
		var path string
		var iid int64
		err := rows.Scan(&path, &iid)
		out[path] = iid
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read which dashboards there are: %w", err)
	}
	return out, nil
}

// ViewOf returns the whole view of one project. ok is false where no run left one. The case of
// the path does not matter.
func (s *Store) ViewOf(ctx context.Context, project string) (v View, ok bool, err error) {
	const query = `SELECT project, at, summary, updates, settings FROM views WHERE lower(project) = lower(?)`
	var at instant
	switch err := s.row(ctx, query, []any{project}, &v.Project, &at, asJSON{&v.ViewSummary}, asJSON{&v.Updates}, asJSON{&v.Settings}); {
	case errors.Is(err, sql.ErrNoRows):
		return View{}, false, nil
	case err != nil:
		return View{}, false, fmt.Errorf("read the view of %s: %w", project, err)
	}
	v.At = at.Time
	v.Pins, err = s.viewPins(ctx, `project = ?`, v.Project)
	return v, err == nil, err
}

// HasView reports whether a run left a view of a project.
func (s *Store) HasView(ctx context.Context, project string) (bool, error) {
	err := s.row(ctx, `SELECT project FROM views WHERE project = ?`, []any{project}, &project)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// PinsOf returns the pins of one package over all projects, by project, file and line. The
// name is normalised.
func (s *Store) PinsOf(ctx context.Context, key string) ([]ViewPin, error) {
	return s.viewPins(ctx, `key = ?`, key)
}

func (s *Store) viewPins(ctx context.Context, where, value string) ([]ViewPin, error) {
	var out []ViewPin
	query := `SELECT project, file, line, key, name, version, standing, target, why FROM pins WHERE ` + where + ` ORDER BY project, file, line`
	err := s.each(ctx, query, []any{value}, func(rows *sql.Rows) error {
		var p ViewPin
		if err := rows.Scan(&p.Project, &p.File, &p.Line, &p.Key, &p.Name, &p.Version, &p.Standing, &p.Target, &p.Why); err != nil {
			return err
		}
		out = append(out, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read pins: %w", err)
	}
	return out, nil
}

// ViewPackage is how often a package is pinned.
type ViewPackage struct {
	Key                    string
	Projects, Pins, Behind int
}

// Packages returns the packages whose names hold a text and that one of some projects pins, by
// how many pins are behind; at most so many of them. No other project counts.
func (s *Store) Packages(ctx context.Context, holds string, among []string, most int) ([]ViewPackage, error) {
	const query = `SELECT key, count(DISTINCT project), count(*), count(*) FILTER (WHERE standing = 'behind') FROM pins
		WHERE key <> '' AND instr(key, ?) > 0 AND project IN (SELECT value FROM json_each(?)) GROUP BY key ORDER BY 4 DESC, 3 DESC, 1 LIMIT ?`
	paths, err := json.Marshal(among)
	if err != nil {
		return nil, err
	}
	var out []ViewPackage
	err = s.each(ctx, query, []any{holds, string(paths), most}, func(rows *sql.Rows) error {
		var p ViewPackage
		if err := rows.Scan(&p.Key, &p.Projects, &p.Pins, &p.Behind); err != nil {
			return err
		}
		out = append(out, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read which packages are pinned: %w", err)
	}
	return out, nil
}

// AuditTail returns the last entries of a project's audit, the newest first.
func (s *Store) AuditTail(ctx context.Context, project string, most int) ([]AuditEntry, error) {
	var out []AuditEntry
	err := s.each(ctx, `SELECT entry FROM audit WHERE project = ? ORDER BY id DESC LIMIT ?`, []any{project, most}, func(rows *sql.Rows) error {
		var e AuditEntry
		if err := rows.Scan(asJSON{&e}); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit of %s: %w", project, err)
	}
	return slices.Clip(out), nil
}
