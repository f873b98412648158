package testenv

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// mostGrowth is what twice the input may cost, as a multiple of once.
const mostGrowth = 2.5

// Linear fails the test where twice the input costs more than 2.5 times as much.
// It doubles the input four times, from n to 16n, so that what caches and the
// collector of garbage do matters less. The function prepare makes an input of a size and returns what is
// measured on it. A cost is the processor time of one thread, the least of
// up to thirty tries, so that a busy machine does not matter. Under the race
// detector nothing is measured, which a counted line says; the rest of the test runs.
func Linear(tb testing.TB, n int, prepare func(n int) func()) {
	tb.Helper()
	if Raced {
		unraced(tb, "it measures how costs grow, and the detector's own grow otherwise")
		return
	}
	small, large := prepare(n), prepare(16*n)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const least, most = 500 * time.Microsecond, mostGrowth * mostGrowth * mostGrowth * mostGrowth
	times := 1
	for cost(small, times) < least && times < 1<<16 {
		times *= 2
	}
	var a, b time.Duration
	for range 30 {
		a, b = lesser(a, cost(small, times)), lesser(b, cost(large, times))
		if a < least/2 && times < 1<<16 {
			a, b, times = 0, 0, 2*times // what was measured first was too much
			continue
		}
		if float64(b) <= most*float64(a) {
			return
		}
	}
	// What outgrows the processor's caches costs more for that: the last doubling
	// alone shows whether it is the input.
	half := prepare(8 * n)
	var c time.Duration
	for range 30 {
		b, c = lesser(b, cost(large, times)), lesser(c, cost(half, times))
		if float64(b) <= mostGrowth*float64(c) {
			return
		}
	}
	tb.Errorf("an input of %d costs %v and one of %d %v, which is %.1f times as much; want at most %.1f for each doubling",
		n, a, 16*n, b, float64(b)/float64(a), mostGrowth)
}

// lesser is the least of two costs, of which the first may not be known.
func lesser(a, b time.Duration) time.Duration {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// cost is the processor time that work takes, done so many times.
func cost(work func(), times int) time.Duration {
	runtime.GC()
	start := processorTime()
	for range times {
		work()
	}
	return max(processorTime()-start, 1)
}

func processorTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD of Linux
	var u syscall.Rusage
	if syscall.Getrusage(thread, &u) != nil && syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
