package main

import (
	"context"
	"testing"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code, out, complaints := w.pinwheel("demo", "--once")
	w.want(code, exitDone, complaints)
	if out == "" || complaints != "" {
		t.Errorf("stdout has %d bytes, stderr %q", len(out), complaints)
	}
	code, _, complaints = w.pinwheel("demo", "--port", "70000")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "--port 70000 is no port")
	w.serving = func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, stop := context.WithCancel(ctx)
		stop()
		return ctx, stop
	}
	code, _, complaints = w.pinwheel("demo")
	w.want(code, exitDone, complaints)
}
