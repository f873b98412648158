package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Looks are when projects are looked at, by whichever process of a fleet. Only a server has them.
// All times are by the clock of the database.
type Looks struct {
	at *server
	// Enqueue adds jobs in the transaction that asks for the looks.
	Enqueue func(ctx context.Context, tx pgx.Tx, jobs []Job) error
}

// Job is what a job of the queue is for: one look, or a batch of looks in which probably nothing
// changed, and for which nobody waits.
type Job struct {
	Projects []string
	Urgent   bool // somebody waits for it
	Batch    bool
	Broken   bool // a look of the batch found that something changed: others may, too
}

// Looks returns those of a database on a server; ok is false for a file.
func (s *Store) Looks() (l *Looks, ok bool) {
	if s.server == nil {
		return nil, false
	}
	return &Looks{at: s.server}, true
}

// Pool has the connections to the server, for the queue that stands in the same database.
func (l *Looks) Pool() *pgxpool.Pool { return l.at.pool }

// Answers returns nil if the database answers before ctx ends, else a sentence that says why not.
func (l *Looks) Answers(ctx context.Context) error {
	err := l.at.pool.Ping(ctx)
	if err != nil && ctx.Err() != nil {
		return l.at.silence(err)
	}
	return l.at.explained(err)
}

// The urgencies of a job.
const (
	nobodyWaits = 1
	peopleWait  = 2
)

// in runs f in one transaction.
func (l *Looks) in(ctx context.Context, f func(tx pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, l.at.pool, f)
	for n := 0; n < 5 && again(err); n++ {
		err = pgx.BeginFunc(ctx, l.at.pool, f)
	}
	return l.at.explained(err)
}

// Set makes rows for projects that have none, with the instants of their first looks, also where
// somebody asked for a look before, and says that
// this process knows of all of these.
func (l *Looks) Set(ctx context.Context, first map[string]time.Time) error {
	const upsert = `INSERT INTO looks (project, next_look) SELECT * FROM unnest($1::text[], $2::timestamptz[])
		ON CONFLICT (project) DO UPDATE SET known_at = now(), next_look = coalesce(looks.next_look, excluded.next_look)
		WHERE looks.known_at < now() - interval '1 hour' OR looks.next_look IS NULL`
	var projects []string
	var at []*time.Time
	for project, t := range first {
		projects = append(projects, project)
		at = append(at, &t)
		if t.IsZero() {
			at[len(at)-1] = nil
		}
	}
	_, err := l.at.pool.Exec(ctx, upsert, projects, at)
	return l.at.explained(err)
}

// Wake asks for a look at a project. Calls until that look begins ask for one together, and one
// while it is at work asks for another.
func (l *Looks) Wake(ctx context.Context, project string, urgent bool) error {
	const upsert = `INSERT INTO looks (project, wanted_at, urgent, wakes) VALUES ($1, now(), $2, 1)
		ON CONFLICT (project) DO UPDATE SET wanted_at = coalesce(looks.wanted_at, now()), urgent = looks.urgent OR $2, wakes = looks.wakes + 1
		RETURNING queued, urgent`
	return l.in(ctx, func(tx pgx.Tx) error {
		var queued int
		if err := tx.QueryRow(ctx, upsert, project, urgent).Scan(&queued, &urgent); err != nil {
			return err
		}
		return l.enqueue(ctx, tx, []waiting{{project, urgent, queued, false}})
	})
}

// WakeAll asks for looks for which nobody waits.
func (l *Looks) WakeAll(ctx context.Context, projects []string) error {
	const upsert = `INSERT INTO looks (project, wanted_at, wakes) SELECT p, now(), 1 FROM unnest($1::text[]) p ORDER BY p
		ON CONFLICT (project) DO UPDATE SET wanted_at = coalesce(looks.wanted_at, now()), wakes = looks.wakes + 1
		RETURNING project, urgent, queued, ` + recorded
	return l.in(ctx, func(tx pgx.Tx) error { return l.enqueueRows(ctx, tx, upsert, projects) })
}

// recorded is whether the last run of a project may have left a record of a quiet run.
const recorded = `EXISTS (SELECT 1 FROM quiet q WHERE q.project = looks.project AND q.run > 0)`

