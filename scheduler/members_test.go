package scheduler_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
)

// Projects come and go while runs are made: one that comes gets its hourly runs, one that is
// left out gets none, and one that comes back never has two runs at a time.
func TestProjectsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{takes: 10 * time.Minute}
		s, stop := start(t, []string{"a", "b"}, d.run, nil, scheduler.Options{Spec: "@hourly", Jitter: time.Hour})
		time.Sleep(time.Hour + time.Minute) // a is at work
		s.Set([]string{"b", "c"})
		if s.Trigger("a") {
			t.Error("a project that was left out is known")
		}
		s.Set([]string{"a", "b", "c", "a"})
		if !s.Trigger("a") {
			t.Error("a project that came back is not known")
		}
		time.Sleep(3 * time.Hour)
		s.Set([]string{"b"})
		var names []string
		for _, state := range s.States() {
			names = append(names, state.Project)
		}
		if !slices.Equal(names, []string{"b"}) {
			t.Errorf("the projects are %v", names)
		}
		time.Sleep(15 * time.Minute)
		before := d.runs("a", "c")
		time.Sleep(3 * time.Hour)
		if after := d.runs("a", "c"); after != before {
			t.Errorf("%d runs of projects that were left out", after-before)
		}
		stop()
		if d.overlap || len(d.starts["c"]) < 3 || len(d.starts["b"]) < 6 || len(d.starts["a"]) != 6 {
			t.Errorf("overlap %t, starts %v", d.overlap, d.starts)
		}
	})
}

// A scheduler that begins without a project gets them later.
func TestTheFirstProjectComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		s, stop := start(t, nil, d.run, nil, scheduler.Options{})
		time.Sleep(time.Minute)
		s.Set([]string{"a"})
		s.Start("a")
		time.Sleep(time.Minute)
		stop()
		if len(d.starts["a"]) != 1 {
			t.Errorf("starts %v", d.starts)
		}
	})
}
