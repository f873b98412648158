package scheduler

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// All projects are asked about at once, every minute; one that changed runs at
// once, and the schedule goes on as before.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran, asked []string
		begin := time.Now()
		stamp := func(what string) string { return what + " " + time.Since(begin).String() }
		s, err := New([]string{"a", "b", "c"}, func(_ context.Context, project string, _ time.Time) error {
			ran = append(ran, stamp(project))
			return nil
		}, slog.New(slog.DiscardHandler), Options{Spec: "0 0 1 1 *"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Run(ctx); done <- struct{}{} }()
		go func() {
			s.Watch(ctx, time.Minute, func(context.Context) []string {
				asked = append(asked, stamp("asked"))
				if len(asked) == 2 {
					return []string{"b", "unknown"}
				}
				return nil
			})
			done <- struct{}{}
		}()
		time.Sleep(3*time.Minute + time.Second)
		stop()
		<-done
		<-done
		if want := []string{"asked 1m0s", "asked 2m0s", "asked 3m0s"}; !slices.Equal(asked, want) {
			t.Errorf("asked %v", asked)
		}
		if want := []string{"b 2m0s"}; !slices.Equal(ran, want) {
			t.Errorf("ran %v", ran)
		}
	})
}
