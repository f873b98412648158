package store

import (
	"context"
	"database/sql"
	"errors"
)

// ended is a live run that ends.
type ended struct {
	run int64
	at  instant
	end RunEnd
}

// endInARow ends a live run in the row of the run before it, if that ended in the same way and
// neither had an effect: that row then counts one run more, and the row of this run goes. So a
// project on which nothing happens does not make the database grow. joined is false if the run has
// to keep its own row, or is over already.
func endInARow(ctx context.Context, tx *sql.Tx, e ended) (row int64, joined bool, err error) {
	const join = `UPDATE runs SET in_a_row = in_a_row + 1, ended_at = ? WHERE id = (
		SELECT max(id) FROM runs WHERE project = (SELECT project FROM runs WHERE id = ? AND status = 'running') AND id < ?)
		AND status = ? AND summary = ? AND NOT EXISTS (SELECT 1 FROM actions WHERE run IN (runs.id, ?)) RETURNING id`
	err = tx.QueryRowContext(ctx, join, e.at, e.run, e.run, string(e.end.Status), e.end.Summary, e.run).Scan(&row)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM runs WHERE id = ?`, e.run)
	}
	return row, err == nil, err
}

// endAlone ends a live run in its own row. It returns sql.ErrNoRows if the run is over already.
func endAlone(ctx context.Context, tx *sql.Tx, e ended) error {
	const update = `UPDATE runs SET status = ?, summary = ?, ended_at = ? WHERE id = ? AND status = 'running' RETURNING id`
	return tx.QueryRowContext(ctx, update, string(e.end.Status), e.end.Summary, e.at, e.run).Scan(&e.run)
}

// moveRecord makes the record of a run that of the row which the run joined. A record of an
// earlier run in that row no longer counts.
func moveRecord(ctx context.Context, tx *sql.Tx, from, to int64) error {
	const update = `UPDATE quiet SET run = CASE WHEN run = ? THEN ? ELSE 0 END WHERE project = (SELECT project FROM runs WHERE id = ?)`
	_, err := tx.ExecContext(ctx, update, from, to, to)
	return err
}
