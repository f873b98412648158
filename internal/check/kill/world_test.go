package kill

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

var program string // the path of the built binary

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "pinwheel-kill-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "pinwheel")
		return m.Run()
	}())
}

var build = sync.OnceValue(func() error {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, "./cmd/pinwheel")
	cmd.Dir = strings.TrimSpace(string(root))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

const (
	bot      = "pinwheel-bot"
	saturday = "2026-01-03T09:00:00Z"
	weekend2 = "2026-01-10T09:00:00Z"
)

const pins = `boto3==1.34.39
certifi==2024.2.2
idna==3.6
requests==2.31.0
six==1.16.0
urllib3==1.26.18
`

const releases = `
boto3 1.34.39 2024-02-09
boto3 1.34.41 2025-12-20
certifi 2024.2.2 2024-02-02
certifi 2025.11.12 2025-11-12
idna 3.6 2023-11-25
requests 2.31.0 2023-05-22
requests 2.32.5 2025-12-18
six 1.16.0 2021-05-05
six 1.17.0 2025-12-05
urllib3 1.26.18 2023-10-17
urllib3 1.26.20 2025-12-01
urllib3 2.6.2 2025-12-11
`

// world is one GitLab, one index and one folder.
type world struct {
	t       *testing.T
	gitlab  *gitlabsim.Server
	index   *pypisim.Server
	project *gitlabsim.Project
	now     time.Time
	dir     string
	killer  *killer
	indexAt string // its address, which differs from world to world
}

func newWorld(t *testing.T) *world {
	t.Helper()
	testenv.Command(t, "go")
	if err := build(); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir()}
	w.at(saturday)
	clock := func() time.Time { return w.now }
	w.gitlab = gitlabsim.New(gitlabsim.Options{Now: clock})
	w.gitlab.AddBot(bot, "pinwheel")
	w.gitlab.AddUser("bob", "Bob", false)
	w.project = w.gitlab.AddProject("group/project", "main", map[string]string{
		"constraints.txt":          pins,
		"pipeline/constraints.yml": "---\nvariables:\n  PYTHON_CONSTRAINTS: |\n    " + strings.ReplaceAll(strings.TrimSpace(pins), "\n", "\n    ") + "\n",
	})
	w.gitlab.AddMember(w.project, bot, gitlabsim.Developer)
	w.gitlab.AddMember(w.project, "bob", gitlabsim.Maintainer)
	w.index = pypisim.New(pypisim.Options{Now: clock})
	if err := w.index.Load(releases); err != nil {
		t.Fatal(err)
	}
	w.killer = &killer{inner: w.gitlab}
	gitlab, index := httptest.NewServer(w.killer), httptest.NewServer(w.index)
	t.Cleanup(gitlab.Close)
	t.Cleanup(index.Close)
	w.gitlab.SetBaseURL(gitlab.URL)
	w.indexAt = index.URL
	text := fmt.Sprintf(`gitlab: {url: %q}
index: {url: %q}
store: %q
projects:
  - path: group/project
    files: [{path: constraints.txt, derived: {path: pipeline/constraints.yml}}]
`, gitlab.URL, index.URL+"/simple/", w.path("pinwheel.db"))
	if err := os.WriteFile(w.path("pinwheel.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) at(text string) {
	w.t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		w.t.Fatal(err)
	}
	w.now = at
}

// command is one run of the program, behind a prefix such as a shell.
func (w *world) command(prefix ...string) (*exec.Cmd, *bytes.Buffer) {
	args := append(slices.Clip(prefix), program, "run", "--config", w.path("pinwheel.yaml"), "--at", w.now.Format(time.RFC3339))
	cmd := exec.CommandContext(w.t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+w.gitlab.Token(bot))
	said := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	return cmd, said
}

// run is one run nobody disturbs. It must be done.
func (w *world) run() {
	w.t.Helper()
	w.gitlab.ForgetRequests()
	cmd, said := w.command()
	if err := cmd.Run(); err != nil {
		w.t.Fatalf("a clean run: %v\n%s", err, said)
	}
	w.sound()
}

// killed is one run that plan ends. It reports whether it was ended.
func (w *world) killed(plan kill) bool {
	w.t.Helper()
	w.gitlab.ForgetRequests()
	cmd, said := w.command()
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	dead := make(chan struct{})
	w.killer.arm(plan, cmd.Process, dead)
	_ = cmd.Wait()
	close(dead)
	w.killer.disarm()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() && cmd.ProcessState.ExitCode() != 0 {
		w.t.Fatalf("neither killed nor done: %s\n%s", cmd.ProcessState, said)
	}
	w.sound()
	return status.Signaled()
}

func (w *world) writes() int { return len(w.gitlab.Writes(time.Time{})) }

// sound holds at every instant: no branch has two open merge requests, and
// there is one dashboard at most.
func (w *world) sound() {
	w.t.Helper()
	open := map[string]int{}
	for _, m := range w.project.MRs() {
		if m.State == "opened" {
			if open[m.SourceBranch]++; open[m.SourceBranch] > 1 {
				w.t.Errorf("two open merge requests from %s", m.SourceBranch)
			}
		}
	}
	if n := len(w.project.Issues()); n > 1 {
		w.t.Errorf("%d issues", n)
	}
	for _, f := range w.gitlab.Failures() {
		w.t.Errorf("the simulated GitLab did not understand: %s", f)
	}
}

// passing is what two worlds that are the same may differ in.
var passing = regexp.MustCompile(`\bdigest=\S+`)

// projection is the world as people see it.
func (w *world) projection() string {
	var out strings.Builder
	heads := map[string]string{}
	for n, c := range w.project.Commits("main") {
		heads[c.ID] = fmt.Sprint("main~", n)
	}
	for _, b := range w.project.Branches() {
		fmt.Fprintf(&out, "branch %s by %s: %s\n", b.Name, b.Commit.AuthorName, b.Commit.Title)
		if b.Name != "main" {
			for _, p := range b.Commit.Parents {
				fmt.Fprintf(&out, "  on %s\n", heads[p])
			}
		}
		files := w.project.Files(b.Name)
		for _, path := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(&out, "  %s\n%s\n", path, files[path])
		}
	}
	for _, m := range w.project.MRs() {
		fmt.Fprintf(&out, "%s by %s, closed by %q, labels %v\n%s\n%s", m, m.Author, m.ClosedBy, m.Labels, passing.ReplaceAllString(m.Description, "~"), notes(m.Notes))
	}
	for _, i := range w.project.Issues() {
		fmt.Fprintf(&out, "%s by %s\n%s\n%s", i, i.Author, i.Description, notes(i.Notes))
	}
	return strings.ReplaceAll(out.String(), w.indexAt, "http://index.example")
}

