package main

import (
	"bytes"
	"testing"
)

// On a terminal run counts the projects on its last line, which goes in the end; elsewhere it
// counts nothing.
func TestRunCountsProjectsOnATerminal(t *testing.T) {
	var out bytes.Buffer
	p := &program{err: &console{w: &out}}
	for looked, i := p.ofProjects(2), 0; i < 2; i++ {
		looked()
	}
	if want := "looked at 0 of 2 projects" + clearLine + "looked at 1 of 2 projects" + clearLine; out.String() != want {
		t.Errorf("it wrote %q, want %q", &out, want)
	}
	out.Reset()
	p.ofProjects(1)()
	(&program{err: &out}).ofProjects(2)()
	if out.Len() > 0 {
		t.Errorf("it wrote %q", &out)
	}
}
