package main

import (
	"strings"
	"testing"
)

func TestTopics(t *testing.T) {
	w := newWorld(t)
	for _, topic := range topics() {
		code, out, complaints := w.pinwheel("help", topic.name)
		w.want(code, exitDone, complaints)
		has(t, out, topic.summary)
		for line := range strings.Lines(out) {
			if len(line) > 82 {
				t.Errorf("%s: a line of %d characters: %s", topic.name, len(line), line)
			}
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.pinwheel("version")
	w.want(code, exitDone, complaints)
	has(t, out, "pinwheel 1.2.3 (go")
	for _, c := range commands() {
		for _, args := range [][]string{{"help", c.name}, {c.name, "--help"}, {c.name, "-h"}} {
			code, out, complaints = w.pinwheel(args...)
			w.want(code, exitDone, complaints)
			has(t, out, "Usage: pinwheel "+c.name)
		}
	}
	for _, args := range [][]string{{"help"}, {"--help"}} {
		code, out, complaints = w.pinwheel(args...)
		w.want(code, exitDone, complaints)
		has(t, out, "pinwheel demo", "derive", "Exit codes")
	}
}
