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
	if shortOfMemory() {
		t.Error("it is short without a limit")
	}
	debug.SetMemoryLimit(12 << 20)
	short := shortOfMemory()
	debug.SetMemoryLimit(math.MaxInt64)
	if !short {
		t.Error("8 MiB of 12 are in use, and it is not short")
	}
	runtime.KeepAlive(held)
}

// serve makes room for its projects, as many as there are, and leaves a limit alone that
// somebody set.
func TestServeMakesRoomForItsProjects(t *testing.T) {
	before := debug.SetMemoryLimit(memoryLimit)
	defer debug.SetMemoryLimit(before)
	room := int64(0)
	for _, c := range []struct {
		projects int
		limit    int64
	}{{1, serveLimit}, {1000, serveLimit}, {3000, serveLimit + 2000*perProject}, {10, serveLimit}} {
		room = serveWithin(c.projects, room)
		if now := debug.SetMemoryLimit(-1); now != c.limit {
			t.Errorf("%d projects: %d bytes, not %d", c.projects, now, c.limit)
		}
	}
	debug.SetMemoryLimit(300 << 20)
	serveWithin(3000, room)
	if now := debug.SetMemoryLimit(-1); now != 300<<20 {
		t.Errorf("the limit of somebody else became %d", now)
	}
}
