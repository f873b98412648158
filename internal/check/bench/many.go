package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// This file measures one serve of many projects whose pins come from the same packages: the
// first round, a quiet round, and ticks while a round is under way.

// manyPatience is how long one round may take.
const manyPatience = 25 * time.Minute

// tickPatience is how long a tick may take after a round.
const tickPatience = time.Minute

// many is what such a measurement needs.
type many struct {
	options
	ready
	dir, binary, config, hooks string
	out                        io.Writer
}

// serving is a serve at work.
type serving struct {
	cmd  *exec.Cmd
	said bytes.Buffer
}

// measureMany measures and judges.
func measureMany(o options, out io.Writer) error {
	dir, err := os.MkdirTemp("", "pinwheel-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m := many{options: o, dir: dir, config: filepath.Join(dir, "pinwheel.yaml"), out: out}
	if m.binary, err = built(dir); err != nil {
		return err
	}
	var stop func()
	if m.ready, stop, err = startFakes(o); err != nil {
		return err
	}
	defer stop()
	if err := m.write(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d projects of %d pins of %d packages, pages of %d bytes, %s\n", o.fleet, o.pins, o.packages, o.size, machine())
	all, err := m.rounds()
	if err != nil {
		return err
	}
	return judge(all, out)
}

// write writes the configuration.
func (m *many) write() error {
	hooks, err := free()
	if err != nil {
		return err
	}
	m.hooks = hooks
	var text strings.Builder
	fmt.Fprintf(&text, "gitlab: {url: %s}\nindex: {url: %s/simple/}\nstore: %s\nschedule: \"@yearly\"\nlisten: {hooks: %q}\ndefaults: {timezone: UTC, window: \"0 0 29 2 *\", python: [\"3.10\", \"3.12\"]}\nprojects:\n",
		m.GitLab, m.Index, filepath.Join(m.dir, "pinwheel.db"), hooks)
	for _, path := range paths(m.options) {
		text.WriteString("  - {path: " + path + "}\n")
	}
	return os.WriteFile(m.config, []byte(text.String()), 0o600)
}

// start starts serve, which looks at every project at once.
func (m *many) start() (*serving, error) {
	s := &serving{cmd: exec.Command(m.binary, "serve", "--now", "--watch", m.calm.String(), "--config", m.config)}
	s.cmd.Env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+m.Token, "PINWHEEL_HOOKS_TOKEN="+hooksToken)
	s.cmd.Stderr = &s.said
	return s, s.cmd.Start()
}

func (s *serving) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// round waits until every project was looked at since the last round, and no run is at work, and
// returns what that cost.
func (m *many) round(s *serving) (sample, error) {
	before, began := used(s.cmd.Process.Pid), time.Now()
	for {
		time.Sleep(200 * time.Millisecond)
		resp, err := http.Get(m.GitLab + "/_looked")
		if err != nil {
			return sample{}, err
		}
		var l looks
		err = json.NewDecoder(resp.Body).Decode(&l)
		resp.Body.Close()
		if err != nil {
			return sample{}, err
		}
		if l.Projects >= m.fleet && l.Idle > m.calm.Seconds() {
			break
		} else if time.Since(began) > manyPatience {
			return sample{}, fmt.Errorf("%d of %d projects were looked at after %s\n%s", l.Projects, m.fleet, manyPatience, tail(s.said.String()))
		}
	}
	out := sample{wall: time.Since(began) - m.calm, cpu: used(s.cmd.Process.Pid) - before, peak: high(s.cmd.Process.Pid)}
	var err error
	out.counts, err = m.counts()
	out.counts.Asked = nil
	fmt.Fprintf(m.out, "%s\n", out)
	return out, err
}

// rounds makes them: the first, one that follows the writes of the first, a quiet one, and one
// beside ticks.
func (m *many) rounds() (all []bound, err error) {
	s, err := m.start()
	if err != nil {
		return nil, err
	}
	fmt.Fprint(m.out, "first round  ")
	first, err := m.round(s)
	s.stop()
	if err != nil {
		return nil, err
	}
	all = append(all, bound{"first round: pages of the index over packages", float64(first.Pages) / float64(m.packages+m.ready.Loose), 1, ""})
	if s, err = m.start(); err != nil {
		return nil, err
	}
	defer s.stop()
	for i, name := range []string{"after writes ", "on record    "} {
		if i > 0 {
			_ = s.cmd.Process.Signal(syscall.SIGHUP)
		}
		fmt.Fprint(m.out, name)
		if _, err = m.round(s); err != nil {
			return nil, err
		}
	}
	time.Sleep(5 * m.calm / 2) // two looks at the dashboards
	if _, err = m.counts(); err != nil {
		return nil, err
	}
	_ = s.cmd.Process.Signal(syscall.SIGHUP) // another hour, for the index too
	fmt.Fprint(m.out, "quiet round  ")
	quiet, err := m.round(s)
	if err != nil {
		return nil, err
	}
	n := float64(m.fleet)
	all = append(all,
		bound{"quiet round: requests to GitLab for each project", float64(quiet.Reads+quiet.Writes) / n, 3.1, ""},
		bound{"quiet round: pages of the index over packages", float64(quiet.Pages) / float64(m.packages+m.ready.Loose), 1, ""},
		bound{"quiet round: VmHWM", quiet.peak, 200, "MiB"})
	if m.times {
		all = append(all, bound{"quiet round: processor time for 1,000 projects", quiet.cpu.Seconds() * 1000 / n, 60, "s"})
	}
	if m.ticks == 0 {
		return all, nil
	}
	more, err := m.ticked(s)
	return append(all, more...), err
}

// ticked ticks boxes while a round is under way.
func (m *many) ticked(s *serving) ([]bound, error) {
	_ = s.cmd.Process.Signal(syscall.SIGHUP)
	time.Sleep(500 * time.Millisecond)
	resp, err := http.Get(m.GitLab + "/_tick?" + strconv.Itoa(m.ticks) + "&" + m.hooks)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	fmt.Fprint(m.out, "beside ticks ")
	if _, err := m.round(s); err != nil {
		return nil, err
	}
	var took []float64
	for began := time.Now(); time.Since(began) < tickPatience; time.Sleep(time.Second) {
		resp, err := http.Get(m.GitLab + "/_ticked")
		if err != nil {
			return nil, err
		}
		took = nil
		err = json.NewDecoder(resp.Body).Decode(&took)
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		if len(took) >= m.ticks {
			break
		}
	}
	if len(took) == 0 {
		return nil, fmt.Errorf("no tick became a merge request\n%s", tail(s.said.String()))
	}
	slices.Sort(took)
	fmt.Fprintf(m.out, "%d of %d ticks became merge requests: median %.2f s, p99 %.2f s, longest %.2f s\n", len(took), m.ticks, took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	return []bound{{"ticks without a merge request", float64(m.ticks - len(took)), 0, ""}, {"tick to merge request beside a round: p99", took[len(took)*99/100], 10, "s"}}, nil
}

// tail is the end of a log.
func tail(text string) string { return text[max(len(text)-4000, 0):] }

// used is the processor time of a process so far, 0 if it is not known.
func used(pid int) time.Duration {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	words := strings.Fields(rest)
	if len(words) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(words[11])
	system, _ := strconv.Atoi(words[12])
	return time.Duration(user+system) * 10 * time.Millisecond // the kernel counts hundredths
}

// high is the largest memory of a process so far, in MiB.
func high(pid int) float64 {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	words := strings.Fields(rest)
	if len(words) == 0 {
		return 0
	}
	kib, _ := strconv.Atoi(words[0])
	return float64(kib) / 1024
}
