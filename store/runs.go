package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrBusy says that another run of the project is alive. Every error of
// BeginRun that has this cause is a *Busy.
var ErrBusy = errors.New("another run is going on")

// Busy is ErrBusy with who runs, and until when its lease lasts.
type Busy struct {
	Holder       Owner
	Began, Until time.Time
}

func (b *Busy) Error() string {
	return fmt.Sprintf("%v: process %d on %s since %s", ErrBusy, b.Holder.PID, b.Holder.Host, b.Began.Format(time.RFC3339))
}

// Is makes a Busy an ErrBusy.
func (b *Busy) Is(target error) bool { return target == ErrBusy }

// ErrNotLive says that a run is over: it has ended, or another run took over.
var ErrNotLive = errors.New("the run is not live")

// RunStatus says how a run ended.
type RunStatus string

// How runs end. A run that has not ended is "running"; one whose process is
// gone is "abandoned" once another takes over.
const (
	RunDone    RunStatus = "done"
	RunFailed  RunStatus = "failed"
	RunStopped RunStatus = "stopped" // the project needs a person first
)

// kept is how long the row of a run is kept after its end, and its journal with it. The audit
// and the last run of each end stay for good.
const kept = 90 * 24 * time.Hour

// BeginRun begins a run of project and returns its number. now is the time of the clock, by which
// leases are judged. While another run is live it returns ErrBusy, unless that one's lease is over
// or its process is gone; then that run is abandoned. It removes rows of runs that ended long ago.
func (s *Store) BeginRun(ctx context.Context, project string, now time.Time, lease time.Duration) (int64, error) {
	const insert = `INSERT INTO runs (project, status, host, pid, instance, began_at, lease_until)
		VALUES (?, 'running', ?, ?, ?, ?, ?) RETURNING id`
	var run int64
	p := s.process
	err := s.project(ctx, project, func(tx *sql.Tx) error {
		if err := s.makeRoom(ctx, tx, wanted{project, now, lease}); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, insert, project, p.Host, p.PID, p.Instance,
			instant{now}, instant{now.Add(lease)}).Scan(&run); err != nil || !forgets(run) {
			return err
		}
		return forgetRuns(ctx, tx, project, now.Add(-kept))
	})
	if err != nil {
		return 0, fmt.Errorf("begin a run of %s: %w", project, err)
	}
	return run, nil
}

// wanted is a run that is to begin.
type wanted struct {
	project string
	now     time.Time
	lease   time.Duration
}

// clocksDiffer is by how much the clocks of two machines with one file may differ.
const clocksDiffer = time.Minute

// ahead reports whether a lease on a file was given by a clock that was ahead: it ends later than one
// that is given now, and its process is on another host, such as a container that is gone. A process
// of this host that is at work gets a lease by the clock of now soon.
func (s *Store) ahead(w wanted, holder Owner, until time.Time) bool {
	return s.server == nil && holder.Host != s.process.Host && until.After(w.now.Add(w.lease+clocksDiffer))
}

// makeRoom abandons the live run if that is allowed, and returns ErrBusy if not.
func (s *Store) makeRoom(ctx context.Context, tx *sql.Tx, w wanted) error {
	const query = `SELECT id, host, pid, instance, began_at, lease_until FROM runs WHERE project = ? AND status = 'running'`
	const abandon = `UPDATE runs SET status = 'abandoned', ended_at = ?, summary = ? WHERE id = ?`
	var id int64
	var holder Owner
	var began, until instant
	err := tx.QueryRowContext(ctx, query, w.project).Scan(&id, &holder.Host, &holder.PID, &holder.Instance, &began, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	why := "its process is gone"
	// On a server a host's name and a number of a process say little: two containers may have the
	// same. There the lease alone tells.
	if s.server != nil || !s.process.gone(holder) {
		switch {
		case s.ahead(w, holder, until.Time):
			why = "its lease was given by a clock that was ahead"
		case w.now.Before(until.Time):
			return &Busy{Holder: holder, Began: began.Time, Until: until.Time}
		default:
			why = "its lease ended"
		}
	}
	_, err = tx.ExecContext(ctx, abandon, instant{w.now}, why, id)
	return err
}

// forgets reports whether a run removes old rows: about one run of 25 does, by a hash of its
// number, so that each project has its turn however many there are.
func forgets(run int64) bool {
	return uint64(run)*0x9E3779B97F4A7C15>>32%25 == 0 //nolint:gosec // a hash, which overflows on purpose
}

// forgetRuns removes the oldest runs of a project that ended before an instant, of each kind of end
// more than are added meanwhile. The last run of each kind stays.
func forgetRuns(ctx context.Context, tx *sql.Tx, project string, before time.Time) error {
	const remove = `DELETE FROM runs WHERE ended_at < ? AND id IN (
		SELECT id FROM runs WHERE project = ? AND status = ? ORDER BY id LIMIT 1000)
		AND id <> (SELECT max(id) FROM runs WHERE project = ? AND status = ?)`
	for _, status := range []string{"abandoned", string(RunDone), string(RunFailed), string(RunStopped)} {
		if _, err := tx.ExecContext(ctx, remove, instant{before}, project, status, project, status); err != nil {
			return fmt.Errorf("forget old runs of %s: %w", project, err)
		}
	}
	return nil
}

// KeepRun lengthens the lease of a live run. It returns ErrNotLive if the run is over, since
// another took its place.
func (s *Store) KeepRun(ctx context.Context, run int64, until time.Time) error {
	const update = `UPDATE runs SET lease_until = ? WHERE id = ? AND status = 'running' RETURNING id`
	err := s.row(ctx, update, []any{instant{until}, run}, &run)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotLive
	}
	if err != nil {
		return fmt.Errorf("keep the lease of run %d: %w", run, err)
	}
	return nil
}

