package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	text := fmt.Sprintf("%7.3f s  %7.3f s of cores  %4.0f MiB  %3d reads  %d writes  %3d pages  %3d metadata, %d of them of names without a pin",
		s.wall.Seconds(), s.cpu.Seconds(), s.peak, s.Reads, s.Writes, s.Pages, s.Metadata, s.counts.Loose)
	if len(s.Failures) > 0 {
		text += fmt.Sprintf("  %v", s.Failures)
	}
	return text
}

// measured is what a measurement found.
type measured struct {
	ready
	first, quiet []sample
	updates      map[string]int // of the plan after a first run, by state
	sets         int            // of them, moves of several packages
	moves        int
}

// measure builds the binary and runs it.
func measure(o options, out io.Writer) (measured, error) {
	var m measured
	dir, err := os.MkdirTemp("", "pinwheel-bench-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	binary, err := built(dir)
	if err != nil {
		return m, err
	}
	for i := range o.starts {
		runs := 0
		if i == o.starts-1 {
			runs = o.runs
		}
		if err := m.start(o, binary, filepath.Join(dir, fmt.Sprint(i)), runs, out); err != nil {
			return m, err
		}
	}
	total := 0
	for _, n := range m.updates {
		total += n
	}
	fmt.Fprintf(out, "%d pins behind, %d families among them, %d names without a pin: %d updates, %d of several packages, by state %v\n",
		m.Behind, m.Families, m.Loose, total, m.sets, m.updates)
	return m, nil
}

// built is the binary that users get.
func built(dir string) (string, error) {
	binary := filepath.Join(dir, "pinwheel")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "gitlab.com/cki-project/pinwheel/cmd/pinwheel")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, text)
	}
	return binary, nil
}

// start makes one first run with fakes and a database of its own, and more
// runs of which each finds nothing new.
func (m *measured) start(o options, binary, dir string, runs int, out io.Writer) error {
	r, stop, err := startFakes(o)
	if err != nil {
		return err
	}
	defer stop()
	m.ready = r
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	config := filepath.Join(dir, "pinwheel.yaml")
	text := fmt.Sprintf("gitlab: {url: %s}\nindex: {url: %s/simple/}\nstore: %s\nprojects:\n  - path: cki/pipe\n    timezone: Europe/Prague\n    window: \"* * * * SAT,SUN\"\n    python: [\"3.10\", \"3.12\"]\n    files: [{path: constraints.txt, derived: {path: pipeline/constraints.yml}}]\n",
		r.GitLab, r.Index, filepath.Join(dir, "pinwheel.db"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	s, _, err := r.run(binary, 0, "run", "--config", config)
	if err != nil {
		return err
	}
	m.first = append(m.first, s)
	fmt.Fprintf(out, "first run:     %s\n", s)
	for i := range runs {
		// Each later than the index's answers may be used without asking again.
		if s, _, err = r.run(binary, time.Duration(i+1)*15*time.Minute, "run", "--config", config); err != nil {
			return err
		}
		m.quiet = append(m.quiet, s)
		fmt.Fprintf(out, "no-change run: %s\n", s)
	}
	if runs == 0 {
		return nil
	}
	_, plan, err := r.run(binary, 0, "plan", "--json", "--config", config)
	if err != nil {
		return err
	}
	return m.readPlan(plan)
}

// patience is how long one run may take before it counts as hung.
const patience = 2 * time.Minute

// begins is the instant of the first run.
var begins = time.Date(2026, 1, 7, 8, 0, 0, 0, time.UTC)

// run runs the binary once, for an instant so long after the first.
func (r ready) run(binary string, after time.Duration, args ...string) (sample, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append(args, "--at", begins.Add(after).Format(time.RFC3339))...)
	cmd.Env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+r.Token)
	start := time.Now()
	out, err := cmd.Output()
	s := sample{wall: time.Since(start)}
	if ctx.Err() != nil {
		return s, nil, fmt.Errorf("%s: not done after %s", args[0], patience)
	}
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			out = append(out, exit.Stderr...)
		}
		return s, nil, fmt.Errorf("%s: %w\n%s", args[0], err, out)
	}
	state := cmd.ProcessState
	s.cpu = state.UserTime() + state.SystemTime()
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		s.peak = float64(usage.Maxrss) / 1024
	}
	s.counts, err = r.counts()
	return s, out, err
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
		{"no-change run: requests to GitLab", worst(m.quiet, func(s sample) int { return s.Reads + s.Writes }), 12, ""},
		{"no-change run: writes", worst(m.quiet, func(s sample) int { return s.Writes }), 0, ""},
		{"no-change run: requests for metadata", worst(m.quiet, func(s sample) int { return s.Metadata }), 0, ""},
		{"no-change run: VmHWM", worst(m.quiet, func(s sample) int { return int(s.peak) }), 100, "MiB"},
		{"requests that the simulated GitLab refused", worst(append(m.first, m.quiet...), func(s sample) int { return len(s.Failures) }), 0, ""},
	}
	if o.times {
		all = append(all, bound{"first run: wall", median(m.first), 1.5, "s"}, bound{"no-change run: wall", median(m.quiet), 0.3, "s"})
	}
	return all
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
