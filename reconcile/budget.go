package reconcile

import (
	"context"
	"slices"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// round is how long what was opened counts: a little less than the hour that
// lies between two runs.
const round = 59 * time.Minute

// Budget bounds the merge requests that nobody asked for over all projects of
// one round of runs. It is for several goroutines; a nil Budget has no bound.
type Budget struct {
	most  int
	mu    sync.Mutex
	taken []time.Time
}

// NewBudget returns one of most merge requests, nil for 0 or less.
func NewBudget(most int) *Budget {
	if most <= 0 {
		return nil
	}
	return &Budget{most: most}
}

// left is how many more may be opened now.
func (b *Budget) left(now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.free(now)
}

// free is left, for those who hold the lock.
func (b *Budget) free(now time.Time) int {
	b.taken = slices.DeleteFunc(b.taken, func(t time.Time) bool { return now.Sub(t) > round })
	return max(b.most-len(b.taken), 0)
}

// may is how many merge requests all projects together may still open, nil for no bound.
func (b *Budget) may(now time.Time) *int {
	if b == nil {
		return nil
	}
	n := b.left(now)
	return &n
}

// take reserves up to n and returns how many it got.
func (b *Budget) take(now time.Time, n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n = min(n, b.free(now))
	for range n {
		b.taken = append(b.taken, now)
	}
	return n
}

// give returns n reservations that were not used.
func (b *Budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = b.taken[:max(len(b.taken)-n, 0)]
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

// giveBack returns what was reserved and not spent.
func (p *places) giveBack() {
	if p.budget != nil {
		p.budget.give(p.reserved)
	}
}

// decideWithin decides, and reserves the merge requests that the plan would open from the
// budget of all projects. If the budget has fewer, it decides again for as many as it has.
func (r *run) decideWithin(ctx context.Context, o observation, places *places) (plan.Plan, error) {
	if places.budget == nil {
		return r.decide(ctx, o)
	}
	may := places.reserved + places.budget.left(places.now)
	o.snap.New = &may
	p, err := r.decide(ctx, o)
	if err != nil {
		return p, err
	}
	wants := len(slices.DeleteFunc(slices.Clone(p.Actions), func(a plan.Action) bool { return !unasked(a) }))
	if wants > places.reserved {
		places.reserved += places.budget.take(places.now, wants-places.reserved)
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
