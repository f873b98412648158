package mrs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Options are what a Client needs to know of the project it works in.
type Options struct {
	// BranchPrefix is the only place where branches are written or deleted
	// and merge requests listed or changed. Empty allows no effect at all.
	BranchPrefix string
	Body         BodyView // what a description shows beyond its update
	// FormerUsers are names of users that pinwheel had before, as commits show
	// them.
	FormerUsers []string
}

// Client reads one project and carries out actions in it. It keeps no state
// but its options and what GitLab said of itself, and may be made anew for each
// run. It is for one goroutine.
type Client struct {
	gl      *gitlab.Client
	opt     Options
	version Version // once it was asked for
}

// New returns a Client that uses gl, made by [NewGitLab].
func New(gl *gitlab.Client, opt Options) *Client { return &Client{gl: gl, opt: opt} }

const (
	perPage  = 100     // GitLab's maximum
	maxPages = 500     // offset pages end at 50,000 rows on GitLab.com
	maxFile  = 4 << 20 // no constraints file is larger
)

// Whoami is the token's own user.
// https://docs.gitlab.com/api/users/#retrieve-the-current-user
func (c *Client) Whoami(ctx context.Context) (plan.User, error) {
	u, _, err := c.gl.Users.CurrentUser(gitlab.WithContext(ctx))
	if err != nil {
		return plan.User{}, fail(err, "read the token's own user")
	}
	return plan.User{ID: u.ID, Username: u.Username, Name: u.Name}, nil
}

// Project reads a project by its id, or by its path where id is 0. Head stays
// empty. AccessLevel is the highest of the user's direct and inherited roles,
// 0 where GitLab tells none, as to administrators.
// https://docs.gitlab.com/api/projects/#retrieve-a-project
func (c *Client) Project(ctx context.Context, path string, id int64) (plan.Project, error) {
	var pid any = path
	if id != 0 {
		pid = id
	}
	p, _, err := c.gl.Projects.GetProject(pid, nil, gitlab.WithContext(ctx))
	if errors.Is(err, gitlab.ErrNotFound) {
		err = fmt.Errorf("%w: %w", ErrProjectNotFound, err)
	}
	if err != nil {
		return plan.Project{}, fail(err, "read project %s", path)
	}
	out := plan.Project{ID: p.ID, Path: p.PathWithNamespace, WebURL: p.WebURL, DefaultBranch: p.DefaultBranch, Archived: p.Archived}
	out.IssuesEnabled = p.IssuesAccessLevel != gitlab.DisabledAccessControl
	if p.IssuesAccessLevel == "" {
		out.IssuesEnabled = p.IssuesEnabled
	}
	out.MergeRequestsOff = p.MergeRequestsAccessLevel == gitlab.DisabledAccessControl
	out.Empty, out.Private = p.EmptyRepo, p.Visibility == gitlab.PrivateVisibility
	out.PipelinesOff = p.BuildsAccessLevel == gitlab.DisabledAccessControl
	if p.Permissions != nil {
		if a := p.Permissions.ProjectAccess; a != nil {
			out.AccessLevel = int(a.AccessLevel)
		}
		if a := p.Permissions.GroupAccess; a != nil {
			out.AccessLevel = max(out.AccessLevel, int(a.AccessLevel))
		}
	}
	return out, nil
}

// Head is the SHA a branch points at. ErrNotFound: there is no such branch.
// https://docs.gitlab.com/api/branches/#retrieve-a-repository-branch
func (c *Client) Head(ctx context.Context, id int64, branch string) (string, error) {
	head, err := c.head(ctx, id, branch)
	return head.SHA, err
}

func (c *Client) head(ctx context.Context, id int64, branch string) (plan.Commit, error) {
	b, _, err := c.gl.Branches.GetBranch(id, branch, gitlab.WithContext(ctx))
	if err != nil {
		return plan.Commit{}, fail(err, "read branch %s", branch)
	}
	if b.Commit == nil || b.Commit.ID == "" {
		return plan.Commit{}, fail(fmt.Errorf("%w: a branch without a commit", ErrNotGitLab), "read branch %s", branch)
	}
	return commitOf(b.Commit), nil
}

