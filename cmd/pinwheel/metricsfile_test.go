package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/reconcile"
)

// A reader of the file sees a whole one at any time, and of runs that end together the file has what
// each came to.
func TestTheMetricsFileIsReplacedAsAWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pinwheel.prom")
	m := newMetrics(path, "1.2.3")
	at := instant(t, friday)
	ran := func(project string) {
		if err := m.ran(project, lasted{at, at.Add(time.Second)}, reconcile.Report{Status: reconcile.Done}, nil); err != nil {
			t.Error(err)
		}
	}
	ran("group/first")
	open, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() { ran(fmt.Sprintf("group/project-%d", i)) })
	}
	all.Wait()
	seen := make([]byte, len(before)+1)
	if n, _ := open.Read(seen); string(seen[:n]) != string(before) {
		t.Errorf("who had opened the file reads\n%s\nwant\n%s", seen[:n], before)
	}
	text := file(t, m)
	for i := range 8 {
		if line := fmt.Sprintf("\npinwheel_runs_total{project=\"group/project-%d\"} 1\n", i); !strings.Contains(text, line) {
			t.Errorf("the file lacks%s", line)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the file there is %v (%v)", left, err)
	}
}
