package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

const (
	hookPatience  = 2 * time.Minute
	mostToMR      = 5 * time.Second       // from a tick to its merge request
	mostAnswer    = 50 * time.Millisecond // of a webhook
	betweenTicks  = 2500 * time.Millisecond
	tickedProject = "cki/pipe"
)

// waited are how long ticks took to become merge requests, and answers to webhooks.
type waited struct {
	mu               sync.Mutex
	ticks, answers   []time.Duration
	refused, missing int // answers that are no 202, and none
}

// send sends an event as GitLab does.
func (w *waited) send(d gitlabsim.Delivery) {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return
	}
	req.Header = d.Header
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	took := time.Since(began)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.missing++
		return
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		w.refused++
	}
	w.answers = append(w.answers, took)
}

// soFar returns what is there now: the last events may still be on their way.
func (w *waited) soFar() *waited {
	w.mu.Lock()
	defer w.mu.Unlock()
	return &waited{ticks: w.ticks, answers: slices.Clone(w.answers), refused: w.refused, missing: w.missing}
}

// waits measures ticks with webhooks and without, and judges those with.
func waits(o options, n int, out io.Writer) error {
	with, err := hooked(o, n, 0, out)
	if err != nil {
		return err
	}
	if _, err := hooked(o, 3, time.Minute, out); err != nil {
		return err
	}
	return judge(with.bounds(o.times), out)
}

// hooked measures how long the real serve takes from a ticked box to its merge request, with
// webhooks or, with a watch, without.
func hooked(o options, n int, watch time.Duration, out io.Writer) (*waited, error) {
	w := &waited{}
	dir, err := os.MkdirTemp("", "pinwheel-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary, err := o.built(dir)
	if err != nil {
		return nil, err
	}
	gitlab := gitlabsim.New(gitlabsim.Options{Now: time.Now, Deliver: w.send})
	gitlab.AddBot("pinwheel", "pinwheel")
	gitlab.AddUser("ann", "Ann", false)
	index := pypisim.New(pypisim.Options{Now: time.Now, NoLog: true})
	world := pypisim.GenerateRequiring(o.pins, o.size, 1)
	index.AddGenerated(world)
	p := gitlab.AddProject(tickedProject, "main", map[string]string{"constraints.txt": (&ready{}).pin(world)})
	p.SetCI(false)
	gitlab.AddMember(p, "pinwheel", gitlabsim.Developer)
	gitlab.AddMember(p, "ann", gitlabsim.Maintainer)
	gitlabURL, err := listen(gitlab)
	if err != nil {
		return nil, err
	}
	gitlab.SetBaseURL(gitlabURL)
	indexURL, err := listen(index)
	if err != nil {
		return nil, err
	}
	hooks, err := testenv.FreeAddress()
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("gitlab: {url: %s}\nindex: {url: %s/simple/}\nstore: %s\nlisten: {hooks: %q}\ndefaults: {timezone: UTC, window: \"0 0 29 2 *\", python: [\"3.10\", \"3.12\"]}\nprojects: [{path: %s}]\n",
		gitlabURL, indexURL, filepath.Join(dir, "pinwheel.db"), hooks, tickedProject)
	config := filepath.Join(dir, "pinwheel.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "serve", "--now", "--config", config, "--watch", watch.String())
	cmd.Env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+gitlab.Token("pinwheel"), "PINWHEEL_HOOKS_TOKEN="+hooksToken)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() }()
	if watch == 0 {
		gitlab.AddHook("cki", "http://"+hooks+"/hooks/gitlab", hooksToken) // of the group
	}
	if err := w.tick(p, n); err != nil {
		return nil, err
	}
	if failures := gitlab.Failures(); len(failures) > 0 {
		return nil, fmt.Errorf("the simulated GitLab did not understand: %q", failures)
	}
	w = w.soFar()
	how := "webhooks"
	if watch > 0 {
		how = fmt.Sprintf("a look every %s and no webhook", watch)
	}
	slices.Sort(w.ticks)
	fmt.Fprintf(out, "%d ticks of %d pins, %s, %s: to the merge request median %.2f s, slowest %.2f s\n", len(w.ticks), o.pins, how, machine(), middle(w.ticks).Seconds(), w.ticks[len(w.ticks)-1].Seconds())
	if len(w.answers) > 0 {
		slices.Sort(w.answers)
		fmt.Fprintf(out, "%d webhooks: answer median %.1f ms, slowest %.1f ms, %d refused, %d without an answer\n", len(w.answers), ms(middle(w.answers)), ms(w.answers[len(w.answers)-1]), w.refused, w.missing)
	}
	return w, nil
}

func middle(sorted []time.Duration) time.Duration { return sorted[len(sorted)/2] }

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

// waitingBox is the marker of a box of an update that waits for the window.
var waitingBox = regexp.MustCompile(`- \[ \] <!-- unschedule-branch=([^ ]+) -->`)

// tick ticks boxes, one after the other, and waits for the merge request of each.
func (w *waited) tick(p *gitlabsim.Project, n int) error {
	for range n {
		var iid int
		var branch string
		if err := soon(func() bool {
			for _, i := range p.Issues() {
				if m := waitingBox.FindStringSubmatch(i.Description); m != nil {
					iid, branch = i.IID, m[1]
				}
			}
			return branch != ""
		}); err != nil {
			return fmt.Errorf("no box waits for the window: %w", err)
		}
		time.Sleep(betweenTicks) // the run before has ended
		began := time.Now()
		if err := p.Tick("ann", iid, "unschedule-branch="+branch+" -->"); err != nil {
			return err
		}
		if err := soon(func() bool {
			return slices.ContainsFunc(p.MRs(), func(mr gitlabsim.MergeRequest) bool { return mr.SourceBranch == branch })
		}); err != nil {
			return fmt.Errorf("the tick of %s became no merge request: %w", branch, err)
		}
		w.ticks = append(w.ticks, time.Since(began))
	}
	return nil
}

// soon waits until something holds.
func soon(holds func() bool) error {
	for began := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > hookPatience {
			return errors.New("two minutes are over")
		}
	}
	return nil
}

// bounds are those of ticks that webhooks tell of.
func (w *waited) bounds(times bool) []bound {
	if !times || len(w.ticks) == 0 || len(w.answers) == 0 {
		return nil
	}
	return []bound{
		{"slowest tick to its merge request", w.ticks[len(w.ticks)-1].Seconds(), mostToMR.Seconds(), "s"},
		{"slowest answer to a webhook", ms(w.answers[len(w.answers)-1]), ms(mostAnswer), "ms"},
	}
}