// File is a file's bytes at a commit. found is false when the commit has no
// such file; a missing project or a proxy's page is an error, never a missing
// file. A file above 4 MiB is ErrTooLarge.
// https://docs.gitlab.com/api/repository_files/#retrieve-a-raw-file-from-a-repository
func (c *Client) File(ctx context.Context, id int64, path, sha string) (data []byte, found bool, err error) {
	data, _, err = c.gl.RepositoryFiles.GetRawFile(id, path, &gitlab.GetRawFileOptions{Ref: &sha}, gitlab.WithContext(ctx))
	switch {
	case errors.Is(err, gitlab.ErrNotFound) && !errors.Is(err, ErrProjectNotFound):
		return nil, false, nil
	case err != nil:
		return nil, false, fail(err, "read file %s", path)
	case len(data) > maxFile:
		return nil, false, fail(fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), maxFile), "read file %s", path)
	}
	return data, true, nil
}

// Branches lists the branches whose names begin with prefix, in GitLab's
// order (by name), and the SHA at which the default branch is in the same list,
// empty where that is not there. Parents are empty where the list does not tell
// them; Digest and Known are left to the caller.
// https://docs.gitlab.com/api/branches/#list-all-repository-branches
func (c *Client) Branches(ctx context.Context, id int64, prefix, defaultBranch string) (under []plan.Branch, head string, err error) {
	// An instance that does not know regex lists all, so names are compared here.
	wanted := "^(" + regexp.QuoteMeta(prefix) + "|" + regexp.QuoteMeta(defaultBranch) + "$)"
	// Of a search the first page may hold all, whatever was asked for, and names a
	// second that holds some of them again: a page without news is the last.
	seen := map[string]bool{}
	for page := int64(1); page <= maxPages; page++ {
		opt := &gitlab.ListBranchesOptions{ListOptions: gitlab.ListOptions{Page: page, PerPage: perPage}, Regex: &wanted}
		list, _, err := c.gl.Branches.ListBranches(id, opt, gitlab.WithContext(ctx))
		if err != nil {
			return nil, "", fail(err, "list branches under %s", prefix)
		}
		before := len(seen)
		for _, b := range list {
			if b.Commit == nil || seen[b.Name] {
				continue
			}
			seen[b.Name] = true
			if b.Name == defaultBranch {
				head = b.Commit.ID
			}
			if strings.HasPrefix(b.Name, prefix) {
				under = append(under, plan.Branch{Name: b.Name, Head: commitOf(b.Commit)})
			}
		}
		if len(list) < perPage || len(seen) == before {
			return under, head, nil
		}
	}
	return nil, "", fail(fmt.Errorf("%w: more than %d rows", ErrTooLarge, maxPages*perPage), "list branches under %s", prefix)
}

// Commit reads one commit.
// https://docs.gitlab.com/api/commits/#retrieve-a-commit
func (c *Client) Commit(ctx context.Context, id int64, sha string) (plan.Commit, error) {
	k, _, err := c.gl.Commits.GetCommit(id, sha, nil, gitlab.WithContext(ctx))
	if err != nil {
		return plan.Commit{}, fail(err, "read commit %s", sha)
	}
	return commitOf(k), nil
}

func commitOf(k *gitlab.Commit) plan.Commit {
	return plan.Commit{SHA: k.ID, Parents: k.ParentIDs, AuthorName: k.AuthorName, AuthorEmail: k.AuthorEmail,
		CommitterName: k.CommitterName, Message: k.Message, At: instant(k.CommittedDate)}
}

// pages collects a list by page numbers counted here: links in headers may
// lead elsewhere, totals may be missing.
func pages[T any](get func(gitlab.ListOptions) ([]T, error)) ([]T, error) {
	var all []T
	for page := int64(1); page <= maxPages; page++ {
		list, err := get(gitlab.ListOptions{Page: page, PerPage: perPage})
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) < perPage {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%w: more than %d rows", ErrTooLarge, maxPages*perPage)
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// seconds is a timer that a cancelled context cuts short.
func seconds(ctx context.Context, n float64) error {
	t := time.NewTimer(time.Duration(math.Round(n * float64(time.Second))))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
