package decide

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Until the instant at which a decision may become another one it is the same, on
// the same facts, and after it the new one says so itself.
func TestADecisionHoldsUntilItMayChange(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	r := rand.New(rand.NewPCG(16, 12))
	held, hours := 0, 0
	for world := range 200 {
		s := randomFriday(t, r)
		s.Now = s.Now.Add(time.Duration(r.IntN(96*3600)) * time.Second)
		s.Attended = s.Now.Add(-time.Duration(r.IntN(72)) * time.Hour)
		if r.IntN(2) == 0 {
			s.Policy.CatchUp = true
		}
		var m Memory
		want := m.Decide(s)
		end := m.Instant().Changes()
		if end.IsZero() || end.Before(s.Now) {
			t.Fatalf("world %d: a decision of %s holds until %s", world, s.Now, end)
		}
		if !end.After(s.Now) {
			continue
		}
		if len(want.Actions) > 0 {
			t.Errorf("world %d: something is written at %s, and holds until %s", world, s.Now, end)
		}
		held++
		hours += int(end.Sub(s.Now) / time.Hour)
		for _, now := range []time.Time{s.Now.Add(1), end.Add(-1), s.Now.Add(time.Duration(r.Int64N(int64(end.Sub(s.Now)))))} {
			later := s
			later.Now = now
			if got := Decide(later); !reflect.DeepEqual(got, want) {
				t.Fatalf("world %d: a decision of %s should hold until %s, and of %s it is\n%+v\nnot\n%+v", world, s.Now, end, now, got, want)
			}
			if at := plan.At(now); Attends(later, at) != Attends(s, plan.At(s.Now)) {
				t.Errorf("world %d: whether a window was missed at %s is another answer at %s", world, s.Now, now)
			}
		}
	}
	if held < 50 || hours < held {
		t.Errorf("%d decisions held, for %d hours in all", held, hours)
	}
}
