package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// Servers that are far away: what they wait before they answer, how many requests to
// an index run at once, and how many waves of reads GitLab is asked in at most.
const (
	farGitLab   = 80 * time.Millisecond
	farIndex    = 30 * time.Millisecond
	concurrency = 8
	mostWaves   = 4
)

// waves counts how many reads follow each other: one that begins after another ended
// is a wave behind it.
type waves struct {
	mu    sync.Mutex
	ended int // the last wave of which a read ended
}

func (w *waves) begin() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended + 1
}

func (w *waves) end(wave int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = max(w.ended, wave)
}

// take returns how many there were, and begins anew.
func (w *waves) take() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.ended
	w.ended = 0
	return n
}

// far are runs against servers that are far away.
type far struct{ first, quiet []sample }

// measureFar makes a first run, and runs in which nothing changed.
func measureFar(o options, out io.Writer) (f far, err error) {
	o.latency, o.gitlab = farIndex, farGitLab
	dir, err := os.MkdirTemp("", "pinwheel-bench-")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir)
	binary, err := o.built(dir)
	if err != nil {
		return f, err
	}
	fmt.Fprintf(out, "GitLab answers after %s, the index after %s\n", o.gitlab, o.latency)
	s, err := begin(o, binary, dir, "SAT,SUN", maxOpen, out)
	if err != nil {
		return f, err
	}
	defer s.stop()
	f.first = []sample{s.first}
	// The first of these follows a run that wrote; from the second on nothing is new.
	f.quiet, err = s.quiet(4, out)
	if err == nil {
		f.quiet = f.quiet[1:]
	}
	return f, err
}

// formula is how long a run waits at least: for the index, and for the waves.
func formula(s sample) float64 {
	return float64(s.Pages+s.Metadata)*farIndex.Seconds()/concurrency + float64(s.Waves)*farGitLab.Seconds()
}

// over is the median of the runs' walls over what they wait at least.
func over(all []sample) float64 {
	var out []float64
	for _, s := range all {
		out = append(out, s.wall.Seconds()/formula(s))
	}
	slices.Sort(out)
	return out[len(out)/2]
}

func (f far) bounds(times bool) []bound {
	waves := func(s sample) int { return s.Waves }
	all := []bound{
		{"far away, first run: waves of reads of GitLab", worst(f.first, waves), mostWaves, ""},
		{"far away, no-change run: waves of reads of GitLab", worst(f.quiet, waves), mostWaves, ""},
		{"far away, no-change run: requests to GitLab", worst(f.quiet, func(s sample) int { return s.Reads + s.Writes }), 6, ""},
	}
	if times {
		all = append(all,
			bound{"far away, first run: wall over what it waits", over(f.first), 1.25, "x"},
			bound{"far away, no-change run: wall over what it waits", over(f.quiet), 1.15, "x"})
	}
	return all
}
