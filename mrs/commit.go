package mrs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// commitBranch makes a branch one commit on top of Base. GitLab's API takes no
// expected head. So the head is read in the request just before, and afterwards it
// looks at which head was replaced.
// https://docs.gitlab.com/api/commits/#create-a-commit-with-multiple-files-and-actions
func (e effect) commitBranch(ctx context.Context, a plan.CommitBranch) (Outcome, error) {
	if err := e.within(a.Branch); err != nil {
		return Outcome{}, err
	}
	head, err := e.head(ctx, e.id, a.Branch)
	switch {
	case gitlab.Missing(err):
		head = plan.Commit{}
	case err != nil:
		return Outcome{}, err
	}
	if head.SHA != a.Expect {
		return e.settled(ctx, a, head)
	}
	made, err := e.postCommit(ctx, a)
	if err != nil {
		if made, err = e.look(ctx, a, err); err != nil {
			return Outcome{}, err
		}
	}
	out := Outcome{Wrote: true, Head: made.SHA, Commit: made}
	if a.MR == 0 || a.Expect == "" {
		return out, nil
	}
	kept, verified, err := e.keepReplaced(ctx, Rebuilt{a.MR, a.Branch, a.Expect, made.SHA})
	out.Kept, out.Unverified = kept, !verified
	return out, err
}

// settled is the answer if the branch is not at the head that the plan saw: done, if
// it holds exactly what was wanted, ErrMoved otherwise.
func (e effect) settled(ctx context.Context, a plan.CommitBranch, head plan.Commit) (Outcome, error) {
	if head.SHA != "" {
		ours, err := e.holds(ctx, a, head)
		if err != nil {
			return Outcome{}, err
		}
		if ours {
			return Outcome{Head: head.SHA, Commit: head}, nil
		}
	}
	return Outcome{}, fmt.Errorf("commit to branch %s: %w: at %s, not %s", a.Branch, ErrMoved, orNone(head.SHA), orNone(a.Expect))
}

func orNone(sha string) string {
	if sha == "" {
		return "none"
	}
	return sha
}

func (e effect) postCommit(ctx context.Context, a plan.CommitBranch) (plan.Commit, error) {
	opt := &api.CreateCommitOptions{Branch: &a.Branch, StartSHA: &a.Base, CommitMessage: &a.Message}
	if a.Expect != "" {
		// Not for a new branch: GitLab then refuses one that appeared meanwhile.
		opt.Force = new(true)
	}
	for _, f := range a.Files {
		action := api.FileUpdate
		if f.Create {
			action = api.FileCreate
		}
		opt.Actions = append(opt.Actions, &api.CommitActionOptions{Action: &action, FilePath: &f.Path,
			Content: new(base64.StdEncoding.EncodeToString(f.Content)), Encoding: new("base64")})
	}
	made, _, err := e.gl.API.Commits.CreateCommit(e.id, opt, api.WithContext(ctx))
	if err == nil && made.ID == "" {
		err = fmt.Errorf("%w: a commit without an id", gitlab.ErrNotGitLab)
	}
	if err != nil {
		return plan.Commit{}, gitlab.Fail(err, "commit to branch %s", a.Branch)
	}
	return plan.Commit(gitlab.CommitOf(made)), nil
}

// look finds out whether a commit that failed with err was made all the same.
func (e effect) look(ctx context.Context, a plan.CommitBranch, err error) (plan.Commit, error) {
	exists := a.Expect == "" && gitlab.Exists(err)
	if !gitlab.Lost(err) && !exists {
		return plan.Commit{}, err
	}
	var head plan.Commit
	made := gitlab.Look(ctx, func() (bool, error) {
		var look error
		head, look = e.head(ctx, e.id, a.Branch)
		switch {
		case gitlab.Missing(look), look == nil && head.SHA == a.Expect:
			return false, nil
		case look != nil:
			return false, look
		}
		if ours, _ := e.holds(ctx, a, head); ours {
			return true, nil
		}
		err = fmt.Errorf("commit to branch %s: %w: at %s: %w", a.Branch, ErrMoved, head.SHA, err)
		return false, err
	})
	if made {
		return head, nil
	}
	return plan.Commit{}, err
}

// holds reports whether head is the commit that a would make. It has the digest in its
// message, the base as its only parent, and everything that proves a commit ours,
// since somebody may have amended a commit and kept the message.
func (e effect) holds(ctx context.Context, a plan.CommitBranch, head plan.Commit) (bool, error) {
	trailers, ok := plan.ParseTrailers(head.Message)
	if !ok || trailers.Digest != a.Digest || !slices.Equal(head.Parents, []string{a.Base}) {
		return false, nil
	}
	return e.ours(ctx, a.Branch, head, a.Base)
}

