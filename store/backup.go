package store

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Backup writes a copy of the database into a new file, as it is at one instant. Others may
// write meanwhile. A file that is there already is an error and stays.
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
	if err := s.exec(ctx, `VACUUM INTO ?`, path); err != nil {
		return fmt.Errorf("back up to %s: %w", path, err)
	}
	return os.Chmod(path, 0o600)
}
