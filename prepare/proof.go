package prepare

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Proven is a kept build of the lock that was proven.
type Proven struct{ Image, Key, Lock string }

// Proof says what to prove: that the lock in a folder has the commits of Members, and that it is
// built for all images.
type Proof struct {
	Dir     string
	Images  []string
	Members map[string]string
}

// Prove reports whether a lock has certain commits, and a build of it is kept for every image. Then
// the members install together. members are commits by the paths of their projects; whatever else
// the lock has, they require. Prove reads the lock and the records in a folder, which jobs of the
// pipeline made, and the shelf.
func Prove(ctx context.Context, s Shelf, of Proof) ([]Proven, error) {
	dir, images, members := of.Dir, of.Images, of.Members
	l, err := LoadLock(dir)
	if err != nil {
		return nil, err
	}
	if err := l.isOf(members); err != nil {
		return nil, err
	}
	out := []Proven{}
	for _, image := range images {
		r, err := LoadRecord(dir, image)
		if err != nil {
			return nil, err
		}
		if r.Lock != l.Digest() {
			return nil, mistake("%s was built of another lock: it may be the last good set, since this one does not install; see what pinwheel prepare build said in its job", recordName(image))
		}
		kept, found, err := wholeOn(ctx, s, image, r.Key)
		if err != nil {
			return nil, err
		}
		if !found || kept.Lock != r.Lock {
			return nil, mistake("the build %.12s of image %s is not kept: let its job run pinwheel prepare push --image %s", r.Key, image, image)
		}
		out = append(out, Proven{image, r.Key, r.Lock})
	}
	return out, nil
}

// isOf compares a lock with the commits that it is to have.
func (l Lock) isOf(members map[string]string) error {
	if over := l.Overridden(); len(over) > 0 {
		return mistake("the lock has overrides (%s), so it is not what production would be: make it without them", strings.Join(over, ", "))
	}
	had := map[string]bool{}
	compare := func(project, sha string) error {
		for path, want := range members {
			if !strings.EqualFold(path, project) {
				continue
			}
			had[path] = true
			if want != sha {
				return mistake("the lock has %s at %.12s, and production would have it at %.12s: run the jobs that lock and build again", path, sha, want)
			}
		}
		return nil
	}
	var errs []error
	for _, p := range l.Packages {
		errs = append(errs, compare(p.Project, p.SHA))
	}
	for _, d := range l.Data {
		errs = append(errs, compare(d.Project, d.SHA))
	}
	for _, path := range slices.Sorted(maps.Keys(members)) {
		if !had[path] {
			errs = append(errs, mistake("the lock has not %s, which is a project of the set: run the jobs that lock and build again", path))
		}
	}
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}
