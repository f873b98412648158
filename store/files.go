package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
)

// Files are files of a project at one commit, at which they never change.
type Files struct {
	Head   string // the commit's SHA, "" for none
	ByPath map[string]File
}

// File is one of the Files.
type File struct {
	Data   []byte
	Absent bool // the commit has no such file
}

// Files returns the files that the last run of a project kept.
func (s *Store) Files(ctx context.Context, project string) (Files, error) {
	out := Files{ByPath: map[string]File{}}
	err := s.each(ctx, `SELECT path, head, data, data IS NULL FROM files WHERE project = ?`, []any{project}, func(rows *sql.Rows) error {
		var path string
		var f File
		if err := rows.Scan(&path, &out.Head, &f.Data, &f.Absent); err != nil {
			return err
		}
		if len(f.Data) == 0 {
			f.Data = nil
		}
		out.ByPath[path] = f
		return nil
	})
	if err != nil {
		return Files{}, fmt.Errorf("read the files of %s: %w", project, err)
	}
	return out, nil
}

// SaveFiles replaces the files that are kept of a project.
func (s *Store) SaveFiles(ctx context.Context, project string, files Files) error {
	const remove = `DELETE FROM files WHERE project = ?`
	const insert = `INSERT INTO files (project, path, head, data) VALUES (?, ?, ?, ?)`
	err := s.project(ctx, project, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, remove, project); err != nil {
			return err
		}
		for _, path := range slices.Sorted(maps.Keys(files.ByPath)) {
			f := files.ByPath[path]
			data := append([]byte{}, f.Data...) // never NULL for a file that exists
			if f.Absent {
				data = nil
			}
			if _, err := tx.ExecContext(ctx, insert, project, path, files.Head, data); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save the files of %s: %w", project, err)
	}
	return nil
}