// waiting is a look that is wanted, and how urgent the job is that waits for it.
type waiting struct {
	Project  string
	Urgent   bool
	Queued   int
	Recorded bool // it may be one of a batch
}

// enqueueRows adds jobs for the looks that a statement returns.
func (l *Looks) enqueueRows(ctx context.Context, tx pgx.Tx, query string, args ...any) error {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[waiting])
	if err != nil {
		return err
	}
	return l.enqueue(ctx, tx, all)
}

// enqueue adds a job for each look that has none as urgent. Those for which nobody waits and that may
// be one of a batch have one together.
func (l *Looks) enqueue(ctx context.Context, tx pgx.Tx, all []waiting) error {
	const update = `UPDATE looks SET queued = u.level, queued_at = now(), batch = '' FROM unnest($1::text[], $2::smallint[]) AS u (name, level) WHERE project = u.name`
	var jobs []Job
	var batch, projects []string
	var levels []int16
	for _, w := range all {
		level := int16(nobodyWaits)
		if w.Urgent {
			level = peopleWait
		}
		if w.Queued >= int(level) {
			continue
		}
		projects, levels = append(projects, w.Project), append(levels, level)
		if w.Recorded && !w.Urgent {
			batch = append(batch, w.Project)
		} else {
			jobs = append(jobs, Job{Projects: []string{w.Project}, Urgent: w.Urgent})
		}
	}
	if len(projects) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, update, projects, levels); err != nil {
		return err
	}
	return l.Enqueue(ctx, tx, append(jobs, batches(batch)...))
}

// Look is a look that begins.
type Look struct {
	Project string
	Wakes   int64      // how often it was asked for until it began
	Due     bool       // it is to be made
	Hour    *time.Time // the instant of the schedule that is due, nil for none
}

// Begin takes a project's job from the queue. A job that comes twice, or late, finds nothing due.
// While a run of the project is live nothing is: its end, or the sweep after its lease, adds a job.
func (l *Looks) Begin(ctx context.Context, project string) (Look, error) {
	const update = `UPDATE looks SET queued = 0 WHERE project = $1 RETURNING wakes, wanted_at IS NOT NULL, CASE WHEN next_look <= now() THEN next_look END,
		EXISTS (SELECT 1 FROM runs r WHERE r.project = $1 AND r.status = 'running' AND r.lease_until::timestamptz > now())`
	var live bool
	look := Look{Project: project}
	err := l.at.pool.QueryRow(ctx, update, project).Scan(&look.Wakes, &look.Due, &look.Hour, &live)
	look.Due = (look.Due || look.Hour != nil) && !live
	if errors.Is(err, pgx.ErrNoRows) {
		return look, nil
	}
	return look, l.at.explained(err)
}

// End says that a worker made a look, and when the next one is due by the schedule if this one was.
// What was asked for since the look began is looked at again, and so is an instant of the schedule
// that passed meanwhile.
func (l *Looks) End(ctx context.Context, look Look, worker string, next time.Time) error {
	const update = `UPDATE looks SET wanted_at = CASE WHEN wakes = $2 THEN NULL ELSE wanted_at END, urgent = urgent AND wakes <> $2,
		next_look = CASE WHEN next_look = $3 THEN $4 ELSE next_look END, worker = $5 WHERE project = $1 RETURNING queued, urgent, wakes <> $2`
	var at *time.Time
	if !next.IsZero() {
		at = &next
	}
	return l.in(ctx, func(tx pgx.Tx) error {
		var queued int
		var urgent, more bool
		err := tx.QueryRow(ctx, update, look.Project, look.Wakes, look.Hour, at, worker).Scan(&queued, &urgent, &more)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil || !more {
			return err
		}
		return l.enqueue(ctx, tx, []waiting{{look.Project, urgent, queued, false}})
	})
}

