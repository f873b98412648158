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

// Memory is what earlier runs of one project recorded.
type Memory struct {
	GitLab            string // its address without the scheme, "" if that is not known; all numbers are of this one
	ID                int64  // GitLab's number of the project, 0 if not known
	Path              string
	Prefix            string // of the branches that the last run read, "" if that is not known
	DashboardIID      int64  // 0: no dashboard was written yet
	DashboardBody     string // as last written
	DashboardAt       time.Time
	PausedNoteFor     int64 // the dashboard issue with the note about the pause
	LastNoteID        int64
	MergeRequestsSeen time.Time // how far the list of merge requests was read
	Attended          time.Time // plan.Snapshot.Attended
	PipelinesSeen     time.Time // how far the list of pipelines was read
	Pipelines         map[int64]plan.Pipeline
	Gates             plan.GateMemory
	RightsAt          time.Time      // when rights and settings were read; zero: the next run reads them
	Gaps              []plan.Problem // which of them were missing then
	// Standings counts the pins by their standing in the last run; nil if that run judged none.
	Standings map[plan.Standing]int
	Bots      Bots
}

// Bots are what is known of users beside the token's own.
type Bots struct {
	Former []string `json:"former,omitempty"` // usernames and names that pinwheel had before, as a Maintainer said
	// Taken is when a run first took over from another bot, and Seen when that bot did
	// something after it last: what it did.
	Taken time.Time `json:"taken,omitzero"`
	Seen  time.Time `json:"seen,omitzero"`
	Did   string    `json:"did,omitempty"`
	// Others are the open merge requests of another bot beside the prefix, by IID, and OthersAt
	// is when the whole list of them was read. They are known where nothing is taken over.
	Others   []OtherRequest `json:"others,omitempty"`
	OthersAt time.Time      `json:"others_at,omitzero"`
	// Presets are those on the same GitLab that the project's configuration of Renovate names, by
	// name, where it is run by that.
	Presets map[string]Preset `json:"presets,omitempty"`
}

// Preset is a preset of another bot's configuration that stands in another project.
type Preset struct {
	Text string    `json:"text"`
	At   string    `json:"at"`   // the commit at which it was read
	Read time.Time `json:"read"` // when a run last looked whether it is another one
}

// OtherRequest is an open merge request of another bot's. At is the head at which it was read what
// it changes, "" if that is not known.
type OtherRequest struct {
	IID    int64    `json:"iid"`
	By     string   `json:"by,omitempty"`
	Title  string   `json:"title,omitempty"`
	Branch string   `json:"branch,omitempty"`
	Listed []string `json:"listed,omitempty"` // packages
	Head   string   `json:"head,omitempty"`
	At     string   `json:"at,omitempty"`
	Of     string   `json:"of,omitempty"` // the digest of the files that it was read for
	Paths  []string `json:"paths,omitempty"`
	Keys   []string `json:"keys,omitempty"`
	Whole  bool     `json:"whole,omitempty"` // Keys are all
}

// ProjectMemory returns what is known of the project at path. For an unknown project it is a Memory
// with nothing but the path.
func (s *Store) ProjectMemory(ctx context.Context, path string) (Memory, error) {
	const query = `SELECT id, dashboard_iid, dashboard_body, dashboard_at, paused_note_for, last_note_id, merge_requests_seen, attended_at, pipelines_seen, pipelines, rights_at, gaps, standings, gates, prefix, bots, gitlab
		FROM projects WHERE path = ?`
	m := Memory{Path: path}
	var at, seen, attended, seenPipelines, rights instant
	var pipelines map[int64]pipelineRow
	var gaps []problemRow
	var standings map[string]int
	var gates gatesRow
	err := s.row(ctx, query, []any{path},
		&m.ID, &m.DashboardIID, &m.DashboardBody, &at, &m.PausedNoteFor, &m.LastNoteID, &seen, &attended, &seenPipelines, asJSON{&pipelines}, &rights, asJSON{&gaps}, asJSON{&standings}, asJSON{&gates}, &m.Prefix, asJSON{&m.Bots}, &m.GitLab)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil
	}
	if err != nil {
		return Memory{}, fmt.Errorf("read the memory of %s: %w", path, err)
	}
	m.DashboardAt, m.MergeRequestsSeen, m.Attended, m.PipelinesSeen, m.RightsAt = at.Time, seen.Time, attended.Time, seenPipelines.Time, rights.Time
	m.Pipelines, m.Gaps = eachValue(pipelines, pipelineRow.pipeline), each(gaps, problemRow.problem)
	m.Standings = eachKey[plan.Standing](standings)
	m.Gates = gates.gates()
	return m, nil
}

