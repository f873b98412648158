package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/renovate"
	"gitlab.com/cki-project/pinwheel/store"
	"gitlab.com/cki-project/pinwheel/text"
)

// files are those of the project at one commit. What a commit holds never changes, so
// a file that an earlier run read at the same commit is not read again.
type files struct {
	store.Files
	failed map[string]error // by path: why one could not be read
	fresh  bool             // one was read in this run, so they are stored
	// unsure are the files that are missing by an answer which may be another one later.
	unsure map[string]bool
}

// readFiles reads the files that are not known yet at the commit of the run, at the same
// time. If one cannot be read, whoever needs it gets the error.
func (r *observer) readFiles(ctx context.Context, head string, paths []string) {
	if r.files.Head != head || r.files.ByPath == nil {
		r.files = files{}
	}
	r.files.read(ctx, r.fileAt(head), paths)
	r.files.Head = head
}

// readFile reads one file at a commit.
type readFile func(ctx context.Context, path string) (gitlab.FileAt, error)

// fileAt returns what reads one file at a commit. The answer is not part of the record
// of a run: the next run at the same commit has the file in the store.
func (r *observer) fileAt(sha string) readFile {
	id := r.snap.Project.ID
	return func(ctx context.Context, path string) (gitlab.FileAt, error) {
		return r.GitLab.FileAt(gitlab.Unrecorded(ctx), id, path, sha)
	}
}

// read reads those of some files that are not known.
func (f *files) read(ctx context.Context, one readFile, paths []string) {
	if f.ByPath == nil {
		f.ByPath = map[string]store.File{}
	}
	if f.failed == nil {
		f.failed, f.unsure = map[string]error{}, map[string]bool{}
	}
	slices.Sort(paths)
	paths = slices.DeleteFunc(slices.Compact(paths), func(path string) bool {
		_, known := f.ByPath[path]
		return known
	})
	found, errs := make([]gitlab.FileAt, len(paths)), make([]error, len(paths))
	together(len(paths), func(i int) { found[i], errs[i] = one(ctx, paths[i]) })
	for i, path := range paths {
		if f.failed[path] = errs[i]; errs[i] == nil {
			f.ByPath[path], f.fresh = store.File{Data: found[i].Data, Absent: !found[i].Found}, true
			f.unsure[path] = !found[i].ForGood
		}
	}
}

// file is one of the files that were read.
func (f *files) file(path string) (store.File, error) {
	if err := f.failed[path]; err != nil {
		return store.File{}, err
	}
	return f.ByPath[path], nil
}

// pathsOf are those of the files that a policy names, after those of the policy.
func pathsOf(policy plan.Policy) []string { return append(ownPaths(policy), pinsPaths(policy)...) }

// ownPaths are the files in which a project may keep its policy.
func ownPaths(policy plan.Policy) []string {
	out := []string{config.OwnFile}
	if policy.From == plan.FromRenovate {
		out = append(out, renovate.FileNames()...)
	}
	return out
}

// pinsPaths are the constraints files and their twins.
func pinsPaths(policy plan.Policy) (out []string) {
	for _, f := range policy.Files {
		out = append(out, f.Path)
		if f.Derived != nil {
			out = append(out, f.Derived.Path)
		}
	}
	return out
}

// observeFiles brings the files that the policy names into the snapshot.
func (r *observer) observeFiles(ctx context.Context) error {
	r.readFiles(ctx, r.snap.Project.Head, pathsOf(r.project.Policy))
	files, err := r.files.named(r.project.Policy)
	if err != nil {
		return err
	}
	r.snap.Files = files
	return r.observeBases(ctx)
}

// filesAt reads the constraints files and their twins at a commit.
func (r *observer) filesAt(ctx context.Context, sha string) ([]plan.File, error) {
	if sha == r.files.Head {
		return r.files.named(r.project.Policy)
	}
	var there files
	there.read(ctx, r.fileAt(sha), pinsPaths(r.project.Policy))
	return there.named(r.project.Policy)
}

// named are the constraints files and their twins as a policy names them.
func (f *files) named(policy plan.Policy) (out []plan.File, err error) {
	for _, p := range policy.Files {
		read, err := f.file(p.Path)
		if err != nil {
			return nil, err
		}
		one := plan.File{Path: p.Path, Use: p.Use, Data: read.Data, Absent: read.Absent}
		if d := p.Derived; d != nil {
			if read, err = f.file(d.Path); err != nil {
				return nil, err
			}
			one.Derived = &plan.DerivedFile{Path: d.Path, Data: read.Data, Absent: read.Absent}
		}
		out = append(out, one)
	}
	return out, nil
}

// certain reports whether all files are for ever as they were read.
func (f *files) certain() bool {
	for _, unsure := range f.unsure {
		if unsure {
			return false
		}
	}
	return true
}

// keepFiles stores the files that are certain, for the runs at the same commit. One
// with a password in an address is read anew by each run: no secret is stored.
func (r *run) keepFiles(ctx context.Context, o observation) error {
	if !o.files.fresh {
		return nil
	}
	kept := store.Files{Head: o.files.Head, ByPath: maps.Clone(o.files.ByPath)}
	maps.DeleteFunc(kept.ByPath, func(path string, f store.File) bool {
		return o.files.unsure[path] || text.Masked(string(f.Data)) != string(f.Data)
	})
	if err := r.Store.SaveFiles(ctx, o.project.Path, kept); err != nil {
		return fmt.Errorf("record the files of %s: %w", o.project.Path, err)
	}
	return nil
}