// Sweep adds jobs for all looks that are due and have none, or one that has waited for ten minutes:
// somebody may have removed it. A batch that a worker took is at an end after a minute, or the worker is. Projects of workers that are gone are
// due, too, since nobody watches their dashboards. While a run of a project is live, it is not due.
// Of several processes that sweep at once, one does.
func (l *Looks) Sweep(ctx context.Context) (added int, err error) {
	const orphans = `UPDATE looks SET wanted_at = coalesce(wanted_at, now()), wakes = wakes + 1, worker = ''
		WHERE worker <> '' AND NOT EXISTS (SELECT 1 FROM workers WHERE instance = worker AND seen_at > now() - interval '1 minute')`
	const due = `SELECT project, urgent, 0, ` + recorded + ` FROM looks WHERE (wanted_at IS NOT NULL OR next_look <= now())
		AND (queued = 0 OR queued_at < now() - interval '10 minutes'
			OR batch <> '' AND queued_at < now() - interval '1 minute')
		AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.project = looks.project AND r.status = 'running' AND r.lease_until::timestamptz > now())
		ORDER BY coalesce(wanted_at, next_look) FOR UPDATE SKIP LOCKED`
	err = l.in(ctx, func(tx pgx.Tx) error {
		added = 0
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(sweeping)).Scan(&mine); err != nil || !mine {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM looks WHERE known_at < now() - interval '1 day'`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, orphans); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, due)
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[waiting])
		if err != nil {
			return err
		}
		added = len(all)
		return l.enqueue(ctx, tx, all)
	})
	return added, err
}

// sweeping is the key of the lock of the process that sweeps.
const sweeping = application + 1

// Alone runs f while no other process does. It is not part of a transaction of f.
func (l *Looks) Alone(ctx context.Context, f func() error) error {
	return l.in(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrating+2)); err != nil {
			return err
		}
		return f()
	})
}

// Beat says that a worker is at work.
func (l *Looks) Beat(ctx context.Context, worker string) error {
	const upsert = `INSERT INTO workers (instance, seen_at) VALUES ($1, now()) ON CONFLICT (instance) DO UPDATE SET seen_at = now()`
	_, err := l.at.pool.Exec(ctx, upsert, worker)
	if err == nil {
		_, err = l.at.pool.Exec(ctx, `DELETE FROM workers WHERE seen_at < now() - interval '1 hour'`)
	}
	return l.at.explained(err)
}

// Leave says that a worker ends. Its projects are looked at by others with the next sweep.
func (l *Looks) Leave(ctx context.Context, worker string) error {
	_, err := l.at.pool.Exec(ctx, `DELETE FROM workers WHERE instance = $1`, worker)
	return l.at.explained(err)
}

// Mine returns the projects that a worker looked at last, which nobody else watches.
func (l *Looks) Mine(ctx context.Context, worker string) (map[string]bool, error) {
	rows, err := l.at.pool.Query(ctx, `SELECT project FROM looks WHERE worker = $1`, worker)
	if err != nil {
		return nil, l.at.explained(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	out := make(map[string]bool, len(all))
	for _, project := range all {
		out[project] = true
	}
	return out, l.at.explained(err)
}

// Stand is how a project stands in the queue. An instant is zero where it does not apply.
type Stand struct {
	Project                string
	Waiting, Running, Next time.Time
}

// Stands returns how the projects stand, by path.
func (l *Looks) Stands(ctx context.Context) (map[string]Stand, error) {
	const query = `SELECT l.project, coalesce(l.wanted_at, CASE WHEN l.queued > 0 THEN l.queued_at END), r.began_at::timestamptz, l.next_look
		FROM looks l LEFT JOIN runs r ON r.project = l.project AND r.status = 'running'`
	rows, err := l.at.pool.Query(ctx, query)
	if err != nil {
		return nil, l.at.explained(err)
	}
	out := map[string]Stand{}
	var project string
	var waiting, running, next *time.Time
	_, err = pgx.ForEachRow(rows, []any{&project, &waiting, &running, &next}, func() error {
		s := Stand{Project: project}
		for to, from := range map[*time.Time]*time.Time{&s.Waiting: waiting, &s.Running: running, &s.Next: next} {
			if from != nil {
				*to = from.UTC()
			}
		}
		out[project] = s
		return nil
	})
	return out, l.at.explained(err)
}
