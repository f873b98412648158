package demo

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// words is the week without colours, which several tests read and one plays.
var words = sync.OnceValues(func() (string, error) {
	var out bytes.Buffer
	err := Play(context.Background(), &out, false)
	return out.String(), err
})

func play(t *testing.T) string {
	t.Helper()
	out, err := words()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func TestTheWeekReadsAsRecorded(t *testing.T) {
	got := play(t)
	path := filepath.Join("testdata", "once.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; run with -update and look at the change. Got:\n%s", path, got)
	}
	if strings.Contains(got, "127.0.0.1") || strings.Contains(got, "\x1b") {
		t.Error("the output shows a port or a colour")
	}
	if n := strings.Count(got, "\n"); n > 360 {
		t.Errorf("%d lines are too many to read", n)
	}
}

// What people read in the demo names one zone, by one name.
func TestTheWeekNamesOneZone(t *testing.T) {
	got := play(t)
	for _, other := range []string{"CET", "CEST", "UTC", "GMT", "+01"} {
		for line := range strings.Lines(got) {
			if strings.Contains(line, other) {
				t.Errorf("a line names the zone %s: %s", other, line)
			}
		}
	}
}

func TestColourIsOnlyAdded(t *testing.T) {
	testenv.Unraced(t, "it reads the words of a week that TestTheWeekReadsAsRecorded plays under it")
	var out bytes.Buffer
	if err := Play(t.Context(), &out, true); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	colour := out.String()
	for _, code := range []string{bold, dim, red, green, cyan, "\x1b[0m"} {
		if !strings.Contains(colour, code) {
			t.Errorf("no %q", code)
		}
		colour = strings.ReplaceAll(colour, code, "")
	}
	if colour != play(t) {
		t.Error("colours change more than colours")
	}
}

func TestTheLastRunWritesNothing(t *testing.T) {
	testenv.Unraced(t, "it plays the week that TestTheWeekReadsAsRecorded plays under it")
	s, err := newStage(t.Context())
	defer s.close()
	if err != nil {
		t.Fatal(err)
	}
	w := &week{stage: s, terminal: terminal{out: io.Discard}}
	w.play(t.Context())
	if w.failed != nil {
		t.Fatal(w.failed)
	}
	if w.writes != 0 || len(w.gitlab.Writes(w.now())) != 0 {
		t.Errorf("the last run wrote: %v", w.gitlab.Writes(w.now()))
	}
}
