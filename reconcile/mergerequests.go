package reconcile

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// overlap is how far back the list of updated merge requests is read again,
// so that a stale list or a clock that is off loses none.
const overlap = 24 * time.Hour

// lists are the merge requests of a project as GitLab lists them, beside those that
// the store remembers.
type lists struct {
	stored, open, updated []plan.MergeRequest
	whole                 bool // open has every one that is open
}

// lists returns a function that reads the lists: the open merge requests and those that
// changed since the last run, at the same time. If the last run read under the same
// prefix and left none open, one list is enough: what was opened later also changed later.
func (r *observer) lists(id int64) func(context.Context) (lists, error) {
	client, stored, since := r.gitlab, r.listed.stored, r.memory.MergeRequestsSeen
	quiet := !since.IsZero() && r.now.Passed(since) && r.memory.Prefix == r.project.Policy.BranchPrefix &&
		!slices.ContainsFunc(stored, func(m plan.MergeRequest) bool { return m.State != plan.Closed && m.State != plan.Merged }) &&
		!r.othersDue()
	if !since.IsZero() {
		since = since.Add(-overlap)
	}
	return func(ctx context.Context) (lists, error) {
		out := lists{stored: stored, whole: !quiet}
		if quiet {
			var err error
			out.open, out.updated, err = client.ChangedMergeRequests(ctx, id, since)
			return out, err
		}
		errs := make([]error, 2)
		together(2, func(i int) {
			if i == 0 {
				out.open, errs[i] = client.OpenMergeRequests(ctx, id)
			} else {
				out.updated, errs[i] = client.UpdatedMergeRequests(ctx, id, since)
			}
		})
		return out, cmp.Or(errs[0], errs[1])
	}
}

// observeMergeRequests joins the lists with what the store remembers of the others.
func (r *observer) observeMergeRequests(ctx context.Context) error {
	all := map[int64]plan.MergeRequest{}
	for _, mr := range r.listed.stored {
		all[mr.IID] = mr
		r.pushers[mr.IID] = mr
	}
	seen := map[int64]bool{}
	for _, mr := range append(r.listed.updated, r.listed.open...) {
		if r.gitlab.Inside(mr.Branch) {
			all[mr.IID], seen[mr.IID] = mr, true
		}
	}
	if err := r.readUnlisted(ctx, all, seen); err != nil {
		return err
	}
	for _, iid := range slices.Sorted(maps.Keys(all)) {
		mr, err := r.elsewhere(ctx, all[iid])
		if err != nil {
			return err
		}
		mr.Ran, mr.RedRuns = r.pushers[mr.IID].Ran, r.pushers[mr.IID].RedRuns
		mr.Heard, mr.Released = r.pushers[mr.IID].Heard, r.pushers[mr.IID].Released
		mr.Compared, mr.Altered = r.pushers[mr.IID].Compared, r.pushers[mr.IID].Altered
		mr.Stands, mr.StandsSince = r.pushers[mr.IID].Stands, r.pushers[mr.IID].StandsSince
		r.snap.MergeRequests = append(r.snap.MergeRequests, mr)
	}
	return nil
}

// readUnlisted reads the merge requests that are open or being merged by our records and in no
// list: only their own pages tell. Those that are gone are taken out.
func (r *observer) readUnlisted(ctx context.Context, all map[int64]plan.MergeRequest, seen map[int64]bool) error {
	var iids []int64
	for iid, mr := range all {
		if (mr.State == plan.Opened || mr.State == plan.Locked) && !seen[iid] {
			iids = append(iids, iid)
		}
	}
	slices.Sort(iids)
	found, errs := make([]plan.MergeRequest, len(iids)), make([]error, len(iids))
	together(len(iids), func(i int) {
		found[i], errs[i] = r.gitlab.MergeRequest(ctx, r.snap.Project.ID, iids[i])
	})
	for i, iid := range iids {
		switch {
		case errors.Is(errs[i], gitlab.ErrNotFound):
			delete(all, iid)
		case errs[i] != nil:
			return errs[i]
		default:
			all[iid] = found[i]
		}
	}
	return nil
}

// elsewhere completes a merge request whose target is not the default branch: whether that
// target is gone, as after a rename, and, if it was merged, whether the default branch has
// it too.
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

// mergeTakes is how long after the commit of a merge GitLab may date the merge.
const mergeTakes = 2 * time.Minute

// parted returns the date of the newest commit that the default branch has in common with
// another branch at a head, or the zero time if there is none. It asks once in a run.
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
