package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Store is an open database. Its methods may be called from any goroutine; in
// one process they take turns.
type Store struct {
	path   string
	server *server // nil for a file of SQLite
	conn   atomic.Pointer[sql.DB]
	mu     sync.Mutex  // held while another file replaces the open one
	file   os.FileInfo // of the open file
	note   string      // see Notice

	process Process // whose runs they are
}

// db is the open database. A method calls it only once, since Ready and Recover may replace it.
func (s *Store) db() *sql.DB { return s.conn.Load() }

// settings are those with which every connection is opened. The driver ignores a key that it does
// not know, so Open reads the pragmas back.
const settings = "?_txlock=immediate&_busy_timeout=5000&_foreign_keys=1&_synchronous=FULL&_dqs=0&_pragma=page_size(16384)&_pragma=journal_mode(WAL)"

// pragmas are the values that settings must have set.
var pragmas = [...]struct{ name, want string }{
	{"busy_timeout", "5000"}, {"foreign_keys", "1"}, {"journal_mode", "wal"}, {"synchronous", "2"},
}

// Place is where a database is.
type Place struct {
	// Path is that of a file of SQLite, or the address of a database of PostgreSQL:
	// postgres://USER@HOST/DATABASE.
	Path string
	// Password, if set, is asked before each connection to a server. An empty text leaves what the
	// address or PostgreSQL's own variables and files say.
	Password func() (string, error)
}

// Open opens the database at path; see OpenAt.
func Open(ctx context.Context, path string) (*Store, error) { return OpenAt(ctx, Place{Path: path}) }

// OpenAt opens a database, makes a file that does not exist, and brings an older schema up to
// date. If a file of pinwheel's is damaged, OpenAt renames it, to a name that Notice gives, and
// makes a new one. Any other fault is an error of one sentence with the next step. Runs are those
// of this process, see RunAs.
func OpenAt(ctx context.Context, at Place) (*Store, error) {
	s := &Store{path: Spoken(at.Path), process: thisProcess()}
	open := s.open
	if OnServer(at.Path) {
		open = func(ctx context.Context) error { return s.openServer(ctx, at) }
	}
	if err := open(ctx); err != nil {
		return nil, fmt.Errorf("store %s: %w", s.path, err)
	}
	return s, nil
}

// openServer opens a database of PostgreSQL.
func (s *Store) openServer(ctx context.Context, at Place) (err error) {
	if s.server, err = connect(ctx, at.Path, at.Password); err != nil {
		return err
	}
	db, err := s.server.open(ctx)
	if err == nil {
		s.conn.Store(db)
	}
	return err
}

// open opens the file at the path, after setting it aside if it is damaged.
func (s *Store) open(ctx context.Context) error {
	if err := Creatable(s.path); err != nil {
		return err
	}
	if err := writable(s.path); err != nil {
		return err
	}
	before, err := os.Stat(s.path)
	if err != nil {
		return err
	}
	db, err := patient(ctx, s.path)
	if errors.Is(err, ErrDamaged) {
		if !ours(s.path) {
			return errors.New("this is not a SQLite database: name another file or move this one away")
		}
		if err := s.setAside(before); err != nil {
			return err
		}
		db, err = patient(ctx, s.path)
	}
	if err != nil {
		return err
	}
	s.conn.Store(db)
	s.file, err = os.Stat(s.path)
	return err
}