// SaveMemory replaces what is known of the project m.Path.
func (s *Store) SaveMemory(ctx context.Context, m Memory) error {
	const upsert = `INSERT INTO projects
		(path, id, dashboard_iid, dashboard_body, dashboard_at, paused_note_for, last_note_id, merge_requests_seen, attended_at, pipelines_seen, pipelines, rights_at, gaps, standings, gates, prefix, bots, gitlab)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (path) DO UPDATE SET id = excluded.id, dashboard_iid = excluded.dashboard_iid,
		dashboard_body = excluded.dashboard_body, dashboard_at = excluded.dashboard_at,
		paused_note_for = excluded.paused_note_for, last_note_id = excluded.last_note_id,
		merge_requests_seen = excluded.merge_requests_seen, attended_at = excluded.attended_at,
		pipelines_seen = excluded.pipelines_seen, pipelines = excluded.pipelines, rights_at = excluded.rights_at, gaps = excluded.gaps, standings = excluded.standings, gates = excluded.gates, prefix = excluded.prefix, bots = excluded.bots, gitlab = excluded.gitlab`
	pipelines, err := json.Marshal(eachValue(m.Pipelines, rowOfPipeline))
	if err != nil {
		return fmt.Errorf("save the memory of %s: %w", m.Path, err)
	}
	gaps, err := json.Marshal(each(m.Gaps, rowOfProblem))
	if err != nil {
		return fmt.Errorf("save the memory of %s: %w", m.Path, err)
	}
	standings, err := json.Marshal(eachKey[string](m.Standings))
	if err != nil {
		return fmt.Errorf("save the memory of %s: %w", m.Path, err)
	}
	bots, err := json.Marshal(m.Bots)
	if err != nil {
		return fmt.Errorf("save the memory of %s: %w", m.Path, err)
	}
	gates, err := json.Marshal(rowOfGates(m.Gates))
	if err != nil {
		return fmt.Errorf("save the memory of %s: %w", m.Path, err)
	}
	err = s.exec(ctx, upsert, m.Path, m.ID, m.DashboardIID, m.DashboardBody, instant{m.DashboardAt},
		m.PausedNoteFor, m.LastNoteID, instant{m.MergeRequestsSeen}, instant{m.Attended}, instant{m.PipelinesSeen}, string(pipelines), instant{m.RightsAt}, string(gaps), string(standings), string(gates), m.Prefix, string(bots), m.GitLab)
	if err != nil {
		return fmt.Errorf("save the memory of %s: %w", m.Path, err)
	}
	return nil
}

