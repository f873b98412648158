package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Merge says which merge request is merged, and at which head.
type Merge struct {
	IID int64
	SHA string // the head that was tested: GitLab refuses another one
}

// Merged is the result of a merge.
type Merged struct {
	Commit string // that the target points at: of a merge, of a squash, or the head
	By     string // username
	At     time.Time
}

// Merge merges a merge request at once, as its project's settings say. It never uses
// "merge when pipeline succeeds", since that may merge a later commit. GitLab deletes
// the branch if the merge request says so. If a token of its own merges, it makes this
// one call; every other request is made with the first token.
//
// ErrNotMergeable: GitLab does not merge it now; [Failure] says why as far as GitLab
// tells. ErrHeadMoved: somebody pushed. ErrForbidden: the token's user may not merge
// into the target; GitLab may answer that with 401. If the answer does not arrive,
// Merge looks whether that very head was merged. It is no error if somebody merged
// that head already.
// https://docs.gitlab.com/api/merge_requests/#merge-a-merge-request
func (c *Client) Merge(ctx context.Context, project int64, m Merge) (Merged, error) {
	if m.SHA == "" {
		return Merged{}, fmt.Errorf("merge !%d: no head is named", m.IID)
	}
	answer, _, err := c.API.MergeRequests.AcceptMergeRequest(project, m.IID, &api.AcceptMergeRequestOptions{SHA: &m.SHA}, api.WithContext(AsMerger(ctx)))
	if err == nil {
		if done, ok := mergedOf(answer, m); ok {
			return done, nil
		}
		err = fmt.Errorf("%w: it is %s", ErrUnavailable, answer.State) // under way
	}
	code := statusOf(err)
	err = Fail(err, "merge !%d", m.IID)
	switch {
	case code == http.StatusUnauthorized && c.MergesApart():
		err = &Failure{Doing: fmt.Sprintf("merge !%d", m.IID), Text: "the token that merges is not accepted, or its user may not merge into its target", Kinds: []error{ErrForbidden},
			Advice: fmt.Sprintf("could not merge !%d: GitLab does not accept the token that merges (PINWHEEL_GITLAB_MERGE_TOKEN or gitlab.merge_token_file), or its user may not merge into the target; pinwheel doctor says which", m.IID)}
	case code == http.StatusUnauthorized:
		err = &Failure{Doing: fmt.Sprintf("merge !%d", m.IID), Text: "the token's user may not merge into its target", Kinds: []error{ErrForbidden},
			Advice: fmt.Sprintf("could not merge !%d: the token's user may not merge into its target; let its role do so in Settings > Repository > Protected branches, or switch merging off", m.IID)}
	case code == http.StatusConflict && strings.Contains(err.Error(), "SHA does not match"):
		err = also(err, ErrHeadMoved)
	case code == http.StatusMethodNotAllowed, code == http.StatusNotAcceptable, code == http.StatusUnprocessableEntity:
		err = also(err, ErrNotMergeable)
	}
	var done Merged
	there := func() (found bool, err error) {
		now, _, err := c.API.MergeRequests.GetMergeRequest(project, m.IID, nil, api.WithContext(ctx))
		if err != nil {
			return false, err
		}
		done, found = mergedOf(now, m)
		return found, nil
	}
	if errors.Is(err, ErrNotMergeable) {
		if found, look := there(); found && look == nil {
			return done, nil // somebody else merged this head in that instant
		}
		return Merged{}, err
	}
	if err = Settle(ctx, err, there); err != nil {
		return Merged{}, err
	}
	return done, nil
}

// MayMerge reports whether the token's user may merge a merge request into its target.
func (c *Client) MayMerge(ctx context.Context, project, iid int64) (bool, error) {
	m, _, err := c.API.MergeRequests.GetMergeRequest(project, iid, nil, api.WithContext(ctx))
	if err != nil {
		return false, Fail(err, "read merge request !%d", iid)
	}
	return m.User.CanMerge, nil
}

// mergedOf is what a merge came to, if it did and was of that head.
func mergedOf(m *api.MergeRequest, of Merge) (Merged, bool) {
	if m.IID != of.IID || m.State != "merged" || m.SHA != of.SHA {
		return Merged{}, false
	}
	out := Merged{Commit: m.SHA, At: Instant(m.MergedAt)}
	switch {
	case m.MergeCommitSHA != "":
		out.Commit = m.MergeCommitSHA
	case m.SquashCommitSHA != "":
		out.Commit = m.SquashCommitSHA
	}
	if m.MergeUser != nil {
		out.By = m.MergeUser.Username
	}
	return out, true
}

// statusOf is the status of an error answer, 0 where there was none.
func statusOf(err error) int {
	if answer, ok := errors.AsType[*api.ErrorResponse](err); ok {
		return answer.StatusCode
	}
	return 0
}

// Revert makes a commit on a branch that takes the change of another commit back; for
// a merge commit that is its change to the first parent. ErrReverted: nothing of that
// change is on the branch any more. ErrChangedSince: the same lines were changed
// again. If the answer is lost, it looks whether the branch has one more commit, and
// whether that is a revert.
// https://docs.gitlab.com/api/commits/#revert-a-commit
func (c *Client) Revert(ctx context.Context, project int64, sha, branch string) (Commit, error) {
	before, err := c.Head(ctx, project, branch)
	if err != nil {
		return Commit{}, err
	}
	k, _, err := c.API.Commits.RevertCommit(project, sha, &api.RevertCommitOptions{Branch: &branch}, api.WithContext(ctx))
	if err == nil && k.ID != "" {
		return CommitOf(k), nil
	}
	if err == nil {
		err = fmt.Errorf("%w: a commit without a name", ErrNotGitLab)
	}
	var why string
	if answer, ok := errors.AsType[*api.ErrorResponse](err); ok {
		why = string(answer.Body)
	}
	err = Fail(err, "revert commit %s on branch %s", sha, branch)
	switch {
	case errors.Is(err, ErrRefused) && strings.Contains(why, `"empty"`):
		return Commit{}, also(err, ErrReverted)
	case errors.Is(err, ErrRefused) && strings.Contains(why, `"conflict"`):
		return Commit{}, also(err, ErrChangedSince)
	}
	var made Commit
	err = Settle(ctx, err, func() (bool, error) {
		now, err := c.Head(ctx, project, branch)
		if err != nil || now.SHA == before.SHA {
			return false, err
		}
		made, err = c.Commit(ctx, project, now.SHA)
		return len(made.Parents) == 1 && made.Parents[0] == before.SHA && strings.HasPrefix(made.Message, "Revert "), err
	})
	if err != nil {
		return Commit{}, err
	}
	return made, nil
}
