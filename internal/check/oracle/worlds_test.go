package oracle

import (
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

var (
	worlds  = flag.Int("worlds", 2, "how many worlds to judge with pip at least")
	minutes = flag.Float64("minutes", 0, "go on for so long at least, and until the worlds are done")
	first   = flag.Uint64("seed", 1, "the seed of the first world")
)

// counts are of all worlds.
type counts struct {
	mu        sync.Mutex
	worlds    int // consistent ones
	unsound   int // worlds whose pins do not go together as they are
	repairs   int // of them conflicts that can be ended, as pip agrees
	beyond    int // and that cannot, as pip agrees
	sets      int // offered and asked for
	several   int // of them with more than one member
	members   int
	held      int // candidates that could not be reached, asked for
	unneeded  int // of them possible without a pin that nothing needs
	gaveUp    int
	questions int
	timeouts  int
	broken    int // pip met a fault of its own
}

func (c *counts) add(do func(*counts)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do(c)
}

// pip asks, each question once; ok is false where there is no verdict, which
// is reported and never passes.
func (j *judge) pip(q Question) (Resolution, bool) {
	key := strings.Join(q.Requirements, " ") + "|" + strings.Join(q.Constraints, " ")
	if got, ok := j.asked[key]; ok {
		return got, true
	}
	got, err := j.p.Resolve(q)
	j.count.add(func(c *counts) { c.questions++ })
	switch {
	case errors.Is(err, ErrTimeout):
		j.count.add(func(c *counts) { c.timeouts++ })
	case errors.Is(err, ErrBroken):
		j.count.add(func(c *counts) { c.broken++ })
	}
	if errors.Is(err, ErrTimeout) || errors.Is(err, ErrBroken) {
		j.t.Logf("seed %d: no verdict on %v: %v", j.w.seed, q, err)
		return got, false
	}
	if err != nil {
		j.fail("%v: %v", q, err)
		return got, false
	}
	j.asked[key] = got
	return got, true
}

// fail prints the world with its first failure.
func (j *judge) fail(format string, args ...any) {
	text := ""
	if !j.printed {
		j.printed, text = true, "\n"+j.w.String()
	}
	j.t.Errorf("seed %d: %s%s", j.w.seed, fmt.Sprintf(format, args...), text)
}

// What the search offers resolves under pip, and what it holds back does not.
func TestWorlds(t *testing.T) {
	path := testenv.Python(t)
	began := time.Now()
	limit := time.Duration(*minutes * float64(time.Minute))
	count := &counts{}
	seeds := make(chan uint64)
	go func() {
		defer close(seeds)
		for seed := *first; ; seed++ {
			done := 0
			count.add(func(c *counts) { done = c.worlds })
			spent := time.Since(began)
			if spent >= limit && done >= *worlds || t.Failed() {
				return
			}
			seeds <- seed
		}
	}()
	var all sync.WaitGroup
	for range min(2, runtime.NumCPU()) {
		all.Go(func() {
			p := New(path, 20*time.Second)
			defer p.Close()
			for seed := range seeds {
				judgeWorld(t, p, seed, count)
			}
		})
	}
	all.Wait()
	t.Logf("seeds from %d: %d worlds (%d that begin broken: %d conflicts can be ended, %d cannot), %d sets offered (%d of several, %d members), %d candidates held (%d possible without a pin that nothing needs), gave up %d, %d questions to pip, %d time-outs, %d faults of pip, in %v",
		*first, count.worlds, count.unsound, count.repairs, count.beyond, count.sets, count.several, count.members, count.held, count.unneeded, count.gaveUp, count.questions, count.timeouts, count.broken, time.Since(began).Round(time.Second))
	if count.worlds < *worlds && !t.Failed() {
		t.Errorf("%d worlds of %d in %v", count.worlds, *worlds, limit)
	}
	if without := count.timeouts + count.broken; without > 10+count.questions/50 {
		t.Errorf("%d of %d questions have no verdict", without, count.questions)
	}
}

func judgeWorld(t *testing.T, p *Python, seed uint64, count *counts) {
	about, err := p.About()
	if err != nil {
		t.Error(err)
		return
	}
	w := makeWorld(seed)
	server := httptest.NewServer(w.index(t))
	defer server.Close()
	j := &judge{t: t, w: w, f: w.facts(t, about), p: p, index: server.URL + "/simple/", count: count, asked: map[string]Resolution{}}
	conflicts, ok := j.consistent()
	if !ok {
		return
	}
	if len(conflicts) > 0 {
		j.repaired(conflicts)
	}
	j.every(conflicts)
	count.add(func(c *counts) { c.worlds++ })
}
