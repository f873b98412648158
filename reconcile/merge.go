package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/mrs"
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
func (r *effects) setMerged(a plan.Merge, merged mrs.MergedAs) {
	r.merged = r.merged || merged.Commit != ""
	if len(merged.Differs) > 0 {
		r.fail(fmt.Sprintf("!%d was merged as %.8s, and %s holds %s there in another form than the one that was tested",
			a.IID, merged.Commit, a.Target, strings.Join(merged.Differs, ", ")))
	}
}

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
		if m.State != plan.Merged || m.MergedBy.ID != r.snap.Bot.ID && !r.GitLab.MergesApart() || r.now.Passed(m.MergedAt.Add(plan.WatchMerge)) || m.Target != r.snap.Project.DefaultBranch {
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
