package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// overlap is how far back the list of updated merge requests is read again,
// so that a stale list or a clock that is off loses none.
const overlap = 24 * time.Hour

// observeMergeRequests reads those that are open and those that changed, and joins
// them with what the store remembers of the others.
func (r *observer) observeMergeRequests(ctx context.Context) error {
	id := r.snap.Project.ID
	open, err := r.gitlab.OpenMergeRequests(ctx, id)
	if err != nil {
		return err
	}
	since := r.memory.MergeRequestsSeen
	if !since.IsZero() {
		since = since.Add(-overlap)
	}
	updated, err := r.gitlab.UpdatedMergeRequests(ctx, id, since)
	if err != nil {
		return err
	}
	stored, err := r.Store.MergeRequests(ctx, r.project.Path)
	if err != nil {
		return fmt.Errorf("read the merge requests of %s from the store: %w", r.project.Path, err)
	}
	r.before.mergeRequests = stored
	all := map[int64]plan.MergeRequest{}
	for _, mr := range stored {
		all[mr.IID] = mr
		r.pushers[mr.IID] = mr
	}
	seen := map[int64]bool{}
	for _, mr := range append(updated, open...) {
		all[mr.IID], seen[mr.IID] = mr, true
	}
	for iid, mr := range all {
		if mr.State != plan.Opened || seen[iid] {
			continue
		}
		// Open by our records and in no list: only its own page tells.
		fresh, err := r.gitlab.MergeRequest(ctx, id, iid)
		if errors.Is(err, gitlab.ErrNotFound) {
			delete(all, iid)
			continue
		}
		if err != nil {
			return err
		}
		all[iid] = fresh
	}
	for _, mr := range all {
		if mr, err = r.elsewhere(ctx, mr); err != nil {
			return err
		}
		mr.Ran, mr.RedRuns = r.pushers[mr.IID].Ran, r.pushers[mr.IID].RedRuns
		r.snap.MergeRequests = append(r.snap.MergeRequests, mr)
	}
	sort.Slice(r.snap.MergeRequests, func(i, j int) bool { return r.snap.MergeRequests[i].IID < r.snap.MergeRequests[j].IID })
	return nil
}

// elsewhere says of a merge request into another branch than the default one
// whether that branch is gone, as after a rename, and of a merged one whether the
// default branch has it all the same.
func (r *observer) elsewhere(ctx context.Context, mr plan.MergeRequest) (plan.MergeRequest, error) {
	mr.TargetGone, mr.Landed = false, false
	merged := mr.State == plan.Merged && (mr.Switched() || mr.Note.Target == "")
	if mr.Target == r.snap.Project.DefaultBranch || mr.State != plan.Opened && !merged {
		return mr, nil
	}
	at, err := r.target(ctx, mr.Target)
	if err != nil {
		return mr, err
	}
	mr.TargetGone = at == ""
	if merged && mr.TargetGone {
		mr.Landed = true // a branch that gets another name keeps its history
	}
	if merged && at != "" && mr.Switched() {
		parted, err := r.parted(ctx, mr.Target, at)
		if err != nil {
			return mr, err
		}
		mr.Landed = !parted.Before(mr.MergedAt.Add(-mergeTakes))
	}
	return mr, nil
}

// mergeTakes is how long after its commit GitLab may call a merge request merged.
const mergeTakes = 2 * time.Minute

// parted is when a branch, at a head, and the default one had their last commit in
// common, the zero time for never. It is asked once in a run.
func (r *observer) parted(ctx context.Context, branch, at string) (time.Time, error) {
	if when, known := r.partings[branch]; known {
		return when, nil
	}
	when, err := r.gitlab.Parted(ctx, r.snap.Project.ID, at, r.snap.Project.Head)
	if err == nil {
		r.partings[branch] = when
	}
	return when, err
}

// target is the head of a branch that is not the default one, "" where it is not
// there. Each is read once in a run.
func (r *observer) target(ctx context.Context, branch string) (string, error) {
	if at, known := r.targets[branch]; known {
		return at, nil
	}
	at, err := r.gitlab.Head(ctx, r.snap.Project.ID, branch)
	if gitlab.Missing(err) {
		at, err = "", nil
	}
	if err == nil {
		r.targets[branch] = at
	}
	return at, err
}
