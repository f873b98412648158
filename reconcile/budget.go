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
	b.taken = slices.DeleteFunc(b.taken, func(t time.Time) bool { return now.Sub(t) > round })
	return max(b.most-len(b.taken), 0)
}

// take reserves up to n and returns how many it got.
func (b *Budget) take(now time.Time, n int) int {
	n = min(n, b.left(now))
	b.mu.Lock()
	defer b.mu.Unlock()
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

// decideWithin decides, and reserves what the plan would open of the budget over
// all projects. Where that does not give as much, the plan is made for less.
func (r *run) decideWithin(ctx context.Context) (plan.Plan, error) {
	if r.Budget == nil {
		return r.decide(ctx)
	}
	may := r.reserved + r.Budget.left(r.now)
	r.snap.New = &may
	p, err := r.decide(ctx)
	if err != nil {
		return p, err
	}
	wants := len(slices.DeleteFunc(slices.Clone(p.Actions), func(a plan.Action) bool { return !unasked(a) }))
	if wants > r.reserved {
		r.reserved += r.Budget.take(r.now, wants-r.reserved)
	}
	if wants > r.reserved { // another project took it meanwhile
		*r.snap.New = r.reserved
		return r.decide(ctx)
	}
	return p, nil
}

// unasked reports whether an action opens a merge request that counts.
func unasked(a plan.Action) bool {
	open, ok := a.(plan.OpenMergeRequest)
	return ok && open.Update.Forced == nil && open.Update.Kind != plan.Twin
}
