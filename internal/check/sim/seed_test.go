package sim

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// waiting is a box that somebody with the right ticked.
type waiting struct {
	box  string // its type
	seen int    // events before
	runs int    // clean ones since
	on   int    // the dashboard it was made on
	what string // the title of its line as far as the version
}

// played is how many days of a seed are played: under the race detector the first
// ten, unless the seed was asked for.
func played() int {
	if testenv.Raced && *oneSeed == 0 && *oneTaken == 0 {
		return 10
	}
	return days
}

// live plays a seed's events and two clean days, and says what went wrong.
func live(t *testing.T, under terms, events []happening) (wrong []string, last int) {
	inBubble(t, under.setting(), func(t *testing.T, w *world) {
		if under.place != "" {
			emptied(t, under.place) // an earlier life may have been played there
		}
		l := &life{world: w, t: t, p: w.first(t), latest: map[string]int{}}
		for run := range played() * 24 / step {
			last = run
			time.Sleep(time.Until(friday.Add(time.Duration(run*step) * time.Hour)))
			l.giveBack(run)
			var now []happening
			for len(events) > 0 && events[0].run == run {
				now, events = append(now, events[0]), events[1:]
			}
			l.turn(now)
			if len(w.judge.wrong) > 0 {
				wrong = w.judge.wrong
				return
			}
		}
		l.giveBack(1 << 30)
		w.gitlab.ClearFaults()
		w.index.ClearFaults()
		_ = w.act("issue alice reopen") // there may be none, or it is open
		l.calm()
		quiet := func(after time.Duration) int {
			time.Sleep(after)
			l.confirm()
			w.gitlab.ForgetRequests()
			l.turn(nil)
			return len(w.gitlab.Writes(time.Time{}))
		}
		for range 2 * 24 / step {
			quiet(step * time.Hour)
		}
		quiet(72 * time.Hour) // what was released last becomes old enough
		if quiet(step*time.Hour) > 0 {
			w.judge.fault("I12: two clean days later a run still wrote: %v", w.gitlab.Writes(time.Time{}))
		}
		w.judge.unmerged()
		w.judge.unanswered()
		wrong = w.judge.wrong
	})
	return wrong, last
}

// giveBack ends what was for a while.
func (l *life) giveBack(run int) {
	for i, v := range slices.Backward(l.end) {
		if l.until[i] <= run {
			v()
			l.end, l.until = slices.Delete(l.end, i, i+1), slices.Delete(l.until, i, i+1)
		}
	}
}

// turn is one run with what happens before and in it.
func (l *life) turn(events []happening) {
	for len(events) > 0 && events[0].call == 0 {
		l.befall(events[0])
		events = events[1:]
	}
	l.judge.began = time.Now()
	if len(l.dies) > 0 {
		k := l.dies[0] - 1
		l.dies = l.dies[1:]
		crash := l.p.crash
		if l.setting.place != "" {
			crash = l.p.crashOnServer
		}
		if next, _ := crash(l.t, k); next != nil {
			l.p = next
		}
		return
	}
	calls, turn := 0, make(chan struct{}, 1) // one call after the other, of several at the same time
	l.p.wire.around = func(c call) (*http.Response, error) {
		if c.kind == gitlabCall {
			turn <- struct{}{}
			defer func() { <-turn }()
			calls++
			for len(events) > 0 && events[0].call <= calls {
				l.befall(events[0])
				events = events[1:]
			}
		}
		return c.send()
	}
	l.judge.running = true
	report := l.p.run()
	l.judge.running = false
	if report.Status == reconcile.Done && l.judge.taken.IsZero() {
		l.judge.taken = l.judge.began
	}
	l.judge.runEnds()
	l.p.wire.around = nil
	for _, late := range events { // the run was shorter
		l.befall(late)
	}
	l.judge.ticks(report)
}

