package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrDamaged says that the file does not have what was written to it. Recover sets such a file
// aside. A missing right or a newer schema is no damage.
var ErrDamaged = errors.New("the database is damaged")

// errContent is a text in a column that pinwheel does not write like that.
var errContent = errors.New("a row makes no sense")

// damage remembers which opening of the file was damaged.
type damage struct {
	db  *sql.DB
	err error
}

func (d damage) Error() string {
	return fmt.Sprintf("%v (%s): the next run sets it aside and makes a new one from what GitLab tells", ErrDamaged, strings.TrimSpace(d.err.Error()))
}
func (d damage) Unwrap() error { return ErrDamaged }

// explained turns an error of SQLite about the file into a sentence with the next step, if that is
// clear.
func explained(db *sql.DB, err error) error {
	var e *sqlite.Error
	if errors.Is(err, errContent) {
		return damage{db, err}
	}
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return damage{db, err}
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the disk of the database is full: make room, and the next run goes on from there (%w)", err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("the disk of the database fails: look at it and its free space, and the next run goes on from there (%w)", err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("the file or its folder cannot be written: give this user the right or name another (%w)", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("another process has locked the database: wait or stop it (%w)", err)
	default:
		return err
	}
}

// rolledBack reports whether SQLite ended a transaction by itself.
func rolledBack(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == sqlite3.SQLITE_ERROR && strings.Contains(e.Error(), "no transaction is active")
}

// Notice says in one sentence what happened to the file besides being opened. A second call returns
// an empty text.
func (s *Store) Notice() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.takeNote()
}

// takeNote is Notice for a caller that holds the lock.
func (s *Store) takeNote() string {
	note := s.note
	s.note = ""
	return note
}

// Ready makes sure that what is written from now on is kept. If the open file was deleted or
// replaced, it opens the file at the path. notice is one sentence about that, or about what
// else happened to the file since the last call, and empty if nothing did. It asks the file
// system once. A server is always ready, since every statement asks it.
func (s *Store) Ready(ctx context.Context) (notice string, err error) {
	if s.server != nil {
		return "", nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if info, err := os.Stat(s.path); err != nil || !os.SameFile(info, s.file) {
		s.note = fmt.Sprintf("the database %s was deleted or replaced while pinwheel ran: it goes on with what is there now, and only history is lost", s.path)
		err = s.again(ctx)
		return s.takeNote(), err
	}
	return s.takeNote(), nil
}

// Recovery is what the store did about an error.
type Recovery struct {
	Again  bool   // the caller has to repeat what failed, on a new database
	Notice string // what happened to the file, in one sentence; empty for nothing
}

// Recoverable reports whether Recover can do something about an error of a method.
func Recoverable(err error) bool { return errors.Is(err, ErrDamaged) }

// Recover does what can be done about an error of a method. It renames a damaged file, to a name
// that Notice gives, and opens a new one. The caller then has to repeat what failed, also if
// another goroutine replaced the file already. Recover returns any other error, and nil, as it is.
func (s *Store) Recover(ctx context.Context, failure error) (Recovery, error) {
	var d damage
	if !errors.As(failure, &d) {
		return Recovery{}, failure
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if d.db == s.db() {
		err = s.replace(ctx, d.db)
	}
	return Recovery{Again: err == nil, Notice: s.takeNote()}, err
}

// Check reads the whole file, which takes time. It returns ErrDamaged if the file is not sound. Of
// a server it asks whether it answers, since that looks after its own files.
func (s *Store) Check(ctx context.Context) error {
	if s.server != nil {
		return s.server.explained(s.db().PingContext(ctx))
	}
	var verdict string
	if err := s.row(ctx, `PRAGMA quick_check(1)`, nil, &verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return damage{s.db(), errors.New(strings.Join(strings.Fields(verdict), " "))}
	}
	return nil
}

// replace sets the open file aside and opens a new one.
func (s *Store) replace(ctx context.Context, db *sql.DB) error {
	_ = db.Close() // before the name is free: SQLite deletes its log by name
	if err := s.setAside(s.file); err != nil {
		return fmt.Errorf("store %s: %w", s.path, err)
	}
	return s.again(ctx)
}

// again opens the file that is at the path now.
func (s *Store) again(ctx context.Context) error {
	_ = s.db().Close()
	if err := s.open(ctx); err != nil {
		return fmt.Errorf("store %s: %w", s.path, err)
	}
	return nil
}

// setAside renames the file, with its log, to a name that says why. If the file at the path is not
// seen any more, since another process was faster, it does nothing.
func (s *Store) setAside(seen os.FileInfo) error {
	info, err := os.Stat(s.path)
	if err != nil || !os.SameFile(info, seen) {
		return nil //nolint:nilerr // the file of another process, or none
	}
	stamp := s.path + ".damaged-" + time.Now().UTC().Format("20060102T150405Z")
	name := stamp
	for n := 2; ; n++ {
		if _, err := os.Stat(name); err != nil {
			break
		}
		name = fmt.Sprintf("%s-%d", stamp, n)
	}
	if err := os.Rename(s.path, name); err != nil {
		return fmt.Errorf("the database is damaged and cannot be set aside (%w): move it away, pinwheel makes a new one", err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Rename(s.path+suffix, name+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("the log of the damaged database cannot be set aside (%w): move %s away", err, s.path+suffix)
		}
	}
	s.note = fmt.Sprintf("the database %s was damaged and is kept as %s: a new one was made, GitLab tells the rest, and only history is lost; look at the disk", s.path, name)
	return nil
}

// ours reports whether a file that is no readable database was one of pinwheel's. It was if it has
// pinwheel's mark, or one of its tables, also in its log; if it is all zeros; or if it is pages
// that are no text and do not begin like another program's database. The path of any other file is
// a mistake.
func ours(path string) bool {
	file, log := beginning(path), beginning(path+"-wal")
	if len(file) >= 72 && string(file[68:72]) == "pinw" {
		return true
	}
	table := []byte("CREATE TABLE merge_requests (")
	if bytes.Contains(file, table) || bytes.Contains(log, table) || len(bytes.Trim(file, "\x00")) == 0 {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && info.Size()%4096 == 0 && bytes.IndexByte(file, 0) >= 0 && !bytes.HasPrefix(file, []byte("SQLite format 3\x00"))
}

// beginning is the first megabyte of a file, as far as it can be read.
func beginning(name string) []byte {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, _ := io.ReadAll(io.LimitReader(f, 1<<20)) // what was read before an error counts
	return data
}
