package reconcile

import (
	"context"
	"sync"

	"gitlab.com/cki-project/pinwheel/plan"
)

// A run reads GitLab in waves: what can be asked at the same time is. First the bot and
// the project; then its merge requests and the dashboard; then its branches, so that a
// merge request seen as merged is in the head that they tell, and the dashboard's notes;
// then the files at that head. What is taken over, and which error counts, goes by the
// order in the code and never by the order of the answers.

// atOnce bounds how many files, or merge requests, are read at the same time.
const atOnce = 8

// answer is what one of several reads of a wave returns.
type answer[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// ask begins to read. Who ends the group waits for it.
func ask[T any](ctx context.Context, group *sync.WaitGroup, read func(context.Context) (T, error)) *answer[T] {
	a := &answer[T]{done: make(chan struct{})}
	group.Go(func() {
		defer close(a.done)
		a.value, a.err = read(ctx)
	})
	return a
}

// get waits for what was read.
func (a *answer[T]) get() (T, error) {
	<-a.done
	return a.value, a.err
}

// together does n things, atOnce of them at the same time.
func together(n int, do func(i int)) {
	var group sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i := range n {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			do(i)
		})
	}
	group.Wait()
}

// aside is a run for reads that are made beside others; join takes over what it
// noted.
func (r *run) aside() *run {
	side := *r
	side.now, side.failures = plan.At(r.now.Asking()), nil
	return &side
}

func (r *run) join(side *run) {
	r.now.Note(side.now)
	r.failures = append(r.failures, side.failures...)
}