// ticks counts a run for every tick that waits, and says which one was lost:
// after two clean runs its box stands there unticked, nothing was done for the
// branch and nothing is refused.
func (j *judge) ticks(report reconcile.Report) {
	board, err := j.w.dashboard()
	if err != nil || board.State != "opened" || !strings.Contains(board.Description, "pinwheel:dashboard") {
		clear(j.waiting) // who closes, empties or deletes the page takes the ticks back
		return
	}
	maps.DeleteFunc(j.waiting, func(_ string, tick *waiting) bool {
		// A refusal that was written answers, also where the database is lost
		// afterwards; and who moves a dashboard away takes its ticks along.
		return strings.Contains(board.Description, " ticked *"+tick.what) || board.IID != tick.on && j.w.movedAway(tick.on)
	})
	if report.Status != reconcile.Done || len(report.Failures) > 0 {
		return
	}
	if j.reopened > 0 {
		j.reopened--
	}
	j.stillOpen()
	events := j.w.gitlab.Events()
	for _, branch := range slices.Sorted(maps.Keys(j.waiting)) {
		tick := j.waiting[branch]
		if tick.runs++; tick.runs < 2 {
			continue
		}
		delete(j.waiting, branch)
		done := false
		for _, e := range events[tick.seen:] {
			done = done || j.w.ours(e.Actor) && (e.Target == branch || strings.HasPrefix(e.Detail, branch+" ")) || e.Kind == "issue-delete" || !j.w.ours(e.Actor) && e.Kind == "issue-edit"
		}
		if !done && strings.Contains(board.Description, "[ ] <!-- "+tick.box+"-branch="+branch+" -->") {
			j.fault("I3: the tick on %s of %s is lost", tick.box, branch)
		}
	}
}

// shrunk drops events while it still fails, for a while.
func shrunk(t *testing.T, under terms, events []happening, last int) []happening {
	fails := func(fewer []happening) bool {
		wrong, _ := live(t, under, fewer)
		return len(wrong) > 0
	}
	events = slices.DeleteFunc(events, func(e happening) bool { return e.run > last })
	deadline := time.Now().Add(*shrinkFor)
	for size := (len(events) + 1) / 2; size > 0; size /= 2 {
		for from := 0; from < len(events) && time.Now().Before(deadline); {
			fewer := slices.Delete(slices.Clone(events), from, min(from+size, len(events)))
			if fails(fewer) {
				events = fewer
			} else {
				from += size
			}
		}
	}
	return events
}

// found are seeds beyond those of every run in which something was wrong once.
var found = []uint64{84, 139, 245, 270, 384, 393, 394, 430, 445, 554, 564, 584, 782, 964}

// foundMerging are such seeds in which pinwheel merges.
var foundMerging = []uint64{47, 271, 489}

// Seeds of people, releases, faults and crashes over thirty days.
func TestSeeds(t *testing.T) {
	part, last := part(t), uint64(plainSeeds+mergingSeeds)
	if everything() {
		last = 1 << 40
	}
	t.Run("all", func(t *testing.T) {
		if *oneSeed > 0 {
			oneLife(t, *oneSeed)
			return
		}
		for i, seed := range found {
			if part.Has(i) {
				t.Run(fmt.Sprint(seed), func(t *testing.T) { oneLife(t, seed) })
			}
		}
		for i, seed := range foundMerging {
			if part.Has(i + 1) {
				t.Run(fmt.Sprint(seed), func(t *testing.T) { oneLife(t, seed) })
			}
		}
		for seed := uint64(1); seed <= last && !late(1); seed++ {
			if part.Has(len(found) + int(seed)) {
				t.Run(fmt.Sprint(seed), func(t *testing.T) { oneLife(t, seed) })
			}
		}
	})
}

// oneLife plays a seed, and says with how few events it fails.
func oneLife(t *testing.T, seed uint64) {
	if !everything() && *oneSeed == 0 {
		t.Parallel()
	}
	events := draw(seed)
	count("seeds of thirty days", 1)
	count("events in seeds", len(events))
	judged(t, termsOf(seed), events, fmt.Sprintf("Seed -sim.seed=%d", seed))
}

// judged plays events, and says with how few of them it fails. replay is how to play them again.
func judged(t *testing.T, under terms, events []happening, replay string) {
	t.Helper()
	wrong, last := live(t, under, events)
	if len(wrong) == 0 {
		return
	}
	events = shrunk(t, under, events, last)
	less, _ := live(t, under, events)
	t.Errorf("%s\nwith these events alone:\n%s%s\nreplay: go test ./internal/check/sim -run %s",
		strings.Join(wrong, "\n"), lines(events), strings.Join(less, "\n"), replay)
}

func lines(events []happening) string {
	var out strings.Builder
	for _, e := range events {
		fmt.Fprintf(&out, "  %s\n", e)
	}
	return out.String()
}
