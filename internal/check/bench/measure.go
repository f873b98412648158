package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// sample is one run of the binary.
type sample struct {
	wall, cpu time.Duration
	peak      float64 // VmHWM in MiB
	counts
}

func (s sample) String() string {
	text := fmt.Sprintf("%7.3f s  %7.3f s of cores  %4.0f MiB  %3d reads in %d waves  %d writes  %3d pages  %3d metadata, %d of them of names without a pin",
		s.wall.Seconds(), s.cpu.Seconds(), s.peak, s.Reads, s.Waves, s.Writes, s.Pages, s.Metadata, s.counts.Loose)
	if len(s.Failures) > 0 {
		text += fmt.Sprintf("  %v", s.Failures)
	}
	return text
}

// measured is what a measurement found.
type measured struct {
	ready
	first, quiet, bare []sample       // outside the window: nothing is open
	opening, open      []sample       // first runs in a window and those after it, with up to maxOpen open; the first of these says that no pipeline ran
	largest            map[int]sample // first runs in a window, by pins
	updates            map[string]int // of the plan after a first run, by state
	sets               int            // of them, moves of several packages
	moves              int
}

// maxOpen is how many merge requests the first run in a window opens at most.
const maxOpen = 99

// measure builds the binary and runs it.
func measure(o options, out io.Writer) (measured, error) {
	var m measured
	dir, err := os.MkdirTemp("", "pinwheel-bench-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(dir)
	binary, err := o.built(dir)
	if err != nil {
		return m, err
	}
	for i := range o.starts {
		runs := 0
		if i == o.starts-1 {
			runs = o.runs
		}
		s, err := begin(o, binary, dir, "SAT,SUN", maxOpen, out)
		if err == nil {
			m.ready, m.first = s.ready, append(m.first, s.first)
			err = s.rest(&m, runs, out)
		}
		if err != nil {
			return m, err
		}
	}
	total := 0
	for _, n := range m.updates {
		total += n
	}
	fmt.Fprintf(out, "%d pins behind, %d families among them, %d names without a pin: %d updates, %d of several packages, by state %v\n",
		m.Behind, m.Families, m.Loose, total, m.sets, m.updates)
	return m, m.inWindows(o, binary, dir, out)
}

// built is the binary that users get, which the options may have already.
func (o options) built(dir string) (string, error) {
	if o.binary != "" {
		return o.binary, nil
	}
	binary := filepath.Join(dir, "pinwheel")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "gitlab.com/cki-project/pinwheel/cmd/pinwheel")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, text)
	}
	return binary, nil
}

// inWindows measures runs in an open window.
func (m *measured) inWindows(o options, binary, dir string, out io.Writer) error {
	s, err := begin(o, binary, dir, "*", maxOpen, out)
	if err != nil {
		return err
	}
	m.opening = append(m.opening, s.first)
	if m.open, err = s.quiet(o.runs, out); err != nil {
		return err
	}
	s.stop()
	m.largest = map[int]sample{}
	for _, pins := range []int{2000, 5000} {
		if !o.large {
			continue
		}
		o.pins = pins
		if s, err = begin(o, binary, dir, "*", 1000, out); err != nil {
			return err
		}
		s.stop()
		m.largest[pins] = s.first
	}
	return nil
}

// session is a project with fakes and a database of its own.
type session struct {
	ready
	binary, config string
	stop           func()
	first          sample
}

// begin makes a first run. The window is open on the given days of the week.
func begin(o options, binary, dir, days string, most int, out io.Writer) (s session, err error) {
	if s.ready, s.stop, err = startFakes(o); err != nil {
		return s, err
	}
	if dir, err = os.MkdirTemp(dir, "world-"); err == nil {
		s.binary, s.config = binary, filepath.Join(dir, "pinwheel.yaml")
		derived := ", derived: {path: pipeline/constraints.yml}"
		if o.pins > 2000 {
			derived = "" // no CI variable holds so many
		}
		text := fmt.Sprintf("gitlab: {url: %s}\nindex: {url: %s/simple/}\nstore: %s\nprojects:\n  - path: cki/pipe\n    timezone: Europe/Prague\n    window: \"* * * * %s\"\n    max_open_merge_requests: %d\n    python: [\"3.10\", \"3.12\"]\n    files: [{path: constraints.txt%s}]\n",
			s.GitLab, s.Index, filepath.Join(dir, "pinwheel.db"), days, most, derived)
		err = os.WriteFile(s.config, []byte(text), 0o600)
	}
	if err == nil {
		s.first, _, err = s.run(binary, "run", "--config", s.config)
	}
	if err != nil {
		s.stop()
		return s, err
	}
	fmt.Fprintf(out, "%5d pins, window %-8s first run: %s\n", o.pins, days+",", s.first)
	return s, nil
}

// quiet makes runs of which each finds nothing new.
func (s session) quiet(runs int, out io.Writer) ([]sample, error) {
	var all []sample
	for i := range runs {
		one, err := s.quietAt(i)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
		fmt.Fprintf(out, "no-change run: %s\n", one)
	}
	return all, nil
}

// quietAt makes the run of an hour after the first, counted from 0.
func (s session) quietAt(i int) (sample, error) {
	one, _, err := s.runAt(start.Add(time.Duration(i+1)*time.Hour), s.binary, "run", "--config", s.config)
	return one, err
}

