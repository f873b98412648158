package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Quiet is the record of a run that found nothing changed and nothing to do: its requests and a
// digest of each answer. A run between From and Until that gets the same answers ends in the same
// way. With an empty By no run does: then it only says which pages the run wanted. It is stored as JSON: a key is never renamed, and an absent key has the zero value.
type Quiet struct {
	By    string    `json:"by"` // a digest of the program, its settings and the project's configuration
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`

	Reads []QuietRead  `json:"reads"` // of GitLab
	Pages []QuietPages `json:"pages"` // by index
	Own   string       `json:"own"`   // the project's own policy file, empty for none

	Places    *int `json:"places"`    // how many all projects might still open, nil without a bound
	Attends   bool `json:"attends"`   // no window before it was missed
	Pipelines bool `json:"pipelines"` // the list of pipelines was read to its end
	Gates     bool `json:"gates"`     // the pipelines of gates were read, too

	Dashboard QuietDashboard `json:"dashboard"`
	Awaited   []QuietAwaited `json:"awaited,omitempty"` // whoever watches looks for their end

	Pins      int            `json:"pins"`
	Behind    int            `json:"behind"`
	Open      int            `json:"open"`
	Standings map[string]int `json:"standings"`
	States    map[string]int `json:"states"` // updates by state
}

// QuietRead is one answer of GitLab.
type QuietRead struct {
	URL    string `json:"url"`
	Accept string `json:"accept"`
	Answer string `json:"answer"` // a digest
	Wave   int    `json:"wave"`   // it was sent when all of lower waves were answered
}

// QuietPages are the pages of one index.
type QuietPages struct {
	Index  string   `json:"index"`
	Names  []string `json:"names"`  // all of them, sorted
	Least  []string `json:"least"`  // of each the lowest pin, empty if there is none
	Hashed []string `json:"hashed"` // of which the hashes matter
	Gone   []string `json:"gone"`   // names that the index does not know
	Facts  string   `json:"facts"`  // a digest of which facts are stored
}

// QuietDashboard is the issue in GitLab.
type QuietDashboard struct {
	Project int64     `json:"project"`
	IID     int64     `json:"iid"`
	At      time.Time `json:"at"`
	Foreign bool      `json:"foreign"`
}

// QuietAwaited is a merge request whose pipeline was waited for, and what was known
// of that.
type QuietAwaited struct {
	MR       int64     `json:"mr"`
	Branch   string    `json:"branch"`
	Pipeline int64     `json:"pipeline"`
	Updated  time.Time `json:"updated"`
}

// Quiet returns the record that the run before the given one left or confirmed. ok is false
// if there is none, if another run came between, or if the record cannot be read.
func (s *Store) Quiet(ctx context.Context, project string, run int64) (q Quiet, ok bool, err error) {
	const query = `SELECT record FROM quiet WHERE project = ? AND run = (SELECT max(id) FROM runs WHERE project = ? AND id < ?)`
	var record string
	err = s.row(ctx, query, []any{project, project, run}, &record)
	if errors.Is(err, sql.ErrNoRows) {
		return Quiet{}, false, nil
	}
	if err != nil {
		return Quiet{}, false, fmt.Errorf("read the answers of the last run of %s: %w", project, err)
	}
	return q, json.Unmarshal([]byte(record), &q) == nil, nil
}

// PagesBefore returns which pages the last run wanted that left a record, whatever came after it:
// then nothing else of it counts. It is nil if no run left one, or if it cannot be read.
func (s *Store) PagesBefore(ctx context.Context, project string) ([]QuietPages, error) {
	const query = `SELECT record FROM quiet WHERE project = ?`
	var record string
	err := s.row(ctx, query, []any{project}, &record)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read which pages the last run of %s wanted: %w", project, err)
	}
	var q struct {
		Pages []QuietPages `json:"pages"`
	}
	_ = json.Unmarshal([]byte(record), &q) // then the run finds out by itself
	return q.Pages, nil
}

// KeepQuiet replaces the record of a project by that of a live run.
func (s *Store) KeepQuiet(ctx context.Context, project string, run int64, q Quiet) error {
	const upsert = `INSERT INTO quiet (project, run, record) VALUES (?, ?, ?)
		ON CONFLICT (project) DO UPDATE SET run = excluded.run, record = excluded.record`
	record, err := json.Marshal(q)
	if err == nil {
		err = s.exec(ctx, upsert, project, run, string(record))
	}
	if err != nil {
		return fmt.Errorf("keep the answers of the run of %s: %w", project, err)
	}
	return nil
}

// QuietRun is a run that ends because nothing is new.
type QuietRun struct {
	Project string
	ID      int64
	Now     time.Time
}

// FinishQuiet ends a live run that got the answers of q. It records how far lists were read, which
// windows were not missed, and the end of the run. The run shares the row of the run before it, if
// that had no effect either; then the record counts already for the run after them. It returns
// ErrNotLive if the run is already over.
func (s *Store) FinishQuiet(ctx context.Context, run QuietRun, q Quiet) error {
	const remember = `UPDATE projects SET pipelines_seen = CASE WHEN ? THEN merge_requests_seen ELSE pipelines_seen END, merge_requests_seen = ?,
		gates = CASE WHEN ? THEN json_set(gates, '$.Seen', merge_requests_seen) ELSE gates END, attended_at = CASE WHEN ? THEN ? ELSE attended_at END WHERE path = ?`
	const confirm = `UPDATE quiet SET run = ? WHERE project = ? AND run <> ?`
	err := s.write(ctx, func(tx *sql.Tx) error {
		e := ended{run.ID, instant{run.Now}, RunEnd{Status: RunDone}}
		row, joined, err := endInARow(ctx, tx, e)
		if err == nil && !joined {
			row, err = run.ID, endAlone(ctx, tx, e)
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, remember, q.Pipelines, instant{run.Now}, q.Gates, q.Attends, instant{run.Now}, run.Project); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, confirm, row, run.Project, row)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotLive
	}
	if err != nil {
		return fmt.Errorf("finish run %d: %w", run.ID, err)
	}
	return nil
}

// Stamp identifies the facts of a name, so that a run can see whether they are those that another
// run used.
type Stamp struct {
	Name       string
	ETag       string
	Serial     int64
	CheckedAt  time.Time
	FreshUntil time.Time
	WithHashes bool
	Digest     string // of the whole answer of the index, empty if an earlier version wrote it
}

// Stamps returns the stamps of names on an index, by name as text. An unknown name has none. It is
// one query, however many names there are.
func (s *Store) Stamps(ctx context.Context, index string, names []string) ([]Stamp, error) {
	const query = `SELECT name, etag, serial, checked_at, fresh_until, with_hashes, digest
		FROM packages WHERE index_name = ? AND name IN (SELECT value FROM json_each(?)) ORDER BY name`
	out := make([]Stamp, 0, len(names))
	err := s.named(ctx, query, onIndex{index, names}, func(rows *sql.Rows) error {
		var f Stamp
		var at, until instant
		if err := rows.Scan(&f.Name, &f.ETag, &f.Serial, &at, &until, &f.WithHashes, &f.Digest); err != nil {
			return err
		}
		f.CheckedAt, f.FreshUntil = at.Time, until.Time
		out = append(out, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read which facts of %s are stored: %w", plan.SpokenIndex(index), err)
	}
	return out, nil
}

// SameMemory reports whether two memories would be stored in the same form.
func SameMemory(a, b Memory) bool {
	row := func(m Memory) []byte {
		m.Pipelines, m.Gaps, m.Standings = nil, nil, nil
		for _, t := range []*time.Time{&m.DashboardAt, &m.MergeRequestsSeen, &m.Attended, &m.PipelinesSeen, &m.RightsAt} {
			*t = t.UTC()
		}
		text, _ := json.Marshal(m) // texts, numbers and times
		return text
	}
	parts := func(m Memory) string {
		if len(m.Pipelines) == 0 {
			m.Pipelines = nil
		}
		if len(m.Gaps) == 0 {
			m.Gaps = nil
		}
		if len(m.Standings) == 0 {
			m.Standings = nil
		}
		text, _ := json.Marshal([]any{eachValue(m.Pipelines, rowOfPipeline), each(m.Gaps, rowOfProblem), eachKey[string](m.Standings)})
		return string(text)
	}
	return bytes.Equal(row(a), row(b)) && parts(a) == parts(b)
}

// SameMergeRequests reports whether two lists would be stored in the same form.
func SameMergeRequests(a, b []plan.MergeRequest) bool {
	x, errX := json.Marshal(each(a, rowOfMergeRequest))
	y, errY := json.Marshal(each(b, rowOfMergeRequest))
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
