package fleet

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/store"
)

// lines are what a log says, for several goroutines.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) read() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.all.String()), "\n")
}

// While the database is away, that is said once a minute, and then that it is back.
func TestADatabaseThatIsAwayIsSaidOnce(t *testing.T) {
	cluster, place := postgres.Own(t)
	s, err := store.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	clock, err := scheduler.New([]string{"g/p"}, func(context.Context, string, time.Time) error { return nil }, nil, scheduler.Options{Spec: "@yearly"})
	if err != nil {
		t.Fatal(err)
	}
	looks, _ := s.Looks()
	var log lines
	f, err := New(t.Context(), clock, []string{"g/p"}, Options{Looks: looks, Instance: "a", AtOnce: 2, Log: slog.New(slog.NewJSONHandler(&log, nil)), Beat: 200 * time.Millisecond, Sweep: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { f.Run(ctx); close(ended) }()
	t.Cleanup(func() { end(); <-ended })
	until := func(part string) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); !strings.Contains(strings.Join(log.read(), "\n"), part); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("nobody says %q:\n%s", part, strings.Join(log.read(), "\n"))
			}
		}
	}
	if err := cluster.Pause(); err != nil {
		t.Fatal(err)
	}
	until("the database does not answer")
	f.Trigger("g/p")
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if all := log.read(); len(all) > 1 {
			t.Fatalf("it is said %d times:\n%s", len(all), strings.Join(all, "\n"))
		}
	}
	if err := cluster.Resume(); err != nil {
		t.Fatal(err)
	}
	until("the database answers again")
	for _, line := range log.read() {
		if strings.Contains(line, "dial") || strings.Contains(line, "failed to connect") {
			t.Error(line)
		}
	}
}
