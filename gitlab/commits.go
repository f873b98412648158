package gitlab

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Commit is one commit, with the names that its user wrote into it.
type Commit struct {
	SHA           string
	Parents       []string // a list of branches may leave them out
	AuthorName    string
	AuthorEmail   string
	CommitterName string
	Message       string
	At            time.Time // when it was committed
}

// CommitOf is what an answer of GitLab tells of a commit.
func CommitOf(k *api.Commit) Commit {
	return Commit{SHA: k.ID, Parents: k.ParentIDs, AuthorName: k.AuthorName, AuthorEmail: k.AuthorEmail,
		CommitterName: k.CommitterName, Message: k.Message, At: Instant(k.CommittedDate)}
}

// Commit reads one commit.
// https://docs.gitlab.com/api/commits/#retrieve-a-commit
func (c *Client) Commit(ctx context.Context, project int64, sha string) (Commit, error) {
	k, _, err := c.API.Commits.GetCommit(project, sha, nil, api.WithContext(ctx))
	if err != nil {
		return Commit{}, Fail(err, "read commit %s", sha)
	}
	return CommitOf(k), nil
}

// Head is the commit a branch points at. ErrNotFound: there is no such branch.
// https://docs.gitlab.com/api/branches/#retrieve-a-repository-branch
func (c *Client) Head(ctx context.Context, project int64, branch string) (Commit, error) {
	b, _, err := c.API.Branches.GetBranch(project, branch, api.WithContext(ctx))
	if err == nil && (b.Commit == nil || b.Commit.ID == "") {
		err = fmt.Errorf("%w: a branch without a commit", ErrNotGitLab)
	}
	if err != nil {
		return Commit{}, Fail(err, "read branch %s", branch)
	}
	return CommitOf(b.Commit), nil
}

// Branch is a branch with its head.
type Branch struct {
	Name string
	Head Commit
}

// Branches lists the branches whose names begin with prefix, in GitLab's
// order (by name), and the SHA of the default branch in the same list, empty if that
// is not in it. Parents are empty if the list does not tell them.
// https://docs.gitlab.com/api/branches/#list-all-repository-branches
func (c *Client) Branches(ctx context.Context, project int64, prefix, defaultBranch string) (under []Branch, head string, err error) {
	// An instance that does not know regex lists all, so names are compared here.
	wanted := "^(" + regexp.QuoteMeta(prefix) + "|" + regexp.QuoteMeta(defaultBranch) + "$)"
	// The first page of a search may hold all rows, whatever size was asked for, and
	// name a second page that repeats some. So a page without new rows is the last.
	seen := map[string]bool{}
	for page := int64(1); page <= maxPages; page++ {
		opt := &api.ListBranchesOptions{ListOptions: api.ListOptions{Page: page, PerPage: perPage}, Regex: &wanted}
		list, _, err := c.API.Branches.ListBranches(project, opt, api.WithContext(ctx))
		if err != nil {
			return nil, "", Fail(err, "list branches under %s", prefix)
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
				under = append(under, Branch{Name: b.Name, Head: CommitOf(b.Commit)})
			}
		}
		if len(list) < perPage || len(seen) == before {
			return under, head, nil
		}
	}
	return nil, "", Fail(fmt.Errorf("%w: more than %d rows", ErrTooLarge, maxPages*perPage), "list branches under %s", prefix)
}

// MergeBase is the newest commit that two commits have in common, the zero value
// if there is none or if one of them does not exist.
// https://docs.gitlab.com/api/repositories/#get-the-merge-base
func (c *Client) MergeBase(ctx context.Context, project int64, a, b string) (Commit, error) {
	base, _, err := c.API.Repositories.MergeBase(project, &api.MergeBaseOptions{Ref: &[]string{a, b}}, api.WithContext(ctx))
	err = Fail(err, "compare commit %s with commit %s", a, b)
	switch {
	case Missing(err), errors.Is(err, ErrRefused):
		return Commit{}, nil
	case err != nil:
		return Commit{}, err
	}
	return CommitOf(base), nil
}
