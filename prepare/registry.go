package prepare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// Shelf keeps builds by image and key. A build exists as soon as its record does, which is written
// last and names its tarball by digest. If two processes build one key, each leaves a whole build,
// and the record names one of them.
type Shelf interface {
	// get writes a file of a build to w. found is false if it does not exist.
	get(ctx context.Context, f shelved, w io.Writer) (found bool, err error)
	// put writes a file, whole or not at all.
	put(ctx context.Context, f shelved, content io.ReadSeeker, t Tarball) error
	// holds reports whether a file exists and has a digest.
	holds(ctx context.Context, f shelved, digest string) (bool, error)
	// list names the builds of an image, newest first.
	list(ctx context.Context, image string) ([]Kept, error)
	// drop removes a build. It is no error if the build does not exist.
	drop(ctx context.Context, k Kept) error
}

// shelved names one file of a build.
type shelved struct{ image, key, file string }

// Kept is a build on a shelf.
type Kept struct {
	Image, Key string
	Created    time.Time
	id         int64
}

// packageOf is the name of the package of an image in GitLab's registry, or of locks.
func packageOf(image string) string {
	if image == locks {
		return "pinwheel-lock"
	}
	return "pinwheel-software-" + image
}

// shelvedRecord is the record of a build on a shelf.
const shelvedRecord = "record.json"

// tarballOn is the name of a tarball on a shelf: two that differ are two files.
func tarballOn(t Tarball) string { return "software-" + t.SHA256 + t.compression().ending() }

// gitlabShelf is the generic package registry of a project.
type gitlabShelf struct {
	client  *gitlab.Client
	project int64
}

// OnGitLab keeps builds in the generic package registry of a project.
func OnGitLab(client *gitlab.Client, project int64) Shelf { return gitlabShelf{client, project} }

func (s gitlabShelf) get(ctx context.Context, f shelved, w io.Writer) (bool, error) {
	_, found, err := s.client.GetPackageFile(ctx, s.project, gitlab.PackageFile{Package: packageOf(f.image), Version: f.key, File: f.file}, w)
	return found, err
}

func (s gitlabShelf) put(ctx context.Context, f shelved, content io.ReadSeeker, t Tarball) error {
	file := gitlab.PackageFile{Package: packageOf(f.image), Version: f.key, File: f.file}
	err := s.client.PutPackageFile(ctx, s.project, file, gitlab.Upload{Content: content, Size: t.Size, SHA256: t.SHA256})
	if err == nil || !gitlab.Lost(err) && !errors.Is(err, gitlab.ErrForbidden) {
		return err
	}
	// The file may have arrived, or be refused since it exists already. What counts is what GitLab
	// returns for it.
	return gitlab.Settle(ctx, also(err), func() (bool, error) {
		digest, found, err := s.client.GetPackageFile(ctx, s.project, file, io.Discard)
		return found && digest == t.SHA256, err
	})
}

func (s gitlabShelf) holds(ctx context.Context, f shelved, digest string) (bool, error) {
	file := gitlab.PackageFile{Package: packageOf(f.image), Version: f.key, File: f.file}
	got, found, err := s.client.PackageFileDigest(ctx, s.project, file)
	if gitlab.Unreadable(err) || errors.Is(err, gitlab.ErrUnauthorized) { // the token of a job may read files, but not list them
		got, found, err = s.client.GetPackageFile(ctx, s.project, file, io.Discard)
	}
	return found && got == digest, err
}

// also makes gitlab.Settle handle a refusal like a lost answer.
func also(err error) error {
	if gitlab.Lost(err) {
		return err
	}
	return fmt.Errorf("%w: %w", gitlab.ErrUnavailable, err)
}

func (s gitlabShelf) list(ctx context.Context, image string) ([]Kept, error) {
	all, err := s.client.Packages(ctx, s.project, packageOf(image))
	var out []Kept
	for _, p := range all {
		out = append(out, Kept{image, p.Version, p.Created, p.ID})
	}
	return out, err
}

func (s gitlabShelf) drop(ctx context.Context, k Kept) error {
	return s.client.DeletePackage(ctx, s.project, k.id)
}

// Pushing is a build that is to be kept.
type Pushing struct {
	Dir, Image string
	Around     Around // the upload; nil for nothing
}