// Leave forgets what earlier runs recorded of a project on another GitLab: all but its runs, its journal and its audit.
func (s *Store) Leave(ctx context.Context, path string) error {
	err := s.project(ctx, path, func(tx *sql.Tx) error {
		for _, remove := range []string{
			`DELETE FROM files WHERE project = ?`, `DELETE FROM branches WHERE project = ?`, `DELETE FROM merge_requests WHERE project = ?`,
			`DELETE FROM selections WHERE project = ?`, `DELETE FROM quiet WHERE project = ?`,
		} {
			if _, err := tx.ExecContext(ctx, remove, path); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = s.SaveMemory(ctx, Memory{Path: path})
	}
	if err != nil {
		return fmt.Errorf("forget what %s was on another GitLab: %w", path, err)
	}
	return nil
}

// Branch is one branch as pinwheel wrote it last.
type Branch struct {
	Name      string
	Head      string // SHA
	Digest    string // of its files' content
	Base      string // SHA of the default branch below it
	Message   string
	WrittenAt time.Time
	Asked     string // the head for which on_open was carried out last
}

// Branches returns the project's branches by name.
func (s *Store) Branches(ctx context.Context, project string) (map[string]Branch, error) {
	const query = `SELECT name, head, digest, base, message, written_at, asked FROM branches WHERE project = ?`
	out := map[string]Branch{}
	err := s.each(ctx, query, []any{project}, func(rows *sql.Rows) error {
		var b Branch
		var at instant
		if err := rows.Scan(&b.Name, &b.Head, &b.Digest, &b.Base, &b.Message, &at, &b.Asked); err != nil {
			return err
		}
		b.WrittenAt = at.Time
		out[b.Name] = b
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the branches of %s: %w", project, err)
	}
	return out, nil
}

// SaveBranch replaces what is known of the branch b.Name.
func (s *Store) SaveBranch(ctx context.Context, project string, b Branch) error {
	const upsert = `INSERT INTO branches (project, name, head, digest, base, message, written_at, asked) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (project, name) DO UPDATE SET head = excluded.head, digest = excluded.digest, base = excluded.base,
		message = excluded.message, written_at = excluded.written_at, asked = excluded.asked`
	err := s.project(ctx, project, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, upsert, project, b.Name, b.Head, b.Digest, b.Base, b.Message, instant{b.WrittenAt}, b.Asked)
		return err
	})
	if err != nil {
		return fmt.Errorf("save branch %s of %s: %w", b.Name, project, err)
	}
	return nil
}

// DeleteBranch removes a branch. It does nothing for an unknown one.
func (s *Store) DeleteBranch(ctx context.Context, project, name string) error {
	const remove = `DELETE FROM branches WHERE project = ? AND name = ?`
	if err := s.exec(ctx, remove, project, name); err != nil {
		return fmt.Errorf("forget branch %s of %s: %w", name, project, err)
	}
	return nil
}

// MergeRequests returns the project's merge requests by IID, ascending.
func (s *Store) MergeRequests(ctx context.Context, project string) ([]plan.MergeRequest, error) {
	const query = `SELECT facts FROM merge_requests WHERE project = ? ORDER BY iid`
	var out []plan.MergeRequest
	err := s.each(ctx, query, []any{project}, func(rows *sql.Rows) error {
		var mr mergeRequestRow
		if err := rows.Scan(asJSON{&mr}); err != nil {
			return err
		}
		out = append(out, mr.mergeRequest())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the merge requests of %s: %w", project, err)
	}
	return out, nil
}

// SaveMergeRequests replaces what is known of each of these merge requests,
// all or none. Others stay.
func (s *Store) SaveMergeRequests(ctx context.Context, project string, mrs []plan.MergeRequest) error {
	const upsert = `INSERT INTO merge_requests (project, iid, branch, state, facts) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (project, iid) DO UPDATE SET branch = excluded.branch, state = excluded.state, facts = excluded.facts`
	if len(mrs) == 0 {
		return nil
	}
	err := s.project(ctx, project, func(tx *sql.Tx) error {
		for _, mr := range mrs {
			facts, err := json.Marshal(rowOfMergeRequest(mr))
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, upsert, project, mr.IID, mr.Branch, string(mr.State), string(facts)); err != nil {
				return fmt.Errorf("!%d: %w", mr.IID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save the merge requests of %s: %w", project, err)
	}
	return nil
}

// SelectionState says what became of a tick.
type SelectionState string

// The states of a selection.
const (
	Pending   SelectionState = "pending" // accepted, not carried out yet
	Done      SelectionState = "done"
	Refused   SelectionState = "refused"
	Withdrawn SelectionState = "withdrawn"
)

// Selection is a tick and what became of it.
type Selection struct {
	Tick   plan.Tick
	State  SelectionState
	Reason string
	Title  string
	At     time.Time
}

// Selections returns the project's pending and refused selections: 1. by time;
// 2. by the tick's ID.
func (s *Store) Selections(ctx context.Context, project string) ([]Selection, error) {
	const query = `SELECT state, reason, title, tick, at FROM selections
		WHERE project = ? AND state IN ('pending', 'refused') ORDER BY julianday(at), id`
	var out []Selection
	err := s.each(ctx, query, []any{project}, func(rows *sql.Rows) error {
		var sel Selection
		var tick tickRow
		var at instant
		if err := rows.Scan(&sel.State, &sel.Reason, &sel.Title, asJSON{&tick}, &at); err != nil {
			return err
		}
		sel.Tick, sel.At = tick.tick(), at.Time
		out = append(out, sel)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the selections of %s: %w", project, err)
	}
	return out, nil
}

// RefusedBefore returns the branches and bulk markers of which a tick was refused
// or taken back.
func (s *Store) RefusedBefore(ctx context.Context, project string) (map[string]bool, error) {
	const query = `SELECT DISTINCT tick ->> 'Branch', tick ->> 'Bulk' FROM selections WHERE project = ? AND state IN ('refused', 'withdrawn')`
	out := map[string]bool{}
	err := s.each(ctx, query, []any{project}, func(rows *sql.Rows) error {
		var branch, bulk sql.NullString
		if err := rows.Scan(&branch, &bulk); err != nil {
			return err
		}
		for _, name := range []string{branch.String, bulk.String} {
			if name != "" {
				out[name] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the selections of %s: %w", project, err)
	}
	return out, nil
}

// EndRefusals makes every refused selection one that the dashboard does not list any more.
func (s *Store) EndRefusals(ctx context.Context, project string) error {
	const update = `UPDATE selections SET state = 'withdrawn' WHERE project = ? AND state = 'refused'`
	if err := s.exec(ctx, update, project); err != nil {
		return fmt.Errorf("end the refusals of %s: %w", project, err)
	}
	return nil
}

// SaveSelection replaces what is known of the tick sel.Tick.ID.
func (s *Store) SaveSelection(ctx context.Context, project string, sel Selection) error {
	const upsert = `INSERT INTO selections (project, id, state, reason, title, tick, at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (project, id) DO UPDATE SET state = excluded.state, reason = excluded.reason, title = excluded.title,
		tick = excluded.tick, at = excluded.at`
	err := s.project(ctx, project, func(tx *sql.Tx) error {
		tick, err := json.Marshal(rowOfTick(sel.Tick))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, upsert, project, sel.Tick.ID, string(sel.State), sel.Reason, sel.Title, string(tick), instant{sel.At})
		return err
	})
	if err != nil {
		return fmt.Errorf("save selection %s of %s: %w", sel.Tick.ID, project, err)
	}
	return nil
}

// each calls f for every row of a query.
func (s *Store) each(ctx context.Context, query string, args []any, f func(*sql.Rows) error) error {
	db := s.db()
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return s.explained(db, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return s.explained(db, err)
		}
	}
	return s.explained(db, rows.Err())
}

// row scans the one row of a query into dest, or is sql.ErrNoRows.
func (s *Store) row(ctx context.Context, query string, args []any, dest ...any) error {
	db := s.db()
	return s.explained(db, db.QueryRowContext(ctx, query, args...).Scan(dest...))
}

// exec runs one statement, which is a transaction of its own.
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	if s.server != nil && ctx.Value(carried{}) != nil {
		return s.write(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, query, args...)
			return err
		})
	}
	db := s.db()
	_, err := db.ExecContext(ctx, query, args...)
	return s.explained(db, err)
}
