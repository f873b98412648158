package reconcile

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// seenAgain is how far back the list of pipelines is read again, for clocks
// that are off.
const seenAgain = time.Hour

// observePipelines brings what is known of the pipelines of open merge requests
// up to date. One list tells which of them changed; a merge request is read
// where its pipeline ended or its head is a new one. What cannot be read leaves
// what was known, and is tried again in the next run.
func (r *run) observePipelines(ctx context.Context) {
	known := r.memory.Pipelines
	r.memory.Pipelines = map[int64]plan.Pipeline{}
	if r.snap.Project.PipelinesOff {
		return
	}
	if role := plan.Role(r.snap.Project.AccessLevel); role > plan.NoRole && role < plan.Reporter {
		r.snap.Silent = true // not for this role to read
		return
	}
	var open []plan.MergeRequest
	for _, m := range r.snap.MergeRequests {
		if m.State == plan.Opened {
			open = append(open, m)
		}
	}
	n, ok := r.pipelineNews(ctx, open, known)
	r.snap.Pipelines = map[int64]plan.Pipeline{}
	for _, m := range open {
		old := known[m.IID]
		seen := plan.Pipeline{Head: old.Head, ID: old.ID, Updated: old.Updated, Started: old.Started, Since: old.Since, Red: old.Red}
		read := ok && (n.all || old.Head != m.HeadSHA || n.of[m.IID])
		if read {
			fresh, err := r.gitlab.HeadPipeline(ctx, r.snap.Project.ID, m.IID, m.Note.At)
			if err != nil {
				ok, read = r.missed(err), false
			} else if seen = fresh; len(fresh.Jobs) > 0 && fresh.Head == old.Head && fresh.Result == old.Result {
				seen = sameJobs(fresh, old)
			}
		}
		next := old.Next(seen, r.age(m))
		kept := next
		if ok && next.Result == plan.Failed && (n.main || read) {
			if next, ok = r.againstMain(ctx, next, &n); ok {
				kept = next
			} else {
				kept = old // it is read again
			}
		}
		if next.Head != "" {
			r.snap.Pipelines[m.IID] = next
		}
		if kept.Head != "" {
			r.memory.Pipelines[m.IID] = kept
		}
	}
	if ok {
		// The run before this one: the list is read once more from there, so that
		// one answer that was out of date loses nothing.
		r.memory.PipelinesSeen = r.memory.MergeRequestsSeen
	}
}

// age is how long ago the head of a merge request was committed, 0 where its
// branch is at another one or gone.
func (r *run) age(m plan.MergeRequest) time.Duration {
	for _, b := range r.snap.Branches {
		if b.Name == m.Branch && b.Head.SHA == m.HeadSHA && !b.Head.At.IsZero() {
			return r.now.Sub(b.Head.At)
		}
	}
	return 0
}

// sameJobs keeps what was said of jobs that failed again.
func sameJobs(fresh, old plan.Pipeline) plan.Pipeline {
	main := map[string]plan.Result{}
	for _, j := range old.Jobs {
		main[j.Name] = j.Main
	}
	return fresh.Against(main, old.MainAt)
}

// news is what the list of pipelines told, and the jobs of the default branch
// once somebody asked for them.
type news struct {
	all  bool           // there was none: every merge request is read
	of   map[int64]bool // merge requests of which one ended
	main bool           // one of the default branch ended
	read bool
	jobs map[string]plan.Result
	at   time.Time
}

// pipelineNews reads the list; it is false where that failed.
func (r *run) pipelineNews(ctx context.Context, open []plan.MergeRequest, known map[int64]plan.Pipeline) (news, bool) {
	n := news{of: map[int64]bool{}, all: r.memory.PipelinesSeen.IsZero()}
	if len(open) == 0 || n.all {
		return n, true
	}
	list, err := r.gitlab.UpdatedPipelines(ctx, r.snap.Project.ID, r.memory.PipelinesSeen.Add(-seenAgain))
	if err != nil {
		return n, r.missed(err)
	}
	for _, p := range list {
		n.main = n.main || p.Ref == r.snap.Project.DefaultBranch && p.Result != plan.Unsettled
		for _, m := range open {
			mine := p.Ref == m.Branch || strings.HasPrefix(p.Ref, fmt.Sprintf("refs/merge-requests/%d/", m.IID))
			k := known[m.IID]
			over := p.Result != plan.Unsettled || k.Result == plan.None
			if mine && over && !(p.ID == k.ID && p.At.Equal(k.Updated)) {
				n.of[m.IID] = true
			}
		}
	}
	return n, true
}

// againstMain compares the jobs that failed with the default branch's.
func (r *run) againstMain(ctx context.Context, p plan.Pipeline, n *news) (plan.Pipeline, bool) {
	if !n.read {
		n.read = true
		var err error
		if n.jobs, n.at, err = r.gitlab.BranchJobs(ctx, r.snap.Project.ID, r.snap.Project.DefaultBranch); err != nil {
			return p, r.missed(err)
		}
	}
	return p.Against(n.jobs, n.at), true
}

// missed notes that pipelines could not be read.
func (r *run) missed(err error) bool {
	r.fail("the results of pipelines could not be read: " + explain(err))
	return false
}

// observeApproval reads whether anybody approves a merge request. One of which
// that cannot be read stays as it is.
func (r *run) observeApproval(ctx context.Context, iid int64) {
	approved, err := r.gitlab.Approved(ctx, r.snap.Project.ID, iid)
	if err != nil {
		r.fail("whether a merge request is approved could not be read: " + explain(err))
		approved = true
	}
	r.snap.Approved[iid] = approved
}
