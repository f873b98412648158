// Command bench measures the real binary against fakes in another process:
// 650 pins with index pages of 150 KB, a first run and runs in which nothing
// changed. It prints the figures of docs/benchmarks.md.
//
// It judges nothing: bounds stand in the document.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/pypisim"
)

func main() {
	serve := flag.Bool("serve", false, "be the fakes")
	pins := flag.Int("pins", 650, "pins in the file")
	size := flag.Int("size", 150_000, "bytes of an index page")
	runs := flag.Int("runs", 7, "runs in which nothing changed")
	latency := flag.Duration("latency", 0, "what the index waits before it answers")
	flag.Parse()
	err := error(nil)
	if *serve {
		err = fakes(*pins, *size, *latency)
	} else {
		err = measure(*pins, *size, *runs, *latency)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// ready is what the fakes tell the measuring process on their first line.
type ready struct{ GitLab, Index, Token string }

// counts are the requests to the simulated GitLab since the last question.
type counts struct {
	Reads, Writes int
	Failures      []string
}

func fakes(pins, size int, latency time.Duration) error {
	now := func() time.Time { return time.Date(2026, 1, 7, 8, 0, 0, 0, time.UTC) }
	gitlab := gitlabsim.New(gitlabsim.Options{Now: now})
	gitlab.AddBot("pinwheel", "pinwheel")
	index := pypisim.New(pypisim.Options{Now: now, Latency: latency, NoLog: true})
	world := pypisim.Generate(pins, size, 1)
	index.AddGenerated(world)
	var file strings.Builder
	for i, g := range world {
		// A tenth is behind, as in a project that is looked after.
		version := g.Versions[len(g.Versions)-1]
		if i%10 == 0 {
			version = g.Versions[len(g.Versions)/2]
		}
		fmt.Fprintf(&file, "%s==%s\n", g.Name, version)
	}
	project := gitlab.AddProject("cki/pipe", "main", map[string]string{"constraints.txt": file.String()})
	gitlab.AddMember(project, "pinwheel", gitlabsim.Developer)

	listen := func(h http.Handler) (string, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		go http.Serve(l, h) //nolint:errcheck // it ends with the process
		return "http://" + l.Addr().String(), nil
	}
	mux := http.NewServeMux()
	mux.Handle("/", gitlab)
	mux.HandleFunc("/_counts", func(w http.ResponseWriter, _ *http.Request) {
		c := counts{Failures: gitlab.Failures()}
		for _, q := range gitlab.Requests() {
			if q.Write {
				c.Writes++
			} else {
				c.Reads++
			}
		}
		gitlab.ForgetRequests()
		json.NewEncoder(w).Encode(c) //nolint:errcheck // the reader notices
	})
	base, err := listen(mux)
	if err != nil {
		return err
	}
	gitlab.SetBaseURL(base)
	pages, err := listen(index)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(ready{base, pages, gitlab.Token("pinwheel")}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin) // until the measuring process ends
	return err
}

func measure(pins, size, runs int, latency time.Duration) error {
	dir, err := os.MkdirTemp("", "pinwheel-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "pinwheel")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/pinwheel").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	r, stop, err := startFakes(pins, size, latency)
	if err != nil {
		return err
	}
	defer stop()
	config := filepath.Join(dir, "pinwheel.yaml")
	text := fmt.Sprintf("gitlab: {url: %s}\nindex: {url: %s/simple/}\nstore: %s\nprojects:\n  - path: cki/pipe\n    timezone: Europe/Prague\n    window: \"* * * * SAT,SUN\"\n    python: [\"3.9\", \"3.12\"]\n    files: [{path: constraints.txt, derived: {path: pipeline/constraints.yml}}]\n",
		r.GitLab, r.Index, filepath.Join(dir, "pinwheel.db"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	fmt.Printf("%d pins, pages of %d bytes, index latency %s\n", pins, size, latency)
	once := func() (time.Duration, int64, counts, error) {
		cmd := exec.Command(binary, "run", "--config", config, "--at", "2026-01-07T08:00:00Z")
		cmd.Env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+r.Token)
		start := time.Now()
		out, err := cmd.CombinedOutput()
		wall := time.Since(start)
		if err != nil {
			return 0, 0, counts{}, fmt.Errorf("run: %w\n%s", err, out)
		}
		peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
		c, err := askCounts(r.GitLab)
		return wall, peak, c, err
	}
	wall, peak, c, err := once()
	if err != nil {
		return err
	}
	fmt.Printf("first run:     %7.3f s  %4d MiB  %d reads  %d writes %v\n", wall.Seconds(), peak/1024, c.Reads, c.Writes, c.Failures)
	var walls []time.Duration
	for range runs {
		wall, peak, c, err := once()
		if err != nil {
			return err
		}
		walls = append(walls, wall)
		fmt.Printf("no-change run: %7.3f s  %4d MiB  %d reads  %d writes %v\n", wall.Seconds(), peak/1024, c.Reads, c.Writes, c.Failures)
	}
	sort.Slice(walls, func(i, j int) bool { return walls[i] < walls[j] })
	fmt.Printf("median of %d no-change runs: %.3f s\n", runs, walls[len(walls)/2].Seconds())
	return nil
}

func startFakes(pins, size int, latency time.Duration) (ready, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return ready{}, nil, err
	}
	cmd := exec.Command(self, "-serve", fmt.Sprint("-pins=", pins), fmt.Sprint("-size=", size), fmt.Sprint("-latency=", latency))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return ready{}, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return ready{}, nil, err
	}
	if err := cmd.Start(); err != nil {
		return ready{}, nil, err
	}
	stop := func() { in.Close(); cmd.Wait() } //nolint:errcheck // nothing depends on how it ends
	var r ready
	if err := json.NewDecoder(out).Decode(&r); err != nil {
		stop()
		return ready{}, nil, fmt.Errorf("the fakes did not start: %w", err)
	}
	return r, stop, nil
}

func askCounts(base string) (counts, error) {
	resp, err := http.Get(base + "/_counts")
	if err != nil {
		return counts{}, err
	}
	defer resp.Body.Close()
	var c counts
	return c, json.NewDecoder(resp.Body).Decode(&c)
}
