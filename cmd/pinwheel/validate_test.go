package main

import (
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("validate")
	w.want(code, exitDone, complaints)
	has(t, out, "is valid: 1 project, 1 index")
	bad := w.write("bad.yaml", "projcts: []\nprojects:\n  - path: group/project\n    mode: half\n")
	w.write("own.yaml", "labels: [a]\n")
	if code, out, said := w.pinwheel("validate", "--own", w.path("own.yaml")); code != exitDone || !strings.Contains(out, "is valid: it sets labels") {
		t.Errorf("a good file of a project: %d %s %s", code, out, said)
	}
	w.write("own.yaml", "path: a/b\n")
	if code, _, said := w.pinwheel("validate", "--own", w.path("own.yaml")); code != exitUsage || !strings.Contains(said, "1: path: unknown key") {
		t.Errorf("a bad file of a project: %d %s", code, said)
	}
	code, _, complaints = w.pinwheel("validate", bad)
	w.want(code, exitUsage, complaints)
	has(t, complaints, bad+":1: projcts", bad+":4: ")
}
