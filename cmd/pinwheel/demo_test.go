package main

import (
	"context"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

func TestDemo(t *testing.T) {
	testenv.Unraced(t, "the tests of internal/fake/demo play this week under it")
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
