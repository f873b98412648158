package prepare

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// handmade is a build of one file, without pip, in the folder software of a project.
type handmade struct {
	path   string // PATH of its jobs; "" is that of the test
	t      *testing.T
	dir    string // of the project
	record Record
}

func newHandmade(t *testing.T) *handmade {
	t.Helper()
	return newHandmadeIn(t, Gzip)
}

func newHandmadeIn(t *testing.T, how Compression) *handmade {
	t.Helper()
	python, err := AskInterpreter(t.Context(), testenv.Command(t, "python3"))
	if err != nil {
		t.Fatal(err)
	}
	h := &handmade{t: t, dir: t.TempDir()}
	root := filepath.Join(h.dir, "opt", "set")
	p := (&packed{how: how}).dir("venv").dir("venv/bin").member(Member{Path: "venv/bin/hello", Run: true, SHA256: digestOf([]byte("#!/bin/sh\necho hello\n")), Size: 21},
		*header(Member{Path: "venv/bin/hello", Run: true, SHA256: "-", Size: 21}), "#!/bin/sh\necho hello\n")
	text := h.read(p.writeWith(t, string(indented(Manifest{Format: 1, Interpreter: python, Root: root, Members: p.manifest}))))
	h.record = Record{Format: 1, Key: strings.Repeat("a", 64), Lock: strings.Repeat("1", 64), Image: Image{Name: "python"}, Interpreter: python, Root: root,
		Tarball: Tarball{tarballName("python", how), digestOf([]byte(text)), int64(len(text))}, Data: []string{"kpet-db"}}
	h.write("software/"+h.record.Tarball.Name, text)
	h.script()
	return h
}

// script writes use.sh for the record.
func (h *handmade) script() {
	h.t.Helper()
	h.write("software/use.sh", UseScript(h.record, "software"))
}

func (h *handmade) write(path, text string) {
	h.t.Helper()
	path = filepath.Join(h.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *handmade) read(path string) string {
	h.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(data)
}

// job runs a script as the shell of a runner does: it ends at the first error.
func (h *handmade) job(script string) (out string, ok bool) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "sh", "-euc", script)
	cmd.Dir = h.dir
	if h.path != "" {
		cmd.Env = []string{"PATH=" + h.path}
	}
	data, err := cmd.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		h.t.Fatal(err)
	}
	return string(data), err == nil
}

const useIt = `. software/use.sh; hello; echo "$kpet_db_data_dir"`

func (h *handmade) works() {
	h.t.Helper()
	if out, ok := h.job(useIt); !ok || out != "hello\n"+h.record.Root+"/data/kpet-db\n" {
		h.t.Errorf("a job prints %q", out)
	}
}

// refuses wants a job to end with a sentence, before its next command.
func (h *handmade) refuses(says string) {
	h.t.Helper()
	if out, ok := h.job(useIt + "; echo went on"); ok || !strings.HasPrefix(out, "use.sh: ") || !strings.Contains(out, says) || strings.Contains(out, "went on") {
		h.t.Errorf("a job prints %q (ends well: %v), want %q", out, ok, says)
	}
}

func TestAJobRefusesATarballThatIsNotTheBuilds(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	path := filepath.Join(h.dir, "software", "python.tar.gz")
	whole := h.read(path)
	h.write("software/python.tar.gz", whole[:len(whole)/2])
	h.refuses("is not what was built: it is damaged or cut short")
	h.write("software/python.tar.gz", whole+"x")
	h.refuses("is not what was built")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	h.refuses("there is no software/python.tar.gz: let this job need the one that built the software of python")
	h.write("software/python.tar.gz", whole)
	h.works()
	// What is unpacked already needs no tarball.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	h.works()
}

func TestAJobRefusesAnotherInterpreter(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	python := h.record.Interpreter
	h.record.Interpreter.Version = "3.6.1"
	h.script()
	h.refuses("the software is for Python 3.6.1 (" + python.ABI + ") at " + python.Executable + ", and this image has " + python.Version + " " + python.ABI + ": build it in this image")
	h.record.Interpreter = python
	h.record.Interpreter.ABI = "cpython-36m"
	h.script()
	h.refuses("(cpython-36m)")
	h.record.Interpreter = python
	h.record.Interpreter.Executable = filepath.Join(h.dir, "no", "python3")
	h.script()
	h.refuses("and this image has none there")
	h.record.Interpreter = python
	h.script()
	h.works()
}

func TestAJobLeavesAFolderOfOthersAlone(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	h.write("opt/set/theirs", "x")
	h.refuses(h.record.Root + " is there and is not pinwheel's")
	if h.read(filepath.Join(h.record.Root, "theirs")) != "x" {
		t.Error("it was changed")
	}
	if err := os.RemoveAll(h.record.Root); err != nil {
		t.Fatal(err)
	}
	h.write("opt/set", "a file")
	h.refuses(h.record.Root + " is there and is not pinwheel's")
}

// A set that was unpacked before is replaced, whole.
func TestAJobReplacesTheSetOfAnother(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	h.works()
	h.write("opt/set/.sha256", strings.Repeat("0", 64)+"\n")
	h.write("opt/set/old", "x")
	h.works()
	if _, err := os.Stat(filepath.Join(h.record.Root, "old")); err == nil {
		t.Error("a file of the set before is left")
	}
}

// A folder of the lock that is not beside the job's own is found where the build put it.
func TestAJobFindsTheFolderOfTheLock(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	h.write("build/sets/python.tar.gz", h.read(filepath.Join(h.dir, "software", "python.tar.gz")))
	if err := os.RemoveAll(filepath.Join(h.dir, "software")); err != nil {
		t.Fatal(err)
	}
	h.write("build/sets/use.sh", UseScript(h.record, "build/sets"))
	if out, ok := h.job(`. build/sets/use.sh; hello`); !ok || out != "hello\n" {
		t.Errorf("a job prints %q", out)
	}
}

// A tarball of zstd needs the program of that name, and a job says so.
func TestAJobNeedsZstdForATarballOfIt(t *testing.T) {
	t.Parallel()
	h := newHandmadeIn(t, Zstd)
	h.path = t.TempDir()
	for _, name := range []string{"sh", "cat", "sha256sum", "tar", "gzip", "mkdir", "mv", "rm", "ls"} {
		if err := os.Symlink(testenv.Command(t, name), filepath.Join(h.path, name)); err != nil {
			t.Fatal(err)
		}
	}
	h.refuses("there is no zstd in this image: add it, or set software.compression to gzip")
	// Unpacked by pinwheel it needs none.
	if _, err := Unpack(t.Context(), filepath.Join(h.dir, "software", h.record.Tarball.Name), Unpacking{Interpreter: h.record.Interpreter, SHA256: h.record.Tarball.SHA256}); err != nil {
		t.Fatal(err)
	}
	h.works()
	if zstd, err := exec.LookPath("zstd"); err == nil {
		if err := errors.Join(os.Symlink(zstd, filepath.Join(h.path, "zstd")), os.RemoveAll(h.record.Root)); err != nil {
			t.Fatal(err)
		}
		h.works()
	}
}