// ours reports whether a commit is a head of ours of a branch, on the history of
// the commit onto.
func (e effect) ours(ctx context.Context, branch string, head plan.Commit, onto string) (bool, error) {
	b, err := e.Prove(ctx, Grounds{Project: e.id, Bot: e.bot, Onto: []string{onto}}, plan.Branch{Name: branch, Head: head})
	_, ours := b.Ours(e.us(e.bot))
	return ours, err
}

// Rebuilt is a branch that was made anew.
type Rebuilt struct {
	IID          int64 // its merge request
	Branch       string
	Expect, Head string // the head that it was read at, and the new one
}

// KeepReplaced looks up which head the rebuild of a branch replaced, in the
// versions of the merge request. If it is not the expected head, somebody pushed in
// that instant and those commits are on no branch any more, so a branch is made for
// them. verified is false while GitLab does not list the rebuild.
// Asking again changes nothing more. A run that died between a rebuild and its
// check asks with what its journal holds.
// https://docs.gitlab.com/api/merge_requests/#retrieve-merge-request-diff-versions
func (c *Client) KeepReplaced(ctx context.Context, project plan.Project, bot plan.User, b Rebuilt) (kept Kept, verified bool, err error) {
	e := effect{Client: c, id: project.ID, bot: bot}
	if err := e.within(b.Branch); err != nil {
		return Kept{}, false, err
	}
	return e.keepReplaced(ctx, b)
}

func (e effect) keepReplaced(ctx context.Context, b Rebuilt) (Kept, bool, error) {
	before, found, err := e.replaced(ctx, b.IID, b.Head)
	switch {
	case err != nil:
		return Kept{}, false, err
	case !found:
		return Kept{}, false, nil
	case before == b.Expect || before == "":
		return Kept{}, true, nil
	}
	// It is an earlier head of ours if GitLab made no version of the expected head.
	replaced, err := e.Commit(ctx, e.id, before)
	if err != nil {
		return Kept{}, false, err
	}
	now, err := e.Commit(ctx, e.id, b.Head)
	if err != nil {
		return Kept{}, false, err
	}
	onto := strings.Join(now.Parents, "")
	switch ours, err := e.ours(ctx, b.Branch, replaced, onto); {
	case err != nil:
		return Kept{}, false, err
	case ours:
		return Kept{}, true, nil
	}
	kept := Kept{Branch: e.keptBranch(b.Branch, before), SHA: before}
	if err := e.createBranch(ctx, kept); err != nil {
		return Kept{}, false, err
	}
	return kept, true, nil
}

// replaced is the head of the version before the one at head. found is false if head
// is not among the versions, although they were asked for several times.
func (e effect) replaced(ctx context.Context, iid int64, head string) (before string, found bool, err error) {
	for _, wait := range []time.Duration{0, time.Second / 2, time.Second, 2 * time.Second} {
		if err := gitlab.Pause(ctx, wait); err != nil {
			return "", false, nil //nolint:nilerr // an end of the run: what was not found is asked for by the next
		}
		list, err := e.versions(ctx, e.id, iid)
		if err != nil {
			return "", false, err
		}
		switch at := slices.Index(list, head); {
		case at < 0:
			continue
		case at+1 < len(list):
			return list[at+1], true, nil
		}
		return "", true, nil
	}
	return "", false, nil
}

// versions lists the heads that a merge request had, newest first.
// https://docs.gitlab.com/api/merge_requests/#retrieve-merge-request-diff-versions
func (c *Client) versions(ctx context.Context, id, iid int64) (heads []string, err error) {
	list, err := gitlab.List(func(page api.ListOptions) ([]*api.MergeRequestDiffVersion, *api.Response, error) {
		opt := &api.GetMergeRequestDiffVersionsOptions{ListOptions: page}
		return c.gl.API.MergeRequests.GetMergeRequestDiffVersions(id, iid, opt, api.WithContext(ctx))
	})
	slices.SortFunc(list, func(a, b *api.MergeRequestDiffVersion) int { return int(b.ID - a.ID) })
	for _, v := range list {
		heads = append(heads, v.HeadCommitSHA)
	}
	return heads, gitlab.Fail(err, "read the versions of merge request !%d", iid)
}

// createBranch makes a branch at a commit; one that is there already is fine.
// https://docs.gitlab.com/api/branches/#create-a-repository-branch
func (e effect) createBranch(ctx context.Context, k Kept) error {
	_, _, err := e.gl.API.Branches.CreateBranch(e.id, &api.CreateBranchOptions{Branch: &k.Branch, Ref: &k.SHA}, api.WithContext(ctx))
	there := func() (bool, error) {
		at, err := e.Head(ctx, e.id, k.Branch)
		if gitlab.Missing(err) {
			return false, nil
		}
		return at == k.SHA, err
	}
	err = gitlab.Settle(ctx, gitlab.Fail(err, "keep the replaced commit %s as branch %s", k.SHA, k.Branch), there)
	if errors.Is(err, gitlab.ErrRefused) {
		if was, _ := there(); was {
			return nil
		}
	}
	return err
}
