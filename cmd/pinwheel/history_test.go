package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// history tells what was offered and what became of it, also from a database
// that was filled again.
func TestHistory(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.configured("history")
	w.want(code, exitUsage, out)
	has(t, complaints, "there is no history yet")
	at := func(time string) {
		t.Helper()
		code, _, complaints := w.configured("run", "--at", time)
		w.want(code, exitDone, complaints)
	}
	at("2026-01-03T09:00:00Z")
	mrs := w.project.MRs()
	if len(mrs) != 1 {
		t.Fatalf("%d merge requests", len(mrs))
	}
	if err := w.project.MergeMR("maintainer", mrs[0].IID); err != nil {
		t.Fatal(err)
	}
	at("2026-01-03T10:00:00Z")
	code, first, complaints := w.configured("history")
	w.want(code, exitDone, complaints)
	has(t, first, "OFFERED", "FROM RELEASE", "!1 ", " merged ", "maintainer", "\ngroup/project: 2 pins, 1 current, 1 behind, 1 line not managed\n")
	_, lines, _ := w.configured("history", "--json")
	for line := range strings.Lines(lines) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Project != "group/project" || len(e.Moves) == 0 || !strings.Contains(line, `"standings":{"behind":1,`) ||
			!strings.Contains(line, `"released":"20`) || !strings.Contains(line, `"release_to_merge_seconds":`) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if err := os.Remove(w.path("pinwheel.db")); err != nil {
		t.Fatal(err)
	}
	at("2026-01-03T11:00:00Z")
	if _, again, _ := w.configured("history"); again != first {
		t.Errorf("after the database was lost:\n%s\nbefore:\n%s", again, first)
	}
	code, out, _ = w.configured("history", "no-such-package")
	w.want(code, exitDone, out)
	has(t, out, "nothing was offered yet")
}
