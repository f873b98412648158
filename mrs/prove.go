package mrs

import (
	"context"
	"slices"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Us are the names under which commits of ours stand.
func (c *Client) us(bot plan.User) plan.Us { return plan.UsOf(bot, c.opt.FormerUsers) }

// maxPaths is how many files a commit of ours changes at most. A message that names more
// is not ours, and its files are not read.
const maxPaths = 200

// maxDiffPages is one page more than a commit of ours has.
const maxDiffPages = maxPaths/100 + 1

// Grounds are what a branch is judged by.
type Grounds struct {
	Project int64
	Bot     plan.User
	Onto    []string // commits on one of whose histories the parent has to be
}

// Prove reads what [plan.Branch.Ours] judges a branch by: the paths that its head
// changes, the digest of that change in the version of its trailers, and whether its
// parent is on the history of one of the commits g.Onto, such as the head of the branch
// it goes into. If the message alone shows that the commit is not ours, nothing more is
// read. Then, and if the commit cannot be one of ours, the proof stays empty.
func (c *Client) Prove(ctx context.Context, g Grounds, b plan.Branch) (plan.Branch, error) {
	id, bot := g.Project, g.Bot
	b.Digest, b.Paths, b.Based = "", nil, false
	trailers, ok := plan.ParseTrailers(b.Head.Message)
	if !ok {
		return b, nil
	}
	if len(b.Head.Parents) == 0 { // a list of branches may leave them out
		full, err := c.Commit(ctx, id, b.Head.SHA)
		if err != nil {
			return b, err
		}
		b.Head = full
	}
	if len(b.Head.Parents) != 1 || !c.us(bot).Wrote(b.Head) {
		return b, nil
	}
	if len(trailers.Paths) > maxPaths {
		return b, nil
	}
	paths, plain, err := c.changed(ctx, id, b.Head.SHA, len(trailers.Paths))
	if err != nil || !plain {
		return b, err
	}
	files, whole, err := c.changes(ctx, id, trailers, b.Head)
	if err != nil || !whole {
		return b, err
	}
	b.Paths, b.Digest, b.Based = paths, plan.DigestOf(b.Name, trailers, files), true
	if _, fits := b.Ours(c.us(bot)); fits {
		b.Based, err = c.descends(ctx, id, b.Head.Parents[0], g.Onto)
	}
	return b, err
}

// changed lists the paths that differ between a commit and its parent, all of them
// or more than enough. plain is false where one was renamed, deleted or given
// another mode, as no commit of ours does.
// https://docs.gitlab.com/api/commits/#get-the-diff-of-a-commit
func (c *Client) changed(ctx context.Context, id int64, sha string, enough int) (paths []string, plain bool, err error) {
	plain = true
	_, err = gitlab.Walk(maxDiffPages, func(page api.ListOptions) ([]*api.Diff, *api.Response, error) {
		return c.gl.API.Commits.GetCommitDiff(id, sha, &api.GetCommitDiffOptions{ListOptions: page}, api.WithContext(ctx))
	}, func(d *api.Diff) bool {
		mode := d.AMode
		if d.NewFile {
			mode = "100644"
		}
		plain = plain && !d.RenamedFile && !d.DeletedFile && d.OldPath == d.NewPath && d.BMode == mode
		paths = append(paths, d.NewPath)
		return plain && len(paths) <= enough
	})
	if err != nil || !plain {
		return nil, false, gitlab.Fail(err, "read what commit %s changes", sha)
	}
	return paths, true, nil
}

// changes are the files of a commit's trailers before it and after it; whole is
// false where one is not there after it.
func (c *Client) changes(ctx context.Context, id int64, t plan.Trailers, head plan.Commit) (files []plan.FileChange, whole bool, err error) {
	for _, path := range t.Paths {
		after, found, err := c.gl.File(ctx, id, path, head.SHA)
		if err != nil || !found {
			return nil, false, err
		}
		before, was, err := c.gl.File(ctx, id, path, head.Parents[0])
		if err != nil {
			return nil, false, err
		}
		files = append(files, plan.FileChange{Path: path, Content: after, Before: before, Create: !was})
	}
	return files, true, nil
}

// descends reports whether a commit is on the history of one of others.
func (c *Client) descends(ctx context.Context, id int64, sha string, onto []string) (bool, error) {
	if slices.Contains(onto, sha) {
		return true, nil
	}
	for _, head := range onto {
		if head == "" {
			continue
		}
		base, err := c.gl.MergeBase(ctx, id, sha, head)
		if err != nil || base.SHA == sha {
			return err == nil, err
		}
	}
	return false, nil
}

// Parted is when the newest common commit of two commits was made, the zero time if they
// have none.
func (c *Client) Parted(ctx context.Context, id int64, a, b string) (time.Time, error) {
	base, err := c.gl.MergeBase(ctx, id, a, b)
	return base.At, err
}
