package prepare

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folderShelf is a folder that several machines may share.
type folderShelf struct{ dir string }

// InFolder keeps builds in a folder, which it makes if that does not exist.
func InFolder(dir string) Shelf { return folderShelf{dir} }

// place is the folder of an image, or of locks, whose name no image can have.
func (s folderShelf) place(image string) string { return filepath.Join(s.dir, cmp.Or(image, ".locks")) }

func (s folderShelf) path(f shelved) string { return filepath.Join(s.place(f.image), f.key, f.file) }

func (s folderShelf) get(_ context.Context, f shelved, w io.Writer) (bool, error) {
	in, err := os.Open(s.path(f))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer in.Close()
	_, err = io.Copy(w, in)
	return err == nil, err
}

func (s folderShelf) holds(ctx context.Context, f shelved, digest string) (bool, error) {
	var sum digester
	sum.to = io.Discard
	found, err := s.get(ctx, f, &sum)
	return found && sum.digest() == digest, err
}

func (s folderShelf) put(_ context.Context, f shelved, content io.ReadSeeker, _ Tarball) error {
	dir := filepath.Dir(s.path(f))
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // other jobs read what is in it
		return err
	}
	out, err := os.CreateTemp(dir, ".put-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	_, err = io.Copy(out, content)
	if err := errors.Join(err, out.Chmod(0o644), out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), s.path(f))
}

func (s folderShelf) list(_ context.Context, image string) ([]Kept, error) {
	dirs, err := os.ReadDir(s.place(image))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []Kept
	for _, d := range dirs {
		file := shelvedRecord
		if image == locks {
			file = LockName
		}
		if info, err := os.Stat(s.path(shelved{image, d.Name(), file})); err == nil {
			out = append(out, Kept{Image: image, Key: d.Name(), Created: info.ModTime()})
		}
	}
	slices.SortFunc(out, func(a, b Kept) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	return out, err
}

func (s folderShelf) drop(_ context.Context, k Kept) error {
	// The record is removed first, so that nobody finds half a build.
	if err := os.Remove(s.path(shelved{k.Image, k.Key, shelvedRecord})); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(filepath.Join(s.place(k.Image), k.Key))
}
