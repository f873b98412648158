package oracle

import (
	"bufio"
	"bytes"
	_ "embed" // the program
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

//go:embed driver.py
var program string

// ErrTimeout is wrapped by the error of a question that was not answered in
// time. The process is ended then, and the next question starts another.
var ErrTimeout = errors.New("no answer in time")

// ErrBroken is wrapped by the error of a resolution in which pip met a fault of
// its own. That of pip 23 recurses without end where a way that it gave up
// left names behind that require each other.
var ErrBroken = errors.New("pip broke")

// Python is one Python process that answers questions, one at a time. It is
// not safe for concurrent use. Close ends it.
type Python struct {
	path    string
	timeout time.Duration

	dir     string // for what pip writes
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     chan []byte
	stderr  *bytes.Buffer
	started int
	about   About
}

// New makes a Python of the interpreter at path, which is started with the
// first question. Every question is answered within timeout or not at all.
func New(path string, timeout time.Duration) *Python {
	return &Python{path: path, timeout: timeout}
}

// Started counts the processes that were started, so that a caller can tell
// that one had to be replaced.
func (p *Python) Started() int { return p.started }

// Close ends the process. Nothing may be asked any more.
func (p *Python) Close() {
	if p.cmd == nil {
		return
	}
	_ = p.in.Close() // the process ends by itself when there is nothing to read
	done := make(chan struct{})
	go func() {
		for range p.out {
			// What it still says is of no interest.
		}
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-done
	}
	p.forget()
}

// forget waits for a process that has ended and removes what it left.
func (p *Python) forget() {
	_ = p.cmd.Wait()
	_ = os.RemoveAll(p.dir)
	p.cmd = nil
}

// kill ends a process that is busy.
func (p *Python) kill() {
	_ = p.cmd.Process.Kill()
	for range p.out {
		// An answer that comes too late is none.
	}
	p.forget()
}

// environment is that of this process without what would change an answer:
// pip's settings, proxies and Python's own switches.
func environment(dir string) []string {
	var out []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "PIP_") || strings.HasPrefix(name, "PYTHON") || strings.HasSuffix(strings.ToLower(name), "_proxy") {
			continue
		}
		out = append(out, entry)
	}
	// With the null device as its file pip reads no configuration at all.
	return append(out, "PIP_CONFIG_FILE="+os.DevNull, "NO_PROXY=*", "PYTHONUTF8=1", "LC_ALL=C.UTF-8", "TMPDIR="+dir)
}

func (p *Python) start() error {
	// Memory, where there is such a place: pip makes and removes ten folders in
	// every run.
	base := "/dev/shm"
	if _, err := os.Stat(base); err != nil {
		base = ""
	}
	dir, err := os.MkdirTemp(base, "pinwheel-oracle-")
	if err != nil {
		return err
	}
	p.dir = dir
	cmd := exec.Command(p.path, "-c", program)
	cmd.Env = environment(dir)
	p.stderr = &bytes.Buffer{}
	cmd.Stderr = p.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		_ = os.RemoveAll(dir)
		return fmt.Errorf("start %s: %w", p.path, err)
	}
	p.cmd, p.in, p.out = cmd, in, make(chan []byte)
	p.started++
	go read(out, p.out)
	// What it takes to load pip is not held against the first question.
	answers, err := exchange[int, About](p, "about", []int{0}, startTimeout)
	if err == nil {
		p.about = answers[0]
	}
	return err
}

// startTimeout is for the process to be ready on a busy machine.
const startTimeout = time.Minute

// read passes on lines until there are no more.
func read(from io.Reader, to chan<- []byte) {
	defer close(to)
	r := bufio.NewReaderSize(from, 1<<16)
	for {
		text, err := r.ReadBytes('\n')
		if err != nil {
			return
		}
		to <- text
	}
}

// ask sends one question of many cases and decodes the answers, which are as
// many.
func ask[Case, Answer any](p *Python, op string, cases []Case) ([]Answer, error) {
	if p.cmd == nil {
		if err := p.start(); err != nil {
			return nil, err
		}
	}
	return exchange[Case, Answer](p, op, cases, p.timeout)
}

func exchange[Case, Answer any](p *Python, op string, cases []Case, timeout time.Duration) ([]Answer, error) {
	question, err := json.Marshal(map[string]any{"op": op, "cases": cases})
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	sent := make(chan struct{})
	go func(in io.Writer) {
		defer close(sent)
		_, _ = in.Write(append(question, '\n')) // a process that does not read ends, or lets the time run out
	}(p.in)
	select {
	case text, ok := <-p.out:
		if !ok {
			return nil, fmt.Errorf("ask %s: the process ended: %s", op, p.last())
		}
		<-sent
		return decode[Answer](op, text, len(cases))
	case <-timer.C:
		p.kill()
		<-sent
		return nil, fmt.Errorf("ask %s: %w (%s)", op, ErrTimeout, timeout)
	}
}

// last ends the process and returns what it said last.
func (p *Python) last() string {
	p.forget()
	text := strings.TrimSpace(p.stderr.String())
	return text[max(0, len(text)-2000):]
}

func decode[Answer any](op string, text []byte, want int) ([]Answer, error) {
	var reply struct {
		Answers []Answer `json:"answers"`
		Error   string   `json:"error"`
	}
	if err := json.Unmarshal(text, &reply); err != nil {
		return nil, fmt.Errorf("ask %s: %w", op, err)
	}
	if reply.Error != "" {
		return nil, fmt.Errorf("ask %s: %s", op, reply.Error)
	}
	if len(reply.Answers) != want {
		return nil, fmt.Errorf("ask %s: %d answers to %d cases", op, len(reply.Answers), want)
	}
	return reply.Answers, nil
}
