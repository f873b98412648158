package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
	"gitlab.com/cki-project/pinwheel/python/pyproject"
)

// rootNames are the roots as a text names them.
func rootNames(roots []plan.RootPolicy) []string {
	var out []string
	for _, root := range roots {
		out = append(out, rootName(root))
	}
	return out
}

func rootName(root plan.RootPolicy) string {
	if root.Requirement != "" {
		return root.Requirement
	}
	return root.Project
}

// observeRoots reads what the project installs: requirement lines as they are,
// projects' static files over the API. One that cannot be read is noted and
// holds what is new; nothing of it is ever executed.
func (r *observer) observeRoots(ctx context.Context) error {
	r.snap.Roots = nil
	for _, policy := range r.project.Policy.Roots {
		root := plan.Root{Name: rootName(policy)}
		var err error
		if policy.Requirement != "" {
			var q pep508.Requirement
			q, err = pep508.Parse(policy.Requirement)
			root.Requires = []pep508.Requirement{q}
		} else {
			root.Requires, err = r.rootOf(ctx, policy)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("read root %s: %w", root.Name, ctx.Err())
		}
		if err != nil {
			root.Failure = explain(err)
			if r.gitlab != nil {
				r.fail(fmt.Sprintf("root %s could not be read: %s", root.Name, root.Failure))
			}
		}
		r.snap.Roots = append(r.snap.Roots, root)
	}
	return nil
}

// rootOf reads the requirements of a project on the same GitLab.
func (r *observer) rootOf(ctx context.Context, policy plan.RootPolicy) ([]pep508.Requirement, error) {
	if r.gitlab == nil {
		return nil, fmt.Errorf("project %s is on GitLab, which a look at a file on disk does not reach", policy.Project)
	}
	theirs, err := r.GitLab.Project(ctx, policy.Project, 0)
	if err != nil {
		return nil, err
	}
	project := mrs.ProjectOf(theirs)
	own := project.ID == r.snap.Project.ID
	at, err := r.commitOf(ctx, project, policy.Ref, own)
	if err != nil {
		return nil, err
	}
	file := policy.File
	if file == "" {
		file = "pyproject.toml"
	}
	data, found, err := r.rootFile(ctx, project.ID, file, at)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, fmt.Errorf("%s has no %s at %s: correct roots[].file or roots[].ref", policy.Project, file, cmp.Or(policy.Ref, project.DefaultBranch))
	}
	p, err := pyproject.Parse(file, data, policy.Extras)
	if mistake := (*pyproject.Error)(nil); !own && errors.As(err, &mistake) {
		return nil, unquoted(policy.Project, file, mistake)
	}
	return p.Requires, err
}

// rootFile reads a file at a commit of some project. A file of this project at the commit of
// the run is kept with the other files.
func (r *observer) rootFile(ctx context.Context, project int64, path, at string) (data []byte, found bool, err error) {
	if project != r.snap.Project.ID || at != r.snap.Project.Head {
		return r.GitLab.File(ctx, project, path, at)
	}
	r.readFiles(ctx, at, []string{path})
	f, err := r.files.file(path)
	return f.Data, err == nil && !f.Absent, err
}

// commitOf is the commit that a ref of a project stands for: a branch before a
// tag, since git would prefer the tag, and the default branch without a ref. The
// project of the run is read at the one commit of the run.
func (r *observer) commitOf(ctx context.Context, project plan.Project, ref string, own bool) (string, error) {
	if own && (ref == "" || ref == project.DefaultBranch) {
		return r.snap.Project.Head, nil
	}
	name := cmp.Or(ref, project.DefaultBranch)
	at, err := r.gitlab.Head(ctx, project.ID, name)
	if ref == "" || !errors.Is(err, gitlab.ErrNotFound) || errors.Is(err, gitlab.ErrProjectNotFound) {
		return at, err
	}
	commit, err := r.gitlab.Commit(ctx, project.ID, ref)
	if gitlab.Missing(err) {
		return "", fmt.Errorf("%s has no branch, tag or commit %s: correct roots[].ref", project.Path, ref)
	}
	return commit.SHA, err
}

// unquoted says where another project's file has a mistake without showing what
// stands there: who reads the dashboard may not be allowed to.
func unquoted(project, file string, e *pyproject.Error) error {
	where := ""
	if e.Line > 0 {
		where = fmt.Sprintf(" at line %d", e.Line)
	}
	return fmt.Errorf("%s of %s has a mistake%s: correct it there, or list its requirements under roots instead", file, project, where)
}
