package prepare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Locking is what MakeLock needs besides Wanted.
type Locking struct {
	Dir        string // the folder of the lock, made if it does not exist
	Credential Credential
	CAFile     string // certificates for git besides the system's

	places map[string]string // for which a candidate is the answer, see Wanted
	again  bool              // a lock is made again: it asks for commits instead of refs
}

// ref is what a repository is asked for.
func (with Locking) ref(ref, sha string) string {
	if with.again {
		return sha
	}
	return ref
}

// MakeLock resolves everything that is wanted to commits, once, and writes the folder of a lock:
// its file, the constraints, and a frozen repository for each member. It writes the folder whole or
// not at all, and replaces one that has a lock already.
func MakeLock(ctx context.Context, w Wanted, with Locking) (Lock, error) {
	with.places = w.places()
	return with.write(ctx, w.Plain, func(m *mirrors) (Lock, error) { return resolve(ctx, w, m.checkout) })
}

// MakeLockAgain writes the folder of an earlier lock as it was, and resolves no ref. It is an error
// if a repository does not have the commit of the lock any more.
func MakeLockAgain(ctx context.Context, l Lock, with Locking) (Lock, error) {
	with.again = true
	return with.write(ctx, l.plain(), func(m *mirrors) (Lock, error) {
		at := func(repository, sha string) error {
			_, err := m.checkout(ctx, Source{Repository: repository, Ref: sha})
			return err
		}
		for _, p := range l.Packages {
			if err := at(p.URL, p.SHA); err != nil {
				return Lock{}, err
			}
		}
		for _, d := range l.Data {
			if err := at(d.URL, d.SHA); err != nil {
				return Lock{}, err
			}
		}
		return l, nil
	})
}

// plain reports whether a repository of the lock is read over http.
func (l Lock) plain() bool {
	for _, p := range l.Packages {
		if strings.HasPrefix(p.URL, "http://") {
			return true
		}
	}
	for _, d := range l.Data {
		if strings.HasPrefix(d.URL, "http://") {
			return true
		}
	}
	return false
}

// write makes the folder of a lock. read fetches the repositories into the mirrors.
func (with Locking) write(ctx context.Context, plain bool, read func(*mirrors) (Lock, error)) (Lock, error) {
	if _, err := GitVersion(ctx); err != nil {
		return Lock{}, err
	}
	var err error
	if with.Dir, err = filepath.Abs(with.Dir); err != nil { // git runs in folders of its own
		return Lock{}, err
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(with.Dir)), 0o750); err != nil {
		return Lock{}, fmt.Errorf("the folder of %s cannot be made: %w", with.Dir, err)
	}
	if err := replaceable(with.Dir); err != nil {
		return Lock{}, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(filepath.Clean(with.Dir)), ".pinwheel-lock-*")
	if err != nil {
		return Lock{}, fmt.Errorf("there is no room beside %s: %w", with.Dir, err)
	}
	defer os.RemoveAll(dir)
	scratch := filepath.Join(dir, "scratch")
	out := filepath.Join(dir, "out")
	repositories := filepath.Join(out, MirrorName)
	for _, d := range []string{scratch, repositories} {
		if err := os.MkdirAll(d, 0o755); err != nil { //nolint:gosec // jobs of other users read what is in it
			return Lock{}, err
		}
	}
	protocols := "https"
	if plain {
		protocols += ":http"
	}
	m := &mirrors{git: &git{scratch, protocols, gitSettings(with.Credential, with.CAFile)}, dir: repositories, had: map[string]*mirror{}, at: with.places}
	l, err := read(m)
	if err != nil {
		return Lock{}, err
	}
	for _, p := range l.Packages {
		if err := m.keep(ctx, Source{Repository: p.URL, Ref: with.ref(p.Ref, p.SHA)}, p.Name, p.Refs); err != nil {
			return Lock{}, fmt.Errorf("the mirror of %s could not be made: %w", p.Name, err)
		}
	}
	for _, d := range l.Data {
		if err := m.keep(ctx, Source{Repository: d.URL, Ref: with.ref(d.Ref, d.SHA)}, dataMirror(d.Name), nil); err != nil {
			return Lock{}, fmt.Errorf("the mirror of %s could not be made: %w", d.Name, err)
		}
	}
	if err := m.drop(); err != nil {
		return Lock{}, err
	}
	if err := os.WriteFile(filepath.Join(out, ConstraintsName), []byte(l.Constraints.Text), 0o644); err != nil { //nolint:gosec // jobs of other users read it
		return Lock{}, err
	}
	if err := os.WriteFile(filepath.Join(out, LockName), l.Encode(), 0o644); err != nil { //nolint:gosec // the same
		return Lock{}, err
	}
	if err := os.RemoveAll(with.Dir); err != nil {
		return Lock{}, err
	}
	return l, os.Rename(out, with.Dir)
}

// dataMirror is the name of a data project's mirror, which no package can have.
func dataMirror(name string) string { return "data+" + name }

// replaceable returns an error unless a folder is absent, empty, or that of a lock.
func replaceable(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(list) == 0 {
		return nil
	}
	if err != nil {
		return mistake("%s cannot be read: name a folder of its own for the lock", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, LockName)); err != nil {
		return mistake("%s is there and holds no lock: name a folder of its own with --dir", dir)
	}
	return nil
}

// LoadLock reads the lock in a folder.
func LoadLock(dir string) (Lock, error) {
	data, err := os.ReadFile(filepath.Join(dir, LockName))
	if errors.Is(err, fs.ErrNotExist) {
		return Lock{}, mistake("there is no %s in %s: make it with pinwheel prepare lock, or take the artifacts of the job that did", LockName, dir)
	}
	if err != nil {
		return Lock{}, fmt.Errorf("%s cannot be read: %w", filepath.Join(dir, LockName), err)
	}
	return ReadLock(data)
}
