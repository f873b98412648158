package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gitlab.com/cki-project/pinwheel/plan"
)

// replaceFile makes path hold data, whole or not at all. It keeps the rights
// of a file that is there and follows a link to it.
func replaceFile(path string, data []byte) error {
	staged, err := stage(path, data)
	if err != nil {
		return unwritten(path, err)
	}
	if err := os.Rename(staged.temp, staged.path); err != nil {
		os.Remove(staged.temp)
		return unwritten(path, err)
	}
	return nil
}

// replaceFiles makes several files hold their new content: all of them, or on an error
// none. Each has to hold what it was read with, so that nobody's change is lost.
// Everything that can fail is done before the first file changes, but for the renames;
// if one of these fails, the files before it get back what they held.
func replaceFiles(files []plan.FileChange) error {
	staged := make([]staging, 0, len(files))
	defer func() {
		for _, s := range staged {
			os.Remove(s.temp) // no longer there once it was put
		}
	}()
	for _, f := range files {
		switch now, err := os.ReadFile(f.Path); {
		case f.Create && errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return unwritten(f.Path, err)
		case f.Create || !bytes.Equal(now, f.Before):
			return fmt.Errorf("%s changed meanwhile, so nothing was written: try again", f.Path)
		}
		s, err := stage(f.Path, f.Content)
		if err != nil {
			return unwritten(f.Path, err)
		}
		staged = append(staged, s)
	}
	return putAll(files, staged, os.Rename)
}

// putAll puts the new content in place, file by file. If one rename fails, the files
// before it are as they were.
func putAll(files []plan.FileChange, staged []staging, rename func(from, to string) error) error {
	for i, s := range staged {
		err := rename(s.temp, s.path)
		if err == nil {
			continue
		}
		for k, f := range files[:i] {
			if f.Create {
				err = errors.Join(err, os.Remove(staged[k].path))
			} else {
				err = errors.Join(err, replaceFile(f.Path, f.Before))
			}
		}
		return unwritten(files[i].Path, err)
	}
	return nil
}

// staging is new content that lies beside the file that it is for.
type staging struct{ temp, path string }

// stage writes new content beside the file that it is for, with the rights of that one.
func stage(path string, data []byte) (s staging, err error) {
	mode := fs.FileMode(0o644)
	if followed, err := filepath.EvalSymlinks(path); err == nil {
		path = followed
	}
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".pinwheel-*")
	if err != nil {
		if _, absent := os.Stat(filepath.Dir(path)); errors.Is(absent, fs.ErrNotExist) {
			err = unread{"there is no such folder", err}
		}
		return s, err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		os.Remove(f.Name())
		return s, err
	}
	return staging{f.Name(), path}, nil
}

func unwritten(path string, err error) error {
	return fmt.Errorf("%s cannot be written: %w", path, plainly(err))
}
