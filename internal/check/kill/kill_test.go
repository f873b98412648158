package kill

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// scenarios lead a world to the instant before the run that is disturbed.
var scenarios = map[string]func(w *world){
	"a first run in the window": func(*world) {},
	"a week later": func(w *world) {
		w.run()
		for _, m := range w.project.MRs() {
			switch m.SourceBranch {
			case "pinwheel/boto3-1.x":
				w.do(w.project.MergeMR("bob", m.IID))
			case "pinwheel/six-1.x":
				w.do(w.project.CloseMR("bob", m.IID))
			}
		}
		for _, release := range []string{"requests 2.32.6", "certifi 2026.1.4", "idna 3.11", "urllib3 2.6.3", "urllib3 1.26.21", "six 1.18.0"} {
			w.do(w.index.Load(release + " 2026-01-05"))
		}
		w.do(w.project.Tick("bob", 1, "urllib3 to v2"))
		w.at(weekend2)
	},
}

func (w *world) do(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// twin is a world nobody disturbs, and how many writes its run makes.
func twin(t *testing.T, lead func(*world)) (projection string, writes int, took time.Duration) {
	t.Helper()
	w := newWorld(t)
	lead(w)
	start := time.Now()
	w.run()
	took, writes = time.Since(start), w.writes()
	w.run()
	w.run()
	if n := w.writes(); n > 0 {
		t.Fatalf("the third undisturbed run writes %d times", n)
	}
	return w.projection(), writes, took
}

// plans are the ends of one scenario's run: at every write of the first, before
// the effect, after it and as the answer arrives, at two of these for the
// others, and at random instants besides.
func plans(every bool, writes int, took time.Duration) []kill {
	var out []kill
	for n := 1; n <= writes; n++ {
		for i, w := range []when{before, after, answered} {
			if every || i != 1+n%2 {
				out = append(out, kill{n: n, when: w})
			}
		}
	}
	random := rand.New(rand.NewPCG(1, uint64(writes)))
	for range 6 {
		out = append(out, kill{n: 1, when: answered, delay: time.Duration(random.Int64N(int64(took)))})
	}
	return out
}

// TestKilled ends the program between the first and the last write of a run.
func TestKilled(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	var kills, expected atomic.Int64
	part, points := testenv.Sample(t, 10), 0
	t.Run("at", func(t *testing.T) {
		for _, name := range slices.Sorted(maps.Keys(scenarios)) {
			lead := scenarios[name]
			want, writes, took := twin(t, lead)
			if writes < 8 {
				t.Fatalf("%s: only %d writes", name, writes)
			}
			all := plans(points == 0, writes, took)
			for i, plan := range all {
				if points++; !part.Has(points) {
					continue
				}
				t.Run(fmt.Sprintf("%s %d", name, i), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					lead(w)
					if plan.delay == 0 {
						expected.Add(1) // at an instant that every run comes to
					}
					if w.killed(plan) {
						kills.Add(1)
					}
					settle(w, want)
					if t.Failed() {
						t.Logf("killed at %s", plan)
					}
				})
			}
		}
	})
	if kills.Load() < expected.Load() || expected.Load() == 0 {
		t.Errorf("only %d kills, want %d", kills.Load(), expected.Load())
	}
	t.Logf("%d processes killed at %d points; every world is its twin's after two runs", kills.Load(), points)
}

// settle makes two runs and compares, and one more that must write nothing.
func settle(w *world, want string) {
	w.t.Helper()
	w.run()
	w.run()
	if got := w.projection(); got != want {
		w.t.Errorf("another world than the twin's:\n%s", difference(want, got))
	}
	w.run()
	if n := w.writes(); n > 0 {
		w.t.Errorf("another run writes %d times: %v", n, w.gitlab.Writes(time.Time{}))
	}
}

// TestFullDisk gives the program's files less room than they need, block by
// block, so that every write to the disk is the first to fail once.
func TestFullDisk(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	shell := testenv.Command(t, "sh")
	lead := scenarios["a first run in the window"]
	want, _, _ := twin(t, lead)
	failed, done := 0, 0
	step := 400
	if testenv.Sample(t, 1).Whole() {
		step = 80
	}
	for blocks := 0; done < 2; blocks += step {
		t.Run(fmt.Sprintf("%d blocks", blocks), func(t *testing.T) {
			w := newWorld(t)
			lead(w)
			cmd, said := w.command(shell, "-c", fmt.Sprintf(`ulimit -f %d; exec "$@"`, blocks), shell)
			err := cmd.Run()
			w.sound()
			switch text := said.String(); {
			case err == nil:
				done++
			case !strings.Contains(text, "the disk of the database") && !strings.Contains(text, "cannot be written"):
				t.Errorf("no sentence says what to do:\n%s", text)
			default:
				failed++
			}
			if blocks > 2000 {
				t.Fatal("the program never has enough room")
			}
			settle(w, want)
			if names, _ := os.ReadDir(w.dir); strings.Contains(fmt.Sprint(names), "damaged") {
				t.Errorf("a full disk set the database aside: %v", names)
			}
		})
		if t.Failed() {
			return
		}
	}
	if failed == 0 || step == 80 && failed < 5 {
		t.Errorf("only %d runs lacked room", failed)
	}
	t.Logf("%d runs lacked room for the database", failed)
}

// difference shows the lines of which only one text has them.
func difference(want, got string) string {
	var out strings.Builder
	for _, side := range [][3]string{{"-", want, got}, {"+", got, want}} {
		for line := range strings.Lines(side[1]) {
			if !strings.Contains(side[2], line) {
				out.WriteString(side[0] + line)
			}
		}
	}
	return out.String()
}
