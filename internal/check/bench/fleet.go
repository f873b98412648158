package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// fleetPatience is how long the first runs of a fleet may take.
const fleetPatience = 20 * time.Minute

// fleet measures one serve that makes the first runs of many projects, each with
// the same pins, whose window is shut.
func fleet(o options, out io.Writer) error {
	dir, err := os.MkdirTemp("", "pinwheel-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := o.built(dir)
	if err != nil {
		return err
	}
	r, stop, err := startFakes(o)
	if err != nil {
		return err
	}
	defer stop()
	config, figures := filepath.Join(dir, "pinwheel.yaml"), filepath.Join(dir, "metrics")
	var text strings.Builder
	fmt.Fprintf(&text, "gitlab: {url: %s}\nindex: {url: %s/simple/}\nstore: %s\ndefaults: {timezone: UTC, window: \"0 0 29 2 *\", python: [\"3.10\", \"3.12\"]}\nprojects:\n",
		r.GitLab, r.Index, filepath.Join(dir, "pinwheel.db"))
	for _, path := range paths(o) {
		text.WriteString("  - {path: " + path + "}\n")
	}
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		return err
	}
	cmd := exec.Command(binary, "serve", "--now", "--config", config, "--textfile-metrics", figures)
	cmd.Env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+r.Token)
	var said bytes.Buffer
	cmd.Stderr = &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	done := 0
	for time.Since(began) < fleetPatience && done < o.fleet {
		time.Sleep(100 * time.Millisecond)
		data, err := os.ReadFile(figures)
		if err == nil {
			done = strings.Count(string(data), "\npinwheel_last_good_run_timestamp_seconds{")
		}
	}
	took := time.Since(began)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	sent := time.Now()
	_ = cmd.Wait()
	stopped := time.Since(sent)
	peak := 0.0
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = float64(usage.Maxrss) / 1024
	}
	fmt.Fprintf(out, "%d of %d projects of %d pins had a good first run after %.1f s, %.1f s of cores, VmHWM %.0f MiB; SIGTERM took %.2f s\n", done, o.fleet, o.pins, took.Seconds(),
		(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), peak, stopped.Seconds())
	if done < o.fleet {
		fmt.Fprintln(out, said.String())
	}
	return judge([]bound{
		{"projects without a good first run", float64(o.fleet - done), 0, ""},
		{"serve: VmHWM", peak, 512, "MiB"},
		{"serve: from SIGTERM to its end", stopped.Seconds(), 2, "s"},
	}, out)
}
