package store

import (
	"crypto/rand"
	"errors"
	"os"
	"syscall"
)

// Owner is the process that runs.
type Owner struct {
	Host     string
	PID      int
	Instance string // different for every start of the program
}

// Process begins runs, and knows which processes of its host are alive.
type Process struct {
	Owner
	Alive func(pid int) bool // nil: every one is
}

// thisProcess is the one that asks. Its instance tells it from one with the same
// number, as all have in a container.
func thisProcess() Process {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return Process{Owner{Host: host, PID: os.Getpid(), Instance: rand.Text()}, alive}
}

// RunAs says whose the runs are that begin from now on, in place of the process
// that opened the store: a program that opens it several times is one process.
func (s *Store) RunAs(p Process) { s.process = p }

// Here is the process that opened the store, as it was started under a name.
func Here(instance string) Process {
	p := thisProcess()
	p.Instance = instance
	return p
}

// alive reports whether a process exists. Signal 0 is delivered to nobody.
func alive(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = process.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}

// gone reports whether the process of a live run is certainly not there any
// more, as p sees it: it had p's own number, or Alive denies it. Nothing is
// certain of another host.
func (p Process) gone(holder Owner) bool {
	switch {
	case p.Host != holder.Host:
		return false
	case p.PID == holder.PID:
		return p.Instance != holder.Instance
	default:
		return p.Alive != nil && !p.Alive(holder.PID)
	}
}
