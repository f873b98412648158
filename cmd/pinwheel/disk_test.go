package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDoctorFindsADamagedPage: it says so and leaves the file to the next run.
func TestDoctorFindsADamagedPage(t *testing.T) {
	w := newWorld(t)
	code, _, said := w.configured("run")
	w.want(code, exitDone, said)
	data := []byte(w.read("pinwheel.db"))
	for i := 3 * 4096; i < 6*4096; i++ {
		data[i] ^= 0xa5
	}
	w.write("pinwheel.db", string(data))
	w.doctored(exitFailed, []string{"error", "database", "is damaged", "the next run sets it aside and makes a new one"})
	code, _, said = w.configured("run")
	w.want(code, exitDone, said)
	has(t, said, "was damaged and is kept as")
}

// TestRunOnADamagedDatabase: the file is kept under a new name, the run says so
// and is done, and GitLab sees no second issue.
func TestRunOnADamagedDatabase(t *testing.T) {
	w := newWorld(t)
	code, _, said := w.configured("run")
	w.want(code, exitDone, said)
	if err := os.WriteFile(w.path("pinwheel.db"), []byte(strings.Repeat("\x00\xff", 8192)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.gitlab.ForgetRequests()
	code, out, said := w.configured("run")
	w.want(code, exitDone, said)
	kept, err := filepath.Glob(w.path("pinwheel.db.damaged-*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("set aside: %v, %v", kept, err)
	}
	has(t, said, "was damaged and is kept as "+kept[0], "look at the disk")
	has(t, out, "nothing to change")
	if n := len(w.project.Issues()); n != 1 {
		t.Errorf("%d issues", n)
	}
}
