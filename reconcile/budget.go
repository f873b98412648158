package reconcile

import (
	"context"
	"slices"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// round is how long what was opened counts: a little less than the hour that
// lies between two runs.
const round = 59 * time.Minute

// Budget bounds the merge requests that nobody asked for over all projects of
// one round of runs. It is for several goroutines; a nil Budget has no bound.
type Budget struct {
	most   int
	shared *store.Bounds // keeps what all processes took; nil: this one is alone
	mu     sync.Mutex
	taken  []time.Time
}

// NewBudget returns one of most merge requests, nil for 0 or less.
func NewBudget(most int) *Budget {
	if most <= 0 {
		return nil
	}
	return &Budget{most: most}
}

// Share makes the budget that of all processes on one database.
func (b *Budget) Share(shared *store.Bounds) {
	if b != nil && b.shared == nil {
		b.shared = shared
	}
}

// of is the budget as a database keeps it.
func (b *Budget) of() store.Places { return store.Places{Most: b.most, For: round} }

// left is how many more may be opened now.
func (b *Budget) left(ctx context.Context, now time.Time) (int, error) {
	if b.shared != nil {
		return b.shared.LeftPlaces(ctx, b.of(), now)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.free(now), nil
}

// free is left of this process, for those who hold the lock.
func (b *Budget) free(now time.Time) int {
	b.taken = slices.DeleteFunc(b.taken, func(t time.Time) bool { return now.Sub(t) > round })
	return max(b.most-len(b.taken), 0)
}

// may is how many merge requests all projects together may still open, nil for no bound.
func (b *Budget) may(ctx context.Context, now time.Time) (*int, error) {
	if b == nil {
		return nil, nil
	}
	n, err := b.left(ctx, now)
	return &n, err
}

// take reserves up to n and returns how many it got.
func (b *Budget) take(ctx context.Context, now time.Time, n int) (int, error) {
	if b.shared != nil {
		return b.shared.TakePlaces(ctx, b.of(), now, n)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n = min(n, b.free(now))
	for range n {
		b.taken = append(b.taken, now)
	}
	return n, nil
}

// give returns n reservations that were not used.
func (b *Budget) give(ctx context.Context, n int) error {
	if b.shared != nil {
		return b.shared.GivePlaces(ctx, n)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = b.taken[:max(len(b.taken)-n, 0)]
	return nil
}

// places are those that one run reserves of a budget over all projects.
type places struct {
	budget   *Budget
	now      time.Time
	reserved int // and not spent yet
}

// places returns those of a run, which are none yet.
func (b *Budget) places(now time.Time) *places { return &places{budget: b, now: now} }

// spend notes that so many merge requests were opened.
func (p *places) spend(n int) { p.reserved = max(p.reserved-n, 0) }

// giveBack returns what was reserved and not spent, also where the run was stopped. What cannot be
// returned counts for the hour.
func (p *places) giveBack(ctx context.Context) {
	if p.budget == nil || p.reserved == 0 {
		return
	}
	ctx, done := finishing(ctx)
	defer done()
	_ = p.budget.give(ctx, p.reserved)
}

// decideWithin decides, and reserves the merge requests that the plan would open from the
// budget of all projects. If the budget has fewer, it decides again for as many as it has.
func (r *run) decideWithin(ctx context.Context, o observation, places *places) (plan.Plan, error) {
	if places.budget == nil {
		return r.decide(ctx, o)
	}
	left, err := places.budget.left(ctx, places.now)
	if err != nil {
		return plan.Plan{}, err
	}
	may := places.reserved + left
	o.snap.New = &may
	p, err := r.decide(ctx, o)
	if err != nil {
		return p, err
	}
	wants := len(slices.DeleteFunc(slices.Clone(p.Actions), func(a plan.Action) bool { return !unasked(a) }))
	if wants > places.reserved {
		got, err := places.budget.take(ctx, places.now, wants-places.reserved)
		if err != nil {
			return p, err
		}
		places.reserved += got
	}
	if wants > places.reserved { // another project took it meanwhile
		*o.snap.New = places.reserved
		return r.decide(ctx, o)
	}
	return p, nil
}

// unasked reports whether an action opens a merge request that counts.
func unasked(a plan.Action) bool {
	open, ok := a.(plan.OpenMergeRequest)
	return ok && open.Update.Forced == nil && open.Update.Kind != plan.Twin
}
