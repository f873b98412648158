package reconcile

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// observeMergeable reads what GitLab says of a merge request that may be merged. One
// of which that cannot be read is not merged.
func (r *run) observeMergeable(ctx context.Context, o observation, iid int64) {
	m, err := o.gitlab.Mergeable(ctx, o.snap.Project.ID, iid)
	if err != nil {
		r.fail("whether a merge request can be merged could not be read: " + explain(err))
		m = plan.Mergeable{Failure: explain(err)}
	}
	o.snap.Mergeable[iid] = m
}

// setMerged notes that the default branch went on by a merge: what was read of it is
// out of date, and the run looks at everything anew.
func (r *effects) setMerged(a plan.Merge, merged mrs.MergedAs) {
	r.merged = r.merged || merged.Commit != ""
	if len(merged.Differs) > 0 {
		r.fail(fmt.Sprintf("!%d was merged as %.8s, and %s holds %s there in another form than the one that was tested",
			a.IID, merged.Commit, a.Target, strings.Join(merged.Differs, ", ")))
	}
}
