package reconcile

import (
	"context"
	"slices"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// awaited are merge requests whose pipelines a run waits for, and since when they are
// listed.
type awaited struct {
	since time.Time
	of    []store.QuietAwaited
}

// awaits lists what is under way of batches that are taken apart when they are
// red: theirs, and those of their probes.
func (a applied) awaits() (out []store.QuietAwaited) {
	for _, m := range a.snap.MergeRequests {
		p := a.snap.Pipelines[m.IID]
		if m.State != plan.Opened || m.Paused() || p.Head == m.HeadSHA && p.Result != plan.Unsettled && !a.runsAgain(m) || !a.bisects(m) {
			continue
		}
		out = append(out, store.QuietAwaited{MR: m.IID, Branch: m.Branch, Pipeline: p.ID, Updated: p.Updated})
	}
	return out
}

// runsAgain reports whether a job of a pipeline that ended once runs again.
func (a applied) runsAgain(m plan.MergeRequest) bool {
	return slices.ContainsFunc(a.snap.GateRuns, func(run plan.GateRun) bool {
		return run.Operation == plan.OwnOperation(m.HeadSHA) && run.ID != 0 && run.Result == plan.Unsettled
	})
}

// bisects reports whether a merge request is a batch that is taken apart when it is
// red, or a probe of one.
func (a applied) bisects(m plan.MergeRequest) bool {
	policy := a.snap.Policy
	return plan.IsProbe(policy.BranchPrefix, m.Branch) || slices.ContainsFunc(a.plan.Updates, func(u plan.Update) bool {
		return u.MR == m.IID && policy.Bisects(u.Group)
	})
}

// from is what is waited for since a run that began at now; nil for nothing. The
// list is read from before that, for clocks that are off.
func from(now time.Time, of []store.QuietAwaited) *awaited {
	if len(of) == 0 {
		return nil
	}
	return &awaited{since: now.Add(-seenAgain), of: of}
}

// in reports whether a list of pipelines has the end of one that is waited for.
func (a *awaited) in(list []mrs.News) bool {
	return slices.ContainsFunc(a.of, func(w store.QuietAwaited) bool {
		return slices.ContainsFunc(list, func(p mrs.News) bool {
			return p.Of(w.MR, w.Branch) && p.Result != plan.Unsettled && !(p.ID == w.Pipeline && p.At.Equal(w.Updated))
		})
	})
}

// ended finds the projects in which a pipeline ended that is waited for, with one
// request for each that waits. What fails is asked again at the next look.
func (w *Watcher) ended(ctx context.Context, marks map[string]mark) map[string]bool {
	out := map[string]bool{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	places := make(chan struct{}, 8)
	for project, m := range marks {
		if m.awaits == nil {
			continue
		}
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			list, err := w.gitlab.LatestPipelines(ctx, m.project, m.awaits.since)
			mu.Lock()
			defer mu.Unlock()
			out[project] = err == nil && m.awaits.in(list)
		})
	}
	wait.Wait()
	return out
}
