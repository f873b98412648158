package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// leastFaster is how many times faster run has to be over many projects than one at a time.
const leastFaster = 8

// measureParallel measures run over many projects, one at a time and as it is configured by
// default, against servers that are far away: a first run, and one in which nothing changed.
func measureParallel(o options, out io.Writer) error {
	o.latency, o.gitlab = farIndex, farGitLab
	dir, err := os.MkdirTemp("", "pinwheel-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := o.built(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "run over %d projects of %d pins of %d packages, GitLab answers after %s, the index after %s, %s\n", o.fleet, o.pins, o.packages, o.gitlab, o.latency, machine())
	took := map[string][]sample{}
	for name, keys := range map[string]string{"by default": "", "one at a time": "runs_at_once: 1\n"} {
		walls, err := timesOfRuns(o, binary, filepath.Join(dir, strings.ReplaceAll(name, " ", "-")), keys)
		if err != nil {
			return err
		}
		took[name] = walls
		fmt.Fprintf(out, "%-13s  first run %.1f s (%.1f s of cores), without changes %.1f s (%.1f s of cores)\n", name,
			walls[0].wall.Seconds(), walls[0].cpu.Seconds(), walls[1].wall.Seconds(), walls[1].cpu.Seconds())
	}
	var all []bound
	for i, what := range []string{"first run", "without changes"} {
		faster := took["one at a time"][i].wall.Seconds() / took["by default"][i].wall.Seconds()
		fmt.Fprintf(out, "%s: %.1f times faster\n", what, faster)
		all = append(all, bound{what + ": by default over one at a time", 1 / faster, 1.0 / leastFaster, ""})
	}
	return judge(all, out)
}

// timesOfRuns makes three runs against fakes of their own, and returns what the first and the
// last took.
func timesOfRuns(o options, binary, dir, keys string) ([]sample, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	r, stop, err := startFakes(o)
	if err != nil {
		return nil, err
	}
	defer stop()
	var text strings.Builder
	fmt.Fprintf(&text, "gitlab: {url: %s}\nindex: {url: %s/simple/}\nstore: %s\n%sdefaults: {timezone: UTC, window: \"0 0 29 2 *\", python: [\"3.10\", \"3.12\"]}\nprojects:\n",
		r.GitLab, r.Index, filepath.Join(dir, "pinwheel.db"), keys)
	for _, path := range paths(o) {
		text.WriteString("  - {path: " + path + "}\n")
	}
	config := filepath.Join(dir, "pinwheel.yaml")
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		return nil, err
	}
	var walls []sample
	for range 3 { // the second follows the writes of the first
		cmd := exec.Command(binary, "run", "--config", config)
		cmd.Env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+r.Token)
		s, _, err := timed(cmd)
		if err != nil {
			return nil, err
		}
		walls = append(walls, s)
	}
	return []sample{walls[0], walls[2]}, nil
}
