package reconcile_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPinGoesBack: what an index said is stored from the pins on, for quick
// reading. A pin that a person takes further back, while the index says that
// nothing changed, is judged as by a run that knows nothing.
func TestPinGoesBack(t *testing.T) {
	dashboards := map[bool]string{}
	for _, remembered := range []bool{true, false} {
		w := newWorld(t)
		if err := w.index.Load("boto3 1.33.2 2024-01-02T20:00:00Z\nboto3 1.33.0 2024-01-01T20:00:00Z\nboto3 1.32.0 2023-11-01T20:00:00Z\n"); err != nil {
			t.Fatal(err)
		}
		w.run()
		if _, err := w.project.EditFile("alice", "constraints.txt", "boto3==1.33.0\ncertifi==2025.11.12\nlxml==4.9.4\nsix==1.17.0\n"); err != nil {
			t.Fatal(err)
		}
		if !remembered {
			w.path = filepath.Join(t.TempDir(), "other.db")
		}
		w.now = w.now.Add(time.Hour)
		if r := w.run(); len(r.Failures) > 0 {
			t.Fatalf("with stored facts %t: %v", remembered, r.Failures)
		}
		text := w.project.Issues()[0].Description
		if !strings.Contains(text, "1.33.0") || !strings.Contains(text, "1.34.41") {
			t.Errorf("with stored facts %t the dashboard misses the pin's update:\n%s", remembered, text)
		}
		dashboards[remembered] = text
	}
	if dashboards[true] != dashboards[false] {
		t.Errorf("with stored facts:\n%s\nwithout:\n%s", dashboards[true], dashboards[false])
	}
}
