package gitlab

import (
	"context"
	"errors"
	"fmt"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Project is one project as its own page tells.
type Project struct {
	ID            int64
	Path          string // path_with_namespace
	WebURL        string
	DefaultBranch string
	Archived      bool
	Empty         bool // nothing was pushed to it yet
	Private       bool // only members read it

	IssuesEnabled    bool
	MergeRequestsOff bool
	PipelinesOff     bool

	MergeMethod       string // merge, rebase_merge or ff
	PipelinesRequired bool   // "Pipelines must succeed"
	VariablesRole     string // who may set variables of pipelines, in GitLab's word; "" where it tells none

	// AccessLevel is the highest of the token's user's direct and inherited roles,
	// 0 where GitLab tells none, as to administrators.
	AccessLevel int
}

// Project reads a project by its id, or by its path where id is 0.
// https://docs.gitlab.com/api/projects/#retrieve-a-project
func (c *Client) Project(ctx context.Context, path string, id int64) (Project, error) {
	var by any = path
	if id != 0 {
		by = id
	}
	p, _, err := c.API.Projects.GetProject(by, nil, api.WithContext(ctx))
	if errors.Is(err, api.ErrNotFound) {
		err = fmt.Errorf("%w: %w", ErrProjectNotFound, err)
	}
	if err == nil && p.ID == 0 {
		err = fmt.Errorf("%w: a project without a number", ErrNotGitLab)
	}
	if err != nil {
		return Project{}, Fail(err, "read project %s", path)
	}
	return projectOf(p), nil
}

// projectOf is a project as GitLab tells of it, on its own page or in a list.
func projectOf(p *api.Project) Project {
	out := Project{
		ID: p.ID, Path: p.PathWithNamespace, WebURL: p.WebURL, DefaultBranch: p.DefaultBranch, Archived: p.Archived,
		Empty: p.EmptyRepo, Private: p.Visibility == api.PrivateVisibility,
		IssuesEnabled:    p.IssuesAccessLevel != api.DisabledAccessControl,
		MergeRequestsOff: p.MergeRequestsAccessLevel == api.DisabledAccessControl,
		PipelinesOff:     p.BuildsAccessLevel == api.DisabledAccessControl,
		MergeMethod:      string(p.MergeMethod), PipelinesRequired: p.OnlyAllowMergeIfPipelineSucceeds, VariablesRole: p.CIPipelineVariablesMinimumOverrideRole,
	}
	if p.IssuesAccessLevel == "" {
		out.IssuesEnabled = p.IssuesEnabled
	}
	if p.Permissions != nil {
		if a := p.Permissions.ProjectAccess; a != nil {
			out.AccessLevel = int(a.AccessLevel)
		}
		if a := p.Permissions.GroupAccess; a != nil {
			out.AccessLevel = max(out.AccessLevel, int(a.AccessLevel))
		}
	}
	return out
}

// maxFile bounds a file: none that pinwheel reads is larger.
const maxFile = 4 << 20

// File is a file's bytes at a commit. found is false when the commit has no
// such file; a missing project or a proxy's page is an error, never a missing
// file. A file above 4 MiB is ErrTooLarge.
func (c *Client) File(ctx context.Context, project int64, path, sha string) (data []byte, found bool, err error) {
	f, err := c.FileAt(ctx, project, path, sha)
	return f.Data, f.Found, err
}

// FileAt is a file of a project at a commit.
type FileAt struct {
	Data  []byte
	Found bool // false: the commit has no such file
	// ForGood says that this is so for ever. It is false for a file that is missing by
	// an answer which does not say that the commit is there: a copy of the repository
	// that is behind gives such answers for a while.
	ForGood bool
}

// FileAt is [Client.File], and says whether the answer is for good.
// https://docs.gitlab.com/api/repository_files/#retrieve-a-raw-file-from-a-repository
func (c *Client) FileAt(ctx context.Context, project int64, path, sha string) (FileAt, error) {
	data, resp, err := c.API.RepositoryFiles.GetRawFile(project, path, &api.GetRawFileOptions{Ref: &sha}, api.WithContext(ctx))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), maxFile)
	}
	err = Fail(err, "read file %s", path)
	switch {
	case Missing(err):
		return FileAt{ForGood: resp != nil && resp.Header.Get(says404) == saysNoFile}, nil
	case err != nil:
		return FileAt{}, err
	}
	return FileAt{Data: data, Found: true, ForGood: true}, nil
}
