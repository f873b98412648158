package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestOnSignal(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		ctx, stop := onSignal(t.Context())
		if err := syscall.Kill(os.Getpid(), signal); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Errorf("%v did not end the context", signal)
		}
		stop()
	}
}

func TestCounterOnATerminal(t *testing.T) {
	var out bytes.Buffer
	c := &console{w: &out}
	c.count(1, 3)
	fmt.Fprint(c, "a message\n")
	c.count(2, 3)
	c.count(3, 3)
	want := "reading the index: 1 of 3 packages" + clearLine + "a message\n" +
		"reading the index: 2 of 3 packages" + clearLine
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
