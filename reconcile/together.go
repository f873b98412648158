package reconcile

import (
	"context"
	"maps"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/store"
)

// This file lets several processes on one database read each page of an index once for all. A process
// claims the pages that it is about to read, a few at a time, so that processes which need the same
// pages share them. What another process reads comes last: by then it is stored.

const (
	// claimedAtOnce is how many pages a process claims together.
	claimedAtOnce = 32
	// awaitOthers is the longest that a run waits for pages that another process reads; then it
	// reads them itself.
	awaitOthers = time.Minute
	// askOthers is how often it looks whether they are read.
	askOthers = 100 * time.Millisecond
)

// fetchTogether is fetch for processes that share a database.
func (a *asking) fetchTogether(ctx context.Context, shared *store.Bounds, requests []pypi.Request) (damaged []string, err error) {
	later := map[string]decide.Wanted{}
	for index, all := range byIndexOf(requests) {
		for some := range slices.Chunk(all, claimedAtOnce) {
			if a.refused { // an index that fails is not asked once for each few
				_, err = a.fetch(ctx, some)
			} else {
				err = a.fetchClaimed(ctx, claiming{shared, index, later}, some)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	if len(later) == 0 {
		return a.damaged, nil
	}
	if err := a.othersRead(ctx, shared, later); err != nil {
		return nil, err
	}
	more, err := a.r.askAll(ctx, later, nil)
	return append(a.damaged, more...), err
}

// byIndexOf groups requests by the names of their indexes.
func byIndexOf(requests []pypi.Request) map[string][]pypi.Request {
	out := map[string][]pypi.Request{}
	for _, q := range requests {
		out[q.Source.Index.Name] = append(out[q.Source.Index.Name], q)
	}
	return out
}

// claiming is how pages of an index are claimed. later gets those that others read, or have read since
// this run looked.
type claiming struct {
	shared *store.Bounds
	index  string
	later  map[string]decide.Wanted
}

// fetchClaimed sends those of a few requests that it can claim, stores the answers, and ends the
// claims.
func (a *asking) fetchClaimed(ctx context.Context, c claiming, requests []pypi.Request) error {
	names := make([]string, len(requests))
	for i, q := range requests {
		names[i] = q.Name
	}
	mine, err := c.shared.ClaimPages(ctx, c.index, names)
	if err != nil {
		return err
	}
	defer c.release(ctx, mine)
	stored, err := c.shared.FreshPages(ctx, c.index, mine)
	if err != nil {
		return err
	}
	own := requests[:0:0]
	for _, q := range requests {
		if slices.Contains(mine, q.Name) && !slices.Contains(stored, q.Name) {
			own = append(own, q)
		} else {
			c.later[q.Name] = a.wanted[q.Name]
		}
	}
	ctx, done := c.keep(ctx, mine)
	defer done()
	_, err = a.fetch(ctx, own)
	return err
}

// keep lengthens claims until done is called.
func (c claiming) keep(parent context.Context, names []string) (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancel(parent)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(store.PageClaimFor / 3)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_ = c.shared.KeepPages(ctx, c.index, names) // without it, others read them too
			}
		}
	}()
	return ctx, func() { cancel(); <-ended }
}

// release ends claims, also of a run that was stopped. Those that cannot be ended end by themselves.
func (c claiming) release(parent context.Context, names []string) {
	ctx, done := finishing(parent)
	defer done()
	_ = c.shared.ReleasePages(ctx, c.index, names)
}

// othersRead waits until no other process reads pages any more, for a minute at most.
func (a *asking) othersRead(ctx context.Context, shared *store.Bounds, wanted map[string]decide.Wanted) error {
	patient, done := context.WithTimeout(ctx, awaitOthers)
	defer done()
	ticker := time.NewTicker(askOthers)
	defer ticker.Stop()
	for patient.Err() == nil {
		left := 0
		for index, names := range a.r.byIndex(slices.Sorted(maps.Keys(wanted))) {
			claimed, err := shared.ClaimedPages(patient, index, names)
			if err != nil && patient.Err() == nil {
				return err
			}
			left += len(claimed)
		}
		if left == 0 {
			break
		}
		select {
		case <-patient.Done():
		case <-ticker.C:
		}
	}
	return ctx.Err()
}
