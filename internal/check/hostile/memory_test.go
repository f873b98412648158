package hostile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

const (
	mostMemory  = 256 // MiB of VmHWM, whatever an index answers
	kernelLimit = 512 // MiB, as in the manifests
)

// hoard is an index whose every page is made to fill memory.
type hoard func(w *bufio.Writer, name string)

// hoards are such indexes. A page ends when the client hangs up.
var hoards = map[string]struct {
	media string
	zip   bool
	page  hoard
}{
	"a base address of 3.9 MB": {media: "text/html", page: func(w *bufio.Writer, name string) {
		fmt.Fprintf(w, `<base href="https://x.example/%s/">`, strings.Repeat("a", 3_900_000))
		for i := range 20_000 {
			fmt.Fprintf(w, "<a href=%s-%d.0.tar.gz>x</a>\n", name, i)
		}
	}},
	"a tag of many attributes": {media: "text/html", page: func(w *bufio.Writer, name string) {
		for i := range 4 {
			fmt.Fprintf(w, "<a href=%s-%d.0.tar.gz %s>x</a>\n", name, i, strings.Repeat("a ", 900_000))
		}
	}},
	"files with long names, addresses and reasons": {media: pageMedia, page: func(w *bufio.Writer, name string) {
		_, _ = w.WriteString(`{"meta":{"api-version":"1.1"},"files":[`)
		pad, reason := strings.Repeat("p", 7000), strings.Repeat("r", 4000)
		for i := range 9_000 {
			fmt.Fprintf(w, `{"filename":"%s-%d.0-py3-none-%sany.whl","url":"https://x.example/%d/%s/x","hashes":{"sha256":"%064x"},"requires-python":">=3.%d","yanked":"%d %s","upload-time":"2024-01-01T00:00:00Z"},`,
				name, i, strings.Repeat("linux_x86_64.", 14), i, pad, i, i, i, reason)
		}
		_, _ = w.WriteString(`{}],"versions":[]}`)
	}},
	"as many files as are read": {media: pageMedia, zip: true, page: func(w *bufio.Writer, name string) {
		_, _ = w.WriteString(`{"meta":{"api-version":"1.1"},"files":[`)
		for i := range 99_000 {
			fmt.Fprintf(w, `{"filename":"%s-%d.%d.%d.%d-py3-none-any.whl","url":"/%d/x","hashes":{"sha256":"%064x"},"requires-python":">=3.%d","upload-time":"2024-01-01T00:00:00Z","core-metadata":true},`,
				name, i, i, i, i, i, i, i)
		}
		_, _ = w.WriteString(`{}],"versions":[]}`)
	}},
	"values of megabytes": {media: pageMedia, zip: true, page: func(w *bufio.Writer, name string) {
		_, _ = w.WriteString(`{"meta":{"api-version":"1.1"},"files":[`)
		for i := range 14 {
			fmt.Fprintf(w, `{"filename":"%s-%d.0.tar.gz","url":"x","hashes":{},"requires-python":"%s%d"},`, name, i, strings.Repeat(" ", 4_000_000), i)
		}
		_, _ = w.WriteString(`{}],"versions":[]}`)
	}},
	"bombs": {media: pageMedia, zip: true, page: func(w *bufio.Writer, _ string) {
		_, _ = w.WriteString(`{"meta":{"api-version":"1.1"},"files":[],"versions":[`)
		for i := range 300_000 {
			fmt.Fprintf(w, `"%d.%d",`, i, i)
		}
	}},
}

const pageMedia = "application/vnd.pypi.simple.v1+json"

// built is the real program.
func built(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "pinwheel")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", binary, "./cmd/pinwheel")
	build.Dir = testenv.Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// peak runs the program under the kernel's limit, where a memory cgroup can be
// made, and returns its VmHWM in MiB with what it printed.
func peak(t *testing.T, binary, group, index string, pins []string) (int, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"pinwheel.yaml":   "index:\n  url: " + index + "/simple/\nprojects:\n  - path: g/p\n    window: \"* * * * *\"\n    minimum_release_age: 0\n    python: [\"3.11\"]\n",
		"constraints.txt": strings.Join(pins, "\n") + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	script := `exec "$@"`
	if group != "" {
		script = `echo $$ > "` + filepath.Join(group, "cgroup.procs") + `" && ` + script
	}
	run := exec.CommandContext(t.Context(), "sh", "-c", script, "sh", binary, "plan", "--config", "pinwheel.yaml", "--file", "constraints.txt")
	run.Dir = dir
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = run.Wait() // its exit code says that something could not be read
		close(ended)
	}()
	// The most it ever held, as the kernel counts. Usage in the style of wait
	// counts what the test itself held when it started the program.
	most := 0
	for alive := true; alive; {
		select {
		case <-ended:
			alive = false
		case <-time.After(5 * time.Millisecond):
			most = max(most, highWater(run.Process.Pid))
		}
	}
	if status, ok := run.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		t.Errorf("pinwheel ended by %s, which is how the kernel ends what takes more than %d MiB", status.Signal(), kernelLimit)
	}
	return most, out.String()
}

var highWaterLine = regexp.MustCompile(`(?m)^VmHWM:\s+([0-9]+) kB$`)

// highWater is a process's VmHWM in MiB, 0 when it is gone.
func highWater(pid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	m := highWaterLine.FindSubmatch(status)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n >> 10
}

// Whatever an index answers, the real program stays within its memory, which
// the kernel bounds as the manifests do.
func TestMemoryOfAHostileIndex(t *testing.T) {
	testenv.InStep(t, 1, "hostile")
	binary, group := built(t), testenv.MemoryGroup(t, kernelLimit<<20)
	for kind, h := range hoards {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name := strings.Trim(strings.TrimPrefix(r.URL.Path, "/simple/"), "/")
			w.Header().Set("Content-Type", h.media)
			var to io.Writer = w
			if h.zip {
				w.Header().Set("Content-Encoding", "gzip")
				z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
				defer z.Close()
				to = z
			}
			out := bufio.NewWriter(to)
			h.page(out, name)
			_ = out.Flush() // a client that left is no concern
		}))
		var pins []string
		for i := range 12 {
			pins = append(pins, fmt.Sprintf("evil%c==0.0.1", 'a'+i))
		}
		took := time.Now()
		used, said := peak(t, binary, group, server.URL, pins)
		server.CloseClientConnections()
		server.Close()
		t.Logf("%s: VmHWM %d MiB in %s", kind, used, time.Since(took).Round(time.Millisecond))
		if used > mostMemory {
			t.Errorf("%s: VmHWM %d MiB, want at most %d\n%.2000s", kind, used, mostMemory, said)
		}
	}
}

// A first run of 650 pins on real sizes stays within the same.
func TestMemoryOfALargeProject(t *testing.T) {
	testenv.InStep(t, 2, "hostile")
	binary, group := built(t), testenv.MemoryGroup(t, kernelLimit<<20)
	index := pypisim.New(pypisim.Options{NoLog: true, Gzip: true})
	world := pypisim.GenerateRequiring(650, 100_000, 1)
	index.AddGenerated(world)
	server := httptest.NewServer(index)
	defer server.Close()
	var pins []string
	for _, g := range world {
		if !g.Loose {
			pins = append(pins, g.Name+"=="+g.Versions[g.Pin])
		}
	}
	used, said := peak(t, binary, group, server.URL, pins)
	t.Logf("%d pins: VmHWM %d MiB", len(pins), used)
	if used > mostMemory {
		t.Errorf("VmHWM %d MiB, want at most %d\n%.2000s", used, mostMemory, said)
	}
}
