package scheduler_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
)

// parts notes the ends of runs that give way before each second of work.
type parts struct {
	of    map[string]int // seconds of work of each project's run
	short func() bool

	mu   sync.Mutex
	done map[string]int // seconds so far
	ends map[string][]time.Time
}

func (p *parts) run(ctx context.Context, project string, _ time.Time) error {
	for range p.of[project] {
		scheduler.GiveWay(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(time.Second)
		p.mu.Lock()
		p.done[project]++
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends[project] = append(p.ends[project], time.Now())
	return nil
}

// so is what is done of each project.
func (p *parts) so(projects ...string) (out []int) {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, project := range projects {
		out = append(out, p.done[project])
	}
	return out
}

// begin starts runs of projects by the schedule, a tenth of a second after each other.
func (p *parts) begin(t *testing.T, projects ...string) (*scheduler.Scheduler, func()) {
	t.Helper()
	p.done, p.ends = map[string]int{}, map[string][]time.Time{}
	s, stop := start(t, append(projects, "g/ticked", "g/too"), p.run, nil, scheduler.Options{Grace: -1, Short: p.short})
	for _, project := range projects {
		s.Start(project)
		time.Sleep(100 * time.Millisecond) // they come to their points in this order
	}
	return s, stop
}

// Beside a run that somebody waits for one other run goes on to its end, and then the next. Without
// such a run all do.
func TestRunsGiveWayToOneThatSomebodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &parts{of: map[string]int{"g/a": 20, "g/b": 20, "g/c": 20, "g/ticked": 10}}
		s, stop := p.begin(t, "g/a", "g/b", "g/c")
		defer stop()
		time.Sleep(9200 * time.Millisecond)
		s.Trigger("g/ticked")
		time.Sleep(10 * time.Second)
		if got, want := fmt.Sprint(p.so("g/a", "g/b", "g/c", "g/ticked")), "[19 10 10 10]"; got != want {
			t.Errorf("seconds of work at the end of the tick's run: %s, want %s", got, want)
		}
		time.Sleep(9700 * time.Millisecond)
		if got, want := fmt.Sprint(p.so("g/a", "g/b", "g/c")), "[20 19 19]"; got != want {
			t.Errorf("seconds of work ten seconds later: %s, want %s", got, want)
		}
	})
}

// However often people tick, runs by the schedule come to their ends, one after the other.
func TestRunsByTheScheduleGoOnBesideTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &parts{of: map[string]int{"g/a": 10, "g/b": 10, "g/c": 10, "g/d": 10, "g/ticked": 7, "g/too": 7}}
		s, stop := p.begin(t, "g/a", "g/b", "g/c", "g/d")
		defer stop()
		for range 60 { // the two overlap, so that there is no instant without a run that somebody waits for
			s.Trigger("g/ticked")
			time.Sleep(time.Second)
			s.Trigger("g/too")
		}
		if got, want := fmt.Sprint(p.so("g/a", "g/b", "g/c", "g/d")), "[10 10 10 10]"; got != want {
			t.Errorf("seconds of work after a minute: %s, want %s", got, want)
		}
		if last := p.ends["g/d"]; len(last) != 1 || last[0].Sub(p.ends["g/a"][0]) < 25*time.Second {
			t.Errorf("the last ended at %s, together with the first, at %s", clocks(last), clocks(p.ends["g/a"]))
		}
	})
}

// A run that hangs while it is the one that goes on holds up each of the others for half a minute at
// each point.
func TestARunThatHangsKeepsNobodyStanding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		ended := map[string]time.Time{}
		began := time.Now()
		s, stop := start(t, []string{"g/hangs", "g/other", "g/ticked"}, func(ctx context.Context, project string, _ time.Time) error {
			for range 2 {
				scheduler.GiveWay(ctx)
				if project != "g/other" {
					<-ctx.Done()
				}
			}
			mu.Lock()
			defer mu.Unlock()
			ended[project] = time.Now()
			return nil
		}, nil, scheduler.Options{Grace: -1})
		s.Trigger("g/ticked")
		synctest.Wait()
		s.Start("g/hangs")
		synctest.Wait()
		s.Start("g/other")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		mu.Lock()
		took := ended["g/other"].Sub(began)
		mu.Unlock()
		stop()
		if took != time.Minute {
			t.Errorf("the other run took %s, want half a minute at each of its two points", took)
		}
	})
}

