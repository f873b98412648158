package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// insistence is how long after a signal the process is ended, whatever it does.
// What it was about is safe: any prefix of a run's effects is legal, and the
// next run looks at what came of the last.
const insistence = 1800 * time.Millisecond

// onSignal ends a context by SIGTERM or SIGINT. A second one kills.
func onSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// insist ends the process a while after ctx has ended, unless the returned
// function was called: a command may be at work on what takes no context.
func (p *program) insist(ctx context.Context) (over func()) {
	ended := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(insistence)
		defer timer.Stop()
		select {
		case <-ended:
		case <-timer.C:
			if p.quit != nil {
				fmt.Fprintln(p.err, "pinwheel: "+sentence(context.Canceled))
				p.quit(exitFailed)
			}
		}
	})
	return func() { unwatch(); close(ended) }
}
