package scheduler_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
)

// How many runs are at work at the same time changes while runs are at work. None is ended, and none
// is lost.
func TestAtOnceChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		working, ended := 0, 0
		add := func(to *int, n int) {
			mu.Lock()
			defer mu.Unlock()
			*to += n
		}
		run := func(ctx context.Context, _ string, _ time.Time) error {
			add(&working, 1)
			defer add(&working, -1)
			time.Sleep(10 * time.Minute)
			if ctx.Err() == nil {
				add(&ended, 1)
			}
			return nil
		}
		var names []string
		for n := range 60 {
			names = append(names, fmt.Sprint("p", n))
		}
		s, stop := start(t, names, run, nil, scheduler.Options{Spec: "@yearly", AtOnce: 2})
		for _, n := range names {
			s.Start(n)
		}
		var seen []int
		look := func() {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, working)
		}
		set := func(n int) {
			s.SetAtOnce(n)
			look()
			time.Sleep(10*time.Minute + time.Second)
			look()
		}
		set(2)
		set(5) // three more begin at once
		set(3) // five go on, and three follow
		set(1) // three go on, and one follows
		set(2) // one more
		s.SetAtOnce(6)
		s.SetAtOnce(1) // the four that began meanwhile go on, too
		set(4)
		set(1000)
		if want := []int{2, 2, 5, 5, 5, 3, 3, 1, 2, 2, 6, 4}; !slices.Equal(seen[:len(want)], want) {
			t.Errorf("at work were %v, want %v", seen, want)
		}
		time.Sleep(time.Hour)
		stop()
		if ended != len(names) || working != 0 {
			t.Errorf("%d of %d runs ended, %d are at work", ended, len(names), working)
		}
	})
}
