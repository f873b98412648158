package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// Quiets are runs of many projects that begin and end together, as long as nothing changed in any of
// them. Only a server has them: in a file each statement costs little.
type Quiets struct{ store *Store }

// Quiets returns those of a database on a server; ok is false for a file.
func (s *Store) Quiets() (q *Quiets, ok bool) { return &Quiets{s}, s.server != nil }

// Begun is a live run of a project whose last run left or confirmed a record.
type Begun struct {
	Project string
	ID      int64
	Record  Quiet
	Viewed  bool // a run left a view of the project
}

// Begin begins a run of each of some projects that has a record which counts and no live run. The
// others are not in the answer. now is the time of the clock.
func (q *Quiets) Begin(ctx context.Context, projects []string, now time.Time, lease time.Duration) ([]Begun, error) {
	// As in BeginRun, whoever holds the row of a project begins its next run.
	const hold = `SELECT path FROM projects WHERE path = ANY($1::text[]) ORDER BY path FOR NO KEY UPDATE`
	const insert = `WITH begun AS (
		INSERT INTO runs (project, status, host, pid, instance, began_at, lease_until)
		SELECT q.project, 'running', $2, $3, $4, $5::text, $6::text FROM quiet q
			WHERE q.project = ANY($1::text[]) AND q.run = (SELECT max(id) FROM runs r WHERE r.project = q.project)
		ON CONFLICT (project) WHERE status = 'running' DO NOTHING RETURNING id, project)
		SELECT b.project, b.id, q.record, EXISTS (SELECT 1 FROM views v WHERE v.project = b.project) FROM begun b JOIN quiet q ON q.project = b.project`
	p := q.store.process
	began, until := written(now), written(now.Add(lease))
	var out []Begun
	err := q.in(ctx, func(tx pgx.Tx) error {
		out = nil
		var both pgx.Batch
		both.Queue(hold, projects)
		both.Queue(insert, projects, p.Host, p.PID, p.Instance, began, until).Query(func(rows pgx.Rows) error {
			var b Begun
			var record []byte
			_, err := pgx.ForEachRow(rows, []any{&b.Project, &b.ID, &record, &b.Viewed}, func() error {
				next := Begun{Project: b.Project, ID: b.ID, Viewed: b.Viewed}
				if json.Unmarshal(record, &next.Record) != nil {
					next.Record = Quiet{} // which counts for no run
				}
				out = append(out, next)
				return nil
			})
			return err
		})
		return tx.SendBatch(ctx, &both).Close()
	})
	return out, err
}

// Finish ends live runs as FinishQuiet ends one, each with its record, and returns the numbers of
// those that were live still.
func (q *Quiets) Finish(ctx context.Context, begun []Begun, now time.Time) (ended []int64, err error) {
	const finish = `WITH live AS (
		SELECT g.*, (SELECT max(id) FROM runs p WHERE p.project = g.project AND p.id < g.run) AS before
		FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::boolean[], $5::boolean[]) AS g (run, project, with_pipelines, with_gates, attends)
		JOIN runs r ON r.id = g.run AND r.status = 'running' FOR UPDATE OF r),
	joined AS (UPDATE runs p SET in_a_row = p.in_a_row + 1, ended_at = $6::text FROM live l
		WHERE p.id = l.before AND p.status = 'done' AND p.summary = '' AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.run IN (p.id, l.run))
		RETURNING l.run, p.id AS row),
	gone AS (DELETE FROM runs r USING joined j WHERE r.id = j.run),
	alone AS (UPDATE runs r SET status = 'done', summary = '', ended_at = $6::text FROM live l
		WHERE r.id = l.run AND NOT EXISTS (SELECT 1 FROM joined j WHERE j.run = l.run)),
	remembered AS (UPDATE projects p SET pipelines_seen = CASE WHEN l.with_pipelines THEN merge_requests_seen ELSE pipelines_seen END, merge_requests_seen = $6::text,
		gates = CASE WHEN l.with_gates THEN ` + gatesSeen + ` ELSE gates END,
		attended_at = CASE WHEN l.attends THEN $6::text ELSE attended_at END FROM live l WHERE p.path = l.project),
	confirmed AS (UPDATE quiet q SET run = coalesce(j.row, l.run) FROM live l LEFT JOIN joined j ON j.run = l.run
		WHERE q.project = l.project AND q.run <> coalesce(j.row, l.run))
	SELECT run FROM live`
	var runs []int64
	var projects []string
	var pipelines, gates, attends []bool
	for _, b := range begun {
		runs, projects = append(runs, b.ID), append(projects, b.Project)
		pipelines, gates, attends = append(pipelines, b.Record.Pipelines), append(gates, b.Record.Gates), append(attends, b.Record.Attends)
	}
	err = q.again(func() error {
		rows, err := q.store.server.pool.Query(ctx, finish, runs, projects, pipelines, gates, attends, written(now))
		if err == nil {
			ended, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		}
		return err
	})
	return ended, err
}

// Drop ends live runs that did nothing, as if they had not begun.
func (q *Quiets) Drop(ctx context.Context, runs []int64) error {
	return q.again(func() error {
		_, err := q.store.server.pool.Exec(ctx, `DELETE FROM runs WHERE id = ANY($1::bigint[]) AND status = 'running'`, runs)
		return err
	})
}

func (q *Quiets) in(ctx context.Context, f func(tx pgx.Tx) error) error {
	return q.again(func() error { return pgx.BeginFunc(ctx, q.store.server.pool, f) })
}

// again repeats what PostgreSQL ended so that another transaction could go on.
func (q *Quiets) again(f func() error) error {
	err := f()
	for n := 0; n < 5 && again(err); n++ {
		err = f()
	}
	return q.store.server.explained(err)
}

// written is an instant as a column has it.
func written(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
