package mrs

import (
	"context"
	"errors"
	"fmt"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// What callers branch on, beside the errors of package gitlab.
var (
	ErrMoved   = errors.New("the branch is not where it was expected")
	ErrOutside = errors.New("outside the branch prefix")
)

// Outcome is the result of an effect. It holds what is known, also if Apply returns
// an error.
type Outcome struct {
	Wrote  bool               // something was changed by this call
	Head   string             // of the branch, after CommitBranch
	Commit plan.Commit        // at Head, after CommitBranch
	MR     *plan.MergeRequest // as GitLab stores it, nil if none is concerned
	Kept   Kept
	Merged string // after Merge, the commit that the target points at
	// Run is the pipeline of a gate that was started or found, Status is the status
	// of a gate on a head. Each is nil for other effects. Retried: a job runs again.
	Run     *plan.GateRun
	Status  *plan.GateStatus
	Retried bool
	// Unverified: the merge request does not show yet which head the rebuild
	// replaced. [Client.KeepReplaced] asks again.
	Unverified bool
}

// Kept is a branch that keeps a head which somebody pushed in the instant of a
// rebuild. The zero value means that there is none.
type Kept struct {
	Branch string
	SHA    string
}

// Apply carries out one order. It returns when the order is carried out, was carried
// out already, or cannot be. Applying the same order again changes nothing more.
// bot is the token's own user.
//
// ErrMoved: the branch or merge request is no longer what the plan saw, so
// nothing was done; the next run decides anew. ErrOutside: the action leaves
// the branch prefix and is refused.
func (c *Client) Apply(ctx context.Context, project plan.Project, bot plan.User, o Order) (Outcome, error) {
	e := effect{Client: c, id: project.ID, bot: bot}
	switch a := o.action.(type) {
	case plan.CommitBranch:
		return e.commitBranch(ctx, a.Made())
	case plan.OpenMergeRequest:
		return e.openMergeRequest(ctx, a, o)
	case plan.EditMergeRequest:
		return e.editMergeRequest(ctx, a, o.opened)
	case plan.CloseMergeRequest:
		return e.closeMergeRequest(ctx, a, o.note)
	case plan.KeepCommits:
		return e.keepCommits(ctx, a)
	case plan.AskForTests:
		return e.askForTests(ctx, a)
	case plan.NoteMergeRequest:
		return e.noteMergeRequest(ctx, a, o.note)
	case plan.DeleteBranch:
		return e.deleteBranch(ctx, a)
	case plan.Merge:
		return e.merge(ctx, a)
	case plan.StartGate:
		return e.startGate(ctx, a)
	case plan.RetryJob:
		return e.retryJob(ctx, a)
	case plan.SetStatus:
		return e.setStatus(ctx, a, project)
	case plan.GuardMergeRequest:
		return e.guardMergeRequest(ctx, a)
	default:
		return Outcome{}, fmt.Errorf("apply %T: no such action", a)
	}
}

// effect is one action under way.
type effect struct {
	*Client
	id  int64
	bot plan.User
}

func (e effect) within(branch string) error {
	if !e.Inside(branch) {
		return fmt.Errorf("branch %s: %w %s", branch, ErrOutside, e.opt.BranchPrefix)
	}
	return nil
}

// own refuses a merge request whose source is not a branch of this project
// under the prefix, or not the branch the action means.
func (e effect) own(m plan.MergeRequest, branch string) error {
	if err := e.within(m.Branch); err != nil {
		return fmt.Errorf("merge request !%d: %w", m.IID, err)
	}
	if !m.SameProject || m.Branch != branch {
		return fmt.Errorf("merge request !%d is not from branch %s of this project: %w", m.IID, branch, ErrMoved)
	}
	return nil
}

// ownMergeRequest reads a merge request and its description, and refuses one that [effect.own]
// refuses.
func (e effect) ownMergeRequest(ctx context.Context, iid int64, branch string) (plan.MergeRequest, string, error) {
	m, description, err := e.mergeRequest(ctx, e.id, iid)
	if err == nil {
		err = e.own(m, branch)
	}
	return m, description, err
}

// deleteBranch deletes a branch that is still at the head the plan saw.
// https://docs.gitlab.com/api/branches/#delete-a-repository-branch
func (e effect) deleteBranch(ctx context.Context, a plan.DeleteBranch) (Outcome, error) {
	if err := e.within(a.Branch); err != nil {
		return Outcome{}, err
	}
	head, err := e.Head(ctx, e.id, a.Branch)
	switch {
	case gitlab.Missing(err):
		return Outcome{}, nil
	case err != nil:
		return Outcome{}, err
	case head != a.Head:
		return Outcome{}, fmt.Errorf("delete branch %s: %w: at %s, not %s", a.Branch, ErrMoved, head, a.Head)
	}
	gone := func() (bool, error) {
		_, err := e.head(ctx, e.id, a.Branch)
		if gitlab.Missing(err) {
			return true, nil
		}
		return false, err
	}
	_, err = e.gl.API.Branches.DeleteBranch(e.id, a.Branch, api.WithContext(ctx))
	err = gitlab.Settle(ctx, gitlab.Fail(err, "delete branch %s", a.Branch), gone)
	if errors.Is(err, gitlab.ErrNotFound) { // a 404 may hide a missing right, so this looks again
		if was, _ := gone(); was {
			err = nil
		}
	}
	return Outcome{Wrote: err == nil}, err
}