// notes are our own, which GitLab did not write by itself.
func notes(all []gitlabsim.Note) string {
	var out []string
	for _, n := range all {
		if n.Author == bot && !n.System {
			out = append(out, "note "+n.Body+"\n")
		}
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// when says where in the n-th write a process ends.
type when string

const (
	before   when = "before its effect"
	after    when = "after its effect, without an answer"
	answered when = "as it is answered"
)

// kill ends a process at its n-th writing request. With a delay it ends that
// much after the request was answered.
type kill struct {
	n     int
	when  when
	delay time.Duration
}

func (k kill) String() string { return fmt.Sprintf("write %d %s, %s later", k.n, k.when, k.delay) }

// killer stands before the simulated GitLab.
type killer struct {
	inner http.Handler

	mu      sync.Mutex
	plan    kill
	count   int
	process *os.Process
	dead    chan struct{}
}

func (k *killer) arm(plan kill, p *os.Process, dead chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.plan, k.count, k.process, k.dead = plan, 0, p, dead
}

func (k *killer) disarm() { k.arm(kill{}, nil, nil) }

func (k *killer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	k.mu.Lock()
	write := req.Method != http.MethodGet && req.Method != http.MethodHead
	if write {
		k.count++
	}
	due := write && k.process != nil && k.count == k.plan.n
	plan, process, dead := k.plan, k.process, k.dead
	k.mu.Unlock()
	end := func() {
		_ = process.Kill()
		<-dead
		panic(http.ErrAbortHandler)
	}
	switch {
	case !due:
		k.inner.ServeHTTP(w, req)
	case plan.when == before:
		end()
	case plan.when == after:
		k.inner.ServeHTTP(httptest.NewRecorder(), req)
		end()
	case plan.when == answered:
		k.inner.ServeHTTP(w, req)
		_ = http.NewResponseController(w).Flush()
		if plan.delay == 0 {
			_ = process.Kill()
		} else {
			time.AfterFunc(plan.delay, func() { _ = process.Kill() })
		}
	}
}
