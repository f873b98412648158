package testenv

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Part says which of a test's numbered cases run. The variable PINWHEEL_PART
// chooses: all is every case, rest is every case but the sample, all:K/N and
// rest:K/N are the K-th of N shards of these. Without it the sample runs: every
// case whose number is a multiple of a step that the test names, and an eighth of
// these under the race detector, which makes everything ten times as slow: it
// looks for races, which any few cases show.
type Part struct {
	step           int
	sample, others bool
	shard, shards  int
}

// Sample reads which part runs of a test whose sample is every step-th case.
func Sample(tb testing.TB, step int) Part {
	tb.Helper()
	text := os.Getenv("PINWHEEL_PART")
	if Raced && text == "" {
		step *= 8
	}
	p, err := parsePart(text, step)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func parsePart(text string, step int) (Part, error) {
	p := Part{step: step, sample: true, shards: 1}
	if text == "" {
		return p, nil
	}
	which, shard, sharded := strings.Cut(text, ":")
	if sharded {
		if n, err := fmt.Sscanf(shard, "%d/%d", &p.shard, &p.shards); n != 2 || err != nil || p.shard < 1 || p.shard > p.shards {
			return p, fmt.Errorf("PINWHEEL_PART=%q: a shard is K/N, K from 1 to N", text)
		}
		p.shard--
	}
	p.sample, p.others = which == "all", true
	if which != "all" && which != "rest" {
		return p, fmt.Errorf("PINWHEEL_PART=%q: it begins with all or rest", text)
	}
	return p, nil
}

// All is the part in which every case runs.
func All() Part { return Part{step: 1, sample: true, others: true, shards: 1} }

// Has reports whether case i, from 0, runs.
func (p Part) Has(i int) bool {
	if i%p.step == 0 {
		return p.sample && (!p.others || i/p.step%p.shards == p.shard)
	}
	return p.others && i%p.shards == p.shard
}

// Picks is Has for a test that says itself whether case i is of its sample: where nobody knows how
// many cases there are before they were played, one in so many may be none at all.
func (p Part) Picks(sampled bool, i int) bool {
	return (sampled && p.sample || !sampled && p.others) && (!p.others || i%p.shards == p.shard)
}

// Whole reports whether more than the sample runs.
func (p Part) Whole() bool { return p.others }

// InStep skips case n of a test, from 0, where it is not in the part that runs: case 0 is the
// sample, and a step of .ci/run has the others.
func InStep(tb testing.TB, n int, step string) {
	tb.Helper()
	if !Sample(tb, 1000).Has(n) {
		tb.Skip("in .ci/run " + step)
	}
}
