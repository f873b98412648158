package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// There is a page of pinwheel and of each command, and the same build prints the
// same one.
func TestManualPages(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.pinwheel("man")
	w.want(code, exitDone, complaints)
	has(t, out, `.TH "PINWHEEL" "1"`, "pinwheel 1.2.3", "pinwheel-plan(1)")
	for _, name := range commandNames() {
		code, out, complaints := w.pinwheel("man", name)
		w.want(code, exitDone, complaints)
		has(t, out, `.TH "PINWHEEL-`+strings.ToUpper(name)+`" "1"`, "pinwheel-"+name+" - ", "pinwheel "+name)
		if strings.Contains(out, "spf13") {
			t.Errorf("the page of %s names a library:\n%s", name, out)
		}
		if _, again, _ := w.pinwheel("man", name); again != out {
			t.Errorf("two pages of %s differ", name)
		}
	}
	code, _, complaints = w.pinwheel("man", "--dir", w.path("man1"))
	w.want(code, exitDone, complaints)
	pages, err := filepath.Glob(w.path("man1/*.1"))
	must(t, err)
	if len(pages) < len(commandNames()) {
		t.Errorf("%d pages were written: %v", len(pages), pages)
	}
	page, err := os.ReadFile(w.path("man1/pinwheel-plan.1"))
	must(t, err)
	has(t, string(page), "pinwheel plan group/project --at")
	for args, says := range map[string]string{
		"man plna": "did you mean pinwheel plan?", "man plan run": "man takes one command", "man plan --dir x": "leave plan out", "man --dir " + w.path("pinwheel.yaml"): "cannot be written",
	} {
		code, _, complaints := w.pinwheel(strings.Fields(args)...)
		if code == exitDone {
			t.Errorf("pinwheel %s: exit code 0", args)
		}
		has(t, complaints, says)
	}
}
