package main

import (
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	w := newWorld(t)
	file := w.write("constraints.txt", pins)
	for _, args := range [][]string{{"explain", "Boto3"}, {"explain", "boto3", "--file", file}} {
		code, out, complaints := w.configured(args...)
		w.want(code, exitDone, complaints)
		has(t, out, "boto3 1.34.0 (", "1.36.0  2026-01-01  ", "1.35.0  2024-08-01  offered", "1.34.1  2023-12-14  a newer release of its line is offered")
		if update := strings.Contains(out, "  Update dependency boto3 to v1.35.0: awaiting-schedule. Opens "); update != (len(args) == 2) {
			t.Errorf("%v: how the update stands is said: %v\n%s", args, update, out)
		}
		if state := strings.Contains(out, "1.35.0  2024-08-01  offered: opens "); state != (len(args) == 2) {
			t.Errorf("%v: the state of what is offered is said: %v\n%s", args, state, out)
		}
		if strings.Index(out, "1.36.0") > strings.Index(out, "1.34.1") {
			t.Errorf("not newest first:\n%s", out)
		}
	}
}
