package mrs

import (
	"context"
	"fmt"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// maxNamed is how many commits a note names.
const maxNamed = 20

// keepCommits writes one note that names the commits of a branch which a rebuild is
// going to drop, and makes a branch at their head. It does not change the branch itself.
// A branch that has moved since the plan saw it is ErrMoved.
// https://docs.gitlab.com/api/merge_requests/#list-merge-request-commits
func (e effect) keepCommits(ctx context.Context, a plan.KeepCommits) (Outcome, error) {
	if _, _, err := e.ownMergeRequest(ctx, a.IID, a.Branch); err != nil {
		return Outcome{}, err
	}
	head, err := e.head(ctx, e.id, a.Branch)
	switch {
	case err != nil:
		return Outcome{}, err
	case head.SHA != a.Head:
		return Outcome{}, fmt.Errorf("keep the commits of branch %s: %w: at %s, not %s", a.Branch, ErrMoved, head.SHA, a.Head)
	}
	kept := Kept{Branch: e.keptBranch(a.Branch, a.Head), SHA: a.Head}
	at, err := e.Head(ctx, e.id, kept.Branch)
	there := err == nil && at == a.Head
	if !there {
		if err := e.createBranch(ctx, kept); err != nil {
			return Outcome{}, err
		}
	}
	body, err := e.dropped(ctx, a, kept)
	if err != nil {
		return Outcome{Kept: kept}, err
	}
	wrote, err := e.noteOnce(ctx, a.IID, "over-"+a.Head, body)
	return Outcome{Wrote: wrote || !there, Kept: kept}, err
}

// keptBranch is the branch that keeps a head of another one.
func (e effect) keptBranch(branch, head string) string {
	slug := strings.ReplaceAll(strings.TrimPrefix(branch, e.opt.BranchPrefix), "/", "-")
	return fmt.Sprintf("%s%s-%.8s", plan.KeptPrefix(e.opt.BranchPrefix), slug, head)
}

// dropped is the text of the note.
func (e effect) dropped(ctx context.Context, a plan.KeepCommits, kept Kept) (string, error) {
	commits, err := gitlab.List(func(page api.ListOptions) ([]*api.Commit, *api.Response, error) {
		opt := &api.GetMergeRequestCommitsOptions{ListOptions: page}
		return e.gl.API.MergeRequests.GetMergeRequestCommits(e.id, a.IID, opt, api.WithContext(ctx))
	})
	if err != nil {
		return "", gitlab.Fail(err, "list the commits of merge request !%d", a.IID)
	}
	who := "Somebody"
	if a.By != "" {
		who = text.Code(a.By)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s asked to start over. These commits leave this branch; %s keeps them:\n", who, text.Code(kept.Branch))
	for i, c := range commits {
		if i == maxNamed {
			fmt.Fprintf(&b, "\n - and %d more", len(commits)-i)
			break
		}
		fmt.Fprintf(&b, "\n - %s %s, by %s", text.Code(fmt.Sprintf("%.8s", c.ID)), text.Inline(c.Title, 200), text.Code(c.AuthorName))
	}
	return b.String(), nil
}
