package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Bounds hold over all processes on one database. Only a server has them. All times are by the
// clock of the database, but for those of places, which are instants of runs.
type Bounds struct {
	at     *server
	worker string
}

// Bounds returns those of a database on a server; ok is false for a file.
func (s *Store) Bounds() (b *Bounds, ok bool) {
	if s.server == nil {
		return nil, false
	}
	return &Bounds{s.server, s.process.Instance}, true
}

// in runs f in one transaction, one at a time for each key.
func (b *Bounds) in(ctx context.Context, key string, f func(tx pgx.Tx) error) error {
	once := func() error {
		return pgx.BeginFunc(ctx, b.at.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, hashtext($2))`, bounding, key); err != nil {
				return err
			}
			return f(tx)
		})
	}
	err := once()
	for n := 0; n < 5 && again(err); n++ {
		err = once()
	}
	return b.at.explained(err)
}

// bounding is the first key of the locks of bounds.
const bounding = 0x70696e

// Reserve reserves the next n requests to an origin, where one is due every so often. It returns how
// long the first of them has to wait; less than zero if it was due that long ago. With zero for
// every nothing is reserved. held is how long the origin wants no requests.
func (b *Bounds) Reserve(ctx context.Context, origin string, n int, every time.Duration) (wait, held time.Duration, err error) {
	const upsert = `INSERT INTO paces (origin, at) VALUES ($1, now() + make_interval(secs => $2))
		ON CONFLICT (origin) DO UPDATE SET at = greatest(paces.at, now()) + make_interval(secs => $2)
		RETURNING extract(epoch FROM at - now())::float8 - $2, coalesce(extract(epoch FROM not_before - now()), 0)::float8`
	const read = `SELECT 0::float8, coalesce(extract(epoch FROM not_before - now()), 0)::float8 FROM paces WHERE origin = $1`
	var first, until float64
	if every > 0 {
		err = b.at.pool.QueryRow(ctx, upsert, origin, (time.Duration(n)*every).Seconds()).Scan(&first, &until)
	} else if err = b.at.pool.QueryRow(ctx, read, origin).Scan(&first, &until); errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return seconds(first), seconds(max(until, 0)), b.at.explained(err)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Pause says that an origin wants no requests for a while.
func (b *Bounds) Pause(ctx context.Context, origin string, while time.Duration) error {
	const upsert = `INSERT INTO paces (origin, at, not_before) VALUES ($1, now(), now() + make_interval(secs => $2))
		ON CONFLICT (origin) DO UPDATE SET not_before = greatest(paces.not_before, excluded.not_before)`
	_, err := b.at.pool.Exec(ctx, upsert, origin, while.Seconds())
	return b.at.explained(err)
}

// ShareFor is how long a share counts after its process last asked for it.
const ShareFor = 30 * time.Second

// Share is what a process wants of a bound, and how much of it is in use.
type Share struct {
	Bound              string
	Most, Wants, InUse int
}

// Share returns how much of a bound this process has from now on, for [ShareFor]. All processes
// together never have more than the bound. If others want more than is left, each has the same
// share, as soon as what is in use beyond that ends. Whoever wants nothing has nothing.
func (b *Bounds) Share(ctx context.Context, s Share) (has int, err error) {
	const others = `SELECT coalesce(sum(has), 0), count(*), coalesce(bool_or(wants > has), false)
		FROM shares WHERE bound = $1 AND worker <> $2 AND seen_at > now() - make_interval(secs => $3)`
	const upsert = `INSERT INTO shares (bound, worker, wants, has, seen_at) VALUES ($1, $2, $3, $4, clock_timestamp())
		ON CONFLICT (bound, worker) DO UPDATE SET wants = excluded.wants, has = excluded.has, seen_at = excluded.seen_at`
	if s.Wants == 0 {
		_, err := b.at.pool.Exec(ctx, `DELETE FROM shares WHERE bound = $1 AND worker = $2`, s.Bound, b.worker)
		return 0, b.at.explained(err)
	}
	err = b.in(ctx, s.Bound, func(tx pgx.Tx) error {
		var taken, processes int
		var hungry bool
		if err := tx.QueryRow(ctx, others, s.Bound, b.worker, ShareFor.Seconds()).Scan(&taken, &processes, &hungry); err != nil {
			return err
		}
		if has = min(s.Wants, s.Most-taken); hungry {
			has = min(has, max(s.Most/(processes+1), 1))
		}
		has = max(has, s.InUse, 0)
		_, err := tx.Exec(ctx, upsert, s.Bound, b.worker, s.Wants, has)
		return err
	})
	return has, err
}

// Places are the merge requests that nobody asked for and that all projects together may open, most
// of them within each while.
type Places struct {
	Most int
	For  time.Duration
}

// taken is how many places are taken since an instant. Of a run that ended without giving any back,
// since its process died, those count that it began to open.
const taken = `SELECT coalesce(sum(CASE WHEN r.id IS NULL OR r.status = 'running' AND r.lease_until::timestamptz > now() OR r.status IN ('done', 'failed', 'stopped') THEN p.n
	ELSE least(p.n, (SELECT count(*) FROM actions a WHERE a.run = r.id AND a.kind = $2)) END), 0)::bigint
	FROM places p LEFT JOIN runs r ON r.id = p.run WHERE p.at::timestamptz >= $1`

// LeftPlaces is how many places are free at an instant.
func (b *Bounds) LeftPlaces(ctx context.Context, of Places, now time.Time) (n int, err error) {
	err = b.at.pool.QueryRow(ctx, taken, now.Add(-of.For), string(plan.KindOpenMergeRequest)).Scan(&n)
	return max(of.Most-n, 0), b.at.explained(err)
}

// TakePlaces reserves up to n places for the run that ctx carries, and returns how many it got.
func (b *Bounds) TakePlaces(ctx context.Context, of Places, now time.Time, n int) (got int, err error) {
	const upsert = `INSERT INTO places (run, at, n) VALUES ($1, $2, $3) ON CONFLICT (run) DO UPDATE SET n = places.n + excluded.n`
	run, ok := ctx.Value(carried{}).(int64)
	if !ok {
		return 0, ErrNotLive
	}
	err = b.in(ctx, "places", func(tx pgx.Tx) error {
		var used int
		if err := tx.QueryRow(ctx, taken, now.Add(-of.For), string(plan.KindOpenMergeRequest)).Scan(&used); err != nil {
			return err
		}
		if got = min(n, max(of.Most-used, 0)); got <= 0 {
			return nil
		}
		if _, err := tx.Exec(ctx, `DELETE FROM places WHERE at::timestamptz < $1`, now.Add(-of.For-time.Hour)); err != nil {
			return err
		}
		at, _ := instant{now}.Value() // never fails
		_, err := tx.Exec(ctx, upsert, run, at, got)
		return err
	})
	return got, err
}

// GivePlaces returns n places of the run that ctx carries, which were not used.
func (b *Bounds) GivePlaces(ctx context.Context, n int) error {
	run, _ := ctx.Value(carried{}).(int64)
	_, err := b.at.pool.Exec(ctx, `UPDATE places SET n = greatest(n - $2, 0) WHERE run = $1`, run, n)
	return b.at.explained(err)
}