// While memory is short runs by the schedule come to their ends one after the other, and one that
// somebody waits for goes on beside them. Afterwards all go on.
func TestRunsGoOneAtATimeWhileMemoryIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var short atomic.Bool
		short.Store(true)
		p := &parts{of: map[string]int{"g/a": 5, "g/b": 5, "g/c": 5, "g/d": 5, "g/ticked": 20}, short: short.Load}
		s, stop := p.begin(t, "g/a", "g/b", "g/c", "g/d")
		defer stop()
		time.Sleep(5500 * time.Millisecond)
		if got, want := fmt.Sprint(p.so("g/a", "g/b", "g/c", "g/d")), "[5 0 0 0]"; got != want {
			t.Errorf("seconds of work after six seconds: %s, want %s", got, want)
		}
		s.Trigger("g/ticked")
		time.Sleep(5 * time.Second)
		short.Store(false)
		time.Sleep(10 * time.Second)
		if got, want := fmt.Sprint(p.so("g/a", "g/b", "g/c", "g/d", "g/ticked")), "[5 5 5 5 15]"; got != want {
			t.Errorf("seconds of work after 21 seconds: %s, want %s", got, want)
		}
		time.Sleep(10 * time.Second)
		if got, want := fmt.Sprint(p.so("g/a", "g/b", "g/c", "g/d", "g/ticked")), "[5 5 5 5 20]"; got != want {
			t.Errorf("seconds of work after 31 seconds: %s, want %s", got, want)
		}
	})
}

// A run under way that somebody begins to wait for goes on at once, and one that stands ends with
// the stop.
func TestAStandingRunIsHurriedAndStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &parts{of: map[string]int{"g/a": 60, "g/b": 5, "g/c": 60, "g/ticked": 60}}
		s, stop := p.begin(t, "g/a", "g/b", "g/c")
		s.Trigger("g/ticked")
		time.Sleep(2200 * time.Millisecond)
		if got, want := fmt.Sprint(p.so("g/a", "g/b", "g/c")), "[2 1 1]"; got != want {
			t.Errorf("seconds of work beside the tick's run: %s, want %s", got, want)
		}
		s.Trigger("g/b")
		time.Sleep(4 * time.Second)
		if got, want := fmt.Sprint(p.so("g/a", "g/b", "g/c")), "[6 5 1]"; got != want {
			t.Errorf("seconds of work after a tick in b: %s, want %s", got, want)
		}
		before := time.Now()
		stop()
		if took := time.Since(before); took > time.Second {
			t.Errorf("the stop took %s", took)
		}
		if c := s.Counts(); c.Failed != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

// A tick gets a place at once though runs that hang have all of theirs, and the third one after five
// seconds.
func TestATickDoesNotWaitForRunsThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		projects := []string{"g/1", "g/2", "g/3", "g/4", "g/5", "g/x", "g/y", "g/z"}
		d := diary{takes: 30 * time.Minute}
		s, stop := start(t, projects, d.run, nil, scheduler.Options{Grace: -1})
		for _, p := range projects[:5] {
			s.Start(p)
		}
		time.Sleep(time.Minute)
		for _, p := range projects[5:] {
			s.Trigger(p)
			synctest.Wait()
		}
		time.Sleep(10 * time.Second)
		stop()
		for i, want := range []string{"00:01:00", "00:01:00", "00:01:05"} {
			if got := clocks(d.starts[projects[5+i]]); got != want {
				t.Errorf("%s ran at %q, want %s", projects[5+i], got, want)
			}
		}
	})
}
