package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
)

// diary notes the starts of runs. Its run takes as long as takes says.
type diary struct {
	mu        sync.Mutex
	starts    map[string][]time.Time
	running   map[string]int
	overlap   bool
	now, most int // runs at work
	takes     time.Duration
	err       error
}

func (d *diary) run(ctx context.Context, project string, now time.Time) error {
	d.mu.Lock()
	if d.starts == nil {
		d.starts, d.running = map[string][]time.Time{}, map[string]int{}
	}
	d.starts[project] = append(d.starts[project], now)
	d.running[project]++
	d.overlap = d.overlap || d.running[project] > 1
	d.now++
	d.most = max(d.most, d.now)
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.running[project]--
		d.now--
		d.mu.Unlock()
	}()
	select {
	case <-time.After(d.takes):
		return d.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// runs is the number of runs of these projects up to now, while others may begin.
func (d *diary) runs(projects ...string) int {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, p := range projects {
		n += len(d.starts[p])
	}
	return n
}

// start runs a scheduler until the returned stop, which waits for its end.
func start(t *testing.T, projects []string, run scheduler.RunFunc, log *slog.Logger, opts scheduler.Options) (*scheduler.Scheduler, func()) {
	t.Helper()
	s, err := scheduler.New(projects, run, log, opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	synctest.Wait()
	return s, func() { cancel(); <-ended }
}

func clocks(starts []time.Time) string {
	var b strings.Builder
	for _, s := range starts {
		fmt.Fprintf(&b, "%s ", s.Format("15:04:05"))
	}
	return strings.TrimSpace(b.String())
}

func TestAMonthOfHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s, stop := start(t, []string{"g/a", "g/b", "g/a"}, d.run, nil, scheduler.Options{})
		time.Sleep(30 * 24 * time.Hour)
		synctest.Wait()
		stop()
		for _, p := range []string{"g/a", "g/b"} {
			if n := len(d.starts[p]); n != 720 {
				t.Errorf("%s: %d runs, want 720", p, n)
			}
			for i, at := range d.starts[p] {
				want := time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour)
				if !at.Equal(want) || at.Location() != time.UTC {
					t.Fatalf("%s: run %d at %s, want %s", p, i, at, want)
				}
			}
		}
		if c := s.Counts(); c != (scheduler.Counts{Runs: 1440}) {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestJitterIsStableAndBounded(t *testing.T) {
	offsets := map[string]bool{}
	var first map[string][]time.Time
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			var projects []string
			for i := range 20 {
				projects = append(projects, fmt.Sprint("g/p", i))
			}
			var d diary
			_, stop := start(t, projects, d.run, nil, scheduler.Options{Jitter: scheduler.DefaultJitter})
			time.Sleep(150*time.Minute + time.Millisecond) // no run begins in the instant of the stop
			stop()
			for _, p := range projects {
				// The hour at which it started still counts for it.
				if len(d.starts[p]) != 3 && len(d.starts[p]) != 2 {
					t.Fatalf("%s: runs at %s", p, clocks(d.starts[p]))
				}
				late := d.starts[p][0].Sub(d.starts[p][0].Truncate(time.Hour))
				if late >= scheduler.DefaultJitter {
					t.Errorf("%s starts %s late", p, late)
				}
				offsets[late.String()] = true
			}
			if first == nil {
				first = d.starts
			}
			for _, p := range projects {
				if !slices.EqualFunc(first[p], d.starts[p], time.Time.Equal) {
					t.Errorf("%s: %s, then %s", p, clocks(first[p]), clocks(d.starts[p]))
				}
			}
		})
	}
	if len(offsets) < 5 {
		t.Errorf("20 projects share %d offsets", len(offsets))
	}
}

func TestJitterLongerThanThePeriodSkipsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		_, stop := start(t, []string{"g/a"}, d.run, nil, scheduler.Options{Spec: "* * * * *", Jitter: 10 * time.Minute})
		time.Sleep(time.Hour)
		synctest.Wait()
		stop()
		if n := len(d.starts["g/a"]); n < 60 {
			t.Errorf("%d runs in an hour of minutes", n)
		}
	})
}

func TestTriggersDuringARunAreOneMoreRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := diary{takes: 10 * time.Minute}
		s, stop := start(t, []string{"g/a", "g/b"}, d.run, nil, scheduler.Options{})
		time.Sleep(65 * time.Minute)
		for range 3 {
			if !s.Trigger("g/a") {
				t.Fatal("g/a is unknown")
			}
		}
		time.Sleep(30 * time.Minute)
		stop()
		if got, want := clocks(d.starts["g/a"]), "01:00:00 01:10:00"; got != want {
			t.Errorf("runs at %s, want %s", got, want)
		}
		if got, want := clocks(d.starts["g/b"]), "01:00:00"; got != want {
			t.Errorf("runs of the other at %s, want %s", got, want)
		}
		if s.Trigger("g/c") {
			t.Error("an unknown project was accepted")
		}
	})
}

func TestTriggerBeforeRunStartsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s, err := scheduler.New([]string{"g/a"}, d.run, nil, scheduler.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.Trigger("g/a")
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Minute)
		defer cancel()
		s.Run(ctx)
		if got, want := clocks(d.starts["g/a"]), "00:00:00 01:00:00"; got != want {
			t.Errorf("runs at %s, want %s", got, want)
		}
	})
}

func TestARunLongerThanThePeriodIsFollowedByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := diary{takes: 3*time.Hour + 30*time.Minute}
		_, stop := start(t, []string{"g/a"}, d.run, nil, scheduler.Options{})
		time.Sleep(8*time.Hour + time.Minute)
		stop()
		if got, want := clocks(d.starts["g/a"]), "01:00:00 04:30:00 08:00:00"; got != want || d.overlap {
			t.Errorf("runs at %s, want %s; overlap %t", got, want, d.overlap)
		}
	})
}

func TestPanicIsAFailedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(slog.NewJSONHandler(&out, nil))
		n := 0
		s, stop := start(t, []string{"g/a"}, func(context.Context, string, time.Time) error {
			switch n++; n {
			case 1:
				panic("boom")
			case 2:
				return errors.New("gitlab: 502")
			}
			return nil
		}, log, scheduler.Options{})
		time.Sleep(200 * time.Minute)
		stop()
		if c := s.Counts(); c != (scheduler.Counts{Runs: 3, Failed: 2}) {
			t.Errorf("counts %+v", c)
		}
		for _, want := range []string{"run panicked", "scheduler_test.go", "boom", "gitlab: 502", `"project":"g/a"`} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the log lacks %q: %s", want, out.String())
			}
		}
	})
}

func TestStopWaitsForARunAndStartsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := diary{takes: 10 * time.Second}
		s, stop := start(t, []string{"g/a"}, d.run, nil, scheduler.Options{})
		time.Sleep(time.Hour)
		synctest.Wait()
		s.Trigger("g/a")
		before := time.Now()
		stop()
		if took := time.Since(before); took != 10*time.Second {
			t.Errorf("the stop took %s, want the rest of the run", took)
		}
		if c := s.Counts(); c != (scheduler.Counts{Runs: 1}) {
			t.Errorf("counts %+v: the trigger started a run after the stop", c)
		}
	})
}

func TestStopCancelsAfterGrace(t *testing.T) {
	for grace, want := range map[time.Duration]time.Duration{0: scheduler.DefaultGrace, time.Minute: time.Minute, -1: 0} {
		synctest.Test(t, func(t *testing.T) {
			d := diary{takes: 24 * time.Hour}
			s, stop := start(t, []string{"g/a"}, d.run, nil, scheduler.Options{Grace: grace})
			time.Sleep(time.Hour)
			synctest.Wait()
			before := time.Now()
			stop()
			if took := time.Since(before); took != want {
				t.Errorf("grace %s: the stop took %s, want %s", grace, took, want)
			}
			if c := s.Counts(); c != (scheduler.Counts{Runs: 1}) {
				t.Errorf("grace %s: counts %+v", grace, c)
			}
		})
	}
}

func TestNoProjectsStillWaitsForTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, stop := start(t, nil, nil, nil, scheduler.Options{})
		stop()
	})
}

func TestSpecs(t *testing.T) {
	for _, spec := range []string{"", "@hourly", "@daily", "15 * * * *", "0 3 * * MON-FRI"} {
		if _, err := scheduler.New(nil, nil, nil, scheduler.Options{Spec: spec}); err != nil {
			t.Errorf("%q: %v", spec, err)
		}
	}
	for spec, want := range map[string]string{
		"hourly":           "hourly",
		"* * * *":          "5 fields",
		"0 0 30 2 *":       "never comes",
		"TZ=UTC":           "time zone",
		"CRON_TZ=":         "time zone",
		"61 * * * *":       "61",
		"* * * * * *":      "5 fields",
		"@every 1 fortnig": "fortnig",
	} {
		_, err := scheduler.New(nil, nil, nil, scheduler.Options{Spec: spec})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want it to mention %q", spec, err, want)
		}
	}
}

// Runs take memory: at most so many are at work at once, and whoever waits is
// not forgotten.
func TestAtMostSoManyRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var projects []string
		for i := range 60 {
			projects = append(projects, fmt.Sprint("g/p", i))
		}
		d := diary{takes: time.Minute}
		s, err := scheduler.New(projects, d.run, nil, scheduler.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range projects {
			s.Trigger(p)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 59*time.Minute)
		defer cancel()
		s.Run(ctx)
		if len(d.starts) != 60 {
			t.Errorf("%d of 60 projects ran within the hour", len(d.starts))
		}
		if d.most > 8 {
			t.Errorf("%d runs at once", d.most)
		}
	})
}

// Starts are spread over the whole period, so that neither GitLab nor the index
// is asked by all at once.
func TestStartsAreSpreadOverThePeriod(t *testing.T) {
	for spec, period := range map[string]time.Duration{"@hourly": time.Hour, "*/10 * * * *": 10 * time.Minute, "@daily": time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			var projects []string
			for i := range 60 {
				projects = append(projects, fmt.Sprint("g/p", i))
			}
			var d diary
			_, stop := start(t, projects, d.run, nil, scheduler.Options{Spec: spec, Jitter: scheduler.DefaultJitter})
			time.Sleep(24*time.Hour - time.Second)
			d.mu.Lock()
			clear(d.starts)
			d.mu.Unlock()
			time.Sleep(period)
			stop()
			tenths := map[int]int{}
			for _, p := range projects {
				if len(d.starts[p]) != 1 {
					t.Fatalf("%s: %s ran at %s within a period", spec, p, clocks(d.starts[p]))
				}
				tenths[int(10*(d.starts[p][0].Sub(time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)))/period)]++
			}
			for tenth := range 10 {
				if n := tenths[tenth]; n < 3 || n > 9 {
					t.Errorf("%s: %d of 60 start in tenth %d of the period", spec, n, tenth)
				}
			}
		})
	}
}

// A run that could not be made is made when it can be, and is no failure.
func TestARunIsPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var starts []time.Time
		s, stop := start(t, []string{"g/a"}, func(_ context.Context, _ string, now time.Time) error {
			starts = append(starts, now)
			if len(starts) == 1 {
				return &scheduler.Later{At: now.Add(2 * time.Minute), Err: errors.New("another run is going on")}
			}
			return nil
		}, nil, scheduler.Options{})
		s.Start("g/a")
		time.Sleep(59 * time.Minute)
		stop()
		if got, want := clocks(starts), "00:00:00 00:02:00"; got != want {
			t.Errorf("runs at %s, want %s", got, want)
		}
		if c := s.Counts(); c.Failed != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}
