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
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
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
	dir, binary, hooks, metrics string
	configs                     []string // one for each process: each has an address of its own for webhooks
	database                    *postgres.Cluster
	password                    string // of the database
	out                         io.Writer
}

// serving are processes of serve at work.
type serving struct {
	cmds  []*exec.Cmd
	ended []chan struct{} // closed when that process has ended
	said  said
}

// said is what processes said.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

// String is the text so far.
func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// measureMany measures and judges.
func measureMany(o options, out io.Writer) error {
	dir, err := os.MkdirTemp("", "pinwheel-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m := many{options: o, dir: dir, out: out}
	if m.binary, err = o.built(dir); err != nil {
		return err
	}
	var stop func()
	if m.ready, stop, err = startFakes(o); err != nil {
		return err
	}
	defer stop()
	place := filepath.Join(dir, "pinwheel.db")
	if o.workers > 0 {
		if m.database, err = postgres.Start(); err != nil {
			return err
		}
		defer m.database.Stop()
		place, m.password = m.database.Address()
	}
	for n := range max(o.workers, 1) {
		if err := m.write(n, place); err != nil {
			return err
		}
	}
	if o.workers > 0 {
		fmt.Fprintf(out, "%d processes on PostgreSQL: ", o.workers)
	}
	fmt.Fprintf(out, "%d projects of %d pins of %d packages, pages of %d bytes, %s\n", o.fleet, o.pins, o.packages, o.size, machine())
	all, err := m.measured()
	if err != nil {
		return err
	}
	return judge(all, out)
}

// write writes the configuration of a process.
func (m *many) write(n int, place string) error {
	hooks, err := testenv.FreeAddress()
	if err != nil {
		return err
	}
	metrics, err := testenv.FreeAddress()
	if err != nil {
		return err
	}
	if n == 0 {
		m.hooks, m.metrics = hooks, metrics
	}
	var text strings.Builder
	indexes := fmt.Sprintf("index: {url: %s/simple/, concurrency: %d}", m.Index, m.concurrency)
	if m.Slow != "" {
		indexes = fmt.Sprintf("index: {concurrency: %d}\nindexes:\n  - {name: slow, url: %s/simple/, packages: [%s]}\n  - {name: index, url: %s/simple/}", m.concurrency, m.Slow, slowPackage, m.Index)
	}
	fmt.Fprintf(&text, "gitlab: {url: %s}\n%s\nstore: %q\nruns_at_once: %d\nschedule: \"@yearly\"\nlisten: {hooks: %q, metrics: %q}\ndefaults: {timezone: UTC, window: \"0 0 29 2 *\", python: [\"3.10\", \"3.12\"]}\nprojects:\n",
		m.GitLab, indexes, place, m.atOnce, hooks, metrics)
	for _, path := range paths(m.options) {
		text.WriteString("  - {path: " + path + "}\n")
	}
	m.configs = append(m.configs, filepath.Join(m.dir, fmt.Sprintf("pinwheel-%d.yaml", n)))
	return os.WriteFile(m.configs[n], []byte(text.String()), 0o600)
}

// start starts the processes of serve, of which the last looks at every project at once.
func (m *many) start() (*serving, error) {
	s := &serving{}
	for n, config := range m.configs {
		args := []string{"serve", "--watch", m.calm.String(), "--config", config}
		if n == len(m.configs)-1 {
			args = append(args, "--now")
		}
		cmd := exec.Command(m.binary, args...)
		cmd.Env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+m.Token, "PINWHEEL_HOOKS_TOKEN="+hooksToken, "PINWHEEL_STORE_PASSWORD="+m.password)
		cmd.Stderr = &s.said
		if err := cmd.Start(); err != nil {
			s.stop()
			return nil, err
		}
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait()
			close(ended)
		}()
		s.cmds, s.ended = append(s.cmds, cmd), append(s.ended, ended)
		if n < len(m.configs)-1 {
			time.Sleep(m.calm / 5) // it is at work when the last one begins
		}
	}
	return s, nil
}

func (s *serving) stop() {
	for _, cmd := range s.cmds {
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	for _, ended := range s.ended {
		<-ended
	}
}

// died reports whether a process ended by itself.
func (s *serving) died() bool {
	for _, ended := range s.ended {
		select {
		case <-ended:
			return true
		default:
		}
	}
	return false
}

// again makes one process look at every project; the others take their share.
func (s *serving) again() { _ = s.cmds[0].Process.Signal(syscall.SIGHUP) }

// used is the processor time of all processes so far.
func (s *serving) used() (sum time.Duration) {
	for _, cmd := range s.cmds {
		sum += used(cmd.Process.Pid)
	}
	return sum
}

// high is the largest memory of a process so far, in MiB.
func (s *serving) high() (most float64) {
	for _, cmd := range s.cmds {
		most = max(most, high(cmd.Process.Pid))
	}
	return most
}

// round waits until every project was looked at since the last round, and no run is at work, and
// returns what that cost.
func (m *many) round(s *serving) (sample, error) {
	before, began, server := s.used(), time.Now(), m.server()
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
		}
		if s.died() {
			return sample{}, fmt.Errorf("serve ended\n%s", tail(s.said.String()))
		}
		if time.Since(began) > manyPatience {
			return sample{}, fmt.Errorf("%d of %d projects were looked at after %s\n%s", l.Projects, m.fleet, manyPatience, tail(s.said.String()))
		}
	}
	out := sample{wall: time.Since(began) - m.calm, cpu: s.used() - before, peak: s.high()}
	var err error
	out.counts, err = m.counts()
	out.counts.Asked = nil
	fmt.Fprintf(m.out, "%s\n", out)
	if m.database != nil {
		fmt.Fprintf(m.out, "             and PostgreSQL %.2f s of cores\n", (m.server() - server).Seconds())
	}
	return out, err
}

// server is the processor time of the database so far; 0 for a file.
func (m *many) server() (sum time.Duration) {
	if m.database == nil {
		return 0
	}
	for _, pid := range m.database.Processes() {
		sum += used(pid)
	}
	return sum + reaped(m.database.Processes()[0])
}

// reaped is the processor time of the ended children of a process.
func reaped(pid int) time.Duration { return timeOf(pid, 13) }

// measured makes the rounds: the first, one that follows the writes of the first, a quiet one, and one
// beside ticks.
func (m *many) measured() (all []bound, err error) {
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
			s.again()
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
	s.again() // another hour, for the index too
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
	for _, part := range []struct {
		made bool
		do   func(*serving) ([]bound, error)
	}{{m.rounds > 0, m.grown}, {m.ticks > 0, m.ticked}, {m.hang, m.hung}} {
		if !part.made {
			continue
		}
		more, err := part.do(s)
		if all = append(all, more...); err != nil {
			return all, err
		}
	}
	return all, nil
}

// tail is the end of a log.
func tail(text string) string { return text[max(len(text)-4000, 0):] }

// used is the processor time of a process so far, 0 if it is not known.
func used(pid int) time.Duration { return timeOf(pid, 11) }

// timeOf is the processor time in two fields of what the kernel says of a process: 11 for its own,
// 13 for that of its children that ended (proc_pid_stat(5), less three).
func timeOf(pid, field int) time.Duration {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	words := strings.Fields(rest)
	if len(words) < field+2 {
		return 0
	}
	user, _ := strconv.Atoi(words[field])
	system, _ := strconv.Atoi(words[field+1])
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