// Unfinished returns the paths of the projects with a live run.
func (s *Store) Unfinished(ctx context.Context) ([]string, error) {
	var out []string
	err := s.each(ctx, `SELECT project FROM runs WHERE status = 'running' ORDER BY project`, nil, func(rows *sql.Rows) error {
		var project string
		if err := rows.Scan(&project); err != nil {
			return err
		}
		out = append(out, project)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read which runs are not finished: %w", err)
	}
	return out, nil
}

// RunEnd is how a run ended, and why, in one sentence.
type RunEnd struct {
	Status  RunStatus
	Summary string
}

// FinishRun records how a run ended. A run without an effect that ended like the one before it shares
// its row. It returns ErrNotLive if the run is over already: another has taken over, or it was
// finished twice.
func (s *Store) FinishRun(ctx context.Context, run int64, now time.Time, end RunEnd) error {
	e := ended{run, instant{now}, end}
	err := s.write(ctx, func(tx *sql.Tx) error {
		row, joined, err := endInARow(ctx, tx, e)
		switch {
		case err != nil:
			return err
		case joined:
			return moveRecord(ctx, tx, run, row)
		}
		return endAlone(ctx, tx, e)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotLive
	}
	if err != nil {
		return fmt.Errorf("finish run %d: %w", run, err)
	}
	return nil
}

// Ran is when runs of a project ended.
type Ran struct {
	Good time.Time // the last that carried out all its decisions; zero for none
	Any  time.Time // the last, however it ended; zero for none
	Said string    // what was wrong with the last one

	Since  time.Time // when the first of the runs began that ended like the last one, in a row and without an effect
	InARow int       // how many these are
}

// lastRuns reads the last run of each kind of end from an index, for each project.
const lastRuns = `SELECT r.project, r.status, r.began_at, r.ended_at, r.summary, r.in_a_row FROM projects p JOIN runs r ON r.id IN (
	(SELECT max(id) FROM runs WHERE project = p.path AND status = 'done'),
	(SELECT max(id) FROM runs WHERE project = p.path AND status = 'failed'),
	(SELECT max(id) FROM runs WHERE project = p.path AND status = 'stopped')) ORDER BY r.id`

// LastRuns returns when the runs of each known project ended. Abandoned runs do not count.
func (s *Store) LastRuns(ctx context.Context) (map[string]Ran, error) {
	out := map[string]Ran{}
	err := s.each(ctx, lastRuns, nil, func(rows *sql.Rows) error {
		var project, status, summary string
		var began, ended instant
		var inARow int
		if err := rows.Scan(&project, &status, &began, &ended, &summary, &inARow); err != nil {
			return err
		}
		r := out[project]
		r.Any, r.Said, r.Since, r.InARow = ended.Time, summary, began.Time, inARow
		if RunStatus(status) == RunDone {
			r.Good = ended.Time
		}
		out[project] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read when runs ended: %w", err)
	}
	return out, nil
}

// Action is an effect that a run is about to have.
type Action struct {
	Run    int64
	Kind   string
	Target string
	Detail string
}

// BeginAction records that a live run is about to have an effect, in the journal and in the audit,
// and returns the number of the journal's row. It returns ErrNotLive if another run has taken over.
// The effect must not happen then.
func (s *Store) BeginAction(ctx context.Context, a Action, entry AuditEntry) (int64, error) {
	const insert = `INSERT INTO actions (project, run, kind, target, detail, began_at)
		SELECT project, id, ?, ?, ?, ? FROM runs WHERE id = ? AND status = 'running' RETURNING id`
	var id int64
	err := s.write(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, insert, a.Kind, a.Target, a.Detail, instant{entry.At}, a.Run).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotLive
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, entry)
	})
	if err != nil {
		return 0, fmt.Errorf("note %s of %s: %w", a.Kind, a.Target, err)
	}
	return id, nil
}

// FinishAction records the result of an effect, in its row of the journal and in the audit, even if
// the run is over. A row that already has a result, or does not exist, stays as it is.
func (s *Store) FinishAction(ctx context.Context, id int64, entry AuditEntry) error {
	const update = `UPDATE actions SET result = ?, ended_at = ? WHERE id = ? AND result IS NULL`
	err := s.writeOver(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, update, entry.Result, instant{entry.At}, id); err != nil {
			return err
		}
		return record(ctx, tx, entry)
	})
	if err != nil {
		return fmt.Errorf("note the result of action %d: %w", id, err)
	}
	return nil
}
