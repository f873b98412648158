package reconcile

import (
	"context"

	"gitlab.com/cki-project/pinwheel/plan"
)

// observeBases reads the constraints files at the commits on which red batches
// stand, where that is not the head of the default branch: a part is tested on what the
// whole was tested on. What cannot be read leaves a batch as it is until the next run.
func (r *observer) observeBases(ctx context.Context) error {
	us := plan.UsOf(r.snap.Bot, r.formers())
	for _, m := range r.snap.MergeRequests {
		p := r.snap.Pipelines[m.IID]
		if m.State != plan.Opened || p.Result != plan.Failed || p.Head != m.HeadSHA {
			continue
		}
		for _, b := range r.snap.Branches {
			t, ours := b.Ours(us)
			if b.Name != m.Branch || !ours || len(t.Parts) == 0 || t.Base == r.snap.Project.Head || r.snap.Bases[t.Base] != nil {
				continue
			}
			files, err := r.filesAt(ctx, t.Base)
			if err != nil {
				r.fail("the files that a red batch stands on could not be read: " + explain(err))
				continue
			}
			if r.snap.Bases == nil {
				r.snap.Bases = map[string][]plan.File{}
			}
			r.snap.Bases[t.Base] = files
		}
	}
	return ctx.Err()
}
