package reconcile

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// A run reads GitLab in waves: it sends at the same time what does not depend on another
// answer. First it asks for the bot and the project; then for the merge requests and the
// dashboard; then for the branches, so that their head contains every merge request that
// was seen as merged, and for the notes of the dashboard; then for the files at that head.
// The order in the code decides what a run takes over and which error counts, and never
// the order of the answers.

// atOnce bounds how many files, or merge requests, are read at the same time.
const atOnce = 8

// answer is what one of several reads of a wave returns.
type answer[T any] struct {
	done  chan struct{}
	value T
	err   error
	broke broken
}

// broken is the panic of a read, zero for none. Whoever waits for the read panics with it,
// so that a panic ends one run and not the process.
type broken struct {
	with  any
	stack []byte
}

func (b broken) String() string { return fmt.Sprint(b.with) }

// Stack is the stack of the read.
func (b broken) Stack() []byte { return b.stack }

func (b *broken) catch() {
	switch with := recover().(type) {
	case nil:
	case broken: // of a read inside this one
		*b = with
	default:
		*b = broken{with, debug.Stack()}
	}
}

func (b *broken) panic() {
	if b.with != nil {
		panic(*b)
	}
}

// ask begins to read. The caller waits for the group before it returns.
func ask[T any](ctx context.Context, group *sync.WaitGroup, read func(context.Context) (T, error)) *answer[T] {
	a := &answer[T]{done: make(chan struct{})}
	group.Go(func() {
		defer close(a.done)
		defer a.broke.catch()
		a.value, a.err = read(ctx)
	})
	return a
}

// get waits for the answer.
func (a *answer[T]) get() (T, error) {
	<-a.done
	a.broke.panic()
	return a.value, a.err
}

// together calls do with each number below n, atOnce of them at the same time.
func together(n int, do func(i int)) {
	var group sync.WaitGroup
	places, broke := make(chan struct{}, atOnce), make([]broken, n)
	for i := range n {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			defer broke[i].catch()
			do(i)
		})
	}
	group.Wait()
	for i := range broke {
		broke[i].panic()
	}
}

// aside returns a run for reads that are made beside others. join takes over what it
// noted.
func (r *run) aside() *run {
	side := *r
	side.now, side.failures = r.now.Anew(), nil
	return &side
}

func (r *run) join(side *run) {
	r.now.Note(side.now)
	r.failures = append(r.failures, side.failures...)
}
