package kill

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// mute answers nothing, as a server that hangs, once it was asked what part
// says; what is before goes to the server behind it.
type mute struct {
	next  http.Handler
	part  string
	once  sync.Once
	asked chan struct{}
}

func (m *mute) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Method+" "+r.URL.Path, m.part) {
		m.next.ServeHTTP(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client goes
	m.once.Do(func() { close(m.asked) })
	<-r.Context().Done()
}

// TestSignalsEndEveryCommand sends SIGINT and SIGTERM to the real program while
// a server hangs. The promise is two seconds; the bound here leaves room for a
// machine with other work, and is far below what a hanging server takes.
func TestSignalsEndEveryCommand(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	const bound = 6 * time.Second
	for _, c := range []struct {
		name     string
		args     []string
		gitlab   string // what hangs
		index    string
		signal   syscall.Signal
		code     int
		sentence bool
	}{
		{"run, GitLab hangs", []string{"run"}, "GET /api/", "", syscall.SIGTERM, 1, true},
		{"run, the index hangs", []string{"run"}, "", "GET /simple/", syscall.SIGINT, 1, true},
		{"run, an effect hangs", []string{"run", "--at", saturday}, "POST /api/", "", syscall.SIGTERM, 1, true},
		{"serve, GitLab hangs", []string{"serve", "--now"}, "GET /api/", "", syscall.SIGTERM, 0, false},
		{"serve, the index hangs", []string{"serve", "--now"}, "", "GET /simple/", syscall.SIGINT, 0, false},
		{"serve, an effect hangs", []string{"serve", "--now"}, "POST /api/", "", syscall.SIGINT, 0, false},
		{"plan", []string{"plan"}, "", "GET /simple/", syscall.SIGINT, 1, true},
		{"plan of a file", []string{"plan", "--file", "FILE"}, "", "GET /simple/", syscall.SIGTERM, 1, true},
		{"verify", []string{"verify"}, "GET /api/", "", syscall.SIGTERM, 1, true},
		{"explain", []string{"explain", "boto3"}, "", "GET /simple/", syscall.SIGINT, 1, true},
		{"doctor, GitLab hangs", []string{"doctor"}, "GET /api/", "", syscall.SIGINT, 1, true},
		{"doctor, the index hangs", []string{"doctor"}, "", "GET /simple/", syscall.SIGTERM, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := &mute{next: w.gitlab, part: c.gitlab, asked: make(chan struct{})}
			if c.gitlab == "" {
				m.next, m.part = w.index, c.index
			}
			front := httptest.NewServer(m)
			t.Cleanup(front.Close)
			t.Cleanup(front.CloseClientConnections)
			w.behind(c.gitlab != "", front.URL)
			temp := t.TempDir()
			cmd, said := w.told(temp, c.args...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-m.asked:
			case <-time.After(time.Minute):
				t.Errorf("the server was not asked:\n%s", said)
			}
			sent := time.Now()
			_ = cmd.Process.Signal(c.signal)
			_ = cmd.Wait()
			if took := time.Since(sent); took > bound {
				t.Errorf("it ended %s after the signal", took)
			}
			if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() || cmd.ProcessState.ExitCode() != c.code {
				t.Errorf("%s, want exit code %d:\n%s", cmd.ProcessState, c.code, said)
			}
			if c.sentence && strings.Count(said.String(), "stopped before it was done") != 1 {
				t.Errorf("it does not say once that it was stopped:\n%s", said)
			}
			if left, _ := filepath.Glob(filepath.Join(temp, "pinwheel-*")); len(left) > 0 {
				t.Errorf("it leaves %v behind", left)
			}
		})
	}
}

// TestASecondSignalEndsAtOnce: who asks twice does not wait.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	w := newWorld(t)
	m := &mute{next: w.gitlab, part: "POST /api/", asked: make(chan struct{})}
	front := httptest.NewServer(m)
	t.Cleanup(front.Close)
	t.Cleanup(front.CloseClientConnections)
	w.behind(true, front.URL)
	cmd, said := w.told(t.TempDir(), "run", "--at", saturday)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-m.asked:
	case <-time.After(time.Minute):
		t.Errorf("the server was not asked:\n%s", said)
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(5 * time.Millisecond):
				_ = cmd.Process.Signal(syscall.SIGINT)
			}
		}
	}()
	_ = cmd.Wait()
	close(ended)
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("%s, want an end by the second signal:\n%s", cmd.ProcessState, said)
	}
}

// behind puts an address in the place of GitLab's or the index's.
func (w *world) behind(gitlab bool, address string) {
	w.t.Helper()
	data, err := os.ReadFile(w.path("pinwheel.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	if gitlab {
		w.gitlab.SetBaseURL(address)
		lines[0] = fmt.Sprintf("gitlab: {url: %q}", address)
	} else {
		lines[1] = fmt.Sprintf("index: {url: %q}", address+"/simple/")
	}
	if err := os.WriteFile(w.path("pinwheel.yaml"), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.path("constraints.txt"), []byte(pins), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// told is the program with a command line and a folder for temporary files.
func (w *world) told(temp string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	testenv.Command(w.t, "go")
	for i, arg := range args {
		if arg == "FILE" {
			args[i] = w.path("constraints.txt")
		}
	}
	cmd := exec.CommandContext(w.t.Context(), program, append(args, "--config", w.path("pinwheel.yaml"))...)
	cmd.Env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+w.gitlab.Token(bot), "TMPDIR="+temp)
	said := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	return cmd, said
}
