package reconcile

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	at := time.Date(2026, 1, 3, 8, 0, 0, 0, time.UTC)
	b := NewBudget(3)
	ctx := t.Context()
	one := func(n int, err error) int {
		if err != nil {
			t.Error(err)
		}
		return n
	}
	for _, c := range []struct {
		what      string
		did, want int
	}{
		{"one project takes what it wants", one(b.take(ctx, at, 2)), 2},
		{"another gets what is left", one(b.take(ctx, at.Add(time.Minute), 2)), 1},
		{"nobody gets more in this round", one(b.left(ctx, at.Add(50*time.Minute))), 0},
		{"an hour later it is full again", one(b.take(ctx, at.Add(time.Hour+time.Minute), 5)), 3},
	} {
		if c.did != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.did, c.want)
		}
	}
	if err := b.give(ctx, 2); err != nil {
		t.Error(err)
	}
	if got := one(b.left(ctx, at.Add(time.Hour+2*time.Minute))); got != 2 {
		t.Errorf("after two were given back %d are left", got)
	}
	if NewBudget(0) != nil {
		t.Error("0 is a bound")
	}
}

// Runs at the same time get together what the budget has, and no more.
func TestBudgetOfRunsAtOnce(t *testing.T) {
	at := time.Date(2026, 1, 3, 8, 0, 0, 0, time.UTC)
	for range 300 {
		b := NewBudget(3)
		var got atomic.Int64
		var runs sync.WaitGroup
		begin := make(chan struct{})
		for range 16 {
			runs.Go(func() {
				<-begin
				n, err := b.take(t.Context(), at, 1)
				if err != nil {
					t.Error(err)
				}
				got.Add(int64(n))
			})
		}
		close(begin)
		runs.Wait()
		if got.Load() != 3 {
			t.Fatalf("runs got %d of 3", got.Load())
		}
	}
}
