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
	Alive func(pid int) bool // nil: every process is
}

// thisProcess is the calling process. Its instance distinguishes it from processes with the same
// number, which in containers is common.
func thisProcess() Process {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return Process{Owner{Host: host, PID: os.Getpid(), Instance: rand.Text()}, alive}
}

// RunAs sets the process to which runs belong that begin from now on, instead of the one that
// opened the store. A program that opens the store several times is one process.
func (s *Store) RunAs(p Process) { s.process = p }

// Here is this process, with instance as the name of this start of the program.
func Here(instance string) Process {
	p := thisProcess()
	p.Instance = instance
	return p
}

// alive reports whether a process exists. Signal 0 is not delivered.
func alive(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = process.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}

// gone reports whether the process of a live run has certainly ended. It has if it had p's own
// number and was another start of the program, or if Alive is false for it. For a process on
// another host that is never certain.
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
