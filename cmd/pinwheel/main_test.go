package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

// Memory is short where what is in use takes half of the limit, and never where there is no limit.
func TestMemoryIsShortAtHalfOfTheLimit(t *testing.T) {
	before := debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(before)
	held := make([]byte, 8<<20)
	runtime.GC()
	if shortOfMemory()() {
		t.Error("it is short without a limit")
	}
	debug.SetMemoryLimit(12 << 20)
	short := shortOfMemory()
	debug.SetMemoryLimit(math.MaxInt64)
	if !short() {
		t.Error("8 MiB of 12 are in use, and it is not short")
	}
	runtime.KeepAlive(held)
}
