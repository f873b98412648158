package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// mostOverBare is how much processor time a run in which nothing changed may take, as
// a multiple of what a client takes that makes the same requests and nothing else.
const mostOverBare = 3

// pairs is how many runs and bare clients are measured in turn, and tries how often
// all of them are where the bound seems broken.
const pairs, tries = 7, 3

// ratio measures runs in which nothing changed against the bare client, in turn, so
// that other work on the machine, which makes the same instructions take longer,
// falls on both. Wall time is not looked at. Still a single figure can be off by
// half: the medians of seven count, and a bound is broken when three such
// measurements say so. A run that does twice the work fails all three.
func ratio(o options, out io.Writer) error {
	dir, err := os.MkdirTemp("", "pinwheel-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := o.built(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d pins, pages of %d bytes, %s\n", o.pins, o.size, machine())
	s, err := begin(o, binary, dir, "SAT,SUN", maxOpen, out)
	if err != nil {
		return err
	}
	defer s.stop()
	for try := range tries {
		var b bound
		if b, err = s.overBare(try*pairs, out); err != nil {
			return err
		}
		if err = judge([]bound{b}, out); !errors.Is(err, errBroken) {
			return err
		}
	}
	return err
}

// overBare measures pairs, of which the first run is the hour after so many others.
func (s session) overBare(after int, out io.Writer) (bound, error) {
	var quiet, bare []sample
	for i := range pairs {
		one, err := s.quietAt(after + i)
		if err != nil {
			return bound{}, err
		}
		if one.Writes > 0 {
			return bound{}, fmt.Errorf("a run in which nothing changed wrote %d times", one.Writes)
		}
		other, err := s.bare(one.Asked)
		if err != nil {
			return bound{}, err
		}
		quiet, bare = append(quiet, one), append(bare, other)
		fmt.Fprintf(out, "no-change run: %s\nbare client:   %s\n", one, other)
	}
	return overBare(quiet, bare), nil
}

func overBare(quiet, bare []sample) bound {
	return bound{"no-change run: time of cores over the bare client's", cores(quiet) / cores(bare), mostOverBare, "x"}
}
