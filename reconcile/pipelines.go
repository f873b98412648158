package reconcile

import (
	"context"
	"time"

	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// seenAgain is how far back the list of pipelines is read again, for clocks
// that are off.
const seenAgain = time.Hour

// observePipelines brings what is known of the pipelines of open merge requests up to date.
// One list tells which pipelines changed. It reads a merge request if its pipeline ended or
// its head is new. If something cannot be read, what was known stays, and the next run
// tries again.
func (r *observer) observePipelines(ctx context.Context) {
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
	n := r.pipelineNews(ctx, open, known)
	defer func() { r.news = n }()
	r.snap.Pipelines = map[int64]plan.Pipeline{}
	for _, m := range open {
		next, kept := r.observePipeline(ctx, m, known[m.IID], &n)
		if next.Head != "" {
			r.snap.Pipelines[m.IID] = next
		}
		if kept.Head != "" {
			r.memory.Pipelines[m.IID] = kept
		}
	}
	if !n.failed {
		// The run before this one: the list is read once more from there, so that
		// one answer that was out of date loses nothing.
		r.memory.PipelinesSeen = r.memory.MergeRequestsSeen
	}
}

// observePipeline returns what is now known of the pipeline of a merge request, and what the
// next run gets to know: the same, or what was known before if that run has to read it
// again. After something could not be read, it reads nothing more.
func (r *observer) observePipeline(ctx context.Context, m plan.MergeRequest, old plan.Pipeline, n *news) (next, kept plan.Pipeline) {
	seen, read := plan.Pipeline{Head: old.Head, ID: old.ID, Updated: old.Updated, Kind: old.Kind, Onto: old.Onto, Began: old.Began, Started: old.Started, Since: old.Since, Red: old.Red}, false
	if !n.failed && (n.all || old.Head != m.HeadSHA || n.of[m.IID]) {
		fresh, err := r.gitlab.HeadPipeline(ctx, r.snap.Project.ID, m.IID, m.Note.At)
		switch {
		case err != nil:
			r.missed(n, err)
		case len(fresh.Jobs) > 0 && fresh.Head == old.Head && fresh.Result == old.Result:
			seen, read = sameJobs(fresh, old), true
		default:
			seen, read = fresh, true
		}
	}
	if read {
		n.fresh[m.IID] = seen
		r.count(m.IID, seen)
	}
	next = old.Next(seen, r.age(m))
	if n.failed || next.Result != plan.Failed || !n.main && !read {
		return next, next
	}
	if next = r.againstMain(ctx, next, n); n.failed {
		return next, old
	}
	return next, next
}

// count notes how many pipelines a merge request has had. GitLab lists the newest alone, so a
// count never falls by that.
func (r *observer) count(iid int64, seen plan.Pipeline) {
	for i := range r.snap.MergeRequests {
		m := &r.snap.MergeRequests[i]
		if m.IID != iid {
			continue
		}
		if seen.Ran < m.Ran {
			seen.RedRuns = max(seen.RedRuns, m.RedRuns)
		}
		m.Ran, m.RedRuns = max(seen.Ran, m.Ran), seen.RedRuns
	}
}

// age returns plan.SettleTime if the head of a merge request was committed at least so long
// ago, and 0 otherwise. A head that old and without a pipeline counts as one that has none.
func (r *observer) age(m plan.MergeRequest) time.Duration {
	for _, b := range r.snap.Branches {
		if b.Name == m.Branch && b.Head.SHA == m.HeadSHA && !b.Head.At.IsZero() && r.now.Passed(b.Head.At.Add(plan.SettleTime)) {
			return plan.SettleTime
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
	all   bool                    // there was none: every merge request is read
	of    map[int64]bool          // merge requests of which one ended
	main  bool                    // one of the default branch ended
	fresh map[int64]plan.Pipeline // by merge request, as it was read in this run
	rows  map[int64]mrs.News      // by pipeline, as the list tells

	read bool
	jobs map[string]plan.Result
	at   time.Time

	failed bool // something could not be read
}

// pipelineNews reads the list.
func (r *observer) pipelineNews(ctx context.Context, open []plan.MergeRequest, known map[int64]plan.Pipeline) news {
	n := news{of: map[int64]bool{}, fresh: map[int64]plan.Pipeline{}, rows: map[int64]mrs.News{}, all: r.memory.PipelinesSeen.IsZero()}
	_, judged := r.project.Policy.OwnGate()
	if len(open) == 0 || n.all {
		return n
	}
	list, err := r.gitlab.UpdatedPipelines(ctx, r.snap.Project.ID, r.memory.PipelinesSeen.Add(-seenAgain))
	if err != nil {
		r.missed(&n, err)
		return n
	}
	for _, p := range list {
		n.rows[p.ID] = p
		n.main = n.main || p.Ref == r.snap.Project.DefaultBranch && p.Result != plan.Unsettled
		for _, m := range open {
			mine := p.Of(m.IID, m.Branch)
			k := known[m.IID]
			over := p.Result != plan.Unsettled || k.Result == plan.None || judged && (k.ID == 0 || p.ID > k.ID && replaces(p, k))
			if mine && over && !(p.ID == k.ID && p.At.Equal(k.Updated)) {
				n.of[m.IID] = true
			}
		}
	}
	return n
}

// replaces reports whether a pipeline may count in place of the one that is known: one of
// the merge request counts before one of the branch.
func replaces(p mrs.News, k plan.Pipeline) bool {
	return k.Kind == plan.BranchPipeline || plan.KindOfRef(p.Ref) != plan.BranchPipeline
}

// againstMain compares the jobs that failed with the default branch's, which are
// read once.
func (r *observer) againstMain(ctx context.Context, p plan.Pipeline, n *news) plan.Pipeline {
	if !n.read {
		n.read = true
		var err error
		if n.jobs, n.at, err = r.gitlab.BranchJobs(ctx, r.snap.Project.ID, r.snap.Project.DefaultBranch); err != nil {
			r.missed(n, err)
			return p
		}
	}
	return p.Against(n.jobs, n.at)
}

// missed notes that pipelines could not be read.
func (r *observer) missed(n *news, err error) {
	n.failed = true
	r.fail("the results of pipelines could not be read: " + explain(err))
}

// observeApproval reads whether anybody approves a merge request. If that cannot be read, it
// counts as approved, so that it stays as it is.
func (r *run) observeApproval(ctx context.Context, o observation, iid int64) {
	approved, err := o.gitlab.Approved(ctx, o.snap.Project.ID, iid)
	if err != nil {
		r.fail("whether a merge request is approved could not be read: " + explain(err))
		approved = true
	}
	o.snap.Approved[iid] = approved
}
