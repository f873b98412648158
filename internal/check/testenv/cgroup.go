package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// MemoryGroup makes a memory cgroup, version 1 or 2, whose processes the kernel
// lets have so many bytes, and returns its folder: a process enters it by writing
// its id to cgroup.procs. Where none can be made it says so in a counted line and
// returns "": the test goes on without the kernel's help.
func MemoryGroup(tb testing.TB, limit int64) string {
	tb.Helper()
	for _, c := range []struct{ root, limit, check string }{
		{"/sys/fs/cgroup", "memory.max", "cgroup.controllers"},
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.limit_in_bytes"},
	} {
		if has, err := os.ReadFile(filepath.Join(c.root, c.check)); err != nil || c.check == "cgroup.controllers" && !strings.Contains(string(has), "memory") {
			continue
		}
		dir := filepath.Join(c.root, fmt.Sprintf("pinwheel-test-%d-%d", os.Getpid(), limited.Add(1)))
		if err := os.Mkdir(dir, 0o755); err != nil {
			continue
		}
		tb.Cleanup(func() { _ = os.Remove(dir) })
		if err := os.WriteFile(filepath.Join(dir, c.limit), []byte(strconv.FormatInt(limit, 10)), 0o600); err != nil {
			_ = os.Remove(dir)
			continue
		}
		return dir
	}
	n := skipped.Add(1)
	fmt.Fprintf(os.Stderr, "skip %d: %s measures without a limit of the kernel's: no memory cgroup can be written here\n", n, tb.Name())
	return ""
}
