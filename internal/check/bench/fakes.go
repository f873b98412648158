package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// ready is what the fakes tell the measuring process on their first line.
type ready struct {
	GitLab, Index, Token string
	Behind               int    // pins that are not at the newest release
	Families             int    // lock-step families among these
	Loose                int    // projects that nothing pins
	Slow                 string `json:",omitempty"` // an index that never answers
}

// counts are the requests since the last question.
type counts struct {
	Reads, Writes   int // of GitLab
	Pages, Metadata int // of the index
	Loose           int // of Metadata, those of projects that nothing pins
	Waves           int // of reads of GitLab
	Failures        []string
	Asked           []asked // all of them, for the bare client
}

// fakes serves a simulated GitLab and index until in ends.
func fakes(o options, in io.Reader, out io.Writer) error {
	var clock atomic.Int64
	clock.Store(start.Unix())
	now := func() time.Time { return time.Unix(clock.Load(), 0).UTC() }
	with := gitlabsim.Options{Now: now}
	if o.packages > 0 { // a serve goes by its own clock
		now = time.Now
		with = gitlabsim.Options{Now: now, Deliver: deliver}
	}
	gitlab := gitlabsim.New(with)
	gitlab.AddBot("pinwheel", "pinwheel")
	gitlab.AddUser("dave", "Dave", false)
	index := pypisim.New(pypisim.Options{Now: now, Latency: o.latency, NoLog: true})
	world := pypisim.GenerateRequiring(max(o.pins, o.packages), o.size, 1)
	index.AddGenerated(world)
	var r ready
	pins := r.pin(world)
	people := &ticker{gitlab: gitlab}
	for i, path := range paths(o) {
		if o.packages > 0 {
			pins = some(world, o.pins, i)
		}
		if o.hang && i == 0 {
			pins += slowPackage + "==1.0\n"
		}
		p := gitlab.AddProject(path, "main", map[string]string{"constraints.txt": pins})
		gitlab.AddMember(p, "pinwheel", gitlabsim.Developer)
		gitlab.AddMember(p, "dave", gitlabsim.Maintainer)
		people.projects = append(people.projects, p)
	}
	r.Token = gitlab.Token("pinwheel")

	loose := map[string]bool{}
	for _, g := range world {
		loose[g.Name] = g.Loose
	}
	var pages, metadata, looseMetadata atomic.Int64
	log := &requests{}
	mux := http.NewServeMux()
	var depth waves
	people.routes(mux)
	var looked seenProjects
	mux.HandleFunc("/_looked", looked.tell)
	slow := &hanging{}
	if o.hang {
		if err := slow.routes(mux, people, &r); err != nil {
			return err
		}
	}
	mux.Handle("/", looked.of(o, slow.of(log.of(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodGet {
			wave := depth.begin()
			defer depth.end(wave)
		}
		time.Sleep(o.gitlab)
		gitlab.ServeHTTP(w, q)
	})))))
	mux.HandleFunc("/_counts", func(w http.ResponseWriter, _ *http.Request) {
		looked.forget()
		c := counts{Failures: gitlab.Failures(), Pages: int(pages.Swap(0)), Metadata: int(metadata.Swap(0)), Loose: int(looseMetadata.Swap(0)), Asked: log.take(), Waves: depth.take()}
		for _, q := range gitlab.Requests() {
			if q.Write {
				c.Writes++
			} else {
				c.Reads++
			}
		}
		gitlab.ForgetRequests()
		_ = json.NewEncoder(w).Encode(c) // the reader notices
	})
	mux.HandleFunc("/_clock", func(_ http.ResponseWriter, q *http.Request) {
		if at, err := time.Parse(time.RFC3339, q.URL.RawQuery); err == nil {
			clock.Store(at.Unix())
		}
	})
	var err error
	if r.GitLab, err = listen(mux); err != nil {
		return err
	}
	gitlab.SetBaseURL(r.GitLab)
	if r.Index, err = listen(log.of(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.Contains(q.URL.Path, "/simple/") {
			pages.Add(1)
		} else {
			metadata.Add(1)
			if parts := strings.Split(q.URL.Path, "/"); len(parts) > 2 && loose[parts[2]] {
				looseMetadata.Add(1)
			}
		}
		index.ServeHTTP(w, q)
	}))); err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(r); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// paths are the projects that there are.
func paths(o options) []string {
	out := []string{"cki/pipe"}
	for i := 1; i < o.fleet; i++ {
		out = append(out, fmt.Sprintf("cki/pipe-%d", i))
	}
	return out
}

// pin writes the constraints file of a world.
func (r *ready) pin(world []pypisim.Generated) string {
	var file strings.Builder
	families := map[int]bool{}
	for _, g := range world {
		if g.Loose {
			r.Loose++
			continue
		}
		fmt.Fprintf(&file, "%s==%s\n", g.Name, g.Versions[g.Pin])
		if g.Pin < len(g.Versions)-1 {
			r.Behind++
			families[g.Family] = true
		}
	}
	delete(families, 0)
	r.Families = len(families)
	return file.String()
}

func listen(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go http.Serve(l, h) //nolint:errcheck // it ends with the process
	return "http://" + l.Addr().String(), nil
}

// startFakes starts this program once more, as the fakes.
func startFakes(o options) (ready, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return ready{}, nil, err
	}
	cmd := exec.Command(self, "-serve", fmt.Sprint("-pins=", o.pins), fmt.Sprint("-size=", o.size), fmt.Sprint("-latency=", o.latency), fmt.Sprint("-gitlab-latency=", o.gitlab), fmt.Sprint("-fleet=", o.fleet), fmt.Sprint("-packages=", o.packages), fmt.Sprint("-hang=", o.hang))
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

// counts tells what was asked since the last time.
func (r ready) counts() (counts, error) {
	resp, err := http.Get(r.GitLab + "/_counts")
	if err != nil {
		return counts{}, err
	}
	defer resp.Body.Close()
	var c counts
	return c, json.NewDecoder(resp.Body).Decode(&c)
}
