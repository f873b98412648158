package store

import (
	"os"
	"os/exec"
	"testing"
)

func TestAlive(t *testing.T) {
	child := exec.CommandContext(t.Context(), "go", "version")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	if !alive(os.Getpid()) || !alive(1) || alive(child.Process.Pid) {
		t.Errorf("this process %v, another user's %v, one that ended %v; want true, true, false",
			alive(os.Getpid()), alive(1), alive(child.Process.Pid))
	}
}
