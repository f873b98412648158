package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// PageClaimFor is how long a claim on a page holds that its process does not lengthen.
const PageClaimFor = 30 * time.Second

// ClaimPages claims the pages of names on an index that no other process reads now, and returns
// those names. Claims of this process count as those of others, so its runs have to agree among
// themselves before.
func (b *Bounds) ClaimPages(ctx context.Context, index string, names []string) (mine []string, err error) {
	const upsert = `INSERT INTO page_claims (index_name, name, worker, until)
		SELECT $1, name, $2, now() + make_interval(secs => $4) FROM unnest($3::text[]) name ORDER BY name
		ON CONFLICT (index_name, name) DO UPDATE SET worker = excluded.worker, until = excluded.until WHERE page_claims.until < now() OR page_claims.worker = excluded.worker
		RETURNING name`
	return b.names(ctx, upsert, index, b.worker, names, PageClaimFor.Seconds())
}

// FreshPages returns those of names on an index that need not be asked for now.
func (b *Bounds) FreshPages(ctx context.Context, index string, names []string) ([]string, error) {
	return b.names(ctx, `SELECT name FROM packages WHERE index_name = $1 AND name = ANY($2::text[]) AND fresh_until::timestamptz > now()`, index, names)
}

// KeepPages lengthens claims of this process.
func (b *Bounds) KeepPages(ctx context.Context, index string, names []string) error {
	const update = `UPDATE page_claims SET until = now() + make_interval(secs => $4) WHERE index_name = $1 AND worker = $2 AND name = ANY($3::text[])`
	_, err := b.at.pool.Exec(ctx, update, index, b.worker, names, PageClaimFor.Seconds())
	return b.at.explained(err)
}

// ReleasePages ends claims of this process.
func (b *Bounds) ReleasePages(ctx context.Context, index string, names []string) error {
	_, err := b.at.pool.Exec(ctx, `DELETE FROM page_claims WHERE index_name = $1 AND worker = $2 AND name = ANY($3::text[])`, index, b.worker, names)
	return b.at.explained(err)
}

// ClaimedPages returns those of names on an index that another process reads now.
func (b *Bounds) ClaimedPages(ctx context.Context, index string, names []string) ([]string, error) {
	return b.names(ctx, `SELECT name FROM page_claims WHERE index_name = $1 AND worker <> $2 AND name = ANY($3::text[]) AND until > now()`, index, b.worker, names)
}

func (b *Bounds) names(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := b.at.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, b.at.explained(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return names, b.at.explained(err)
}
