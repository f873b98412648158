package main

import (
	"path/filepath"
	"testing"
)

func TestDerive(t *testing.T) {
	w := newWorld(t)
	file, twin := w.write("constraints.txt", "boto3==1.34.0\n"), w.path("twin.yml")
	code, _, complaints := w.pinwheel("derive", file, twin, "--check")
	w.want(code, exitFailed, complaints)
	has(t, complaints, twin+" is absent")
	code, out, complaints := w.pinwheel("derive", file, twin)
	w.want(code, exitDone, complaints)
	has(t, out, "twin.yml written")
	has(t, w.read("twin.yml"), "variables:\n  PYTHON_CONSTRAINTS: |\n    boto3==1.34.0\n")
	code, _, complaints = w.pinwheel("derive", "--check", file, twin)
	w.want(code, exitDone, complaints)
	w.write("constraints.txt", "boto3==1.35.0\n")
	code, _, complaints = w.pinwheel("derive", file, "--check", twin)
	w.want(code, exitFailed, complaints)
	has(t, complaints, "does not hold the pins")
	w.write("list.yml", "# kept\nother: 1\npins:\n  python: []\n")
	code, _, complaints = w.pinwheel("derive", file, w.path("list.yml"), "--format", "list", "--key", "pins.python")
	w.want(code, exitDone, complaints)
	has(t, w.read("list.yml"), "# kept\nother: 1\npins:\n  python:", "boto3==1.35.0")
	left, err := filepath.Glob(w.path(".pinwheel-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
