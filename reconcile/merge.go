package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
)

// observeMergeable reads what GitLab says of a merge request that may be merged. If that
// cannot be read, the merge request is not merged.
func (r *run) observeMergeable(ctx context.Context, o observation, iid int64) {
	m, err := o.gitlab.Mergeable(ctx, o.snap.Project.ID, iid)
	if err != nil {
		r.fail("whether a merge request can be merged could not be read: " + explain(err))
		m = plan.Mergeable{Failure: explain(err)}
	}
	o.snap.Mergeable[iid] = m
}

// setMerged notes that a merge changed the default branch. What was read of that branch is
// out of date, so the run looks at everything again.
func (r *effects) setMerged(commit string) { r.merged = r.merged || commit != "" }

// mostWatched is how many merges are watched at a time, the newest.
const mostWatched = 5

// observeMerges looks what became of the merges of our user in the last days. If a token
// of its own merges, no request says who that is, so every merge of a merge request of
// ours is looked at.
func (r *observer) observeMerges(ctx context.Context) {
	if !r.snap.Policy.Merges() || r.snap.Project.PipelinesOff {
		return
	}
	for _, m := range slices.Backward(r.snap.MergeRequests) { // by number
		if !r.mergedByUs(m) || r.now.Passed(m.MergedAt.Add(plan.WatchMerge)) {
			continue
		}
		if len(r.snap.Merges) == mostWatched {
			return
		}
		after, err := r.gitlab.AfterMerge(ctx, r.snap.Project.ID, m)
		if err != nil {
			r.fail(fmt.Sprintf("what came after the merge of !%d could not be read: %s", m.IID, explain(err)))
			after = plan.AfterMerge{IID: m.IID, Unread: true}
		}
		r.snap.Merges = append(r.snap.Merges, after)
	}
}

// mergedByUs reports whether a merge request was merged into the default branch by our user, or
// by one that pinwheel had before. Where a token of its own merges, no request says who that is.
func (r *observer) mergedByUs(m plan.MergeRequest) bool {
	by := m.MergedBy.ID == r.snap.Bot.ID || slices.Contains(r.snap.Former, m.MergedBy.Username) || r.GitLab.MergesApart()
	return m.State == plan.Merged && by && m.Target == r.snap.Project.DefaultBranch
}

// observeAltered looks whether the default branch holds what was tested, after our newest merges.
// Each is compared once; what differs is compared with the default branch in each run, until
// the file is changed there. That is so without a database, too: a file that a later merge
// changed is of no matter, so that the newest merges are enough.
func (r *observer) observeAltered(ctx context.Context) {
	var merged []*plan.MergeRequest
	for i := range r.snap.MergeRequests {
		if m := &r.snap.MergeRequests[i]; m.MergeCommit != "" && r.mergedByUs(*m) {
			merged = append(merged, m)
		}
	}
	slices.SortFunc(merged, func(a, b *plan.MergeRequest) int {
		return cmp.Or(b.MergedAt.Compare(a.MergedAt), cmp.Compare(b.IID, a.IID))
	})
	for i, m := range merged {
		if !m.Compared && i < mostWatched {
			r.compareMerged(ctx, m)
		}
		if len(m.Altered) > 0 {
			r.observeStillAltered(ctx, m)
		}
	}
}

// compareMerged compares what a merge left with what was tested.
func (r *observer) compareMerged(ctx context.Context, m *plan.MergeRequest) {
	altered, err := r.gitlab.Altered(ctx, r.snap.Project.ID, *m)
	if err != nil {
		r.fail(fmt.Sprintf("what the merge of !%d left could not be compared with what was tested: %s", m.IID, explain(err)))
		return
	}
	m.Compared, m.Altered = true, altered
}

// observeStillAltered enters the files that the default branch holds as a merge left them, and
// not as they were tested. Those that cannot be read stay so.
func (r *observer) observeStillAltered(ctx context.Context, m *plan.MergeRequest) {
	after, err := r.gitlab.StillAltered(ctx, r.snap.Project.ID, *m, r.snap.Project.Head)
	if err != nil {
		r.fail(fmt.Sprintf("what the merge of !%d left could not be compared with the default branch: %s", m.IID, explain(err)))
		after.Altered = m.Altered
	}
	if m.Altered = after.Altered; len(m.Altered) == 0 {
		return
	}
	for i := range r.snap.Merges {
		if watched := &r.snap.Merges[i]; watched.IID == m.IID {
			watched.Altered, watched.Commit, watched.Target, watched.At = after.Altered, after.Commit, after.Target, after.At
			if watched.Made.Base == "" {
				watched.Made, watched.Subject = after.Made, after.Subject
			}
			return
		}
	}
	r.snap.Merges = append(r.snap.Merges, after)
}