// Push keeps the build of an image that is in a folder. It reports whether it did: a key that
// exists already is left as it is, if its tarball is whole.
func Push(ctx context.Context, s Shelf, p Pushing) (Record, bool, error) {
	dir, image := p.Dir, p.Image
	r, err := LoadRecord(dir, image)
	if err != nil {
		return Record{}, false, err
	}
	if _, there, err := wholeOn(ctx, s, image, r.Key); err != nil || there {
		return r, false, err
	}
	f, err := os.Open(filepath.Join(dir, r.Tarball.Name))
	if err != nil {
		return r, false, mistake("%s has no tarball beside it: build it anew", recordName(image))
	}
	defer f.Close()
	if _, err := sameDigest(f, r.Tarball.SHA256); err != nil {
		return r, false, fmt.Errorf("%s: %w", f.Name(), err)
	}
	err = p.Around.do(ctx, Kept{Image: image, Key: r.Key}, func(ctx context.Context) error {
		if err := s.put(ctx, shelved{image, r.Key, tarballOn(r.Tarball)}, f, r.Tarball); err != nil {
			return err
		}
		record := r.encode()
		return s.put(ctx, shelved{image, r.Key, shelvedRecord}, bytes.NewReader(record), Tarball{SHA256: digestOf(record), Size: int64(len(record))})
	})
	return r, err == nil, err
}

// recordOn reads the record of a build on a shelf.
func recordOn(ctx context.Context, s Shelf, image, key string) (Record, bool, error) {
	var out bytes.Buffer
	found, err := s.get(ctx, shelved{image, key, shelvedRecord}, &out)
	if err != nil || !found {
		return Record{}, false, err
	}
	r, err := readRecord(out.Bytes())
	if err != nil || r.Key != key || r.Image.Name != image {
		return Record{}, false, nil //nolint:nilerr // one that cannot be used is as none: it is built and kept anew
	}
	return r, true, nil
}

// wholeOn is recordOn for a build whose tarball exists, too.
func wholeOn(ctx context.Context, s Shelf, image, key string) (Record, bool, error) {
	r, found, err := recordOn(ctx, s, image, key)
	if err != nil || !found {
		return Record{}, false, err
	}
	found, err = s.holds(ctx, shelved{image, key, tarballOn(r.Tarball)}, r.Tarball.SHA256)
	return r, found, err
}

// Fetch downloads the build of a key into a folder. found is false if there is none, or if it is
// not what its record says; nothing is left of such a build.
func Fetch(ctx context.Context, s Shelf, dir string, k Kept) (r Record, found bool, err error) {
	if !hexDigest.MatchString(k.Key) {
		return Record{}, false, mistake("%q is no key: write the 64 characters that pinwheel prepare build --json tells", k.Key)
	}
	r, found, err = recordOn(ctx, s, k.Image, k.Key)
	if err != nil || !found {
		return Record{}, false, err
	}
	errDamaged := errors.New("it is damaged")
	t, err := tarballAt(dir, r.Tarball.Name, func(to io.Writer) error {
		sum := &digester{to: to}
		there, err := s.get(ctx, shelved{k.Image, k.Key, tarballOn(r.Tarball)}, sum)
		if err == nil && (!there || sum.digest() != r.Tarball.SHA256) {
			return errDamaged
		}
		return err
	})
	switch {
	case errors.Is(err, errDamaged):
		return Record{}, false, nil
	case err != nil:
		return Record{}, false, err
	case t != r.Tarball:
		return Record{}, false, nil
	}
	return r, true, nil
}

// Newest is the newest kept build of an image; its key is empty if there is none.
func Newest(ctx context.Context, s Shelf, image string) (Kept, error) {
	all, err := s.list(ctx, image)
	if err != nil || len(all) == 0 {
		return Kept{}, err
	}
	return all[0], nil
}

// LastGood is the newest kept build of an image that fits an interpreter and a root, has a lock
// without overrides, and is whole.
func LastGood(ctx context.Context, s Shelf, p *Prepared) (Kept, bool, error) {
	all, err := s.list(ctx, p.with.Image.Name)
	if err != nil {
		return Kept{}, false, err
	}
	for _, k := range all {
		r, found, err := recordOn(ctx, s, k.Image, k.Key)
		if err != nil {
			return Kept{}, false, err
		}
		if found = found && r.Interpreter == p.Interpreter && r.Root == p.with.Root && len(r.Overridden) == 0; !found {
			continue
		}
		if found, err = s.holds(ctx, shelved{k.Image, k.Key, tarballOn(r.Tarball)}, r.Tarball.SHA256); err != nil || found {
			return k, found, err
		}
	}
	return Kept{}, false, nil
}