// rest measures quiet runs, the bare client with the same requests, and reads
// the plan. It ends the session.
func (s session) rest(m *measured, runs int, out io.Writer) (err error) {
	defer s.stop()
	if runs == 0 {
		return nil
	}
	if m.quiet, err = s.quiet(runs, out); err != nil {
		return err
	}
	for range runs {
		one, err := s.bare(m.quiet[runs-1].Asked)
		if err != nil {
			return err
		}
		m.bare = append(m.bare, one)
		fmt.Fprintf(out, "bare client:   %s\n", one)
	}
	_, plan, err := s.run(s.binary, "plan", "--json", "--config", s.config)
	if err != nil {
		return err
	}
	return m.readPlan(plan)
}

// patience is how long one run may take before it counts as hung.
const patience = 2 * time.Minute

// start is the instant of first runs.
var start = time.Date(2026, 1, 7, 8, 0, 0, 0, time.UTC)

// run runs the binary once, as of start.
func (r ready) run(binary string, args ...string) (sample, []byte, error) {
	return r.runAt(start, binary, args...)
}

func (r ready) runAt(at time.Time, binary string, args ...string) (sample, []byte, error) {
	if resp, err := http.Get(r.GitLab + "/_clock?" + at.Format(time.RFC3339)); err != nil {
		return sample{}, nil, err
	} else if err := resp.Body.Close(); err != nil {
		return sample{}, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append(args, "--at", at.Format(time.RFC3339))...)
	cmd.Env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+r.Token)
	s, out, err := timed(cmd)
	if ctx.Err() != nil {
		return s, nil, fmt.Errorf("%s: not done after %s", args[0], patience)
	}
	if err != nil {
		return s, nil, fmt.Errorf("%s: %w", args[0], err)
	}
	s.counts, err = r.counts()
	return s, out, err
}

// timed runs a command to its end.
func timed(cmd *exec.Cmd) (sample, []byte, error) {
	start := time.Now()
	out, err := cmd.Output()
	s := sample{wall: time.Since(start)}
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			out = append(out, exit.Stderr...)
		}
		return s, nil, fmt.Errorf("%w\n%s", err, out)
	}
	state := cmd.ProcessState
	s.cpu = state.UserTime() + state.SystemTime()
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		s.peak = float64(usage.Maxrss) / 1024
	}
	return s, out, nil
}

// readPlan counts the updates of a plan's JSON.
func (m *measured) readPlan(text []byte) error {
	var plans []struct {
		Updates []struct {
			State string
			Moves []struct{ Package string }
		}
	}
	if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
		return fmt.Errorf("read the plan: %d projects, %w", len(plans), err)
	}
	m.updates = map[string]int{}
	for _, u := range plans[0].Updates {
		m.updates[u.State]++
		m.moves += len(u.Moves)
		if len(u.Moves) > 1 {
			m.sets++
		}
	}
	return nil
}

// bounds are those of the runs. Times are medians, all else is the worst seen.
func (m measured) bounds(o options) []bound {
	updates := 0
	for _, n := range m.updates {
		updates += n
	}
	all := []bound{
		{"first run: requests for metadata", worst(m.first, func(s sample) int { return s.Metadata }), float64(o.pins) + 1.2*float64(updates) + 12*float64(m.Families), ""},
		{"no-change run: requests to GitLab", worst(m.quiet, func(s sample) int { return s.Reads + s.Writes }), 6, ""},
		{"no-change run: writes", worst(m.quiet, func(s sample) int { return s.Writes }), 0, ""},
		{"no-change run: requests for metadata", worst(m.quiet, func(s sample) int { return s.Metadata }), 0, ""},
		{"no-change run: VmHWM", worst(m.quiet, func(s sample) int { return int(s.peak) }), 100, "MiB"},
		{"requests that the simulated GitLab refused", worst(append(m.first, m.quiet...), func(s sample) int { return len(s.Failures) }), 0, ""},
	}
	all = append(all,
		bound{"first run: VmHWM", worst(m.first, func(s sample) int { return int(s.peak) }), 100, "MiB"},
		bound{"first run in the window: VmHWM", worst(m.opening, func(s sample) int { return int(s.peak) }), 100, "MiB"},
		overBare(m.quiet, m.bare),
		bound{fmt.Sprintf("no-change run with up to %d open over none", maxOpen), cores(m.open) / cores(m.quiet), 1.3, "x"},
		bound{"no-change run with those open: writes", worst(m.open[1:], func(s sample) int { return s.Writes }), 0, ""})
	if s, ok := m.largest[2000]; ok {
		all = append(all, bound{"first run of 2,000 pins in the window: time of cores", s.cpu.Seconds(), 12, "s"})
	}
	if s, ok := m.largest[5000]; ok {
		all = append(all, bound{"first run of 5,000 pins in the window: VmHWM", s.peak, 200, "MiB"})
	}
	if o.times {
		all = append(all, bound{"first run: wall", median(m.first), 1.5, "s"}, bound{"no-change run: wall", median(m.quiet), 0.3, "s"})
	}
	return all
}

// cores is the median time of cores in seconds.
func cores(all []sample) float64 {
	var times []float64
	for _, s := range all {
		times = append(times, s.cpu.Seconds())
	}
	slices.Sort(times)
	return times[len(times)/2]
}

func worst(all []sample, of func(sample) int) float64 {
	n := 0
	for _, s := range all {
		n = max(n, of(s))
	}
	return float64(n)
}

func median(all []sample) float64 {
	var walls []time.Duration
	for _, s := range all {
		walls = append(walls, s.wall)
	}
	slices.Sort(walls)
	return walls[len(walls)/2].Seconds()
}
