package reconcile

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/store"
)

// record makes the record of a run. It is nil if the next run must not end because of the
// same answers: this run did something or failed, the store does not hold the same as
// before, or the conclusions hold for no time.
func (r *run) record(ctx context.Context, done applied, page published, out Report) *store.Quiet {
	by := r.fingerprint(done.project)
	o := done.observation
	reads, whole := r.heard.gitlab.Reads()
	until, now := r.now.Changes(), r.now.Asking()
	if most := now.Add(wholeWithin); until.IsZero() || until.After(most) {
		until = most
	}
	switch {
	case by == "" || r.Whole || !whole || out.Status != Done || out.Wrote > 0 || len(out.Failures) > 0 || !until.After(now):
		return nil
	case len(done.plan.Actions)+len(done.plan.Missing)+len(o.snap.Ticks)+len(o.snap.Failures)+len(o.proven)+len(o.ticks.withdrawn)+len(o.ticks.undone) > 0:
		return nil
	case slices.ContainsFunc(reads, ofJobs):
		return nil // the jobs of a pipeline are read once, and with the record every run would read them
	case o.blocked || !o.files.certain() || o.board.found != dashboard.FoundOpen || o.board.edited || o.board.untold || page.left.again:
		return nil
	}
	places, err := r.Budget.may(ctx, now)
	if err != nil {
		return nil
	}
	q := store.Quiet{
		By: by, From: now, Until: until, Places: places, Own: o.snap.Own.Text,
		Attends: page.memory.Attended.Equal(now), Pipelines: page.memory.PipelinesSeen.Equal(o.before.memory.MergeRequestsSeen),
		Gates:     page.memory.Gates.Seen.Equal(o.before.memory.MergeRequestsSeen),
		Dashboard: store.QuietDashboard{Project: page.left.project, IID: page.left.iid, At: page.left.at, Foreign: page.left.foreign},
		Awaited:   done.awaits(),
		Pins:      done.plan.Pins, Behind: done.plan.Behind, Open: done.plan.OpenCount, Standings: map[string]int{}, States: map[string]int{},
	}
	for s, n := range done.plan.Counts() {
		q.Standings[string(s)] = n
	}
	for _, u := range done.plan.Updates {
		q.States[string(u.State)]++
	}
	for _, read := range reads {
		q.Reads = append(q.Reads, store.QuietRead(read))
	}
	was := o.before.memory
	was.MergeRequestsSeen, was.Attended, was.PipelinesSeen = page.memory.MergeRequestsSeen, page.memory.Attended, page.memory.PipelinesSeen
	was.Gates.Seen = page.memory.Gates.Seen
	if !store.SameMemory(was, page.memory) || !store.SameMergeRequests(o.before.mergeRequests, o.snap.MergeRequests) {
		return nil
	}
	var ok bool
	if q.Pages, ok = o.indexes.record(ctx); !ok {
		return nil
	}
	return &q
}

// expectation is what is left of a record where the next run must look at everything: which
// pages this run wanted. It is nil where the last run left the same, and for a run that read
// none, or failed and may not have come to know all of them.
func (r *run) expectation(o observation, out Report) *store.Quiet {
	if r.Whole || out.Status != Done || len(o.indexes.pages.wanted) == 0 {
		return nil
	}
	var q store.Quiet
	names := o.indexes.byIndex(slices.Sorted(maps.Keys(o.indexes.pages.wanted)))
	for _, index := range slices.Sorted(maps.Keys(names)) {
		q.Pages = append(q.Pages, store.QuietPages{Index: index, Names: names[index]})
	}
	same := func(a, b store.QuietPages) bool { return a.Index == b.Index && slices.Equal(a.Names, b.Names) }
	if slices.EqualFunc(q.Pages, o.indexes.pages.last, same) {
		return nil
	}
	return &q
}

func ofJobs(read gitlab.Read) bool { return strings.Contains(read.URL, "/jobs") }

// record lists the pages that a run asked for. ok is false if the next run would get other
// answers although the pages are the same.
func (r *indexReader) record(ctx context.Context) (out []store.QuietPages, ok bool) {
	if r.spent.fetched > 0 || r.failed > 0 || r.pages.stale {
		return nil, false
	}
	names := r.byIndex(slices.Sorted(maps.Keys(r.pages.wanted)))
	for _, index := range slices.Sorted(maps.Keys(names)) {
		p, ok := r.recordOf(ctx, index, names[index])
		if !ok {
			return nil, false
		}
		out = append(out, p)
	}
	return out, true
}

// recordOf is record for the names of one index.
func (r *indexReader) recordOf(ctx context.Context, index string, names []string) (p store.QuietPages, ok bool) {
	p = store.QuietPages{Index: index, Names: names}
	for _, name := range names {
		pkg, w, least := r.packages[name], r.pages.wanted[name], ""
		if pkg.Failure != "" || pkg.Withheld != "" {
			return p, false
		}
		if !w.Least.IsZero() {
			least = w.Least.String()
		}
		p.Least = append(p.Least, least)
		if w.Hashes {
			p.Hashed = append(p.Hashed, name)
		}
		if !pkg.Known {
			p.Gone = append(p.Gone, name)
		}
	}
	stamps, err := r.Store.Stamps(ctx, index, names)
	if err != nil {
		return p, false
	}
	gone, known := setOf(p.Gone), 0
	for _, s := range stamps {
		if s.ETag != "" {
			if gone[s.Name] {
				return p, false
			}
			known++
		}
	}
	p.Facts = stampsDigest(p, stamps)
	return p, known == len(names)-len(gone) // a page without an ETag is sent again each time
}