// patient opens a database, and waits for others that open the same new file.
func patient(ctx context.Context, path string) (*sql.DB, error) {
	for deadline := time.Now().Add(startup); ; {
		db, err := open(ctx, path, settings)
		if err == nil {
			return db, nil
		}
		if !busy(err) || time.Now().After(deadline) || ctx.Err() != nil {
			return nil, explained(nil, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(startup / 100):
		}
	}
}

// startup is how long Open waits for others that open the same new file, since SQLite does not wait
// by itself while one of them turns WAL on.
const startup = 5 * time.Second

func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func open(ctx context.Context, path, settings string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector("file:" + escape(path) + settings)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(prepared{connector})
	// One connection: writers of one process wait in Go, not in SQLite, whose
	// busy timeout burns real time even in a synctest bubble.
	db.SetMaxOpenConns(1)
	if err = settled(ctx, db); err == nil {
		err = migrate(ctx, db, migrations())
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// escape writes a path as the path of a URI.
func escape(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.Clean(path))
}

// Close closes the database.
func (s *Store) Close() error {
	err := s.db().Close()
	if s.server != nil {
		s.server.pool.Close()
	}
	return err
}

// settled reads the pragmas back.
func settled(ctx context.Context, db *sql.DB) error {
	for _, p := range pragmas {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return err
		}
		if got != p.want {
			return fmt.Errorf("SQLite runs with %s = %s instead of %s here: choose a path on a local disk", p.name, got, p.want)
		}
	}
	return nil
}

// Creatable says what is wrong with a path before anything is there: it is a
// folder, its own folder does not exist, or no file can be made there. It leaves none.
func Creatable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errors.New("this is a folder: name a file")
	}
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %s does not exist: create it or name another", filepath.Dir(path))
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	// Under another name, since another process may be making the database now.
	f, err := os.CreateTemp(filepath.Dir(path), ".pinwheel-*")
	if err != nil {
		return unwritable(err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// writable says in plain words why a file cannot be written, for which SQLite has only a number.
func writable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		return f.Close()
	}
	return unwritable(err)
}

func unwritable(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}
	return fmt.Errorf("the file cannot be opened for writing (%w): give this user the right or name another", err)
}

// write runs f in one transaction, an immediate one in SQLite. PostgreSQL may end a transaction that
// waits for another one in a circle; then f runs again.
func (s *Store) write(ctx context.Context, f func(tx *sql.Tx) error) error {
	db := s.db()
	if s.server == nil {
		return explained(db, transact(ctx, db, f))
	}
	return s.onServer(ctx, db, func(tx *sql.Tx) error {
		if err := s.server.live(ctx, tx); err != nil {
			return err
		}
		return f(tx)
	})
}

// writeOver is write for what is also written when the run that ctx carries is over.
func (s *Store) writeOver(ctx context.Context, f func(tx *sql.Tx) error) error {
	db := s.db()
	if s.server == nil {
		return explained(db, transact(ctx, db, f))
	}
	return s.onServer(ctx, db, f)
}

func (s *Store) onServer(ctx context.Context, db *sql.DB, f func(tx *sql.Tx) error) error {
	err := transact(ctx, db, f)
	for n := 0; n < 5 && again(err); n++ {
		err = transact(ctx, db, f)
	}
	return s.explained(db, err)
}

// explained turns an error of the database into a sentence with the next step, if that is clear.
// Every error of a method goes through it.
func (s *Store) explained(db *sql.DB, err error) error {
	if s.server != nil {
		return s.server.explained(err)
	}
	return explained(db, err)
}

func transact(ctx context.Context, db *sql.DB, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		// Done: ctx ended, or SQLite rolled back by itself, as on a full disk.
		if back := tx.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) && !rolledBack(back) {
			return errors.Join(err, back)
		}
		return err
	}
	return tx.Commit()
}

// project runs f in one transaction in which the row of path exists.
func (s *Store) project(ctx context.Context, path string, f func(tx *sql.Tx) error) error {
	const insert = `INSERT INTO projects (path) VALUES (?) ON CONFLICT DO NOTHING`
	if s.server != nil {
		return s.onServer(ctx, s.db(), func(tx *sql.Tx) error {
			if err := s.server.lock(ctx, tx, path); err != nil {
				return err
			}
			if err := s.server.live(ctx, tx); err != nil {
				return err
			}
			return f(tx)
		})
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, insert, path); err != nil {
			return err
		}
		return f(tx)
	})
}

// instant is a time in a column: RFC 3339 in UTC, the zero time as NULL.
type instant struct{ time.Time }

// Value implements driver.Valuer.
func (i instant) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.UTC().Format(time.RFC3339Nano), nil
}

// Scan implements sql.Scanner.
func (i *instant) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		i.Time = time.Time{}
		return nil
	case string:
		t, err := time.Parse(time.RFC3339Nano, v)
		i.Time = t.UTC()
		if err != nil {
			return fmt.Errorf("%w: %w", errContent, err)
		}
		return nil
	default:
		return fmt.Errorf("a time is text, not %T", v)
	}
}
