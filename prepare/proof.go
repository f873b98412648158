package prepare

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Proven is a build that is kept, of a lock that was compared.
type Proven struct{ Image, Key, Lock string }

// Proof is what is to be proven: that the lock of a folder is of the commits of Members,
// and built for all images.
type Proof struct {
	Dir     string
	Images  []string
	Members map[string]string
}

// Prove says whether a lock is of certain commits, and its build is kept for every
// image: then what they make together installs. members are commits by the paths of
// their projects; what the lock has beside them was required by them. It reads the lock
// and the records of a folder, which the pipeline's jobs made, and the shelf.
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

// isOf compares a lock with the commits that it should be of.
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
