package reconcile

import (
	"context"
	"fmt"
	"slices"

	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// overlay brings the snapshot up to date with what an effect left behind, so
// that the next decision sees the world as the next run will.
func (r *effects) overlay(ctx context.Context, a plan.Action, out mrs.Outcome, failure error) error {
	if out.Kept.Branch != "" {
		r.snap.Branches = append(r.snap.Branches, plan.Branch{Name: out.Kept.Branch, Head: plan.Commit{SHA: out.Kept.SHA}})
	}
	if out.MR != nil {
		r.setMergeRequest(out.MR)
		if err := r.Store.SaveMergeRequests(ctx, r.project.Path, []plan.MergeRequest{*out.MR}); err != nil {
			return fmt.Errorf("record merge request !%d: %w", out.MR.IID, err)
		}
	}
	if failure != nil {
		return nil //nolint:nilerr // whoever made the effect says what failed
	}
	switch a := a.(type) {
	case plan.CommitBranch:
		if out.Head == "" {
			return nil
		}
		return r.setBranch(ctx, a, out)
	case plan.AskForTests:
		return r.setAsked(ctx, a)
	case plan.DeleteBranch:
		r.snap.Branches = slices.DeleteFunc(r.snap.Branches, func(b plan.Branch) bool { return b.Name == a.Branch })
		return r.Store.DeleteBranch(ctx, r.project.Path, a.Branch)
	case plan.Merge:
		r.setMerged(out.Merged)
	case plan.StartGate:
		r.rememberRun(out)
	case plan.RetryJob:
		r.rememberRetry(a, out)
	case plan.SetStatus:
		r.rememberStatus(out)
		delete(r.snap.Mergeable, a.IID) // GitLab counts the status
	case plan.GuardMergeRequest:
		delete(r.snap.Mergeable, a.IID) // and whether it is a draft
	case plan.NoteMergeRequest:
		return r.setAnswered(ctx, a)
	case plan.OpenMergeRequest, plan.EditMergeRequest, plan.CloseMergeRequest, plan.KeepCommits:
		// What they changed is in the outcome.
	default:
		return fmt.Errorf("remember %s of %s: no such action", a.Kind(), a.On())
	}
	return nil
}

// setMergeRequest enters a merge request as GitLab has it now, which does not tell how many
// pipelines it has had, nor what its comments say.
func (r *effects) setMergeRequest(mr *plan.MergeRequest) {
	for i := range r.snap.MergeRequests {
		if old := r.snap.MergeRequests[i]; old.IID == mr.IID {
			mr.Ran, mr.RedRuns, mr.Heard, mr.Released = old.Ran, old.RedRuns, old.Heard, old.Released
			mr.Compared, mr.Altered, mr.Stands, mr.StandsSince = old.Compared, old.Altered, old.Stands, old.StandsSince
			r.snap.MergeRequests[i] = *mr
			return
		}
	}
	r.snap.MergeRequests = append(r.snap.MergeRequests, *mr)
}

func (r *effects) setBranch(ctx context.Context, a plan.CommitBranch, out mrs.Outcome) error {
	b := plan.Branch{Name: a.Branch, Head: out.Commit, Digest: a.Digest, Known: true}
	b.Head.SHA, b.Head.Message = out.Head, a.Message
	r.snap.Branches = slices.DeleteFunc(r.snap.Branches, func(o plan.Branch) bool { return o.Name == a.Branch })
	r.snap.Branches = append(r.snap.Branches, b)
	for i := range r.snap.MergeRequests {
		mr := &r.snap.MergeRequests[i]
		if mr.Branch == a.Branch && mr.State == plan.Opened {
			mr.HeadSHA, mr.HasConflicts = out.Head, false
			delete(r.snap.Mergeable, mr.IID)
		}
	}
	return r.Store.SaveBranch(ctx, r.project.Path, store.Branch{
		Name: a.Branch, Head: out.Head, Digest: a.Digest, Base: a.Base, Message: a.Message, WrittenAt: r.now.Stamp(),
	})
}

// setAsked notes that tests were asked for on a head.
func (r *effects) setAsked(ctx context.Context, a plan.AskForTests) error {
	if p, ok := r.snap.Pipelines[a.IID]; ok && a.OnOpen.Pipeline && p.Head == a.Head {
		p = p.Next(plan.Pipeline{Head: p.Head, ID: p.ID, Updated: p.Updated, Started: true, Since: p.Since, Red: p.Red}, 0)
		r.snap.Pipelines[a.IID], r.memory.Pipelines[a.IID] = p, p
	}
	for i := range r.snap.Branches {
		b := &r.snap.Branches[i]
		if b.Name != a.Branch {
			continue
		}
		b.Asked = true
		t, _ := plan.ParseTrailers(b.Head.Message)
		return r.Store.SaveBranch(ctx, r.project.Path, store.Branch{
			Name: b.Name, Head: b.Head.SHA, Digest: b.Digest, Base: t.Base, Message: b.Head.Message, WrittenAt: t.At, Asked: b.Head.SHA,
		})
	}
	return nil
}
