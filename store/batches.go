package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// most is how many looks are in a batch at most.
const most = 32

// batches are the jobs for looks in which probably nothing changed.
func batches(projects []string) (jobs []Job) {
	for part := range slices.Chunk(projects, most) {
		jobs = append(jobs, Job{Projects: part, Batch: len(part) > 1})
	}
	return jobs
}

// Take says that a worker has a batch of looks, which it begins part by part. What it has neither begun
// nor returned after a minute the sweep adds jobs for.
func (l *Looks) Take(ctx context.Context, worker string, projects []string) error {
	_, err := l.at.pool.Exec(ctx, `UPDATE looks SET batch = $1, queued_at = now() WHERE project = ANY($2::text[]) AND queued = $3`, worker, projects, nobodyWaits)
	return l.at.explained(err)
}

// BeginAll begins looks of a batch, as Begin begins one. Those that are not due, that a run is at work
// on, and that somebody waits for and that so have a job of their own are not in the answer, which has
// the order of projects.
func (l *Looks) BeginAll(ctx context.Context, projects []string) ([]Look, error) {
	const update = `UPDATE looks SET queued = 0, batch = '' WHERE project = ANY($1::text[]) AND queued < $2
		RETURNING project, wakes, wanted_at IS NOT NULL, CASE WHEN next_look <= now() THEN next_look END,
		EXISTS (SELECT 1 FROM runs r WHERE r.project = looks.project AND r.status = 'running' AND r.lease_until::timestamptz > now())`
	rows, err := l.at.pool.Query(ctx, update, projects, peopleWait)
	if err != nil {
		return nil, l.at.explained(err)
	}
	var out []Look
	var look Look
	var live bool
	_, err = pgx.ForEachRow(rows, []any{&look.Project, &look.Wakes, &look.Due, &look.Hour, &live}, func() error {
		if look.Due = (look.Due || look.Hour != nil) && !live; look.Due {
			out = append(out, look)
		}
		look.Hour = nil
		return nil
	})
	slices.SortFunc(out, func(a, b Look) int { return slices.Index(projects, a.Project) - slices.Index(projects, b.Project) })
	return out, l.at.explained(err)
}

// EndAll is End for looks of a batch. next has when the next look at each is due by the schedule.
func (l *Looks) EndAll(ctx context.Context, looks []Look, worker string, next []time.Time) error {
	const update = `UPDATE looks SET wanted_at = CASE WHEN wakes = u.begun THEN NULL ELSE wanted_at END, urgent = urgent AND wakes <> u.begun,
		next_look = CASE WHEN next_look = u.hour THEN u.next ELSE next_look END, worker = $5
		FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::timestamptz[]) AS u (name, begun, hour, next) WHERE project = u.name
		RETURNING project, urgent, queued, ` + recorded + `, wakes <> u.begun`
	var projects []string
	var wakes []int64
	var hours, nexts []*time.Time
	for i, look := range looks {
		projects, wakes, hours = append(projects, look.Project), append(wakes, look.Wakes), append(hours, look.Hour)
		nexts = append(nexts, &next[i])
		if next[i].IsZero() {
			nexts[i] = nil
		}
	}
	return l.in(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, update, projects, wakes, hours, nexts, worker)
		if err != nil {
			return err
		}
		var again []waiting
		var w waiting
		var more bool
		if _, err = pgx.ForEachRow(rows, []any{&w.Project, &w.Urgent, &w.Queued, &w.Recorded, &more}, func() error {
			if more {
				again = append(again, w)
			}
			return nil
		}); err != nil {
			return err
		}
		return l.enqueue(ctx, tx, again)
	})
}

// Rest is what a batch leaves.
type Rest struct {
	Alone []string // looks that it began and that need jobs of their own
	Left  []string // those that it did not make: they are a batch again
}

// Return adds jobs for what a batch leaves, as far as it is due and has no job of its own.
func (l *Looks) Return(ctx context.Context, worker string, r Rest) error {
	const begun = `SELECT project, urgent, queued, false FROM looks WHERE project = ANY($1::text[]) AND queued = 0 AND (wanted_at IS NOT NULL OR next_look <= now())
		ORDER BY project FOR UPDATE`
	const left = `UPDATE looks SET queued = CASE WHEN urgent THEN $3 ELSE $4 END, queued_at = now(), batch = '' WHERE project = ANY($1::text[])
		AND (queued = $4 AND batch = $2 OR queued = 0 AND (wanted_at IS NOT NULL OR next_look <= now())) RETURNING project, urgent`
	return l.in(ctx, func(tx pgx.Tx) error {
		if err := l.enqueueRows(ctx, tx, begun, r.Alone); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, left, r.Left, worker, int16(peopleWait), int16(nobodyWaits))
		if err != nil {
			return err
		}
		var jobs []Job
		var batch []string
		var project string
		var urgent bool
		if _, err := pgx.ForEachRow(rows, []any{&project, &urgent}, func() error {
			if urgent {
				jobs = append(jobs, Job{Projects: []string{project}, Urgent: true})
			} else {
				batch = append(batch, project)
			}
			return nil
		}); err != nil {
			return err
		}
		slices.SortFunc(batch, func(a, b string) int { return slices.Index(r.Left, a) - slices.Index(r.Left, b) })
		for _, job := range batches(batch) {
			job.Broken = true
			jobs = append(jobs, job)
		}
		if len(jobs) == 0 {
			return nil
		}
		return l.Enqueue(ctx, tx, jobs)
	})
}
