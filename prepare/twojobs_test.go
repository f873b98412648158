package prepare

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Two jobs on one machine unpack one set at the same time: both get the whole set, and nothing is left
// beside it.
func TestTwoJobsUnpackAtTheSameTime(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	tar, err := exec.LookPath("tar")
	if err != nil {
		t.Fatal(err)
	}
	h.write("bin/tar", "#!/bin/sh\nif mkdir other 2>/dev/null; then sh -c '. software/use.sh && hello >other/out'; fi\nexec "+tar+" \"$@\"\n")
	if err := os.Chmod(filepath.Join(h.dir, "bin/tar"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.path = filepath.Join(h.dir, "bin") + ":" + os.Getenv("PATH")
	h.works()
	if out := h.read(filepath.Join(h.dir, "other/out")); out != "hello\n" {
		t.Errorf("the other job prints %q", out)
	}
	h.alone()
}

// The same by pinwheel itself, many at once.
func TestManyUnpackAtTheSameTime(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				if _, err := Unpack(t.Context(), filepath.Join(h.dir, "software", h.record.Tarball.Name), Unpacking{Interpreter: h.record.Interpreter}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	h.works()
	h.alone()
}

// alone wants nothing beside the set, and nothing in it but what was built.
func (h *handmade) alone() {
	h.t.Helper()
	for _, dir := range []string{filepath.Dir(h.record.Root), h.record.Root} {
		list, err := os.ReadDir(dir)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, e := range list {
			switch e.Name() {
			case "set", "venv", manifestName, digestName:
			default:
				h.t.Errorf("%s holds %s", dir, e.Name())
			}
		}
	}
}
