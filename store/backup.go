package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup writes a copy of the database into a new file, as it is at one instant, whole or not at
// all. Others may write meanwhile. A file that is there already is an error and stays.
// A database on a server is not copied. https://www.sqlite.org/lang_vacuum.html#vacuuminto
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.server != nil {
		return errNoBackup
	}
	if err := Creatable(path); err != nil {
		return fmt.Errorf("back up to %s: %w", path, err)
	}
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("back up to %s: %w", path, errors.New("there is a file already: name another, or remove it"))
	}
	if err := s.backup(ctx, path); err != nil {
		return fmt.Errorf("back up to %s: %w", path, err)
	}
	return nil
}

// backup writes the copy into a folder of its own, which nobody else may read, and gives it its name
// when it is whole. If the process dies before, only that folder stays.
func (s *Store) backup(ctx context.Context, path string) error {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".pinwheel-backup-*")
	if err != nil {
		return unwritable(err)
	}
	defer os.RemoveAll(dir)
	whole := filepath.Join(dir, "copy")
	if err := s.exec(ctx, `VACUUM INTO ?`, whole); err != nil {
		return err
	}
	f, err := os.OpenFile(whole, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(whole, path); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(whole, path) // the file system knows no second name of a file
}
